"""The sizes of an ALBERT and its tags. What can't be exported is refused here, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from albert_ner_export.labels import check_tags
from albert_ner_onnx.errors import ExportError

ACTIVATIONS = ("gelu", "gelu_new", "relu")

# transformers' AlbertConfig, which leaves nothing of these out of a config.json that it writes; others do.
_DEFAULT_SIZES = {
    "vocab_size": 30000,
    "embedding_size": 128,
    "hidden_size": 4096,
    "num_hidden_layers": 12,
    "num_hidden_groups": 1,
    "num_attention_heads": 64,
    "intermediate_size": 16384,
    "inner_group_num": 1,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbertConfig:
    """The part of transformers' `AlbertConfig` that inference depends on, under the same names, and the tags.

    Attributes:
        vocab_size: Rows of the word embeddings.
        embedding_size: Width of the embeddings, at most `hidden_size`.
        hidden_size: Width of the encoder.
        num_hidden_layers: How often an inner group sequence is applied in all.
        num_hidden_groups: Sets of weights, each used for consecutive iterations.
        num_attention_heads: Divides `hidden_size`.
        intermediate_size: Width of the feed-forward network.
        inner_group_num: Layers in a group, applied one after another in each of its iterations.
        max_position_embeddings: Longest sequence in pieces.
        type_vocab_size: Rows of the token type embeddings, of which inference uses the first.
        hidden_act: One of `gelu` (erf), `gelu_new` (tanh) and `relu`.
        layer_norm_eps: Added to the variance in each LayerNorm.
        tags: The tag of each logit.
    """

    vocab_size: int
    embedding_size: int
    hidden_size: int
    num_hidden_layers: int
    num_hidden_groups: int
    num_attention_heads: int
    intermediate_size: int
    inner_group_num: int
    max_position_embeddings: int
    type_vocab_size: int
    hidden_act: str
    layer_norm_eps: float
    tags: tuple[str, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], labels: Sequence[str] | None = None) -> Self:
        """Reads a parsed `config.json`.

        Args:
            data: The configuration, under transformers' names.
            labels: The tag of each logit, instead of the configuration's `id2label`.

        Raises:
            ExportError: It describes something that this exporter can't do, which the message names.
        """
        if (model_type := data.get("model_type", "albert")) != "albert":
            raise ExportError(f"config.json: model_type must be 'albert', found {model_type!r}")
        position_type = data.get("position_embedding_type", "absolute")
        if position_type != "absolute":
            raise ExportError(f"config.json: position_embedding_type must be 'absolute', found {position_type!r}")
        activation = data.get("hidden_act", "gelu_new")
        if activation not in ACTIVATIONS:
            raise ExportError(f"config.json: hidden_act must be one of {', '.join(ACTIVATIONS)}, found {activation!r}")
        sizes = {name: _positive_int(data, name, default) for name, default in _DEFAULT_SIZES.items()}
        _check_sizes(sizes)
        epsilon = data.get("layer_norm_eps", 1e-12)
        if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 <= epsilon < 1:
            raise ExportError(f"config.json: layer_norm_eps must be a small positive number, found {epsilon!r}")
        tags = _tags(data.get("id2label")) if labels is None else check_tags(labels, "labels")
        return cls(**sizes, hidden_act=activation, layer_norm_eps=float(epsilon), tags=tags)

    def to_dict(self) -> dict[str, Any]:
        """The `config.json` of an `AlbertForTokenClassification` with these sizes and tags."""
        sizes = {name: getattr(self, name) for name in (*_DEFAULT_SIZES, "hidden_act", "layer_norm_eps")}
        return sizes | {
            "model_type": "albert",
            "architectures": ["AlbertForTokenClassification"],
            "id2label": {str(i): tag for i, tag in enumerate(self.tags)},
            "label2id": {tag: i for i, tag in enumerate(self.tags)},
        }

    @property
    def iterations(self) -> list[int]:
        """How many iterations each group is applied for, in order; they are consecutive.

        Hugging Face computes the group of iteration i as int(i / (layers / groups)), in floating point; so does
        this, as the two can differ by rounding where the layers don't divide evenly.
        """
        groups = [int(i / (self.num_hidden_layers / self.num_hidden_groups)) for i in range(self.num_hidden_layers)]
        return [groups.count(group) for group in range(self.num_hidden_groups)]


def _positive_int(data: Mapping[str, Any], name: str, default: int) -> int:
    value = data.get(name, default)
    if type(value) is not int or value < 1:
        raise ExportError(f"config.json: {name} must be a whole number of 1 or more, found {value!r}")
    return value


def _check_sizes(sizes: Mapping[str, int]) -> None:
    """Refuses sizes that don't go together."""
    heads, hidden = sizes["num_attention_heads"], sizes["hidden_size"]
    if hidden % heads:
        raise ExportError(f"config.json: num_attention_heads ({heads}) must divide hidden_size ({hidden})")
    if (width := sizes["embedding_size"]) > hidden:
        raise ExportError(f"config.json: embedding_size ({width}) must be at most hidden_size ({hidden})")
    if sizes["max_position_embeddings"] < 3:
        raise ExportError("config.json: max_position_embeddings must be 3 or more: a piece between two special ones")
    groups, layers = sizes["num_hidden_groups"], sizes["num_hidden_layers"]
    if groups > layers or sizes["inner_group_num"] > layers // groups:
        # transformers fails on both with an IndexError, so no reference exists
        raise ExportError(
            f"config.json: num_hidden_groups ({groups}) must be at most num_hidden_layers ({layers}), "
            f"and inner_group_num ({sizes['inner_group_num']}) at most their quotient ({layers // groups})"
        )


def _tags(id2label: Any) -> tuple[str, ...]:
    """The tags of a configuration, in the order of their ids."""
    if not isinstance(id2label, dict) or not id2label:
        raise ExportError("config.json: no id2label; give the tag of each logit with --labels FILE, one tag a line")
    try:
        tags = [id2label[str(i)] for i in range(len(id2label))]
    except KeyError as error:
        raise ExportError(
            f"config.json: id2label must have the ids 0 to {len(id2label) - 1}, no {error}; add it, or give all tags "
            "with --labels FILE"
        ) from None
    for index, tag in enumerate(tags):
        if not isinstance(tag, str):
            raise ExportError(
                f"config.json: id2label must map ids to strings, found {type(tag).__name__} for id {index}; give the "
                "tags with --labels FILE"
            )
    return check_tags(tags, "config.json: id2label")
