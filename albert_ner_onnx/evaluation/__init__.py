"""How well tags agree with a gold standard's."""
