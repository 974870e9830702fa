"""The exporter: an ALBERT token-classification checkpoint in, a verified model out.

Needs the extra `export`. It imports the runtime, never the reverse.
"""
