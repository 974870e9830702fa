"""The exceptions. Each one is also the builtin that fits, so callers can catch either.

    AlbertNerError
    ├── InputError (ValueError)        a text, a word list, an option or a file that can't be used
    ├── ModelError (ValueError)        a model folder that is missing, damaged or made by another version
    ├── InferenceError (RuntimeError)  the model ran, but gave no usable answer
    ├── ExportError (RuntimeError)     a checkpoint that can't be exported, or an export that failed a gate
    └── MissingExtraError (ImportError)  a library that an adapter or a file format needs isn't installed

A message is one line. It names the path or index, what was expected, what was found, and what to do about it.
"""

from __future__ import annotations


class AlbertNerError(Exception):
    """Base class of all errors that this package raises on purpose."""


class InputError(AlbertNerError, ValueError):
    """The caller passed something that can't be used."""


class ModelError(AlbertNerError, ValueError):
    """A model folder can't be loaded."""


class InferenceError(AlbertNerError, RuntimeError):
    """The model gave no usable answer."""


class ExportError(AlbertNerError, RuntimeError):
    """A checkpoint can't be exported, or its export failed a gate."""


class MissingExtraError(AlbertNerError, ImportError):
    """A library that isn't a dependency of the package, but of one of its extras, isn't installed."""
