"""Text -> words, split as CoNLL-2003's English files (Reuters news) are.

The models are trained on such words, so a text must be split the same way: punctuation stands alone, `don't` becomes
`do` and `n't`, `$5m` becomes `$` and `5m`, and `U.S.`, `3.5`, `20-year-old`, `O'Brien` and `me@example.com` stay whole.

1. `_Fold` replaces each character outside ASCII by one Latin-1 character, so that offsets stay the same. Curly quotes
   and dashes become their ASCII relatives; every other kind of character becomes one stand-in. ASCII text skips this.
2. One regular expression finds the words in the folded text. It takes linear time on any text: possessive quantifiers
   never give back what they matched, and every attempt that can fail is bounded, or as short as the word.
3. Words of more than `LONGEST` characters are cut: they aren't language.

The words come in order and don't overlap. They hold every character that is neither white space (`str.isspace`) nor
zero-width. A zero-width character (`_ZERO_WIDTH`) belongs to the word that it stands in or ends; elsewhere it belongs
to no word. No grapheme is split unless it has more than `LONGEST` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from unicodedata import category

from albert_ner_onnx.entities import Word

LONGEST: Final = 1000
"""Characters in the longest word."""

# --- 1. Folding -------------------------------------------------------------------------------------------------------

# The stand-ins. All of them are in Latin-1, so the folded text takes one byte per character, and a set is a bitmap.
_LOWER, _UPPER, _DIGIT = "é", "É", "0"  # `é` also stands for letters without case and for unknown characters
_MARK, _JOINER, _ZERO = "¨", "±", "\xad"  # stays with its base; U+200D, which also joins emoji; zero-width
_SYMBOL, _FLAG, _IDEOGRAPH, _POINT = "©", "®", "§", "·"  # emoji and signs; half a flag; CJK; other punctuation

_ZERO_WIDTH: Final = "\u00ad\u200b\u2060\ufeff"
_KIN: Final = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\uff07",  # quotation marks, prime, acute accent, apostrophes
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d",  # but not U+2014: the em dash is a `--`, always apart
    "/": "\u2044\uff0f",
    _ZERO: _ZERO_WIDTH,
    _JOINER: "\u200d",
    _MARK: "\u200c",  # zero-width non-joiner: part of words in Persian and Indic scripts
    _SYMBOL: "\u203c\u2049\u3030",  # punctuation that is also emoji
}

# Each ideograph is a word, because BERT's normaliser puts spaces around it (but not around kana or hangul).
_IDEOGRAPHS: Final = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2CEAF), (0x2F800, 0x2FA1F))
_FLAGS: Final = range(0x1F1E6, 0x1F200)  # regional indicators: two make a flag
_MODIFIERS: Final = (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))  # skin tones; tags of flags


def _stand_in(code: int) -> str:
    """Returns the stand-in for a code point outside ASCII that isn't in `_KIN`."""
    char = chr(code)
    kind = category(char)
    if char.isspace():
        return " "
    if any(first <= code <= last for first, last in _IDEOGRAPHS):
        return _IDEOGRAPH
    if kind[0] == "M" or code in _MODIFIERS:
        return _MARK
    if code in _FLAGS:
        return _FLAG
    if kind == "Sc":
        return "$"
    if kind[0] == "S" or 0x1F000 <= code < 0x20000:  # the range has emoji newer than Python's Unicode
        return _SYMBOL
    if kind[0] == "P" or kind == "Cc":
        return _POINT
    if char.isnumeric():
        return _DIGIT
    return _UPPER if char.isupper() else _LOWER


class _Fold(dict[int, str]):
    """A table for `str.translate` that is filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        char = _stand_in(code) if code > 0x7F else chr(code)
        if len(self) < 20_000:  # enough for any honest text; hostile text must not grow it without end
            self[code] = char
        return char


_FOLD: Final = _Fold({ord(char): kin for kin, chars in _KIN.items() for char in chars})

# --- 2. The grammar, on folded text -----------------------------------------------------------------------------------

_SPACE = r"\t-\r\x1c-\x20"  # for use in [ ]: the white space of ASCII by str.isspace
_LETTER = "A-Za-zéÉ"
_BEGIN = f"{_LETTER}0-9_{_MARK}{_JOINER}"  # what a run of word characters begins with; a mark may lack its base
_RUN = f"[{_BEGIN}][{_BEGIN}{_ZERO}]*+"
_END = f"(?![{_BEGIN}])"
_BEHIND = f"[{_MARK}{_JOINER}{_ZERO}]"  # stays with whatever precedes it

_CLITIC = f"'(?:[sSmMdD]|[vV][eE]|[rR][eE]|[lL]{{2}}){_END}"
_NOT = f"[nN]'[tT]{_END}"  # `don't` is `do` `n't`, but `cannot` and `gonna` are one word
_HAS_NOT = f"[A-Za-z]{{1,6}}?(?={_NOT})"  # `should` is the longest

# Runs and what joins them: `20-year-old`, `U.S.-led`, `AT&T`, `me@example.com`, `O'Brien`, `1,000`, `2:09.5`, `1/2`.
# Before a run: `+48`, `.496`. After a run: `AA+`, `three- and four-day`, `6=` (a shared sixth place).
_COMPOUND = rf"""
    (?: \+?\.?(?=[0-9]) )? {_RUN}
    (?: (?: \.?- | [.&@+] | (?!{_CLITIC})' | (?<=[0-9])[,:/](?=[0-9]) ) {_RUN} )*+
    (?: \+{{1,2}}+ | -(?=[\s,;)]|\Z) | (?<=[0-9])=(?=\s|\Z) )?+
    """

# An abbreviation keeps its full stop, except at the end of a text, where CoNLL-2003 always splits it off (`in the U.S`
# `.`). Within a text the full stop ends a sentence, and is split off, if the next word is one that begins sentences;
# never after a title, though: `Mr. This`. A text that is nothing but an abbreviation stays whole.
_TITLES = "Mr Mrs Ms Dr Prof Messrs Mme Mlle Gen Col Maj Capt Cmdr Lt Sgt Adm Gov Sen Rep Rev Hon St Ste Mt Ft"
_ABBREVIATIONS = (
    "Inc Corp Co Cos Ltd Bros Plc Jr Sr Dept Univ Assn Ave Blvd Rd Ph.D Vol Jan Feb Apr Jun Jul Aug Sept Sep Oct Nov "
    "Dec Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Kan Ky La Md Mich Minn Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt "
    "Wash Wis Wyo Ont Que"
)
_SMALL_ABBREVIATIONS = "vs v etc vol approx al cf viz pp ca"
_STARTERS = (
    "A After Although An And As At Both But By For From He Her His However If In It Its On One Our She Since So Some "
    "That The Their Then There These They This Those To We What When While With You"
)


def _any(words: str) -> str:
    return "(?:" + "|".join(map(re.escape, words.split())) + ")"


_ABBREVIATION = rf"""
    (?=[{_LETTER}]{{1,6}}+\.)  # spares most words the comparison with all of these
    (?P<whole>\A)?
    (?: (?=[A-Z]) (?i:{_any(_TITLES)}) (?=\.)
        | (?: [A-ZÉ](?:\.[{_LETTER}])*+ | [{_LETTER}](?:\.[{_LETTER}])++  # initials; `U.S.`, `a.m.`
            | (?=[A-Z]) (?i:{_any(_ABBREVIATIONS)}) | {_any(_SMALL_ABBREVIATIONS)} )
          (?=\.(?! \s++ {_any(_STARTERS)} {_END} ))
        | [Nn]os?(?=\.\s[0-9]) )
    \. (?! [.{_BEGIN}] | -[{_BEGIN}] ) (?(whole) | (?! [\s"']*+\Z ) )
    """

_ADDRESS_STOP = r""".,;:!?'()\[\]{}"""  # within an address, but not at its end
_ADDRESS_CHAR = rf"""[^{_SPACE}{_ADDRESS_STOP}"<>{_SYMBOL}{_FLAG}{_POINT}]"""
_ADDRESS = rf"(?:https?://|www\.) (?: {_ADDRESS_CHAR}++ | [{_ADDRESS_STOP}]++(?={_ADDRESS_CHAR}) )++"

_EMOJI = rf"{_SYMBOL}[{_MARK}{_JOINER}]*+"

_WORD: Final = re.compile(
    rf"""
    (?=[^{_SPACE}{_ZERO}])  # at a space, try nothing else
    (?: [{_LETTER}]++(?=[\s,)";?!])  # a short cut for most words: the rest would not split them either
      | (?: {_CLITIC} | {_NOT} | {_HAS_NOT}
          | (?<![^\n])[0-9]{{1,2}}\.(?=[ \t]++\S|\s*+\Z)  # the number that begins a line of a table
          | {_ABBREVIATION}
          | {_ADDRESS}
          | [A-Z]{{1,3}}\$  # US$
          | {_COMPOUND}
          | -{{2,}}+ | \.{{2,}}+ | \*{{2,}}+ | ={{2,}}+
          | {_FLAG}{{2}}
          | {_EMOJI}(?:(?<={_JOINER}){_EMOJI})*+
          | (?s:.)
        ) {_BEHIND}*+ )
    """,
    re.VERBOSE,
)

# --- 3. Words ---------------------------------------------------------------------------------------------------------

_PART: Final = re.compile(
    rf"(?s: .{{1,{LONGEST}}} (?!{_BEHIND} | (?<={_JOINER}){_SYMBOL}) | .{{1,{LONGEST}}} )", re.VERBOSE
)


def _cut(folded: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the spans, and cuts those of more than `LONGEST` characters between graphemes."""
    for start, end in spans:
        if end - start <= LONGEST:
            yield start, end
        else:
            yield from map(re.Match.span, _PART.finditer(folded, start, end))


def split_words(text: str) -> list[Word]:
    """Splits a text into words, in order. The head of this module says what a word is.

    Args:
        text: Any text, even with lone surrogates, NUL and control characters.

    Returns:
        The words, with the original text, not the folded one.
    """
    folded = text if text.isascii() else text.translate(_FOLD)
    spans: Iterable[tuple[int, int]] = map(re.Match.span, _WORD.finditer(folded))
    if len(text) > LONGEST:
        spans = _cut(folded, spans)
    new = tuple.__new__  # takes a quarter less time than Word(...), on the hot path
    return [new(Word, (text[start:end], start, end)) for start, end in spans]
