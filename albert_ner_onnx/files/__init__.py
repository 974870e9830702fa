"""Texts and tags in, records out."""
