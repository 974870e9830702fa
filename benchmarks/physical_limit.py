"""How far our engine is from the physical limit: its integer GEMMs at the best rate of a bare one on this machine.

    python -m benchmarks.physical_limit [--work FOLDER] [--only default base xlarge] [--quick] [--output FILE]

Counted are the products with int8 weights. Attention's products of activations and what is in float are not, so even
a perfect engine needs a little longer. The best rate is that of any size, large or the model's own, in ONNX Runtime
and, with the extra `benchmark`, in oneDNN, whose kernels OpenVINO runs; what a call of it costs shows at few rows. All
have one thread and take turns with our calls. Bare products are repeated, so that weights stay in the caches.
"""

from __future__ import annotations

import argparse
import json
import sys
import timeit
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session, open_session
from benchmarks.environment import describe
from benchmarks.interleave import interleave
from benchmarks.latency_peers import SHAPES, WORK
from benchmarks.markdown import markdown
from benchmarks.peers import OURS, PeerMissingError
from benchmarks.peers.models import DEFAULT, MODELS, prepare

RESULT = Path(__file__).parent / "results" / "physical_limit.json"
LARGE = ((256, 1024, 1024), (256, 2048, 1024), (512, 1024, 1024))  # M, K, N; much larger ones are slower
_TURNS = {DEFAULT: (15, 0.02), "base": (9, 0.02), "xlarge": (5, 0.02), "quick": (3, 0.01)}  # rounds, seconds in each
_GRAPHS = {
    "MatMulInteger": "int32[m, n] y) { y = MatMulInteger(x, w) }",
    "MatMulIntegerToFloat": "float[m, n] y) <float one={1}> { y = com.microsoft.MatMulIntegerToFloat(x, w, one, one) }",
}
_OPSETS = '<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> gemm (uint8[m, k] x) => ('
Gemm: TypeAlias = tuple[str, Callable[[], Any]]
"""Its kernel and size, `NAME M×K×N`, and what computes it, whose first result is the product of `operands`."""


def operands(m: int, k: int, n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int8]]:
    """Random activations, uint8 [M, K], and weights in 7 bits, as ours are, int8 [K, N]; the same each time."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (m, k), np.uint8), random.integers(-64, 65, (k, n), np.int8)


def onnxruntime_gemm(operator: str, m: int, k: int, n: int) -> Gemm:
    """A model of one node, `MatMulInteger` or, with scales of 1, `MatMulIntegerToFloat`."""
    activations, weights = operands(m, k, n)
    model = onnx.parser.parse_model(_OPSETS + _GRAPHS[operator])
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    session = open_session(model.SerializeToString())
    return f"{operator} {m}×{k}×{n}", partial(session.run, None, {"x": activations})


def onednn_gemm(m: int, k: int, n: int) -> Gemm:
    """The same product in OpenVINO's CPU plugin, which is built on oneDNN.

    Raises:
        PeerMissingError: OpenVINO isn't installed, or doesn't run this in int8 here.
    """
    try:
        import openvino
        from openvino import opset13
    except ModuleNotFoundError as error:
        raise PeerMissingError(f"{error.name} isn't installed; pip install -e '.[benchmark]'") from None
    activations, weights = operands(m, k, n)
    source, ones = opset13.parameter([m, k], np.uint8), np.ones((1, n), np.float32)
    # OpenVINO multiplies in integers only what was quantized; from 0–255 to the same is left out when it compiles
    quantized = opset13.fake_quantize(opset13.convert(source, "f32"), *[np.float32(0), np.float32(255)] * 2, 256)
    product = opset13.matmul(quantized, opset13.multiply(opset13.convert(weights, "f32"), ones), False, False)
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(openvino.Model([product], [source]), "CPU", options)
    nodes = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kernels = [node["primitiveType"].astype(str) for node in nodes if node["layerType"].astype(str) == "FullyConnected"]
    if len(kernels) != 1 or not kernels[0].endswith("_I8"):
        raise PeerMissingError(f"OpenVINO runs {kernels}, expected one kernel in int8")
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(activations))  # a copy, as it keeps no array alive
    return f"{kernels[0]} {m}×{k}×{n}", partial(request.infer, share_outputs=True)


ENGINES: Mapping[str, Sequence[Callable[[int, int, int], Gemm]]] = {
    "ONNX Runtime": [partial(onnxruntime_gemm, operator) for operator in _GRAPHS],
    "oneDNN": [onednn_gemm],
}


def operations(graph: onnx.GraphProto, rows: int) -> Counter[tuple[int, int, int]]:
    """Multiplications and additions with int8 weights, by size M, K, N, where M is `rows`, batch times pieces."""
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}  # a Scan's weights stand outside of it, too
    found: Counter[tuple[int, int, int]] = Counter()
    for node in graph.node:
        bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
        iterations = shapes[node.input[-1]][0] if bodies else 1  # a Scan's last input is scanned
        for inner in bodies[0].node if bodies else [node]:
            if inner.op_type in ("QAttention", "MatMulIntegerToFloat"):
                k, n = shapes[inner.input[1]]
                found[rows, k, n] += 2 * iterations * rows * k * n
    return found


def summarize(times: Mapping[str, float], work: Counter[tuple[int, int, int]]) -> dict[str, Any]:
    """What an engine, whose bare products take so many seconds by `KERNEL M×K×N`, could make of a model's operations.

    Returns:
        The `rates` in operations a second, and whose is `best`; the `limit`, seconds of all operations at this rate;
        and the `own_rate` of all, if each product of the model's has the best rate of its own size.
    """
    rates = {name: 2 * prod(map(int, name.split()[1].split("×"))) / seconds for name, seconds in times.items()}
    best, seconds = max(rates, key=rates.__getitem__), 0.0
    for (m, k, n), amount in work.items():
        seconds += amount / max(rate for name, rate in rates.items() if name.endswith(f" {m}×{k}×{n}"))
    return {"best": best, "limit": work.total() / rates[best], "own_rate": work.total() / seconds, "rates": rates}


def measure(package: Path, shape: tuple[int, int], rounds: int, seconds: float) -> dict[str, Any]:
    """Our calls on batches of a shape beside bare products, each for so many seconds in a round.

    Returns:
        `operations` and `seconds` of our call; for each of the `engines` what `summarize` says, or why it is `missing`.
    """
    model, ids = package / MODEL, np.random.default_rng(0).integers(5, 90, shape)  # pieces of any vocabulary
    work = operations(onnx.load(model).graph, ids.size)
    runs: dict[str, Callable[[], Any]] = {OURS: partial(Session(model.read_bytes(), 1).run, ids)}
    engines: dict[str, Any] = {}
    for engine, makers in ENGINES.items():
        try:
            engines[engine] = dict(make(*size) for size in dict.fromkeys([*LARGE, *work]) for make in makers)
            runs |= engines[engine]
        except PeerMissingError as missing:
            engines[engine] = {"missing": str(missing)}
    taken = interleave({name: _task(run, seconds) for name, run in runs.items()}, rounds)
    for engine, found in engines.items():
        if "missing" not in found:
            engines[engine] = summarize({name: median(taken[name]) for name in found}, work)
    return {"operations": work.total(), "seconds": median(taken[OURS]), "engines": engines}


def _task(run: Callable[[], Any], seconds: float) -> Callable[[], float]:
    """Seconds of a call, of calls in a row that take about so long in all."""
    run()  # the first one prepares
    timer = timeit.Timer(run)
    calls = max(1, round(seconds / timer.timeit(1)))
    return lambda: timer.timeit(calls) / calls


def table(record: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    header = ["10⁹ operations", "ours, ms"]
    for engine in ENGINES:
        header += [f"at {engine}'s best rate, ms (of ours)", "best rate, 10⁹ a second", "at own sizes"]
    blocks = []
    for model, shapes in record["models"].items():
        rows = [[title, f"{found['operations'] / 1e9:.2f}", *_cells(found)] for title, found in shapes.items()]
        blocks.append(markdown([f"{model}, one thread", *header], rows))
    return "\n\n".join(blocks)


def _cells(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{1000 * found['seconds']:.2f}"
    for engine in found["engines"].values():
        if "missing" in engine:
            yield from (f"not measured: {engine['missing']}", "", "")
        else:
            yield f"{1000 * engine['limit']:.2f} ({100 * engine['limit'] / found['seconds']:.0f} %)"
            yield f"{engine['rates'][engine['best']] / 1e9:.0f}, {engine['best']}"
            yield f"{engine['own_rate'] / 1e9:.0f}"


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=WORK, help="where made models are kept")
    parser.add_argument("--only", nargs="+", choices=MODELS)
    parser.add_argument("--quick", action="store_true", help="few rounds, and the default alone if none is asked for")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    record: dict[str, Any] = {"models": {}, "quick": arguments.quick, "environment": describe()}
    for name in arguments.only or ([DEFAULT] if arguments.quick else MODELS):
        print(name, file=sys.stderr, flush=True)
        package = prepare(name, arguments.work).package
        turns = _TURNS["quick" if arguments.quick else name]
        record["models"][name] = {title: measure(package, shape, *turns) for title, shape in SHAPES.items()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(record))


if __name__ == "__main__":
    main()
