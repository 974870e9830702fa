"""The sizes of an ALBERT and its tags. Configurations that can't be exported are refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from albert_ner_export.labels import check_tags, find_ignored
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.tags.schemes import read_as_outside

ACTIVATIONS = ("gelu", "gelu_new", "relu")

# The defaults of transformers' AlbertConfig. Its own config.json holds all of these; other writers leave some out.
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
# Their classifier has the same name
_OF_TEXTS = frozenset({"AlbertForSequenceClassification", "AlbertForMultipleChoice"})
_MAX_LAYERS = 1000  # applied in all: the graph has nodes for each, and the largest ALBERT has 12
_GIVE_LABELS = "give the tag of each logit with --tags-file FILE, one tag per line"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbertConfig:
    """The part of transformers' `AlbertConfig` that inference depends on, under the same names, and the tags.

    Attributes:
        vocab_size: Rows of the word embeddings.
        embedding_size: Width of the embeddings, at most `hidden_size`.
        hidden_size: Width of the encoder.
        num_hidden_layers: Iterations in all. Each applies every layer of its group.
        num_hidden_groups: Sets of weights; each is used for consecutive iterations.
        num_attention_heads: Attention heads; divides `hidden_size`.
        intermediate_size: Width of the feed-forward network.
        inner_group_num: Layers in a group, applied one after another in each of its iterations.
        max_position_embeddings: Longest sequence in pieces.
        type_vocab_size: Rows of the token type embeddings; inference uses the first.
        hidden_act: `gelu` (with erf), `gelu_new` (with tanh) or `relu`.
        layer_norm_eps: Added to the variance in each LayerNorm.
        tags: The tag of each logit. Several may be `O`.
        ignored_labels: Those of the tags that mark no entity, and are read as `O`.
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
    ignored_labels: tuple[str, ...] = ()

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        labels: Sequence[str] | None = None,
        ignored: Sequence[str] | None = None,
        *,
        place: str = "config.json",
    ) -> Self:
        """Reads a parsed `config.json`.

        Args:
            data: The configuration, under transformers' names.
            labels: The tag of each logit, instead of the configuration's `id2label`.
            ignored: The labels that mark no entity; `None` for those of `labels.IGNORED_LABELS`.
            place: Where the configuration was found, for messages.

        Raises:
            ExportError: It describes something that can't be exported; the message names it.
        """
        if (model_type := data.get("model_type", "albert")) != "albert":
            raise ExportError(f"{place}: model_type must be 'albert', found {model_type!r}")
        if isinstance(kinds := data.get("architectures"), list) and (other := _OF_TEXTS.intersection(map(str, kinds))):
            raise ExportError(
                f"{place}: architectures names {min(other)}, which classifies whole texts, not their words; give a "
                "checkpoint of AlbertForTokenClassification"
            )
        position_type = data.get("position_embedding_type", "absolute")
        if position_type != "absolute":
            raise ExportError(f"{place}: position_embedding_type must be 'absolute', found {position_type!r}")
        activation = data.get("hidden_act", "gelu_new")
        if activation not in ACTIVATIONS:
            raise ExportError(f"{place}: hidden_act must be one of {', '.join(ACTIVATIONS)}, found {activation!r}")
        sizes = {name: _positive_int(data, name, default, place) for name, default in _DEFAULT_SIZES.items()}
        _check_sizes(sizes, place)
        epsilon = data.get("layer_norm_eps", 1e-12)
        if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 <= epsilon < 1:
            raise ExportError(f"{place}: layer_norm_eps must be a number from 0 to less than 1, found {epsilon!r}")
        if labels is None:
            tags = _read_tags(data.get("id2label"), ignored, place)
        else:
            tags = check_tags(labels, "labels", ignored)
        found = find_ignored(tags, ignored)
        return cls(**sizes, hidden_act=activation, layer_norm_eps=float(epsilon), tags=tags, ignored_labels=found)

    def to_dict(self) -> dict[str, Any]:
        """Returns the `config.json` of an `AlbertForTokenClassification` with these sizes and tags."""
        sizes = {name: getattr(self, name) for name in (*_DEFAULT_SIZES, "hidden_act", "layer_norm_eps")}
        return sizes | {
            "model_type": "albert",
            "architectures": ["AlbertForTokenClassification"],
            "id2label": {str(i): tag for i, tag in enumerate(self.tags)},
            "label2id": {tag: i for i, tag in enumerate(self.tags)},
        }

    @property
    def read_tags(self) -> tuple[str, ...]:
        """The tag that each logit is read as: `O` for an ignored label."""
        return read_as_outside(self.tags, self.ignored_labels)

    @property
    def iterations(self) -> list[int]:
        """How many consecutive iterations use each group, in the groups' order."""
        return iterations_per_group(self.num_hidden_layers, self.num_hidden_groups)


def group_of_each_iteration(layers: int, groups: int) -> list[int]:
    """Returns the group of weights that each iteration uses.

    transformers computes it in floating point (`AlbertTransformer.forward` in modeling_albert.py), and so does this:
    where the layers don't divide evenly, rounding may give another group than whole numbers would.

    Args:
        layers: `num_hidden_layers`.
        groups: `num_hidden_groups`.
    """
    return [int(iteration / (layers / groups)) for iteration in range(layers)]


def iterations_per_group(layers: int, groups: int) -> list[int]:
    """Returns how many iterations use each group; see `group_of_each_iteration`."""
    order = group_of_each_iteration(layers, groups)
    return [order.count(group) for group in range(groups)]


def _positive_int(data: Mapping[str, Any], name: str, default: int, place: str) -> int:
    value = data.get(name, default)
    if type(value) is not int or value < 1:
        raise ExportError(f"{place}: {name} must be a whole number of 1 or more, found {value!r}")
    return value


def _check_sizes(sizes: Mapping[str, int], place: str) -> None:
    """Refuses sizes that don't fit together."""
    heads, hidden = sizes["num_attention_heads"], sizes["hidden_size"]
    if hidden % heads:
        raise ExportError(f"{place}: num_attention_heads ({heads}) must divide hidden_size ({hidden})")
    if (width := sizes["embedding_size"]) > hidden:
        raise ExportError(f"{place}: embedding_size ({width}) must be at most hidden_size ({hidden})")
    if (positions := sizes["max_position_embeddings"]) < 3:
        raise ExportError(
            f"{place}: max_position_embeddings must be 3 or more, for one piece between [CLS] and [SEP]; found "
            f"{positions}"
        )
    groups, layers = sizes["num_hidden_groups"], sizes["num_hidden_layers"]
    if (applied := layers * sizes["inner_group_num"]) > _MAX_LAYERS:
        raise ExportError(
            f"{place}: num_hidden_layers ({layers}) times inner_group_num ({sizes['inner_group_num']}) must be at most "
            f"{_MAX_LAYERS}, found {applied}; the file is damaged: copy it again"
        )
    if groups > layers or sizes["inner_group_num"] > layers // groups:
        # transformers fails on both with an IndexError, so there is nothing to compare an export with
        raise ExportError(
            f"{place}: num_hidden_groups ({groups}) must be at most num_hidden_layers ({layers}), "
            f"and inner_group_num ({sizes['inner_group_num']}) at most their quotient ({layers // groups})"
        )


def _read_tags(id2label: Any, ignored: Sequence[str] | None, place: str) -> tuple[str, ...]:
    """Returns the tags of a configuration in the order of their ids."""
    if not isinstance(id2label, dict) or not id2label:
        raise ExportError(f"{place}: no id2label; {_GIVE_LABELS}")
    try:
        tags = [id2label[str(i)] for i in range(len(id2label))]
    except KeyError as error:
        raise ExportError(
            f"{place}: id2label must have the ids 0 to {len(id2label) - 1}, but lacks {error}; {_GIVE_LABELS}"
        ) from None
    for index, tag in enumerate(tags):
        if not isinstance(tag, str):
            raise ExportError(
                f"{place}: id2label must map ids to strings, found {type(tag).__name__} for id {index}; {_GIVE_LABELS}"
            )
    return check_tags(tags, f"{place}: id2label", ignored)
