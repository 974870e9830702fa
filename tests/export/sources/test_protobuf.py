import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto

from albert_ner_export.sources.protobuf import Message, read_varint


@given(st.lists(st.integers(0, 2**63 - 1), max_size=3), st.text(max_size=200), st.binary(max_size=300))
def test_fields_are_as_protobuf_wrote_them(dims: list[int], name: str, raw: bytes) -> None:
    written = TensorProto(name=name, raw_data=raw, data_type=7)
    written.dims.extend(dims)
    message = Message(written.SerializeToString())
    numbers = {field.name: field.number for field in TensorProto.DESCRIPTOR.fields}
    assert message.integers(numbers["dims"]) == dims
    assert message.integer(numbers["data_type"]) == 7
    assert message.text(numbers["name"]) == name
    assert message.content(numbers["raw_data"]) == raw


@given(st.lists(st.integers(0, 2**31 - 1), max_size=5))
def test_packed_numbers_are_read_like_others(values: list[int]) -> None:
    written = TensorProto(int32_data=values)  # packed, by its schema
    assert Message(written.SerializeToString()).integers(TensorProto.INT32_DATA_FIELD_NUMBER) == values


@given(st.floats(width=32, allow_nan=False))
def test_floats(value: float) -> None:
    written = AttributeProto(f=value)
    assert Message(written.SerializeToString()).floating(AttributeProto.F_FIELD_NUMBER) == value


def test_embedded_messages() -> None:
    written = GraphProto(node=[NodeProto(op_type="Add"), NodeProto(op_type="Erf")])
    message = Message(written.SerializeToString())
    assert [node.text(NodeProto.OP_TYPE_FIELD_NUMBER) for node in message.messages(1)] == ["Add", "Erf"]
    assert message.message(1).text(NodeProto.OP_TYPE_FIELD_NUMBER) == "Erf"


def test_what_is_missing_has_the_default() -> None:
    message = Message(b"")
    assert (message.integer(1), message.integer(1, 5), message.integers(1)) == (0, 5, [])
    assert (message.floating(1), message.content(1), message.contents(1), message.text(1)) == (0.0, b"", [], "")
    assert message.message(1).text(1) == ""
    assert message.messages(1) == []


def test_numbers_of_a_fixed_width_are_bytes() -> None:
    message = Message(b"\x0d\1\2\3\4\x11\1\2\3\4\5\6\7\x08")
    assert message.content(1) == b"\1\2\3\4"
    assert message.content(2) == b"\1\2\3\4\5\6\7\x08"


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x0a\5abc", b"\x0d\0\0", b"\x0b", b"\xff" * 11, b"\x0a" + b"\xff" * 9 + b"\1"]
)
def test_what_is_not_a_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="byte"):
        Message(data)


def test_a_field_of_another_type_is_refused() -> None:
    message = Message(b"\x08\1\x12\1a\x12\2\xff\xff")  # 1: a number, 2: two strings
    for read in (lambda: message.content(1), lambda: message.floating(1), lambda: message.messages(1)):
        with pytest.raises(ValueError, match="field 1 must be of type bytes"):
            read()
    with pytest.raises(ValueError, match="field 2 must be of type int"):
        message.integer(2)
    with pytest.raises(ValueError, match="field 2 must be a float of 4 bytes, found 2 bytes"):
        message.floating(2)
    with pytest.raises(ValueError, match="utf-8"):
        message.text(2)


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        message = Message(data)
    except ValueError:
        return
    assert sum(len(value) if isinstance(value, bytes) else 1 for _, value in message._fields) <= len(data)


@given(st.integers(0, 2**64 - 1))
def test_varints(value: int) -> None:
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    data = bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
    assert read_varint(b"\0" + data, 1) == (value, 1 + len(data))
    with pytest.raises(ValueError, match="no complete number at byte 0"):
        read_varint(data[:-1], 0)
