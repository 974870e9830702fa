"""The stages of a saved Spark NLP pipeline: their parameters, and which of these an export can't keep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from albert_ner_export.sources.archive import Archive
from albert_ner_export.sources.spark_nlp.java_serialization import read_objects
from albert_ner_onnx.errors import ExportError

_NLP = "com.johnsnowlabs.nlp."
CLASSIFIER = f"{_NLP}annotators.classifier.dl.AlbertForTokenClassification"
CONVERTER = f"{_NLP}annotators.ner.NerConverter"
_ASSEMBLER = f"{_NLP}DocumentAssembler"
_TOKENIZER = f"{_NLP}annotators.TokenizerModel"
_PIPELINE = "org.apache.spark.ml.PipelineModel"

# Parameters that change no answer, or that the export reads
_COLUMNS = {"inputCol", "inputCols", "outputCol", "lazyAnnotator"}
_READ = {
    CLASSIFIER: {"caseSensitive", "maxSentenceLength", "engine", "batchSize", "configProtoBytes"},
    CONVERTER: {"whiteList", "nerHasNoSchema", "preservePosition"},
}
# What each other parameter must be; one that isn't listed must not be set
_EXPECTED: dict[str, dict[str, Any]] = {
    CLASSIFIER: {},
    CONVERTER: {},
    _ASSEMBLER: {"cleanupMode": "disabled"},
    _TOKENIZER: {"minLength": 0, "maxLength": 99999, "targetPattern": r"\S+", "caseSensitiveExceptions": True},
}
_CONTEXT = r"""\Q.,;:!?*-()"'\E"""
_RULE = rf"\A([{_CONTEXT}]*)([^{_CONTEXT}](?:.*[^{_CONTEXT}])*)([{_CONTEXT}]*)\z"
"""The only rule of a Tokenizer whose patterns nobody has changed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A saved stage.

    Attributes:
        folder: Where it lies in the archive, with a `/` at the end, or empty.
        kind: Its Java class.
        uid: Its name in the pipeline.
        parameters: Those that were set, and the defaults of the others.
    """

    folder: str
    kind: str
    uid: str
    parameters: Mapping[str, Any]


def find_root(names: list[str]) -> str | None:
    """Where a saved model lies in an archive: at the top, or in its only folder; `None` if there is none."""
    roots = {match[1] for name in names if (match := re.fullmatch(r"([^/]+/)?metadata/part-\d+", name))}
    if "" in roots or None in roots:
        return ""
    return roots.pop() if len(roots) == 1 else None


def read_stages(archive: Archive, names: list[str], root: str) -> list[Stage]:
    """The stages of a saved pipeline in order, or the one stage that was saved alone.

    Raises:
        ExportError: Metadata that can't be read, or stages that are missing.
    """
    whole = _read_stage(archive, names, root)
    if whole.kind != _PIPELINE:
        return [whole]
    pattern = re.compile(rf"({re.escape(root)}stages/\d+_([^/]+)/)metadata/part-\d+")
    folders = {match[2]: match[1] for name in names if (match := pattern.fullmatch(name))}
    uids = whole.parameters.get("stageUids")
    if not isinstance(uids, list) or not all(isinstance(uid, str) for uid in uids):
        raise ExportError(f"{archive.path / root}metadata: a pipeline must have stageUids, found {str(uids)[:100]!r}")
    if missing := [uid for uid in uids if uid not in folders]:
        raise ExportError(f"{archive.path / root}stages: no stage {missing[0]}; save or copy the pipeline again")
    return [_read_stage(archive, names, folders[uid]) for uid in uids]


def _read_stage(archive: Archive, names: list[str], folder: str) -> Stage:
    path = archive.path / folder / "metadata"
    parts = [name for name in names if re.fullmatch(rf"{re.escape(folder)}metadata/part-\d+", name)]
    text = b"".join(map(archive.read, parts))
    try:
        data = json.loads(text)
        kind, uid, own, defaults = data["class"], data["uid"], data["paramMap"], data.get("defaultParamMap", {})
        if not all(isinstance(value, str) for value in (kind, uid)):
            raise TypeError("class and uid must be strings")
        parameters = {**defaults, **own}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{path}: no JSON object with class, uid and paramMap ({type(error).__name__}: {error}); save or copy the "
            "model again"
        ) from None
    return Stage(folder, kind, uid, parameters)


def oddities(archive: Archive, names: list[str], stages: list[Stage]) -> Iterator[str]:
    """What an export of the pipeline can't keep, a line for each."""
    for index, stage in enumerate(stages):
        if stage.kind not in _EXPECTED or any(stage.kind == other.kind for other in stages[:index]):
            yield f"{archive.path}: the stage {stage.uid} ({stage.kind}) has no counterpart here and isn't exported"
            continue
        expected, ignored = _EXPECTED[stage.kind], _COLUMNS | _READ.get(stage.kind, set())
        for name, value in sorted(stage.parameters.items()):
            if name not in ignored and value != expected.get(name, []):  # []: exceptions and the like, but none
                shown = json.dumps(value, ensure_ascii=False)[:200]
                yield f"{archive.path}: {stage.uid} has {name} = {shown}, which isn't the default and isn't exported"
        if stage.kind == _TOKENIZER and (rules := _read_rules(archive, names, stage)) != [_RULE]:
            shown = json.dumps(rules)[:200]
            yield f"{archive.path}: {stage.uid} has the rules {shown}, which aren't the default and aren't exported"


def _read_rules(archive: Archive, names: list[str], stage: Stage) -> list[str]:
    """The patterns in a Tokenizer's serialized RuleFactory."""
    parts = [name for name in names if re.fullmatch(rf"{re.escape(stage.folder)}fields/rules/part-\d+", name)]
    factories = [item for part in parts for item in read_objects(archive.read(part), archive.path / part)]
    try:
        rules = [rule for factory in factories for rule in factory.rules.annotations if hasattr(rule, "regex")]
        return [str(rule.regex.pattern.pattern) for rule in rules]
    except AttributeError:
        return ["unreadable"]
