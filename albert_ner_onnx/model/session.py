"""Batches -> logits. Nothing else in the runtime imports ONNX Runtime."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import InferenceError, ModelError
from albert_ner_onnx.model.manifest import MODEL

# From 1.29 on, ONNX Runtime's wheels send telemetry and can hang forked children, unless this is set before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

PROVIDER = "CPUExecutionProvider"
# The bytes that protobuf writes for the key of a tensor's external data. Random bytes match them with a chance of 2⁻⁸⁸.
_EXTERNAL = b"\x0a\x08location\x12"


def open_session(model: bytes, threads: int = 1, *, concurrent: bool = False) -> onnxruntime.InferenceSession:
    """Opens an ONNX Runtime session with the settings that suit ALBERT on a CPU.

    Args:
        model: The bytes of a `model.onnx`.
        threads: Threads inside one call.
        concurrent: Whether several calls run at once. They would share ONNX Runtime's memory arena, which makes some
            processes 10 % slower; the system's allocator keeps the threads apart.

    Raises:
        ModelError: ONNX Runtime can't load it.
    """
    if _EXTERNAL in model:
        raise ModelError(f"{MODEL}: keeps weights in other files, expected all of them inside")
    try:
        session = onnxruntime.InferenceSession(model, session_options(threads, concurrent), providers=[PROVIDER])
    except Exception as error:
        raise ModelError(f"{MODEL}: ONNX Runtime can't load it ({' '.join(str(error).split())})") from None
    session.disable_fallback()  # to another provider: the session keeps the model's bytes only for that
    session._model_bytes = None
    return session


def session_options(threads: int, concurrent: bool = False) -> onnxruntime.SessionOptions:
    """Makes the settings of a session; the arguments are those of `open_session`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # it would keep a plan for every shape it has seen
    options.enable_cpu_mem_arena = not concurrent
    options.log_severity_level = 4  # errors are raised anyway
    return options


class Session:
    """A model that is ready to run. Any number of threads may call it at once."""

    def __init__(
        self, model: bytes, threads: int, masked_piece: int | None = None, *, concurrent: bool = False
    ) -> None:
        """Loads a model.

        Args:
            model: The bytes of a `model.onnx`.
            threads: Threads inside one call.
            masked_piece: A piece that attention ignores wherever it occurs, if the model takes a mask.
            concurrent: See `open_session`.

        Raises:
            ModelError: ONNX Runtime can't load it.
        """
        self._session = open_session(model, threads, concurrent=concurrent)
        self._masked_piece = masked_piece
        self._inputs = {value.name for value in self._session.get_inputs()}

    def run(self, input_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Runs the model.

        Args:
            input_ids: int64 [batch, piece], special pieces included.

        Returns:
            Logits, float32 [batch, piece, tag].

        Raises:
            InferenceError: The model failed, or gave NaN or infinity.
        """
        try:
            logits: npt.NDArray[np.float32] = self._session.run(["logits"], self._feeds(input_ids))[0]
        except Exception as error:
            raise InferenceError(
                f"ONNX Runtime failed on input_ids {list(input_ids.shape)}: {' '.join(str(error).split())}"
            ) from None
        if not np.isfinite(logits).all():
            raise InferenceError("the model gave NaN or infinity: its weights or this machine's arithmetic are broken")
        return logits

    def _feeds(self, input_ids: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Returns the model's inputs: models with Hugging Face's interface also take a mask and token types."""
        feeds = {"input_ids": input_ids}
        if "attention_mask" in self._inputs:
            masked = -1 if self._masked_piece is None else self._masked_piece
            feeds["attention_mask"] = (input_ids != masked).astype(np.int64)
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(input_ids)
        return feeds
