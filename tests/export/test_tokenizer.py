import json
from typing import Any

import pytest
from tokenizers import Tokenizer

import toy
from albert_ner_export.tokenizer import MAX_UNUSED, describe_tokenizer
from albert_ner_onnx import ExportError

PIECES = len(toy.vocabulary())
ADDED = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


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


def test_rows_that_padding_explains_are_accepted() -> None:
    assert describe_tokenizer(toy.tokenizer().encode(), PIECES + PIECES // 8).cls_id == 2
    large = changed(model=vocabulary(30_000))
    assert describe_tokenizer(large, 30_000 + MAX_UNUSED).cls_id == 2


@pytest.mark.parametrize(("pieces", "rows"), [(30_000, 30_128), (15_000, 30_000), (PIECES // 2, PIECES)])
def test_a_vocabulary_that_is_cut_is_refused(pieces: int, rows: int) -> None:
    data = changed(model=vocabulary(pieces))
    with pytest.raises(ExportError) as error:
        describe_tokenizer(data, rows)
    message = (
        f"tokenizer.json: {rows - pieces} of the model's {rows} embeddings have no piece, more than padding explains"
    )
    assert str(error.value).startswith(message)
    assert "--trust-tokenizer ours" in str(error.value)
    assert describe_tokenizer(data, rows, trusted=True).cls_id == 2


def vocabulary(size: int) -> dict[str, Any]:
    pieces = [*toy.vocabulary()[:size], *(f"piece{index}" for index in range(size - PIECES))]
    model: dict[str, Any] = json.loads(toy.tokenizer())["model"]
    return model | {"vocab": {piece: index for index, piece in enumerate(pieces)}}


def test_special_pieces_at_one_side_are_refused() -> None:
    after = json.loads(toy.tokenizer())["post_processor"]
    after["single"] = [after["single"][index] for index in (1, 2, 0)]  # as XLNet has them
    with pytest.raises(ExportError, match="must put one piece before a sequence and one after it"):
        describe_tokenizer(changed(post_processor=after), PIECES)


def test_markers_are_tokens_that_the_splitter_would_part() -> None:
    contents = ("[USER]", "</e1>", "cat", "covid-19", "$", "--", "<a b>", "[MASK]", "#tag", "@@X@@")
    tokens = [
        {"id": PIECES + index, "content": content, "special": content == "[MASK]"} | ADDED
        for index, content in enumerate(contents)
    ]
    before = json.loads(toy.tokenizer())["added_tokens"]
    known = [token for token in tokens if token["content"] != "[MASK]"]
    for index, token in enumerate(known):
        token["id"] = PIECES + index
    facts = describe_tokenizer(changed(added_tokens=[*before, *known]), PIECES + len(known))
    assert facts.markers == ("[USER]", "</e1>", "@@X@@")
