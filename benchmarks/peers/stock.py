"""The files that optimum, ONNX Runtime and NNCF make of a checkpoint, each as its documentation says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.child import call_in_child

STOCK: Final[Mapping[str, str]] = {
    "float32": "model.onnx",
    "quantize_dynamic": "model.onnx",
    "o1_quantizer": "model_optimized_quantized.onnx",
    "nncf": "model.xml",
}
"""The model's file in the folder of each kind: optimum's float32 export; of that `quant_pre_process` and
`quantize_dynamic` of ONNX Runtime; optimum's O1 optimizer and quantizer; NNCF's int8 for OpenVINO."""


def make_stock(kind: str, checkpoint: Path, folder: Path) -> Path:
    """Makes a kind of file of a checkpoint, in a new process, unless the folder has it already; returns its path.

    Raises:
        RuntimeError: It can't be made, for example because something isn't installed.
    """
    out = folder / kind
    if not out.exists():
        source = checkpoint if kind == "float32" else make_stock("float32", checkpoint, folder)
        unfinished = folder / f"{kind}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        call_in_child(__name__, "make", kind, str(source), str(unfinished))
        unfinished.rename(out)
    return out / STOCK[kind]


def make(kind: str, source: str, out: str) -> None:
    """Makes a file of a checkpoint (`float32`) or of the float32 export, in this process."""
    _MAKERS[kind](Path(source), Path(out))


def _float32(checkpoint: Path, out: Path) -> None:
    from optimum.exporters.onnx import main_export

    main_export(str(checkpoint), out, task="token-classification", dtype="fp32", do_validation=False)


def _quantize_dynamic(plain: Path, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = out / "prepared.onnx"
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

    from albert_ner_export.texts.corpus import own_corpus
    from benchmarks.peers.bare import PieceTokenizer

    model = openvino.Core().read_model(plain)
    names = [port.get_any_name() for port in model.inputs]
    feeds = []
    for window in PieceTokenizer(plain.parent, 128).windows(own_corpus().calibration):
        ids = np.array([window.ids], np.int64)
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        feeds.append({name: values[name] for name in names})
    quantized = nncf.quantize(model, nncf.Dataset(feeds), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(feeds))
    openvino.save_model(quantized, out / "model.xml", compress_to_fp16=False)


_MAKERS: Mapping[str, Callable[[Path, Path], None]] = {
    "float32": _float32,
    "quantize_dynamic": _quantize_dynamic,
    "o1_quantizer": _o1_quantizer,
    "nncf": _nncf,
}
