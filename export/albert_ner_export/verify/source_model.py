"""A second oracle, for sources that are ONNX models: the model itself.

optimum's export shows that the graph computes the right thing with the weights and sizes that were read. Only the
source's own logits show that these are all there is to it: its attention may have another scale, its norms another
epsilon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from albert_ner_export.checkpoint import SourceModel
from albert_ner_export.graph.run import Ids, Logits
from albert_ner_export.verify.padding import PADDING, pad
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import PROVIDER, session_options

from onnxruntime import InferenceSession  # isort: skip  (session must set ORT_DISABLE_TELEMETRY first)

_FIXED_PIECES = 30_000  # in all, roughly, for a model of a fixed shape: most of what it computes is padding
_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
_TYPES: dict[str, type[np.generic]] = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
}


def run_source_model(source_model: SourceModel, sequences: Sequence[Ids], max_pieces: int) -> dict[int, Logits]:
    """Runs an ONNX model on each sequence alone, padded and masked if it has a mask.

    Args:
        source_model: The model.
        sequences: The sequences.
        max_pieces: Longest sequence that the model takes.

    Returns:
        The logits, without those of the padding, by the index of their sequence. Sequences that a model of a fixed
        shape can't take are missing: all that are longer and, if it has no mask, all that are shorter. If its shape is
        large, some that it could take are missing, too.

    Raises:
        ExportError: ONNX Runtime can't run the model, or it takes none of the sequences.
    """
    try:
        runner = _Runner(source_model)
        taken = [index for index, ids in enumerate(sequences) if runner.takes(len(ids))]
        every = 1 + len(taken) * runner.size // _FIXED_PIECES
        results = {index: runner.run(sequences[index], max_pieces) for index in taken[::every]}
    except Exception as error:  # ONNX Runtime's exceptions have no class in common
        raise ExportError(
            f"{source_model.path}: ONNX Runtime can't run it ({' '.join(str(error).split())}), so its answers can't be "
            "compared; give the checkpoint that it was exported from, or export that in float32"
        ) from None
    if not results:
        raise ExportError(
            f"{source_model.path}: takes only sequences of {runner.width} pieces and no attention_mask, so its answers "
            "can't be compared; export it with dynamic axes"
        )
    return results


class _Runner:
    """A session, and the inputs that it takes."""

    def __init__(self, source_model: SourceModel) -> None:
        # A file is given by its path, so that external data is found
        model = source_model.model if isinstance(source_model.model, bytes) else str(source_model.model)
        self._session: Any = InferenceSession(model, session_options(available_cores()), providers=[PROVIDER])
        inputs = {value.name: value for value in self._session.get_inputs()}
        for name, value in inputs.items():
            if name not in _INPUTS or value.type not in _TYPES:
                raise ValueError(f"unknown input {name}, a {value.type}; expected {', '.join(_INPUTS)}")
        self._types: dict[str, type[np.generic]] = {name: _TYPES[value.type] for name, value in inputs.items()}
        self._masked = "attention_mask" in inputs
        fixed = [size if isinstance(size, int) else None for size in inputs["input_ids"].shape]  # others have names
        self._rows: int | None
        self.width: int | None
        self._rows, self.width = fixed or (None, None)
        outputs = [value.name for value in self._session.get_outputs()]
        self._output = "logits" if "logits" in outputs else outputs[0]

    @property
    def size(self) -> int:
        """Pieces in the model's fixed shape; 0 if its shape isn't fixed."""
        return (self._rows or 1) * (self.width or 0)

    def takes(self, length: int) -> bool:
        """Whether the model can take a sequence of this length."""
        return self.width is None or (length <= self.width if self._masked else length == self.width)

    def run(self, sequence: Ids, max_pieces: int) -> Logits:
        """Returns the logits of a sequence. If the number of rows is fixed, all rows are the same."""
        length = len(sequence)
        width = self.width or (min(max_pieces, length + PADDING) if self._masked else length)
        feeds = pad([sequence] * (self._rows or 1), width)
        given = {name: feeds[name].astype(kind) for name, kind in self._types.items()}
        logits: Logits = self._session.run([self._output], given)[0][0, :length].astype(np.float32)
        return logits
