"""Readers of checkpoints, one room for each framework."""
