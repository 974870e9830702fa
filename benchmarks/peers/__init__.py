"""Peers: what a user could pick instead of this package, each at its best, and ours, behind one interface.

Each is set up as its own documentation recommends and as an expert would: the batch size is the caller's, texts are
sorted by length where they share a batch, and one window's length is the same for all. Importing this imports no
framework: a peer's module does, in a process of its own (`worker`), so that pools of threads don't fight.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Span: TypeAlias = tuple[str, int, int]
"""An entity: its label, and its first and one past its last character."""

OURS = "ours"
OURS_LATENCY = "ours-latency"
"""Ours with all threads in one call, as its README says for single texts."""

EXACT = "transformers-float32"
"""Whose tags and logits the others' are compared with."""


_BFLOAT16 = frozenset({"amx_bf16", "avx512_bf16", "bf16"})  # flags of CPUs with instructions for it, x86's and Arm's


@dataclass(frozen=True, slots=True)
class Settings:
    """What all peers of a comparison share.

    Attributes:
        checkpoint: Hugging Face folder of the model.
        package: Our package of the same model.
        models: Folder of the files that the peers need, made by `stock`.
        threads: Threads of a peer's own, all pools together.
        window: Most pieces of a sequence, special ones included.
    """

    checkpoint: Path
    package: Path
    models: Path
    threads: int
    window: int = 128

    def as_json(self) -> dict[str, Any]:
        """As a worker is given them."""
        return {name: value if isinstance(value, int) else str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """The same back again."""
        paths = {name: Path(values[name]) for name in ("checkpoint", "package", "models")}
        return cls(**paths, threads=values["threads"], window=values["window"])


class Peer(Protocol):
    """Finds entities. Attribute `setup` says in words how it is set up."""

    setup: str

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """Finds the entities of each text, with `batch` sequences in a call of the model."""
        ...


@runtime_checkable
class Engine(Protocol):
    """A peer that runs the checkpoint, so that its logits and tags can be compared."""

    def logits(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Runs the model without padding: int64 [batch, piece] in, float32 [batch, piece, tag] out."""
        ...

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """Index of the best tag of the first piece of each word between blanks, for each text."""
        ...


class PeerMissingError(Exception):
    """A peer that can't take part here, as something isn't installed."""


def check_bfloat16(cpu_flags: Collection[str]) -> None:
    """Nobody would choose bfloat16 where it has no instructions: it would be imitated.

    Raises:
        PeerMissingError: The CPU, as far as it says what it has, can't compute in bfloat16.
    """
    if cpu_flags and not _BFLOAT16.intersection(cpu_flags):
        raise PeerMissingError(f"the CPU has no bfloat16, none of {', '.join(sorted(_BFLOAT16))}")


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes a peer.

    Attributes:
        module: Its module in this package, which imports the framework.
        name: Its class.
        variant: What the class is given beside the settings.
        needs: Names of the files that `stock` makes for it.
        requirements: Distributions that a user of it installs.
        batches: Sizes of batches to try.
        slow: Whether it gets few texts where others get all.
    """

    module: str
    name: str
    variant: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    batches: tuple[int, ...] = (1, 8, 16)
    slow: bool = False

    def load_module(self) -> None:
        """Imports the framework.

        Raises:
            PeerMissingError: It isn't installed.
        """
        try:
            importlib.import_module(f"{__name__}.{self.module}")
        except ModuleNotFoundError as error:
            raise PeerMissingError(f"{error.name} isn't installed; pip install -e '.[benchmark]'") from None

    def create(self, settings: Settings) -> Peer:
        """Loads the model.

        Raises:
            PeerMissingError: The framework or its model isn't installed, or the CPU has no bfloat16.
        """
        if self.variant.get("precision") == "bfloat16":
            from albert_ner_onnx.machine import describe_machine  # late, so that others don't hold ours in memory

            check_bfloat16(describe_machine().cpu_flags)
        self.load_module()
        kind = getattr(importlib.import_module(f"{__name__}.{self.module}"), self.name)
        peer: Peer = kind(settings, **self.variant)
        return peer


def _registry() -> dict[str, Factory]:
    peers = {
        name: Factory("ours", "Ours", {"hint": hint}, requirements=("albert-ner-onnx",), batches=(1,))
        for name, hint in ((OURS, "throughput"), (OURS_LATENCY, "latency"))
    }
    torch, optimum = ("transformers", "torch"), ("optimum-onnx", "onnxruntime")
    for precision in ("float32", "bfloat16", "int8"):
        peers[f"transformers-{precision}"] = Factory(
            "transformers_pipeline", "TransformersPipeline", {"precision": precision}, (), torch, (1, 8), slow=True
        )
    for name, file in (("float32", "float32"), ("int8", "o1_quantizer")):
        peers[f"optimum-{name}"] = Factory(
            "optimum_pipeline", "OptimumPipeline", {"file": file}, (file,), optimum, (1, 8), slow=True
        )
    bare = ("onnxruntime", "tokenizers", "numpy")
    for name, file in (("float32", "float32"), ("int8", "quantize_dynamic"), ("o1-int8", "o1_quantizer")):
        for hint in ("latency", "throughput"):
            peers[f"onnxruntime-{name}-{hint}"] = Factory(
                "onnxruntime_raw", "OnnxRuntimeRaw", {"file": file, "hint": hint}, (file,), bare
            )
    for precision, file in (("float32", "float32"), ("bfloat16", "float32"), ("int8", "nncf")):
        for hint in ("latency", "throughput"):
            peers[f"openvino-{precision}-{hint}"] = Factory(
                "openvino_raw",
                "OpenVinoRaw",
                {"file": file, "precision": precision, "hint": hint},
                (file,),
                ("openvino", "tokenizers", "numpy"),
            )
    peers["spacy-small"] = Factory("spacy_pipeline", "SpacyPipeline", requirements=("spacy",), batches=(128,))
    return peers


PEERS: Mapping[str, Factory] = _registry()
"""All peers by name, ours first."""

QUICK_PEERS = (
    *(OURS, OURS_LATENCY, EXACT, "onnxruntime-int8-latency", "onnxruntime-int8-throughput"),
    *("openvino-int8-latency", "openvino-int8-throughput"),
)
"""Those that a quick run is content with: the exact one, and of each engine what is best most often."""
