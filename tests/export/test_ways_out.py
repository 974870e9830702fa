"""Every way out that an error of a source or of its tags names leads out.

Each case breaks a checkpoint, is refused with some advice, follows that advice, and is read. Advice to copy or save a
damaged file again is one case here; those of tokenizers are in `sources/tokenizers`.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import toy
from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError
from spark_nlp_archives import MODEL, PIPELINE, TENSORFLOW, members, with_parameter, write_zip

FIXTURES = Path(__file__).parent / "sources" / "fixtures" / "tensorflow"
WEIGHTS = "model.safetensors"
ASSEMBLER = "stages/0_DocumentAssembler_8dbdbfbc42ee/"
OPENVINO = "albert_classification_openvino"
DEFAULTS = SourceOptions()
Change = Callable[[Path], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A way out.

    Attributes:
        id: What is wrong.
        harm: Makes a checkpoint that is refused, in an empty folder. Returns what is given as CHECKPOINT.
        advice: A part of the message that says what to do.
        follow: Does it. Returns what is given as CHECKPOINT then.
        before: Options of the first attempt.
        after: Options that the advice is about.
    """

    id: str
    harm: Callable[[Path], Path]
    advice: str
    follow: Callable[[Path], Path]
    before: SourceOptions = DEFAULTS
    after: SourceOptions = DEFAULTS


def toy_with(change: Change = lambda folder: None, **settings: object) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        made = toy.write_checkpoint(folder / "toy", **settings)  # type: ignore[arg-type]
        change(made)
        return made

    return make


def fixture(name: str, change: Change) -> Callable[[Path], Path]:
    """Makes a copy of a TensorFlow checkpoint, with the tokenizer that it may lack."""

    def make(folder: Path) -> Path:
        made = Path(shutil.copytree(FIXTURES / name, folder / "copy"))
        (made / "tokenizer.json").write_text(toy.tokenizer())
        change(made)
        return made

    return make


def onnx_with(change: Change) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        shutil.copy(FIXTURES.parent / "onnx" / "dynamo-18.onnx", folder / "model.onnx")
        (folder / "tokenizer.json").write_text(toy.tokenizer())
        change(folder)
        return folder

    return make


def same(name: str = "") -> Callable[[Path], Path]:
    return lambda folder: folder / name


def set_labels(value: object) -> Change:
    def change(folder: Path) -> None:
        settings = json.loads((folder / "config.json").read_text())
        settings["id2label"] = value
        if value is None:
            del settings["id2label"]
        (folder / "config.json").write_text(json.dumps(settings))

    return change


FIVE = {str(index): tag for index, tag in enumerate(toy.TAGS)}


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        FIVE | {"0": ""},
        FIVE | {"0": 0},
        FIVE | {"0": " O"},
        FIVE | {"0": "Other"},
        FIVE | {"2": "B-PER"},
        FIVE | {"2": "PAD"},
        FIVE | {"2": "M-PER"},
        FIVE | {"5": "B-ORG"},
        {"0": "O", "1": "I-PER"},
        {str(index + 1): tag for index, tag in enumerate(toy.TAGS)},
        {str(index): f"LABEL_{index}" for index in range(5)},
    ],
    ids=str,
)
def test_tags_that_are_refused_can_be_given(tmp_path: Path, value: object) -> None:
    """The whole export, as the tags must reach the reference, too."""
    source = toy_with(set_labels(value))(tmp_path)
    options = ExportOptions(precision="fp32")
    with pytest.raises(ExportError, match="--tags-file FILE"):
        export_model(source, tmp_path / "out", options)
    (tmp_path / "tags.txt").write_text("".join(f"{tag}\n" for tag in toy.TAGS))
    manifest = export_model(source, tmp_path / "out", ExportOptions(precision="fp32", tags_file=tmp_path / "tags.txt"))
    assert manifest.tags == toy.TAGS


@pytest.mark.parametrize("value", [FIVE | {"2": "PAD"}, FIVE | {"2": "x-y"}], ids=str)
def test_tags_that_mark_no_entity_can_be_named(tmp_path: Path, value: dict[str, str]) -> None:
    source = toy_with(set_labels(value))(tmp_path)
    with pytest.raises(ExportError, match="or name those that mark no entity with --ignore-labels"):
        read_checkpoint(source)
    found = read_checkpoint(source, SourceOptions(ignored=(value["2"],)))
    assert found.config.read_tags == ("O", "B-PER", "O", "B-LOC", "I-LOC")
    with pytest.raises(ExportError, match="--ignore-labels names 'none'; expected some of B-PER, "):
        read_checkpoint(source, SourceOptions(ignored=("none",)))


def _two_checkpoints(folder: Path) -> None:
    for file in list(folder.glob("model.ckpt-7*")):
        shutil.copy(file, folder / file.name.replace("-7", "-8"))
    (folder / "checkpoint").unlink(missing_ok=True)


def _unlabelled(folder: Path) -> None:
    (folder / "labels.txt").unlink(missing_ok=True)


def _quantize(folder: Path) -> None:
    state = {name: torch.from_numpy(tensor) for name, tensor in load_file(folder / WEIGHTS).items()}
    from safetensors.torch import save_file as save_torch

    save_torch({name: tensor.to(torch.float8_e4m3fn) for name, tensor in state.items()}, folder / WEIGHTS)
    torch.save(state, folder / "kept.pt")


def _restore(folder: Path) -> Path:
    state = torch.load(folder / "toy" / "kept.pt", weights_only=True)
    save_file({name: tensor.numpy() for name, tensor in state.items()}, folder / "toy" / WEIGHTS)
    return folder / "toy"


def _add_crf(folder: Path) -> None:
    save_file({**load_file(folder / WEIGHTS), "crf.transitions": np.zeros((5, 5), np.float32)}, folder / WEIGHTS)


def _without_crf(folder: Path) -> Path:
    tensors = load_file(folder / "toy" / WEIGHTS)
    save_file({name: tensor for name, tensor in tensors.items() if "crf" not in name}, folder / "toy" / WEIGHTS)
    return folder / "toy"


def _add_teacher(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file(tensors | {f"teacher.{name}": tensor for name, tensor in tensors.items()}, folder / WEIGHTS)


def _without_teacher(folder: Path) -> Path:
    tensors = load_file(folder / "toy" / WEIGHTS)
    alone = {name: tensor for name, tensor in tensors.items() if not name.startswith("teacher.")}
    save_file(alone, folder / "toy" / WEIGHTS)
    return folder / "toy"


def _pickle(folder: Path) -> None:
    state = {name: torch.from_numpy(tensor) for name, tensor in load_file(folder / WEIGHTS).items()}
    torch.save({**state, "path": folder}, folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def _save_safetensors(folder: Path) -> Path:
    state = torch.load(folder / "toy" / "pytorch_model.bin", weights_only=False)
    del state["path"]
    save_file({name: tensor.numpy() for name, tensor in state.items()}, folder / "toy" / WEIGHTS)
    return folder / "toy"


def _contradict(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(toy.config(num_attention_heads=4)))


def _remove(name: str, inner: str = "") -> Callable[[Path], Path]:
    def follow(folder: Path) -> Path:
        (folder / inner / name).unlink()
        return folder / inner

    return follow


def _two_models(folder: Path) -> None:
    (folder / "onnx").mkdir()
    shutil.copy(folder / "model.onnx", folder / "onnx")


def _exact_loss(folder: Path) -> Path:
    return write_zip(folder, with_parameter(members(PIPELINE), ASSEMBLER, "cleanupMode", "shrink"))


def _of_openvino(folder: Path) -> Path:
    renamed = {name.replace(MODEL, OPENVINO): data for name, data in members(TENSORFLOW).items()}
    return write_zip(folder, renamed)


CASES = [
    Case(
        id="several checkpoints in a folder",
        harm=fixture("tf1", _two_checkpoints),
        advice="give the path of one index instead",
        follow=same("copy/model.ckpt-8.index"),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="no configuration beside TensorFlow's weights",
        harm=fixture("h5", lambda folder: (folder / "config.json").rename(folder.parent.parent / "config")),
        advice="copy the file that the model was trained with into this folder",
        follow=lambda folder: Path(shutil.copy(folder.parent / "config", folder / "copy" / "config.json")).parent,
    ),
    Case(
        id="labels.txt that contradicts config.json",
        harm=fixture("h5", lambda folder: (folder / "labels.txt").write_text("O\nB-X\nI-X\n")),
        advice="give the right ones with --tags-file FILE",
        follow=same("copy"),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="no tags beside an ONNX file",
        harm=onnx_with(_unlabelled),
        advice="give the tag of each logit with --tags-file FILE, one tag per line",
        follow=same(),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="fewer tags than an ONNX file has logits",
        harm=onnx_with(_unlabelled),
        before=SourceOptions(labels=toy.TAGS[:3]),
        advice="gives 5 logits per piece, but has 3 tags; give the tag of each logit with --tags-file FILE",
        follow=same(),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="a config.json that contradicts an ONNX file",
        harm=onnx_with(_contradict),
        advice="put the model's own config.json there, or remove this one",
        follow=_remove("config.json"),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="two ONNX files",
        harm=onnx_with(_two_models),
        before=SourceOptions(labels=toy.TAGS),
        advice="give the path of the file",
        follow=same("onnx/model.onnx"),
        after=SourceOptions(labels=toy.TAGS),
    ),
    Case(
        id="quantized safetensors",
        harm=toy_with(_quantize),
        advice="save an unquantized checkpoint",
        follow=_restore,
    ),
    Case(
        id="a pickle that holds more than tensors",
        harm=toy_with(_pickle),
        advice="save the model as model.safetensors",
        follow=_save_safetensors,
    ),
    Case(
        id="a CRF",
        harm=toy_with(_add_crf),
        advice="save the model without the CRF's tensors",
        follow=_without_crf,
    ),
    Case(
        id="two models",
        harm=toy_with(_add_teacher),
        advice="save the one to export alone",
        follow=_without_teacher,
    ),
    Case(
        id="weights under another name",
        harm=lambda folder: (toy_with()(folder) / WEIGHTS).rename(folder / "toy" / "best.safetensors"),
        advice="name its weights model.safetensors",
        follow=lambda folder: (folder / "toy" / "best.safetensors").rename(folder / "toy" / WEIGHTS).parent,
    ),
    Case(
        id="a checkpoint that Spark NLP didn't save",
        harm=toy_with(),
        before=SourceOptions(exact_spark_nlp=True),
        advice="omit --exact-spark-nlp",
        follow=same("toy"),
    ),
    Case(
        id="a pipeline that can't be kept exactly",
        harm=_exact_loss,
        before=SourceOptions(exact_spark_nlp=True),
        advice="export without --exact-spark-nlp",
        follow=same("changed.zip"),
    ),
    Case(
        id="ignored labels, exactly",
        harm=lambda folder: PIPELINE,
        before=SourceOptions(exact_spark_nlp=True, labels=("O", *"B-A I-A B-B I-B B-C I-C X [PAD]".split())),
        advice="export without --exact-spark-nlp",
        follow=lambda folder: PIPELINE,
        after=SourceOptions(labels=("O", *"B-A I-A B-B I-B B-C I-C X [PAD]".split())),
    ),
    Case(
        id="fewer tags than a Spark NLP archive has logits",
        harm=lambda folder: TENSORFLOW,
        before=SourceOptions(labels=("O", "B-A")),
        advice="give the tag of each logit with --tags-file FILE",
        follow=lambda folder: TENSORFLOW,
    ),
    Case(
        id="openvino",
        harm=_of_openvino,
        advice="export the model that it was made from",
        follow=lambda folder: TENSORFLOW,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_way_out_leads_out(tmp_path: Path, case: Case) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(ExportError) as error:
        read_checkpoint(case.harm(inner), case.before)
    assert case.advice in str(error.value)
    assert "\n" not in str(error.value)
    checkpoint = read_checkpoint(case.follow(inner), case.after)
    assert isinstance(checkpoint, Checkpoint)
    fold_weights(checkpoint.config, checkpoint.tensors)  # every tensor is there, and has its shape


def test_damage_is_repaired_by_copying_the_file_again(tmp_path: Path) -> None:
    folder = toy.write_checkpoint(tmp_path / "toy")
    for name in (WEIGHTS, "config.json", "tokenizer.json"):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[:-9])
        with pytest.raises(ExportError, match=r"copy (it|or save the file|or save it) again"):
            read_checkpoint(folder)
        (folder / name).write_bytes(data)
        assert read_checkpoint(folder).tensors
