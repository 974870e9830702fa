"""Nodes and initializers of an ONNX graph, collected."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from albert_ner_export.config import AlbertConfig


class GraphBuilder:
    """A graph in the making. A Scan's body is another one, with the outer's initializers.

    Attributes:
        config: The sizes.
        nodes: In order.
        initializers: Of the outermost graph.
        mask: Name of the attention mask, int32 [batch, piece]; empty without one.
        scanned: In a Scan's body its inputs, by the names of the initializers of which each iteration gets its own.
        iteration: The one that is being written, where iterations stand one after another in the place of a Scan.
        observe: What is to be observed of each linear's input.
        observed: Names of the outputs for that.
    """

    def __init__(self, config: AlbertConfig) -> None:
        self.config = config
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.mask = ""
        self.scanned: dict[str, onnx.ValueInfoProto] = {}
        self.iteration: int | None = None
        self.observe: Literal["ranges", "values"] | None = None
        self.observed: list[str] = []
        self._prefix = ""

    def body(self, name: str) -> GraphBuilder:
        """The body of a Scan, to be filled."""
        body = copy(self)
        body.nodes, body.scanned, body.observed, body._prefix = [], {}, [], f"{name}."
        return body

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Adds an initializer, which the first of written out iterations does for all, and returns its name."""
        if not self.iteration:
            self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def scan(self, name: str, values: npt.NDArray[np.generic]) -> str:
        """Adds what each iteration has a value of its own of, [iteration], and returns the name of that value."""
        if self.iteration is not None:
            name = f"{name}.{self.iteration}"
            self.initializers.append(numpy_helper.from_array(np.asarray(values[self.iteration]), name))
            return name
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        self.scanned[self.constant(name, values)] = helper.make_tensor_value_info(f"{name}.now", kind, [])
        return f"{name}.now"

    def add(self, op: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: Any) -> str:
        """Adds a node with one output and returns the output's name."""
        output = output or f"{self._prefix}{len(self.nodes)}.{op}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output
