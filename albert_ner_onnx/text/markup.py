"""HTML -> the text that a browser shows.

The scanner is our own. The standard library's takes quadratic time on hostile pages in many versions of Python, and
reads a page differently from version to version.
"""

from __future__ import annotations

import re
from typing import Final

from albert_ner_onnx.text.characters import RAISED_DIGITS
from albert_ner_onnx.text.edits import Edits
from albert_ner_onnx.text.references import REFERENCE, meaning_of

_BLANK_LINE: Final = "\n\n"
_INLINE: Final = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q s samp small span strike strong "
    "sub sup time tt u var wbr".split()
)
_BLOCKS: Final = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup "
    "option p plaintext pre search section select summary table tbody textarea tfoot thead title tr ul xmp".split()
)
_CELLS: Final = frozenset({"td", "th"})
_PREFORMATTED: Final = frozenset({"pre", "textarea", "listing", "xmp"})
_UNREAD: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}

_SPACES: Final = " \t\n\f\r"  # what HTML collapses; a no-break space stays
# A single space needs a look only where white space may precede it in the result: after a tag or a reference.
_TOKEN: Final = re.compile(rf"[<&]|\]\]>|(?:  |[\t\n\f\r]| [\t\n\f\r]|(?<![^>;]) )[{_SPACES}]*+")
_DIGIT: Final = re.compile(rf"[0-9]|{_TOKEN.pattern}")
# A name that goes on with `@` or `:/` is an address in angle brackets.
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w.-]*+(?::[A-Za-z][\w.-]*+)?)(?=[\s/>])")
_DECLARATION: Final = re.compile(r"<(?:![A-Za-z\[]|\?)[^<>]*+>")
_UNQUOTED: Final = re.compile(r"""(?:[^<>=]++|=(?!\s*+["']))*+""")
_QUOTE: Final = re.compile(r"""=\s*+(["'])""")
_TAG_END: Final = re.compile(r"[^<>]*+>")
_ABOVE: Final = dict(zip("0123456789", RAISED_DIGITS, strict=True))


def read_html(text: str) -> Edits:
    """Reads HTML as a browser shows it.

    - Tags, comments, declarations, processing instructions, scripts and styles are left out. Inline tags leave nothing
      behind (`<b>Jo</b>hn`), `<br>` a line break, cells a tab, blocks a blank line, and all others a space.
    - White space is one space, except in `<pre>`. So a line break of the source means nothing.
    - Digits in `<sup>` are read as superscripts, so that a footnote's number stays apart from the name below it.
    - What a broken page leaves open is text, so that nothing gets lost: a tag that never ends, the inside of a comment
      or script that never ends, and `a < b` and `<3` anyway.
    """
    return _HtmlReader(text).read()


class _HtmlReader:
    """Reads one text, from left to right. `read_html` says how."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._edits = Edits(text)
        self._preformatted = 0  # depth
        self._above = 0  # depth of <sup>
        self._in_cdata = False
        self._missing: dict[str, int] = {}  # from where on a string is missing: looking again would take quadratic time
        self._hopeless: set[int] = set()  # places within tags from which no end of the tag is reached

    def read(self) -> Edits:
        """Reads the whole text."""
        text, position = self._text, 0
        while match := (_DIGIT if self._above else _TOKEN).search(text, position):
            start, first = match.start(), match.group()[0]
            if first == "<":
                position = self._read_markup(start)
            elif first == "&":
                position = self._read_reference(start)
            elif first == "]":
                position = match.end()
                if self._in_cdata:
                    self._in_cdata = False
                    self._edits.replace(start, position, "")
            else:
                position = match.end()
                if first in _ABOVE:
                    self._edits.replace(start, position, _ABOVE[first])
                else:
                    self._read_spaces(start, position)
        return self._edits

    def _read_spaces(self, start: int, end: int) -> None:
        if self._preformatted:
            return
        space = "" if self._edits.last(start)[-1] in _SPACES else " "
        if self._text[start:end] != space:
            self._edits.replace(start, end, space)

    def _read_reference(self, start: int) -> int:
        match = REFERENCE.match(self._text, start)
        meaning = meaning_of(match.group()) if match else None
        if match is None or meaning is None:
            return start + 1
        if meaning in tuple(_SPACES) and not self._preformatted:
            self._read_spaces(start, match.end())
        else:
            self._edits.replace(start, match.end(), meaning)
        return match.end()

    # Each of these returns where to go on. `start` is the place of a `<`.

    def _read_markup(self, start: int) -> int:
        text = self._text
        if text.startswith("<!--", start):
            return self._skip_comment(start)
        if text.startswith("<![CDATA[", start):
            self._in_cdata = True
            return self._skip(start, start + 9)
        tag = _TAG.match(text, start)
        if tag is None:
            declaration = _DECLARATION.match(text, start)
            return self._skip(start, declaration.end()) if declaration else start + 1
        end = self._find_tag_end(tag.end())
        return start + 1 if end < 0 else self._read_tag(start, end, tag[2].lower(), closes=tag[1] == "/")

    def _skip(self, start: int, end: int) -> int:
        self._edits.replace(start, end, "")
        return end

    def _skip_comment(self, start: int) -> int:
        end = self._find("-->", start + 2)  # `<!-->` is empty
        return start + 4 if end < 0 else self._skip(start, end + 3)

    def _find(self, what: str, start: int) -> int:
        if start >= self._missing.get(what, len(self._text)):
            return -1
        found = self._text.find(what, start)
        if found < 0:
            self._missing[what] = start
        return found

    def _find_tag_end(self, position: int) -> int:
        """Finds the end of a tag, from the end of its name on. Returns -1 if a `<` or the end of the text comes first.

        A quoted value may hold anything. A quotation mark that is never closed, or closed by one that belongs to the
        next tag, is an ordinary character.
        """
        begin, text = position, self._text
        passed = []
        while position not in self._hopeless:
            position = _UNQUOTED.match(text, position).end()  # type: ignore[union-attr]  # it can be empty
            if text.startswith(">", position):
                return position + 1
            passed.append(position)
            quote = _QUOTE.match(text, position)
            close = self._find(quote[1], quote.end()) if quote else -1
            if close < 0 or text[close + 1 : close + 2] not in ("", "/", ">", *_SPACES):
                break
            position = close + 1
            passed.append(position)
        self._hopeless.update(passed)
        end = _TAG_END.match(text, begin)
        return end.end() if end else -1

    def _read_tag(self, start: int, end: int, name: str, *, closes: bool) -> int:
        if (
            name in _UNREAD
            and not closes
            and self._text[end - 2] != "/"
            and (close := self._find_close(name, end)) >= 0
        ):
            return self._skip(start, close)
        if name in _PREFORMATTED:
            self._preformatted = max(0, self._preformatted - 1) if closes else self._preformatted + 1
        if name == "sup":
            self._above = max(0, self._above - 1) if closes else self._above + 1
        last = self._edits.last(start)
        if name in _INLINE or (name in _UNREAD and closes):
            mark = ""
        elif name == "br":
            mark = "\n"
        elif name in _CELLS:
            mark = "" if last == "\t" else "\t"
        elif name in _BLOCKS:
            mark = "" if last == _BLANK_LINE else _BLANK_LINE
        else:
            mark = "" if last[-1] in _SPACES else " "
        self._edits.replace(start, end, mark)
        return end

    def _find_close(self, name: str, start: int) -> int:
        """Finds the tag that closes a script or style; -1 if there is none."""
        if name in self._missing:
            return -1
        found = _UNREAD[name].search(self._text, start)
        if found is None:
            self._missing[name] = start
            return -1
        return found.start()
