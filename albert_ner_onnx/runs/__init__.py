"""Files in, files out: a run recognizes the entities of whole files, and can be resumed."""
