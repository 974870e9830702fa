"""Checkpoints of transformers: local folders, and models on the Hugging Face Hub."""
