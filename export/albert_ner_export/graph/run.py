"""Runs graphs that were built here, each sequence alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import Observation, build_graph, observed_name
from albert_ner_export.graph.weights import AlbertWeights, Float32, Linear, QuantizedLinear
from albert_ner_onnx.errors import ExportError, InferenceError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import Session, open_session

Ids = npt.NDArray[np.int64]
"""A sequence of pieces with `[CLS]` and `[SEP]`: int64 [piece]."""

Logits = npt.NDArray[np.float32]
"""The model's answer to a sequence: float32 [piece, tag]."""


def run_model(model: bytes, sequences: Iterable[Ids]) -> list[Logits]:
    """Runs a model on each sequence.

    Raises:
        ExportError: It gives NaN or infinity.
    """
    session = Session(model, threads=available_cores())
    try:
        return [session.run(sequence[None])[0] for sequence in sequences]
    except InferenceError as error:
        raise ExportError(f"the exported graph can't be run: {error}; copy or train the checkpoint again") from None


def observe_inputs(
    config: AlbertConfig,
    weights: AlbertWeights,
    linears: Sequence[Linear | QuantizedLinear],
    observation: Observation,
    sequences: Iterable[Ids],
) -> Iterator[list[Float32]]:
    """Runs the graph on each sequence and yields what enters the linears, in their order.

    Args:
        config: The sizes.
        weights: The float32 weights.
        linears: Linears of the graph, by name; not the classifier.
        observation: What to observe; see `build_graph`.
        sequences: The sequences.
    """
    graph = build_graph(config, weights, observe=observation)
    session = open_session(graph.SerializeToString(), available_cores())
    outputs = [observed_name(linear) for linear in linears]
    for sequence in sequences:
        yield session.run(outputs, {"input_ids": sequence[None]})
