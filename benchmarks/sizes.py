"""File, memory and load time of every size of ALBERT, beside the same checkpoint by optimum and by ONNX Runtime.

    python -m benchmarks.sizes [--only base-v2 ...] [--output FILE]

Checkpoints have random weights (transformers' own initialisation). Each figure is taken in a process of its own.
Peers: optimum's float32 export; that with its O1 optimizer and its dynamic quantizer; and with ONNX Runtime's
`quant_pre_process(skip_symbolic_shape=True)` and `quantize_dynamic`. Results are written after each size.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import describe
from benchmarks.peers.stock import make

RESULT = Path(__file__).parent / "results" / "sizes.json"
TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
SHAPES = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "xlarge": {"hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 8192},
    "xxlarge": {"hidden_size": 4096, "num_hidden_layers": 12, "num_attention_heads": 64, "intermediate_size": 16384},
}
VARIANTS = {
    f"{shape}-{version}": sizes | {"hidden_act": activation}
    for shape, sizes in SHAPES.items()
    for version, activation in (("v1", "gelu"), ("v2", "gelu_new"))
}


def make_checkpoint(folder: str, variant: str) -> dict[str, Any]:
    """Writes a random checkpoint; counts the parameters without the pooler, which token classification has none of."""
    import torch
    from transformers import AlbertConfig, AlbertForTokenClassification

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from toy import tokenizer  # any will do, and this one knows our text

    torch.manual_seed(0)
    labels = {"id2label": dict(enumerate(TAGS)), "label2id": {tag: i for i, tag in enumerate(TAGS)}}
    model = AlbertForTokenClassification(AlbertConfig(**VARIANTS[variant], **labels))
    model.save_pretrained(folder)
    (Path(folder) / "tokenizer.json").write_text(tokenizer())
    return {"parameters": sum(parameter.numel() for parameter in model.parameters())}


def export(checkpoint: str, out: str, precision: str) -> dict[str, Any]:
    """Exports with our exporter: time, of the CPU too, its own peak and its child's, which runs optimum."""
    from albert_ner_export.pipeline import export_model
    from albert_ner_export.texts.sequences import own_corpus

    started = time.perf_counter()
    options: dict[str, Any] = {}
    if precision == "int8":  # of random weights a little text tells as much as all of it, and nothing of tags
        text = Path(out).parent / "text.txt"
        text.write_text("\n".join(own_corpus().calibration[:100]))
        options = {"calibration": text, "min_agreement": 0}
    manifest = export_model(Path(checkpoint), Path(out), precision=precision, **options)
    seconds = time.perf_counter() - started
    own, child = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(sum(used.ru_utime + used.ru_stime for used in (own, child)), 1),  # of a shared machine
        "own_peak_mb": round(own.ru_maxrss * 1024 / 1e6),
        "child_peak_mb": round(child.ru_maxrss * 1024 / 1e6),
        "max_logit_difference": manifest.verification.float_max_logit_difference,
        "max_abs_logit": manifest.verification.max_abs_logit,
    }


def export_peer(kind: str, checkpoint: str, folder: str) -> dict[str, Any]:
    """Makes one of the peers' files, in a folder of all of them. Returns its path."""
    return {"file": str(make(kind, Path(checkpoint), Path(folder)))}


def load(file: str) -> dict[str, Any]:
    """Loads a model: time, and resident memory before and after a first run of 64 pieces."""
    import numpy as np

    from albert_ner_onnx.model.session import Session

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    before = resident()
    started = time.perf_counter()
    session = Session(Path(file).read_bytes(), 1)
    seconds = time.perf_counter() - started
    loaded = resident()
    session.run(np.full((1, 64), 5))
    return {
        "load_seconds": round(seconds, 2),
        "resident_mb": round(loaded - before),
        "resident_after_run_mb": round(resident() - before),
    }


def describe_graph(file: str) -> dict[str, Any]:
    """Size of the file, and how many matrix products with weights are in integers; in a Scan's body, one iteration."""
    import onnx

    def products(graph: onnx.GraphProto, constants: set[str]) -> tuple[int, int]:
        constants = constants | {tensor.name for tensor in graph.initializer}
        for node in graph.node:  # weights behind Identity, Transpose and DequantizeLinear are weights
            if node.op_type in ("Identity", "Transpose", "Constant", "Cast") and set(node.input) <= constants:
                constants |= set(node.output)
        floats = sum(node.op_type in ("MatMul", "Gemm") and node.input[1] in constants for node in graph.node)
        floats += sum(node.op_type == "Attention" for node in graph.node)
        integers = sum(
            "Integer" in node.op_type
            or ("Quantize" in node.op_type and "MatMul" in node.op_type)
            or node.op_type == "QAttention"
            for node in graph.node
        )
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    inner = products(attribute.g, constants)
                    floats, integers = floats + inner[0], integers + inner[1]
        return floats, integers

    floats, integers = products(onnx.load(file).graph, set())
    data = Path(file).with_name(Path(file).name + "_data")
    size = Path(file).stat().st_size + (data.stat().st_size if data.exists() else 0)
    return {"bytes": size, "products_in_integers": integers, "products_in_float": floats}


def correlate(one: str, other: str) -> dict[str, Any]:
    """Correlation of the logits of two models over 50 sequences of 8 to 57 pieces, of all and for each tag."""
    import numpy as np

    from albert_ner_onnx.model.session import Session

    random = np.random.default_rng(0)
    sequences = [random.integers(5, 30000, (1, length)) for length in range(8, 58)]
    logits = []
    for file in (one, other):
        session = Session(Path(file).read_bytes(), 2)
        logits.append(np.concatenate([session.run(sequence)[0] for sequence in sequences]))
    by_tag = [float(np.corrcoef(logits[0][:, tag], logits[1][:, tag])[0, 1]) for tag in range(len(TAGS))]
    return {"correlation": float(np.corrcoef(logits[0].ravel(), logits[1].ravel())[0, 1]), "by_tag": by_tag}


def in_a_process(function: str, *arguments: str) -> dict[str, Any]:
    """Runs a function of this file in a new process."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.sizes", "--run", function, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"failed": lines[-1] if lines else f"exit status {done.returncode}"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(variant: str) -> dict[str, Any]:
    """All figures of one size."""
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint = f"{temporary}/checkpoint"
        result: dict[str, Any] = in_a_process("make_checkpoint", checkpoint, variant)
        for precision in ("fp32", "int8"):
            out = f"{temporary}/{precision}"
            model = f"{out}/model.onnx"
            figures = in_a_process("export", checkpoint, out, precision)
            if "failed" not in figures:
                figures |= in_a_process("load", model) | in_a_process("describe_graph", model)
                width = 4 if precision == "fp32" else 1
                figures["bytes_per_ideal_byte"] = round(figures["bytes"] / (width * result["parameters"]), 3)
            result[f"ours_{precision}"] = figures
        result["int8_against_fp32"] = in_a_process(
            "correlate", f"{temporary}/fp32/model.onnx", f"{temporary}/int8/model.onnx"
        )
        for kind in ("float32", "quantize_dynamic", "o1_quantizer"):
            figures = in_a_process("export_peer", kind, checkpoint, f"{temporary}/peers")
            if file := figures.pop("file", None):
                figures |= in_a_process("load", file) | in_a_process("describe_graph", file)
            result[f"optimum_{kind}"] = figures
    return result


def kept(output: Path) -> dict[str, Any]:
    """The sizes that a file has already: a long run may go on another day. Each has its own machine and commit."""
    return dict(json.loads(output.read_text("utf-8"))["sizes"]) if output.exists() else {}


def main() -> None:
    """Measures all sizes, or those that were asked for, and keeps the others' figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        function, *rest = arguments.run
        print(json.dumps(globals()[function](*rest)))
        return
    results = kept(arguments.output)
    for variant in arguments.only:
        environment = describe()  # before, as the tree may change in the meantime
        results[variant] = measure(variant) | {"environment": environment}
        print(variant, json.dumps(results[variant], indent=1), flush=True)
        ordered = {name: results[name] for name in VARIANTS if name in results}
        arguments.output.write_text(json.dumps({"sizes": ordered}, indent=2) + "\n")


if __name__ == "__main__":
    main()
