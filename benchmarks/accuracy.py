"""What quantization and the length of the window cost: FB1 on a CoNLL file, float32 beside int8.

    python -m benchmarks.accuracy FILE        # such as CoNLL-2003's eng.testa

Exports the checkpoint of the embedded default in float32 first, so it needs the extra `export`. Puts the figures beside
those of Spark NLP's card of ALBERT-xlarge into the README, in the place of the table that is there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from albert_ner_export.pipeline import export_model
from albert_ner_onnx import EntityRecognizer, default_model, load
from albert_ner_onnx.evaluation.phrases import evaluate, to_iob2
from albert_ner_onnx.files.conll import ConllSentence, read_conll, read_conll_documents
from benchmarks.environment import describe
from benchmarks.markdown import markdown, with_block

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / default_model().name
README = Path(__file__).parents[1] / "README.md"
BLOCK = "benchmarks/accuracy.py"
"""Name of the table's place in the README."""
WINDOWS = (512, 384, 256, 192, 128, 96, 64)
FIGURES = {
    "FB1": "fb1",
    "precision": "precision",
    "recall": "recall",
    "words with the right tag, %": "accuracy",
    "the same of words in entities, %": "non_o_accuracy",
}
CARD_WORDS = 51_362
CARD_NAME = "albert_xlarge_token_classifier_conll03"
CARD: Mapping[str, Any] = {  # what Spark NLP's card of another, larger model says of the same file
    "fb1": 90.16,
    "precision": 88.40,
    "recall": 91.99,
    "accuracy": 98.33,
    "non_o_accuracy": 92.84,
    "fb1_by_label": {"LOC": 95.91, "MISC": 86.32, "ORG": 87.27, "PER": 88.58},
}


def read_documents(path: Path) -> list[ConllSentence]:
    """Each document of a CoNLL file as one long sentence."""
    return [
        ConllSentence(*(list(chain.from_iterable(column)) for column in zip(*sentences, strict=True)))
        for sentences in read_conll_documents(path)
    ]


def score(recognizer: EntityRecognizer, sentences: Sequence[ConllSentence]) -> tuple[dict[str, Any], list[str]]:
    """Tags sentences; returns figures in percent, words for each second of a core, and all tags."""
    started = time.process_time()
    found = recognizer.tag([sentence.words for sentence in sentences])
    seconds = time.process_time() - started
    in_iob2 = partial(to_iob2, scheme=recognizer.manifest.scheme)  # as files may have IOB1, which only phrases forgive
    evaluation = evaluate([in_iob2(sentence.tags) for sentence in sentences], list(map(in_iob2, found)))
    overall = evaluation.overall
    figures = {
        "fb1": overall.fb1,
        "precision": overall.precision,
        "recall": overall.recall,
        "accuracy": evaluation.accuracy,
        "non_o_accuracy": evaluation.non_o_accuracy,
    }
    rounded: dict[str, Any] = {name: round(value, 2) for name, value in figures.items()}
    rounded["fb1_by_label"] = {label: round(counts.fb1, 2) for label, counts in evaluation.by_label.items()}
    return rounded | {"words_per_core_second": round(evaluation.words / seconds)}, list(chain.from_iterable(found))


def with_window(package: Path, folder: Path, max_pieces: int) -> EntityRecognizer:
    """The package with another length of its window."""
    copy = folder / f"{package.name}-{max_pieces}"
    shutil.copytree(package, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"max_pieces": max_pieces}))
    return load(copy)


def table(result: Mapping[str, Any]) -> str:
    """The README's table: figures of this run, sentence by sentence, beside those of the card."""
    columns = {f"ours, {name}": figures for name, figures in result["sentence_by_sentence"].items()}
    columns |= {f"`{CARD_NAME}`, by its card": CARD}
    rows = []
    for name, key in FIGURES.items():
        rows.append([name, *(f"{figures[key]:.2f}" for figures in columns.values())])
    for label in CARD["fb1_by_label"]:
        rows.append([f"FB1 of {label}", *(f"{figures['fb1_by_label'][label]:.2f}" for figures in columns.values())])
    return markdown(["", *columns], rows)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "accuracy.json")
    parser.add_argument(
        "--readme", type=Path, default=README, help="gets the table, if FILE has as many words as that of the card"
    )
    arguments = parser.parse_args()
    sentences, documents = read_conll(arguments.file), read_documents(arguments.file)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        export_model(CHECKPOINT, folder / "fp32", precision="fp32", report=print)
        packages = {"int8": default_model(), "float32": folder / "fp32"}
        recognizers = {name: load(package) for name, package in packages.items()}
        recognizers["int8, argmax"] = load(decoder="argmax")
        by_sentence, tags = {}, {}
        for name, recognizer in recognizers.items():
            by_sentence[name], tags[name] = score(recognizer, sentences)
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
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    if result["words"] == CARD_WORDS:
        page = with_block(arguments.readme.read_text("utf-8"), BLOCK, table(result))
        arguments.readme.write_text(page, "utf-8")
    print(json.dumps({name: value for name, value in result.items() if name != "environment"}, indent=2))


if __name__ == "__main__":
    main()
