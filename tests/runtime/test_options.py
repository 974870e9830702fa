"""Arguments of `load`: what is refused, how it is said, and what an exact Spark NLP package allows."""

import argparse
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx import InputError, load
from albert_ner_onnx.cli import options
from albert_ner_onnx.model.manifest import Manifest, SparkNlp
from albert_ner_onnx.options import CONTEXTS, Settings
from albert_ner_onnx.tags.decoding import DECODERS
from fakes import manifest
from toy_models import INT8

NONE: dict[str, Any] = {"threads": None, "decoder": None, "context": None, "min_score": 0.0, "labels": None}


def spark_nlp(
    *, exact: bool = True, white_list: tuple[str, ...] | None = None, has_no_schema: bool = False
) -> Manifest:
    carried = SparkNlp(exact=exact, masked_piece=None, white_list=white_list, has_no_schema=has_no_schema)
    return replace(manifest(), spark_nlp=carried)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"threads": 0}, "threads must be a whole number from 1 to "),
        ({"decoder": "crf"}, "decoder must be one of argmax, viterbi, or None, found 'crf'"),
        ({"decoder": 1}, "decoder must be one of argmax, viterbi, or None, found 1"),
        ({"context": "window"}, "context must be one of sentence, document, or None, found 'window'"),
        ({"min_score": 1.5}, "min_score must be a number from 0 to 1, found 1.5"),
        ({"min_score": float("nan")}, "min_score must be a number from 0 to 1, found nan"),
        ({"min_score": "0.5"}, "min_score must be a number from 0 to 1, found '0.5'"),
        ({"min_score": True}, "min_score must be a number from 0 to 1, found True"),
        ({"labels": [["PER"]]}, "labels[0] must be one of LOC, PER, found ['PER']"),
        ({"labels": "PER"}, "labels must be a list or another iterable, found str"),
        ({"labels": 1}, "labels must be a list or another iterable, found int"),
        ({"labels": ["PER", "B-PER"]}, "labels[1] must be one of LOC, PER, found 'B-PER'"),
        ({"labels": [None]}, "labels[0] must be one of LOC, PER, found None"),
    ],
)
def test_what_is_refused(argument: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        load(INT8, **argument)


def test_defaults() -> None:
    assert Settings.check(manifest(), **NONE) == Settings(
        threads=None, decoder="viterbi", context="document", min_score=0.0, labels=None
    )


def test_an_exact_package_does_nothing_else() -> None:
    exact = Settings.check(spark_nlp(), **NONE)
    assert (exact.decoder, exact.context) == ("argmax", "document")
    assert Settings.check(spark_nlp(), **NONE | {"decoder": "argmax", "context": "document"}) == exact
    for argument in ({"decoder": "viterbi"}, {"context": "sentence"}):
        with pytest.raises(
            InputError, match=r"must be '\w+' or None, found '\w+': the package answers exactly as Spark"
        ):
            Settings.check(spark_nlp(), **NONE | argument)
        Settings.check(spark_nlp(exact=False), **NONE | argument)
    assert Settings.check(spark_nlp(exact=False), **NONE) == Settings.check(manifest(), **NONE)


@pytest.mark.parametrize(
    ("carried", "known"),
    [
        (spark_nlp(), {"PER", "LOC"}),
        (spark_nlp(white_list=("PER",)), {"PER"}),
        (spark_nlp(has_no_schema=True), {"B-PER", "I-PER", "B-LOC", "I-LOC"}),
        (replace(manifest(), tags=("O", "PER"), scheme="none"), {"PER"}),
    ],
)
def test_labels_are_those_that_the_package_can_give(carried: Manifest, known: set[str]) -> None:
    assert Settings.check(carried, **NONE | {"labels": iter(known)}).labels == frozenset(known)
    with pytest.raises(InputError, match=r"labels\[0\] must be one of"):
        Settings.check(carried, **NONE | {"labels": ["GPE"]})


def test_they_are_arguments_again() -> None:
    chosen = Settings.check(manifest(), threads=2, decoder="argmax", context="sentence", min_score=0.5, labels=["PER"])
    assert Settings.check(manifest(), **chosen.as_arguments()) == chosen


def test_the_command_line_offers_all_of_them() -> None:
    parser = argparse.ArgumentParser()
    options.add_decoding(parser)
    for option, known in (("decoder", DECODERS), ("context", CONTEXTS)):
        for name in (*known, None):
            parsed = parser.parse_args([f"--{option}", name] if name else [])
            assert getattr(parsed, option) == name
        with pytest.raises(SystemExit):
            parser.parse_args([f"--{option}", "crf"])


@pytest.mark.parametrize("score", [1, 0.5, np.float32(0.5), np.float64(0.5)])
def test_a_score_is_any_number(score: float) -> None:
    assert Settings.check(manifest(), **NONE | {"min_score": score}).min_score == float(score)
