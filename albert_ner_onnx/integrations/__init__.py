"""Other people's frameworks: a few lines over the public verbs, each imported late and with an extra of its own."""
