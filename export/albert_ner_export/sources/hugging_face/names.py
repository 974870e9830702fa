"""The names that PyTorch checkpoints have given an ALBERT's tensors over the years -> those of transformers today.

Training code wraps a model (`module.` by DataParallel, `model.` by Lightning, `_orig_mod.` by torch.compile), names the
encoder otherwise (`bert.` in copied code, nothing if it was saved alone), and LayerNorm's tensors were `gamma` and
`beta` once. Only the names before `embeddings.word_embeddings.weight` and before `classifier.weight` decide what the
prefixes are; every tensor that is still unknown then is refused where the weights are folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from albert_ner_export.checkpoint import Tensors
from albert_ner_onnx.errors import ExportError

_WORDS, _HEAD, _ENCODER = "embeddings.word_embeddings.weight", "classifier.weight", "albert."
_OLD_NORMS = {"gamma": "weight", "beta": "bias"}
_CRF = re.compile(r"(?:.*[._])?(?:crf[^.]*\..*|crf|(?:start_|end_)?transitions)", re.IGNORECASE)
_TRAIN = "fine-tune it as transformers' AlbertForTokenClassification"


def rename(tensors: Tensors, path: Path) -> Tensors:
    """Gives an ALBERT token classifier's tensors the names of transformers' AlbertForTokenClassification.

    Args:
        tensors: Its tensors under any of the names that it may have.
        path: Where they are, for messages.

    Raises:
        ExportError: There is no encoder, or several; no classifier of each piece, or several; or a CRF decides.
    """
    if crf := sorted(filter(_CRF.fullmatch, tensors)):
        raise ExportError(
            f"{path}: {crf[0]} belongs to a CRF, whose scores of neighbouring tags aren't exported; {_TRAIN}, or save "
            "the model without the CRF's tensors to export its classifier alone, which gives other tags"
        )
    encoder = _prefix(tensors, _WORDS, path, "the word embeddings of an ALBERT", "give the checkpoint of one")
    head = _prefix(tensors, _HEAD, path, "a classifier of each piece's tag", f"it is only pretrained: {_TRAIN} first")
    found: dict[str, str] = {}
    for name in tensors:
        renamed = _rename(name, encoder, head)
        if renamed in found:
            raise ExportError(
                f"{path}: {renamed} is there twice, as {found[renamed]} and as {name}; save the model alone"
            )
        found[renamed] = name
    return {renamed: tensors[name] for renamed, name in found.items()}


def _prefix(names: Iterable[str], suffix: str, path: Path, what: str, way_out: str) -> str:
    """Returns what the only name with this suffix begins with."""
    names = sorted(names)
    found = [name for name in names if name == suffix or (name.endswith(f".{suffix}") and "sop_classifier" not in name)]
    if not found:
        shown = ", ".join(name for name in names if name.endswith("weight"))[-120:]
        raise ExportError(f"{path}: found no {suffix}, {what}, among its {len(names)} tensors (… {shown}); {way_out}")
    if len(found) > 1:
        raise ExportError(f"{path}: must hold one model, found {' and '.join(found[:2])}; save the one to export alone")
    return found[0].removesuffix(suffix)


def _rename(name: str, encoder: str, head: str) -> str:
    """Returns the name of a tensor as transformers writes it; of one that is unknown, the same name."""
    stem, dot, last = name.rpartition(".")
    name = stem + dot + _OLD_NORMS.get(last, last)
    inner = name.removeprefix(encoder)
    if name.startswith(encoder) and inner.startswith(("embeddings.", "encoder.", "pooler.")):
        return _ENCODER + inner
    if name.startswith(head):
        return name.removeprefix(head)
    return name
