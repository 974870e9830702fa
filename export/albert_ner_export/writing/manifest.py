"""The files of a package: the model, the tokenizer, other runtimes' files, and the manifest that describes them."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

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

_TOOLS = ("albert-ner-onnx", "numpy", "onnx", "onnxruntime", "optimum", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Description:
    """All that a package's manifest says, but for the precision of its model.

    Attributes:
        checkpoint: What it is made from, settled: its maximum length is known.
        facts: Of the tokenizer.
        interface: Of the graph.
        verification: How far the float32 graph is from its reference.
        scheme: How the tags mark a span.
    """

    checkpoint: Checkpoint
    facts: TokenizerFacts
    interface: str
    verification: Verification
    scheme: str

    def package(self, model: bytes, quantization: Quantization | None = None) -> tuple[Manifest, dict[str, bytes]]:
        """Makes a package of a model: its manifest, and all files by name."""
        files = {MODEL: model, TOKENIZER: self.facts.data}
        if self.interface == "huggingface":
            files |= hugging_face_files(self.checkpoint.config, self.facts, self.max_pieces, self.checkpoint.piece_rule)
        manifest = self._manifest(files, quantization)
        return manifest, files | {MANIFEST: manifest.to_json().encode()}

    @property
    def max_pieces(self) -> int:
        """Longest sequence that the package gives the model, in pieces."""
        return self.checkpoint.max_pieces or self.checkpoint.config.max_position_embeddings

    def _manifest(self, files: Mapping[str, bytes], quantization: Quantization | None) -> Manifest:
        checkpoint, facts = self.checkpoint, self.facts
        return Manifest(
            schema_version=SCHEMA_VERSION,
            name=checkpoint.name,
            license=checkpoint.license,
            language=checkpoint.language,
            tags=checkpoint.config.tags,
            scheme=self.scheme,
            max_pieces=self.max_pieces,
            cls_id=facts.cls_id,
            sep_id=facts.sep_id,
            word_splitter=checkpoint.word_splitter,
            piece_rule=checkpoint.piece_rule,
            spark_nlp=checkpoint.spark_nlp,
            lower_case=facts.lower_case,
            precision="int8" if quantization else "fp32",
            opsets=OPSETS,
            files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
            source=checkpoint.sha256,
            tools={"python": platform.python_version()} | {tool: version(tool) for tool in _TOOLS},
            verification=self.verification,
            quantization=quantization,
        )
