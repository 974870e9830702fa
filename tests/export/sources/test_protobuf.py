import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from albert_ner_export.sources.protobuf import fields


@given(st.lists(st.integers(0, 2**63 - 1), max_size=3), st.text(max_size=200), st.binary(max_size=300))
def test_fields_are_as_protobuf_wrote_them(dims: list[int], name: str, raw: bytes) -> None:
    message = TensorProto(name=name, raw_data=raw, data_type=7)
    message.dims.extend(dims)
    found = list(fields(message.SerializeToString()))
    numbers = {field.name: field.number for field in TensorProto.DESCRIPTOR.fields}
    assert [value for number, value in found if number == numbers["dims"]] == dims
    assert dict(found)[numbers["data_type"]] == 7
    assert dict(found)[numbers["name"]] == name.encode()
    assert dict(found)[numbers["raw_data"]] == raw


def test_numbers_of_a_fixed_width_are_bytes() -> None:
    assert list(fields(b"\x0d\1\2\3\4\x11\1\2\3\4\5\6\7\x08")) == [(1, b"\1\2\3\4"), (2, b"\1\2\3\4\5\6\7\x08")]


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x0a\5abc", b"\x0d\0\0", b"\x0b", b"\xff" * 11, b"\x0a" + b"\xff" * 9 + b"\1"]
)
def test_what_is_no_message_raises(data: bytes) -> None:
    with pytest.raises((IndexError, ValueError)):
        list(fields(data))


@given(st.binary(max_size=64))
def test_fields_of_any_bytes_end(data: bytes) -> None:
    try:
        found = list(fields(data))
    except (IndexError, ValueError):
        return
    assert sum(len(value) if isinstance(value, bytes) else 1 for _, value in found) <= len(data)
