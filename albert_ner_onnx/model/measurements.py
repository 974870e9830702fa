"""What the exporter measured of a package, as its manifest says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far the exported model is from its reference, as the exporter measured it.

    Attributes:
        reference: What it was compared with.
        sequences: Number of sequences compared.
        pieces: Number of pieces in them.
        max_abs_logit: Largest absolute logit of the reference.
        float_max_logit_difference: float32 graph against the reference, largest absolute difference of a logit.
        float_tag_agreement: Share, 0 to 1, of pieces on which both have the same best tag.
    """

    reference: str
    sequences: int
    pieces: int
    max_abs_logit: float
    float_max_logit_difference: float
    float_tag_agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldScores:
    """FB1 of float32 and of int8, in percent, on the `words` words of a file of gold tags."""

    file: str
    words: int
    float32_fb1: float
    int8_fb1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far int8 is from float32, on text that calibration didn't see. Shares are from 0 to 1.

    Attributes:
        text: What the text is called.
        words: Number of words in it.
        entity_words: Number of those that either model tags as part of an entity.
        entities: Number of entities that float32 finds.
        tag_agreement: Share of all words with the same tag.
        entity_tag_agreement: The same of the entity words.
        max_probability_difference: Largest absolute difference of a probability, over words and tags.
        mean_probability_difference: Mean over words of the largest over tags.
        min_agreement: The least `tag_agreement` that the exporter was to accept, in percent; 0 for any.
        judged: Whether that was applied: not if it is 0, nor if there were too few entities for it.
        gold: Scores on gold data, where some were given.
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
    judged: bool
    gold: GoldScores | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How a package was quantized.

    Attributes:
        activations: How the scales of activations were found.
        weights: How weights were rounded.
        calibration: What the text for it is called.
        float_parts: Why, for each part that stayed in float: a linear, or channels of one's input.
        embedding_bits: Bits of a value of the embeddings.
        float32_bytes: Size of the float32 graph's file.
        int8_bytes: Size of the quantized graph's file.
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
