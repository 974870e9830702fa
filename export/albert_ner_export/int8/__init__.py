"""float32 weights -> int8 weights, and what that costs."""
