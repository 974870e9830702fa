"""Text -> words -> sentences."""
