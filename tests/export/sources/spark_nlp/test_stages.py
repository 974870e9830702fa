import json
from collections.abc import Callable
from pathlib import Path

import pytest

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.spark_nlp.archive import read_spark_nlp
from albert_ner_onnx import ExportError
from spark_nlp_archives import (
    ASSEMBLER,
    CLASSIFIER,
    CONVERTER,
    METADATA,
    PIPELINE,
    TOKENIZER,
    Files,
    members,
    read_archive,
    with_parameter,
    write_zip,
)


def extra_stage(kind: str) -> Files:
    metadata = json.loads(members(PIPELINE)[METADATA])
    metadata["paramMap"]["stageUids"].append("extra_1")
    stage = {"class": kind, "uid": "extra_1", "paramMap": {}}
    return {
        **members(PIPELINE),
        METADATA: json.dumps(metadata).encode(),
        f"stages/4_extra_1/{METADATA}": json.dumps(stage).encode(),
    }


def other_rules() -> Files:
    name = f"{TOKENIZER}fields/rules/part-00001"
    return {**members(PIPELINE), name: members(PIPELINE)[name].replace(b'*-()"', b'*_()"')}


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (
            lambda: with_parameter(members(PIPELINE), TOKENIZER, "minLength", 2),
            "REGEX_TOKENIZER_b8f93cd0e445 has minLength = 2",
        ),
        (lambda: with_parameter(members(PIPELINE), TOKENIZER, "exceptions", ["New York"]), 'exceptions = ["New York"]'),
        (lambda: with_parameter(members(PIPELINE), TOKENIZER, "splitChars", ["-"]), 'splitChars = ["-"]'),
        (other_rules, "b8f93cd0e445 has the rules"),
        (lambda: with_parameter(members(PIPELINE), CONVERTER, "threshold", 0.5), "threshold = 0.5"),
        (lambda: with_parameter(members(PIPELINE), ASSEMBLER, "cleanupMode", "shrink"), 'cleanupMode = "shrink"'),
        (lambda: with_parameter(members(PIPELINE), CLASSIFIER, "novelty", 1), "novelty = 1"),
        (lambda: extra_stage("com.johnsnowlabs.nlp.annotators.sbd.pragmatic.SentenceDetector"), "the stage extra_1"),
        (lambda: extra_stage("com.johnsnowlabs.nlp.annotators.ner.NerConverter"), "the stage extra_1"),
    ],
)
def test_what_an_export_loses_is_named(tmp_path: Path, make: Callable[[], Files], named: str) -> None:
    path = write_zip(tmp_path, make())
    lines: list[str] = []
    read_spark_nlp(path, SourceOptions(warn=lines.append))
    assert len(lines) == 1
    assert named in lines[0]
    with pytest.raises(ExportError) as error:
        read_spark_nlp(path, SourceOptions(exact_spark_nlp=True, warn=pytest.fail))
    assert lines[0] in str(error.value)


def test_an_empty_list_of_exceptions_loses_nothing(tmp_path: Path) -> None:
    read_archive(
        write_zip(tmp_path, with_parameter(members(PIPELINE), TOKENIZER, "exceptions", [])), exact_spark_nlp=True
    )
