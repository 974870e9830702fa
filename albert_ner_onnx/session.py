"""Batches -> logits. The only module that knows ONNX Runtime."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import InferenceError, PackageError

# From 1.29 on, ONNX Runtime's wheels send telemetry and can hang forked children, unless told not to before import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

PROVIDER = "CPUExecutionProvider"


def open_session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Makes an ONNX Runtime session of a model's bytes, with the settings that suit ALBERT on a CPU.

    Args:
        model: The bytes of a `model.onnx`.
        threads: Threads that one call uses inside.

    Raises:
        PackageError: ONNX Runtime can't load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # it keeps a plan for every shape it has seen
    options.log_severity_level = 4  # what goes wrong is raised, too
    try:
        return onnxruntime.InferenceSession(model, options, providers=[PROVIDER])
    except Exception as error:
        raise PackageError(
            f"model.onnx: ONNX Runtime can't load it ({' '.join(str(error).split())}); export the package again"
        ) from None


class Session:
    """A model ready to run, from any number of threads at once."""

    def __init__(self, model: bytes, threads: int, masked_piece: int | None = None) -> None:
        """Loads a model; see `open_session`. Its mask, if it has one, leaves out `masked_piece` alone."""
        self._session = open_session(model, threads)
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
            raise InferenceError("the model gave NaN or infinity; export the package again")
        return logits

    def _feeds(self, input_ids: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """What the model takes: a package with Hugging Face's interface also wants a mask and types."""
        feeds = {"input_ids": input_ids}
        if "attention_mask" in self._inputs:
            masked = -1 if self._masked_piece is None else self._masked_piece
            feeds["attention_mask"] = (input_ids != masked).astype(np.int64)
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(input_ids)
        return feeds


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def available_cores() -> int:
    """Cores that this process may use: its affinity, and no more than its container's quota of time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota(Path("/sys/fs/cgroup"))
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _cgroup_quota(root: Path) -> float | None:
    """CPU time per time that the control group allows, in cores; `None` without a limit."""
    try:
        quota, period = (root / "cpu.max").read_text().split()  # version 2; "max" is no limit
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text()  # version 1; -1 is no limit
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None
