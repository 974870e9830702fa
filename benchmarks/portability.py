"""Whether the same file gives the same answers on every CPU and with every ONNX Runtime.

    python -m benchmarks.portability [--only NAME ...] [--work FOLDER] [--output FILE]

Two things run in each environment, and are compared with what they give on this machine with what is installed here:

* a product of int8 matrices that is crafted to saturate 16-bit sums. Weights within [-64, 63], as ours are, must give
  the exact sums everywhere; those of the full range, for contrast, do not with AVX2;
* the default package, on sentences of our own. Its tags must be the same on 99.9 % of the words, and where they are
  not, two tags must have been nearly equally probable: kernels differ in the last bit of a float, which now and then
  rounds an activation to the next int8, and the layers above pass that on.

It needs an x86-64 Debian with apt-get and pip. Most of the time goes into the five emulated CPUs, some two minutes each
of an undisturbed core. Results are written after each environment; `--only` keeps those of the others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import albert_ner_onnx
from albert_ner_export.texts.held_out import held_out_lines
from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL, Manifest
from albert_ner_onnx.tags.decoding import softmax
from albert_ner_onnx.text.words import split_words
from benchmarks.crafted_product import crafted_columns, crafted_errors, crafted_model
from benchmarks.emulation import Environment, UnavailableError
from benchmarks.environment import describe

RESULT = Path(__file__).parent / "results" / "portability.json"
PROBE = "portability_probe"
NATIVE = "native"
ENVIRONMENTS = {
    NATIVE: Environment(),
    "oldest packages": Environment("oldest"),
    "newest packages": Environment("newest"),
    "AVX2": Environment(cpu="Haswell"),
    "SSE4.2": Environment(cpu="Nehalem"),
    "arm64": Environment(cpu="cortex-a72", arm64=True),
    "arm64, dot product": Environment(cpu="cortex-a76", arm64=True),
    "arm64, i8mm": Environment(cpu="max,sve=off,sme=off", arm64=True),
}
SENTENCES = 300
FEWEST_TAGS_EQUAL = 0.999
_SAME_ROUNDINGS = 1e-4  # logits differ by 1e-6 from floats' last bits alone, and by 1e-2 from one int8

Float32 = npt.NDArray[np.float32]
Answers = dict[str, npt.NDArray[Any]]


def read_sentences() -> list[list[str]]:
    """The words of the first lines of the held-out text that have three or more."""
    lines = ([word.text for word in split_words(line)] for line in held_out_lines())
    return [words for words in lines if len(words) >= 3][:SENTENCES]


def compare(native: Float32, here: Float32, sentences: Sequence[Sequence[str]], tags: Sequence[str]) -> dict[str, Any]:
    """Compares the logits of two environments.

    A tag that differs is a near tie if it was behind by less than another two probabilities could have moved: by
    twice the most that one moved where the tag stayed.

    Args:
        native: Logits of all words, float32 [word, tag].
        here: The same of the environment to judge.
        sentences: The words.
        tags: Their names.
    """
    expected, found = softmax(native), softmax(here)
    best, other = expected.argmax(axis=-1), found.argmax(axis=-1)
    moved = np.abs(found - expected).max(axis=-1)
    limit = 2 * moved[best == other].max(initial=0)
    logits_moved = np.abs(here - native).max(axis=-1)
    starts = np.cumsum([0, *(len(words) for words in sentences)])
    kept = np.maximum.reduceat(logits_moved, starts[:-1]) < _SAME_ROUNDINGS
    different = []
    for word in np.flatnonzero(best != other):
        sentence = int(np.searchsorted(starts, word, "right")) - 1
        margin = float(expected[word, best[word]] - expected[word, other[word]])
        different.append(
            {
                "sentence": sentence,
                "word": int(word - starts[sentence]),
                "text": sentences[sentence][word - starts[sentence]],
                "native": _top_two(expected[word], tags),
                "here": _top_two(found[word], tags),
                "margin": round(margin, 4),
                "explanation": "near tie" if margin < limit else "unexplained",
            }
        )
    return {
        "words": len(best),
        "tags_equal": round(float((best == other).mean()), 5),
        "max_probability_difference": round(float(moved.max()), 5),
        "mean_probability_difference": round(float(moved.mean()), 7),
        "logits_bit_identical": bool((native == here).all()),
        "sentences_with_same_roundings": round(float(kept.mean()), 3),
        "different_tags": different,
    }


def _top_two(probabilities: Float32, tags: Sequence[str]) -> dict[str, float]:
    return {tags[tag]: round(float(probabilities[tag]), 4) for tag in np.argsort(-probabilities)[:2]}


def faults(result: dict[str, Any]) -> list[str]:
    """What is wrong in an environment; nothing if the answers are the same."""
    found = []
    if inexact := [name for name, error in result["crafted_errors"].items() if name.startswith("ours") and error]:
        found.append(f"inexact sums of {'; '.join(inexact)}")
    if not result["pieces_equal"]:
        found.append("other pieces")
    if result["tags_equal"] < FEWEST_TAGS_EQUAL:
        found.append(f"only {result['tags_equal']:.3%} of the tags are the same")
    if unexplained := sum(word["explanation"] == "unexplained" for word in result["different_tags"]):
        found.append(f"{unexplained} tags differ that were no near ties")
    return found


def copy_code(folder: Path) -> None:
    """Copies what the environments run, so that all run the same, whatever happens to this repository meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    unneeded = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(albert_ner_onnx.__file__).parent, folder / "albert_ner_onnx", ignore=unneeded)
    shutil.copy(Path(__file__).with_name(f"{PROBE}.py"), folder)


def measure(names: Sequence[str], work: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Runs the environments, one after the other, and compares each with the first, which is `NATIVE`.

    Yields:
        The name and the figures of each that could be run.
    """
    copy_code(work / "code")
    sentences, tags = read_sentences(), Manifest.read(default_model()).tags
    (work / "sentences.json").write_text(json.dumps(sentences), "utf-8")
    (work / "crafted.onnx").write_bytes(crafted_model(crafted_columns()))
    native: Answers = {}
    for name in names:
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        started = time.perf_counter()
        files = [str(work / file) for file in ("sentences.json", "crafted.onnx", "answers.npz")]
        try:
            ran_on = json.loads(ENVIRONMENTS[name].run(work, work / "code", PROBE, *files))
        except UnavailableError as error:
            print(f"not run: {error}", file=sys.stderr)
            if name == NATIVE:
                sys.exit(1)  # there is nothing to compare with
            continue
        with np.load(work / "answers.npz") as archive:
            here: Answers = dict(archive)
        native = native or here
        result = {"emulated_cpu": ENVIRONMENTS[name].cpu, **ran_on}
        result["pieces_equal"] = np.array_equal(native["pieces"], here["pieces"])
        result |= compare(native["logits"], here["logits"], sentences, tags)
        result["crafted_errors"] = crafted_errors(here["crafted"])
        result["faults"] = faults(result)
        seconds = time.perf_counter() - started
        print(f"{seconds:.0f} s: {'; '.join(result['faults']) or 'passed'}", file=sys.stderr)
        yield name, result


def fingerprint() -> str:
    """SHA-256 of what is run: the model and the sentences."""
    model = Manifest.read(default_model()).files[MODEL]
    return sha256(json.dumps([model, read_sentences()]).encode()).hexdigest()


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """Earlier results, by environment, if they are of the same model and sentences on the same kind of machine."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except OSError:
        return {}
    machine = describe()
    same = all(record["environment"][name] == machine[name] for name in ("cpu", "cpu_flags", "python", "packages"))
    results: dict[str, dict[str, Any]] = (
        record["environments"] if same and record.get("inputs") == fingerprint() else {}
    )
    return results


def summarize(results: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What the environments come to."""
    different = list(chain.from_iterable(result["different_tags"] for result in results.values()))
    return {
        "sentences": SENTENCES,
        "not_run": [name for name in ENVIRONMENTS if name not in results],
        "fewest_tags_equal": min(result["tags_equal"] for result in results.values()),
        "different_tags": len(different),
        "unexplained": sum(word["explanation"] == "unexplained" for word in different),
        "failed": [name for name, result in results.items() if result["faults"]],
    }


def main() -> None:
    """Measures and writes; exits with status 1 if an environment failed or has no result yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=ENVIRONMENTS, help="run these, keep the results of the others"
    )
    parser.add_argument("--work", type=Path, help="where emulated machines are kept, to be used again")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    chosen = arguments.only or list(ENVIRONMENTS)
    kept = read_results(arguments.output) if arguments.only else {}
    results = {name: result for name, result in kept.items() if name not in chosen}
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)).resolve()
        for name, result in measure([NATIVE, *(name for name in chosen if name != NATIVE)], work):
            results[name] = result
            ordered = {name: results[name] for name in ENVIRONMENTS if name in results}
            record = {"summary": summarize(ordered), "inputs": fingerprint(), "environments": ordered}
            text = json.dumps(record | {"environment": describe()}, indent=2)
            arguments.output.write_text(text + "\n", "utf-8")
    summary = summarize(results)
    print(json.dumps(summary, indent=2))
    sys.exit(1 if summary["failed"] or summary["not_run"] else 0)


if __name__ == "__main__":
    main()
