"""The schema of `manifest.json`: what a model folder says about its model. `export` writes it, the runtime reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Any, Final, Self, TypeVar, get_args, get_origin, get_type_hints

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.tags.schemes import SCHEMES, read_as_outside

T = TypeVar("T")
SCHEMA_VERSION: Final = 2
MOST_UNKNOWN: Final = 0.05
"""The share of unknown pieces over which a text says little about a model that reads other texts."""
PRECISIONS = ("int8", "fp32")
MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
HUB_MODEL = f"onnx/{MODEL}"
"""Where the Hugging Face Hub's tools look for the graph."""
_PART = r"\w[\w.-]*"  # of a path: never `..`, nor empty as in an absolute one
_FILE_NAME = re.compile(rf"{_PART}(/{_PART})*", re.ASCII)

# --- What was measured ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far the exported float32 graph is from its reference.

    Attributes:
        reference: What the graph was compared with.
        sequences: Number of sequences compared.
        pieces: Number of pieces in them.
        max_abs_logit: Largest absolute logit of the reference.
        float_max_logit_difference: Largest absolute difference of a logit.
        float_tag_agreement: Share of the pieces, 0 to 1, on which both have the same best tag.
        unknown_share: Share of the pieces that the tokenizer doesn't know. Older manifests don't say.
        tokenizer: What the pieces of words were compared with, `pieces unverified` with the reason, or `trusted` with
            the difference. Older manifests don't say; their pieces were not compared.
    """

    reference: str
    sequences: int
    pieces: int
    max_abs_logit: float
    float_max_logit_difference: float
    float_tag_agreement: float
    unknown_share: float | None = None
    tokenizer: str = "pieces unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldScores:
    """F1 of phrases, 0 to 1, of float32 and of int8, on the `words` words of a file of gold tags."""

    file: str
    words: int
    float32_f1: float
    int8_f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far int8 is from float32 on text that calibration didn't see. All shares are from 0 to 1.

    Attributes:
        text: Name of the text.
        words: Number of words in it.
        entity_words: Number of words that either model puts into an entity.
        entities: Number of entities that float32 finds.
        tag_agreement: Share of all words with the same tag.
        entity_tag_agreement: Share of the entity words with the same tag.
        max_probability_difference: Largest absolute difference of a probability, over words and tags.
        mean_probability_difference: Largest difference over the tags, averaged over the words.
        min_agreement: The least `tag_agreement` that the export accepted; 0 for any.
        unknown_share: Share of the text's pieces that the tokenizer doesn't know. Older manifests don't say.
        judged: Whether the text could show that this limit is kept: the limit isn't 0, there are enough entities to
            judge by, and few unknown pieces.
        gold: Scores on gold data, if some was given.
    """

    text: str
    words: int
    entity_words: int
    entities: int
    tag_agreement: float
    entity_tag_agreement: float
    max_probability_difference: float
    mean_probability_difference: float
    min_agreement: float
    unknown_share: float | None = None
    judged: bool
    gold: GoldScores | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How the int8 model was made, and what it cost.

    Attributes:
        activations: How the scales of the activations were found.
        weights: How the weights were rounded.
        calibration: Name of the text that the scales were found on.
        float_parts: What stayed in float, a linear or channels of its input, with the reason for each.
        embedding_bits: Bits of a value of the embeddings.
        float32_bytes: Size of the float32 graph's file.
        int8_bytes: Size of the int8 graph's file.
        quality: What it cost.
    """

    activations: str
    weights: str
    calibration: str
    float_parts: Mapping[str, str]
    embedding_bits: int
    float32_bytes: int
    int8_bytes: int
    quality: Quality


# --- The manifest -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkNlpSettings:
    """What a model that comes from Spark NLP keeps of its pipeline.

    Attributes:
        exact: Whether the model truncates and masks as Spark NLP does: words over the maximum length get no tag.
        masked_piece: The piece that Spark NLP's engine masks; `None` if it masks none.
        white_list: The labels that its NerConverter keeps; `None` for all.
        has_no_schema: Whether its NerConverter takes whole tags as labels, without splitting off a prefix.
        preserve_position: Whether the text of a chunk spans its offsets, rather than being its first word alone.
            Older manifests don't say; they mean it does.
    """

    exact: bool
    masked_piece: int | None
    white_list: tuple[str, ...] | None
    has_no_schema: bool
    preserve_position: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifest of a model.

    Attributes:
        schema_version: Version of this schema.
        name: Name of the model.
        license: Licence of the weights, as the checkpoint states it.
        language: Language of the model, as the checkpoint states it.
        tags: The model's tags, in the order of its logits. Several may be `O`.
        ignored_labels: Those of the tags that mark no entity, such as `X` and `[PAD]`. Older manifests have none.
        scheme: How the tags mark a span: one of `schemes.SCHEMES`.
        max_pieces: Longest sequence that the model is given, in pieces, `cls_id` and `sep_id` included.
        cls_id: Piece that opens every sequence.
        sep_id: Piece that closes every sequence.
        word_splitter: The rules that split a text into words: `conll` or `spark-nlp`.
        piece_rule: How a word becomes pieces: `word`, as the tokenizer does it, or `spark-nlp`.
        markers: Words that are never split, as the tokenizer reads each as one piece, such as `[USER]`.
        spark_nlp: What the model keeps of a Spark NLP pipeline; `None` for models from elsewhere.
        lower_case: Whether the tokenizer ignores case.
        precision: `int8` or `fp32`.
        opsets: Version of each operator set that the graph uses, by domain.
        files: sha256 of each other file in the folder, by its path in the folder. The graph is `model.onnx` or, as on
            the Hugging Face Hub, `onnx/model.onnx`.
        source: sha256 of each file of the checkpoint.
        tools: Versions of the tools that made the model.
        verification: How far the float32 graph is from its reference.
        quantization: How int8 was made and what it cost; `None` for a float32 model.
    """

    schema_version: int
    name: str
    license: str | None
    language: str | None
    tags: tuple[str, ...]
    ignored_labels: tuple[str, ...] = ()
    scheme: str
    max_pieces: int
    cls_id: int
    sep_id: int
    word_splitter: str
    piece_rule: str
    markers: tuple[str, ...] = ()
    spark_nlp: SparkNlpSettings | None
    lower_case: bool
    precision: str
    opsets: Mapping[str, int]
    files: Mapping[str, str]
    source: Mapping[str, str]
    tools: Mapping[str, str]
    verification: Verification
    quantization: Quantization | None

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Reads and checks a manifest.

        Raises:
            ModelError: It isn't JSON, or not a manifest that this version can read. The message names no path.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"can't be read as JSON ({error})") from None
        version = data.get("schema_version") if isinstance(data, dict) else None
        if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
            raise ModelError(
                f"schema_version must be from 1 to {SCHEMA_VERSION}, found {version!r}: if the model is newer than "
                "this albert-ner-onnx, upgrade that"
            )
        manifest = _parse(cls, _upgrade_schema_1(data) if version == 1 else data, "")
        if problem := manifest._problem():
            raise ModelError(problem)
        return manifest

    @property
    def read_tags(self) -> tuple[str, ...]:
        """The tag that each logit is read as: `O` for an ignored label."""
        return read_as_outside(self.tags, self.ignored_labels)

    @property
    def model_file(self) -> str:
        """Path of the graph in the folder."""
        return MODEL if MODEL in self.files else HUB_MODEL

    def to_json(self) -> str:
        """Returns the manifest as JSON, ready to be written."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def _problem(self) -> str | None:
        named = [tag for tag in self.tags if tag != "O"]
        if "O" not in self.tags or len(set(named)) != len(named):
            return f"tags must hold 'O', and all others must be unique, found {list(self.tags)}"
        if not set(self.ignored_labels).issubset(named):
            return f"ignored_labels must be some of the tags and not 'O', found {list(self.ignored_labels)}"
        if not all(self.tags):
            return "tags must not be empty"
        if self.cls_id < 0 or self.sep_id < 0:
            return f"cls_id and sep_id must be 0 or more, found {self.cls_id} and {self.sep_id}"
        if self.precision not in PRECISIONS:
            return f"precision must be one of {', '.join(PRECISIONS)}, found {self.precision!r}"
        if self.scheme not in SCHEMES:
            return f"scheme must be one of {', '.join(SCHEMES)}, found {self.scheme!r}"
        if not all(self.markers):
            return "markers must not be empty"
        if self.max_pieces < 3:
            return f"max_pieces must be 3 or more, found {self.max_pieces}"
        for name in self.files:  # a manifest may come from strangers, and its files are downloaded and read
            if not _FILE_NAME.fullmatch(name):
                return f"files must be paths inside the folder, found {name!r}"
        for name in (self.model_file, TOKENIZER):
            if name not in self.files:
                return f"no checksum of {MODEL if name == HUB_MODEL else name}"
        return None


# --- Parsing ----------------------------------------------------------------------------------------------------------

_NESTED: Mapping[str, type[Any]] = {
    "verification": Verification,
    "spark_nlp": SparkNlpSettings,
    "quantization": Quantization,
    "quality": Quality,
    "gold": GoldScores,
}


def _upgrade_schema_1(data: dict[str, Any]) -> dict[str, Any]:
    """Brings a manifest of schema 1, which stated some shares in per cent, to schema 2."""
    data = data | {"schema_version": SCHEMA_VERSION}
    try:
        quality = data["quantization"]["quality"]
        upgraded = quality | {"min_agreement": quality["min_agreement"] / 100}
        if gold := quality["gold"]:
            upgraded["gold"] = {
                "file": gold["file"],
                "words": gold["words"],
                "float32_f1": gold["float32_fb1"] / 100,
                "int8_f1": gold["int8_fb1"] / 100,
            }
    except (KeyError, TypeError):  # a float32 model has none; a damaged manifest is reported when it is parsed
        return data
    return data | {"quantization": data["quantization"] | {"quality": upgraded}}


def _parse(kind: type[T], data: Any, prefix: str) -> T:
    """Builds the dataclass `kind` from parsed JSON. Refuses fields that are missing or have another type."""
    if not isinstance(data, dict):
        raise ModelError(f"{prefix.removesuffix('.') or 'the manifest'} must be an object, found {type(data).__name__}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        name = field.name
        if name not in data:
            if field.default is not MISSING:
                continue
            raise ModelError(f"{prefix}{name} is missing")
        value = data[name]
        if nested := _NESTED.get(name):
            if value is not None or hints[name] is nested:
                value = _parse(nested, value, f"{prefix}{name}.")
        elif not _fits(value, hints[name]):
            raise ModelError(f"{prefix}{name} must be {field.type}, found {str(value)[:60]!r}")
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
