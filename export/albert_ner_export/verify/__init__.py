"""Checks that the exported graph gives the answers of the checkpoint."""
