import json
from typing import Any

import pytest
from tokenizers import Tokenizer

import toy
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError

PIECES = len(toy.vocabulary())


def changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(toy.tokenizer()) | changes).encode()


@pytest.mark.parametrize("lower_case", [True, False])
def test_what_is_read(lower_case: bool) -> None:
    facts = describe_tokenizer(toy.tokenizer(lower_case).encode(), PIECES)
    assert (facts.cls_id, facts.sep_id, facts.lower_case) == (2, 3, lower_case)


def test_settings_of_training_are_removed() -> None:
    tokenizer = Tokenizer.from_str(toy.tokenizer())
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=8)
    facts = describe_tokenizer(tokenizer.to_str().encode(), PIECES)
    assert facts == describe_tokenizer(toy.tokenizer().encode(), PIECES)
    assert len(Tokenizer.from_str(facts.data.decode()).encode("in in in in in in").ids) == 8


@pytest.mark.parametrize(
    ("data", "vocab_size", "message"),
    [
        (b"", PIECES, "can't be read"),
        (b"[]", PIECES, "can't be read"),
        (b"{}", PIECES, "can't be read"),
        (b"\xff", PIECES, "can't be read"),
        (
            toy.tokenizer().encode(),
            PIECES - 1,
            f"piece {PIECES - 1} is outside of the model's vocab_size of {PIECES - 1}",
        ),
        (
            changed(post_processor=None),
            PIECES,
            "its post_processor must put one piece before a sequence and one after it",
        ),
    ],
)
def test_what_does_not_fit_is_refused(data: bytes, vocab_size: int, message: str) -> None:
    with pytest.raises(ExportError, match=r"tokenizer\.json: ") as error:
        describe_tokenizer(data, vocab_size)
    assert message in str(error.value)
