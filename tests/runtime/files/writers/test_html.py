"""All texts on one page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.writers import WriterOptions, open_writer
from albert_ner_onnx.files.writers.writer import Answer, Counts
from written import LABELS, chunk_of, document, documents, record, write

JOHN = document("John is in Berlin.", ("John", "PER"), ("Berlin", "LOC"))
HOSTILE = "</script></style><b onclick=\"a\">'x' & <img src=x> &lt; \x1b[31m \u202etxet\u202c \ud800 \x00"


class Page(HTMLParser):
    """What a parser that isn't ours finds on a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []  # of each paragraph of an article, without the labels
        self.marked: list[list[str]] = []  # the entities of each
        self._open: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self._open.append(tag)
        if tag == "p" and "article" in self._open:
            self.texts.append("")
            self.marked.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "article" in self._open and "p" in self._open and self._open[-1] != "b":
            self.texts[-1] += data
            if "span" in self._open:
                self.marked[-1].append(data)

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for each, attributes in self.elements if each == tag and name in attributes]


def page(path: Path, chunk: Chunk, answers: list[Answer], shape: InputShape | None = None) -> tuple[Page, str]:
    write("html", [(chunk, answers)], path / "out.html", shape or InputShape("text"))
    content = (path / "out.html").read_text("utf-8")
    return Page(content), content


def test_texts_with_their_entities_labels_and_scores(tmp_path: Path) -> None:
    found, _ = page(tmp_path, chunk_of([JOHN, document("No.")]), [JOHN, document("No.")])
    assert found.texts == [JOHN.text, "No."]
    assert found.marked == [["John", "Berlin"], []]
    assert found.attributes("mark", "title") == ["PER 0.562", "LOC 0.594"]
    assert found.attributes("b", "data-score") == ["0.562", "0.594"]
    assert found.attributes("article", "id") == ["in.txt:1", "in.txt:2"]
    assert found.attributes("a", "href") == ["#in.txt:1", "#in.txt:2"]
    assert found.attributes("article", "class") == ["h0 h3"]


def test_the_page_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    found, content = page(tmp_path, chunk_of([JOHN]), [JOHN])
    (policy,) = [each for each in found.attributes("meta", "content") if each and "default-src" in each]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not {tag for tag, _ in found.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert "url(" not in content
    assert "@import" not in content
    assert "http" not in content.replace("http-equiv", "")


def test_nothing_in_a_text_is_markup(tmp_path: Path) -> None:
    words = document(HOSTILE, ("onclick", "PER"), ("&lt;", "LOC"))
    source = '"><script>alert(1)</script>&amp;\udc80.txt'
    chunk = Chunk([record(HOSTILE, source=source), record(InputError(HOSTILE), line=2, source=source)])
    found, content = page(tmp_path, chunk, [words, None])
    shown = HOSTILE.replace("\x1b", "U+001B").replace("\u202e", "U+202E").replace("\u202c", "U+202C")
    shown = shown.replace("\x00", "U+0000").replace("\ud800", "\ufffd")
    assert found.texts == [shown, shown]
    assert found.marked[0] == ["onclick", "&lt;"]
    assert not {tag for tag, _ in found.elements} & {"script", "img"}
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", content)


@settings(max_examples=60, deadline=None)
@given(st.lists(documents(st.text(st.characters(), max_size=5)), min_size=1, max_size=3))
def test_any_text_is_shown_as_it_is(found: list[Document]) -> None:
    writer = open_writer("html", WriterOptions(), InputShape("text"), LABELS)
    output = writer.chunk(chunk_of(found), found).output.decode()
    for text, each in zip(Page(output).texts, found, strict=True):
        if each.text:
            lines = each.text.replace("\r\n", "\n").replace("\r", "\n")
            assert [ord(char) for char in text if char not in "U+0123456789ABCDEF"] == [
                0xFFFD if 0xD800 <= ord(char) <= 0xDFFF else ord(char)
                for char in lines
                if char not in "U+0123456789ABCDEF" and (char in "\n\t" or not is_hidden(char))
            ]


def is_hidden(char: str) -> bool:
    code = ord(char)
    return code < 32 or 0x7F <= code <= 0x9F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


def test_errors_and_missing_texts_are_shown(tmp_path: Path) -> None:
    chunk = Chunk(
        [record(InputError("in.txt:1: bad")), record("lost", line=2), record(None, line=3), record("", line=4)]
    )
    found, _ = page(tmp_path, chunk, [None, InferenceError("no answer"), None, document("")])
    assert found.texts == ["in.txt:1: bad", "no answer", "no text", "empty"]
    assert found.attributes("article", "class") == ["bad", "bad"]


def test_each_file_has_a_heading_and_each_document_its_place(tmp_path: Path) -> None:
    places = [("a.txt", 1), ("a.txt", 7), ("b c.txt", 1)]
    chunk = Chunk([record(JOHN.text, line=line, source=source) for source, line in places])
    found, content = page(tmp_path, chunk, [JOHN] * 3)
    assert re.findall("<h2>(.*)</h2>", content) == ["a.txt", "b c.txt"]
    assert found.attributes("a", "title") == ["a.txt:1", "a.txt:7", "b c.txt:1"]
    assert found.attributes("article", "id") == ["a.txt:1", "a.txt:7", "b%20c.txt:1"]


def test_the_legend_has_the_counts_and_only_labels_that_were_found() -> None:
    writer = open_writer("html", WriterOptions(), InputShape("text"), LABELS)
    counts = Counts(documents=1200, words=1, entities={"PER": 1500, "ORG": 1}, errors=0)
    foot = writer.foot(counts).decode().replace("\N{NO-BREAK SPACE}", " ")
    assert '"1,200 documents · 1 word · 1,501 entities"' in foot
    assert '#count-3::after { content: "1,500"; }' in foot
    assert "#of-0 { display: none; }" in foot
    assert "#of-3 {" not in foot
    assert "#of-bad { display: none; }" in foot
    assert "#of-bad" not in writer.foot(Counts(errors=1)).decode()


@pytest.mark.parametrize("label", ['</style>"x', "a b", "}", "ü"])
def test_any_label_has_a_colour_and_a_filter(label: str) -> None:
    writer = open_writer("html", WriterOptions(), InputShape("text"), (label,))
    whole = (writer.head() + writer.foot(Counts(entities={label: 1}))).decode()
    found = Page(whole)
    assert next(each for tag, each in found.elements if tag == "input")["id"] == "label-0"
    assert whole.count("</style>") == 2
