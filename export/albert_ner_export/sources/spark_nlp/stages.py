"""The stages of a saved Spark NLP pipeline: their parameters, and what of them an export loses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from albert_ner_export.sources.files import Files
from albert_ner_export.sources.spark_nlp.java_serialization import read_objects
from albert_ner_onnx.errors import ExportError

_NLP = "com.johnsnowlabs.nlp."
CLASSIFIER = f"{_NLP}annotators.classifier.dl.AlbertForTokenClassification"
CONVERTER = f"{_NLP}annotators.ner.NerConverter"
_ASSEMBLER = f"{_NLP}DocumentAssembler"
_TOKENIZER = f"{_NLP}annotators.TokenizerModel"
_PIPELINE = "org.apache.spark.ml.PipelineModel"

# Parameters that change no answer, and those that the export reads
_COLUMNS = {"inputCol", "inputCols", "outputCol", "lazyAnnotator"}
_READ = {
    CLASSIFIER: {"caseSensitive", "maxSentenceLength", "engine", "batchSize", "configProtoBytes"},
    CONVERTER: {"whiteList", "nerHasNoSchema", "preservePosition"},
}
# The values that the other parameters must have; one that isn't listed must not be set
_EXPECTED: dict[str, dict[str, Any]] = {
    CLASSIFIER: {},
    CONVERTER: {},
    _ASSEMBLER: {"cleanupMode": "disabled"},
    _TOKENIZER: {"minLength": 0, "maxLength": 99999, "targetPattern": r"\S+", "caseSensitiveExceptions": True},
}
_CONTEXT = r"""\Q.,;:!?*-()"'\E"""
_RULE = rf"\A([{_CONTEXT}]*)([^{_CONTEXT}](?:.*[^{_CONTEXT}])*)([{_CONTEXT}]*)\z"
"""The only rule of a Tokenizer whose patterns haven't been changed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A saved stage.

    Attributes:
        folder: Its folder in the archive, ending in `/`; empty for the archive itself.
        kind: Its Java class.
        uid: Its name in the pipeline.
        parameters: The parameters that were set, and the defaults of the others.
    """

    folder: str
    kind: str
    uid: str
    parameters: Mapping[str, Any]


def find_root(names: list[str]) -> str | None:
    """Finds a saved model among the names of an archive's files: at the top, or in its only folder.

    Returns:
        The folder, as in `Stage`; `None` if there is no saved model.
    """
    roots = {match[1] for name in names if (match := re.fullmatch(r"([^/]+/)?metadata/part-\d+", name))}
    if None in roots:
        return ""
    return roots.pop() if len(roots) == 1 else None


def read_stages(archive: Files) -> list[Stage]:
    """Reads the stages of a saved pipeline in order, or the one stage that was saved alone.

    Raises:
        ExportError: The archive holds no saved model, a stage is missing, or metadata can't be read.
    """
    names = archive.names()
    root = find_root(names)
    if root is None:
        raise ExportError(
            f"{archive.path}: no metadata/part-00000 in it; expected what Spark NLP's save() writes, or a zip of it"
        )
    whole = _read_stage(archive, root)
    if whole.kind != _PIPELINE:
        return [whole]
    pattern = re.compile(rf"({re.escape(root)}stages/\d+_([^/]+)/)metadata/part-\d+")
    folders = {match[2]: match[1] for name in names if (match := pattern.fullmatch(name))}
    uids = whole.parameters.get("stageUids")
    if not isinstance(uids, list) or not all(isinstance(uid, str) for uid in uids):
        raise ExportError(
            f"{archive.locate(f'{root}metadata')}: a pipeline must have stageUids, found {str(uids)[:100]!r}; save or "
            "copy it again"
        )
    if missing := [uid for uid in uids if uid not in folders]:
        raise ExportError(
            f"{archive.locate(f'{root}stages')}: stage {missing[0]} is missing; save or copy the pipeline again"
        )
    return [_read_stage(archive, folders[uid]) for uid in uids]


def read_parts(archive: Files, folder: str) -> list[tuple[PurePath, bytes]]:
    """Reads the parts that Spark wrote a data set in, in order: the path and content of each."""
    pattern = re.compile(rf"{re.escape(folder)}/part-\d+")
    return [(archive.locate(name), archive.read(name)) for name in archive.names() if pattern.fullmatch(name)]


def describe_losses(archive: Files, stages: list[Stage]) -> Iterator[str]:
    """Yields a line for each thing about a pipeline that an export loses."""
    for index, stage in enumerate(stages):
        if stage.kind not in _EXPECTED or any(stage.kind == other.kind for other in stages[:index]):
            yield f"{archive.path}: the stage {stage.uid} ({stage.kind}) isn't supported, and isn't exported"
            continue
        expected, ignored = _EXPECTED[stage.kind], _COLUMNS | _READ.get(stage.kind, set())
        for name, value in sorted(stage.parameters.items()):
            if name not in ignored and value != expected.get(name, []):  # []: a list of exceptions that is empty
                shown = json.dumps(value, ensure_ascii=False)[:200]
                yield f"{archive.path}: {stage.uid} has {name} = {shown}, which isn't the default and isn't exported"
        if stage.kind == _TOKENIZER and (rules := _read_rules(archive, stage)) != [_RULE]:
            shown = json.dumps(rules)[:200]
            yield f"{archive.path}: {stage.uid} has the rules {shown}, which aren't the default and aren't exported"


def _read_stage(archive: Files, folder: str) -> Stage:
    text = b"".join(data for _, data in read_parts(archive, f"{folder}metadata"))
    try:
        data = json.loads(text)
        kind, uid, own, defaults = data["class"], data["uid"], data["paramMap"], data.get("defaultParamMap", {})
        if not all(isinstance(value, str) for value in (kind, uid)):
            raise TypeError("class and uid must be strings")
        parameters = {**defaults, **own}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{archive.locate(f'{folder}metadata')}: must be a JSON object with class, uid and paramMap "
            f"({type(error).__name__}: {error}); save or copy the model again"
        ) from None
    return Stage(folder, kind, uid, parameters)


def _read_rules(archive: Files, stage: Stage) -> list[str]:
    """Reads the patterns in a Tokenizer's serialized RuleFactory."""
    parts = read_parts(archive, f"{stage.folder}fields/rules")
    factories = [item for path, data in parts for item in read_objects(data, path)]
    try:
        rules = [rule for factory in factories for rule in factory.rules.annotations if hasattr(rule, "regex")]
        return [str(rule.regex.pattern.pattern) for rule in rules]
    except AttributeError:
        return ["unreadable"]
