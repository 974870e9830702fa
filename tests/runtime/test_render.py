"""How a text and its entities are shown: on a terminal and in HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.render import SHOWN_CHARACTERS, printable, to_html, to_table

LABELS = ["PER", "ORG", "LOC", "MISC", "GENE", "DRUG"]
texts = st.text(st.characters() | st.sampled_from("aB.<&\"'’-\u0301\u200d😀 \n\0\ud800"), max_size=40)


def test_to_table_aligns_a_row_an_entity() -> None:
    text = "John likes Berlin, says Xy."
    entities = [
        Entity("John", "PER", 0, 4, 0.99774, 0.99774),
        Entity("Berlin", "LOC", 11, 17, 1.0, 1.0),
        Entity("Xy", "X", 24, 26, 0.5, 0.5),
    ]
    assert to_table(text, entities) == (
        "John likes Berlin, says Xy.\n"
        "  John    PER  0.998\n"
        "  Berlin  LOC  1.000\n"
        "  Xy      X    0.500"
    )  # fmt: skip
    assert to_table("Nothing.", []) == "Nothing.\n  no entities"


def test_to_table_colours_labels_apart() -> None:
    entities = [Entity("x", label, 0, 1, 1.0, 1.0) for label in LABELS]
    rows = to_table("x", entities, colour=True).splitlines()[1:]
    colours = [re.search("\x1b\\[\\d+m", row) for row in rows]
    found = [colour[0] for colour in colours if colour]
    assert len(found) == len(LABELS)
    assert len(set(found)) == 5  # the others share one
    assert all(row.count("\x1b[0m") == 1 for row in rows)
    assert "\x1b[2mno entities\x1b[0m" in to_table("x", [], colour=True)
    plain = [re.sub("\x1b\\[\\d+m", "", row) for row in rows]
    assert plain == to_table("x", entities).splitlines()[1:]


@given(st.text(st.characters()), st.text(st.characters(), min_size=1))
def test_no_text_drives_the_terminal(text: str, label: str) -> None:
    table = to_table(text, [Entity(text, label, 0, len(text), 1.0, 1.0)])
    assert len(table.split("\n")) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", table)
    table.encode("utf-8")


def test_printable_escapes_as_python_does() -> None:
    assert printable("a\x1b[31m\t\x9b\u202e\ud800é😀") == "a\\x1b[31m\\t\\x9b\\u202e\\ud800é😀"


class Page(HTMLParser):
    """Reads what a browser would show: all text, that of entities alone, and labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.shown: dict[str, list[str]] = {"text": [], "span": [], "b": []}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag in ("span", "b"):
            self.shown[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("span", "b"):
            self.shown[self.open[-1]][-1] += data
        if self.open[-1] != "b":
            self.shown["text"].append(data)


@given(texts, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9), st.text(min_size=1, max_size=5)), max_size=4))
def test_html_shows_the_text_and_each_label(text: str, entities: list[tuple[int, int, str]]) -> None:
    found, end = [], 0
    for gap, length, label in entities:
        start, end = end + gap, end + gap + length
        if end <= len(text):
            found.append(Entity(text[start:end], label, start, end, 0.5, 0.5))
    page = Page(to_html(text, found))
    readable = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert "".join(page.shown["text"]) == readable
    assert page.shown["span"] == [readable[entity.start : entity.end] for entity in found]
    assert page.shown["b"] == [re.sub("[\ud800-\udfff]", "\ufffd", entity.label) for entity in found]


def test_html_of_a_book_is_cut_before_an_entity() -> None:
    start = SHOWN_CHARACTERS - 2
    text = "x" * start + "Berlin" + "y" * 1000
    page = Page(to_html(text, [Entity("Berlin", "LOC", start, start + 6, 0.5, 0.5)]))
    assert page.shown["b"] == []
    assert "".join(page.shown["text"]) == "x" * start + "\n… and 1,006 more characters"
    whole = text[:SHOWN_CHARACTERS]
    assert "".join(Page(to_html(whole, [])).shown["text"]) == whole


def test_html_suits_light_and_dark_pages() -> None:
    """It sets no colour of the text, and its backgrounds are transparent."""
    html = to_html("in Rome and Bern", [Entity("Rome", "LOC", 3, 7, 1.0, 1.0), Entity("Bern", "X", 12, 16, 1.0, 1.0)])
    assert set(re.findall(r"[; \"]color: ([^;]*)", html)) == {"inherit"}
    assert set(re.findall(r"background: hsl\(\d+ 80% 50% / ([^)]*)\)", html)) == {".2"}
    assert html.count("background") == 2


def test_known_labels_have_the_palettes_hues_and_others_their_own() -> None:
    hues = [
        re.findall(r"background: hsl\((\d+)", to_html("x", [Entity("x", label, 0, 1, 1.0, 1.0)]))[0] for label in LABELS
    ]
    assert hues[:4] == ["185", "40", "130", "285"]
    assert hues[4] != hues[5]


def test_a_label_with_a_lone_surrogate_is_shown() -> None:
    page = Page(to_html("x", [Entity("x", "\ud800", 0, 1, 1.0, 1.0)]))
    assert page.shown["b"] == ["\ufffd"]
