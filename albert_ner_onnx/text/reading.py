"""Text -> what a reader sees: references and tags read as a browser shows them, and no invisible characters.

People paste text out of web pages, mail and PDF files. `John&nbsp;Smith` looks like two words there, and a word with a
soft hyphen like one, so that is how they are split. A `Reading` holds the text to split, and leads its words back to
the original: `original[word.start:word.end] == word.text` holds, and a word that covers a reference, a tag or an
invisible character covers all of it.

1. Character references that end with `;` become their characters (`references.py`). If the text is HTML, its tags are
   read as a browser shows them (`markup.py`).
2. Characters that nobody sees are left out, except where they carry meaning (`invisible.py`).
3. The marks of quoted lines are left out, unless the text is HTML (`quotes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.edits import Edits
from albert_ner_onnx.text.invisible import INVISIBLE, leave_out_invisible
from albert_ner_onnx.text.quotes import has_quotes, read_quotes
from albert_ner_onnx.text.references import read_references


class Reading:
    """A text as it is read.

    Attributes:
        text: What words are split from; the original itself if there is nothing to replace.
    """

    __slots__ = ("_edits", "text")

    def __init__(self, text: str, edits: Sequence[Edits] = ()) -> None:
        """Takes a text as it is read, and the replacements that made it out of the original, in order."""
        self.text = text
        self._edits = edits

    def locate(self, words: list[Word]) -> list[Word]:
        """Leads words back to the original text, in linear time.

        Args:
            words: Words of `text`.

        Returns:
            The same words with the text and the offsets that they have in the original; `words` itself if nothing was
            replaced. They keep their order and don't overlap.
        """
        for edits in reversed(self._edits):
            source = edits.source
            spans = [(edits.source_start(word.start), edits.source_end(word.end)) for word in words]
            words = [Word(source[start:end], start, end) for start, end in spans]
        return words


def read_text(text: str, markup: str | None = None) -> Reading:
    """Reads a text: its character references, its tags if it has markup, and none of its invisible characters.

    It takes linear time on any text, and next to none on ASCII text without `&`.

    Args:
        text: Any text, even with lone surrogates, NUL and control characters.
        markup: `"html"` to read tags as a browser does; `None` if `<` is an ordinary character.
    """
    done: list[Edits] = []
    read = text
    if markup is not None:
        from albert_ner_onnx.text.markup import read_html  # late, because few texts need it

        done.append(read_html(read))
        read = done[-1].result()
    elif "&" in read:
        done.append(read_references(read))
        read = done[-1].result()
    if not read.isascii() and INVISIBLE.search(read):
        done.append(leave_out_invisible(read))
        read = done[-1].result()
    if markup is None and has_quotes(read):
        done.append(read_quotes(read))
        read = done[-1].result()
    return Reading(read, [edits for edits in done if edits])
