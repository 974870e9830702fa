"""What can go wrong. Each error is also the builtin that fits, so both can be caught.

    AlbertNerError
    ├── InputError (ValueError)       a text, a list of words or a file that can't be read as one
    ├── ModelError (ValueError)     a model package that is missing, damaged or made by another version
    ├── InferenceError (RuntimeError) the model ran and gave no usable answer
    └── ExportError (RuntimeError)    a checkpoint that can't be exported, or an export that failed a gate

Messages state the path or index, what was expected, what was found and the way out, in one line.
"""

from __future__ import annotations


class AlbertNerError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(AlbertNerError, ValueError):
    """An input that can't be processed."""


class ModelError(AlbertNerError, ValueError):
    """A model package that can't be loaded."""


class InferenceError(AlbertNerError, RuntimeError):
    """The model gave no usable answer."""


class ExportError(AlbertNerError, RuntimeError):
    """A checkpoint that can't be exported, or an export that failed a gate."""
