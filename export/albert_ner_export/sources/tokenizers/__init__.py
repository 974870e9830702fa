"""Tokenizers in the forms that checkpoints bring -> `tokenizer.json`."""
