"""Every layout of a checkpoint that we read must give the pieces that transformers' AutoTokenizer gives."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import transformers
from safetensors.numpy import save_file
from transformers import AlbertForTokenClassification, AutoTokenizer

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.graph.build import build_model
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.run import run_model
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError, load
from albert_ner_onnx.model.sequences import SpecialPieces
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.text.words import split_words
from layout_files import MARKERS
from layouts import ROWS, Layout, write_files

VERSION = int(transformers.__version__.partition(".")[0])
# Each shows a setting that only odd words show
PROBES = ("a\x07b", "``x''", "x" * 101, "\ufb01n", "日本x", "Ju\u0308rgen", "9,", "x\u200by", "İ", "99,000", "<e1")
# AlbertTokenizer of transformers 5 splits such words at all spaces, and drops what is nothing but spaces
SPACES = ("a  b", "\u200b") if VERSION == 4 else ()


def name(layout: Layout) -> str:
    return layout.name.replace(" ", "-")


def words(layout: Layout) -> list[str]:
    return [*layout.text.split(), *(word.text for word in split_words(layout.text)), *PROBES, *SPACES]


def our_tokenizer(folder: Path, layout: Layout) -> bytes:
    return read_tokenizer(Folder(folder), SourceOptions(**layout.options))


def read_words(tokenizer: bytes, layout: Layout) -> list[list[int]]:
    read = WordTokenizer(tokenizer, 512)
    return [read.encode([word]).ids.tolist() for word in words(layout)]


def their_tokenizer(folder: Path, layout: Layout) -> Any:
    return AutoTokenizer.from_pretrained(folder, **layout.settings)


def their_pieces(folder: Path, layout: Layout) -> list[list[int]]:
    tokenizer = their_tokenizer(folder, layout)
    return [
        tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"] for word in words(layout)
    ]


READ_ALIKE = [row for row in ROWS if VERSION in row.transformers]


@pytest.mark.parametrize("layout", READ_ALIKE, ids=name)
def test_each_word_has_the_pieces_that_transformers_gives(tmp_path: Path, layout: Layout) -> None:
    folder = layout.write(tmp_path)
    found, expected = read_words(our_tokenizer(folder, layout), layout), their_pieces(folder, layout)
    assert dict(zip(words(layout), found, strict=True)) == dict(zip(words(layout), expected, strict=True))
    assert len({piece for pieces in found for piece in pieces}) > 10


@pytest.mark.parametrize("layout", [row for row in ROWS if VERSION not in row.transformers], ids=name)
def test_the_others_differ_for_a_reason(tmp_path: Path, layout: Layout) -> None:
    assert layout.why
    folder = layout.write(tmp_path)
    found = read_words(our_tokenizer(folder, layout), layout)
    try:
        expected = their_pieces(folder, layout)
    except Exception:  # transformers has an error of its own for each
        return
    assert found != expected


@pytest.mark.parametrize("layout", ROWS, ids=name)
def test_no_text_makes_structure(tmp_path: Path, layout: Layout) -> None:
    data = our_tokenizer(layout.write(tmp_path), layout)
    structure = {token["content"]: token["id"] for token in json.loads(data)["added_tokens"] if token["special"]}
    assert len(structure) > 2
    assert not structure.keys() & set(MARKERS)
    read = WordTokenizer(data, 512)
    for piece in structure:
        for word in (piece, f"x{piece}", piece.lower(), f"{piece}{piece}"):
            ids = set(read.encode([word]).ids.tolist())
            unknown = {index for name, index in structure.items() if "unk" in name.lower()}
            assert ids
            assert not (set(structure.values()) - unknown) & ids, word


# --- Tags -------------------------------------------------------------------------------------------------------------


def write_model(folder: Path, layout: Layout) -> Path:
    """Writes the toy with the tokenizer of a row."""
    layout.write(folder)
    pieces = len(their_tokenizer(folder, layout)) + layout.spare
    settings = json.loads((folder / "config.json").read_text()) | toy.config(
        vocab_size=pieces, max_position_embeddings=512
    )
    write_files(folder, {"config.json": settings})
    save_file(toy.tensors(settings), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def their_tags(folder: Path, layout: Layout, given: list[str]) -> list[str | None]:
    """The tag of each word's first piece; None for words without pieces."""
    torch = pytest.importorskip("torch")
    encoding = their_tokenizer(folder, layout)(given, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        answers = AlbertForTokenClassification.from_pretrained(folder)(**encoding).logits[0].argmax(-1).tolist()
    owners = encoding.word_ids()
    return [toy.TAGS[answers[owners.index(word)]] if word in owners else None for word in range(len(given))]


@pytest.mark.parametrize("layout", READ_ALIKE, ids=name)
def test_a_model_gives_the_tags_that_transformers_gives(tmp_path: Path, layout: Layout) -> None:
    folder = write_model(tmp_path, layout)
    given = [word for word in words(layout) if word.strip()]
    checkpoint = read_checkpoint(folder, SourceOptions(**layout.options))
    facts = describe_tokenizer(checkpoint.tokenizer, checkpoint.config.vocab_size)
    pieces = WordTokenizer(facts.data, 512).encode(given)
    ids = SpecialPieces(facts.cls_id, facts.sep_id).enclose(pieces.ids)
    logits = run_model(build_model(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors)), [ids])[0]
    tags = [toy.TAGS[tag] for tag in logits.argmax(axis=1)[1:-1].tolist()]
    found = [tags[start] if start < end else None for start, end in pairwise(pieces.bounds.tolist())]
    assert found == their_tags(folder, layout, given)
    assert len(set(found)) > 2


def test_markers_are_words_and_pieces_of_an_exported_model(tmp_path: Path) -> None:
    layout = next(row for row in READ_ALIKE if row.name.startswith("markers in tokenizer.json"))
    folder, out = write_model(tmp_path / "checkpoint", layout), tmp_path / "model"
    manifest = export_model(folder, out, ExportOptions(precision="fp32", interface="huggingface"))
    assert manifest.markers == MARKERS
    recognizer = load(out, decoder="argmax")
    found = [word.text for word in recognizer.analyze(layout.text).words]
    assert [word for word in found if word in MARKERS] == ["[USER]", "[BOT]", *("<e1>", "</e1>") * 2, "[USER]"]
    assert recognizer.tag([found])[0] == their_tags(folder, layout, found)
    theirs = their_tokenizer(folder, layout)(found, is_split_into_words=True)["input_ids"]
    assert AutoTokenizer.from_pretrained(out)(found, is_split_into_words=True)["input_ids"] == theirs


def test_a_small_vocabulary_is_exported_if_the_user_trusts_it(tmp_path: Path) -> None:
    layout = replace(next(row for row in READ_ALIKE if row.name.startswith("markers in tokenizer.json")), spare=90)
    folder = write_model(tmp_path / "checkpoint", layout)
    with pytest.raises(ExportError, match=r"90 of the model's .* embeddings have no piece.* --trust-tokenizer ours"):
        export_model(folder, tmp_path / "model", ExportOptions(precision="fp32"))
    options = ExportOptions(precision="fp32", trust_tokenizer="ours")
    assert "words, 50 sentences" in export_model(folder, tmp_path / "model", options).verification.tokenizer


# --- Mutations --------------------------------------------------------------------------------------------------------


def mutations(tokenizer: Any) -> Iterator[tuple[str, Any]]:
    """Changes one setting of a `tokenizer.json` at a time; each change has a name."""
    normalizer, pre_tokenizer, model = tokenizer["normalizer"], tokenizer["pre_tokenizer"], tokenizer["model"]
    lower = normalizer.get("lowercase")
    for flag, value in normalizer.items():
        if isinstance(value, bool) or value is None:
            changed = (not lower if value is None else not value) if flag == "strip_accents" else not value
            yield f"normalizer {flag}", {"normalizer": normalizer | {flag: changed}}
    for index, step in enumerate(normalizer.get("normalizers", ())):
        others = [other for place, other in enumerate(normalizer["normalizers"]) if place != index]
        kind = f"{step['type']} {step.get('pattern', '')}"
        yield f"normalizer without {kind}", {"normalizer": normalizer | {"normalizers": others}}
    if pre_tokenizer["type"] == "Metaspace":
        for scheme in ("never", "first"):
            yield f"Metaspace {scheme}", {"pre_tokenizer": pre_tokenizer | {"prepend_scheme": scheme}}
    yield "pre_tokenizer", {"pre_tokenizer": {"type": "WhitespaceSplit"}}
    for setting, other in {"unk_token": list(model["vocab"])[6], "unk_id": 3, "max_input_chars_per_word": 7}.items():
        if setting in model:
            yield setting, {"model": model | {setting: other}}
    if "continuing_subword_prefix" in model:
        yield "prefix", {"model": model | {"continuing_subword_prefix": ""}}
    yield "vocabulary", {"model": model | {"vocab": _swapped(model["vocab"])}}
    for index, token in enumerate(tokenizer["added_tokens"]):
        others = [other for place, other in enumerate(tokenizer["added_tokens"]) if place != index]
        if token["content"] in MARKERS:
            if index == len(tokenizer["added_tokens"]) - 1:  # the ids of the others stay
                yield "a marker less", {"added_tokens": others}
            for flag in ("special", "normalized", "single_word"):
                tokens = [*others, token | {flag: not token[flag]}]
                tokens.sort(key=lambda token: token["id"])
                yield f"marker {flag}", {"added_tokens": tokens}


def _swapped(vocabulary: Any) -> Any:
    if isinstance(vocabulary, list):
        return [*vocabulary[:5], *vocabulary[5:][::-1]]
    ids = sorted(vocabulary.values())[5:]
    return vocabulary | {piece: ids[-1 - ids.index(index)] for piece, index in vocabulary.items() if index in set(ids)}


def test_any_change_of_a_setting_is_noticed(tmp_path: Path) -> None:
    noticed: dict[str, bool] = {}
    for index, layout in enumerate(READ_ALIKE):
        data = our_tokenizer(layout.write(tmp_path / str(index)), layout)
        tokenizer, expected = json.loads(data), read_words(data, layout)
        for change, changed in mutations(tokenizer):
            found = read_words(json.dumps(tokenizer | changed).encode(), layout)
            noticed[change] = noticed.get(change, False) or found != expected
    assert len(noticed) > 20
    unseen = {change for change, seen in noticed.items() if not seen}
    assert unseen <= ({"normalizer without Replace {'Regex': ' {2,}'}"} if not SPACES else set())
