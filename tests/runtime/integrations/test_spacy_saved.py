"""Pipelines with the component `albert_ner` are saved with its model, and load in processes that know nothing of it."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import albert_ner_onnx
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MANIFEST, MODEL, TOKENIZER

spacy = pytest.importorskip("spacy")

TEXT = "Kofi Annan flew from Geneva to New York."
FOUND = ["Kofi Annan", "Geneva", "New York"]
needs_entry_point = pytest.mark.skipif(
    not entry_points(group="spacy_factories", name="albert_ner"),
    reason="spaCy finds the component where the package is installed: pip install -e .",
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that a test may remove."""
    return Path(shutil.copytree(albert_ner_onnx.default_model(), tmp_path / "model"))


def pipeline(**config: Any) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner", config=config)
    return nlp


def names(nlp: Any) -> list[str]:
    return [ent.text for ent in nlp(TEXT).ents]


def run(script: Path, code: str, *arguments: str | Path) -> str:
    script.write_text(code, "utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", script, *arguments], cwd=script.parent, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


# --- Folders ----------------------------------------------------------------------------------------------------------


def test_the_model_travels_along(model: Path, tmp_path: Path) -> None:
    pipeline(model=str(model), labels=["PER", "LOC"], min_score={"PER": 0.5}).to_disk(tmp_path / "saved")
    shutil.rmtree(model)
    nlp = spacy.load((tmp_path / "saved").rename(tmp_path / "moved"))
    assert names(nlp) == FOUND
    assert nlp.get_pipe("albert_ner").labels == ("LOC", "PER")
    assert nlp.pipe_labels == {"albert_ner": ["LOC", "PER"]}
    with pytest.raises(albert_ner_onnx.ModelError, match="model: no such folder"):  # the settings still name it
        spacy.blank("en").from_config(nlp.config)(TEXT)


def test_the_saved_folder_is_a_model(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path)
    default, saved = albert_ner_onnx.default_model(), tmp_path / "albert_ner"
    assert sorted(file.name for file in saved.iterdir()) == [MANIFEST, MODEL, TOKENIZER]
    assert all((saved / name).read_bytes() == (default / name).read_bytes() for name in (MODEL, TOKENIZER))
    assert ModelFolder.open(saved).manifest == ModelFolder.open(default).manifest
    assert [entity.text for entity in albert_ner_onnx.load(saved).recognize(TEXT)] == FOUND


def test_a_pipeline_is_saved_over_itself(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    nlp.to_disk(tmp_path)
    assert names(spacy.load(tmp_path)) == FOUND


def test_settings_can_be_changed_when_it_is_loaded(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path)
    assert names(spacy.load(tmp_path, config={"components.albert_ner.labels": ["PER"]})) == FOUND[:1]


@pytest.mark.parametrize("file", [MODEL, TOKENIZER])
def test_a_damaged_copy_is_refused_when_it_is_loaded(file: str, tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path)
    damage(tmp_path / "albert_ner" / file)
    with pytest.raises(albert_ner_onnx.ModelError, match=f"{file}: damaged, expected sha256"):
        spacy.load(tmp_path)


def test_a_damaged_copy_leaves_the_component_as_it_was(tmp_path: Path) -> None:
    nlp = pipeline(labels=["PER"])
    nlp.to_disk(tmp_path)
    damage(tmp_path / "albert_ner" / MODEL)
    with pytest.raises(albert_ner_onnx.ModelError, match="damaged"):
        nlp.from_disk(tmp_path)
    assert names(nlp) == FOUND[:1]


def test_a_copy_that_is_missing_is_refused(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path, exclude=["albert_ner"])
    with pytest.raises(albert_ner_onnx.ModelError, match="no such folder"):
        spacy.load(tmp_path)


def test_a_damaged_model_is_not_saved(model: Path, tmp_path: Path) -> None:
    nlp = pipeline(model=str(model))
    assert names(nlp) == FOUND
    damage(model / MODEL)
    with pytest.raises(albert_ner_onnx.ModelError, match="damaged"):
        nlp.to_disk(tmp_path / "saved")
    assert not (tmp_path / "saved" / "albert_ner" / MANIFEST).exists()


# --- Bytes ------------------------------------------------------------------------------------------------------------


def test_bytes(model: Path, tmp_path: Path) -> None:
    data = pipeline(model=str(model)).to_bytes()
    shutil.rmtree(model)
    nlp = pipeline(model=str(model)).from_bytes(data)
    assert names(nlp) == FOUND
    assert nlp.get_pipe("albert_ner").to_bytes() in data
    nlp.to_disk(tmp_path / "saved")
    assert names(spacy.load(tmp_path / "saved")) == FOUND


def test_damaged_bytes_are_refused(model: Path) -> None:
    component = pipeline().get_pipe("albert_ner")
    data = component.to_bytes()
    with pytest.raises(albert_ner_onnx.ModelError, match="missing or damaged"):
        component.from_bytes(data[: len(data) // 2] + b"?" + data[len(data) // 2 + 1 :])
    with pytest.raises(albert_ner_onnx.ModelError, match="the bytes hold no model"):
        component.from_bytes(b"\x80")  # an empty mapping
    assert [ent.text for ent in component(spacy.blank("en").make_doc(TEXT)).ents] == FOUND


# --- Pickles and sources ----------------------------------------------------------------------------------------------


def test_a_pickle_names_the_model_and_holds_the_settings(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    nlp = pipeline(model=model.name, labels=["PER"])
    assert names(nlp) == FOUND[:1]
    data = pickle.dumps(nlp.get_pipe("albert_ner"))
    assert len(data) < 20_000
    monkeypatch.chdir("/")
    copy = pickle.loads(data)
    assert [ent.text for ent in copy(nlp.make_doc(TEXT)).ents] == FOUND[:1]


def test_a_pickle_of_a_model_that_came_as_bytes_holds_it() -> None:
    component = pipeline().get_pipe("albert_ner")
    copy = pickle.loads(pickle.dumps(component.from_bytes(component.to_bytes())))
    assert [ent.text for ent in copy(spacy.blank("en").make_doc(TEXT)).ents] == FOUND


def test_a_component_from_another_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner", source=pipeline(labels=["PER"]))
    assert names(nlp) == FOUND[:1]


# --- Fresh processes --------------------------------------------------------------------------------------------------

QUICKLY = """
import sys

sys.modules["torch"] = sys.modules["transformers"] = None  # spaCy and Presidio import them if they can: seconds
import spacy
"""

WITHOUT_IMPORT = f"""{QUICKLY}
heavy = ["onnxruntime", "tokenizers", "albert_ner_onnx.recognizer", "albert_ner_onnx.options"]

nlp = spacy.blank("en")
print([name for name in heavy if name in sys.modules])
nlp.add_pipe("albert_ner")
print("onnxruntime" in sys.modules)
print([(ent.text, ent.label_) for ent in nlp("Kofi Annan flew from Geneva to New York.").ents])
"""

SPAWNED = f"""{QUICKLY}
import multiprocessing

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    for doc in nlp.pipe(["Kofi Annan left Bonn.", "Nothing happened.", "Ajax won."], n_process=2, batch_size=1):
        print([(ent.text, ent.label_, ent._.score > 0.5) for ent in doc.ents])
"""


@needs_entry_point
def test_the_component_needs_no_import_and_loads_nothing_until_it_is_used(tmp_path: Path) -> None:
    printed = run(tmp_path / "script.py", WITHOUT_IMPORT)
    assert printed.splitlines() == [
        "[]",
        "False",
        "[('Kofi Annan', 'PER'), ('Geneva', 'LOC'), ('New York', 'LOC')]",
    ]


@needs_entry_point
def test_a_saved_pipeline_in_processes_of_its_own(model: Path, tmp_path: Path) -> None:
    pipeline(model=str(model), workers=1).to_disk(tmp_path / "saved")
    shutil.rmtree(model)
    printed = run(tmp_path / "script.py", SPAWNED, tmp_path / "saved")
    assert printed.splitlines() == [
        "[('Kofi Annan', 'PER', True), ('Bonn', 'LOC', True)]",
        "[]",
        "[('Ajax', 'ORG', True)]",
    ]
