"""The committed toy models, which `tests/make_toy_models.py` makes."""

import json
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "runtime" / "models"
FP32, INT8, IO = MODELS / "fp32", MODELS / "int8", MODELS / "io-cased-relu"


def expected() -> dict[str, Any]:
    """Reads the sentences, and the tags that transformers gives them with each toy."""
    data: dict[str, Any] = json.loads((MODELS / "expected.json").read_text())
    return data
