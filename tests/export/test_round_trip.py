"""The same weights, written in each format, give the same float32 graph to the byte."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.numpy import load_file, save_file

import toy
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.read import read_checkpoint
from oracles import NEEDS_OPTIMUM
from spark_nlp_archives import PIPELINE, TENSORFLOW

FIXTURES = Path(__file__).parent / "sources" / "fixtures" / "tensorflow"  # of the toy with these settings and seed
SETTINGS = json.loads((FIXTURES / "h5" / "config.json").read_text())
WEIGHTS = "model.safetensors"


def graph_bytes(source: Path) -> bytes:
    checkpoint = read_checkpoint(source)
    model = build_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors))
    return bytes(model.SerializeToString(deterministic=True))


def shards(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    names = sorted(tensors)
    weight_map = {name: f"{index % 2}.safetensors" for index, name in enumerate(names)}
    for shard in sorted(set(weight_map.values())):
        save_file({name: tensors[name] for name in names if weight_map[name] == shard}, folder / shard)
    (folder / WEIGHTS).unlink()
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": weight_map}))


def pytorch(folder: Path) -> None:
    tensors = {name: torch.from_numpy(tensor) for name, tensor in load_file(folder / WEIGHTS).items()}
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def optimum(folder: Path) -> None:
    export = "import sys; from optimum.exporters.onnx import main_export; main_export(*sys.argv[1:], **{options})"
    options = {"task": "token-classification", "do_validation": False}
    command = [sys.executable, "-W", "ignore", "-c", export.format(options=options), str(folder)]
    command.append(str(folder / "exported"))
    subprocess.run(command, check=True, capture_output=True)
    (folder / WEIGHTS).unlink()
    shutil.move(folder / "exported" / "model.onnx", folder / "model.onnx")
    shutil.rmtree(folder / "exported")


def tensorflow(fixture: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / "config.json").unlink()
        inner = "saved_model" if fixture == "saved_model" else ""
        shutil.copytree(FIXTURES / fixture, folder / inner, dirs_exist_ok=True)
        if not list(folder.rglob("*config.json")):
            shutil.copy(FIXTURES / "h5" / "config.json", folder)
        (folder / "labels.txt").write_text("\n".join(toy.TAGS))

    return write


FORMATS: dict[str, Callable[[Path], None]] = {
    "shards": shards,
    "pytorch": pytorch,
    "optimum": optimum,
    **{fixture: tensorflow(fixture) for fixture in ("h5", "saved_model", "tf1", "tf2")},
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS_OPTIMUM if name == "optimum" else ()) for name in FORMATS]
)
def test_each_format_gives_the_graph_of_the_hugging_face_folder(tmp_path: Path, name: str) -> None:
    changes = {key: SETTINGS[key] for key in toy.config() if key in SETTINGS}
    expected = graph_bytes(toy.write_checkpoint(tmp_path / "original", seed=3, **changes))
    rewritten = toy.write_checkpoint(tmp_path / "rewritten", seed=3, **changes)
    FORMATS[name](rewritten)
    assert graph_bytes(rewritten) == expected


def test_spark_nlps_two_engines_give_one_graph() -> None:
    assert graph_bytes(TENSORFLOW) == graph_bytes(PIPELINE)
