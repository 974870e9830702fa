"""An ONNX graph that is read backwards: what a value was computed from.

Only the data flow counts. Names of nodes and tensors differ between exporters, and merged initializers keep only one of
their names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from albert_ner_onnx.errors import ExportError

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE)
_COPIES = frozenset({"Identity", "Cast", "CastLike", "Dropout"})
_RESHAPES = frozenset({"Reshape", "Squeeze", "Unsqueeze"})
_QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearMatMul")


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor of the file, possibly transposed, or cast to another of ONNX's types."""

    name: str
    tensor: onnx.TensorProto = field(repr=False, compare=False)
    transposed: bool = False
    cast: int | None = field(default=None, compare=False)

    @property
    def flipped(self) -> Constant:
        """The transposed tensor."""
        return replace(self, transposed=not self.transposed)

    @property
    def type(self) -> int:
        """The ONNX type in which it is computed with."""
        return self.tensor.data_type if self.cast is None else self.cast


class OnnxGraph:
    """The graph of a float model that ONNX's checker accepts: its constants and its states.

    A *state* is a value that depends on the word embeddings, but not only on a state's shape. So attention masks,
    positions and sizes, which exporters compute in many ways, aren't states and aren't looked at.

    Attributes:
        path: Where the file is, for messages.
        opsets: The operator sets that it uses.
        outputs: Names of its outputs.
        producers: The node that makes each value, by the value's name.
        order: The index of that node.
        constants: The constants, by the name of the value that is one.
        external: Names of the files that hold its data outside of the file itself.
    """

    def __init__(self, model: onnx.ModelProto, path: Path) -> None:
        self.path = path
        self.opsets = model.opset_import
        self.outputs = [output.name for output in model.graph.output]
        self.producers: dict[str, onnx.NodeProto] = {}
        self.order: dict[str, int] = {}
        self.constants = {tensor.name: Constant(tensor.name, tensor) for tensor in model.graph.initializer}
        self._states: set[str] = set()
        for index, node in enumerate(model.graph.node):
            self._check(node)
            if (constant := self._constant(node)) is not None:
                self.constants[node.output[0]] = constant
            elif self._looks_up_words(node) or (node.op_type != "Shape" and self.states(node)):
                self._states.update(node.output)
            self.producers.update(dict.fromkeys(node.output, node))
            self.order.update(dict.fromkeys(node.output, index))
        tensors = (constant.tensor for constant in self.constants.values())
        entries = (entry for tensor in tensors if _is_external(tensor) for entry in tensor.external_data)
        self.external = tuple(sorted({entry.value for entry in entries if entry.key == "location"}))

    @classmethod
    def parse(cls, data: bytes, path: Path) -> Self:
        """Reads and checks a file's bytes.

        Raises:
            ExportError: They aren't an ONNX model, or it is damaged, quantized, or has operators that aren't ONNX's.
        """
        outside = False
        try:
            model = onnx.load_model_from_string(data)
            outside = any(map(_is_external, model.graph.initializer))
            onnx.checker.check_model(
                str(path) if outside else data
            )  # the checker looks for external data from the path
        except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
            reason = " ".join(str(error).split())[:300]
            fault = "its external data must be in its folder" if outside else "not an ONNX model, or a damaged one"
            raise ExportError(f"{path}: {fault} ({reason}); export it again") from None
        return cls(model, path)

    def _check(self, node: onnx.NodeProto) -> None:
        if node.op_type in _QUANTIZED:
            raise ExportError(
                f"{self.path}: quantized ({node.op_type} {node.name!r}), but must have float weights; give the file "
                "that it was quantized from"
            )
        if node.domain not in ("", "ai.onnx"):
            raise ExportError(
                f"{self.path}: has the operator {node.domain}.{node.op_type} ({node.name!r}), which isn't one of "
                "ONNX's own, so it was optimized or quantized; give the file as it was exported"
            )

    def _constant(self, node: onnx.NodeProto) -> Constant | None:
        """Returns what a node makes of constants alone, if that takes no arithmetic."""
        if node.op_type == "Constant" and len(node.attribute) == 1:
            value = helper.get_attribute_value(node.attribute[0])
            tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value))
            return Constant(node.output[0], tensor)
        if not node.input or (source := self.constants.get(node.input[0])) is None:
            return None
        dims = source.tensor.dims
        if node.op_type == "Cast":
            return replace(source, cast=attribute(node, "to", None))
        if node.op_type in _COPIES or (node.op_type in _RESHAPES and np.prod(dims) == 1):
            return source
        if node.op_type == "Transpose" and len(dims) == 2 and attribute(node, "perm", [1, 0]) == [1, 0]:
            return source.flipped
        return None

    def _looks_up_words(self, node: onnx.NodeProto) -> bool:
        return node.op_type == "Gather" and node.input[0] in self.constants and self.is_input(node.input[1])

    def logits(self) -> str:
        """Returns the name of the output `logits`, or of the only output."""
        if not self._states:
            raise ExportError(
                f"{self.path}: not an ALBERT token classifier: expected an input 'input_ids' that selects rows of the "
                "word embeddings; export it with optimum or transformers"
            )
        if "logits" not in self.outputs and len(self.outputs) != 1:
            raise ExportError(
                f"{self.path}: not an ALBERT token classifier: expected an output 'logits', "
                f"found {', '.join(self.outputs)}; export it as a token classifier"
            )
        return "logits" if "logits" in self.outputs else self.outputs[0]

    def is_input(self, value: str) -> bool:
        """Whether a value is `input_ids`."""
        while (node := self.producers.get(value)) is not None and node.op_type in _COPIES:
            value = node.input[0]
        return value == "input_ids"

    def states(self, node: onnx.NodeProto) -> list[str]:
        """Returns the inputs of a node that are states."""
        inputs = node.input[:1] if node.op_type == "CastLike" else node.input  # of the other it only takes the type
        return [value for value in inputs if value in self._states and self.operator(value) != "IsNaN"]

    def operator(self, value: str) -> str:
        """Returns the operator that makes a value; empty for inputs and constants."""
        node = self.producers.get(value)
        return "" if node is None else node.op_type

    def back(self, value: str, operators: frozenset[str] = frozenset({"Reshape"})) -> tuple[str, list[onnx.NodeProto]]:
        """Follows a state back as long as one of these operators, or a copy, made it from a single state.

        Returns:
            The first value that something else made, and the nodes on the way back.
        """
        nodes = []
        while (node := self.producers.get(value)) is not None and node.op_type in operators | _COPIES:
            if len(states := self.states(node)) != 1:
                break
            value = states[0]
            nodes.append(node)
        return value, nodes

    def same(self, first: str, *others: str) -> bool:
        """Whether these values are one state, apart from copies and reshapes."""
        return {self.back(other)[0] for other in others} == {self.back(first)[0]}

    def find(self, value: str, operator: str) -> onnx.NodeProto | None:
        """Returns the node that made a value if it is this operator, before copies and reshapes."""
        node = self.producers.get(self.back(value)[0])
        return node if node is not None and node.op_type == operator else None

    def operands(self, value: str) -> Iterator[tuple[str, str]]:
        """Yields both orders of the two states whose sum a value is; nothing if it isn't such a sum."""
        node = self.find(value, "Add")
        if node is not None and len(states := self.states(node)) == 2:
            yield states[0], states[1]
            yield states[1], states[0]

    def last_integer(self, shape: str) -> int:
        """Returns the last element of a shape if it is a constant, else 0."""
        if (node := self.producers.get(shape)) is not None and node.op_type == "Concat":
            shape = node.input[-1]
        if (constant := self.constants.get(shape)) is None:
            return 0
        elements = self.elements(constant).ravel()
        return int(elements[-1]) if elements.size and elements.dtype.kind in "iu" else 0

    def array(self, constant: Constant) -> npt.NDArray[np.float32]:
        """Returns a constant's elements as float32.

        Raises:
            ExportError: They aren't floats, or the data are damaged or outside of the file's folder.
        """
        tensor = constant.tensor
        if tensor.data_type not in _FLOATS:
            kind = onnx.TensorProto.DataType.Name(tensor.data_type) if tensor.data_type else "nothing"
            raise ExportError(
                f"{self.path}: tensor {constant.name!r} must hold floats, found {kind}; export it unquantized"
            )
        array = np.asarray(self.elements(constant)).astype(np.float32)
        return np.ascontiguousarray(array.T if constant.transposed else array)

    def elements(self, constant: Constant) -> npt.NDArray[np.generic]:
        """Returns a constant's elements in the file's own type, not transposed."""
        try:
            return numpy_helper.to_array(constant.tensor, base_dir=str(self.path.parent))
        except (ValueError, TypeError, KeyError, OSError, onnx.checker.ValidationError) as error:
            raise ExportError(
                f"{self.path}: tensor {constant.name!r} can't be read ({' '.join(str(error).split())}); export it again"
            ) from None

    def digest(self, constant: Constant) -> bytes:
        """Returns a checksum of a constant's shape and elements in the file, whatever its name."""
        array = self.elements(constant)
        digest = hashlib.sha256(repr(array.shape).encode())
        digest.update(array.tobytes())
        return digest.digest()

    def refuse(self, value: str, expected: str) -> NoReturn:
        """Raises an error that says what was found where an ALBERT has something else."""
        node = self.producers.get(value)
        found = f"{node.op_type} {node.name!r}" if node is not None else f"{value!r}"
        raise ExportError(
            f"{self.path}: not an ALBERT token classifier that optimum or transformers exported: expected {expected}, "
            f"found {found}; give the checkpoint that it was exported from"
        )


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Returns an attribute of a node, or the default if it isn't set."""
    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def _is_external(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL)
