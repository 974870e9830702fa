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
    """A graph in the making. A Loop's body is another one, with the outer's initializers.

    Attributes:
        config: The sizes.
        nodes: In order.
        initializers: Of the outermost graph.
        mask: Name of the attention mask, int32 [batch, piece]; empty without one.
        iteration: In a Loop's body the name of the iteration's number, int64; empty outside.
        observe: What is to be observed of each linear's input.
        observed: Names of the outputs for that.
    """

    def __init__(self, config: AlbertConfig) -> None:
        self.config = config
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.mask = ""
        self.iteration = ""
        self.observe: Literal["ranges", "values"] | None = None
        self.observed: list[str] = []
        self._prefix = ""

    def body(self, name: str) -> GraphBuilder:
        """The body of a Loop, to be filled."""
        body = copy(self)
        body.nodes, body.iteration, body._prefix = [], f"{name}.iteration", f"{name}."
        body.observed = []
        return body

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Adds an initializer and returns its name."""
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def add(self, op: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: Any) -> str:
        """Adds a node with one output and returns the output's name."""
        output = output or f"{self._prefix}{len(self.nodes)}.{op}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output
