"""ONNX files of the toy, written by the exporters that people use."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import toy

_SOURCES = Path(__file__).parent / "export" / "sources"
FIXTURES = _SOURCES / "fixtures" / "onnx"
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "groups": {"num_hidden_layers": 7, "num_hidden_groups": 3, "hidden_act": "gelu_new", "layer_norm_eps": 1e-5},
    "inner": {"num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2, "hidden_act": "relu"},
    "wide": {"embedding_size": 16, "num_hidden_layers": 7, "num_hidden_groups": 2, "num_attention_heads": 4},
}
FILES = [
    *((variant, "model") for variant in VARIANTS),
    *(("plain", file) for file in ("eager-12", "eager-17", "sdpa-14", "fixed-shape", "ids-only")),
    *(("groups", file) for file in ("eager-12", "sdpa-14")),
]


def export_files(folder: Path) -> Path:
    """Writes checkpoints, and lets optimum and torch export them in a process of their own."""
    for name, changes in VARIANTS.items():
        toy.write_checkpoint(folder / name, **changes)
    (folder / "equal").mkdir()
    equal = toy.config(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2)
    (folder / "equal" / "config.json").write_text(json.dumps(equal))
    command = [sys.executable, "-W", "ignore", str(_SOURCES / "make_onnx_files.py"), str(folder)]
    child = subprocess.run(command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    return folder
