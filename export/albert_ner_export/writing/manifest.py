"""The files of a model: the graph, the tokenizer, files for other runtimes, and the manifest that describes them."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from albert_ner_export.checkpoint import Checkpoint
from albert_ner_export.graph.build import OPSETS
from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_export.writing.hugging_face import hugging_face_files
from albert_ner_onnx.model.manifest import (
    MANIFEST,
    MODEL,
    SCHEMA_VERSION,
    TOKENIZER,
    Manifest,
    Quantization,
    Verification,
)

_TOOLS = (
    "albert-ner-onnx",
    "numpy",
    "onnx",
    "onnxruntime",
    "optimum",
    "optimum-onnx",
    "tokenizers",
    "torch",
    "transformers",
)


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that the manifest says, except what depends on the precision.

    Attributes:
        checkpoint: What the model is made from. The user's choices have replaced what the source says.
        tokenizer: The tokenizer.
        interface: The inputs of the graph, one of `graph.build.INPUTS`.
        max_pieces: Longest sequence that the runtime gives the model, in pieces.
        scheme: How the tags mark a span.
        verification: How far the float32 graph is from its reference.
    """

    checkpoint: Checkpoint
    tokenizer: TokenizerFacts
    interface: str
    max_pieces: int
    scheme: str
    verification: Verification

    def complete(self, model: bytes, quantization: Quantization | None = None) -> tuple[Manifest, dict[str, bytes]]:
        """Returns the manifest of a model, and the content of each file of its folder, by name.

        Args:
            model: The file of the graph.
            quantization: How an int8 graph was made; `None` for a float32 graph.
        """
        files = {MODEL: model, TOKENIZER: self.tokenizer.data}
        if self.interface == "huggingface":
            piece_rule = self.checkpoint.piece_rule
            files |= hugging_face_files(self.checkpoint.config, self.tokenizer, self.max_pieces, piece_rule)
        manifest = self._manifest(files, quantization)
        return manifest, files | {MANIFEST: manifest.to_json().encode()}

    def _manifest(self, files: Mapping[str, bytes], quantization: Quantization | None) -> Manifest:
        checkpoint, tokenizer = self.checkpoint, self.tokenizer
        return Manifest(
            schema_version=SCHEMA_VERSION,
            name=checkpoint.name,
            license=checkpoint.license,
            language=checkpoint.language,
            tags=checkpoint.config.tags,
            ignored_labels=checkpoint.config.ignored_labels,
            scheme=self.scheme,
            max_pieces=self.max_pieces,
            cls_id=tokenizer.cls_id,
            sep_id=tokenizer.sep_id,
            word_splitter=checkpoint.word_splitter,
            piece_rule=checkpoint.piece_rule,
            markers=tokenizer.markers,
            spark_nlp=checkpoint.spark_nlp,
            lower_case=tokenizer.lower_case,
            precision="int8" if quantization else "fp32",
            opsets=OPSETS,
            files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
            source=checkpoint.sha256,
            tools={"python": platform.python_version()} | _versions(),
            verification=self.verification,
            quantization=quantization,
        )


def _versions() -> dict[str, str]:
    """Returns the versions of the tools that are installed; optimum is optional."""
    found = {}
    for tool in _TOOLS:
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found
