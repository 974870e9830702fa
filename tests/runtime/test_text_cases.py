"""The default model on texts as people have them. `text_cases.py` is the table."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest

from albert_ner_onnx import Document, load
from text_cases import KINDS

_ENTITY = re.compile(r"\{([^{}]+?)\|(PER|LOC|ORG|MISC)\}")


class Case(NamedTuple):
    """A text, and its entities or words."""

    kind: int
    text: str
    entities: list[tuple[str, str]] | None = None
    words: list[str] | None = None


def cases() -> Iterator[Case]:
    for number, kind in enumerate(KINDS):
        for row in kind.entities:
            marked = [(match[1], match[2]) for match in _ENTITY.finditer(row)]
            yield Case(number, _ENTITY.sub(r"\1", row), entities=marked)
        for row in kind.words:
            yield Case(number, row.replace("|", ""), words=re.split(r"[|\s]+", row))


CASES = list(cases())


@cache
def documents(kind: int) -> Mapping[str, Document]:
    """What the model says about the texts of a kind, found in one batch."""
    texts = [case.text for case in CASES if case.kind == kind]
    options: Mapping[str, Any] = KINDS[kind].options
    return dict(zip(texts, load(**options).analyze_batch(texts), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{KINDS[case.kind].name}: {case.text[:40]!a}")
def test_text(case: Case) -> None:
    document = documents(case.kind)[case.text]
    if case.entities is not None:
        assert [(entity.text, entity.label) for entity in document.entities] == case.entities
    else:
        assert [word.text for word in document.words] == case.words


def test_table_is_large() -> None:
    assert len({(case.kind, case.text) for case in CASES}) == len(CASES) >= 250
