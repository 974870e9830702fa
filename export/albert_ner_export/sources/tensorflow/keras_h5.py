"""Keras weights in HDF5 (`tf_model.h5`)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_export.checkpoint import Tensors
from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_onnx.errors import ExportError


def read_h5(data: bytes, path: Path) -> Tensors:
    """Reads the weights of a TFAlbertForTokenClassification.

    Args:
        data: The file's bytes.
        path: Where it is, for messages.

    Raises:
        ExportError: It isn't an HDF5 file, is damaged, or holds another model.
    """
    try:
        import h5py
    except ImportError:
        raise ExportError(f"{path}: reading it needs h5py: pip install 'albert-ner-onnx[export]'") from None
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            datasets: dict[str, Any] = {}
            file.visititems(lambda key, item: datasets.update({key: item} if isinstance(item, h5py.Dataset) else {}))
            names = {key: key.rpartition(":")[0] or key for key in datasets}
            return to_hugging_face(names, lambda key: _read_dataset(datasets[key], path), path)
    except ExportError:
        raise
    except Exception as error:  # HDF5 raises errors of many types on damaged files
        raise ExportError(
            f"{path}: not an HDF5 file, or a damaged one ({' '.join(str(error).split())}); copy it again"
        ) from None


def _read_dataset(dataset: Any, path: Path) -> npt.NDArray[Any]:
    """Reads a dataset that is stored plainly. Others could refer to further files, or decompress to any size."""
    plain = dataset.chunks is None and not dataset.external and not dataset.is_virtual
    if not plain or dataset.id.get_storage_size() != dataset.nbytes:
        raise ExportError(
            f"{path}: {dataset.name[1:]} must be stored whole and uncompressed, as Keras stores weights; save it again"
        )
    return np.asarray(dataset[()])
