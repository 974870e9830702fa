import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers
from transformers import AlbertTokenizerFast, BertTokenizerFast, PreTrainedTokenizerFast

import layout_files
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.normalizers import is_case_sensitive, keeps_accents, set_case
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx import ExportError
from tokenizer_folders import (
    PATH,
    backend,
    changed_tokenizer,
    refusal,
    spiece,
    vocabulary,
)


@pytest.mark.parametrize("case_sensitive", [False, True])
@pytest.mark.parametrize("do_lower_case", [None, False, True])
@pytest.mark.parametrize(
    ("write", "oracle"), [(spiece, AlbertTokenizerFast), (vocabulary, BertTokenizerFast)], ids=["spiece", "vocab"]
)
def test_the_user_overrides_the_case(
    tmp_path: Path,
    write: Callable[..., Folder],
    oracle: type[PreTrainedTokenizerFast],
    do_lower_case: bool | None,
    case_sensitive: bool,
) -> None:
    folder = write(tmp_path, **({} if do_lower_case is None else {"do_lower_case": do_lower_case}))
    options = SourceOptions(case_sensitive=case_sensitive, warn=pytest.fail)
    found = read_tokenizer(folder, options)
    assert json.loads(found) == backend(oracle.from_pretrained(tmp_path, do_lower_case=not case_sensitive))
    # The same from a tokenizer.json
    path = tmp_path / "tokenizer.json"
    path.write_text(oracle.from_pretrained(tmp_path).backend_tokenizer.to_str())
    assert json.loads(read_tokenizer(folder, options)) == json.loads(found)


LOWER = normalizers.Lowercase()
KEEP, TABLE = normalizers.NFC(), normalizers.Replace("A", "a")
TABLE_NAME = "its normalizer (Sequence) folds case by a table of its own"


@pytest.mark.parametrize(
    ("before", "case_sensitive", "after"),
    [
        (None, True, None),
        (None, False, LOWER),
        (LOWER, True, None),
        (LOWER, False, LOWER),
        (KEEP, True, KEEP),
        (KEEP, False, normalizers.Sequence([KEEP, LOWER])),
        (normalizers.Sequence([KEEP, LOWER]), True, normalizers.Sequence([KEEP])),
        (normalizers.Sequence([LOWER, KEEP, LOWER]), True, normalizers.Sequence([KEEP])),
        (
            normalizers.Sequence([normalizers.Sequence([LOWER, KEEP]), KEEP]),
            True,
            normalizers.Sequence([normalizers.Sequence([KEEP]), KEEP]),
        ),
        (
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=False)]),
            False,
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=True)]),
        ),
        (
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=True)]),
            True,
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=False)]),
        ),
        (normalizers.Sequence([LOWER, TABLE]), True, TABLE_NAME),
    ],
)
def test_the_case_of_each_normalizer(before: Any, case_sensitive: bool, after: Any) -> None:
    def tokenizer(normalizer: Any) -> bytes:
        result = Tokenizer(models.WordLevel({"[UNK]": 0}, "[UNK]"))
        if normalizer is not None:
            result.normalizer = normalizer
        return str(result.to_str()).encode()

    if isinstance(after, str):
        with pytest.raises(ExportError) as error:
            set_case(tokenizer(before), PATH, case_sensitive=case_sensitive)
        assert after in str(error.value)
        return
    found = set_case(tokenizer(before), PATH, case_sensitive=case_sensitive)
    assert json.loads(found) == json.loads(tokenizer(after))
    assert is_case_sensitive(found, PATH) == case_sensitive


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("saved", [False, True])
def test_the_user_decides_on_accents(tmp_path: Path, saved: bool, keep: bool) -> None:
    folder = spiece(tmp_path)
    expected = backend(AlbertTokenizerFast.from_pretrained(tmp_path, keep_accents=keep))
    if saved:
        other = AlbertTokenizerFast.from_pretrained(tmp_path, keep_accents=not keep)
        (tmp_path / "tokenizer.json").write_text(other.backend_tokenizer.to_str())
    assert json.loads(read_tokenizer(folder, SourceOptions(keep_accents=keep, warn=pytest.fail))) == expected


@pytest.mark.parametrize("keep", [False, True])
def test_the_user_decides_on_berts_accents(tmp_path: Path, keep: bool) -> None:
    folder = vocabulary(tmp_path)
    found = json.loads(read_tokenizer(folder, SourceOptions(keep_accents=keep)))
    assert found["normalizer"]["strip_accents"] is not keep


def test_accents_of_an_unknown_normalizer_are_refused(tmp_path: Path) -> None:
    data = changed_tokenizer(normalizer={"type": "Replace", "pattern": {"String": "é"}, "content": "e"})
    (tmp_path / "tokenizer.json").write_bytes(data)
    message = refusal(tmp_path, SourceOptions(keep_accents=True))
    assert "its normalizer (Replace) is neither ALBERT's nor BERT's" in message
    (tmp_path / "tokenizer.json").write_bytes(changed_tokenizer(normalizer=None))
    for keep in (False, True):
        assert keeps_accents(read_tokenizer(Folder(tmp_path), SourceOptions(keep_accents=keep)), PATH) == keep


@pytest.mark.parametrize(
    ("text", "texts", "expected"),
    [
        ("the cat and the dog", [], None),
        ("the cat and the dog", ["the naïve café"], None),  # all of transformers' and Google's code drops these
        ("the cat and the dog", ["in दिल्ली"], "1 of the text's 2 different words, such as 'दिल्ली', lose vowel signs"),
        (
            layout_files.HINDI,
            [],
            " pieces, such as 'नरेंद्र', are never read, as AlbertTokenizerFast drops accents and vowel",
        ),
    ],
)
def test_readings_that_differ_in_accents_are_said(
    tmp_path: Path, text: str, texts: list[str], expected: str | None
) -> None:
    (tmp_path / "spiece.model").write_bytes(
        layout_files.spiece(text if text != layout_files.ENGLISH else "the cat and the dog")
    )
    lines: list[str] = []
    read_tokenizer(Folder(tmp_path), SourceOptions(texts=texts, warn=lines.append))
    assert len(lines) == (expected is not None)
    assert (expected or "") in "".join(lines)
    for keep in (False, True):  # as the message advises
        read_tokenizer(Folder(tmp_path), SourceOptions(texts=texts, keep_accents=keep, warn=pytest.fail))
