"""Archives of one model that Spark NLP 3.4.4 and 5.5.3 saved are read; others are refused."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.sources.spark_nlp.archive import is_spark_nlp, read_spark_nlp
from albert_ner_onnx import ExportError, load
from albert_ner_onnx.model.manifest import SparkNlpSettings
from spark_nlp_archives import (
    CLASSIFIER,
    CONVERTER,
    METADATA,
    MODEL,
    PIPELINE,
    TAGS,
    TENSORFLOW,
    TOKENIZER,
    Files,
    checkpoint,
    members,
    read_archive,
    rezip,
    unzip,
    with_parameter,
    write_zip,
)

ONNX = f"{CLASSIFIER}albert_classification_onnx"
SPARK_NLP = SparkNlpSettings(exact=False, masked_piece=None, white_list=None, has_no_schema=False)


def test_both_engines_give_the_same_model() -> None:
    tensorflow, onnx = checkpoint(TENSORFLOW), checkpoint(PIPELINE)
    assert tensorflow.config == onnx.config
    assert tensorflow.config.tags == TAGS
    assert tensorflow.tensors.keys() == onnx.tensors.keys()
    for name, tensor in tensorflow.tensors.items():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, onnx.tensors[name])
    shapes = {name: tensor.shape for name, tensor in toy.tensors(onnx.config.to_dict()).items()}
    assert {name: tensor.shape for name, tensor in onnx.tensors.items() if "pooler" not in name} == shapes
    assert tensorflow.tokenizer == onnx.tokenizer
    assert tensorflow.spark_nlp == onnx.spark_nlp == SPARK_NLP
    for found, name in ((tensorflow, "v3.4.4_tensorflow"), (onnx, "v5.5.3_pipeline_onnx")):
        assert (found.name, found.max_pieces, found.folder) == (name, 128, None)
        assert (found.word_splitter, found.piece_rule) == ("spark-nlp", "spark-nlp")


def test_the_unknown_piece_is_masked_only_where_tensorflows_faults_are_kept() -> None:
    for path, masked_piece in ((TENSORFLOW, 1), (PIPELINE, None)):
        exact = read_archive(path, exact_spark_nlp=True)
        assert exact.spark_nlp == replace(SPARK_NLP, exact=True, masked_piece=masked_piece)


def test_checksums_are_of_what_was_read() -> None:
    found = checkpoint(PIPELINE).sha256
    assert {METADATA, f"{CLASSIFIER}albert_spp", f"{CLASSIFIER}albert_classification_onnx"} < found.keys()
    for name, sha256 in found.items():
        assert sha256 == hashlib.sha256(members(PIPELINE)[name]).hexdigest()


@pytest.mark.parametrize("layout", ["folder", "zip", "zip of the folder"])
def test_layouts(tmp_path: Path, layout: str) -> None:
    stage = {
        name.removeprefix(CLASSIFIER): data for name, data in members(PIPELINE).items() if name.startswith(CLASSIFIER)
    }
    if layout == "folder":
        path = tmp_path / "saved"
        for name, data in stage.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    else:
        top = "saved/" if layout == "zip of the folder" else ""
        path = write_zip(tmp_path, {f"{top}{name}": data for name, data in stage.items()})
    assert is_spark_nlp(path)
    found = read_archive(path)
    assert found.config == checkpoint(PIPELINE).config
    assert found.tokenizer == checkpoint(PIPELINE).tokenizer
    np.testing.assert_array_equal(found.tensors["classifier.weight"], checkpoint(PIPELINE).tensors["classifier.weight"])


def test_case_and_length_are_the_archives_unless_told_otherwise(tmp_path: Path) -> None:
    lower = checkpoint(PIPELINE).tokenizer
    other = with_parameter(members(PIPELINE), CLASSIFIER, "maxSentenceLength", 64)
    other = with_parameter(other, CLASSIFIER, "caseSensitive", True)
    path = write_zip(tmp_path, other)
    cased = read_archive(path)
    assert (cased.max_pieces, cased.tokenizer) == (64, read_archive(PIPELINE, case_sensitive=True).tokenizer)
    assert cased.tokenizer != lower
    told = read_archive(path, case_sensitive=False, max_sentence_length=512, labels=tuple(reversed(TAGS)))
    assert (told.max_pieces, told.tokenizer, told.config.tags) == (512, lower, tuple(reversed(TAGS)))


def test_what_a_ner_converter_keeps_is_carried_over(tmp_path: Path) -> None:
    changed = with_parameter(members(PIPELINE), CONVERTER, "whiteList", ["PER", "LOC"])
    changed = with_parameter(changed, CONVERTER, "preservePosition", False)
    path = write_zip(tmp_path, with_parameter(changed, CONVERTER, "nerHasNoSchema", True))
    assert read_archive(path, exact_spark_nlp=True).spark_nlp == SparkNlpSettings(
        exact=True, masked_piece=None, white_list=("PER", "LOC"), has_no_schema=True, preserve_position=False
    )


@pytest.mark.parametrize("preserved", [True, False])
def test_what_it_keeps_of_positions_reaches_the_chunks(tmp_path: Path, preserved: bool) -> None:
    """Without positions a chunk's text is its first word."""
    path = write_zip(tmp_path, with_parameter(members(PIPELINE), CONVERTER, "preservePosition", preserved))
    export_model(path, tmp_path / "out", ExportOptions(precision="fp32", exact_spark_nlp=True))
    text = "Angela Merkel flew from New York to the United Nations in Geneva with John Smith ."
    document = load(tmp_path / "out").analyze(text)
    chunks = document.as_spark_nlp()["chunk"]
    whole = [text[chunk["begin"] : chunk["end"] + 1] for chunk in chunks]
    assert any(" " in words for words in whole)
    firsts = [words.split()[0] for words in whole]
    assert [chunk["result"] for chunk in chunks] == (whole if preserved else firsts)


@pytest.mark.parametrize("name", ["nerHasNoSchema", "preservePosition"])
def test_a_setting_of_another_type_is_refused(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path, with_parameter(members(PIPELINE), CONVERTER, name, 1))
    with pytest.raises(ExportError, match=f"{name} of NerConverter_7ab92ac444b0 must be bool, found '1'"):
        read_archive(path)


# --- Detection and damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({METADATA: b""}, True),
        ({f"saved/{METADATA}": b""}, True),
        ({f"a/b/{METADATA}": b""}, False),
        ({"archive/data.pkl": b""}, False),
        ({}, False),
    ],
)
def test_detection(tmp_path: Path, content: Files, expected: bool) -> None:
    assert is_spark_nlp(write_zip(tmp_path, content)) == expected


def test_detection_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"PK\3\4")
    assert [is_spark_nlp(path) for path in (tmp_path, tmp_path / "file", tmp_path / "none")] == [False] * 3


def inner(change: Mapping[str, bytes | None]) -> Files:
    """Changes files of the model in the TensorFlow archive; `None` removes one."""
    model = {**unzip(members(TENSORFLOW)[MODEL]), **change}
    return {**members(TENSORFLOW), MODEL: rezip({name: data for name, data in model.items() if data is not None})}


def without(source: Files, *names: str) -> Files:
    return {name: data for name, data in source.items() if name not in names}


def changed(name: str, data: bytes, source: Path = TENSORFLOW) -> Callable[[], Files]:
    return lambda: {**members(source), name: data}


LABELS = "fields/labels/part-00000"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: {"other": b""}, "changed.zip: no metadata/part-00000 in it"),
        (changed(METADATA, b""), "metadata: must be a JSON object with class, uid and paramMap"),
        (changed(METADATA, b"[" * 100_000), "metadata: must be a JSON object with class, uid and paramMap"),
        (changed(METADATA, b'{"class": 1, "uid": 2, "paramMap": {}}'), "class and uid must be strings"),
        (
            changed(METADATA, b'{"class": "x.BertForTokenClassification", "uid": "u", "paramMap": {}}'),
            "must hold one AlbertForTokenClassification, found 0 among the stages BertForTokenClassification",
        ),
        (lambda: with_parameter(members(TENSORFLOW), "", "caseSensitive", "no"), "caseSensitive of AlbertForTokenC"),
        (
            lambda: with_parameter(members(TENSORFLOW), "", "maxSentenceLength", 1.5),
            "maxSentenceLength of AlbertForTokenC",
        ),
        (
            lambda: with_parameter(members(PIPELINE), CONVERTER, "whiteList", "PER"),
            "whiteList of NerConverter_7ab92ac444b0",
        ),
        (lambda: with_parameter(members(PIPELINE), "", "stageUids", None), "a pipeline must have stageUids"),
        (lambda: with_parameter(members(PIPELINE), "", "stageUids", ["gone"]), "stages: stage gone is missing"),
        (
            lambda: without(members(TENSORFLOW), LABELS, "fields/labels/part-00001"),
            "fields/labels: must number the tags",
        ),
        (lambda: without(members(TENSORFLOW), LABELS), "fields/labels: must number the tags from 0 on"),
        (changed(LABELS, b""), "part-00000: not a file of serialized objects"),
        (changed(LABELS, b"SEQ\4" + b"x" * 99), "must begin with b'SEQ"),
        (changed(LABELS, members(TENSORFLOW)[LABELS][:-9]), "part-00000: not a file of serialized objects"),
        (changed(LABELS, members(TENSORFLOW)["fields/signatures/part-00000"]), "fields/labels: must number the tags"),
        (
            changed(LABELS, members(PIPELINE)[f"{TOKENIZER}fields/rules/part-00001"]),
            "must hold pairs of a string and a number",
        ),
        (lambda: without(members(TENSORFLOW), "albert_spp"), "albert_spp: missing"),
        (changed("albert_spp", b"\0" * 99), "albert_spp: not a SentencePiece model"),
        (lambda: without(members(TENSORFLOW), MODEL), "must have one of albert_classification_tensorflow"),
        (
            lambda: {**without(members(TENSORFLOW), MODEL), "albert_classification_openvino": b""},
            "changed.zip: saved for the engine openvino, whose format isn't read; export the model that it was made",
        ),
        (
            lambda: {**without(members(TENSORFLOW), MODEL), "albert_classification_torch": b""},
            "found albert_classification_torch; save the model with one of these engines",
        ),
        (changed(MODEL, b""), "albert_classification_tensorflow: not a zip, or a damaged one"),
        (lambda: inner({"../saved_model.pb": b""}), "leads out of the zip"),
        (lambda: inner({"saved_model.pb": None}), "saved_model.pb: missing"),
        (lambda: inner({"saved_model.pb": b"\x0a\xff"}), "saved_model.pb: not a TensorFlow graph"),
        (lambda: inner({"saved_model.pb": b""}), "its graph doesn't say how many layers and heads it has"),
        (lambda: inner({"variables.index": None}), "variables.index: missing"),
        (lambda: inner({"variables.index": b"x" * 999}), "variables.index: not the index of a TensorFlow checkpoint"),
        (lambda: inner({"variables.data-00000-of-00001": b""}), "variables.data-00000-of-00001: has 0 bytes"),
        (
            lambda: {
                **members(PIPELINE),
                f"{CLASSIFIER}albert_classification_onnx": rezip({"a.onnx": b"", "b.onnx": b""}),
            },
            "must hold a single file .onnx, found a.onnx, b.onnx",
        ),
        (
            lambda: {**members(PIPELINE), f"{CLASSIFIER}albert_classification_onnx": rezip({"a.onnx": b"x" * 99})},
            "albert_classification_onnx/a.onnx: ",
        ),
    ],
)
def test_damage_is_named(tmp_path: Path, make: Callable[[], Files], message: str) -> None:
    path = write_zip(tmp_path, make())
    with pytest.raises(ExportError) as error:
        read_spark_nlp(path, SourceOptions(warn=pytest.fail))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == [path]


def with_external_data(location: str) -> tuple[bytes, bytes]:
    """Moves the weights of the ONNX archive's network into another file; returns both files."""
    model = onnx.load_model_from_string(unzip(members(PIPELINE)[ONNX])["model.onnx"])
    content = b""
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > 64:
            where = {"location": location, "offset": str(len(content)), "length": str(len(tensor.raw_data))}
            content += tensor.raw_data
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.extend(
                onnx.StringStringEntryProto(key=key, value=value) for key, value in where.items()
            )
    return model.SerializeToString(), content


@pytest.mark.parametrize("place", ["in the zip", "beside the zip", "beside the zip, named after it"])
def test_weights_outside_of_the_onnx_file_are_read(tmp_path: Path, place: str) -> None:
    model, data = with_external_data("model.onnx_data")
    network = {"model.onnx": model} | ({"model.onnx_data": data} if place == "in the zip" else {})
    outer = {"beside the zip": f"{CLASSIFIER}model.onnx_data", "beside the zip, named after it": f"{ONNX}.onnx_data"}
    beside = {outer[place]: data} if place in outer else {}
    path = write_zip(tmp_path, {**members(PIPELINE), ONNX: rezip(network), **beside})
    found, expected = read_archive(path), checkpoint(PIPELINE)
    assert found.config == expected.config
    for name, tensor in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)
    assert set(beside) <= found.sha256.keys()
    assert found.source_model is not None
    assert isinstance(found.source_model.model, bytes)
    assert len(found.source_model.model) > len(data)  # ONNX Runtime can run it as it is


def test_weights_that_the_archive_lacks_are_named_and_can_be_put_there(tmp_path: Path) -> None:
    model, data = with_external_data("model.onnx_data")
    files = {**members(PIPELINE), ONNX: rezip({"model.onnx": model})}
    with pytest.raises(
        ExportError, match=r"'model\.onnx_data', which isn't in the archive; put that file beside .*_onnx$"
    ):
        read_archive(write_zip(tmp_path, files))
    assert read_archive(write_zip(tmp_path, {**files, f"{CLASSIFIER}model.onnx_data": data})).tensors
    with pytest.raises(ExportError, match="is outside of the 10 bytes of 'model"):
        read_archive(write_zip(tmp_path, {**files, f"{CLASSIFIER}model.onnx_data": data[:10]}))


def test_a_label_that_spark_nlp_makes_entities_of_is_not_ignored_exactly(tmp_path: Path) -> None:
    labels = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "X", "[PAD]")
    with pytest.raises(ExportError, match="X is ignored, but Spark NLP makes entities of it; export without --exact"):
        read_archive(PIPELINE, labels=labels, exact_spark_nlp=True)
    assert read_archive(PIPELINE, labels=labels).config.ignored_labels == ("X", "[PAD]")


def test_other_tags_than_logits_are_named() -> None:
    with pytest.raises(
        ExportError, match=r"tensorflow\.zip: has 3 tags for 9 logits; give the tag of each logit with --tags-file FILE"
    ):
        read_archive(TENSORFLOW, labels=("O", "B-PER", "I-PER"))


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"none\.zip: can't be read"):
        read_archive(tmp_path / "none.zip")
