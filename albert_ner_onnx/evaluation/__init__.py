"""How well tags agree with gold tags, and which of two taggers is better."""
