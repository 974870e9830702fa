"""What quantization and the length of the window cost: FB1 on a CoNLL file, float32 beside int8.

    python -m benchmarks.accuracy FILE        # such as CoNLL-2003's eng.testa

Exports the checkpoint of the embedded default in float32 first, so it needs the extra `export`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from albert_ner_export.pipeline import export_package
from albert_ner_onnx import EntityRecognizer, default_package, load
from albert_ner_onnx.evaluation import evaluate
from albert_ner_onnx.formats import ConllSentence, read_conll, read_conll_documents
from benchmarks.environment import describe

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / default_package().name
WINDOWS = (512, 384, 256, 192, 128, 96, 64)


def read_documents(path: Path) -> list[ConllSentence]:
    """Each document of a CoNLL file as one long sentence."""
    return [
        ConllSentence(*(list(chain.from_iterable(column)) for column in zip(*sentences, strict=True)))
        for sentences in read_conll_documents(path)
    ]


def score(recognizer: EntityRecognizer, sentences: Sequence[ConllSentence]) -> tuple[dict[str, float], list[str]]:
    """Tags sentences; returns FB1, precision, recall and speed, and all tags."""
    started = time.perf_counter()
    found = recognizer.tag([sentence.words for sentence in sentences])
    seconds = time.perf_counter() - started
    overall = evaluate([sentence.tags for sentence in sentences], found).overall
    words = sum(len(sentence.words) for sentence in sentences)
    figures = {"fb1": overall.fb1, "precision": overall.precision, "recall": overall.recall}
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return rounded | {"words_per_second": round(words / seconds)}, list(chain.from_iterable(found))


def with_window(package: Path, folder: Path, max_pieces: int) -> EntityRecognizer:
    """The package with another length of its window."""
    copy = folder / f"{package.name}-{max_pieces}"
    shutil.copytree(package, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"max_pieces": max_pieces}))
    return load(copy)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "accuracy.json")
    arguments = parser.parse_args()
    sentences, documents = read_conll(arguments.file), read_documents(arguments.file)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        export_package(CHECKPOINT, folder / "fp32", precision="fp32", report=print)
        packages = {"float32": folder / "fp32", "int8": default_package()}
        by_sentence, tags = {}, {}
        for name, package in packages.items():
            by_sentence[name], tags[name] = score(load(package), sentences)
        equal = sum(map(str.__eq__, tags["float32"], tags["int8"]))
        by_document = {
            name: {str(pieces): score(with_window(package, folder, pieces), documents)[0] for pieces in WINDOWS}
            for name, package in packages.items()
        }
        result = {
            "file": arguments.file.name,
            "words": len(tags["int8"]),
            "sentence_by_sentence": by_sentence,
            "int8_tags_equal_float32": round(equal / len(tags["int8"]), 5),
            "whole_documents_by_window": by_document,
            "model_bytes": {name: (package / "model.onnx").stat().st_size for name, package in packages.items()},
            "environment": describe(),
        }
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: value for name, value in result.items() if name != "environment"}, indent=2))


if __name__ == "__main__":
    main()
