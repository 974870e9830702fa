"""Logits -> tags -> spans of words."""
