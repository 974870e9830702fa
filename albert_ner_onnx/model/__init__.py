"""The model folder, and all that runs it: pieces -> windows -> batches -> logits."""
