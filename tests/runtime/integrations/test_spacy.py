"""The component `albert_ner` in spaCy's own pipelines."""

from __future__ import annotations

import pytest

spacy = pytest.importorskip("spacy")


def test_entities_of_a_document() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner")
    doc = nlp("Kofi Annan flew to Geneva.")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Kofi Annan", "PER"), ("Geneva", "LOC")]
    assert all(0.5 < ent._.score <= 1 for ent in doc.ents)
