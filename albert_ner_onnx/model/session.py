"""Batches -> logits. The only module that knows ONNX Runtime."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import InferenceError, ModelError
from albert_ner_onnx.model.manifest import MODEL

# From 1.29 on, ONNX Runtime's wheels send telemetry and can hang forked children, unless told not to before import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

PROVIDER = "CPUExecutionProvider"
# How protobuf writes the key of a tensor's external data; no weights have these bytes but by a chance of 2⁻⁸⁸
_EXTERNAL = b"\x0a\x08location\x12"


def open_session(model: bytes, threads: int = 1, *, concurrent: bool = False) -> onnxruntime.InferenceSession:
    """Makes an ONNX Runtime session of a model's bytes, with the settings that suit ALBERT on a CPU.

    Args:
        model: The bytes of a `model.onnx`.
        threads: Threads that one call uses inside.
        concurrent: Whether several calls will run at once. They would share the memory of ONNX Runtime's arena, with
            which some processes take a tenth more time than others; the system's allocator keeps each thread's apart.

    Raises:
        ModelError: ONNX Runtime can't load it.
    """
    if _EXTERNAL in model:
        raise ModelError(f"{MODEL}: has weights in other files, expected all in one; export the package again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # it keeps a plan for every shape it has seen
    options.enable_cpu_mem_arena = not concurrent
    options.log_severity_level = 4  # what goes wrong is raised, too
    try:
        session = onnxruntime.InferenceSession(model, options, providers=[PROVIDER])
    except Exception as error:
        raise ModelError(
            f"{MODEL}: ONNX Runtime can't load it ({' '.join(str(error).split())}); export the package again"
        ) from None
    session.disable_fallback()  # to another provider, for which alone it keeps the bytes
    session._model_bytes = None
    return session


class Session:
    """A model ready to run, from any number of threads at once."""

    def __init__(
        self, model: bytes, threads: int, masked_piece: int | None = None, *, concurrent: bool = False
    ) -> None:
        """Loads a model; see `open_session`. Its mask, if it has one, leaves out `masked_piece` alone."""
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


def available_cores() -> int:
    """Cores that this process may use: its affinity, and no more than its control groups' quota of time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:  # no Linux
        return cores
    return max(1, min([cores, *(math.ceil(quota) for quota in _quotas(Path("/sys/fs/cgroup"), groups))]))


def _quotas(root: Path, groups: str) -> Iterator[float]:
    """CPU time per time, in cores, that each control group around this process allows.

    Args:
        root: Where control groups are mounted. In a container its root is the container's own group.
        groups: `/proc/self/cgroup`: a line a hierarchy, `number:controllers:path`; version 2 names no controllers.
    """
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "cpu" if controllers else root
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top) and (quota := _read_quota(folder)) is not None:
                yield quota


def _read_quota(group: Path) -> float | None:
    """The limit of one control group, in cores; `None` without one."""
    try:
        quota, period = (group / "cpu.max").read_text().split()  # version 2; "max" is no limit
    except (OSError, ValueError):
        try:
            quota = (group / "cpu.cfs_quota_us").read_text()  # version 1; -1 is no limit
            period = (group / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None
