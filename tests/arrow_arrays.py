"""The same strings in each encoding of Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def encodings(texts: Sequence[str | None]) -> list[Any]:
    """Returns arrays of these strings: one of each encoding, and chunks that don't end where others do."""
    plain = [pa.array(texts, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]
    dictionaries = [plain[0].dictionary_encode(), plain[1].dictionary_encode()]
    runs = pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(texts) + 1), pa.int32()), plain[0])
    parts = pa.chunked_array([plain[0][:1], plain[0][1:1], plain[0][1:]], pa.string())
    return [*plain, *dictionaries, runs, parts, parts.dictionary_encode()]
