"""An ONNX graph read backwards: which constants, linears and norms made a value.

Only the data flow counts: names of nodes and tensors differ from exporter to exporter, and merged initializers keep
the name of one of them only.
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
    """A tensor of the file, perhaps transposed, or cast to another type of ONNX's."""

    name: str
    tensor: onnx.TensorProto = field(repr=False, compare=False)
    transposed: bool = False
    cast: int | None = field(default=None, compare=False)

    @property
    def flipped(self) -> Constant:
        """Its transpose."""
        return replace(self, transposed=not self.transposed)

    @property
    def type(self) -> int:
        """The type, of ONNX's, that it takes part in computations with."""
        return self.tensor.data_type if self.cast is None else self.cast


class OnnxGraph:
    """The graph of a float model that ONNX's checker accepts: its constants, and the values that hold a hidden state.

    A *state* is a value that the word embeddings flow into, but not its shape: so attention masks, positions and
    sizes, which exporters compute in many ways, are out of sight.
    """

    def __init__(self, model: onnx.ModelProto, path: Path) -> None:
        self.path = path
        self.opsets = model.opset_import
        self.outputs = [output.name for output in model.graph.output]
        self.producers: dict[str, onnx.NodeProto] = {}
        self.order: dict[str, int] = {}
        self.constants = {tensor.name: Constant(tensor.name, tensor) for tensor in model.graph.initializer}
        self.external: set[str] = set()
        self._states: set[str] = set()
        self._digests: dict[str, bytes] = {}
        for index, node in enumerate(model.graph.node):
            self._check(node)
            if (constant := self._constant(node)) is not None:
                self.constants[node.output[0]] = constant
            elif self._looks_up_words(node) or (node.op_type != "Shape" and self.states(node)):
                self._states.update(node.output)
            self.producers.update(dict.fromkeys(node.output, node))
            self.order.update(dict.fromkeys(node.output, index))

    @classmethod
    def parse(cls, data: bytes, path: Path) -> Self:
        """Reads and checks a file's bytes.

        Raises:
            ExportError: They are no ONNX model, a damaged or quantized one, or one with other operators than ONNX's.
        """
        outside = False
        try:
            model = onnx.load_model_from_string(data)
            outside = any(tensor.data_location == tensor.EXTERNAL for tensor in model.graph.initializer)
            onnx.checker.check_model(str(path) if outside else data)  # the checker looks for the data beside the path
        except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
            reason = " ".join(str(error).split())[:300]
            fault = "its external data must lie beside it" if outside else "no ONNX model, or a damaged one"
            raise ExportError(f"{path}: {fault} ({reason}); export it again") from None
        return cls(model, path)

    def _check(self, node: onnx.NodeProto) -> None:
        if node.op_type in _QUANTIZED:
            raise ExportError(
                f"{self.path}: quantized ({node.op_type} {node.name!r}); expected float weights: give the file that it "
                "was quantized from"
            )
        if node.domain not in ("", "ai.onnx"):
            raise ExportError(
                f"{self.path}: has the operator {node.domain}.{node.op_type} ({node.name!r}), so it was optimized or "
                "quantized; expected ONNX's own ones: give the file as it was exported"
            )

    def _constant(self, node: onnx.NodeProto) -> Constant | None:
        """What a node makes of constants alone, where no arithmetic is needed to tell."""
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
        """The output `logits`, or the only one."""
        if not self._states:
            raise ExportError(
                f"{self.path}: no ALBERT token classifier: expected an input 'input_ids' by which rows of the word "
                "embeddings are looked up; export it by optimum or transformers"
            )
        if "logits" not in self.outputs and len(self.outputs) != 1:
            raise ExportError(
                f"{self.path}: no ALBERT token classifier: expected an output 'logits', "
                f"found {', '.join(self.outputs)}; export it as a token classifier"
            )
        return "logits" if "logits" in self.outputs else self.outputs[0]

    def is_input(self, value: str) -> bool:
        """Whether a value is `input_ids`."""
        while (node := self.producers.get(value)) is not None and node.op_type in _COPIES:
            value = node.input[0]
        return value == "input_ids"

    def states(self, node: onnx.NodeProto) -> list[str]:
        """The inputs of a node that hold a hidden state."""
        inputs = node.input[:1] if node.op_type == "CastLike" else node.input  # of the other it takes the type only
        return [value for value in inputs if value in self._states and self.operator(value) != "IsNaN"]

    def operator(self, value: str) -> str:
        """The operator that makes a value; empty for inputs and constants."""
        node = self.producers.get(value)
        return "" if node is None else node.op_type

    def back(self, value: str, operators: frozenset[str] = frozenset({"Reshape"})) -> tuple[str, list[onnx.NodeProto]]:
        """Follows a state back while one of these operators, or a copy, made it of a single other state.

        Returns:
            The first value that something else made, and the nodes on the way, the last one first.
        """
        nodes = []
        while (node := self.producers.get(value)) is not None and node.op_type in operators | _COPIES:
            if len(states := self.states(node)) != 1:
                break
            value = states[0]
            nodes.append(node)
        return value, nodes

    def same(self, first: str, *others: str) -> bool:
        """Whether these values are one state, but for copies and reshapes."""
        return {self.back(other)[0] for other in others} == {self.back(first)[0]}

    def find(self, value: str, operator: str) -> onnx.NodeProto | None:
        """The node that made a value, if it is this operator; copies and reshapes are passed."""
        node = self.producers.get(self.back(value)[0])
        return node if node is not None and node.op_type == operator else None

    def operands(self, value: str) -> Iterator[tuple[str, str]]:
        """Both orders of the two states whose sum a value is; nothing if it is none."""
        node = self.find(value, "Add")
        if node is not None and len(states := self.states(node)) == 2:
            yield states[0], states[1]
            yield states[1], states[0]

    def last_integer(self, shape: str) -> int:
        """The last element of a shape if it is a constant, else 0."""
        if (node := self.producers.get(shape)) is not None and node.op_type == "Concat":
            shape = node.input[-1]
        if (constant := self.constants.get(shape)) is None:
            return 0
        elements = self.elements(constant).ravel()
        return int(elements[-1]) if elements.size and elements.dtype.kind in "iu" else 0

    def array(self, constant: Constant) -> npt.NDArray[np.float32]:
        """A constant's elements as float32.

        Raises:
            ExportError: They aren't floats, or its data is damaged or lies outside of the file's folder.
        """
        tensor = constant.tensor
        if tensor.data_type not in _FLOATS:
            kind = onnx.TensorProto.DataType.Name(tensor.data_type) if tensor.data_type else "nothing"
            raise ExportError(
                f"{self.path}: tensor {constant.name!r} is {kind}; expected floats, so export it unquantized"
            )
        array = np.asarray(self.elements(constant)).astype(np.float32)
        return np.ascontiguousarray(array.T if constant.transposed else array)

    def elements(self, constant: Constant) -> npt.NDArray[np.generic]:
        """A constant's elements as they stand in the file."""
        try:
            elements: npt.NDArray[np.generic] = numpy_helper.to_array(constant.tensor, base_dir=str(self.path.parent))
        except (ValueError, TypeError, KeyError, OSError, onnx.checker.ValidationError) as error:
            raise ExportError(
                f"{self.path}: tensor {constant.name!r} can't be read ({' '.join(str(error).split())}); export it again"
            ) from None
        self.external.update(entry.value for entry in constant.tensor.external_data if entry.key == "location")
        return elements

    def digest(self, constant: Constant) -> tuple[bytes, bool]:
        """Tells tensors with other elements apart, whatever they are called."""
        if constant.name not in self._digests:
            array = self.elements(constant)
            digest = hashlib.sha256(repr(array.shape).encode())
            digest.update(array.tobytes())
            self._digests[constant.name] = digest.digest()
        return self._digests[constant.name], constant.transposed

    def refuse(self, value: str, expected: str) -> NoReturn:
        """Says what stands where an ALBERT has something else."""
        node = self.producers.get(value)
        found = f"{node.op_type} {node.name!r}" if node is not None else f"{value!r}"
        raise ExportError(
            f"{self.path}: no ALBERT token classifier as optimum or transformers export it: expected {expected}, found "
            f"{found}; give the checkpoint that it was exported from"
        )


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """An attribute of a node, or what it is without."""
    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)
