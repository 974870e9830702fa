"""Libraries that only some users need: they are imported late, and their absence is an error that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from albert_ner_onnx.errors import MissingExtraError


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Turns a failed import inside the block into an error that names the extra to install.

    Args:
        name: The extra of `pyproject.toml`, such as `pandas`.
        purpose: What needs it, such as `reading Parquet`: the start of the message.

    Raises:
        MissingExtraError: A module that the block imports isn't installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{purpose} needs {error.name}, which isn't installed; run pip install 'albert-ner-onnx[{name}]' "
            f"(in a clone: '.[{name}]')",
            name=error.name,
        ) from None
