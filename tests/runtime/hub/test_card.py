"""The card says what the manifest says; huggingface_hub's own reader is the judge of its form."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from albert_ner_onnx import default_model
from albert_ner_onnx.hub.card import write_card
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import GoldScores, Manifest

huggingface_hub = pytest.importorskip("huggingface_hub")

MANIFEST = ModelFolder.open(default_model()).manifest
LABELS = ["LOC", "MISC", "ORG", "PER"]


def read(manifest: Manifest) -> Any:
    return huggingface_hub.ModelCard(write_card(manifest, "anna/toy", LABELS)).data


def with_gold(manifest: Manifest) -> Manifest:
    assert manifest.quantization
    gold = GoldScores(file="eng.testb", words=46_435, float32_f1=0.9, int8_f1=0.875)
    quality = replace(manifest.quantization.quality, gold=gold)
    return replace(manifest, quantization=replace(manifest.quantization, quality=quality))


def test_what_the_hub_reads() -> None:
    data = read(MANIFEST)
    assert data.license == "apache-2.0"
    assert data.language == ["en"]
    assert data.library_name == "albert-ner-onnx"
    assert data.pipeline_tag == "token-classification"
    assert data.base_model is None
    assert data.tags == ["named-entity-recognition", "ner", "albert", "onnx", "int8"]
    assert data.model_name == "toy"


def test_the_figures_are_those_of_the_manifest() -> None:
    assert MANIFEST.quantization
    quality, verification = MANIFEST.quantization.quality, MANIFEST.verification
    found = [(each.dataset_name, each.metric_type, each.metric_value) for each in read(MANIFEST).eval_results]
    agreements = [
        (quality.text, "tag_agreement", quality.tag_agreement),
        (quality.text, "tag_agreement", quality.entity_tag_agreement),
        ("200 sequences of albert-ner export", "tag_agreement", verification.float_tag_agreement),
    ]
    assert found == agreements
    data = read(with_gold(MANIFEST))
    found = [(each.dataset_name, each.metric_type, each.metric_value) for each in data.eval_results]
    assert found == [("eng.testb", "f1", 0.875), *agreements]
    data = read(replace(MANIFEST, precision="fp32", quantization=None))
    found = [(each.dataset_name, each.metric_type, each.metric_value) for each in data.eval_results]
    assert found == agreements[-1:]


def test_no_figure_is_invented() -> None:
    """Every number of the text is one of the manifest's, as it is written there or in per cent."""
    card = write_card(with_gold(MANIFEST), "anna/toy", LABELS)
    numbers = {float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*(?:e-\d+)?(?=%)", card)}
    known = [float(number) for number in re.findall(r"\d+\.\d+(?:e-\d+)?", with_gold(MANIFEST).to_json())]
    assert numbers
    assert all(any(abs(number - 100 * each) < 0.0051 for each in known) for number in numbers)


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("Apache-2.0", ("apache-2.0", None)),
        ("MIT", ("mit", None)),
        ("CC BY-SA 4.0", ("cc-by-sa-4.0", None)),
        ("Our licence: ask!", ("other", "our-licence-ask")),
        ("no", ("other", "no")),
        ("!", ("other", "unnamed")),
        (None, (None, None)),
    ],
)
def test_a_licence_is_one_of_the_hubs_or_other(license: str | None, expected: tuple[str | None, str | None]) -> None:
    data = read(replace(MANIFEST, license=license)).to_dict()
    assert (data.get("license"), data.get("license_name")) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ["de"]),
        ("en, de", ["en", "de"]),
        ("no", ["no"]),
        ("English", None),
        (None, None),
        ("zh-Hant", ["zh-Hant"]),
    ],
)
def test_languages_are_codes(language: str | None, expected: list[str] | None) -> None:
    assert read(replace(MANIFEST, language=language)).language == expected


def test_the_checkpoint_is_the_base_model_if_it_came_from_the_hub() -> None:
    data = read(replace(MANIFEST, name=f"bert/base@{'a' * 40}")).to_dict()
    assert (data["base_model"], data["base_model_relation"]) == ("bert/base", "quantized")
    data = read(replace(MANIFEST, name=f"bert/base@{'a' * 40}", precision="fp32", quantization=None)).to_dict()
    assert data["base_model"] == "bert/base"
    assert "base_model_relation" not in data
    for name in ("bert/base", "base", "bert/base@main"):
        assert read(replace(MANIFEST, name=name)).base_model is None


def test_names_of_strangers_are_not_markup() -> None:
    card = write_card(replace(MANIFEST, name="a|b\n\n# <script>`"), "anna/toy", LABELS)
    assert r"| made from | a\|b # \<script\>\` |" in card


def test_the_block_of_code_loads_the_repository() -> None:
    card = write_card(MANIFEST, "anna/toy", LABELS)
    assert 'recognizer = albert_ner_onnx.load("anna/toy")' in card
    assert 'albert-ner --model anna/toy "Your text."' in card
