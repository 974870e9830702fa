from pathlib import Path

import pytest

from albert_ner_export.texts.corpus import own_corpus, read_corpus, verification_lines
from albert_ner_onnx.errors import ExportError


def test_calibration_and_verification_are_different_texts() -> None:
    assert not set(own_corpus().calibration) & set(verification_lines())


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
        (b"", "expected at least 5 lines with text, better hundreds, found 0"),
        (b"a\nb\n \nc\nd\n", "found 4; write one text per line"),
        (b"a\n\xff\n", "byte 2 is not UTF-8"),
    ],
)
def test_a_text_that_is_unusable_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    with pytest.raises(ExportError, match=message) as error:
        read_corpus(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_text_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="can't be read"):
        read_corpus(tmp_path)
