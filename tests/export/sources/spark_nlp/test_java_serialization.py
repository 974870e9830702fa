import struct
import zipfile
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources.spark_nlp.java_serialization import read_objects, read_pairs
from albert_ner_onnx import ExportError

ARCHIVE = Path(__file__).parents[1] / "fixtures/spark_nlp/v3.4.4_tensorflow.zip"
PATH = PurePath("fields/labels/part-00000")
HEADER = b"SEQ\x06\x21org.apache.hadoop.io.NullWritable\x22org.apache.hadoop.io.BytesWritable"


def part(name: str) -> bytes:
    with zipfile.ZipFile(ARCHIVE) as file:
        return file.read(name)


LABELS = part("fields/labels/part-00000")
VALUE = LABELS[LABELS.index(b"\xac\xed") :]  # the Java stream
SYNC = bytes(range(16))


def sequence_file(*values: bytes, metadata: bytes = b"\0\0\0\0", flags: bytes = b"\0\0", sync: bytes = SYNC) -> bytes:
    """Writes Hadoop's SequenceFile, with a sync mark before each record."""
    records = b"".join(
        struct.pack(">i", -1) + sync + struct.pack(">iii", len(value) + 4, 0, len(value)) + value for value in values
    )
    return HEADER + flags + metadata + SYNC + records


def test_pairs_of_real_parts() -> None:
    labels = [pair for index in (0, 1) for pair in read_pairs(part(f"fields/labels/part-0000{index}"), PATH)]
    assert sorted((number, tag) for tag, number in labels) == [
        *((0, "O"), (1, "B-PER"), (2, "I-PER"), (3, "B-ORG"), (4, "I-ORG")),
        *((5, "B-LOC"), (6, "I-LOC"), (7, "B-MISC"), (8, "I-MISC")),
    ]
    signatures = dict(read_pairs(part("fields/signatures/part-00001"), PATH))
    assert signatures["input_ids"] == "serving_default_input_ids:0"
    assert {type(value) for _, value in labels} == {int}
    assert {type(text) for pair in signatures.items() for text in pair} == {str}


def test_sync_marks_metadata_and_several_records() -> None:
    metadata = b"\0\0\0\1\3key\5value"
    assert read_pairs(sequence_file(VALUE, VALUE, metadata=metadata), PATH) == 2 * read_pairs(LABELS, PATH)
    assert read_pairs(sequence_file(), PATH) == []  # a part may be empty


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "expected 4 bytes at 0, found 0"),
        (LABELS.replace(b"SEQ\6", b"SEQ\5"), "must begin with"),
        (LABELS.replace(b"NullWritable", b"LongWritable"), "records must be of"),
        (sequence_file(VALUE, flags=b"\1\0"), "must not be compressed"),
        (sequence_file(VALUE, flags=b"\1\1"), "must not be compressed"),
        (sequence_file(VALUE, sync=b"x" * 16), "a sync mark differs"),
        (sequence_file(VALUE)[:-1], "expected 267 bytes at 123, found 266"),
        (HEADER + b"\0\0\0\0\0\0" + SYNC + struct.pack(">ii", 2**31 - 1, 0), "expected 2147483647 bytes"),
        (HEADER + b"\0\0\0\0\0\0" + SYNC + struct.pack(">i", -2), "expected "),
        (HEADER + b"\0\0\x7f\xff\xff\xff", "expected "),
        (sequence_file(b"not Java"), "not a file of serialized objects"),
        (sequence_file(b"\xac\xed\0\5t\0\1a"), "must be an array, found"),
        (sequence_file(VALUE[:-3]), "not a file of serialized objects"),
        (sequence_file(b"\xac\xed\0\5" + b"sr\0\1a" + b"\0" * 8 + b"\2\0\1L\0\1b" * 5000), "not a file of serialized"),
    ],
)
def test_damage_is_named(data: bytes, problem: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ExportError) as error:
        read_objects(data, PATH)
    assert str(error.value).startswith(f"{PATH}: ")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert not caplog.records


@given(st.integers(0, len(LABELS) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_pairs_or_one_clear_line(position: int, change: int) -> None:
    data = bytearray(LABELS)
    data[position] ^= change
    try:
        pairs = read_pairs(bytes(data), PATH)
    except ExportError as error:
        message = str(error)
        assert "\n" not in message
    else:
        assert all(isinstance(key, str) and isinstance(value, str | int) for key, value in pairs)
