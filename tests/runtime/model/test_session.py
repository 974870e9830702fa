import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from albert_ner_onnx import InferenceError, ModelError
from albert_ner_onnx.model.session import Session
from toy_models import FP32, INT8


@pytest.mark.parametrize("model", [b"", b"nonsense", (INT8 / "model.onnx").read_bytes()[:-100]])
def test_what_is_no_model_is_refused(model: bytes) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx: ONNX Runtime can't load it"):
        Session(model, 1)


def test_pieces_the_model_does_not_know_are_an_error() -> None:
    with pytest.raises(InferenceError, match=r"failed on input_ids \[1, 1\]"):
        Session((FP32 / "model.onnx").read_bytes(), 1).run(np.array([[10**6]]))


def test_nan_is_an_error_and_never_the_first_tag() -> None:
    model = (FP32 / "model.onnx").read_bytes()
    name = b"classifier.bias"
    start = model.rindex(name) + len(name)  # the tensor comes after its uses
    raw = model.index(b"J", start) + 2  # TensorProto.raw_data: its tag, its length, five float32
    damaged = model[:raw] + np.full(5, math.nan, np.float32).tobytes() + model[raw + 20 :]
    with pytest.raises(InferenceError, match="NaN or infinity"):
        Session(damaged, 1).run(np.array([[2, 5, 3]]))


def test_telemetry_is_off_before_onnxruntime_is_imported(tmp_path: Path) -> None:
    code = """if True:
        import builtins, os, sys
        seen = []
        original = builtins.__import__
        def watching(name, *rest, **more):
            if name == "onnxruntime":
                seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
            return original(name, *rest, **more)
        builtins.__import__ = watching
        import albert_ner_onnx
        albert_ner_onnx.load()
        assert seen and set(seen) == {"1"}, seen
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("concurrent", [False, True])
def test_the_file_is_not_kept(concurrent: bool) -> None:
    model = (INT8 / "model.onnx").read_bytes()
    before = sys.getrefcount(model)
    session = Session(model, 1, concurrent=concurrent)
    assert sys.getrefcount(model) == before
    assert session.run(np.array([[2, 3]])).shape[:2] == (1, 2)


def test_calls_at_once_give_the_same_bits() -> None:
    model, ids = (INT8 / "model.onnx").read_bytes(), np.arange(5, 45).reshape(4, 10)
    one, many = (Session(model, 1, concurrent=concurrent) for concurrent in (False, True))
    np.testing.assert_array_equal(one.run(ids), many.run(ids))
