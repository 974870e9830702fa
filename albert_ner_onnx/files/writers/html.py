"""HTML: one page that needs nothing else, with all texts, their entities, and filters that need no script."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk, Record
from albert_ner_onnx.files.writers.writer import Answer, Counts, Writer, Written, settle, valid
from albert_ner_onnx.render import hue, printable

# The page can't load or run anything, even if something that isn't text came through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Named entities</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>Named entities</h1>
<p id="sum"></p>
<fieldset>
<legend>Labels</legend>
{labels}</fieldset>
<fieldset>
<legend>Documents</legend>
<label><input type="radio" name="show" id="all" checked>All documents</label>
<label><input type="radio" name="show" id="some">With these labels</label>
<label id="of-bad"><input type="radio" name="show" id="bad">Errors only</label>
<label><input type="checkbox" id="scores">Scores</label>
</fieldset>
</header>
<main>
"""
_LABEL = (
    '<label id="of-{index}"><input type="checkbox" id="label-{index}" checked>'
    '<mark class="l{index}">{label}</mark><small id="count-{index}"></small></label>\n'
)
_LABEL_STYLE = """\
.l{index} {{ --hue: {hue}; }}
:root:has(#label-{index}:not(:checked)) p .l{index} {{ background: none; border-color: transparent; padding: 0; }}
:root:has(#label-{index}:not(:checked)) p .l{index} b {{ display: none; }}
:root:has(#some:checked):has(#label-{index}:checked) article.h{index} {{ display: grid; }}
:root:has(#some:checked):has(#label-{index}:checked) section:has(.h{index}) {{ display: block; }}
"""
_FOOT = """\
</main>
<style>
{style}</style>
</body>
</html>
"""
# Control characters, and those that change the direction of what follows: text that isn't what it looks like
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class HtmlWriter(Writer):
    """Writes a page whose filters are style sheets alone, so that it works where scripts don't.

    The counts are known only at the end: the last style sheet fills them in.
    """

    labels: tuple[str, ...]
    numbered: bool

    def head(self) -> bytes:
        """Returns the page up to its first text: the style, the legend and the filters."""
        styles = [Path(__file__).with_name("page.css").read_text("utf-8")]
        styles += [_LABEL_STYLE.format(index=index, hue=hue(label)) for index, label in enumerate(self.labels)]
        labels = [_LABEL.format(index=index, label=_escape(label)) for index, label in enumerate(self.labels)]
        return _HEAD.format(policy=_POLICY, style="".join(styles), labels="".join(labels)).encode()

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns the texts of a chunk, under the names of their files."""
        parts = []
        settled = zip(chunk.records, settle(chunk, answers), strict=True)
        for source, records in groupby(settled, key=lambda each: each[0].source):
            parts.append(f"<section>\n<h2>{_escape(source)}</h2>\n")
            parts += [self._article(record, answer) for record, answer in records]
            parts.append("</section>\n")
        return Written("".join(parts).encode())

    def foot(self, counts: Counts) -> bytes:
        """Returns the end of the page: the counts of the legend."""
        found = sum(counts.entities.values())
        summary = [_number(counts.documents, "document"), _number(counts.words, "word")]
        summary += [f"{found:,}\N{NO-BREAK SPACE}{'entity' if found == 1 else 'entities'}"]
        summary += [_number(counts.errors, "error")] if counts.errors else []
        styles = [f'#sum::after {{ content: "{" · ".join(summary)}"; }}\n']
        for index, label in enumerate(self.labels):
            count = counts.entities.get(label, 0)
            styles.append(f'#count-{index}::after {{ content: "{count:,}"; }}\n' if count else _hide(f"of-{index}"))
        if not counts.errors:
            styles.append(_hide("of-bad"))
        return _FOOT.format(style="".join(styles)).encode()

    def _article(self, record: Record, answer: Answer) -> str:
        place = f"{record.source}:{record.line}"
        anchor = html.escape(quote(place, "/:", errors="surrogatepass"))
        number = record.line if self.numbered else "#"
        classes = ""
        match answer:
            case AlbertNerError():
                classes = ' class="bad"'
                content = f'<p class="error">{_escape(str(answer))}</p>'
            case Document():
                known = sorted({self._index(entity.label) for entity in answer.entities})
                classes = f' class="{" ".join(f"h{index}" for index in known)}"' if known else ""
                content = f'<p dir="auto">{self._mark(answer)}</p>' if answer.text else '<p class="none">empty</p>'
            case None:
                content = '<p class="none">no text</p>'
        link = f'<a href="#{anchor}" title="{_attribute(place)}">{number}</a>'
        return f'<article id="{anchor}"{classes}>{link}{content}</article>\n'

    def _mark(self, document: Document) -> str:
        parts = []
        end = 0
        for entity in document.entities:
            label = _escape(entity.label)
            parts.append(
                f"{_escape(document.text[end : entity.start])}"
                f'<mark dir="auto" class="l{self._index(entity.label)}" '
                f'title="{_attribute(entity.label)} {entity.score:.3f}">'
                f'<span>{_escape(entity.text)}</span><b data-score="{entity.score:.3f}">{label}</b></mark>'
            )
            end = entity.end
        return "".join([*parts, _escape(document.text[end:])])

    def _index(self, label: str) -> int:
        return self.labels.index(label)


def _escape(text: str) -> str:
    """Escapes a text for HTML. Characters that can't be seen are written out; line ends become line feeds."""
    lines = valid(text).replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda match: f"<i>U+{ord(match[0]):04X}</i>", html.escape(lines))


def _attribute(text: str) -> str:
    """Escapes a text for an attribute, where there can't be elements."""
    return html.escape(printable(text))


def _hide(name: str) -> str:
    return f"#{name} {{ display: none; }}\n"


def _number(count: int, unit: str) -> str:
    return f"{count:,}\N{NO-BREAK SPACE}{unit}{'' if count == 1 else 's'}"
