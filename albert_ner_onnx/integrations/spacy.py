"""spaCy's pipeline component `albert_ner`. spaCy finds it by its entry point, so a pipeline needs no import of it.

    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner")

spaCy imports this module for each pipeline that it makes, whether that has the component or not: it must stay light.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import albert_ner_onnx
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS
from albert_ner_onnx.model.copies import ModelInMemory, read_files
from albert_ner_onnx.model.folder import ModelFolder

with extra("spacy", "the spaCy component"):
    import srsly
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.scorer import Scorer, get_ner_prf
    from spacy.tokens import Doc, Span
    from spacy.training import Example
    from spacy.util import filter_spans

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

STYLES: Final = ("ent", "span")
ALIGNMENT_MODES: Final = ("strict", "contract", "expand")
DEFAULTS: Final = ("unmodified", "outside", "missing", "blocked")
_INSIDE: Final = (1, 3)
"""What `token.ent_iob` is inside an entity: I and B. B is also that of a token which must be no entity."""

if not Span.has_extension("score"):  # gliner-spacy and others have one, too
    Span.set_extension("score", default=None)
if not Doc.has_extension("misaligned"):
    Doc.set_extension("misaligned", default=())


@Language.factory(
    "albert_ner",
    default_config={
        "model": None,
        "labels": None,
        "min_score": 0.0,
        "style": "ent",
        "spans_key": "sc",
        "default": "unmodified",
        "alignment_mode": "expand",
        "workers": None,
        "threads": 1,
        "decoder": None,
        "context": None,
        "newlines": "wrap",
        "markup": None,
        "abbreviations": [],
    },
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans", "doc._.misaligned", "span._.score"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_component(
    nlp: Language,
    name: str,
    model: str | None,
    labels: list[str] | None,
    min_score: float | dict[str, float],
    style: str,
    spans_key: str,
    default: str,
    alignment_mode: str,
    workers: int | None,
    threads: int,
    decoder: str | None,
    context: str | None,
    newlines: str,
    markup: str | None,
    abbreviations: list[str],
) -> AlbertNer:
    """Makes the component for `nlp.add_pipe("albert_ner", config={…})`. `AlbertNer` explains the settings.

    Raises:
        InputError: A setting has an invalid value.
    """
    return AlbertNer(
        name,
        model=model,
        style=style,
        spans_key=spans_key,
        default=default,
        alignment_mode=alignment_mode,
        labels=labels,
        min_score=min_score,
        workers=workers,
        threads=threads,
        decoder=decoder,
        context=context,
        newlines=newlines,
        markup=markup,
        abbreviations=abbreviations,
    )


class AlbertNer(Pipe):
    """Sets the entities of spaCy's documents.

    The model is loaded when it is first needed, not when the component is made: a saved pipeline brings its own, and
    must load where the model that it was made with isn't.

    Attributes:
        name: The component's name in its pipeline.
        misaligned: How many entities so far didn't begin and end where tokens do, in this process. `doc._.misaligned`
            has those of a document.
    """

    def __init__(
        self,
        name: str,
        *,
        model: str | None = None,
        style: str = "ent",
        spans_key: str = "sc",
        default: str = "unmodified",
        alignment_mode: str = "expand",
        **options: Any,
    ) -> None:
        """Checks the settings, and loads nothing.

        Args:
            name: The component's name.
            model: What `albert_ner_onnx.load` takes.
            style: Where entities go: `"ent"`, to `doc.ents`, or `"span"`, to `doc.spans[spans_key]`.
            spans_key: The key of `doc.spans`.
            default: What becomes of tokens outside of the entities, as in `doc.set_ents`. `"unmodified"` leaves them
                to others, and others' entities stay where they overlap with ours; `"outside"`, `"missing"` and
                `"blocked"` take them away.
            alignment_mode: What becomes of an entity that begins or ends inside a token, as in `doc.char_span`:
                `"strict"` leaves it out, `"contract"` takes the tokens that lie inside, `"expand"` all that it touches.
            options: The other options of `albert_ner_onnx.load`.

        Raises:
            InputError: A setting has an invalid value.
        """
        from albert_ner_onnx.options import Options  # late, as it is slow to import

        for setting, value, known in (
            ("style", style, STYLES),
            ("default", default, DEFAULTS),
            ("alignment_mode", alignment_mode, ALIGNMENT_MODES),
        ):
            if value not in known:
                raise InputError(f"{setting} must be one of {', '.join(known)}, found {value!r}")
        self.name = name
        self.misaligned = 0
        self._model = model
        self._style = style
        self._spans_key = spans_key
        self._default = default
        self._alignment_mode = alignment_mode
        self._options = Options(**options)
        self._folder: ModelFolder | None = None  # of an unpickled component: the model that the other had loaded
        self._recognizer: EntityRecognizer | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles everything but the weights, as a recognizer does: the other process loads the model again."""
        state = self.__dict__ | {"_recognizer": None}
        if self._recognizer is not None:
            state["_folder"] = self._recognizer.folder  # its path is absolute
        return _restore, (self.name, state)

    @property
    def recognizer(self) -> EntityRecognizer:
        """The recognizer, which is loaded now if it wasn't.

        Raises:
            ModelError: There is no such model, or it is damaged.
            InputError: The model doesn't allow one of the options, or doesn't know one of the labels.
        """
        if self._recognizer is None:
            if self._folder is None:
                chosen = {option.name: getattr(self._options, option.name) for option in fields(self._options)}
                self._recognizer = albert_ner_onnx.load(self._model, **chosen)
            else:
                self._recognizer = self._load(self._folder)
        return self._recognizer

    def _load(self, folder: ModelFolder) -> EntityRecognizer:
        from albert_ner_onnx.recognizer import EntityRecognizer  # late, as it imports ONNX Runtime

        return EntityRecognizer(folder, self._options)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the component can give, sorted. Loads the model."""
        known = self.recognizer.labels
        chosen = self._options.labels
        return tuple(known if chosen is None else (label for label in known if label in chosen))

    @property
    def hide_labels(self) -> bool:
        """Whether `nlp.pipe_labels` and the pipeline's meta data lack the labels: until the model is loaded.

        spaCy asks for them while it loads a pipeline, before the pipeline's model is there.
        """
        return self._recognizer is None

    # --- Documents ----------------------------------------------------------------------------------------------------

    def __call__(self, doc: Doc) -> Doc:
        """Sets the entities of a document, and returns it."""
        self._annotate(doc, self.recognizer.recognize(doc.text))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 1000) -> Iterator[Doc]:
        """Sets the entities of a stream of documents, and yields them in order.

        A document that fails goes to the error handler, alone; if that doesn't raise an error, the others follow.

        Args:
            stream: The documents.
            batch_size: How many of them are recognized together, at most. Fewer if they are long.

        Raises:
            ModelError: The model can't be loaded, whatever the error handler does.
        """
        recognizer = self.recognizer
        handle = self.get_error_handler()
        for docs, texts in _batches(stream, batch_size):
            found: Sequence[list[Entity]] | None
            try:
                found = recognizer.recognize_batch(texts)
            except Exception:  # each one alone shows which of them fail
                found = None
            for index, doc in enumerate(docs):
                try:
                    self._annotate(doc, recognizer.recognize(texts[index]) if found is None else found[index])
                except Exception as error:
                    handle(self.name, self, [doc], error)
                else:
                    yield doc

    def _annotate(self, doc: Doc, entities: Sequence[Entity]) -> None:
        aligned = self._align(doc, entities)
        spans = filter_spans([span for span, _ in aligned])  # where a token is expanded to, two of them may meet
        if self._style == "span":
            _add_spans(doc, self._spans_key, spans, keep=self._default == "unmodified")
        else:
            if self._default == "unmodified":
                spans = [span for span in spans if not any(token.ent_iob in _INSIDE for token in span)]
            doc.set_ents(spans, default=self._default)
        chosen = set(map(id, spans))
        for span, score in aligned:
            if id(span) in chosen:  # or it would give its score to an entity of others that is just as long
                span._.score = score

    def _align(self, doc: Doc, entities: Sequence[Entity]) -> list[tuple[Span, float]]:
        """Returns spans of the entities with their scores, and takes down those that aren't what was found."""
        aligned = []
        misaligned = []
        for entity in entities:
            span = doc.char_span(entity.start, entity.end, entity.label, alignment_mode=self._alignment_mode)
            if span is not None:
                aligned.append((span, entity.score))
            if span is None or (span.start_char, span.end_char) != (entity.start, entity.end):
                misaligned.append(entity.as_dict())
        if misaligned:
            self.misaligned += len(misaligned)
            known = [*doc._.misaligned]
            doc._.misaligned = [*known, *(entity for entity in misaligned if entity not in known)]
        return aligned

    def score(self, examples: Iterable[Example], **options: Any) -> dict[str, Any]:
        """Scores the entities, as spaCy's own components do: `ents_f` and the like, or `spans_KEY_f` and the like."""
        if self._style == "ent":
            return get_ner_prf(examples, **options)
        key = self._spans_key
        return Scorer.score_spans(
            examples,
            f"spans_{key}",
            getter=lambda doc, _: doc.spans.get(key, ()),
            has_annotation=lambda doc: key in doc.spans,
            allow_overlap=True,
            **options,
        )

    # --- Files --------------------------------------------------------------------------------------------------------

    def to_disk(self, path: str | Path, *, exclude: Collection[str] = ()) -> None:
        """Writes a copy of the model to a folder, which `albert_ner_onnx.load` can load, too.

        Raises:
            ModelError: A file of the model is missing or damaged.
        """
        files = read_files(self.recognizer.folder)  # all of them first: `path` may be that folder
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)

    def from_disk(self, path: str | Path, *, exclude: Collection[str] = ()) -> Self:
        """Loads the model that `to_disk` wrote, in place of the one of the settings.

        Raises:
            ModelError: It is missing or damaged.
            InputError: It doesn't allow one of the options, or doesn't know one of the labels.
        """
        self._recognizer = self._load(ModelFolder.open(Path(path)))
        return self

    def to_bytes(self, *, exclude: Collection[str] = ()) -> bytes:
        """Returns the model's files as bytes.

        Raises:
            ModelError: A file of the model is missing or damaged.
        """
        return bytes(srsly.msgpack_dumps(read_files(self.recognizer.folder)))

    def from_bytes(self, bytes_data: bytes, *, exclude: Collection[str] = ()) -> Self:
        """Loads the model that `to_bytes` returned, in place of the one of the settings.

        Raises:
            ModelError: The bytes are damaged.
            InputError: The model doesn't allow one of the options, or doesn't know one of the labels.
        """
        self._recognizer = self._load(ModelInMemory.open_files(srsly.msgpack_loads(bytes_data)))
        return self


def _restore(name: str, state: dict[str, Any]) -> AlbertNer:
    component = AlbertNer(name)
    component.__dict__.update(state)
    return component


def _batches(stream: Iterable[Doc], size: int) -> Iterator[tuple[list[Doc], list[str]]]:
    """Yields `size` documents with their texts, or fewer if they have a million characters."""
    docs: list[Doc] = []
    texts: list[str] = []
    characters = 0
    for doc in stream:
        docs.append(doc)
        texts.append(doc.text)  # spaCy joins it from the tokens each time
        characters += len(texts[-1])
        if len(docs) >= size or characters >= CHUNK_CHARACTERS:
            yield docs, texts
            docs, texts, characters = [], [], 0
    if docs:
        yield docs, texts


def _add_spans(doc: Doc, key: str, spans: Sequence[Span], *, keep: bool) -> None:
    """Puts spans into `doc.spans[key]`, after those that are there if they are to be kept."""
    if keep and key in doc.spans:
        there = list(doc.spans[key])
        doc.spans[key].extend([span for span in spans if span not in there])
    else:
        doc.spans[key] = spans
