"""A text and its entities for people to read: as a table on a terminal, as HTML in a notebook or on a page."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

from albert_ner_onnx.entities import Entity

SHOWN_CHARACTERS = 20_000  # in HTML: a whole book would slow a notebook down
_WIDEST_COLUMN = 40  # a longer entity pushes only its own label to the right


class _Colour(NamedTuple):
    """The colour of a label: `ansi`, its number as a terminal's foreground; `hue`, its hue in HTML, in degrees."""

    ansi: int
    hue: int


_PALETTE: Mapping[str, _Colour] = {
    "PER": _Colour(ansi=36, hue=185),  # cyan
    "ORG": _Colour(ansi=33, hue=40),  # yellow
    "LOC": _Colour(ansi=32, hue=130),  # green
    "MISC": _Colour(ansi=35, hue=285),  # magenta
}
_OTHER_ANSI = 34  # blue
_DIM, _RESET = "\x1b[2m", "\x1b[0m"

# The text keeps the page's colour and the shades are transparent: this suits light pages and dark ones.
_TEXT_STYLE = "white-space: pre-wrap; overflow-wrap: anywhere; line-height: 2; max-width: 60em"
_ENTITY_STYLE = (
    "color: inherit; background: hsl({hue} 80% 50% / .2); border-bottom: 2px solid hsl({hue} 70% 45%); "
    "border-radius: .25em .25em 0 0; padding: .15em .3em; "
    "-webkit-box-decoration-break: clone; box-decoration-break: clone"  # for entities that span two lines
)
_LABEL_STYLE = "font-size: .7em; font-weight: bold; letter-spacing: .04em; margin-left: .5em; user-select: none"

_SURROGATES = "\ud800-\udfff"  # UTF-8 can't encode them
# Control characters, the two separators at which some terminals break lines, and overrides of the writing direction.
_UNPRINTABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069{_SURROGATES}]")
_UNENCODABLE = re.compile(f"[{_SURROGATES}]")


def to_table(text: str, entities: Sequence[Entity], *, colour: bool = False) -> str:
    """Formats a text for a terminal, with its entities below it, one per row.

    Args:
        text: The text.
        entities: Its entities.
        colour: Whether to colour labels with ANSI escape sequences.
    """
    lines = [printable(text)]
    rows = [(printable(entity.text), printable(entity.label), entity.score) for entity in entities]
    text_width = min(_WIDEST_COLUMN, max((len(row[0]) for row in rows), default=0))
    label_width = max((len(row[1]) for row in rows), default=0)
    for found, label, score in rows:
        start, end = (_ansi(label), _RESET) if colour else ("", "")
        lines.append(f"  {start}{found:<{text_width}}  {label:<{label_width}}{end}  {score:.3f}")
    if not rows:
        lines.append(f"  {_DIM}no entities{_RESET}" if colour else "  no entities")
    return "\n".join(lines)


def to_html(text: str, entities: Sequence[Entity]) -> str:
    """Formats a text as HTML in which entities are highlighted, labels are written out and scores are tooltips.

    At most `SHOWN_CHARACTERS` of the text are shown, and no entity in part; a note gives the number of the others.

    Args:
        text: The text.
        entities: Its entities, in order.
    """
    parts = []
    end = 0
    shown = text[:SHOWN_CHARACTERS]
    for entity in entities:
        if entity.end > len(shown):
            shown = shown[: entity.start]
            break
        label = f'<b style="{_LABEL_STYLE}">{_escape(entity.label)}</b>'
        parts.append(
            f'{_escape(shown[end : entity.start])}<mark dir="auto" title="{_escape(entity.label)} {entity.score:.3f}" '
            f'style="{_ENTITY_STYLE.format(hue=hue(entity.label))}"><span>{_escape(entity.text)}</span>{label}</mark>'
        )
        end = entity.end
    parts.append(_escape(shown[end:]))
    if left_out := len(text) - len(shown):
        parts.append(f"\n<i>… and {left_out:,} more characters</i>")
    return f'<div dir="auto" style="{_TEXT_STYLE}">{"".join(parts)}</div>'


def printable(text: str) -> str:
    """Escapes what could control a terminal, such as control characters, as Python's string literals do."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _ansi(label: str) -> str:
    return f"\x1b[{_PALETTE[label].ansi if label in _PALETTE else _OTHER_ANSI}m"


def hue(label: str) -> int:
    """The hue of a label, in degrees. A label that isn't in the palette always gets the same one."""
    return _PALETTE[label].hue if label in _PALETTE else crc32(label.encode("utf-8", "surrogatepass")) % 360


def _escape(text: str) -> str:
    """Escapes a text for HTML; a lone surrogate becomes U+FFFD, the replacement character."""
    return html.escape(_UNENCODABLE.sub("\ufffd", text))
