"""Keras' HDF5 weights (`tf_model.h5`)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_onnx.errors import ExportError


def read_h5(data: bytes, path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Reads the weights of a TFAlbertForTokenClassification.

    Args:
        data: The file's bytes.
        path: Where it lies, for messages.

    Returns:
        float32 arrays by Hugging Face's names; linears are [output, input].

    Raises:
        ExportError: No such file, or a damaged one; what it holds is another model.
    """
    try:
        import h5py
    except ImportError:
        raise ExportError(f"{path}: needs h5py to be read; pip install 'albert-ner-onnx[export]'") from None
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            datasets: dict[str, Any] = {}
            file.visititems(lambda key, item: datasets.update({key: item} if isinstance(item, h5py.Dataset) else {}))
            names = {key: key.rpartition(":")[0] or key for key in datasets}
            return to_hugging_face(names, lambda key: _read_dataset(datasets[key], path), path)
    except ExportError:
        raise
    except Exception as error:  # whatever HDF5 makes of a damaged file
        raise ExportError(f"{path}: no HDF5 file, or a damaged one ({' '.join(str(error).split())})") from None


def _read_dataset(dataset: Any, path: Path) -> npt.NDArray[Any]:
    """Reads a dataset that lies in the file as it is; others could name further files, or unpack to any size."""
    plain = dataset.chunks is None and not dataset.external and not dataset.is_virtual
    if not plain or dataset.id.get_storage_size() != dataset.nbytes:
        raise ExportError(f"{path}: {dataset.name[1:]} isn't stored whole and uncompressed, as Keras stores weights")
    return np.asarray(dataset[()])
