"""The whole answer to a text: its words, their tags and probabilities, and the entities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import shorten

import numpy as np
import numpy.typing as npt

from albert_ner_onnx import render
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.model.manifest import SparkNlpSettings
from albert_ner_onnx.spark_nlp.annotations import Annotation, Annotator


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """What `analyze` finds in a text. Two documents are equal if everything but `scores` is equal.

    Attributes:
        text: The text.
        words: Its words, in order.
        tags: The tag of each word: the decoder's, changed where the border of an entity was moved (`borders`).
        scores: Probability of each tag for each word, float32 [word, tag], read-only. A word that the model doesn't
            read, because it has no pieces, is a mere mark or was truncated, is `O` with probability 1.
        entities: The entities that the tags mark, in order, without those that `min_score` and `labels` leave out.
        tag_set: The model's tags, in the order of the columns of `scores`.
        sentences: Ranges of words that were decided together: the sentences of the text with context "sentence", all
            of its words with context "document", in both cases cut where the layout has a border (`text.layout`).
        spark_nlp: What the model keeps of a Spark NLP pipeline; `None` for models from elsewhere.
    """

    text: str
    words: list[Word]
    tags: list[str]
    scores: npt.NDArray[np.float32] = field(compare=False)
    entities: list[Entity]
    tag_set: tuple[str, ...]
    sentences: list[range]
    spark_nlp: SparkNlpSettings | None = None

    def as_spark_nlp(
        self,
        *,
        white_list: Iterable[str] | None = None,
        preserve_position: bool | None = None,
        no_schema: bool | None = None,
    ) -> dict[str, list[Annotation]]:
        """Returns the annotations of Spark NLP's Tokenizer, AlbertForTokenClassification and NerConverter.

        Chunks follow NerConverter's rules: only `O` and `B-` end one. `min_score` and `labels` of `load` don't change
        them.

        Args:
            white_list: Labels of the chunks to keep, NerConverter's `whiteList`; empty for all. The default is what
                the model keeps of its pipeline.
            preserve_position: NerConverter's `preservePosition`. If false, a chunk's text is its first word, but its
                offsets stay. The default is what the model keeps of its pipeline.
            no_schema: NerConverter's `nerHasNoSchema`. If true, a chunk's label is the whole tag of its first word,
                otherwise the tag without its first two characters. The default is what the model keeps of its pipeline.

        Returns:
            Lists of annotations under `token`, `named_entity` and `chunk`: dictionaries of `annotatorType`, `begin` and
            `end` (inclusive, in UTF-16 code units), `result`, `metadata` (strings) and `embeddings` (empty). The
            metadata's `sentence` is an index into `sentences`.

        Raises:
            InputError: `white_list` is a single string, or isn't iterable.
        """
        kept = self.spark_nlp
        if white_list is None:
            white_list = (kept.white_list if kept else None) or ()
        if no_schema is None:
            no_schema = kept is not None and kept.has_no_schema
        if preserve_position is None:
            preserve_position = kept is None or kept.preserve_position
        annotator = Annotator(
            text=self.text,
            words=self.words,
            tags=self.tags,
            scores=self.scores,
            tag_set=self.tag_set,
            sentences=self.sentences,
        )
        return {
            "token": annotator.tokens(),
            "named_entity": annotator.named_entities(),
            "chunk": annotator.chunks(
                white_list=list(iterate(white_list, "white_list")),
                preserve_position=preserve_position,
                no_schema=no_schema,
            ),
        }

    def __repr__(self) -> str:
        found = ", ".join(f"{entity.label} {shorten(entity.text, 40)!r}" for entity in self.entities[:5])
        more = f", {len(self.entities) - 5} more" if len(self.entities) > 5 else ""
        start = self.text if len(self.text) <= 40 else f"{self.text[:39]}…"
        return f"Document({start!r}, {len(self.words)} words, [{found}{more}])"

    def _repr_html_(self) -> str:
        """The text as HTML for notebooks, with its entities highlighted."""
        return render.to_html(self.text, self.entities)
