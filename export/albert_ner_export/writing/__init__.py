"""The files of a model folder, and writing them so that a crash does no harm."""
