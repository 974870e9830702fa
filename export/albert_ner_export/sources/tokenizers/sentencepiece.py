"""A SentencePiece model (`spiece.model`, `albert_spp`) -> the `tokenizer.json` that gives the same pieces.

It is built as transformers' `AlbertConverter` builds it, with one difference: a user-defined symbol stays an ordinary
piece of the model (the original ALBERTs have `( ) " - . – £ €`). transformers 4.40 and later also add it as a token
that splits the text before anything else, and so put a `▁` after each: `u . s .` becomes `▁u . ▁s .`. SentencePiece,
the slow tokenizer and the original ALBERTs' own `tokenizer.json` don't.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from albert_ner_export.sources.protobuf import Message
from albert_ner_export.tokenizer import tokenizers_errors
from albert_ner_onnx.errors import ExportError

_UNIGRAM = 1
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED = 1, 2, 3, 4
_SPECIAL = ("[CLS]", "[SEP]")
_SAVE = "save its tokenizer.json beside it, which is read first: AutoTokenizer.from_pretrained(…).save_pretrained(…)"
_WAYS_OUT = {
    "trainer_spec.model_type": f"if it is BPE (2), {_SAVE}",
    # transformers' fast tokenizer ignores this, its slow one doesn't
    "trainer_spec.byte_fallback": f"{_SAVE}, and, if the model was trained with the slow AlbertTokenizer, set "
    "byte_fallback in its model to true",
}
# SentencePiece's rule for numbers: a piece such as "9," must lose against "9" and ","
_COMMA_PENALTY = 100.0
# Every character of the basic plane, so that a damaged table fails here and not when the model is used
_PROBE = "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 0x10000))))


@dataclass(frozen=True, slots=True)
class SentencePieceModel:
    """The part of SentencePiece's `ModelProto` that encoding depends on.

    Attributes:
        path: Where it is, for messages.
        pieces: Each piece and its log probability, by id.
        special: Ids of the unknown piece and the control symbols.
        user_defined: Ids of the user-defined symbols.
        unknown: Id of the unknown piece.
        charsmap: The normalization rules in SentencePiece's own compiled form; may be empty.
        strips_spaces: Whether spaces around a text are dropped, and those within are collapsed.
    """

    path: PurePath
    pieces: tuple[tuple[str, float], ...]
    special: tuple[int, ...]
    user_defined: tuple[int, ...]
    unknown: int
    charsmap: bytes
    strips_spaces: bool

    @classmethod
    def parse(cls, data: bytes, path: PurePath) -> Self:
        """Reads the bytes of a model (sentencepiece_model.proto).

        Raises:
            ExportError: They aren't a model, or its settings differ from ALBERT's.
        """
        try:
            message = Message(data)
            if not message.contents(2) or not message.contents(3):
                raise ValueError("its trainer_spec or normalizer_spec is missing")
            trainer, normalizer = message.message(2), message.message(3)
            entries = message.messages(1)
            pieces = tuple((entry.text(1), entry.floating(2)) for entry in entries)
            kinds = [entry.integer(3, _NORMAL) for entry in entries]
            settings = (
                ("trainer_spec.model_type", trainer.integer(3, _UNIGRAM), _UNIGRAM),
                ("trainer_spec.treat_whitespace_as_suffix", trainer.integer(24), 0),
                ("trainer_spec.byte_fallback", trainer.integer(35), 0),
                ("normalizer_spec.add_dummy_prefix", normalizer.integer(3, 1), 1),
                ("normalizer_spec.escape_whitespaces", normalizer.integer(5, 1), 1),
            )
            unknown, charsmap = trainer.integer(40), normalizer.content(2)
            strips_spaces = bool(normalizer.integer(4, 1))
        except ValueError as error:
            raise ExportError(f"{path}: not a SentencePiece model, or a damaged one ({error}); copy it again") from None
        _check(pieces, settings, path)
        if unknown >= len(kinds) or kinds[unknown] != _UNKNOWN:
            raise ExportError(f"{path}: its unk_id {unknown} isn't the unknown piece; it is damaged: copy it again")
        return cls(
            path=path,
            pieces=pieces,
            special=tuple(index for index, kind in enumerate(kinds) if kind in (_UNKNOWN, _CONTROL)),
            user_defined=tuple(index for index, kind in enumerate(kinds) if kind == _USER_DEFINED),
            unknown=unknown,
            charsmap=charsmap,
            strips_spaces=strips_spaces,
        )


def tokenizer_from_sentencepiece(model: SentencePieceModel, *, lower_case: bool, keep_accents: bool) -> bytes:
    """Builds the `tokenizer.json` of transformers' `AlbertTokenizerFast`.

    Args:
        model: A `spiece.model`.
        lower_case: Its `do_lower_case`.
        keep_accents: Its `keep_accents`.

    Raises:
        ExportError: The model's normalization rules are damaged.
    """
    steps: list[normalizers.Normalizer] = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not keep_accents:
        steps += [normalizers.NFKD(), normalizers.StripAccents()]
    if lower_case:
        steps.append(normalizers.Lowercase())
    steps += [*_precompiled(model), normalizers.Replace(Regex(" {2,}"), " ")]
    pieces = [(piece, score - _COMMA_PENALTY * _ends_in_number_comma(piece)) for piece, score in model.pieces]
    return _assemble(model, pieces, steps)


def plain_tokenizer_from_sentencepiece(model: SentencePieceModel, *, lower_case: bool) -> bytes:
    """Builds a `tokenizer.json` that gives the pieces of SentencePiece itself, without transformers' rules.

    Args:
        model: A SentencePiece model.
        lower_case: Whether texts are lower-cased first.

    Raises:
        ExportError: The model's normalization rules are damaged.
    """
    steps: list[normalizers.Normalizer] = [normalizers.Lowercase()] if lower_case else []
    steps += _precompiled(model)
    if model.strips_spaces:
        steps += [normalizers.Replace(Regex("^ +| +$"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    return _assemble(model, model.pieces, steps)


def _assemble(
    model: SentencePieceModel, pieces: Sequence[tuple[str, float]], steps: list[normalizers.Normalizer]
) -> bytes:
    ids = {piece: index for index, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(models.Unigram(list(pieces), model.unknown, False))
    special = [pieces[index][0] for index in model.special]
    tokenizer.add_special_tokens([AddedToken(piece, lstrip=piece == "[MASK]", normalized=False) for piece in special])
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(piece, ids[piece]) for piece in _SPECIAL],
    )
    return str(tokenizer.to_str()).encode()


def _precompiled(model: SentencePieceModel) -> list[normalizers.Normalizer]:
    """Returns the normalization rules; the library panics if they point outside of their own table."""
    if not model.charsmap:
        return []
    with tokenizers_errors(f"{model.path}: its precompiled_charsmap"):
        if not model.charsmap.endswith(b"\0"):
            raise ValueError("its last replacement isn't terminated")
        step = normalizers.Precompiled(model.charsmap)
        step.normalize_str(_PROBE)
    return [step]


def _ends_in_number_comma(piece: str) -> bool:
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()


def _check(pieces: Sequence[tuple[str, float]], settings: Sequence[tuple[str, int, int]], path: PurePath) -> None:
    """Refuses what transformers' fast tokenizer would read differently than SentencePiece does."""
    for name, found, expected in settings:
        if found != expected:
            way_out = _WAYS_OUT.get(name, "give the model that the ALBERT was trained with, or its tokenizer.json")
            raise ExportError(
                f"{path}: {name} must be {expected}, as in ALBERT's SentencePiece model, found {found}; {way_out}"
            )
    names = {piece for piece, _ in pieces}
    if len(names) != len(pieces) or "" in names or not all(math.isfinite(score) for _, score in pieces):
        raise ExportError(f"{path}: its pieces must be unique and have finite scores; it is damaged: copy it again")
    if missing := [piece for piece in _SPECIAL if piece not in names]:
        raise ExportError(f"{path}: has no piece {missing[0]}; expected the SentencePiece model of an ALBERT")
