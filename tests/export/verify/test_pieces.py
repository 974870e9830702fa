"""The gate of pieces, with transformers' answers made up; test_pipeline.py asks transformers itself."""

from typing import Any

import pytest

import toy
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_export.verify.pieces import Sample, TokenizerAnswer, check_pieces, choose_sample
from albert_ner_onnx import ExportError
from albert_ner_onnx.rules import CONLL

FACTS = describe_tokenizer(toy.tokenizer().encode(), len(toy.vocabulary()))
READ = CONLL.open_own_tokenizer(FACTS.data, 1000)
SAMPLE = Sample(["john", "Berlin", "[SEP]"], [["john", "lives", "in", "berlin"], ["[PAD]", "john"]])


def ids(*words: str) -> list[int]:
    return [int(piece) for piece in READ(words).ids]


def answer(**changes: Any) -> TokenizerAnswer:
    """What a class that agrees would answer: like ours, except that it takes `[SEP]` and `[PAD]` for pieces."""
    reading = {
        "name": "ATokenizer",
        "structural": ["[SEP]"],
        "added": ["[SEP]"],
        "added_ids": [[3]],
        "words": [ids("john"), ids("berlin"), [3]],
        "sentences": [ids("john", "lives", "in", "berlin"), [0, *ids("john")]],
        "empty": [2, 3],
        **changes,
    }
    return TokenizerAnswer.from_dict({"version": "9", "readings": [reading], "fault": None}, SAMPLE)


def check(given: TokenizerAnswer | None, **options: Any) -> tuple[str, str | None]:
    return check_pieces(given, FACTS, READ, place="toy", **options)


def test_the_sample_has_enough_words_and_sentences_in_the_script_of_the_vocabulary() -> None:
    texts = [["one", "text"], ["with", "few", "words"], []]
    sample = choose_sample(texts, FACTS)
    assert len(sample.words) >= 500
    assert len(sample.sentences) == 50
    assert sample.sentences[:2] == texts[:2]
    assert {"one", "words", "Zürich", "東京"} <= set(sample.words)
    unknown = READ(["\u2603"]).ids[0]
    known = [word for word in sample.words if word.isascii() and unknown not in READ([word]).ids]
    assert len(known) > 400
    assert sample == choose_sample(texts, FACTS)


def test_long_texts_give_an_even_choice() -> None:
    texts = [[f"{text}-{word}" for word in range(500)] for text in range(100)]
    sample = choose_sample(texts, FACTS)
    assert [words[0] for words in sample.sentences[:3]] == ["0-0", "4-0", "8-0"]
    assert max(map(len, sample.sentences)) <= 60
    assert 500 <= len(sample.words) <= 700


def test_equal_pieces_pass_and_what_users_may_write_is_not_compared() -> None:
    assert check(answer()) == ("ATokenizer of transformers 9: 4 words, 2 sentences", None)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"words": [ids("john"), [1], [3]]}, "reads 'Berlin' as [1], ours as [10]"),
        ({"sentences": [[7, 7], [0]]}, "reads 'john lives in berlin' as [7, 7], ours as [12, 16, 6, 10]"),
        ({"added": ["<e1>"], "added_ids": [[90]]}, "reads '<e1>' as [90], ours as "),
        ({"empty": [3, 2]}, "puts [3, 2] around a text, ours [2, 3]"),
    ],
)
def test_other_pieces_are_refused_unless_ours_are_trusted(change: dict[str, Any], difference: str) -> None:
    difference = difference.replace("[10]", str(ids("berlin")))
    difference = difference.replace("[12, 16, 6, 10]", str(ids("john", "lives", "in", "berlin")))
    with pytest.raises(ExportError) as error:
        check(answer(**change))
    assert f"toy: ATokenizer of transformers 9 {difference}" in str(error.value)
    assert str(error.value).endswith("give --trust-tokenizer ours")
    text, warning = check(answer(**change), trusted=True)
    assert text.startswith(f"trusted: ours, although ATokenizer of transformers 9 {difference}")
    assert warning is None
    text, warning = check(answer(**change), replaced=["--case-sensitive"])
    assert text.startswith(f"pieces unverified: with --case-sensitive, ATokenizer of transformers 9 {difference}")
    assert warning == f"toy: {text}"


def test_a_second_class_may_agree() -> None:
    first, second = answer(empty=[9]), answer(name="SlowTokenizer")
    both = TokenizerAnswer("9", first.readings + second.readings, None)
    assert check(both)[0].startswith("SlowTokenizer of transformers 9: ")


def test_without_a_class_the_pieces_are_unverified() -> None:
    assert check(None) == ("pieces unverified: transformers has no tokenizer for this source", None)
    text, warning = check(TokenizerAnswer("9", (), "no file"))
    assert text == "pieces unverified: transformers 9 can't open the tokenizer (no file)"
    assert warning == f"toy: {text}"


def test_many_pieces_are_shortened_in_the_message() -> None:
    with pytest.raises(ExportError, match=r"7, 7, …\], ours as"):
        check(answer(words=[[7] * 99, [1], [3]]))
