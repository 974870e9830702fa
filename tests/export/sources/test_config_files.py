import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.config_files import read_config
from albert_ner_export.sources.files import Folder
from albert_ner_onnx import ExportError

TAGS = "\n".join(toy.TAGS)
GENERIC = {str(index): f"LABEL_{index}" for index in range(5)}
NONE: dict[str, str] = {}


def write(folder: Path, config: Any = None, labels: str | None = None, name: str = "config.json") -> Folder:
    folder.mkdir(exist_ok=True)
    if config is not None:
        (folder / name).write_text(json.dumps(config))
    if labels is not None:
        (folder / "labels.txt").write_text(labels)
    return Folder(folder)


@pytest.mark.parametrize(
    ("id2label", "labels"),
    [(toy.config()["id2label"], None), (toy.config()["id2label"], TAGS), (GENERIC, TAGS), (NONE, TAGS)],
)
def test_tags_are_in_the_config_or_in_labels_txt(tmp_path: Path, id2label: dict[str, str], labels: str | None) -> None:
    found = read_config(write(tmp_path, toy.config(id2label=id2label), labels), SourceOptions())
    assert found == AlbertConfig.from_dict(toy.config())


def test_given_tags_come_first(tmp_path: Path) -> None:
    surroundings = write(tmp_path, toy.config(), "damaged")
    assert read_config(surroundings, SourceOptions(labels=("O", "B-X"))).tags == ("O", "B-X")
    assert surroundings.sha256.keys() == {"config.json"}


def test_a_nearer_folder_comes_first(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    write(near, toy.config(num_hidden_layers=5))
    write(far, toy.config(), TAGS)
    surroundings = Folder(near, far)
    assert read_config(surroundings, SourceOptions()).num_hidden_layers == 5
    assert surroundings.sha256 == {
        "config.json": hashlib.sha256((near / "config.json").read_bytes()).hexdigest(),
        "labels.txt": hashlib.sha256(TAGS.encode()).hexdigest(),
    }


@pytest.mark.parametrize(
    ("name", "activation", "warnings"),
    [
        ("config.json", "gelu", 0),
        ("albert_config.json", "gelu", 1),
        ("albert_config.json", None, 1),  # Google's default
        ("albert_config.json", "gelu_new", 0),
    ],
)
def test_the_activation_that_google_computes_differently(
    tmp_path: Path, name: str, activation: str | None, warnings: int
) -> None:
    config = {key: value for key, value in toy.config(hidden_act=activation).items() if value is not None}
    lines: list[str] = []
    found = read_config(write(tmp_path, config, name=name), SourceOptions(warn=lines.append))
    assert found.hidden_act == (activation or "gelu")
    assert len(lines) == warnings
    assert all(
        f"{name}: hidden_act gelu is computed with the error function, as by transformers' converter" in line
        for line in lines
    )


@pytest.mark.parametrize(
    ("config", "labels", "name", "message"),
    [
        (
            None,
            TAGS,
            "config.json",
            "model: found neither config.json nor albert_config.json there, in its assets or one folder up; copy",
        ),
        (
            NONE,
            None,
            "albert_config.json",
            "albert_config.json: it has no id2label, and there is no labels.txt; give",
        ),
        (toy.config(), TAGS + "\nX-RAY", "config.json", "labels.txt: "),
        (toy.config(), "O\nB-A\nI-A", "config.json", "labels.txt: its tags differ from id2label in "),
        ([], TAGS, "config.json", "config.json: must be a JSON object"),
        (
            toy.config(hidden_act="selu"),
            None,
            "albert_config.json",
            "/albert_config.json: hidden_act must be one of",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, config: Any, labels: str | None, name: str, message: str) -> None:
    with pytest.raises(ExportError) as error:
        read_config(write(tmp_path / "model", config, labels, name), SourceOptions())
    assert message in str(error.value)
    assert "\n" not in str(error.value)
