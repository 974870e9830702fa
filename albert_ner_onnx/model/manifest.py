"""What a model package is: a folder of `model.onnx`, `tokenizer.json` and `manifest.json`.

The exporter writes and the runtime reads it through this one schema.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.measurements import GoldScores, Quality, Quantization, Verification
from albert_ner_onnx.tags.schemes import SCHEMES

T = TypeVar("T")
SCHEMA_VERSION = 1
PRECISIONS = ("int8", "fp32")
MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkNlp:
    """What a package made of a Spark NLP archive keeps of its pipeline.

    Attributes:
        exact: Whether the engine's own cuts and masks are applied: what is over the maximum length gets no tag.
        masked_piece: The piece that the engine masks; `None` if it masks none.
        white_list: The labels that its NerConverter keeps; `None` for all.
        has_no_schema: Whether its NerConverter takes tags for labels, without prefixes.
        preserve_position: Whether a chunk's text is all that its offsets span, not its first word alone; older
            packages don't say, and mean it.
    """

    exact: bool
    masked_piece: int | None
    white_list: tuple[str, ...] | None
    has_no_schema: bool
    preserve_position: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifest of a package.

    Attributes:
        schema_version: Version of this schema; a reader refuses all but its own.
        name: Name of the model.
        license: Licence of the weights, as its source names it.
        language: Language of the model, as its source names it.
        tags: The model's tags, in the order of its logits.
        scheme: How they mark a span: one of `schemes.SCHEMES`.
        max_pieces: Pieces that the model can take at once, `cls_id` and `sep_id` included.
        cls_id: Piece that opens every sequence.
        sep_id: Piece that closes every sequence.
        word_splitter: Which rules split a text into words.
        piece_rule: How a word becomes pieces, one of `tokenization.PIECE_RULES`.
        spark_nlp: What is kept of a Spark NLP pipeline; `None` for models of other sources.
        lower_case: Whether the tokenizer ignores case.
        precision: `int8` or `fp32`.
        opsets: Version of each operator set that the graph uses, by domain.
        files: sha256 of each other file of the package.
        source: sha256 of each file that the package was made from.
        tools: Versions of what made it.
        verification: How far the float32 graph is from its reference.
        quantization: How int8 was made of it and what it cost; `None` in a float32 package.
    """

    schema_version: int
    name: str
    license: str | None
    language: str | None
    tags: tuple[str, ...]
    scheme: str
    max_pieces: int
    cls_id: int
    sep_id: int
    word_splitter: str
    piece_rule: str
    spark_nlp: SparkNlp | None
    lower_case: bool
    precision: str
    opsets: Mapping[str, int]
    files: Mapping[str, str]
    source: Mapping[str, str]
    tools: Mapping[str, str]
    verification: Verification
    quantization: Quantization | None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads and checks the manifest of a package.

        Raises:
            ModelError: No such package, or a manifest that this version can't read.
        """
        path = folder / MANIFEST
        if not folder.is_dir():
            raise ModelError(f"{folder}: no such folder; expected a package made by `albert-ner export`")
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise ModelError(f"{folder}: no {MANIFEST} in it; expected a package made by `albert-ner export`") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path}: can't be read as JSON ({error}); export the package again") from None
        found = data.get("schema_version") if isinstance(data, dict) else None
        if found != SCHEMA_VERSION:
            raise ModelError(
                f"{path}: schema version {found!r}, this version of albert-ner-onnx reads {SCHEMA_VERSION}; "
                "export the package again"
            )
        manifest = _parse(cls, data, path, "")
        if problem := manifest._problem():
            raise ModelError(f"{path}: {problem}; export the package again")
        return manifest

    def _problem(self) -> str | None:
        if "O" not in self.tags or len(set(self.tags)) != len(self.tags):
            return f"tags must be unique and hold 'O', found {list(self.tags)}"
        if not all(self.tags):
            return "tags must not be empty"
        if self.cls_id < 0 or self.sep_id < 0:
            return f"cls_id and sep_id must be 0 or more, found {self.cls_id} and {self.sep_id}"
        if self.precision not in PRECISIONS:
            return f"precision must be one of {', '.join(PRECISIONS)}, found {self.precision!r}"
        if self.scheme not in SCHEMES:
            return f"scheme must be one of {', '.join(SCHEMES)}, found {self.scheme!r}"
        if self.max_pieces < 3:
            return f"max_pieces must be 3 or more, found {self.max_pieces}"
        for name in (MODEL, TOKENIZER):
            if name not in self.files:
                return f"no checksum of {name}"
        return None

    def to_json(self) -> str:
        """The manifest as JSON, ready to be written."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def read_file(self, folder: Path, name: str) -> bytes:
        """Reads a file of the package whose bytes are the ones that the exporter wrote.

        Args:
            folder: The package.
            name: `model.onnx` or `tokenizer.json`.

        Raises:
            ModelError: Missing, or its sha256 differs: a flipped bit in the weights would load silently.
        """
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{name}: can't be read ({error.strerror}); export the package again") from None
        found = hashlib.sha256(data).hexdigest()
        if found != self.files[name]:
            raise ModelError(
                f"{name}: damaged, sha256 {self.files[name][:12]}… expected, {found[:12]}… found; "
                "copy or export the package again"
            )
        return data


_NESTED: Mapping[str, type[Any]] = {
    "verification": Verification,
    "spark_nlp": SparkNlp,
    "quantization": Quantization,
    "quality": Quality,
    "gold": GoldScores,
}


def _parse(kind: type[T], data: Any, path: Path, prefix: str) -> T:
    """Builds the dataclass `kind` out of parsed JSON, refusing what is missing or has another type."""
    if not isinstance(data, dict):
        raise ModelError(f"{path}: {prefix or 'the whole'} must be an object, found {type(data).__name__}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        name = field.name
        if name not in data:
            if field.default is not MISSING:
                continue
            raise ModelError(f"{path}: {prefix}{name} is missing; export the package again")
        value = data[name]
        if nested := _NESTED.get(name):
            if value is not None or hints[name] is nested:
                value = _parse(nested, value, path, f"{prefix}{name}.")
        elif not _fits(value, hints[name]):
            raise ModelError(f"{path}: {prefix}{name} must be {field.type}, found {str(value)[:60]!r}")
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value has the type of a field."""
    if isinstance(hint, UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, list) and all(_fits(item, get_args(hint)[0]) for item in value)
    if get_origin(hint) is Mapping:
        return isinstance(value, dict) and all(_fits(item, get_args(hint)[1]) for item in value.values())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is hint
