"""A second oracle for sources that are ONNX models: the model itself, run as it stands.

optimum's export shows that the weights and sizes that were read of a source are computed rightly. Whether they are all
that the source is, only its own logits show: its attention may have another scale, its norms another epsilon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_export.checkpoint import SourceModel
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import PROVIDER

_PADDING = 8  # pieces of padding that each sequence gets, where the maximum length allows
_FIXED_PIECES = 30_000  # that a model of a fixed shape is given in all, about: it computes most of them for nothing
_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
_TYPES: dict[str, type[np.generic]] = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
}


def run_original(
    original: SourceModel, sequences: Sequence[npt.NDArray[np.int64]], max_pieces: int
) -> dict[int, npt.NDArray[np.float32]]:
    """Runs an ONNX model on each sequence alone: padded and masked, if it has a mask.

    Args:
        original: The model.
        sequences: int64 [piece] each.
        max_pieces: Longest sequence that it takes.

    Returns:
        Logits by the index of their sequence, float32 [piece, tag], without those of the padding. A model of a fixed
        shape takes no longer sequences, and without a mask none but those of its length; the others are missing, and
        of a large shape some that it takes.

    Raises:
        ExportError: ONNX Runtime can't run it, or it takes none of them.
    """
    try:
        model = _Model(original)
        taken = [index for index, ids in enumerate(sequences) if model.takes(len(ids))]
        every = 1 + len(taken) * model.size // _FIXED_PIECES
        results = {index: model.run(sequences[index], max_pieces) for index in taken[::every]}
    except Exception as error:  # ONNX Runtime's have no class in common
        raise ExportError(
            f"{original.path}: ONNX Runtime can't run it ({' '.join(str(error).split())}), so its answers can't be "
            "compared; give the checkpoint that it was exported from, or export that in float32"
        ) from None
    if not results:
        raise ExportError(
            f"{original.path}: takes sequences of {model.width} pieces alone, and no attention_mask, so its answers "
            "can't be compared; export it with dynamic axes"
        )
    return results


class _Model:
    """A session, and what it is to be given."""

    def __init__(self, original: SourceModel) -> None:
        import onnxruntime  # only now, as albert_ner_onnx.model.session must be first

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = available_cores()
        options.log_severity_level = 4  # what goes wrong is raised, too
        # By its path, so that external data is found
        model = original.model if isinstance(original.model, bytes) else str(original.model)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=[PROVIDER])
        inputs = {value.name: value for value in self._session.get_inputs()}
        for name, value in inputs.items():
            if name not in _INPUTS or value.type not in _TYPES:
                raise ValueError(f"its input {name}, a {value.type}, is none of {', '.join(_INPUTS)}")
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
        """Pieces that it is given at once; 0 if that varies."""
        return (self._rows or 1) * (self.width or 0)

    def takes(self, length: int) -> bool:
        """Whether it can be given a sequence of that length."""
        return self.width is None or (length <= self.width if self._masked else length == self.width)

    def run(self, sequence: npt.NDArray[np.int64], max_pieces: int) -> npt.NDArray[np.float32]:
        """The logits of a sequence. Where the number of rows is fixed, all are the same."""
        length = len(sequence)
        width = self.width or (min(max_pieces, length + _PADDING) if self._masked else length)
        ids = np.zeros((self._rows or 1, width), np.int64)
        ids[:, :length] = sequence
        places = np.broadcast_to(np.arange(width), ids.shape)
        feeds = dict(zip(_INPUTS, (ids, places < length, np.zeros_like(ids), places), strict=True))
        given = {name: feeds[name].astype(kind) for name, kind in self._types.items()}
        logits: npt.NDArray[np.float32] = self._session.run([self._output], given)[0][0, :length].astype(np.float32)
        return logits
