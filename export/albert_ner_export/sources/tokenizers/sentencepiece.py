"""A SentencePiece model (`spiece.model`, `albert_spp`) -> the `tokenizer.json` that gives the same pieces.

As transformers' `AlbertConverter` does it, with one difference. A user-defined symbol (the original ALBERTs have
`( ) " - . – £ €`) stays an ordinary piece of the model: transformers 4.40 and later also add it as a token that splits
the text before anything else, and so put a `▁` behind each (`u . s .` becomes `▁u . ▁s .`), unlike SentencePiece,
the slow tokenizer and the `tokenizer.json` of the original ALBERTs.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from albert_ner_export.sources.protobuf import fields
from albert_ner_onnx.errors import ExportError

_UNIGRAM = 1
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_SPECIAL = ("[CLS]", "[SEP]")
# A piece such as "9," must lose against "9" and ",": the number-comma rule
_COMMA_PENALTY = 100.0
# Every character of the basic plane, so that a damaged table fails here and not when the package is used
_PROBE = "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 0x10000))))


@dataclass(frozen=True, slots=True)
class SentencePieceModel:
    """The part of SentencePiece's `ModelProto` that encoding depends on.

    Attributes:
        pieces: Piece and its log probability, by id.
        special: Ids of the unknown piece and the control symbols.
        user_defined: Ids of the user-defined symbols.
        unknown: Id of the unknown piece.
        charsmap: Normalization rules in SentencePiece's own compiled form; may be empty.
        strips_spaces: Whether spaces around a text are dropped and those within collapsed.
    """

    pieces: tuple[tuple[str, float], ...]
    special: tuple[int, ...]
    user_defined: tuple[int, ...]
    unknown: int
    charsmap: bytes
    strips_spaces: bool

    @classmethod
    def parse(cls, data: bytes) -> SentencePieceModel:
        """Reads the bytes of a model.

        Raises:
            ExportError: They are none, or one that isn't as ALBERT's are.
        """
        try:
            message = list(fields(data))
            trainer, normalizer = (dict(fields(_last(message, number))) for number in (2, 3))
            entries = [dict(fields(entry)) for number, entry in message if number == 1 and isinstance(entry, bytes)]
            pieces = tuple((_text(entry[1]), _float(entry.get(2, b"\0\0\0\0"))) for entry in entries)
            charsmap = normalizer.get(2, b"")
            if not isinstance(charsmap, bytes):
                raise ValueError("its charsmap isn't bytes")
        except (ValueError, KeyError, IndexError, struct.error):
            raise ExportError("SentencePiece model: can't be read; damaged, or another kind of file") from None
        _check(pieces, trainer, normalizer)
        kinds = [entry.get(3, 1) for entry in entries]
        unknown = trainer.get(40, 0)
        if not isinstance(unknown, int) or unknown >= len(kinds) or kinds[unknown] != _UNKNOWN:
            raise ExportError(f"SentencePiece model: unk_id {unknown!r} isn't the unknown piece; it is damaged")
        return cls(
            pieces=pieces,
            special=tuple(index for index, kind in enumerate(kinds) if kind in (_UNKNOWN, _CONTROL)),
            user_defined=tuple(index for index, kind in enumerate(kinds) if kind == _USER_DEFINED),
            unknown=unknown,
            charsmap=charsmap,
            strips_spaces=bool(normalizer.get(4, 1)),
        )


def tokenizer_from_sentencepiece(model: bytes, *, lower_case: bool, keep_accents: bool) -> bytes:
    """Builds the `tokenizer.json` of transformers' `AlbertTokenizerFast`.

    Args:
        model: The bytes of a `spiece.model`.
        lower_case: Its `do_lower_case`.
        keep_accents: Its `keep_accents`.

    Raises:
        ExportError: The bytes are no SentencePiece model of an ALBERT.
    """
    parsed = SentencePieceModel.parse(model)
    steps: list[normalizers.Normalizer] = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not keep_accents:
        steps += [normalizers.NFKD(), normalizers.StripAccents()]
    if lower_case:
        steps.append(normalizers.Lowercase())
    steps += [*_precompiled(parsed), normalizers.Replace(Regex(" {2,}"), " ")]
    pieces = [(piece, score - _COMMA_PENALTY * _ends_in_number_comma(piece)) for piece, score in parsed.pieces]
    return _assemble(parsed, pieces, steps)


def plain_tokenizer_from_sentencepiece(model: bytes, *, lower_case: bool) -> bytes:
    """Builds a `tokenizer.json` that gives the pieces of SentencePiece itself, without the rules of transformers.

    Args:
        model: The bytes of a SentencePiece model.
        lower_case: Whether texts are lower-cased before it.

    Raises:
        ExportError: The bytes are no SentencePiece model of an ALBERT.
    """
    parsed = SentencePieceModel.parse(model)
    steps: list[normalizers.Normalizer] = [normalizers.Lowercase()] if lower_case else []
    steps += _precompiled(parsed)
    if parsed.strips_spaces:
        steps += [normalizers.Replace(Regex("^ +| +$"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    return _assemble(parsed, parsed.pieces, steps)


def _assemble(
    parsed: SentencePieceModel, pieces: Sequence[tuple[str, float]], steps: list[normalizers.Normalizer]
) -> bytes:
    ids = {piece: index for index, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(models.Unigram(list(pieces), parsed.unknown, False))
    special = [pieces[index][0] for index in parsed.special]
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


def _precompiled(parsed: SentencePieceModel) -> list[normalizers.Normalizer]:
    if not parsed.charsmap:
        return []
    try:
        if not parsed.charsmap.endswith(b"\0"):
            raise ValueError("its last replacement isn't terminated")
        step = normalizers.Precompiled(parsed.charsmap)
        step.normalize_str(_PROBE)
    except BaseException as error:  # the library panics on a table that points outside of itself
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ExportError("SentencePiece model: its precompiled_charsmap can't be read; it is damaged") from None
    return [step]


def _ends_in_number_comma(piece: str) -> bool:
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()


def _check(
    pieces: Sequence[tuple[str, float]], trainer: dict[int, int | bytes], normalizer: dict[int, int | bytes]
) -> None:
    """Refuses what transformers' fast tokenizer would read otherwise than SentencePiece does."""
    settings = (
        ("trainer_spec.model_type", trainer.get(3, _UNIGRAM), _UNIGRAM),
        ("trainer_spec.treat_whitespace_as_suffix", trainer.get(24, 0), 0),
        ("trainer_spec.byte_fallback", trainer.get(35, 0), 0),
        ("normalizer_spec.add_dummy_prefix", normalizer.get(3, 1), 1),
        ("normalizer_spec.escape_whitespaces", normalizer.get(5, 1), 1),
    )
    for name, found, expected in settings:
        if found != expected:
            raise ExportError(f"SentencePiece model: {name} must be {expected} as in ALBERT's, found {found!r}")
    names = {piece for piece, _ in pieces}
    if len(names) != len(pieces) or "" in names or not all(math.isfinite(score) for _, score in pieces):
        raise ExportError("SentencePiece model: pieces must be unique and have finite scores; it is damaged")
    if missing := [piece for piece in _SPECIAL if piece not in names]:
        raise ExportError(f"SentencePiece model: has no piece {missing[0]}; ALBERT's has {' and '.join(_SPECIAL)}")


def _last(message: list[tuple[int, int | bytes]], number: int) -> bytes:
    """The embedded message of that number."""
    value = dict(message)[number]
    if not isinstance(value, bytes):
        raise ValueError(f"field {number} is no message")
    return value


def _text(value: int | bytes) -> str:
    if not isinstance(value, bytes):
        raise ValueError("a piece that is a number")
    return value.decode()


def _float(value: int | bytes) -> float:
    if not isinstance(value, bytes):
        raise ValueError("a score that is a whole number")
    number: float = struct.unpack("<f", value)[0]
    return number
