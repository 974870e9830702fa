import json

import pytest

from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL
from benchmarks.instructions import RESULT, call, table, total
from benchmarks.quantization import DYNAMIC, OURS, SHAPES


def test_total() -> None:
    assert total("==7== Events    : Ir\n==7== Collected : 758445508\n==7== \n") == 758445508
    with pytest.raises(SystemExit, match="named no number of instructions in 'Killed'"):
        total("Killed")


def test_table() -> None:
    lines = table({"1×16": {OURS: 30_766_000, DYNAMIC: 31_102_000}}).splitlines()
    assert lines[2:] == [
        "| int8 | 30.8 |",
        "| int8, dynamic scales | 31.1 |",
        "| the first over the second | 0.989 |",
    ]


def test_what_is_counted_runs() -> None:
    call(default_model() / MODEL, "2×5", 2)


def test_fixed_scales_take_no_more_instructions() -> None:
    shapes = json.loads(RESULT.read_text("utf-8"))["shapes"]
    assert list(shapes) == list(SHAPES)
    assert all(found[OURS] <= found[DYNAMIC] for found in shapes.values())
