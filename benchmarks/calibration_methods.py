"""Ways to settle the scales of activations: each makes other ranges of what calibration saw, for `quantize_weights`.

Ranges are by the name of a linear, float32 [iteration, 2, channel], as `observe_ranges` finds them. Where a method
knows one range for all channels of a linear, it gives [iteration, 2, 1]: then no channel is an outlier among others
that `quantize_weights` would smooth or leave in float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph, observed_name
from albert_ner_export.graph.weights import AlbertWeights, Float32
from albert_ner_export.int8.quantize import observe_ranges
from albert_ner_export.texts.sequences import Corpus, PieceTexts, own_corpus
from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.model.session import open_session

Ranges = dict[str, Float32]
Float64 = npt.NDArray[np.float64]

_BINS = 8192  # so that a step of least squares, which may clip at a tenth, is three bins wide
_SHORT = 128  # pieces, another length for the joined lines
_STEPS = 255  # of a uint8
_CLIP_FACTORS = np.linspace(0.1, 1, 91)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often the input of a linear has which value.

    Attributes:
        low: Lower end of the first bin, float64 [iteration].
        high: Upper end of the last bin, float64 [iteration].
        counts: int64 [iteration, bin]; the bins of an iteration are of equal width.
    """

    low: Float64
    high: Float64
    counts: npt.NDArray[np.int64]

    @property
    def centres(self) -> Float64:
        """The middle of each bin, float64 [iteration, bin]."""
        places = (np.arange(_BINS) + 0.5) / _BINS
        return self.low[:, None] + places * (self.high - self.low)[:, None]


def methods(config: AlbertConfig, weights: AlbertWeights, facts: TokenizerFacts) -> dict[str, Callable[[], Ranges]]:
    """Each method's name, and what finds its ranges on our own text.

    Args:
        config: The sizes.
        weights: The float weights.
        facts: The model's tokenizer.
    """
    own, maximum = own_corpus(), config.max_position_embeddings
    texts, joined = (PieceTexts(facts, corpus) for corpus in (own, Corpus("", [" ".join(own.calibration)], [])))
    sequences, short = ([part.ids for part in texts.calibration(length)] for length in (maximum, _SHORT))
    lines = sequences[: len(own.calibration)]  # what follows is joined
    in_longest = [part.ids for part in joined.calibration(maximum)]
    ranges = observe_ranges(config, weights, sequences)
    histograms = observe_histograms(config, weights, sequences, ranges)
    without_smoothing = one_for_all_channels(ranges) | {
        layer.ffn_output.name: ranges[layer.ffn_output.name] for group in weights.groups for layer in group.layers
    }
    return {
        "the exporter's: min-max, outliers apart": lambda: ranges,
        "the exporter's, without smoothing": lambda: without_smoothing,
        "min-max": lambda: one_for_all_channels(ranges),
        "99.99 %": lambda: percentile(histograms, 99.99),
        "99.999 %": lambda: percentile(histograms, 99.999),
        "least squared error": lambda: least_squares(histograms),
        "the exporter's, one scale for all iterations": lambda: one_for_all_iterations(ranges),
        "min-max, one scale for all iterations": lambda: one_for_all_channels(one_for_all_iterations(ranges)),
        "the exporter's, on lines alone": lambda: observe_ranges(config, weights, lines),
        f"the exporter's, on lines and four of {_SHORT}": lambda: observe_ranges(config, weights, short),
        f"the exporter's, on lines and all in {maximum}": lambda: observe_ranges(config, weights, lines + in_longest),
    }


def observe_histograms(
    config: AlbertConfig,
    weights: AlbertWeights,
    sequences: Iterable[npt.NDArray[np.int64]],
    ranges: Mapping[str, Float32],
) -> dict[str, Histogram]:
    """Runs the float graph a second time and counts the values between the ends of the known ranges.

    Args:
        config: The sizes.
        weights: The float weights.
        sequences: int64 [piece] each, those that the ranges were observed on.
        ranges: What `observe_ranges` found on them.

    Returns:
        By the name of each linear but the classifier.
    """
    session = open_session(build_graph(config, weights, observe="values").SerializeToString())
    names = [linear.name for linear in weights.linears]
    outputs = [observed_name(linear) for linear in weights.linears]
    histograms = {}
    for name in names:
        low, high = ranges[name][:, 0].min(axis=1), ranges[name][:, 1].max(axis=1)
        counts = np.zeros((len(low), _BINS), np.int64)
        histograms[name] = Histogram(low.astype(np.float64), high.astype(np.float64), counts)
    for sequence in sequences:
        for name, found in zip(names, session.run(outputs, {"input_ids": sequence[None]}), strict=True):
            _count(histograms[name], found)
    return histograms


def one_for_all_channels(ranges: Mapping[str, Float32]) -> Ranges:
    """Minimum and maximum of all channels of a linear: none is an outlier."""
    return {name: _between(found[:, 0].min(axis=1), found[:, 1].max(axis=1)) for name, found in ranges.items()}


def one_for_all_iterations(ranges: Mapping[str, Float32]) -> Ranges:
    """Minimum and maximum of all iterations of a linear, for each of them."""
    together = {
        name: np.stack([found[:, 0].min(axis=0), found[:, 1].max(axis=0)]).astype(np.float32)
        for name, found in ranges.items()
    }
    return {name: np.broadcast_to(together[name], found.shape) for name, found in ranges.items()}


def percentile(histograms: Mapping[str, Histogram], percent: float) -> Ranges:
    """The range that holds so many percent of the values; what is left is half below and half above."""
    return {name: _percentile(histogram, percent) for name, histogram in histograms.items()}


def least_squares(histograms: Mapping[str, Histogram]) -> Ranges:
    """The part of the range, both ends times one factor, that quantizes the values with the least squared error."""
    return {name: _least_squares(histogram) for name, histogram in histograms.items()}


def _count(histogram: Histogram, values: Float32) -> None:
    """Adds values, float32 [iteration, batch, piece, channel]."""
    width = (histogram.high - histogram.low) / _BINS
    for iteration, found in enumerate(values):
        bins = ((found.ravel() - histogram.low[iteration]) / (width[iteration] or 1)).astype(np.int64)
        histogram.counts[iteration] += np.bincount(bins.clip(0, _BINS - 1), minlength=_BINS)


def _percentile(histogram: Histogram, percent: float) -> Float32:
    outside = (1 - percent / 100) / 2
    shares = histogram.counts.cumsum(axis=1) / histogram.counts.sum(axis=1, keepdims=True)
    centres, every = histogram.centres, np.arange(len(shares))
    low = centres[every, (shares > outside).argmax(axis=1)]
    high = centres[every, (shares >= 1 - outside).argmax(axis=1)]
    return _between(np.minimum(low, 0), np.maximum(high, 0))


def _least_squares(histogram: Histogram) -> Float32:
    errors = np.stack([_squared_error(histogram, factor) for factor in _CLIP_FACTORS])
    best = _CLIP_FACTORS[errors.argmin(axis=0)]
    return _between(best * histogram.low, best * histogram.high)


def _squared_error(histogram: Histogram, factor: float) -> Float64:
    """What quantization within `factor` of the range costs: float64 [iteration]."""
    scale = factor * (histogram.high - histogram.low)[:, None] / _STEPS
    scale[scale == 0] = 1
    zero_point = np.rint(-factor * histogram.low[:, None] / scale)
    quantized = np.clip(np.rint(histogram.centres / scale) + zero_point, 0, _STEPS)
    errors = (quantized - zero_point) * scale - histogram.centres
    total: Float64 = (errors**2 * histogram.counts).sum(axis=1)
    return total


def _between(low: npt.NDArray[np.floating], high: npt.NDArray[np.floating]) -> Float32:
    """Ranges of one linear, the same for all channels: float32 [iteration, 2, 1]."""
    return np.stack([low, high], axis=1)[..., None].astype(np.float32)
