"""How far int8 depends on which of our own text it is calibrated with: FB1 and agreement with float32 on a CoNLL file.

python -m benchmarks.calibration FILE        # such as CoNLL-2003's eng.testa
"""

from __future__ import annotations

import argparse
import json
from itertools import chain
from pathlib import Path

import numpy as np

from albert_ner_export.folding import fold_weights
from albert_ner_export.graph import build_graph
from albert_ner_export.quantize import observe_ranges, quantize_weights
from albert_ner_export.sources import read_checkpoint
from albert_ner_export.texts import PieceTexts
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_export.weights import AlbertWeights
from albert_ner_onnx import default_package
from albert_ner_onnx.evaluation import evaluate
from albert_ner_onnx.formats import read_conll
from albert_ner_onnx.session import Session
from albert_ner_onnx.tokenization import WordTokenizer
from benchmarks.environment import describe

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / default_package().name


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "calibration.json")
    arguments = parser.parse_args()
    checkpoint = read_checkpoint(CHECKPOINT)
    config = checkpoint.config
    facts = describe_tokenizer(checkpoint.tokenizer, config.vocab_size)
    weights = fold_weights(config, checkpoint.tensors)
    sentences = read_conll(arguments.file)
    tokenizer = WordTokenizer(facts.data, config.max_position_embeddings - 2)
    pieces = [tokenizer.encode(sentence.words) for sentence in sentences]

    def tag(candidate: AlbertWeights) -> list[list[str]]:
        session = Session(build_graph(config, candidate).SerializeToString(), 2)
        found = []
        for sequence in pieces:
            ids = np.concatenate(([facts.cls_id], sequence.ids, [facts.sep_id]))
            best = session.run(ids[None])[0, 1:].argmax(axis=-1)
            found.append([config.tags[tag] for tag in best[sequence.bounds[:-1]]])
        return found

    gold = [sentence.tags for sentence in sentences]
    exact = tag(weights)
    whole, short = PieceTexts(facts).calibration(512), PieceTexts(facts).calibration(128)
    lines = len(PieceTexts(facts)._lines("calibration.txt"))
    variants = {
        "lines, and all in 512 (the exporter's)": whole,
        "lines, and all in 128": short,
        "lines": whole[:lines],
        "lines, and four of 512": whole[: lines + 4],
    }
    result: dict[str, dict[str, float]] = {"float32": {"fb1": round(evaluate(gold, exact).overall.fb1, 2)}}
    for name, sequences in variants.items():
        ranges = observe_ranges(config, weights, [sequence.ids for sequence in sequences])
        found = tag(quantize_weights(weights, ranges))
        equal = np.mean([a == b for a, b in zip(chain(*exact), chain(*found), strict=True)])
        result[name] = {"fb1": round(evaluate(gold, found).overall.fb1, 2), "tags_equal": round(float(equal), 5)}
        print(name, result[name], flush=True)
    record = {"file": arguments.file.name, "calibration": result, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
