"""Makes the files of a model folder, and writes them so that a crash does no harm."""
