"""The program of the child processes: `python -m albert_ner_export.verify.oracle STEP FOLDER`.

Nothing else imports optimum or transformers, or runs a model in PyTorch. So the memory that they take is not the
exporter's. `verify.reference` writes into the folder what a step needs, and reads there what it found.

| file | what |
|---|---|
| `request.json` | the words and sentences to tokenize, the model's maximum length, the path of the source |
| `checkpoint/` | the configuration and the weights, as the exporter read them |
| `tokenizer/` | the checkpoint's own tokenizer, if transformers may know it |
| `sequences.npz` | what the model reads |
| `answer.json` | of the steps `optimum` and `transformers`: how transformers reads the source and its tokenizer |
| `export/model.onnx` | of the step `optimum`: its export |
| `logits.npz` | of the steps `run`, which runs that export, and `transformers`: the logits of each sequence |
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from albert_ner_export.graph.folding import UNUSED
from albert_ner_export.graph.run import Ids, Logits
from albert_ner_export.verify.padding import padded_logits
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import open_session

REQUEST, ANSWER = "request.json", "answer.json"
CHECKPOINT, TOKENIZER, EXPORT = "checkpoint", "tokenizer", "export"
SEQUENCES, LOGITS = "sequences.npz", "logits.npz"

_STRUCTURAL: Final = ("cls_token", "sep_token", "pad_token", "mask_token", "unk_token", "bos_token", "eos_token")


def read_arrays(file: Path) -> list[Any]:
    """Reads the arrays that `np.savez` has written without names."""
    with np.load(file) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


# --- The tokenizer ----------------------------------------------------------------------------------------------------


def _read_pieces(folder: Path, words: Sequence[str], sentences: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Reads words and sentences by the checkpoint's own tokenizer, as transformers opens it.

    A folder without `tokenizer.json` was written by a slow tokenizer, which is SentencePiece itself. transformers 4 has
    it still, so such a folder is read in two ways.
    """
    from transformers import AutoTokenizer, __version__

    readings: list[dict[str, Any]] = []
    slow = [] if (folder / "tokenizer.json").exists() else [False]
    try:
        for fast in (True, *slow):
            tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=fast, trust_remote_code=False)
            if len(tokenizer.get_vocab()) <= len(tokenizer.get_added_vocab()):
                raise ValueError("it finds only special pieces in it")
            if type(tokenizer).__name__ not in [reading["name"] for reading in readings]:
                readings.append(_read_with(tokenizer, words, sentences))
    except Exception as error:  # transformers raises whatever its parts raise
        if not readings:
            return {"version": __version__, "readings": [], "fault": " ".join(str(error).split())[:200]}
    return {"version": __version__, "readings": readings, "fault": None}


def _read_with(tokenizer: Any, words: Sequence[str], sentences: Sequence[Sequence[str]]) -> dict[str, Any]:
    added = sorted(tokenizer.get_added_vocab())  # words, too: the model may have been trained on them

    def read(texts: Sequence[Sequence[str]]) -> Any:
        given = [list(text) for text in texts]
        return tokenizer(given, is_split_into_words=True, add_special_tokens=False)["input_ids"] if given else []

    return {
        "name": type(tokenizer).__name__,
        "structural": [text for use in _STRUCTURAL if (text := getattr(tokenizer, use, None))],
        "added": added,
        "added_ids": read([[word] for word in added]),
        "words": read([[word] for word in words]),
        "sentences": read(sentences),
        "empty": tokenizer("")["input_ids"],
    }


# --- The weights ------------------------------------------------------------------------------------------------------


def _compare_source(source: Path, checkpoint: Path) -> dict[str, str | None]:
    """Compares what transformers reads of a source with what the exporter read.

    transformers gets our configuration for the shapes, as the tags may be the user's.

    Returns:
        `difference`: the first one. `unread`: why transformers can't read the source, which then proves nothing.
    """
    from safetensors import safe_open
    from transformers import AlbertConfig, AlbertForTokenClassification

    ours = json.loads((checkpoint / "config.json").read_text())
    try:
        theirs = AlbertConfig.from_pretrained(source).to_dict()
        config = AlbertConfig.from_pretrained(checkpoint)
        model, report = AlbertForTokenClassification.from_pretrained(source, config=config, output_loading_info=True)
    except Exception as error:
        return {"difference": None, "unread": " ".join(str(error).split())[:200]}
    if missing := sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"]))):
        return {"difference": None, "unread": f"it doesn't find {missing[0]}"}
    settings = {name for name in ours if name not in ("architectures", "model_type", "id2label", "label2id")}
    for name in sorted(settings & theirs.keys()):
        if theirs[name] != ours[name]:
            return {"difference": f"{name} is {theirs[name]!r}, and {ours[name]!r} for us", "unread": None}
    with safe_open(checkpoint / "model.safetensors", "numpy") as tensors:
        names = set(tensors.keys())
        for name, tensor in model.state_dict().items():
            if not name.startswith(UNUSED) and name not in names:
                return {"difference": f"the tensor {name} exists, and not for us", "unread": None}
            if name in names and not np.array_equal(tensor.float().numpy(), tensors.get_tensor(name), equal_nan=True):
                return {"difference": f"the tensor {name} has other values", "unread": None}
    return {"difference": None, "unread": None}


# --- The logits -------------------------------------------------------------------------------------------------------


def _export(folder: Path) -> None:
    from optimum.exporters.onnx import main_export

    main_export(
        str(folder / CHECKPOINT), folder / EXPORT, task="token-classification", dtype="fp32", do_validation=False,
        device="cpu",
    )  # fmt: skip


def _run_export(folder: Path, max_pieces: int) -> list[Logits]:
    session = open_session((folder / EXPORT / "model.onnx").read_bytes(), threads=available_cores())

    def run(feeds: Mapping[str, Ids]) -> Logits:
        logits: Logits = session.run(["logits"], dict(feeds))[0]
        return logits

    return padded_logits(run, read_arrays(folder / SEQUENCES), max_pieces)


def _run_transformers(folder: Path, max_pieces: int) -> list[Logits]:
    import torch
    from transformers import AlbertForTokenClassification

    torch.set_num_threads(available_cores())
    model = AlbertForTokenClassification.from_pretrained(folder / CHECKPOINT).float().eval()

    def run(feeds: Mapping[str, Ids]) -> Logits:
        with torch.no_grad():
            logits: Logits = model(**{name: torch.from_numpy(ids) for name, ids in feeds.items()}).logits.numpy()
        return logits

    return padded_logits(run, read_arrays(folder / SEQUENCES), max_pieces)


def _main(step: str, folder: Path) -> None:
    request = json.loads((folder / REQUEST).read_text("utf-8"))
    if step != "run":
        answer: dict[str, Any] = {"tokenizer": None, "source": None}
        if (folder / TOKENIZER).is_dir():
            answer["tokenizer"] = _read_pieces(folder / TOKENIZER, request["words"], request["sentences"])
        if request["source"]:
            answer["source"] = _compare_source(Path(request["source"]), folder / CHECKPOINT)
        (folder / ANSWER).write_text(json.dumps(answer), "utf-8")
    if step == "optimum":
        _export(folder)
    else:
        run = _run_export if step == "run" else _run_transformers
        np.savez(folder / LOGITS, *run(folder, request["max_pieces"]))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
