"""Archives of one model that Spark NLP 3.4.4 and 5.5.3 saved, and functions that change them."""

import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.sources.spark_nlp.archive import read_spark_nlp

Files = Mapping[str, bytes]

FIXTURES = Path(__file__).parent / "export/sources/fixtures/spark_nlp"
TENSORFLOW, PIPELINE = FIXTURES / "v3.4.4_tensorflow.zip", FIXTURES / "v5.5.3_pipeline_onnx.zip"
TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
ASSEMBLER = "stages/0_DocumentAssembler_8dbdbfbc42ee/"
TOKENIZER = "stages/1_REGEX_TOKENIZER_b8f93cd0e445/"
CLASSIFIER = "stages/2_AlbertForTokenClassification_291750557efd/"
CONVERTER = "stages/3_NerConverter_7ab92ac444b0/"
METADATA, MODEL = "metadata/part-00000", "albert_classification_tensorflow"


def unzip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {info.filename: file.read(info) for info in file.infolist() if not info.is_dir()}


def rezip(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return stream.getvalue()


@cache
def members(path: Path) -> Files:
    return unzip(path.read_bytes())


def write_zip(folder: Path, changed: Files) -> Path:
    path = folder / "changed.zip"
    path.write_bytes(rezip(changed))
    return path


def with_parameter(source: Files, folder: str, name: str, value: Any) -> Files:
    metadata = json.loads(source[f"{folder}{METADATA}"])
    metadata["paramMap"][name] = value
    return {**source, f"{folder}{METADATA}": json.dumps(metadata).encode()}


def read_archive(path: Path, **options: Any) -> Checkpoint:
    return read_spark_nlp(path, SourceOptions(warn=pytest.fail, **options))


@cache
def checkpoint(path: Path) -> Checkpoint:
    return read_archive(path)
