"""Peers: what a user could pick instead of this project, each at its best, and ours, behind one interface.

A peer is set up as its documentation recommends and as an expert would: the caller chooses the size of batches, texts
that share a batch are sorted by length, and all peers have the same longest sequence. Importing this package imports
no framework: each peer's module does, in a process of its own (`worker`), so that pools of threads don't fight.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Span: TypeAlias = tuple[str, int, int]
"""An entity: its label, its first character, and the one after its last."""

OURS: Final = "ours"
OURS_ONE_CALL: Final = "ours-one-call"
"""Ours with all cores in one call, as its documentation recommends for one text at a time."""
EXACT: Final = "transformers"
"""The peer in float32: the others' tags and logits are compared with its own."""

SPACY: Final = "spacy"
PRESIDIO: Final = "presidio"
"""Presidio's own recognizer: only `adapters` compares with it, as its model is that of `EXACT`."""


class PeerMissingError(Exception):
    """A peer can't take part, because something isn't installed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all peers of a comparison share.

    Attributes:
        checkpoint: Hugging Face folder of the model.
        model: Our export of it.
        files: Folder of the files that `stock` makes for the other peers.
        threads: Threads of a peer, all of its pools together.
        window: Most pieces of a sequence, special ones included.
    """

    checkpoint: Path
    model: Path
    files: Path
    threads: int
    window: int

    def as_json(self) -> dict[str, Any]:
        """The settings as a worker receives them."""
        return {name: value if isinstance(value, int) else str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings that `as_json` gave."""
        converted: dict[str, Any] = {
            name: Path(each) if isinstance(each, str) else each for name, each in values.items()
        }
        return cls(**converted)


class Peer(Protocol):
    """Finds entities, and says what its model says. `setup` says in words how it is set up.

    One that doesn't run the checkpoint, as spaCy's, has no `logits` and no `word_tags`.
    """

    setup: str

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """Finds the entities of each text, with `batch` sequences in a call of the model."""
        ...

    def logits(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Runs the model without padding: int64 [batch, piece] in, float32 [batch, piece, tag] out."""
        ...

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """For each text, the index of the best tag of each word between blanks, read at its first piece."""
        ...


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes a peer.

    Attributes:
        title: What tables call it.
        module: Its module in this package. That imports the framework; its `create` loads the model.
        file: The kind of file that `stock` makes for it, if it needs one.
        calls: `many` for one call of the model per core, `one` for all cores in one call.
        batches: Sizes of batches to try; `(0,)` if it chooses for itself.
    """

    title: str
    module: str
    file: str = ""
    calls: str = "many"
    batches: tuple[int, ...] = (1, 8, 16)

    def import_framework(self) -> ModuleType:
        """Imports the peer's module and with it the framework.

        Raises:
            PeerMissingError: The framework isn't installed.
        """
        try:
            return importlib.import_module(f"{__name__}.{self.module}")
        except ModuleNotFoundError as error:
            raise PeerMissingError(f"{error.name} isn't installed; pip install -e '.[benchmark]'") from None

    def create(self, settings: Settings) -> Peer:
        """Loads the model.

        Raises:
            PeerMissingError: The framework or its own model isn't installed.
        """
        peer: Peer = self.import_framework().create(settings, self.file, self.calls)
        return peer


PEERS: Final[Mapping[str, Factory]] = {
    OURS: Factory("ours", "ours", batches=(0,)),
    OURS_ONE_CALL: Factory("ours, all threads in one call", "ours", calls="one", batches=(0,)),
    EXACT: Factory("transformers' pipeline, float32", "pipelines", batches=(1, 8)),
    "optimum-int8": Factory("optimum's int8 in that pipeline", "pipelines", "o1_quantizer", batches=(1, 8)),
    "onnxruntime-int8": Factory("ONNX Runtime's int8, bare", "onnx_runtime", "quantize_dynamic"),
    "onnxruntime-int8-one-call": Factory(
        "ONNX Runtime's int8, bare, all threads in one call", "onnx_runtime", "quantize_dynamic", "one"
    ),
    "openvino-int8-throughput": Factory("OpenVINO's int8, bare, for throughput", "open_vino", "nncf"),
    "openvino-int8-latency": Factory("OpenVINO's int8, bare, for latency", "open_vino", "nncf", "one"),
    SPACY: Factory("spaCy's small model", "spacy_small", batches=(128,)),
    PRESIDIO: Factory("its recognizer for transformers, same checkpoint", "presidio_transformers", batches=(16,)),
}
"""All peers by name, ours first."""
