"""Ours."""

from __future__ import annotations

from collections.abc import Sequence

import albert_ner_onnx
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session
from benchmarks.peers import Settings, Span
from benchmarks.peers.bare import Ids, Logits, tag_alone


class Ours:
    """`recognize` for one text and `recognize_batch` for several; users choose no size of batches."""

    def __init__(self, settings: Settings, file: str, calls: str) -> None:
        self._settings = settings
        workers, threads = (settings.threads, 1) if calls == "many" else (1, settings.threads)
        self._recognizer = albert_ner_onnx.load(settings.model, workers=workers, threads=threads)
        self._session: Session | None = None
        self.setup = f"load(workers={workers}, threads={threads}), recognize and recognize_batch"

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        one = len(texts) == 1
        found = [self._recognizer.recognize(texts[0])] if one else self._recognizer.recognize_batch(texts)
        return [[(entity.label, entity.start, entity.end) for entity in entities] for entities in found]

    def logits(self, ids: Ids) -> Logits:
        """See `Peer`."""
        if self._session is None:  # only where logits are asked for: the recognizer has a session of its own
            self._session = Session((self._settings.model / MODEL).read_bytes(), self._settings.threads)
        return self._session.run(ids)

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Peer`."""
        return tag_alone(self, self._settings, texts)


create = Ours
