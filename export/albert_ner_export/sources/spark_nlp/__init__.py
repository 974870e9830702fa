"""Archives that Spark NLP saved."""
