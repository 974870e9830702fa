"""The files that optimum, ONNX Runtime and NNCF make of a checkpoint, as the documentation of each says.

    python -m benchmarks.peers.stock KIND CHECKPOINT FOLDER

Each kind is made once, in `FOLDER/KIND`: what is there already is taken as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

STOCK: Mapping[str, str] = {
    "float32": "model.onnx",
    "bare_quantize_dynamic": "model.onnx",
    "quantize_dynamic": "model.onnx",
    "o1_quantizer": "model_optimized_quantized.onnx",
    "nncf": "model.xml",
}
"""The model's file in the folder of each kind: optimum's float32 export; ONNX Runtime's `quantize_dynamic` of that, as
it comes and with `quant_pre_process` before it; optimum's O1 optimizer and quantizer; NNCF's int8 for OpenVINO."""


def make(kind: str, checkpoint: Path, folder: Path) -> Path:
    """Makes a file, and the float32 export that it is made of.

    Args:
        kind: One of `STOCK`.
        checkpoint: Hugging Face folder.
        folder: For the files of this checkpoint.

    Returns:
        The file.
    """
    out = folder / kind
    if not out.exists():
        source = checkpoint if kind == "float32" else make("float32", checkpoint, folder)
        unfinished = folder / f"{kind}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _MAKERS[kind](source, unfinished)
        unfinished.rename(out)
    return out / STOCK[kind]


def make_in_a_process(kind: str, checkpoint: Path, folder: Path) -> None:
    """The same where the caller must stay small and without threads.

    Raises:
        RuntimeError: It failed, with the last line of the error.
    """
    if (folder / kind).exists():
        return
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name, kind, str(checkpoint), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(f"{kind} of {checkpoint.name}: {lines[-1] if lines else f'exit status {done.returncode}'}")


def _float32(checkpoint: Path, out: Path) -> None:
    from optimum.exporters.onnx import main_export

    main_export(str(checkpoint), out, task="token-classification", dtype="fp32", do_validation=False)


def _bare_quantize_dynamic(plain: Path, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, out / "model.onnx", weight_type=QuantType.QInt8)


def _quantize_dynamic(plain: Path, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = out / "pre.onnx"
    quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(prepared, out / "model.onnx", weight_type=QuantType.QInt8)
    prepared.unlink()


def _o1_quantizer(plain: Path, out: Path) -> None:
    from optimum.onnxruntime import ORTModelForTokenClassification, ORTOptimizer, ORTQuantizer
    from optimum.onnxruntime.configuration import AutoOptimizationConfig, AutoQuantizationConfig

    optimizer = ORTOptimizer.from_pretrained(ORTModelForTokenClassification.from_pretrained(plain.parent))
    optimizer.optimize(save_dir=out, optimization_config=AutoOptimizationConfig.O1())
    quantizer = ORTQuantizer.from_pretrained(out, file_name="model_optimized.onnx")
    settings = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
    quantizer.quantize(save_dir=out, quantization_config=settings)


def _nncf(plain: Path, out: Path) -> None:
    import nncf
    import numpy as np
    import openvino

    from albert_ner_export.texts.sequences import own_corpus
    from benchmarks.peers.raw import PieceTokenizer

    model = openvino.Core().read_model(plain)
    names = [port.get_any_name() for port in model.inputs]
    windows = PieceTokenizer(plain.parent, 128).windows(own_corpus().calibration)
    feeds = []
    for window in windows:
        ids = np.array([window.ids], np.int64)
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        feeds.append({name: values[name] for name in names})
    quantized = nncf.quantize(model, nncf.Dataset(feeds), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(feeds))
    openvino.save_model(quantized, out / "model.xml", compress_to_fp16=False)


_MAKERS: Mapping[str, Callable[[Path, Path], None]] = {
    "float32": _float32,
    "bare_quantize_dynamic": _bare_quantize_dynamic,
    "quantize_dynamic": _quantize_dynamic,
    "o1_quantizer": _o1_quantizer,
    "nncf": _nncf,
}


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
