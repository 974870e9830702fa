"""Files as people have them: each is read with the right words and tags, or refused with a way out.

The samples are composed for this table; only their layouts are those of the corpora that are named.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.columns import Columns
from albert_ner_onnx.files.conll import ConllSentence, parse_conll_documents, read_conll

WORDS, TAGS = ["Anna", "saw", "Rome"], ["B-PER", "O", "B-LOC"]
READ = f"{' '.join(WORDS)} / {' '.join(TAGS)}"


def read(sentences: list[ConllSentence]) -> str:
    """All words and tags in one line, as in the tables below."""
    words = [word.replace(" ", "_") for sentence in sentences for word in sentence.words]
    return f"{' '.join(words)} / {' '.join(tag for sentence in sentences for tag in sentence.tags)}"


# What it is, its text, and the words and tags that it holds
READABLE = [
    ("two columns, spaces", "Anna B-PER\nsaw O\nRome B-LOC\n", READ),
    ("two columns, tabs: WNUT17, BTC", "Anna\tB-PER\nsaw\tO\nRome\tB-LOC\n", READ),
    ("CoNLL-2003 en", "Anna NNP I-NP B-PER\nsaw VBD I-VP O\nRome NNP I-NP B-LOC\n", READ),
    ("chunks in IOB2: flair", "Anna NNP B-NP B-PER\nsaw VBD B-VP O\nRome NNP B-NP B-LOC\n", READ),
    ("CoNLL-2003 de", "Anna Anna NE I-NC B-PER\nsaw see VV I-VC O\nRome Rome NE I-PC B-LOC\n", READ),
    ("CoNLL-2002 es", "Anna B-PER\nsaw O\nRome B-LOC\n\n", READ),
    ("CoNLL-2002 nl", "-DOCSTART- -DOCSTART- O\nAnna N B-PER\nsaw V O\nRome N B-LOC\n", READ),
    ("document line of fewer columns", "-DOCSTART-\n\nAnna NNP I-NP B-PER\nsaw V O O\nRome NNP I-NP B-LOC\n", READ),
    ("document line of more columns", "-DOCSTART- -X- O O\n\nAnna\tB-PER\nsaw\tO\nRome\tB-LOC\n", READ),
    ("dummy columns: BC5CDR", "-DOCSTART- -X- -X- O\n\nAnna -X- _ B-PER\nsaw -X- _ O\nRome -X- _ B-LOC\n", READ),
    ("dummy column of O", "Anna NN O B-PER\nsaw VB O O\nRome NN O B-LOC\n", READ),
    ("a hyphen for no chunk: SEC filings", "Anna NNP - I-PER\nsaw VBD - O\n", "Anna saw / I-PER O"),
    ("CRLF and byte order mark", "\ufeffAnna\tB-PER\r\nsaw\tO\r\nRome\tB-LOC\r\n", READ),
    ("CR CR LF", "Anna B-PER\r\r\nsaw O\r\r\nRome B-LOC\r\r\n", READ),
    ("trailing spaces", "Anna B-PER  \nsaw O \nRome B-LOC\n", READ),
    ("trailing tabs", "Anna\tB-PER\t\nsaw\tO\t\nRome\tB-LOC\t\t\n", READ),
    ("tab and spaces around it", "Anna \tB-PER\nsaw\t O\nRome \t B-LOC\n", READ),
    ("lines with tabs, lines with spaces", "Anna\tB-PER\nsaw O\nRome  B-LOC\n", READ),
    ("indented, aligned by spaces", "  Anna   B-PER\n  saw    O\n  Rome   B-LOC\n", READ),
    ("an empty column", "Anna\t\tB-PER\nsaw\tx\tO\nRome\t\tB-LOC\n", READ),
    ("a word with a space", "New York\tB-LOC\nhas\tO\n", "New_York has / B-LOC O"),
    ("a word with a no-break space", "10\u00a0000 O\nRome B-LOC\n", "10\u00a0000 Rome / O B-LOC"),
    ("hashtags", "#MH17 B-PER\n# O\n", "#MH17 # / B-PER O"),
    (
        "a table's row of numbers",
        "1 CD O\n2 CD O\n3 CD O\n\nAnna NN B-PER\nran VB O\nto TO O\nus PP O\n",
        "1 2 3 Anna ran to us / O O O B-PER O O O",
    ),
    ("nothing but a row of numbers", "1 CD O\n2 CD O\n3 CD O\n", "1 2 3 / O O O"),
    ("numbers and their tags only", "1 O\n2 O\n3 O\n", "1 2 3 / O O O"),
    ("numbers that don't count", "1 a O\n3 b O\n5 c O\n", "1 3 5 / O O O"),
    ("someone says no", "no UH O\nno UH O\nno UH O\nno UH O\n", "no no no no / O O O O"),
    ("quotation marks as words", '"\tO\nAnna\tB-PER\n""\tO\n"\tO\n', '" Anna "" " / O B-PER O O'),
    ("words that look like tags", "I-95\tB-LOC\nB-52\tO\n", "I-95 B-52 / B-LOC O"),
    (
        "one word looks like a language",
        "en:wiki O\nAnna B-PER\nsaw O\nRome B-LOC\n",
        f"en:wiki {' '.join(WORDS)} / O {' '.join(TAGS)}",
    ),
    ("Chinese characters", "安\tB-PER\n娜\tI-PER\n", "安 娜 / B-PER I-PER"),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in READABLE], ids=[case[0] for case in READABLE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_layouts_that_are_read(tmp_path: Path, text: str, expected: str, encoding: str) -> None:
    path = tmp_path / "gold"
    path.write_bytes(text.removeprefix("\ufeff" if encoding == "utf-16" else "").encode(encoding))
    assert read(read_conll(path)) == expected


# What it is, its text, what the error says, and what is read with the options that it names
REFUSED = [
    (
        "numbered words",
        "1\tAnna\tB-PER\n2\tsaw\tO\n3\tRome\tB-LOC\n",
        "x: column 1 counts the words; choose the words with --word-column 2",
        Columns(word=2),
        READ,
    ),
    (
        "numbered from 0, spaces",
        "0 Anna B-PER\n1 saw O\n2 Rome B-LOC\n",
        "x: column 1 counts the words; choose the words with --word-column 2",
        Columns(word=2),
        READ,
    ),
    (
        "numbered through the file",
        "1 Anna B-PER\n2 saw O\n\n3 Rome B-LOC\n",
        "x: column 1 counts the words; choose the words with --word-column 2",
        Columns(word=2),
        READ,
    ),
    (
        "numbered, short sentences",
        "1 Anna B-PER\n\n1 saw O\n\n1 Rome B-LOC\n",
        "x: column 1 counts the words; choose the words with --word-column 2",
        Columns(word=2),
        READ,
    ),
    (
        "GermEval 2014",
        "1\tAnna\tB-PER\tO\n2\tsaw\tO\tO\n3\tRome\tB-LOC\tB-PER\n",
        "x: column 1 counts the words and columns 3 and 4 hold tags; choose the words with --word-column 2 "
        "and the tags "
        "with --tag-column 3 or 4",
        Columns(2, 3),
        READ,
    ),
    (
        "GermEval 2014, nothing nested",
        "1\tAnna\tB-PER\tO\n2\tsaw\tO\tO\n3\tRome\tB-LOC\tO\n",
        "choose the words with --word-column 2 and the tags with --tag-column 3",
        Columns(2, 3),
        READ,
    ),
    (
        "GermEval 2014 with its comments",
        "#\thttp://example.org/ [2009-10-17]\n1\tAnna\tB-PER\tO\n2\tsaw\tO\tO\n3\tRome\tB-LOC\tO\n",
        "x:1: expected the columns of a word, found what looks like a comment, '# http://example"
        ".org/ [2009-10-17]'; leave out comments with --comments",
        Columns(2, 3, comments=True),
        READ,
    ),
    (
        "nested tags: FiNER",
        "Anna\tB-PER\tO\nsaw\tO\tO\nRome\tB-LOC\tB-PER\n",
        "x: columns 2 and 3 hold tags; choose the tags with --tag-column 2 or 3",
        Columns(tag=2),
        READ,
    ),
    (
        "gold and predicted tags",
        "Anna B-PER I-PER\nsaw O O\nRome B-LOC B-ORG\n",
        "choose the tags with --tag-column 2 or 3",
        Columns(tag=-2),
        READ,
    ),
    (
        "gold and predicted tags in IOBES",
        "Anna B-PER S-PER\nsaw O O\nRome B-LOC S-ORG\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found 'S-PER'; choose the tags with "
        "--tag-column 2 or 3",
        Columns(tag=2),
        READ,
    ),
    (
        "UNER",
        "# sent_id = 1\n1\tAnna\tB-PER\t-\tme\n2\tsaw\tO\t-\tme\n3\tRome\tB-LOC\t-\tme\n",
        "--comments",
        Columns(2, 3, comments=True),
        READ,
    ),
    (
        "UNER without comments",
        "1\tAnna\tB-PER\t-\tme\n2\tsaw\tO\t-\tme\n3\tRome\tB-LOC\t-\tme\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found 'me'; choose the words with --word-column 2 and "
        "the tags with --tag-column 3",
        Columns(2, 3),
        READ,
    ),
    (
        "CoNLL-U Plus",
        "# global.columns = ID FORM UPOS NER\n1\tAnna\tPROPN\tB-PER\n2\tsaw\tVERB\tO\n3\tRome\tPROPN\tB-LOC\n",
        "--comments",
        Columns(2, comments=True),
        READ,
    ),
    (
        "CoNLL-U, tags not in a column",
        "1\tAnna\tPROPN\t_\n2\tsaw\tVERB\tNER=O\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found '_'; words outside all entities must "
        "have the tag O",
        None,
        "",
    ),
    (
        "CoNLL-U, words of several",
        "1-2\tzum\t_\n1\tzu\tO\n2\tdem\tO\n",
        "x:1: expected the tag O, B-X or I-X in the "
        "last column, found '_'; take out CoNLL-U's lines of several words or none: `grep -vE '^[0-9]+[-.]'`",
        None,
        "",
    ),
    (
        "hashtags and comments",
        "# id 7\n#MH17\tB-PER\n#\tO\nRome\tB-LOC\n",
        "x:1: expected the columns of a word, found "
        "what looks like a comment, '# id 7'; leave out comments with --comments",
        Columns(comments=True),
        "#MH17 # Rome / B-PER O B-LOC",
    ),
    (
        "the name of a document first",
        "a/b 0 Anna B-PER\na/b 1 saw O\n\na/b 0 in O\na/b 1 Rome B-LOC\n",
        "x: column 1 repeats 'a/b'; choose the words with --word-column 3",
        Columns(3),
        "Anna saw in Rome / B-PER O O B-LOC",
    ),
    (
        "OntoNotes, CoNLL-2012",
        "#begin document (a); part 0\na 0 0 Anna NNP (PERSON*) -\na 0 1 saw VBD * -\n"
        "a 0 2 Rome NNP (GPE*) -\n#end document\n",
        "x:1: expected the columns of a word, found what looks like a comment, '#begin document (a); part 0'",
        None,
        "",
    ),
    (
        "OntoNotes without comments",
        "a 0 0 Anna NNP (PERSON*)\na 0 1 saw VBD *\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found '(PERSON*)'; convert CoNLL-2012's "
        "brackets to such "
        "tags",
        None,
        "",
    ),
    (
        "tags first: MIT movie",
        "B-PER\tAnna\nO\tsaw\nB-LOC\tRome\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found 'Anna'; choose the words with "
        "--word-column 2 and "
        "the tags with --tag-column 1",
        Columns(2, 1),
        READ,
    ),
    (
        "tags only",
        "B-PER B-PER\nO I-PER\n",
        "x: columns 1 and 2 hold tags; choose the words with --word-column and the tags with --tag-column 1 or 2",
        None,
        "",
    ),
    (
        "tags in the middle",
        "Anna B-PER NNP\nsaw O VBD\nRome B-LOC NNP\n",
        "found 'NNP'; choose the tags with --tag-column 2",
        Columns(tag=2),
        READ,
    ),
    (
        "WikiANN",
        "en:Anna\tB-PER\nen:saw\tO\nen:old\tO\nen:Rome\tB-LOC\n",
        "x: expected words, found 'en:' before each of them; take it out: `sed 's/^en://'`",
        None,
        "",
    ),
    (
        "tabs before the tag only",
        "Anna NNP\tB-PER\nsaw VBD\tO\nold JJ\tO\nRome NNP\tB-LOC\n",
        "x: expected columns "
        "separated by tabs, found spaces as well, in every word, such as 'Anna NNP'; separate all columns by tabs",
        None,
        "",
    ),
    (
        "a stray tab",
        "Anna NNP B-PER\nsaw\tVBD O\n",
        "x:2: expected 3 columns, as in line 1, found 2; separate all "
        "columns by tabs, or by spaces if no column is empty or contains one",
        None,
        "",
    ),
    ("a word without its tag", "Anna B-PER\n\nsaw\n", "x:3: expected 2 columns, as in line 1, found 1", None, ""),
    (
        "an empty last column",
        "Anna\tB-PER\nsaw\t\nRome\tB-LOC\n",
        "x:2: expected the tag O, B-X or I-X in the last column, found ''; words outside all entities must have the "
        "tag O",
        None,
        "",
    ),
    (
        "remarks in the last column of some lines",
        "Anna\tB-PER\t\nsaw\tO\tsure?\nRome\tB-LOC\t\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found ''; choose the tags with --tag-column 2",
        Columns(tag=2),
        READ,
    ),
    (
        "remarks without their tab",
        "Anna\tB-PER\nsaw\tO\tsure?\nRome\tB-LOC\n",
        "x:2: expected 2 columns, as in line 1, found 3",
        None,
        "",
    ),
    (
        "a tab is missing after other lines",
        "Anna\tB-PER\t\nsaw\tO\tsure?\nRome\tB-LOC\n",
        "x:3: expected 3 columns, as in line 2, found 2",
        None,
        "",
    ),
    ("repeated tabs", "Anna\t\tB-PER\nsaw\tO\n", "x:2: expected 3 columns, as in line 1, found 2", None, ""),
    (
        "an empty word",
        "Anna\tB-PER\n\tO\n",
        "x:2: expected a word in column 1, found nothing; choose the words with --word-column",
        None,
        "",
    ),
    (
        "an indent of tabs",
        "\tAnna\tB-PER\n\tsaw\tO\n\tRome\tB-LOC\n",
        "x:1: expected a word in column 1, found nothing",
        Columns(word=2),
        READ,
    ),
    (
        "CR only",
        "Anna B-PER\rsaw O\rRome B-LOC\r",
        "x:1: expected lines that end in LF or CRLF, found a lone CR inside "
        r"a line; convert the line ends, for example with `tr '\r' '\n'`",
        None,
        "",
    ),
    (
        "commas",
        "Anna,B-PER\nsaw,O\n",
        "x:1: expected a word and its tag, found one column, 'Anna,B-PER'; separate columns by tabs or spaces",
        None,
        "",
    ),
    ("one column", "Anna\nsaw\n", "x:1: expected a word and its tag, found one column, 'Anna'", None, ""),
    (
        "a header",
        "word\ttag\nAnna\tB-PER\nsaw\tO\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found "
        "'tag'; if line 1 is a header, take it out: `sed 1d`",
        None,
        "",
    ),
    (
        "all quoted",
        '"Anna"\t"B-PER"\n"saw"\t"O"\n',
        "x:1: expected the tag O, B-X or I-X in the last column, found "
        "'\"B-PER\"'; write the file without quotation marks around columns",
        None,
        "",
    ),
    (
        "quoted where needed",
        '""""\tO\nAnna\tB-PER\n""""\tO\n',
        "x: expected words as they are, found them quoted as in "
        'CSV, such as \'""""\'; write the file without quotation marks around columns',
        None,
        "",
    ),
    (
        "tags of another scheme",
        "Anna S-PER\nsaw O\n",
        "x:1: expected the tag O, B-X or I-X in the last column, found 'S-PER'",
        None,
        "",
    ),
    (
        "JSON Lines",
        '{"words": ["Anna"], "tags": ["B-PER"]}\n',
        "x:1: expected the tag O, B-X or I-X in the last column",
        None,
        "",
    ),
]


@pytest.mark.parametrize(
    ("text", "message", "columns", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_layouts_that_are_refused(text: str, message: str, columns: Columns | None, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_conll_documents(io.BytesIO(text.encode()), "x")
    assert message in str(caught.value)
    if columns:
        (sentences,) = parse_conll_documents(io.BytesIO(text.encode()), "x", columns=columns)
        assert read(sentences) == expected
