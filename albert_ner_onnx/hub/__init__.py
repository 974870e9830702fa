"""Models on the Hugging Face Hub: fetched by name, and published."""
