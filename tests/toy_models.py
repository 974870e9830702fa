"""The committed toy packages; `tests/make_toy_models.py` makes them."""

import json
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).parent / "runtime" / "models"
FP32, INT8, IO = PACKAGES / "fp32", PACKAGES / "int8", PACKAGES / "io-cased-relu"


def expected() -> dict[str, Any]:
    """Sentences, and each toy's tags by transformers."""
    data: dict[str, Any] = json.loads((PACKAGES / "expected.json").read_text())
    return data
