"""The reference: what others compute from the same weights and read from the same tokenizer, in child processes.

There are two oracles for the logits: `optimum`, its own export run in ONNX Runtime, and `transformers`, its forward
pass in PyTorch. Both get padding and a mask. Both get the folder that is written here from what the exporter read,
never the source itself: what transformers makes of a folder depends on the folder's name if its `config.json` has no
`model_type`, and the user's tags are not in it.

So the oracle alone would not notice a weight that was read wrongly. Where the source is a Hugging Face folder,
transformers reads that, too, and every tensor and size must be equal. Nothing has to be computed for that. Where
transformers doesn't find all weights in it, such as those of old names, the folder has no other reader to ask.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import save_file

from albert_ner_export.checkpoint import Checkpoint, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.run import Ids, Logits
from albert_ner_export.options import ORACLES
from albert_ner_export.verify import oracle as child
from albert_ner_export.verify.pieces import Sample, TokenizerAnswer
from albert_ner_onnx.errors import ExportError

_NAMES: Final = {
    "optimum": "optimum's export in ONNX Runtime, padded and masked",
    "transformers": "transformers' forward pass in PyTorch, padded and masked",
}
_EQUAL_WEIGHTS: Final = " (transformers reads the same weights from the source)"
# A child that hangs must end some day, and one that works must never be stopped: a core of a small board computes
# several times as fast, and a child starts and exports an xxlarge within minutes
_START_SECONDS, _OPERATIONS_PER_SECOND = 1800.0, 1e9


@dataclass(frozen=True, slots=True)
class Reference:
    """The answers of a reference.

    Attributes:
        logits: Of each sequence, without those of the padding.
        name: What it is, for the manifest.
        tokenizer: How transformers reads the sample; `None` if it doesn't know the source's tokenizer.
    """

    logits: list[Logits]
    name: str
    tokenizer: TokenizerAnswer | None


def choose_oracle(chosen: str | None) -> str:
    """Returns the oracle that the user chose, or by default `optimum` where it is installed."""
    if chosen is not None:
        return chosen
    try:
        version("optimum-onnx")
    except PackageNotFoundError:
        return "transformers"
    return "optimum"


def run_reference(
    checkpoint: Checkpoint,
    sequences: Sequence[Ids],
    sample: Sample,
    oracle: str | None = None,
    *,
    limit: float | None = None,
) -> Reference:
    """Asks an oracle for the logits of sequences, and transformers for the pieces of a sample.

    Args:
        checkpoint: The checkpoint.
        sequences: What the model reads.
        sample: What the tokenizer reads.
        oracle: One of `options.ORACLES`; by default see `choose_oracle`.
        limit: The seconds after which a child process is stopped; by default in proportion to its work.

    Raises:
        ExportError: The oracle can't run the checkpoint, gives NaN or infinity, or takes too long; or transformers
            reads other weights from the source.
    """
    oracle = choose_oracle(oracle)
    config = checkpoint.config
    if limit is None:
        limit = time_limit(config, sum(map(len, sequences)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hugging_face(config, checkpoint.tensors, folder / child.CHECKPOINT)
        _write_tokenizer(checkpoint, folder / child.TOKENIZER)
        np.savez(folder / child.SEQUENCES, *sequences)
        request = {
            "words": sample.words,
            "sentences": sample.sentences,
            "max_pieces": config.max_position_embeddings,
            "source": None if checkpoint.folder is None else str(checkpoint.folder.resolve()),
        }
        (folder / child.REQUEST).write_text(json.dumps(request), "utf-8")
        _run_step(oracle, folder, checkpoint.name, oracle, limit)
        answer = json.loads((folder / child.ANSWER).read_text("utf-8"))
        if oracle == "optimum":
            _run_step("run", folder, checkpoint.name, oracle, limit)
        logits = child.read_arrays(folder / child.LOGITS)
    if not all(np.isfinite(found).all() for found in logits):
        raise ExportError(
            f"{checkpoint.name}: {_NAMES[oracle]}, gives NaN or infinity, so its weights are too large or damaged; "
            "copy the checkpoint again, or train it again"
        )
    tokenizer = answer["tokenizer"]
    return Reference(
        logits,
        _NAMES[oracle] + (_EQUAL_WEIGHTS if _is_equal(checkpoint, answer["source"]) else ""),
        None if tokenizer is None else TokenizerAnswer.from_dict(tokenizer, sample),
    )


def time_limit(config: AlbertConfig, pieces: int) -> float:
    """Returns how many seconds a reference may take to start, export and read so many pieces."""
    hidden, layers = config.hidden_size, config.num_hidden_layers * config.inner_group_num
    products = 4 * hidden + 2 * config.intermediate_size + 2 * config.max_position_embeddings
    operations = 2 * pieces * hidden * (layers * products + config.embedding_size + len(config.tags))
    return _START_SECONDS + operations / _OPERATIONS_PER_SECOND


def write_hugging_face(config: AlbertConfig, tensors: Tensors, folder: Path) -> Path:
    """Writes the sizes and weights of a checkpoint as a folder that transformers can open."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _write_tokenizer(checkpoint: Checkpoint, folder: Path) -> None:
    """Copies the checkpoint's own tokenizer. AutoTokenizer also needs a configuration that says which model it is."""
    files = dict(checkpoint.tokenizer_files)
    if not files:
        return
    folder.mkdir()
    stated = json.loads(files.pop("config.json").read_bytes()).get("tokenizer_class")
    settings = checkpoint.config.to_dict() | ({"tokenizer_class": stated} if isinstance(stated, str) else {})
    (folder / "config.json").write_text(json.dumps(settings))
    for name, path in files.items():
        shutil.copyfile(path, folder / name)


def _is_equal(checkpoint: Checkpoint, answer: Mapping[str, Any] | None) -> bool:
    """Whether transformers reads the same from the source; `False` if it can't read it.

    Raises:
        ExportError: It reads something else.
    """
    if answer is None or answer["unread"]:
        return False
    if difference := answer["difference"]:
        raise ExportError(
            f"{checkpoint.name}: transformers reads this checkpoint differently: {difference}; nothing was written, "
            "please report this checkpoint"
        )
    return True


def _run_step(step: str, folder: Path, name: str, oracle: str, limit: float) -> None:
    """Runs a step of the child's program.

    Raises:
        ExportError: It fails, or takes too long.
    """
    command = [sys.executable, "-P", "-W", "ignore", "-m", child.__name__, step, str(folder)]
    # What its libraries write into the folder for temporary files goes with ours, even if it is killed
    settings = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1", "TMPDIR": str(folder)}
    try:
        done = subprocess.run(
            command, env=os.environ | settings, capture_output=True, text=True, errors="replace", timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise ExportError(
            f"{name}: {oracle}, the reference to compare with, took over {limit:,.0f} s and was stopped; "
            f"{_other(oracle)}"
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise ExportError(
            f"{name}: {oracle}, the reference to compare with, failed: {lines[-1].strip()}; {_other(oracle)}"
        )


def _other(oracle: str) -> str:
    (other,) = (name for name in ORACLES if name != oracle)
    needed = " (pip install 'albert-ner-onnx[optimum]')" if other == "optimum" else ""
    return f"compare with {other} instead: --oracle {other}{needed}"
