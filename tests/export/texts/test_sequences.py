from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import toy
from albert_ner_export.texts.sequences import PieceTexts, own_corpus, read_corpus, verification_lengths
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.text.words import split_words

FACTS = describe_tokenizer(toy.tokenizer().encode(), 200)


@pytest.mark.parametrize("maximum", [3, 4, 8, 24, 100, 128, 511, 512, 1024])
def test_lengths_of_the_verification(maximum: int) -> None:
    lengths = verification_lengths(maximum)
    assert len(lengths) >= 200
    assert lengths.count(maximum) >= 2
    assert (min(lengths), max(lengths)) == (1, maximum)
    assert 6000 <= sum(lengths) < 6200


def test_sequences_of_the_verification() -> None:
    sequences = PieceTexts(FACTS, own_corpus()).verification(24)
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
    texts = PieceTexts(FACTS, own_corpus())
    lines = texts._encode(own_corpus().calibration)
    assert len(lines) >= 200
    words = split_words(files("albert_ner_export.texts.sequences").joinpath("calibration.txt").read_text("utf-8"))
    assert sum(int(line.first.sum()) for line in lines) == pytest.approx(len(words), rel=0.01)


def test_the_calibration_reaches_the_maximum_length() -> None:
    sequences = PieceTexts(FACTS, own_corpus()).calibration(24)
    lengths = np.array([len(sequence.ids) for sequence in sequences])
    assert lengths.max() == 24
    assert (lengths == 24).sum() >= 4
    assert lengths.min() >= 3
    assert all(sequence.ids[0] == FACTS.cls_id and sequence.ids[-1] == FACTS.sep_id for sequence in sequences)


def test_calibration_and_verification_are_different_texts() -> None:
    folder = files("albert_ner_export.texts.sequences")
    first, second = (
        set(folder.joinpath(f"{name}.txt").read_text("utf-8").splitlines()) for name in ("calibration", "verification")
    )
    assert not first & second


def test_the_held_out_text_is_read_to_its_end() -> None:
    """Lines longer than a sequence go on in the next one; no word is lost or twice."""
    texts = PieceTexts(FACTS, own_corpus())
    words = [sum(int(part.first.sum()) for part in texts.held_out(maximum)) for maximum in (24, 512)]
    assert words[0] == words[1] > 9_000
    assert max(len(part.ids) for part in texts.held_out(24)) == 24


@pytest.mark.parametrize(("lines", "calibration", "held_out"), [(5, 4, 1), (9, 8, 1), (10, 8, 2), (101, 81, 20)])
def test_every_fifth_line_of_a_users_text_is_held_out(
    tmp_path: Path, lines: int, calibration: int, held_out: int
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(f"Zeile {number} ü" for number in range(1, lines + 1)).encode())
    corpus = read_corpus(path)
    assert (corpus.name, len(corpus.calibration), len(corpus.held_out)) == ("text.txt", calibration, held_out)
    assert corpus.held_out[0] == "Zeile 5 ü"
    assert corpus.calibration[:5] == [f"Zeile {number} ü" for number in (1, 2, 3, 4, 6)][: len(corpus.calibration)]
    assert not set(corpus.held_out) & set(corpus.calibration)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 lines with text, expected 5 or more"),
        (b"a\nb\n \nc\nd\n", "4 lines with text, expected 5 or more"),
        (b"a\n\xff\n", "byte 2 is not UTF-8"),
    ],
)
def test_a_text_that_does_not_do_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    with pytest.raises(ExportError, match=message) as error:
        read_corpus(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_text_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="can't be read"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("lines", [["\u200b"] * 10, ["\u200b"] * 4 + ["John"], ["John"] * 4 + ["\u200b"]])
def test_lines_without_a_piece_are_no_text(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines))
    texts = PieceTexts(FACTS, read_corpus(path))
    with pytest.raises(ExportError, match=r"text\.txt: the tokenizer makes no piece of its lines"):
        texts.calibration(24), texts.held_out(24)
