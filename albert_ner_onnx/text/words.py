"""Text -> words, split as CoNLL-2003's English files (Reuters news) are.

The models are trained on such words, so a text must be split the same way: punctuation stands alone, `don't` becomes
`do` and `n't`, `$5m` becomes `$` and `5m`, and `U.S.`, `3.5`, `20-year-old`, `O'Brien` and `me@example.com` stay whole.
Text that isn't as tidy as Reuters' is split where a tidy writer would have put a blank: `Berlin.The mayor`, `_Rome_`,
`Obama–Medvedev`, `London- Paris`, `Merkel²`. When in doubt a name isn't cut.

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
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple
from unicodedata import category, normalize

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.abbreviations import (
    ABBREVIATIONS,
    AMBIGUOUS,
    BEFORE_NUMBERS,
    CAPITALISED,
    ENDINGS,
    RANKS,
    SMALL,
    SMALL_TITLES,
    STARTERS,
    SURNAMES,
    TITLES,
)
from albert_ner_onnx.text.characters import RAISED_DIGITS

LONGEST: Final = 1000
"""Characters in the longest word."""

# --- 1. Folding -------------------------------------------------------------------------------------------------------

# The stand-ins. All of them are in Latin-1, so the folded text takes one byte per character, and a set is a bitmap.
_LOWER, _UPPER, _DIGIT = "é", "É", "0"  # `é` also stands for letters without case and for unknown characters
_MARK, _JOINER, _ZERO = "¨", "±", "\xad"  # stays with its base; U+200D, which also joins emoji; zero-width
_SYMBOL, _FLAG, _IDEOGRAPH, _POINT = "©", "®", "§", "·"  # emoji and signs; half a flag; CJK; other punctuation
_ABOVE, _DASH, _OWN = "¹", "¬", "ø"  # superscript digits; dashes between digits; a user's own abbreviation

_ZERO_WIDTH: Final = "\u00ad\u200b\u2060\ufeff"
_KIN: Final = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\uff07",  # quotation marks, prime, acute accent, apostrophes
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02",
    "-": "\u2010\u2011\u2212\ufe63\uff0d",  # but not U+2014: the em dash is a `--`, always apart
    _DASH: "\u2012\u2013",  # figure dash and en dash
    _ABOVE: RAISED_DIGITS,
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
    # Full-width characters, and letters of whatever shape: mathematical, circled, superscript
    plain = normalize("NFKC", char)
    if plain.isascii() and len(plain) == 1 and (plain.isalpha() or 0xFF01 <= code <= 0xFF5E):
        return plain
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
    if kind[0] == "P" or kind in ("Cc", "Cs"):
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
_CAPITAL = "A-ZÉ"
_SMALL_LETTER = "a-zé"
_LETTER = f"{_SMALL_LETTER}{_CAPITAL}{_OWN}"
_INNER = f"{_LETTER}0-9{_MARK}{_JOINER}"  # what a run of word characters begins and ends with; a mark may lack its base
_BEGIN = f"_{_INNER}"
_END = f"(?!_*+[{_INNER}])"
_BEHIND = f"[{_MARK}{_JOINER}{_ZERO}]"  # stays with whatever precedes it

# Underscores join (`snake_case`), but neither begin nor end a run: there they mark emphasis.
_PLAIN = rf"[{_INNER}][{_INNER}{_ZERO}]*+"
_RUN = rf"{_PLAIN} (?: _++{_PLAIN} )*+"

# Superscript digits are part of `10²`, `x²`, `km²` and other short words, but not of `Rome²`: behind a name they are
# the number of a note.
_EDGE = f"(?<![{_LETTER}])"
_POWER = rf"""
    {_ABOVE}
    (?: (?<=[0-9{_MARK}]{_ABOVE}) | (?<={_EDGE}[{_LETTER}]{_ABOVE})
      | (?<={_EDGE}[{_SMALL_LETTER}][{_LETTER}]{_ABOVE}) | (?<={_EDGE}[{_SMALL_LETTER}][{_LETTER}]{{2}}{_ABOVE})
      | (?<={_EDGE}[{_SMALL_LETTER}][{_LETTER}]{{3}}{_ABOVE}) | (?<={_EDGE}(?:[KCMDN][mM]|F[tT]|Pa|Hz|Mi|Yd){_ABOVE})
      | (?<={_EDGE}[KMGT]eV{_ABOVE}) )
    {_ABOVE}*+ (?: {_PLAIN} )?+
    """

# What follows the apostrophe of a clitic. Not `'D-Day'`, which is a quotation, unless it follows a word.
_CLITIC = (
    f"(?:[sSmMdD]|[vV][eE]|[rR][eE]|[lL]{{2}}){_END}"
    f"(?:(?!-[{_INNER}])|(?<=[{_INNER}.]'[a-zA-Z])|(?<=[{_INNER}.]'[a-zA-Z]{{2}}))"
)
_NOT = f"[nN]'[tT]{_END}"  # `don't` is `do` `n't`, but `cannot` and `gonna` are one word
_HAS_NOT = f"[A-Za-z]{{1,6}}?(?={_NOT})(?<![vV]a)"  # `should` is the longest; `van't Hoff` is a name
# Small words that begin with an apostrophe: `'s-Hertogenbosch`, `'t Hart`, `rock 'n' roll`, `'N Sync`
_ELIDED = rf"""
    ' (?<![^{_SPACE}(\["]')
    (?: (?: s(?=-[{_CAPITAL}]) | S(?=-[{_CAPITAL}]{{2}}) ) (?: -{_PLAIN} )++
      | [tTnN](?=\s++[{_CAPITAL}])
      | [nN](?:'(?=\s)|(?=\s)) )
    """


def _either(words: Iterable[str]) -> str:
    """A pattern for any of these words. It looks at each character of a text once, however many words there are."""
    by_first: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        by_first.setdefault(word[:1], []).append(word[1:])
    branches = [re.escape(first) + _either(rest) for first, rest in by_first.items() if first]
    pattern = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})" if branches else ""
    return f"(?:{pattern})?" if "" in by_first and branches else pattern


# A capitalised word after a stop without a blank. It isn't one if it goes on (`java.util.List`, `foo.Bar_baz`,
# `Math.Max(1)`), or has the ending of a file or of an address.
_ENDING = f"(?i:{_either(ENDINGS)}){_END}"
_CAPITALISED = rf"""
    [{_CAPITAL}]{_MARK}*+
    (?: [{_SMALL_LETTER}][{_SMALL_LETTER}{_MARK}{_ZERO}]*+ | [{_CAPITAL}]++ | (?='[{_CAPITAL}]) )
    (?: ['-][{_LETTER}]++ )*+
    """
_GLUED = rf"""
    (?!{_ENDING})
    (?: (?:Mrs?|Ms|Dr|Prof|St)\.(?=\s*+[{_CAPITAL}])
      | (?: Ma?c(?=[{_CAPITAL}]) )?+ {_CAPITALISED} (?! [{_BEGIN}] | [.@/:+=&]++[{_BEGIN}] | [(\\`=] ) )
    """
_STARTER = rf"(?!A\.[{_CAPITAL}\s]){_either(STARTERS)}{_END}"  # but the initials of M. A. Lee
# Two sentences that lack their blank: `Berlin.The`, `Berlin.A man`, `in 1996.EMI`, `NATO.The`, `1.2.In`; but not
# `Node.js`, `U.S.`
_BORDER = rf"""
    \.(?: (?: (?<=[{_INNER}][{_SMALL_LETTER}{_MARK}]\.) | (?<={_ABOVE}\.) | (?<=(?<![{_INNER}])[12][0-9]{{3}}\.) )
          (?: {_GLUED} | [AI](?=\s++\S) )
        | (?: (?<=[0-9]\.) | (?<=[{_CAPITAL}&][{_CAPITAL}]\.) ) {_STARTER} (?! [.@/:+=&-]++[{_BEGIN}] ) )
    """

# Words that begin sentences are surnames, too: `K. He and J. Sun`, but `vitamin K. He said`. What follows them tells,
# or a title before the initial.
_SURNAME = rf"""
    {_either(SURNAMES)} {_END}
    (?: [;)\]"] | ,?\s++(?:et\s++al|(?:and|&)\s++[{_CAPITAL}]\.) | ,\s++[{_CAPITAL}]\. )
    """
_SURNAME_AFTER_ONE_INITIAL = rf"""
    (?: {_SURNAME}
      | {_either(SURNAMES)} {_END} (?: [.:!?] | \s*+\Z | \s++(?:and|&)\s++[{_CAPITAL}]
          | ,(?!\s++[{_SMALL_LETTER}]) | ,\s++(?:who|whose|an?|the|of|and|from|now|then)\s )
      | (?:An|He|She|So|To|We|You) (?: \s++[(\[] | -[{_CAPITAL}] )
      | (?:He|She|We|You) \s++[{_CAPITAL}0-9]
      | (?:An|He|She|To|We|You) \s++(?:of|from|et|who)\s
      | (?:An|By|In|On|To) \s++(?:said|says|told|wrote|was|is|has|had|argue[sd]|add(?:s|ed)){_END}
      | An \s++(?: [0-9] | (?![aeiouhé])[{_SMALL_LETTER}] )
      | (?:An|But|By|In|On|So|To|You) '[sS]{_END}
      | (?:(?<=(?:Mr|Ms|Dr)\.\s[{_CAPITAL}]\.\s) | (?<=Prof\.\s[{_CAPITAL}]\.\s)) {_either(SURNAMES)} {_END} )
    """


def _unless(border: str) -> str:
    """What must not follow an abbreviation's stop: the rest of a longer word, or a border between sentences."""
    return rf"(?! \. | -?_*+[{_INNER}] | {border} )"


_AFTER_ONE_INITIAL = _unless(rf"\s++ (?!{_SURNAME_AFTER_ONE_INITIAL}) {_STARTER}")
_AFTER_INITIALS = _unless(rf"\s++ (?!{_SURNAME}) {_STARTER}")
_NOT_AT_THE_END = r"""(?! [\s"']*+\Z )"""

# Runs and what joins them: `20-year-old`, `U.S.-led`, `AT&T`, `me@example.com`, `O'Brien`, `1,000`, `2:09.5`, `1/2`.
# Before a run: `+48`, `.496`. After a run: `AA+`, `three- and four-day`, `6=` (a shared sixth place); but the dash of
# `London- Paris` is apart. A compound keeps its full stop if it ends in initials: `J.-P. Smith`, `the Iraq-U.N. memo`.
_JOIN = rf"(?: - | [&+] | '(?!{_CLITIC}) | [.,:/{_DASH}](?<=[0-9].)(?=[0-9]) )"
_COMPOUND = rf"""
    (?: (?P<name>(?=[{_CAPITAL}](?:[{_SMALL_LETTER}]|[{_CAPITAL}]{{3}}))) | )
    (?: (?: \+?\.?(?=[0-9]) )? {_RUN} | {_ABOVE}++ (?: {_PLAIN} )?+ ) (?: {_JOIN} {_RUN} | {_POWER} )*+
    (?: (?= {_BORDER} | (?<=[{_SMALL_LETTER}])_++\.{_GLUED} )
      | (?: (?=[._@]) (?! (?<=U\.[SKN])\.(?!A{_END}){_STARTER} )  # the U.S.The
            _*+(?:\.?-|\.(?!{_ABOVE})|@)_*+ {_RUN} (?: {_JOIN} {_RUN} )*+ )*+
        (?: \+{{1,2}}+
          | (?(name) -(?= [,;)] | \s++(?:and|or|to|und|oder){_END} | \Z ) | -(?=[\s,;)]|\Z) )
          | (?<=[0-9])=(?=\s|\Z)
          | \.(?: (?<=\.-[{_CAPITAL}]\.) | (?<=-(?:Gen|Col|Adm|Maj|Gov|Sgt|Ing)\.)(?=\s)
            | (?<=[{_SMALL_LETTER}]-[{_CAPITAL}]\.)(?=\s++[{_CAPITAL}]) {_AFTER_INITIALS}
            | (?<=-[{_CAPITAL}]\.[{_CAPITAL}]\.) {_AFTER_INITIALS} ) {_NOT_AT_THE_END} )?+
    )
    """


# An abbreviation keeps its full stop, except at the end of a text, where CoNLL-2003 always splits it off (`in the U.S`
# `.`). Within a text the full stop ends a sentence, and is split off, if the next word is one that begins sentences;
# never after a title, though: `Mr. This`. A text that is nothing but an abbreviation stays whole.
def _abbreviation(own: Iterable[str]) -> str:
    """The pattern of abbreviations, a user's own among them."""
    words = (*ABBREVIATIONS, *map(str.upper, ABBREVIATIONS), *RANKS, *CAPITALISED, *SMALL, *own)
    listed = [word.translate(_FOLD) for word in words]
    longest = max(len(word.partition(".")[0]) for word in listed)
    ambiguous = _either(AMBIGUOUS)
    return rf"""
        (?=[{_LETTER}]{{1,{longest}}}+\.)  # spares most words the comparison with all of these
        (?P<whole>\A)?
        (?: [{_CAPITAL}]\. {_AFTER_ONE_INITIAL}
          | [{_LETTER}](?:\.[{_LETTER}])++\. {_AFTER_INITIALS}
          | {_either([*TITLES, *map(str.upper, TITLES)])}
            \. (?: {_unless("(?!)")} | (?=[{_CAPITAL}]) (?! [{_BEGIN}.-]{{,40}}+@ | {_ENDING} ) )
          | (?: (?: {_either(listed)} | {_OWN}++ | (?<=,\s) {ambiguous}
                  | {_either(SMALL_TITLES)} (?=\.\s++[{_CAPITAL}]) ) (?= \. (?!\s*+{_STARTER}) )
              | {ambiguous} (?= \.(?: [,;:)-] | \s++[{_SMALL_LETTER}0-9] ) )
              | {_either(BEFORE_NUMBERS)} (?= \.\s[0-9] ) )
            \. (?: (?={_GLUED}) | {_unless("(?!)")} ) )
        (?(whole) | {_NOT_AT_THE_END} )
        """


_ADDRESS_STOP = r""".,;:!?'()\[\]{}"""  # within an address, but not at its end
_ADDRESS_CHAR = rf"""[^{_SPACE}{_ADDRESS_STOP}"<>{_SYMBOL}{_FLAG}{_POINT}]"""
_ADDRESS = rf"(?:https?://|www\.) (?: {_ADDRESS_CHAR}++ | [{_ADDRESS_STOP}]++(?={_ADDRESS_CHAR}) )++"

_EMOJI = rf"{_SYMBOL}[{_MARK}{_JOINER}]*+"


def _grammar(own: Collection[str] = ()) -> re.Pattern[str]:
    """The pattern of a word, with a user's own abbreviations (without their last stop)."""
    long = [word for word in (*SMALL, *own) if len(word) > 4]
    return re.compile(
        rf"""
        (?=[^{_SPACE}{_ZERO}])  # at a space, try nothing else
        (?: [{_LETTER}]++(?=[\s,)";?!])  # a short cut for most words: the rest would not split them either
          | [0-9]++(?: [-.,:/][0-9]++ )*+(?=[\s)])  # for most numbers
          | (?!{_either(long)}\.)[a-z]{{5,}}+(?=\.[\s"])  # and for most words that end sentences
          | (?: [,;:?!"()\[\]{{}}<>/%&@$] | \.(?![.0-9]) | -(?![{_DASH}-])  # a short cut for most punctuation
              | {_ELIDED} | '{_CLITIC} | {_NOT} | {_HAS_NOT}
              | (?<![^\n])[0-9]{{1,2}}\.(?=[ \t]++\S|\s*+\Z|{_GLUED})  # the number that begins a line of a table
              | {_abbreviation(own)}
              | {_ADDRESS}
              | [A-Z]{{1,3}}\$  # US$
              | (?<=@)(?: _[{_BEGIN}]*+ | [{_BEGIN}]++(?<=_) )  # @_name, @name_
              | __[a-z0-9]{{1,30}}+__(?: \.[a-z]{{1,5}}+{_END} | (?=\() )  # __init__.py
              | _++
              | {_ABOVE}++(?=[{_CAPITAL}][{_LETTER}]{{2}})  # the number of a note before a name
              | {_COMPOUND}
              | [{_DASH}-]{{2,}}+ | \.{{2,}}+ | \*{{2,}}+ | ={{2,}}+
              | {_FLAG}{{2}}
              | {_EMOJI}(?:(?<={_JOINER}){_EMOJI})*+
              | (?s:.)
            ) {_BEHIND}*+ )
        """,
        re.VERBOSE,
    )


# --- 3. Words ---------------------------------------------------------------------------------------------------------

_PIECE: Final = re.compile(
    rf"(?s: .{{1,{LONGEST}}} (?!{_BEHIND} | (?<={_JOINER}){_SYMBOL}) | .{{1,{LONGEST}}} )", re.VERBOSE
)


def _cut(folded: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the spans, and cuts those of more than `LONGEST` characters between graphemes."""
    for start, end in spans:
        if end - start <= LONGEST:
            yield start, end
        else:
            yield from map(re.Match.span, _PIECE.finditer(folded, start, end))


class Grammar(NamedTuple):
    """What `word_splitter` made of a user's abbreviations.

    Attributes:
        word: The pattern of a word in a folded text.
        foreign: The pattern of those abbreviations that aren't ASCII, in a text; None for none.
    """

    word: re.Pattern[str]
    foreign: re.Pattern[str] | None = None


_GRAMMAR: Final = Grammar(_grammar())


def split_words(text: str, grammar: Grammar = _GRAMMAR) -> list[Word]:
    """Splits a text into words, in order. The head of this module says what a word is.

    Args:
        text: Any text, even with lone surrogates, NUL and control characters.
        grammar: Which abbreviations there are, if not just the usual ones; see `word_splitter`.

    Returns:
        The words, with the original text, not the folded one.
    """
    folded = text if text.isascii() else _fold(text, grammar.foreign)
    spans: Iterable[tuple[int, int]] = map(re.Match.span, grammar.word.finditer(folded))
    if len(text) > LONGEST:
        spans = _cut(folded, spans)
    new = tuple.__new__  # takes a quarter less time than Word(...), on the hot path
    return [new(Word, (text[start:end], start, end)) for start, end in spans]


def word_splitter(abbreviations: Collection[str]) -> Callable[[str], list[Word]]:
    """Returns a function like `split_words` that knows more abbreviations. It can be pickled.

    Args:
        abbreviations: Words of letters, with stops between them or not, such as `Det`, `Insp.` or `z.B.`, spelled as in
            the texts. Each keeps its stop unless the next word begins sentences, or the text ends.
    """
    own = sorted({word.removesuffix(".") for word in abbreviations} - {""})
    if not own:
        return split_words
    foreign = [word for word in own if not word.isascii()]
    pattern = re.compile(rf"(?<!\w){_either(foreign)}(?=\.)") if foreign else None
    return partial(split_words, grammar=Grammar(_grammar([word for word in own if word.isascii()]), pattern))


def _fold(text: str, foreign: re.Pattern[str] | None) -> str:
    """Replaces the characters of a text, and a user's abbreviations by stand-ins as long as they are."""
    folded = text.translate(_FOLD)
    if foreign is None:
        return folded
    parts, done = [], 0
    for match in foreign.finditer(text):
        parts += [folded[done : match.start()], _OWN * len(match[0])]
        done = match.end()
    return "".join([*parts, folded[done:]])
