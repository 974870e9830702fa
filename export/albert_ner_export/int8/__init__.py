"""float32 weights -> int8 weights, and the judgement on them."""
