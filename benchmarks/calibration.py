"""Which way to calibrate int8 holds at 6 and at 24 iterations: each beside float32 on a CoNLL file and on our own text.

    python -m benchmarks.calibration FILE [--deep CHECKPOINT]

FILE is such as CoNLL-2003's eng.testa, CHECKPOINT the folder that `python -m training.deep_conll03` writes: one group
of weights, applied 24 times. Weights are rounded to the nearest integer, so that only the ranges of activations differ,
but for the first row, which is all that the exporter does. The states compared are those of the graph, a norm's output
without its β.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph, states_name
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import AlbertWeights, Float32
from albert_ner_export.int8.quality import Words, compare
from albert_ner_export.int8.quantize import quantize_weights
from albert_ner_export.int8.rounding import refine
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.texts.sequences import PieceTexts, own_corpus
from albert_ner_export.tokenizer import TokenizerFacts, describe_tokenizer
from albert_ner_onnx import default_model
from albert_ner_onnx.evaluation.phrases import evaluate
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.model.batches import equal_length_batches
from albert_ner_onnx.model.session import Session, open_session
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.tags.schemes import scheme_of
from benchmarks.calibration_methods import methods
from benchmarks.environment import describe
from benchmarks.markdown import markdown

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / default_model().name
HELD_OUT_PIECES = 128  # as the package that comes along reads texts
_BATCH_PIECES = 512

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint to be quantized."""

    config: AlbertConfig
    facts: TokenizerFacts
    weights: AlbertWeights

    @classmethod
    def read(cls, path: Path) -> Model:
        """Reads a checkpoint; see `read_checkpoint`."""
        checkpoint = read_checkpoint(path)
        facts = describe_tokenizer(checkpoint.tokenizer, checkpoint.config.vocab_size)
        return cls(checkpoint.config, facts, fold_weights(checkpoint.config, checkpoint.tensors))

    @property
    def compared_iterations(self) -> list[int]:
        """The iterations after which states are compared, counted from 1, the last one included."""
        iterations = self.config.num_hidden_layers
        parts = 4 if iterations % 4 == 0 else 3
        return [iterations * part // parts for part in range(1, parts + 1)]


class ConllFile:
    """A CoNLL file, tagged sentence by sentence."""

    def __init__(self, path: Path, model: Model) -> None:
        """Reads the file and makes the model's pieces of it."""
        sentences = read_conll(path)
        tokenizer = WordTokenizer(model.facts.data, model.config.max_position_embeddings - 2)
        pieces = [tokenizer.encode(sentence.words) for sentence in sentences]
        self._gold = [sentence.tags for sentence in sentences]
        self._first = [1 + part.bounds[:-1] for part in pieces]
        self._ids = [np.concatenate(([model.facts.cls_id], part.ids, [model.facts.sep_id])) for part in pieces]
        self._tags = model.config.tags
        self.lengths = [len(sentence.words) for sentence in sentences]

    def run(self, config: AlbertConfig, weights: AlbertWeights) -> list[Float32]:
        """The logits of each sentence's words, float32 [word, tag] each."""
        session = Session(build_graph(config, weights).SerializeToString(), 1)
        logits: dict[int, Float32] = {}
        for batch in equal_length_batches([len(ids) for ids in self._ids], _BATCH_PIECES):
            rows = session.run(np.stack([self._ids[index] for index in batch]))
            logits |= {index: row[self._first[index]] for index, row in zip(batch, rows, strict=True)}
        return [logits[index] for index in range(len(self._ids))]

    def fb1(self, logits: Sequence[Float32]) -> float:
        """FB1 of what these logits say."""
        return evaluate(self._gold, [[self._tags[tag] for tag in part.argmax(axis=1)] for part in logits]).overall.fb1


@dataclass(frozen=True, slots=True)
class Answers:
    """What a graph says.

    Attributes:
        file: Logits of each sentence of the file, float32 [word, tag] each.
        logits: Of each sequence of our held-out text, float32 [piece, tag] each.
        states: After the compared iterations of them all, float32 [iteration, piece, hidden].
    """

    file: list[Float32]
    logits: list[Float32]
    states: Float32


def answer(model: Model, weights: AlbertWeights, file: ConllFile, held_out: Sequence[Ids]) -> Answers:
    """Runs a graph of these weights on the file and on our held-out text."""
    session = open_session(build_graph(model.config, weights, observe="values").SerializeToString())
    outputs = ["logits", *(states_name(index) for index in range(len(weights.groups)))]
    wanted = np.array(model.compared_iterations) - 1
    logits, states = [], []
    for ids in held_out:
        found, *by_group = session.run(outputs, {"input_ids": ids[None]})
        logits.append(found[0])
        states.append(np.concatenate(by_group)[wanted, 0])
    return Answers(file.run(model.config, weights), logits, np.concatenate(states, axis=1))


def against_float(model: Model, file: ConllFile, exact: Answers, found: Answers, first: Sequence[Mask]) -> Figures:
    """The figures of int8 beside float32; `first` as in `PieceSequence`, of each sequence of the held-out text."""
    tags, scheme = model.config.tags, scheme_of(model.config.tags)
    in_file = Words(np.concatenate(exact.file), np.concatenate(found.file), file.lengths)
    held_out = Words.of_first_pieces(exact.logits, found.logits, first)
    of_file, of_held_out = (compare(words, tags, scheme, "", 0) for words in (in_file, held_out))
    off = np.linalg.norm(found.states - exact.states, axis=(1, 2)) / np.linalg.norm(exact.states, axis=(1, 2))
    return {
        "fb1": round(file.fb1(found.file), 2),
        "tags_equal": round(of_file.tag_agreement, 5),
        "entity_tags_equal": round(of_file.entity_tag_agreement, 5),
        "held_out_tags_equal": round(of_held_out.tag_agreement, 5),
        "held_out_entity_tags_equal": round(of_held_out.entity_tag_agreement, 5),
        "rms_logit_error": round(float(np.sqrt(np.mean((held_out.int8 - held_out.float32) ** 2))), 4),
        "states_off": {
            str(iteration): round(float(value), 4)
            for iteration, value in zip(model.compared_iterations, off, strict=True)
        },
    }


def variants(model: Model) -> Iterator[tuple[str, AlbertWeights]]:
    """What each method makes of the weights; first what the exporter does, and then the same with nearest rounding."""
    for index, (name, ranges) in enumerate(methods(model.config, model.weights, model.facts).items()):
        nearest = quantize_weights(model.weights, ranges())
        if index == 0:
            texts = PieceTexts(model.facts, own_corpus()).calibration(model.config.max_position_embeddings)
            refined = refine(model.config, model.weights, nearest, [part.ids for part in texts])
            yield f"{name}, error-aware rounding", refined
        yield name, nearest


def measure(model: Model, path: Path) -> dict[str, Any]:
    """All figures of a checkpoint."""
    file = ConllFile(path, model)
    held_out = PieceTexts(model.facts, own_corpus()).held_out(HELD_OUT_PIECES)
    ids, first = [part.ids for part in held_out], [part.first for part in held_out]
    exact = answer(model, model.weights, file, ids)
    figures = {}
    for name, weights in variants(model):
        found = answer(model, weights, file, ids)
        figures[name] = against_float(model, file, exact, found, first)
        print(name, figures[name], file=sys.stderr, flush=True)
    return {
        "groups": model.config.num_hidden_groups,
        "iterations": model.config.num_hidden_layers,
        "words": sum(file.lengths),
        "held_out_words": int(np.concatenate(first).sum()),
        "float32_fb1": round(file.fb1(exact.file), 2),
        "methods": figures,
    }


def table(result: Mapping[str, Any]) -> str:
    """The figures of a checkpoint in Markdown."""
    states = list(next(iter(result["methods"].values()))["states_off"])
    columns = ["FB1", "tags equal, %", "of entities", "own text, %", "of entities", "rms logit error"]
    columns += [f"state off after {iteration}, %" for iteration in states]
    rows = [["float32", f"{result['float32_fb1']:.2f}", *[""] * (len(columns) - 1)]]
    for name, found in result["methods"].items():
        shares = [f"{100 * value:.2f}" for key, value in found.items() if key.endswith("tags_equal")]
        off = [f"{100 * value:.1f}" for value in found["states_off"].values()]
        rows.append([name, f"{found['fb1']:.2f}", *shares, f"{found['rms_logit_error']:.3f}", *off])
    return markdown(["method", *columns], rows)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--deep", type=Path, metavar="CHECKPOINT", help="what training.deep_conll03 wrote")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "calibration.json")
    arguments = parser.parse_args()
    record: dict[str, Any] = {"file": arguments.file.name, "checkpoints": {}, "environment": describe()}
    for name, path in (("repository", CHECKPOINT), ("deep", arguments.deep)):
        if path is not None:
            record["checkpoints"][name] = result = measure(Model.read(path), arguments.file)
            print(f"\n{result['groups']} groups, {result['iterations']} iterations\n\n{table(result)}", flush=True)
            arguments.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
