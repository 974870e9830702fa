"""What only models that come from Spark NLP need."""
