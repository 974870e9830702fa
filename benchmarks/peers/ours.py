"""Ours."""

from __future__ import annotations

from collections.abc import Sequence

import albert_ner_onnx
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session, available_cores
from albert_ner_onnx.recognizer import EntityRecognizer
from benchmarks.peers import Settings, Span
from benchmarks.peers.raw import Ids, Logits, tag_alone


class Ours:
    """`recognize` for one text and `recognize_batch` for more; `batch` is nothing that its user chooses.

    Hint "throughput" is the default, one call a core, "latency" has all threads in one call.
    """

    def __init__(self, settings: Settings, hint: str) -> None:
        self._settings = settings
        default = hint == "throughput" and settings.threads >= available_cores()
        threads = None if default else settings.threads
        self._recognizer: EntityRecognizer = albert_ner_onnx.load(settings.package, threads=threads)
        self._session: Session | None = None
        self.setup = f"load({'' if default else f'threads={settings.threads}'}), recognize and recognize_batch"

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        if len(texts) == 1:
            found = [self._recognizer.recognize(texts[0])]
        else:
            found = self._recognizer.recognize_batch(texts)
        return [[(entity.label, entity.start, entity.end) for entity in entities] for entities in found]

    def logits(self, ids: Ids) -> Logits:
        """See `Engine`."""
        if self._session is None:  # late, as `recognize` has its own
            self._session = Session((self._settings.package / MODEL).read_bytes(), self._settings.threads)
        return self._session.run(ids)

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Engine`."""
        return tag_alone(self.logits, self._settings, texts)
