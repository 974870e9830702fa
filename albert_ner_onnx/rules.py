"""How a model reads text and marks entities: its manifest, resolved once into functions.

`CONLL` is for models that were trained on CoNLL's words, `SPARK_NLP` for models that come from Spark NLP, and
`SPARK_NLP_EXACT` for those of them that also truncate as Spark NLP does. Nothing else asks which of these a model is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.borders import SettleBorders, settle_borders
from albert_ner_onnx.entities import Word
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.manifest import Manifest, SparkNlpSettings
from albert_ner_onnx.model.tokenizer import ReadPieces, WordTokenizer, replace_surrogates
from albert_ner_onnx.model.windows import Window, pack_windows
from albert_ner_onnx.spark_nlp import pieces
from albert_ner_onnx.spark_nlp import words as spark_nlp_words
from albert_ner_onnx.spark_nlp.chunks import chunks
from albert_ner_onnx.tags.schemes import Span, spans
from albert_ner_onnx.text.abbreviations import takes_stop
from albert_ner_onnx.text.layout import Layout, read_borders, read_layout
from albert_ner_onnx.text.markers import keep_markers
from albert_ner_onnx.text.reading import Reading, read_text
from albert_ner_onnx.text.sentences import sentence_starts, word_ranges
from albert_ner_onnx.text.words import split_words, word_splitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The functions that read a text, and the choices that a caller has.

    Attributes:
        read_text: Turns a text into what the model reads of it; everything below works on that.
        split_words: Splits a text into words.
        split_sentences: Splits a text, with its words, into sentences: ranges of indices of words.
        read_layout: Takes a text and its words. Tells what the model reads of each word, and where the layout has a
            border that no entity crosses.
        open_tokenizer: Takes the bytes of a `tokenizer.json` and the number of pieces that fit into a window, without
            special pieces. Returns the function that turns the words of a text into pieces.
        open_own_tokenizer: Takes and returns the same, with exactly the pieces of the checkpoint's own tokenizer, even
            where they are unknown. The exporter measures with them.
        plan_windows: Takes the bounds of a text's pieces, int64 [word + 1], the number of pieces that fit into a
            window, and the first word of each sentence. Returns the windows.
        find_spans: Reads the spans that the tags of a sentence mark.
        settle_borders: Moves the borders of spans to where names begin and end; see `borders.settle_borders`. `None` if
            entities are just what the tags mark.
        fills_unread: Whether a word that the model doesn't read is inside an entity if both sides are; otherwise it is
            always `O`.
        decoders: The decoders that a caller may choose, the default first.
        contexts: The contexts that a caller may choose, the default first.
        newlines: What a caller may choose a line break to mean, the default first.
        markups: The markup that a caller may choose, the default first.
        takes_abbreviations: Whether a caller may add abbreviations.
        truncates: Whether a text that doesn't fit into one window is truncated, rather than read in several windows.
        masked_piece: The piece that attention ignores wherever it occurs; `None` for none.
        markers: Words that are never split, wherever they are.
    """

    read_text: Callable[[str], Reading]
    split_words: Callable[[str], list[Word]]
    split_sentences: Callable[[str, Sequence[Word]], list[range]]
    read_layout: Callable[..., Layout]
    open_tokenizer: Callable[[bytes, int], ReadPieces]
    open_own_tokenizer: Callable[[bytes, int], ReadPieces]
    plan_windows: Callable[[npt.NDArray[np.int64], int, Sequence[int]], list[Window]]
    find_spans: Callable[[Sequence[str]], list[Span]]
    settle_borders: SettleBorders | None
    fills_unread: bool
    decoders: tuple[str, ...]
    contexts: tuple[str, ...]
    newlines: tuple[str, ...]
    markups: tuple[str | None, ...]
    takes_abbreviations: bool
    truncates: bool
    masked_piece: int | None
    markers: tuple[str, ...] = ()

    def labels(self, tags: Sequence[str]) -> list[str]:
        """Returns the labels, sorted, of all spans that these tags can mark."""
        return sorted({span.label for tag in tags for span in self.find_spans([tag])})

    def adapt(self, *, newlines: str, markup: str | None, abbreviations: Sequence[str]) -> Rules:
        """Returns the rules with what a caller chose; the arguments are those of `options.Options`."""
        rules = self
        if newlines == "border":
            rules = replace(rules, read_layout=partial(self.read_layout, newlines=newlines))
        if markup is not None:
            rules = replace(rules, read_text=partial(read_text, markup=markup))
        if abbreviations:
            stops = partial(takes_stop, abbreviations=frozenset(abbreviations))
            rules = replace(
                rules,
                split_words=keep_markers(word_splitter(abbreviations), self.markers),
                settle_borders=partial(settle_borders, takes_stop=stops),
            )
        return rules


_ELIDED = re.compile("['\u2019](?=\\w-)")


def _open_tokenizer(data: bytes, capacity: int) -> ReadPieces:
    return WordTokenizer(data, capacity, _without_elision, reads_plain=True).encode


def _without_elision(word: str) -> str:
    """Leaves out the apostrophe of `'s-Hertogenbosch`. A model takes one that begins a word for a quotation mark."""
    return replace_surrogates(word[1:] if _ELIDED.match(word) else word)


def _open_own_tokenizer(data: bytes, capacity: int) -> ReadPieces:
    return WordTokenizer(data, capacity).encode


def _split_sentences(text: str, words: Sequence[Word]) -> list[range]:
    return word_ranges(sentence_starts(text, words), words)


def _split_sentences_of_other_words(text: str, words: Sequence[Word]) -> list[range]:
    """Finds sentences by CoNLL's words, which know abbreviations, whatever words the model takes."""
    return word_ranges(sentence_starts(text, split_words(text)), words)


def _read_no_layout(text: str, words: Sequence[Word]) -> Layout:
    return Layout([word.text for word in words], [])


CONLL: Final = Rules(
    read_text=read_text,
    split_words=split_words,
    split_sentences=_split_sentences,
    read_layout=read_layout,
    open_tokenizer=_open_tokenizer,
    open_own_tokenizer=_open_own_tokenizer,
    plan_windows=pack_windows,
    find_spans=spans,
    settle_borders=partial(settle_borders, takes_stop=takes_stop),
    fills_unread=True,
    decoders=("viterbi", "argmax"),
    contexts=("document", "sentence"),
    newlines=("wrap", "border"),
    markups=(None, "html"),
    takes_abbreviations=True,
    truncates=False,
    masked_piece=None,
)
SPARK_NLP: Final = replace(
    CONLL,
    read_text=Reading,
    split_words=spark_nlp_words.split_words,
    split_sentences=_split_sentences_of_other_words,
    read_layout=read_borders,
    open_tokenizer=pieces.open_tokenizer,
    open_own_tokenizer=pieces.open_tokenizer,
    find_spans=chunks,
    settle_borders=None,
    markups=(None,),
    takes_abbreviations=False,
)
SPARK_NLP_EXACT: Final = replace(
    SPARK_NLP,
    open_tokenizer=pieces.open_exact_tokenizer,
    open_own_tokenizer=pieces.open_exact_tokenizer,
    plan_windows=pieces.one_window,
    read_layout=_read_no_layout,
    fills_unread=False,
    decoders=("argmax",),
    contexts=("document",),
    newlines=("wrap",),
    truncates=True,
)


def resolve_rules(manifest: Manifest) -> Rules:
    """Returns the rules of a model.

    Raises:
        ModelError: The manifest names rules that this version doesn't know. The message names no path.
    """
    return choose_rules(
        manifest.word_splitter, manifest.piece_rule, manifest.scheme, manifest.spark_nlp, manifest.markers
    )


def choose_rules(
    word_splitter: str,
    piece_rule: str,
    scheme: str,
    settings: SparkNlpSettings | None,
    markers: tuple[str, ...] = (),
) -> Rules:
    """Does the same for a model that has no manifest yet. The arguments are what its manifest will say."""
    find_spans: Callable[[Sequence[str]], list[Span]] = partial(spans, scheme=scheme)
    masked_piece = None
    if settings is not None:
        find_spans = partial(chunks, has_no_schema=settings.has_no_schema, white_list=settings.white_list or None)
        masked_piece = settings.masked_piece if settings.exact else None
    match word_splitter, piece_rule:
        case "conll", "word":
            rules = replace(CONLL, split_words=keep_markers(CONLL.split_words, markers), markers=markers)
        case "spark-nlp", "spark-nlp":
            rules = SPARK_NLP_EXACT if settings is not None and settings.exact else SPARK_NLP
        case _:
            raise ModelError(
                f"unknown word_splitter {word_splitter!r} with piece_rule {piece_rule!r}; expected 'conll' with "
                "'word', or 'spark-nlp' with 'spark-nlp'"
            )
    return replace(rules, find_spans=find_spans, masked_piece=masked_piece)
