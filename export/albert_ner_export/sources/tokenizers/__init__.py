"""Tokenizers in the forms that checkpoints have -> `tokenizer.json`."""
