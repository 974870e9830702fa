"""The card of a model on the Hugging Face Hub: `README.md`, with what the manifest says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from albert_ner_onnx.extras import extra
from albert_ner_onnx.hub.ids import parse_hub_id
from albert_ner_onnx.model.manifest import Manifest

CARD = "README.md"
_TASK = {"type": "token-classification", "name": "Named entity recognition"}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]+)?|multilingual")
# Of the Hub's identifiers those that are as SPDX writes them, but in lower case, and those of licences for models
_LICENSES = frozenset(
    """
    afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bigscience-bloom-rail-1.0 bigscience-openrail-m bsd bsd-2-clause
    bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0
    cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0
    cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m
    ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr lppl-1.3c mit
    mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
    """.split()
)


def write_card(manifest: Manifest, repository: str, labels: Sequence[str]) -> str:
    """Writes a card.

    Args:
        manifest: What the model says about itself.
        repository: `owner/name`, under which the model is published.
        labels: The labels that it can give.

    Raises:
        MissingExtraError: PyYAML isn't installed.
    """
    with extra("hub", "writing a model card"):
        import yaml

    front = yaml.safe_dump(_front_matter(manifest, repository), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n{_body(manifest, repository, labels)}"


# --- Front matter -----------------------------------------------------------------------------------------------------


def _front_matter(manifest: Manifest, repository: str) -> dict[str, Any]:
    """What the Hub reads: names of the keys are the Hub's. What the manifest doesn't know is left out."""
    base = _base_model(manifest)
    return {
        **_license(manifest.license),
        **_language(manifest.language),
        "library_name": "albert-ner-onnx",
        "pipeline_tag": "token-classification",
        **({"base_model": base} if base else {}),
        **({"base_model_relation": "quantized"} if base and manifest.quantization else {}),
        "tags": ["named-entity-recognition", "ner", "albert", "onnx", manifest.precision],
        "model-index": [{"name": repository.partition("/")[2], "results": list(_results(manifest))}],
    }


def _license(name: str | None) -> dict[str, str]:
    if not name:
        return {}
    known = "-".join(name.lower().split())
    return {"license": known} if known in _LICENSES else {"license": "other", "license_name": _identifier(name)}


def _language(names: str | None) -> dict[str, list[str]]:
    found = [name for name in re.split(r"[,\s]+", names or "") if _LANGUAGE.fullmatch(name)]
    return {"language": found} if found else {}


def _base_model(manifest: Manifest) -> str | None:
    """The checkpoint, if it came from the Hub: then the exporter called the model `owner/name@commit`."""
    source = parse_hub_id(manifest.name)
    return source.repository if source and _COMMIT.fullmatch(source.revision or "") else None


def _results(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """What the exporter measured, and on what."""
    verification, quantization = manifest.verification, manifest.quantization
    if quantization and (gold := quantization.quality.gold):
        yield _result(gold.file, {"type": "f1", "name": "F1 of phrases, int8", "value": gold.int8_f1})
    if quantization:
        quality = quantization.quality
        yield _result(
            quality.text,
            _agreement("words with the same tag in int8 as in float32", quality.tag_agreement),
            _agreement("entity words with the same tag in int8 as in float32", quality.entity_tag_agreement),
        )
    yield _result(
        f"{verification.sequences} sequences of albert-ner export",
        _agreement(
            f"pieces with the same tag in the float32 graph as in {verification.reference}",
            verification.float_tag_agreement,
        ),
    )


def _result(dataset: str, *metrics: dict[str, Any]) -> dict[str, Any]:
    return {"task": dict(_TASK), "dataset": {"type": _identifier(dataset), "name": dataset}, "metrics": list(metrics)}


def _agreement(what: str, share: float) -> dict[str, Any]:
    return {"type": "tag_agreement", "name": f"Share of {what}", "value": share}


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "unnamed"


# --- Text -------------------------------------------------------------------------------------------------------------


def _body(manifest: Manifest, repository: str, labels: Sequence[str]) -> str:
    rows = "\n".join(f"| {name} | {_cell(value)} |" for name, value in _rows(manifest, labels))
    return f"""
# {repository.partition("/")[2]}

An ALBERT that finds named entities ({", ".join(map(_cell, labels))}), for
[albert-ner-onnx](https://github.com/albert-ner-onnx/albert-ner-onnx): ONNX Runtime on the CPU, without PyTorch.

## Use

```sh
pip install 'albert-ner-onnx[hub]'
albert-ner --model {repository} "Your text."
```

```python
import albert_ner_onnx

recognizer = albert_ner_onnx.load("{repository}")
for entity in recognizer.recognize("Your text."):
    print(entity.label, entity.text, entity.start, entity.end, entity.score)
```

## What it is

| | |
|---|---|
{rows}

`manifest.json` has all of this for programs. The figures were measured when the model was exported.
"""


def _rows(manifest: Manifest, labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    verification, quantization = manifest.verification, manifest.quantization
    yield "made from", manifest.name
    yield "licence of the weights", manifest.license or "not stated"
    yield "language", manifest.language or "not stated"
    yield "labels", ", ".join(labels)
    yield "scheme of its tags", manifest.scheme
    yield "case", "ignored" if manifest.lower_case else "matters"
    yield "read at once", f"{manifest.max_pieces} pieces; longer texts are read in windows of whole sentences"
    yield "precision", manifest.precision
    yield (
        "float32 graph",
        f"{verification.float_tag_agreement:.2%} of tags as in {verification.reference}, on "
        f"{verification.pieces:,} pieces; logits differ by at most {verification.float_max_logit_difference:.1e}",
    )
    if quantization:
        quality = quantization.quality
        yield (
            "int8",
            f"{quality.tag_agreement:.2%} of tags as in float32, {quality.entity_tag_agreement:.2%} in entities, on "
            f"{quality.words:,} words of {quality.text}",
        )
        if gold := quality.gold:
            yield (
                f"F1 of phrases on {_cell(gold.file)} ({gold.words:,} words)",
                f"int8 {gold.int8_f1:.2%}, float32 {gold.float32_f1:.2%}",
            )


def _cell(text: str) -> str:
    """Escapes what would end a cell of a table, or be markup."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))
