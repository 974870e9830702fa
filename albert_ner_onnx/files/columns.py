"""Which columns of a file are its words and tags: chosen by number, or guessed and refused where a guess may be wrong.

Files whose first column counts words, or whose last column isn't the one that was meant, can be read without any error
and give figures that mean nothing. So what looks like such a file is refused, and the message says what to choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.rows import Row, looks_like_tag
from albert_ner_onnx.tags.schemes import is_tag

# Labels of chunks: they are written as B-NP and I-NP, too, but a column of them doesn't hold entities.
_CHUNKS = frozenset(
    "NP VP PP ADVP SBAR ADJP PRT CONJP INTJ LST UCP"  # CoNLL-2000 and CoNLL-2003, English
    " NC VC PC"  # CoNLL-2003, German
    " AP AdP VN COORD CONJ QP CLP DP DVP LCP DNP".split()  # French and Chinese treebanks
)
_LANGUAGE = re.compile("[a-z]{2,}(?:-[a-z]+)*:")
_QUOTED = re.compile('"(?:[^"]|"")*"')
_RANGE = re.compile(r"\d+[-.]\d+")  # in CoNLL-U, the number of a line for several words, or for an empty one
_FEW = 4  # words: too few to say what all words of a file have in common


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file to read.

    Attributes:
        word: The number of the words' column, from 1 as `cut -f` counts, or from -1, the last one, backwards. `None`
            means the first one.
        tag: The same of the tags' column. `None` means the last one.
        comments: Whether lines that start with `#` and aren't words with their columns are comments.
    """

    word: int | None = None
    tag: int | None = None
    comments: bool = False


def index_of(column: int | None, default: int, option: str) -> int:
    """Turns the number of a column into an index.

    Args:
        column: Counted from 1, or backwards from -1; `None` for the default.
        default: The index without a choice.
        option: What error messages call the choice.

    Raises:
        InputError: The number is 0.
    """
    if column == 0:
        raise InputError(f"{option}: expected 1 for the first column, -1 for the last one, or such; found 0")
    if column is None:
        return default
    return column - 1 if column > 0 else column


def check_width(name: str, first: Row, column: int | None, option: str) -> None:
    """Raises `InputError` if a file's rows don't have the column that was chosen."""
    width = len(first.columns)
    if column is not None and abs(column) > width:
        raise InputError(f"{name}:{first.line}: expected a column {column}, as {option} says, found {width} columns")


def choose_columns(
    name: str, sentences: Sequence[Sequence[Row]], columns: Columns, tags_too: Collection[str]
) -> tuple[int, int]:
    """Says where the words and tags of a file in CoNLL format are.

    Args:
        name: What error messages call the file.
        sentences: All rows, with equally many columns.
        columns: What the caller chose.
        tags_too: Tags to accept besides those in IOB1, IOB2 and IO.

    Returns:
        The indices of both columns.

    Raises:
        InputError: The columns don't hold words and tags, or it can't be told which ones do.
    """
    rows = [row for sentence in sentences for row in sentence]
    width = len(rows[0].columns)
    check_width(name, rows[0], columns.word, "--word-column")
    check_width(name, rows[0], columns.tag, "--tag-column")
    word = index_of(columns.word, 0, "--word-column") % width
    tag = index_of(columns.tag, -1, "--tag-column") % width

    def accepted(text: str) -> bool:
        return is_tag(text) or text in tags_too

    bad = next((row for row in rows if not accepted(row.columns[tag])), None)
    body = rows[1:] if bad is rows[0] else rows  # without a header
    with_entities = [index for index in range(width) if _holds_entities(body, index, accepted)]
    if len(rows) < _FEW and word in with_entities and not any(row.columns[word] == "O" for row in rows):
        with_entities.remove(word)  # words such as I-95 and B-52 look like tags
    problem, choice = _doubt(sentences, word, tag, columns, with_entities, tag_is_sure=not bad)
    if bad:
        place = "the last column" if columns.tag in (None, -1) else f"column {tag + 1}"
        way_out = _tag_way_out(
            bad, tag, choice if with_entities else "", is_header=bad is rows[0] and tag in with_entities
        )
        raise InputError(
            f"{name}:{bad.line}: expected the tag O, B-X or I-X in {place}, found {bad.columns[tag]!r}{way_out}"
        )
    if problem:
        raise InputError(f"{name}: {problem}{choice}")
    _check_words(name, rows, word)
    return word, tag


def check_word_column(name: str, sentences: Sequence[Sequence[Row]], word: int, *, is_chosen: bool) -> None:
    """Refuses a column of words that look like something else.

    Args:
        name: What error messages call the file.
        sentences: Rows of the file, with equally many columns.
        word: The index of the column.
        is_chosen: Whether a user chose it, and so knows what it holds.

    Raises:
        InputError: It counts the words, repeats the name of the document or holds tags, and the user didn't choose it;
            or its words are empty or have something around all of them.
    """
    rows = [row for sentence in sentences for row in sentence]
    fault = _fault(sentences, word)
    if len(rows) >= _FEW and _holds_entities(rows, word, is_tag):
        fault = fault or "holds tags"
    if fault and not is_chosen:
        raise InputError(f"{name}: column {word + 1} {fault}; choose {_word_option(sentences, {word})}")
    _check_words(name, rows, word)


def _doubt(
    sentences: Sequence[Sequence[Row]],
    word: int,
    tag: int,
    columns: Columns,
    with_entities: Collection[int],
    *,
    tag_is_sure: bool,
) -> tuple[str, str]:
    """Says what speaks against the columns of the words and tags, and which ones to choose; nothing if all is well."""
    fault = _fault(sentences, word) if columns.word is None else None
    problems, choices = [], []
    if columns.tag is None and any(index != tag for index in with_entities):
        problems.append(f"columns {_listed(sorted({*with_entities, tag}), 'and')} hold tags")
        choices.append(f"the tags with --tag-column {_listed(sorted(with_entities), 'or')}")
    if fault or word == tag or word in with_entities:
        if fault or not problems:
            problems.insert(0, f"column {word + 1} {fault or 'holds tags'}")
        choices.insert(0, _word_option(sentences, {*with_entities, tag} if tag_is_sure else with_entities))
    return " and ".join(problems), f"; choose {' and '.join(choices)}" if choices else ""


def _tag_way_out(row: Row, tag: int, choice: str, *, is_header: bool) -> str:
    """Says what may have happened to a row whose tag isn't one, if its text tells, or else which columns to choose."""
    text = row.columns[tag]
    if is_header and not looks_like_tag(text):
        return f"; if line {row.line} is a header, take it out: `sed {row.line}d`"
    if _QUOTED.fullmatch(text):
        return "; write the file without quotation marks around columns"
    if text.startswith(("(", "*")):
        return "; convert CoNLL-2012's brackets to such tags"
    if text == "_" and _RANGE.fullmatch(row.columns[0]):
        return "; take out CoNLL-U's lines of several words or none: `grep -vE '^[0-9]+[-.]'`"
    if not choice and text in ("_", "-", ""):
        return "; words outside all entities must have the tag O"
    return choice


def _check_words(name: str, rows: Sequence[Row], word: int) -> None:
    """Refuses words that are empty, or still have in common what was put around or before all of them."""
    words = [row.columns[word] for row in rows]
    for row, text in zip(rows, words, strict=True):
        if not text:
            raise InputError(
                f"{name}:{row.line}: expected a word in column {word + 1}, found nothing; choose the words with "
                "--word-column"
            )
    quoted = [text for text in words if '"' in text]
    if len(quoted) > 1 and all(map(_QUOTED.fullmatch, quoted)) and any('""' in text[1:-1] for text in quoted):
        raise InputError(
            f"{name}: expected words as they are, found them quoted as in CSV, such as {quoted[0]!r}; write the file "
            "without quotation marks around columns"
        )
    if len(words) < _FEW:
        return
    prefix = _LANGUAGE.match(words[0])
    if prefix and all(text.startswith(prefix[0]) for text in words):
        raise InputError(
            f"{name}: expected words, found {prefix[0]!r} before each of them; take it out: `sed 's/^{prefix[0]}//'`"
        )
    spaces = words[0].count(" ")
    if spaces and all(text.count(" ") == spaces for text in words):
        raise InputError(
            f"{name}: expected columns separated by tabs, found spaces as well, in every word, such as {words[0]!r}; "
            "separate all columns by tabs"
        )


def _holds_entities(rows: Sequence[Row], index: int, accepted: Callable[[str], bool]) -> bool:
    """Whether a column consists of tags, and some of them mark other things than chunks."""
    found = {row.columns[index] for row in rows}
    return all(accepted(text) or looks_like_tag(text) for text in found) and any(
        text != "O" and text[2:] not in _CHUNKS for text in found
    )


def _fault(sentences: Sequence[Sequence[Row]], index: int) -> str | None:
    """What a column holds instead of words, if it doesn't hold words.

    A table in a text may have a row `1 2 3`, and someone may say `No no no`. So the column must look like numbers, or
    like the name of a document, in sentences that hold most of the file's words, and there must be another column for
    the words.
    """
    if len(sentences[0][0].columns) < 3:
        return None
    counting = repeating = total = 0
    expected = 1
    for sentence in sentences:
        texts = [row.columns[index] for row in sentence]
        total += len(texts)
        for start in {0, 1, expected}:
            if texts == [str(number) for number in range(start, start + len(texts))]:
                counting += len(texts)
                expected = start + len(texts)
                break
        else:
            repeating += len(texts) if len(set(texts)) == 1 < len(texts) else 0
    next_to_it = {row.columns[(index + 1) % len(row.columns)] for sentence in sentences for row in sentence}
    if len(next_to_it) < 2:
        return None
    if total > 1 and 2 * counting > total:
        return "counts the words"
    if total >= _FEW and 2 * repeating > total:
        return f"repeats {sentences[0][0].columns[index]!r}"
    return None


def _word_option(sentences: Sequence[Sequence[Row]], others: Collection[int]) -> str:
    """Says which column may hold the words, if one of them does."""
    columns = range(len(sentences[0][0].columns))
    words = next((index for index in columns if index not in others and not _fault(sentences, index)), None)
    return "the words with --word-column" if words is None else f"the words with --word-column {words + 1}"


def _listed(indices: Sequence[int], conjunction: str) -> str:
    """Lists the numbers of columns: `3`, `3 and 4`, `3, 4 and 5`."""
    *numbers, last = [str(index + 1) for index in indices]
    return f"{', '.join(numbers)} {conjunction} {last}" if numbers else last


def check_header(name: str, rows: Sequence[Row], gold: int, predicted: int) -> None:
    """Raises `InputError` if only the first line of a file for conlleval has no tags, but two names of columns."""
    first, *others = [(row.columns[gold], row.columns[predicted]) for row in rows]
    has_tag = any(map(looks_like_tag, first))
    if rows[0].line > 1 or has_tag or first[0] == first[1] or not others:
        return
    if all(looks_like_tag(text) for pair in others for text in pair):
        raise InputError(
            f"{name}:1: expected a gold and a predicted tag, found {first[0]!r} and {first[1]!r}; if this is a header, "
            "take it out: `sed 1d`"
        )


def check_gold(name: str, rows: Sequence[Row], gold: int, predicted: int) -> None:
    """Refuses a file for conlleval that has one column of tags, since what stands before it isn't the gold tags.

    Raises:
        InputError: The column of the gold tags holds words rather than tags, or chunks, and the other one entities.
    """
    found = [row.columns[gold] for row in rows]
    named = {text for text in found if text != "O"}
    no_tags = not any(map(looks_like_tag, named)) and 2 * found.count("O") < len(found)
    only_chunks = any(map(looks_like_tag, named)) and not any(map(_is_entity, named))
    if not (no_tags or only_chunks) or not any(_is_entity(row.columns[predicted]) for row in rows):
        return
    example = next(text for text in found if text != "O")
    raise InputError(
        f"{name}: expected gold tags before the predicted ones, found {example!r} and others like it; choose the gold "
        "tags with --gold-column"
    )


def _is_entity(tag: str) -> bool:
    return tag != "O" and looks_like_tag(tag) and tag[2:] not in _CHUNKS
