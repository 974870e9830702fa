"""The gate of pieces: our tokenizer must read words as the checkpoint's own does, as transformers opens that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Self, TypeVar

from tokenizers import Tokenizer

from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.tokenizer import ReadPieces

T = TypeVar("T")
UNVERIFIED: Final = "pieces unverified"
_WORDS, _TEXT_WORDS, _SENTENCES, _SENTENCE_WORDS = 600, 250, 50, 60
# A user may write the names of these pieces. Then they are text, whatever transformers thinks: see `model.tokenizer`
_STRUCTURAL: Final = ("[cls]", "[sep]", "[pad]", "[mask]", "[unk]", "<pad>", "<unk>", "<s>", "</s>")
_PIECE_MARKS: Final = re.compile(r"^(##|\u2581+| +)|\u2581")
# Each shows a setting that tokenizers differ in: case, accents, composed forms, ligatures, wide and circled characters,
# Chinese characters, other scripts, punctuation, digits, quotes, invisible characters, and words in no vocabulary
_PROBES: Final = (
    "Zürich ZÜRICH Zu\u0308rich Ångström naïve café CAFÉ É é İstanbul \u0131\u015f\u0131k ß STRASSE Straße \ufb01n "
    "½ m² \u2163 \uff11\uff12\uff13 \uff21\uff22\uff23 \u2460 東京 東京タワー 北京市 ひらがな カタカナ ｶﾞ が "
    "か\u3099 한국어 हिन्दी हि ไทย العربية كِتاب שלום ελλάδα ΣΊΣΥΦΟΣ "
    "Москва й и\u0306 don't don\u2019t U.S. u.s. C++ C# .NET A-B a_b a/b "
    "e-mail@x.org 3.14 1,000 9, $5 100% - -- \u2013 \u2014 ... \u2026 ( ) \" `` '' ' ` « » \u201cq\u201d £5 €5 ¥ § © "
    "™ 😀 👩\u200d👩\u200d👧 a\u200db so\u00adft \u200bx x\ufe0f \ufeffy \u2028 \ufffd a\u0000b \u0001 iPhone McDonald "
    "ALLCAPS lower Title x X 0 00 2026 2026-11-28 12:30 @user #tag http://a.b/c?d=e&f aaaaaaaaaaaaaaaaaaaaaaaa"
).split(" ")


@dataclass(frozen=True, slots=True)
class Sample:
    """What both tokenizers read: words, and sentences, which are lists of words."""

    words: list[str]
    sentences: list[list[str]]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one of transformers' classes reads.

    Attributes:
        name: The class.
        structural: The texts of its special pieces.
        pieces: Words, or the words of a sentence, each with the ids of all of its pieces.
        empty: The ids of an empty text: what opens and closes a sequence.
    """

    name: str
    structural: tuple[str, ...]
    pieces: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]
    empty: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TokenizerAnswer:
    """How transformers reads a sample.

    Attributes:
        version: Of transformers.
        readings: Of each class that may be the checkpoint's own, the likeliest first. None if transformers fails.
        fault: Why it fails.
    """

    version: str
    readings: tuple[_Reading, ...]
    fault: str | None

    @classmethod
    def from_dict(cls, answer: Mapping[str, Any], sample: Sample) -> Self:
        """Reads the answer of `verify.oracle`, and joins it with the sample that was asked for."""
        readings = tuple(_join(reading, sample) for reading in answer["readings"])
        return cls(answer["version"], readings, answer["fault"])


def choose_sample(texts: Sequence[Sequence[str]], tokenizer: TokenizerFacts) -> Sample:
    """Chooses at least 500 words and 50 sentences, from texts and from the vocabulary, so that its script is covered.

    Args:
        texts: The words of each text.
        tokenizer: Our tokenizer.
    """
    library = Tokenizer.from_str(tokenizer.data.decode())
    read = [[word for word in text if _is_word(word, library)] for text in texts]
    chosen = _spread([text[:_SENTENCE_WORDS] for text in read if len(text) > 1], _SENTENCES // 2)
    words = _spread([*dict.fromkeys(word for text in read for word in text)], _TEXT_WORDS)
    words = [word for word in dict.fromkeys((*words, *_PROBES)) if _is_word(word, library)]
    made = (word for word in _words_of_pieces(library) if _is_word(word, library))
    random = Random(0)
    words += _take(made, _WORDS - len(words))
    made_sentences = [random.sample(words, 12) for _ in range(_SENTENCES - len(chosen))]
    return Sample(words, chosen + made_sentences)


def check_pieces(
    answer: TokenizerAnswer | None,
    tokenizer: TokenizerFacts,
    read_pieces: ReadPieces,
    *,
    place: str,
    trusted: bool = False,
    replaced: Sequence[str] = (),
) -> tuple[str, str | None]:
    """Compares our pieces with those of the checkpoint's own tokenizer.

    Args:
        answer: How transformers reads the sample; `None` if it doesn't know the source's tokenizer.
        tokenizer: Our tokenizer.
        read_pieces: Its pieces, without those that the runtime adds to what the checkpoint knows.
        place: The checkpoint, for messages.
        trusted: Whether the user trusts our tokenizer where they differ.
        replaced: The options with which the user replaced settings of the tokenizer. Then they should differ.

    Returns:
        What the manifest says, and a warning or `None`.

    Raises:
        ExportError: They differ.
    """
    if answer is None:
        return f"{UNVERIFIED}: transformers has no tokenizer for this source", None
    if not answer.readings:
        text = f"{UNVERIFIED}: transformers {answer.version} can't open the tokenizer ({answer.fault})"
        return text, f"{place}: {text}"
    differences = []
    for reading in answer.readings:
        difference = _first_difference(reading, tokenizer, read_pieces)
        if difference is None:
            words = sum(len(text) == 1 for text, _ in reading.pieces)
            sentences = len(reading.pieces) - words
            return f"{reading.name} of transformers {answer.version}: {words} words, {sentences} sentences", None
        differences.append(f"{reading.name} of transformers {answer.version} {difference}")
    if trusted:
        return f"trusted: ours, although {differences[0]}", None
    if replaced:
        text = f"{UNVERIFIED}: with {' and '.join(replaced)}, {differences[0]}"
        return text, f"{place}: {text}"
    raise ExportError(
        f"{place}: {differences[0]}. The model would read other pieces than it was trained on, so nothing was written; "
        "save its tokenizer.json (AutoTokenizer.from_pretrained(…).save_pretrained(…)), or, if transformers is wrong "
        "about this checkpoint, give --trust-tokenizer ours"
    )


def _is_word(word: str, tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer reads more than spaces: transformers 4 and 5 differ in what U+2028 or U+FFFD alone is."""
    normalizer = tokenizer.normalizer
    return normalizer is None or bool(normalizer.normalize_str(word).strip())


def _first_difference(reading: _Reading, tokenizer: TokenizerFacts, read_pieces: ReadPieces) -> str | None:
    if reading.empty != (tokenizer.cls_id, tokenizer.sep_id):
        return f"puts {list(reading.empty)} around a text, ours {[tokenizer.cls_id, tokenizer.sep_id]}"
    structural = (*_STRUCTURAL, *(text.lower() for text in reading.structural))
    for words, theirs in reading.pieces:
        if any(text in word.lower() for word in words for text in structural):
            continue
        ours = tuple(read_pieces(words).ids.tolist())
        if ours != theirs:
            return f"reads {' '.join(words)!r} as {_shortened(theirs)}, ours as {_shortened(ours)}"
    return None


def _shortened(ids: Sequence[int]) -> str:
    return str(list(ids)) if len(ids) <= 40 else f"{str(list(ids[:40]))[:-1]}, …]"


def _join(reading: Mapping[str, Any], sample: Sample) -> _Reading:
    texts = [*((word,) for word in (*reading["added"], *sample.words)), *map(tuple, sample.sentences)]
    ids = [*reading["added_ids"], *reading["words"], *reading["sentences"]]
    pieces = tuple((text, tuple(found)) for text, found in zip(texts, ids, strict=True))
    return _Reading(reading["name"], tuple(reading["structural"]), pieces, tuple(reading["empty"]))


def _words_of_pieces(tokenizer: Tokenizer) -> Iterator[str]:
    """Makes words of the vocabulary: its pieces, joined pieces, and both in other cases. Never ends."""
    vocabulary = tokenizer.get_vocab(with_added_tokens=False)
    pieces = [_PIECE_MARKS.sub("", piece) for piece in sorted(vocabulary, key=lambda piece: vocabulary[piece])]
    pieces = [piece for piece in pieces if piece and not piece.isspace()] or ["a"]
    random = Random(0)
    while True:
        word = "".join(random.choice(pieces) for _ in range(random.choice((1, 1, 1, 2, 3))))
        yield random.choice((word, word, word.upper(), word.title()))


def _take(words: Iterable[str], count: int) -> list[str]:
    return [word for word, _ in zip(words, range(count), strict=False)]


def _spread(items: Sequence[T], count: int) -> list[T]:
    """Returns so many items, evenly from the whole list, or all if there are fewer."""
    return [items[index * len(items) // count] for index in range(count)] if len(items) > count else list(items)
