"""What holds for the entities of any text, on the default model."""

# ruff: noqa: RUF001 (characters that look like others are what this is about)

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx import Entity, load
from albert_ner_onnx.text.abbreviations import takes_stop
from albert_ner_onnx.text.invisible import INVISIBLE

DEFAULT = load()

NAMES = (
    "Angela Merkel, Bill, Clinton, Tony Blair, New York, London, Goldman Sachs, Morgan Stanley, U.S., U.N, Inc, Corp., "
    "Jr., St., Mr., Det., Ph.D., J., K. He, O'Neill, 's-Gravenhage, 't, AT&T, Yahoo!, Jean-Claude, Rome³, BBC, "
    "a@b.org, www.x.org, \uff22\uff29\uff2c\uff2c, Müller"
).split(", ")
WORDS = "the said in met and of president flew to 5 The He 's n't".split()
MARKS = (
    ". , ; : ! ? - -- – — ... … ( ) [ ] { } < > \" ' “ ” ‘ ’ „ « » ` `` * ** _ ~ | / @ # $ £ & + = ^ • † ¹ ² ™ "
    "\u2764\ufe0f \U0001f600 \U0001f1e9\U0001f1ea &amp; &nbsp; &quot; &lt;"
).split(" ")
UNREAD = ("\ufffd", "\x00", "\x1b")
INSERTED = (
    "\ufffd",
    "\u00ad",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u061c",
    "\u202a",
    "\u202c",
    "\u2066",
    "\ufeff",
)
LAYOUT = (
    "\n",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "\n \n",
    "\f",
    "\u2029",
    "\t",
    "   ",
    "  ",
    "\n> ",
    "\n>> ",
    "\n- ",
    "\n1. ",
)
FRAGMENTS = st.one_of(*map(st.sampled_from, (NAMES, WORDS, MARKS, (*UNREAD, *INSERTED, *LAYOUT), (" ",))))
TEXTS = st.lists(FRAGMENTS, min_size=3, max_size=25).map("".join)

PARTNERS = dict(zip("()[]{}<>", ")(][}{><", strict=True))
QUOTES = ('"“”„«»', "'‘’`")
ELIDED = re.compile(r"['’](?:s-|S-|[tTnN]\s|[nN]['’])")
LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x85\u2028]")


def lacks_its_partner(text: str, place: int) -> bool:
    """Whether a bracket or quotation mark at an end of an entity has no partner within it."""
    char, rest = text[place], text[1:] if place == 0 else text[:-1]
    if char in PARTNERS:
        return PARTNERS[char] not in rest
    return any(char in kin and not set(kin) & set(rest) for kin in QUOTES)


def keeps_stop(words: list[str]) -> bool:
    """Whether the stop that ends these words belongs to an abbreviation."""
    if words[-1] == ".":
        return takes_stop(words[-2])
    return words[-1].endswith(".") and not words[-1][:-1].isdigit()


def check(entity: Entity, words: list[str]) -> None:
    assert 0.0 <= entity.score <= 1.0
    assert 0.0 <= entity.tag_score <= 1.0
    text = entity.text
    assert text == text.strip(" ".join(UNREAD) + "\n\r\t\f\u2029")
    assert not INVISIBLE.match(text)
    assert not INVISIBLE.match(text[-1])
    shown = DEFAULT._rules.read_text(text).text
    for gap in re.findall(r"\s+", re.sub("\n[> ]+", "\n", INVISIBLE.sub("", text))):  # quotations aside
        breaks = len(LINE_BREAK.findall(gap))
        assert breaks < 2
        assert breaks or ("\t" not in gap and "   " not in gap)
        assert not set("\f\u2029") & set(gap)
    assert ELIDED.match(shown) or not lacks_its_partner(shown, 0)
    assert not lacks_its_partner(shown, -1)
    assert shown[0] != "."
    assert shown[-1] != "." or keeps_stop(words)


@settings(max_examples=1000)
@given(TEXTS)
def test_entities_begin_and_end_as_names_do(text: str) -> None:
    document = DEFAULT.analyze(text)
    for entity in document.entities:
        assert text[entity.start : entity.end] == entity.text
        inside = [word.text for word in document.words if entity.start <= word.start < entity.end]
        check(entity, [INVISIBLE.sub("", word) for word in inside])


# Words that are split in the same way whatever follows after the blank: no abbreviation before a word that begins
# sentences, and no dash or apostrophe at either end.
PLAIN = (
    'Angela Merkel Bill Clinton (Bill) Tony Blair, New York London. Goldman Sachs "Morgan Stanley" of America Bank '
    "president met the in and 5 Prague; said:"
).split()
GAPS = [
    " ",
    *(f"{char} " for char in INSERTED),
    *(f" {char}" for char in INSERTED),
    *(f"{char} {char}" for char in INSERTED),
]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(GAPS), st.sampled_from(PLAIN)), min_size=2, max_size=12))
def test_what_cannot_be_read_between_words_changes_no_label(parts: list[tuple[str, str]]) -> None:
    text = "".join(gap + word for gap, word in parts)
    plain = " ".join(word for _, word in parts)
    expected = [(entity.text, entity.label) for entity in DEFAULT.recognize(plain)]
    noise = re.compile(f"[{''.join(INSERTED)}]")
    assert [(noise.sub("", entity.text), entity.label) for entity in DEFAULT.recognize(text)] == expected
