"""`pytorch_model.bin`: a pickle. Only tensors in it are read, and no code in it runs."""

from __future__ import annotations

import io
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import ExportError


def read_pytorch_bin(data: bytes, path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Reads the floating-point tensors as float32. Tensors of integers, such as position ids, are skipped.

    Args:
        data: The bytes of the file.
        path: Where it is, for messages.

    Raises:
        ExportError: It is damaged, holds something else than named tensors, or would run code.
    """
    state = _load(data, path)
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise ExportError(f"{path}: must map names to tensors (a state_dict), found {type(state).__name__}")
    arrays = {name: _read_tensor(name, tensor, path) for name, tensor in state.items()}
    return {name: array for name, array in arrays.items() if array is not None}


def _load(data: bytes, path: Path) -> Any:
    import torch  # here and below only: it takes seconds to import, and most sources don't need it

    stream = io.BytesIO(data)
    try:
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as archive:
                if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                    raise ValueError("its members are compressed, which torch.save never does")
        stream.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats, which are read all the same
            return torch.load(stream, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = re.search(r"unsupported [^\n]*", str(error), re.IGNORECASE)
        raise ExportError(
            f"{path}: refused, as it holds more than tensors and reading it could run code "
            f"({reason[0].rstrip('. ') if reason else 'not a pickle of tensors'}); save the model as model.safetensors"
        ) from None
    except Exception as error:  # damage raises errors of many types
        reason_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(
            f"{path}: not a PyTorch checkpoint, or a damaged one ({reason_line}); copy it again"
        ) from None


def _read_tensor(name: str, tensor: Any, path: Path) -> npt.NDArray[np.float32] | None:
    """Returns a tensor as float32; `None` if it isn't of floating point."""
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise ExportError(f"{path}: {name} must be a tensor, found {type(tensor).__name__}")
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
        raise ExportError(
            f"{path}: {name} must be an ordinary tensor, found {tensor.type()}; save an unquantized model"
        )
    if not tensor.is_floating_point():
        return None
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ExportError(
            f"{path}: {name} has shape {list(tensor.shape)}, more than it stores; the file is damaged: copy it again"
        )
    array: npt.NDArray[np.float32] = tensor.detach().to(torch.float32).numpy()
    return array
