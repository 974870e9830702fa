"""spaCy's small English model: another model with other labels, as fast as it can be."""

from __future__ import annotations

from collections.abc import Sequence

import spacy

from benchmarks.peers import PeerMissingError, Settings, Span

_MODEL = "en_core_web_sm"
_OTHERS = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")


class SpacySmall:
    """`nlp.pipe` with the entity recognizer alone, which shares nothing with the other parts of the small model."""

    def __init__(self, settings: Settings, file: str, calls: str) -> None:
        names = sorted(name for name in spacy.util.get_installed_models() if name.startswith(_MODEL))
        if not names:
            raise PeerMissingError(f"{_MODEL} isn't installed; python -m spacy download {_MODEL}")
        self._model = spacy.load(names[0], exclude=_OTHERS)
        self.setup = f"{names[0]} {self._model.meta['version']}, entity recognizer alone"

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        documents = self._model.pipe(texts, batch_size=batch)
        return [[(span.label_, span.start_char, span.end_char) for span in document.ents] for document in documents]


create = SpacySmall
