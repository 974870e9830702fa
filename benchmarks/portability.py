"""Whether the same model gives the same answers on every CPU and with every ONNX Runtime.

Every environment runs the model on the same pieces, one sequence per call, and the recognizer on the same sentences.
Their logits are compared with this machine's. With the same kernels they are equal to the last bit. Other kernels
differ in the last bit of a float, which now and then rounds an activation to the next int8: tags must stay the same.
Emulated CPUs need an x86-64 Debian with apt-get, and some minutes each.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from albert_ner_export.texts.held_out import held_out_lines
from albert_ner_onnx.tags.decoding import softmax
from albert_ner_onnx.text.words import split_words
from benchmarks.emulation import Environment, UnavailableError
from benchmarks.markdown import markdown, percent
from benchmarks.peers.bare import PieceTokenizer
from benchmarks.peers.process import settings_of
from benchmarks.run import NotRunError, Run

NATIVE: Final = "this machine"
ENVIRONMENTS: dict[str, Environment] = {
    NATIVE: Environment(),
    "oldest packages": Environment("oldest"),
    "newest packages": Environment("newest"),
    "AVX2": Environment(cpu="Haswell"),
    "SSE4.2": Environment(cpu="Nehalem"),
    "arm64": Environment(cpu="cortex-a72", arm64=True),
    "arm64, dot product": Environment(cpu="cortex-a76", arm64=True),
    "arm64, i8mm": Environment(cpu="max,sve=off,sme=off", arm64=True),
}
_SENTENCES, _QUICK_SENTENCES = 100, 20


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    work = run.work / "portability"
    words = [[word.text for word in split_words(line)] for line in held_out_lines()]
    sentences = [each for each in words if len(each) > 2][: _QUICK_SENTENCES if run.quick else _SENTENCES]
    window = settings_of(run.checkpoint, run.model, run.folder).window
    windows = PieceTokenizer(run.checkpoint, window).windows([" ".join(each) for each in sentences])
    given = work / "given"
    shutil.rmtree(given, ignore_errors=True)
    shutil.copytree(run.model, given / "model")
    (given / "sentences.json").write_text(json.dumps(sentences), "utf-8")
    np.savez(given / "given.npz", *(np.array(each.ids, np.int64) for each in windows))
    native: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for name, environment in ENVIRONMENTS.items():
        started = time.perf_counter()
        files = [str(given / file) for file in ("given.npz", "sentences.json", "found.npz")]
        try:
            ran_on = json.loads(environment.run(work, "benchmarks.portability_probe", *files))
        except UnavailableError as error:
            if name == NATIVE:
                raise NotRunError(str(error)) from None
            run.say(f"{name}: not run: {error}")
            found[name] = {"missing": "can't be made here"}  # the reason may name files and hosts
            continue
        with np.load(given / "found.npz") as archive:
            here = dict(archive)
        native = native or here
        found[name] = {"emulated_cpu": environment.cpu, **ran_on, **_compare_answers(native, here)}
        run.say(f"{name}: {time.perf_counter() - started:.0f} s")
    return {"sentences": len(sentences), "words": len(native["tags"]), "environments": found}


def _compare_answers(native: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, Any]:
    """Compares logits, float32 [piece, tag], and the words' tags of two environments."""
    moved = np.abs(softmax(native["logits"]) - softmax(here["logits"])).max(axis=1)
    return {
        "logits_equal_to_the_bit": bool((native["logits"] == here["logits"]).all()),
        "tags_equal": round(float((native["tags"] == here["tags"]).mean()), 5),
        "max_probability_difference": round(float(moved.max()), 5),
        "mean_probability_difference": round(float(moved.mean()), 7),
    }


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    rows = []
    for name, found in figures["environments"].items():
        if "missing" in found:
            rows.append([name, "not measured", "", "", "", ""])
            continue
        equal = "yes" if found["logits_equal_to_the_bit"] else "no"
        moves = f"{found['max_probability_difference']:.3f}", f"{found['mean_probability_difference']:.6f}"
        rows.append([name, found["onnxruntime"], equal, percent(found["tags_equal"]), *moves])
    header = ["CPU or packages", "onnxruntime", "logits equal to the bit", "tags equal, %"]
    return {"environments": markdown([*header, "probability moves by up to", "on average"], rows)}
