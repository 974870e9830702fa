"""Checkpoints as transformers saves them, local or on the Hub."""
