"""A tiny model, tiny data, and a run that measures them."""

from pathlib import Path

import pytest

from benchmarks.run import Run
from toy import write_checkpoint
from toy_models import INT8

CONLL = """-DOCSTART- -X- O O

John NNP B-NP B-PER
lives VBZ B-VP O
in IN B-PP O
Berlin NNP B-NP B-LOC
. . O O

Mary NNP B-NP B-PER
Smith NNP I-NP I-PER

-DOCSTART- -X- O O

Paris NNP B-NP B-LOC
works VBZ B-VP O
"""


@pytest.fixture
def conll(tmp_path: Path) -> Path:
    file = tmp_path / "gold.conll"
    file.write_text(CONLL)
    return file


@pytest.fixture
def run(tmp_path: Path, conll: Path) -> Run:
    checkpoint = write_checkpoint(tmp_path / "toy")
    (checkpoint / "special_tokens_map.json").write_text('{"pad_token": "[PAD]"}')
    return Run(quick=True, conll=conll, checkpoint=checkpoint, model=INT8, work=tmp_path / "work")
