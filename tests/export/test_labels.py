from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.labels import check_tags, find_ignored, read_labels
from albert_ner_onnx import ExportError


@pytest.mark.parametrize(
    "data",
    [
        b"O\nB-PER\nI-PER\n",
        b"O\nB-PER\nI-PER",
        b"\xef\xbb\xbfO\r\nB-PER\r\nI-PER\r\n",
        b" O\t\nB-PER \nI-PER\n\n \n",
    ],
)
def test_one_tag_per_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(data)
    assert read_labels(path) == ("O", "B-PER", "I-PER")


def test_other_alphabets_and_inner_spaces(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("人名\nO\nfirst name\nPersonne\u00a0physique\n", "utf-8")
    assert read_labels(path) == ("人名", "O", "first name", "Personne\u00a0physique")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the tag with id 0 must be one line without space around it, found ''"),
        (b"\n\n", "the tag with id 0 must be one line"),
        (b"O\n\nB-PER\n", "the tag with id 1 must be one line without space around it, found ''"),
        (b"O\rB-PER\r", "the tag with id 0 must be one line without space around it, found 'O\\rB-PER'"),
        (b"O\nB-\x00\n", "the tag with id 1"),
        ("O\nB-PER\u2028I-PER\n".encode(), "the tag with id 1"),
        (b"O\nB-PER\nB-PER\n", "tags must be unique, found 'B-PER' for ids 1 and 2"),
        (b"B-PER\nI-PER\n", "expected a tag 'O' for words outside of entities, found none among 2 tags"),
        (b"LABEL_0\nLABEL_1\n", "generic names (LABEL_0 …)"),
        (b"O\nB-PER\nLABEL_2\n", "generic names (LABEL_2 …)"),
        (b"O\nB-PER\nX-RAY\n", "tags 'X-RAY' and 'B-PER'"),
        (b'{"0": "O", "1": "B-PER"}', "expected a tag 'O'"),
        (b"O\nB-\xe9\n", "not UTF-8, byte 0xe9 at offset 4; convert it to UTF-8"),
        ("O\nB-PER\n".encode("utf-16"), "not UTF-8, byte 0xff at offset 0"),
        (b"O\n" * 600_000, "over 1048576 bytes; expected only the model's tags"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(data)
    with pytest.raises(ExportError) as error:
        read_labels(path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(("name", "reason"), [("none.txt", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(
        ExportError, match=f"can't be read \\({reason}.*; expected a file with one tag per line, in id order"
    ):
        read_labels(tmp_path / name)


def test_labels_that_mark_no_entity_are_ignored() -> None:
    tags = ("O", "B-PER", "I-PER", "X", "[CLS]", "[SEP]", "O", "[PAD]")
    assert check_tags(tags, "labels") == tags
    assert find_ignored(tags, None) == ("X", "[CLS]", "[SEP]", "[PAD]")
    assert find_ignored(tags, ("X",)) == ("X",)
    assert find_ignored(tags, ()) == ()
    assert find_ignored(("O", "B-PER"), None) == ()


def test_the_user_says_which_labels_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("O\nB-PER\nPAD\n")
    with pytest.raises(ExportError, match=r"tags 'PAD' and 'B-PER'.* or name those .* with --ignore-labels$"):
        read_labels(path)
    assert read_labels(path, ("PAD",)) == ("O", "B-PER", "PAD")


@pytest.mark.parametrize("name", ["Y", "O", ""])
def test_a_label_that_is_not_there_cannot_be_ignored(name: str) -> None:
    with pytest.raises(ExportError, match=f"labels: --ignore-labels names '{name}'; expected some of B-PER, X$"):
        check_tags(("O", "B-PER", "X"), "labels", ("X", name))


@given(st.lists(st.text(max_size=8), max_size=4))
def test_tags_are_kept_whole_or_refused_in_one_line(tags: list[str]) -> None:
    tags = ["O", *tags]
    refusal = _refusal(tags)
    if refusal is None:
        assert check_tags(tags, "labels") == tuple(tags)
        assert "\n".join(tags).encode().decode().splitlines() == [tag.strip() for tag in tags]
    else:
        assert refusal.startswith("labels: ")
        assert len(refusal.splitlines()) == 1


def _refusal(tags: list[str]) -> str | None:
    try:
        check_tags(tags, "labels")
    except ExportError as error:
        return str(error)
    return None
