"""The network in a Spark NLP archive: a zip without a suffix, named after the engine that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from albert_ner_export.checkpoint import SourceModel, Tensors
from albert_ner_export.sources.files import Files, Zip
from albert_ner_export.sources.onnx.weights import recover_weights
from albert_ner_export.sources.tensorflow.graph import read_graph_sizes, tensorflow_config
from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_export.sources.tensorflow.tensor_bundle import read_bundle
from albert_ner_onnx.errors import ExportError

_MODEL = "albert_classification_"
_GRAPH, _VARIABLES = "saved_model.pb", "variables"
_DATA = ("_data", ".data")  # what the names of files with an ONNX file's weights end in


@dataclass(frozen=True, slots=True)
class Network:
    """The content of the zip that an engine's network is saved in.

    Attributes:
        engine: `tensorflow` or `onnx`.
        tensors: Its weights.
        config: Its `config.json`, without the tags.
        source_model: The network itself, if it is an ONNX model.
    """

    engine: str
    tensors: Tensors
    config: Mapping[str, Any]
    source_model: SourceModel | None


def read_network(archive: Files, folder: str) -> Network:
    """Reads the network of a saved AlbertForTokenClassification.

    Args:
        archive: The archive.
        folder: The folder of its stage, ending in `/`; empty for the archive itself.

    Raises:
        ExportError: There is none, it is damaged, or its engine's format can't be read.
    """
    engine = _find_engine(archive, folder)
    content = archive.open_zip(f"{folder}{_MODEL}{engine}")
    if engine == "tensorflow":
        return _read_tensorflow(content)
    return _read_onnx(content, archive, folder)


def _find_engine(archive: Files, folder: str) -> str:
    """Returns the engine that the network is saved for."""
    prefix = folder + _MODEL
    names = (name for name in archive.names() if name.startswith(prefix) and not name.endswith(_DATA))
    found = [name.removeprefix(prefix) for name in names]
    if found == ["openvino"]:
        raise ExportError(
            f"{archive.path}: saved for the engine openvino, whose format isn't read; export the model that it was "
            "made from: the Hugging Face folder, or the ONNX file or SavedModel that was imported into Spark NLP"
        )
    if len(found) != 1 or found[0] not in ("tensorflow", "onnx"):
        raise ExportError(
            f"{archive.path}: must have one of {_MODEL}tensorflow, {_MODEL}onnx, found "
            f"{', '.join(_MODEL + engine for engine in found) or 'none'}; save the model with one of these engines"
        )
    return found[0]


def _read_tensorflow(content: Zip) -> Network:
    sizes = read_graph_sizes(content.read(_GRAPH), content.locate(_GRAPH))
    files = {name: content.read(name) for name in content.names() if name.startswith(f"{_VARIABLES}.")}
    bundle = read_bundle(files, _VARIABLES, content.path)
    tensors = to_hugging_face(bundle.variables, bundle.read, content.path)
    return Network("tensorflow", tensors, tensorflow_config(tensors, sizes, content.path), None)


def _read_onnx(content: Zip, archive: Files, folder: str) -> Network:
    names = content.names()
    models = [name for name in names if name.endswith(".onnx")]
    if len(models) != 1 or any(not name.endswith((".onnx", *_DATA)) for name in names):
        raise ExportError(
            f"{content.path}: must hold a single file .onnx, found {', '.join(names)[:200] or 'nothing'}; save it again"
        )
    path = Path(content.locate(models[0]))

    def find(location: str) -> bytes:
        return _find_data(content, archive, folder, path, location)

    data = _with_its_data(content.read(models[0]), path, find)
    weights = recover_weights(data, path)
    source_model = SourceModel(path=path, model=data, machine_epsilon=weights.machine_epsilon)
    return Network("onnx", weights.tensors, weights.config, source_model)


def _find_data(content: Zip, archive: Files, folder: str, model: Path, location: str) -> bytes:
    """Reads the file that holds the weights of an ONNX file: from its zip, or from beside that.

    Spark NLP looks for it beside the zip, and names it after the zip rather than as the ONNX file does.
    """
    if location in content.names():
        return content.read(location)
    name = folder + PurePosixPath(location).name
    beside = [name] if name in archive.names() else []
    beside = beside or [name for name in archive.names() if name.startswith(folder + _MODEL) and name.endswith(_DATA)]
    if len(beside) != 1:
        raise ExportError(
            f"{model}: its weights are in {location!r}, which isn't in the archive; put that file beside {content.path}"
        )
    return archive.read(beside[0])


def _with_its_data(data: bytes, path: Path, find: Callable[[str], bytes]) -> bytes:
    """Puts the weights that an ONNX file keeps in another file into it. Returns a file without any as it is."""
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError):  # damaged; `recover_weights` says so
        return data
    outside = [tensor for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    contents: dict[str, bytes] = {}
    for tensor in outside:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if location not in contents:
            contents[location] = find(location)
        content = contents[location]
        try:
            start = int(entries.get("offset", 0))
            end = start + int(entries.get("length", len(content) - start))
        except ValueError:
            start, end = 0, -1
        if not 0 <= start <= end <= len(content):
            raise ExportError(
                f"{path}: {tensor.name} is outside of the {len(content)} bytes of {location!r}; save the model again"
            )
        tensor.raw_data = content[start:end]
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT
    if not outside:
        return data
    try:
        return bytes(model.SerializeToString())
    except ValueError:
        raise ExportError(f"{path}: over 2 GB, the limit of an ONNX file; no ALBERT is so large") from None
