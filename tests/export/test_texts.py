from importlib.resources import files

import numpy as np
import pytest

import toy
from albert_ner_export.texts import PieceTexts, verification_lengths
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx.words import split_words

FACTS = describe_tokenizer(toy.tokenizer().encode(), 200)


@pytest.mark.parametrize("maximum", [3, 4, 8, 24, 100, 128, 511, 512, 1024])
def test_lengths_of_the_verification(maximum: int) -> None:
    lengths = verification_lengths(maximum)
    assert len(lengths) >= 200
    assert lengths.count(maximum) >= 2
    assert (min(lengths), max(lengths)) == (1, maximum)
    assert 6000 <= sum(lengths) < 6200


def test_sequences_of_the_verification() -> None:
    sequences = PieceTexts(FACTS).verification(24)
    assert [len(sequence.ids) for sequence in sequences] == list(verification_lengths(24))
    for sequence in sequences:
        assert sequence.ids[0] == FACTS.cls_id
        assert len(sequence.ids) == 1 or sequence.ids[-1] == FACTS.sep_id
        assert FACTS.sep_id not in sequence.ids[:-1]
        assert len(sequence.first) == len(sequence.ids)
        assert not sequence.first[[0, -1]].any()
    assert len({sequence.ids.tobytes() for sequence in sequences if len(sequence.ids) > 9}) > 100


def test_first_pieces_are_the_words() -> None:
    """No special piece, and as many as there are words that the tokenizer knows anything of."""
    texts = PieceTexts(FACTS)
    lines = texts._lines("calibration.txt")
    assert len(lines) >= 200
    words = split_words(files("albert_ner_export.texts").joinpath("calibration.txt").read_text("utf-8"))
    assert sum(int(line.first.sum()) for line in lines) == pytest.approx(len(words), rel=0.01)


def test_the_calibration_reaches_the_maximum_length() -> None:
    sequences = PieceTexts(FACTS).calibration(24)
    lengths = np.array([len(sequence.ids) for sequence in sequences])
    assert lengths.max() == 24
    assert (lengths == 24).sum() > 100
    assert lengths.min() >= 3
    assert all(sequence.ids[0] == FACTS.cls_id and sequence.ids[-1] == FACTS.sep_id for sequence in sequences)


def test_calibration_and_verification_are_different_texts() -> None:
    folder = files("albert_ner_export.texts")
    first, second = (
        set(folder.joinpath(f"{name}.txt").read_text("utf-8").splitlines()) for name in ("calibration", "verification")
    )
    assert not first & second
