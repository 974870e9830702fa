"""What decides every byte of a run's output: a run may only be resumed if all of it is still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.readers import Inputs
from albert_ner_onnx.recognizer import EntityRecognizer
from albert_ner_onnx.version import __version__


def describe_job(inputs: Inputs, recognizer: EntityRecognizer, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Describes a run by values that JSON has.

    The number of processes, and of calls at once, isn't among them: no answer depends on it.

    Args:
        inputs: The files: their names, sizes and times of change count, their content is not read for this.
        recognizer: Its model and options.
        choices: What the caller chose about reading and writing files, by the options' names.
    """
    options = recognizer.options
    job = {
        "version": __version__,
        "model": _digest([recognizer.manifest.to_json()]),
        "inputs": _digest((source.name, source.size, source.modified_ns) for source in inputs.sources),
        "threads": options.threads,
        "decoder": options.decoder,
        "context": options.context,
        "newlines": options.newlines,
        "markup": options.markup,
        "abbreviations": sorted(options.abbreviations),
        "min_score": dict(options.min_score) if isinstance(options.min_score, Mapping) else options.min_score,
        "labels": None if options.labels is None else sorted(options.labels),
        **choices,
    }
    described: dict[str, Any] = json.loads(json.dumps(job, default=list))
    return described


def check_same_job(before: Mapping[str, Any], now: Mapping[str, Any], partial: Path) -> None:
    """Checks that a run may go on where another one stopped.

    Raises:
        InputError: Something differs, so that the output would be of two kinds.
    """
    for name in (*now, *before):
        if before.get(name) != now.get(name):
            values = "" if name in ("inputs", "model") else f": {before.get(name)!r} then, {now.get(name)!r} now"
            what = "inputs (their names, sizes or times of change)" if name == "inputs" else name
            raise InputError(
                f"{partial}: can't be resumed, because it was begun with another {what}{values}; give what it was "
                "begun with, or start again with --overwrite"
            )


def _digest(parts: Iterable[object]) -> str:
    """The sha256 of values: there may be a million inputs, too many to keep."""
    found = hashlib.sha256()
    for part in parts:
        found.update(json.dumps(part).encode())
        found.update(b"\n")
    return found.hexdigest()
