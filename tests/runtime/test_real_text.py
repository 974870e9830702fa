"""What becomes of text before and after the model reads it, end to end: the path from text to entities holds together.

Each part has its own tests; `test_text_cases.py` has the table of cases.
"""

import pickle

import numpy as np
import pytest

from albert_ner_onnx import Document, EntityRecognizer, load
from toy_models import FP32

DEFAULT = load()


def found(recognizer: EntityRecognizer, text: str) -> list[tuple[str, str]]:
    return [(entity.text, entity.label) for entity in recognizer.recognize(text)]


def check(document: Document, text: str) -> None:
    assert document.text == text
    for word in document.words:
        assert text[word.start : word.end] == word.text
    for entity in document.entities:
        assert text[entity.start : entity.end] == entity.text


@pytest.mark.parametrize(
    "text",
    [
        "Angela\ufffdMerkel met him.",
        "Angela \u200e Merkel met him.",
        "Angela \x1b \ufffd\x00 Merkel met him.",
        "Angela\u00ad \u00adMer\u00adkel\u200b met him.",
        "Angela&nbsp;&shy;Merkel met him.",
    ],
)
def test_what_cannot_be_read_does_not_part_a_name(text: str) -> None:
    document = DEFAULT.analyze(text)
    check(document, text)
    (entity,) = document.entities
    assert entity.label == "PER"
    assert (entity.text[:6], entity.text[-3:]) == ("Angela", "kel")
    clean = DEFAULT.recognize("Angela Merkel met him.")[0]
    assert entity.score == pytest.approx(clean.score, abs=1e-6)
    confidence = [float(each["metadata"]["confidence"]) for each in document.as_spark_nlp()["chunk"]]
    assert confidence == pytest.approx([clean.tag_score], abs=1e-6)


@pytest.mark.parametrize("context", ["sentence", "document"])
def test_an_entity_ends_where_the_layout_does(context: str) -> None:
    by_line = load(context=context, newlines="border")
    for border in ("\n\n", "\f", "\u2029", "\t", "    "):
        text = f"He joined Goldman Sachs{border}Morgan Stanley fell."
        for recognizer in (load(context=context), by_line):
            document = recognizer.analyze(text)
            check(document, text)
            assert [entity.text for entity in document.entities] == ["Goldman Sachs", "Morgan Stanley"]
            assert [index for part in document.sentences for index in part] == list(range(len(document.words)))
    wrapped = "He joined Goldman\nSachs."
    assert [entity.text for entity in load(context=context).recognize(wrapped)] == ["Goldman\nSachs"]
    assert "Goldman\nSachs" not in [entity.text for entity in by_line.recognize(wrapped)]


def test_the_model_reads_across_a_border() -> None:
    """What stands on the other side is context, and the border a separator."""
    parted = DEFAULT.analyze("He joined Goldman Sachs\n\nMorgan Stanley fell.")
    separated = DEFAULT.analyze("He joined Goldman Sachs; Morgan Stanley fell.")
    np.testing.assert_array_equal(parted.scores, np.delete(separated.scores, 4, axis=0))
    once, twice = DEFAULT.analyze("Paris.\n\nRome fell."), DEFAULT.analyze("Paris. Rome fell.")
    np.testing.assert_array_equal(once.scores, twice.scores)  # a full stop says it already


def test_the_cells_of_a_table_do_not_run_together() -> None:
    names = ["Microsoft", "Kofi Annan", "Real Madrid", "Boris Yeltsin", "Goldman Sachs"]
    for border in ("\t", "\n\n", "     "):
        assert [text for text, _ in found(DEFAULT, border.join(names))] == names
    assert [text for text, _ in found(load(newlines="border"), "\n".join(names))] == names


def test_html_is_read_as_a_browser_shows_it() -> None:
    html = load(markup="html")
    text = "<p>Jo<b>hn</b>&nbsp;Smith</p><table><tr><td>Paris<td>Rome</table><script>Kofi Annan</script>"
    document = html.analyze(text)
    check(document, text)
    assert [entity.text for entity in document.entities] == ["Jo<b>hn</b>&nbsp;Smith", "Paris", "Rome"]
    assert pickle.loads(pickle.dumps(html)).analyze(text) == document


def test_an_elided_word_is_read_without_its_apostrophe() -> None:
    for apostrophe in "'\u2019":
        assert found(DEFAULT, f"He lives in {apostrophe}s-Hertogenbosch.") == [(f"{apostrophe}s-Hertogenbosch", "LOC")]
    read = DEFAULT._classifier.read_pieces
    assert read(["'s-Hertogenbosch"]).ids.tolist() == read(["s-Hertogenbosch"]).ids.tolist()
    assert read(["'s"]).ids.tolist() != read(["s"]).ids.tolist()


def test_the_words_of_tag_are_not_read_otherwise() -> None:
    """Those who bring their own words get the decoder's tags, also of a comma."""
    toy = load(FP32)
    words = [",", "John", "", ",", "Smith", ","]
    (tags,) = toy.tag([words])
    assert len(tags) == len(words)
    (without,) = toy.tag([[word for word in words if word]])
    assert tags[:2] + tags[3:] == without
