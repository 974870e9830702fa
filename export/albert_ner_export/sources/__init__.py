"""Readers of checkpoints, a room a format."""
