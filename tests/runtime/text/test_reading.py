from __future__ import annotations

import html
import re
from html.entities import html5
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.reading import read_text
from albert_ner_onnx.text.words import split_words
from growth import assert_linear

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

# Unicode 15.1, DerivedCoreProperties.txt: Default_Ignorable_Code_Point.
IGNORABLE = [
    *(range(0xAD, 0xAE), range(0x34F, 0x350), range(0x61C, 0x61D), range(0x115F, 0x1161), range(0x17B4, 0x17B6)),
    *(range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070)),
    *(range(0x3164, 0x3165), range(0xFE00, 0xFE10), range(0xFEFF, 0xFF00), range(0xFFA0, 0xFFA1)),
    *(range(0xFFF0, 0xFFF9), range(0x1BCA0, 0x1BCA4), range(0x1D173, 0x1D17B), range(0xE0000, 0xE1000)),
]
INVISIBLE = [chr(code) for codes in IGNORABLE for code in codes]


def located(text: str, markup: str | None = None) -> list[Word]:
    """The words of a text as users see them; checks what holds of them for any text."""
    reading = read_text(text, markup)
    words = reading.locate(split_words(reading.text))
    end = 0
    for word in words:
        assert end <= word.start < word.end
        assert text[word.start : word.end] == word.text
        end = word.end
    return words


def texts(words: list[Word]) -> list[str]:
    return [word.text for word in words]


# --- References -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        ("John&nbsp;Smith", "John\u00a0Smith", "John Smith"),
        ("AT&amp;T fell", "AT&T fell", "AT&amp;T fell"),
        ("Procter &amp; Gamble", "Procter & Gamble", "Procter &amp; Gamble"),
        ("1939&#8211;1945", "1939\u20131945", "1939&#8211;1945"),
        ("1939&#150;1945", "1939\u20131945", "1939&#150;1945"),  # Windows-1252
        ("O&#x27;Brien, O&#X2019;Neill", "O'Brien, O\u2019Neill", "O&#x27;Brien , O&#X2019;Neill"),
        ("don&#39;t", "don't", "do n&#39;t"),
        ("Ren&eacute;e Beyonc&eacute;", "Ren\u00e9e Beyonc\u00e9", "Ren&eacute;e Beyonc&eacute;"),
        ("&quot;Go,&quot; he said", '"Go," he said', "&quot; Go , &quot; he said"),
        ("&Zcaron;i&zcaron;ek", "\u017di\u017eek", "&Zcaron;i&zcaron;ek"),
        ("Jo&#0000104;n", "John", "Jo&#0000104;n"),
        ("co&shy;op, co&#xad;op", "coop, coop", "co&shy;op , co&#xad;op"),
        ("&shy;John&zwj; &lrm;Smith&rlm;", "John Smith", "John Smith"),
        ("a&#10;b&Tab;c", "a\nb\tc", "a b c"),
        ("a&NotEqualTilde;b &fjlig;ord", "a\u2242\u0338b fjord", "a &NotEqualTilde; b &fjlig;ord"),
        ("&#128104;&#8205;&#128105;", "\U0001f468\u200d\U0001f469", "&#128104;&#8205;&#128105;"),
        ("a&#0;b &#xD800; &#1114112;", "a\ufffdb \ufffd \ufffd", "a &#0; b &#xD800; &#1114112;"),
        ("&lt;John&gt;", "<John>", "&lt; John &gt;"),
    ],
)
def test_references_are_read_as_their_characters(text: str, read: str, words: str) -> None:
    assert read_text(text).text == read
    if "&#0;" not in text:
        assert texts(located(text)) == words.split()


@pytest.mark.parametrize(
    "text",
    [
        *("AT&T", "R&D;", "AT&T; x", "&nbsp", "&amp", "& amp;", "&;", "&#;", "&#x;", "&#xg;", "&foo;", "&notit;"),
        *("&AMP", "a&b;c", "&" * 10, "&#" + "1" * 5000 + ";", "&" + "a" * 5000 + ";", "&Eacute", "x&#12", "&#x1F600"),
    ],
)
def test_what_is_no_reference_stays(text: str) -> None:
    assert read_text(text).text is text


def test_references_are_read_once() -> None:
    assert read_text("&amp;nbsp; &amp;amp; &#38;lt;").text == "&nbsp; &amp; &lt;"


@given(
    st.lists(st.sampled_from(["&amp;", "&nbsp;", "&#65;", "&#x85;", "&eacute;", "a", "B", " ", ";", "&", "#", "&lt"]))
)
def test_references_are_those_of_the_standard_library(pieces: list[str]) -> None:
    """`html.unescape` also takes some references without `;`, so it gets one at a time."""
    text = "".join(pieces)

    def meaning(match: re.Match[str]) -> str:
        return html.unescape(match[0]) if match[0][1] == "#" or match[0][1:] in html5 else match[0]

    expected = re.sub(r"&(?:[a-z]+|#[0-9]+|#x[0-9a-f]+);", meaning, text)
    assert read_text(text).text == expected


# --- Invisible characters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("co\u00adop", "coop"),
        ("\ufeffJohn Smith\u200b", "John Smith"),
        ("\u202aJohn\u202c \u2068Smith\u2069", "John Smith"),
        ("Angela \u200e Merkel", "Angela  Merkel"),
        ("Jo\u200bhn\u2060 \u3164 Smi\u034fth", "John  Smith"),
        # Joiners
        ("\u200dJohn\u200c Smi\u200dth\u200d", "John Smith"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),
        ("\u0645\u06cc\u00ad\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\u0645\u200c \u200c\u062e", "\u0645 \u062e"),
        ("\u0915\u094d\u200d\u0937", None),
        ("\u0915\u094d\u200d", "\u0915\u094d"),
        ("e\u0301\u200cx", "e\u0301x"),
        ("\u6771\u200d\u4eac", "\u6771\u4eac"),
        (FAMILY, None),
        (f"{FAMILY}\u200d", FAMILY),
        (f"\u200d{FAMILY} \u200d", f"{FAMILY} "),
        ("\U0001f44d\U0001f3fd\u200d\U0001f44d", None),
        ("\U0001f3fd\u200d\U0001f44d", "\U0001f3fd\U0001f44d"),
        ("\U0001f44d\u200dx \U0001f44d\u200c\U0001f44d", "\U0001f44dx \U0001f44d\U0001f44d"),
        ("\ufffd\u200d\ufffd", "\ufffd\ufffd"),
        ("\u2764\ufe0f\u200d\U0001f525", None),
        # Variation selectors and tags
        ("\u2764\ufe0f \u00a9\ufe0f 1\ufe0f\u20e3 \u845b\U000e0100", None),
        ("a\ufe0f 1\ufe0f \ufe0f", "a 1 "),
        (SCOTLAND, None),
        ("x\U000e0067\U000e0062", "x"),
        # They are visible
        ("\u0600\u06dd\u070f\u08e2\U000110bd \ufffd \x00\x1b \U00013430", None),
    ],
)
def test_invisible_characters(text: str, read: str | None) -> None:
    """`None`: the text is read as it is."""
    found = read_text(text).text
    assert found is text if read is None else found == read


def test_what_unicode_says_to_ignore_is_left_out() -> None:
    for char in INVISIBLE:
        assert read_text(f"a{char}b {char} {char}").text == "ab  ", ascii(char)
        assert texts(located(f"{char}a{char}b{char}")) == [f"a{char}b"]


def test_no_other_character_but_the_marks_of_annotations_is_left_out() -> None:
    left_out = {code for codes in IGNORABLE for code in codes} | {0xFFF9, 0xFFFA, 0xFFFB}
    text = " ".join(chr(code) for code in range(0x110000) if code not in left_out)
    assert read_text(text).text == text


# --- Quoted lines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("> a\n> b\n>\n> c\n", "a\nb\n\nc\n"),
        (">a\r\n>b\r\n", "a\r\nb\r\n"),
        ("> > a\n>> b\n   >>c", "a\nb\nc"),
        ("a\n> b", "a\fb"),
        ("> a\n> b\nc\n> d", "a\nb\fc\fd"),
        ("> a\n>> b\n> c", "a\fb\fc"),
        ("a\n\n> b\n\nc", "a\n\fb\f\nc"),
        ("> a\n&gt; b", "a\nb"),
        ("\ufeff> a\n\u200b> b", "a\nb"),
        ("> a", None),  # nothing to part
        ("a > b > c", None),
        ("a\n>= 5", None),
        ("a\n>:(", None),
        ("a\n->b", None),
    ],
)
def test_quoted_lines(text: str, read: str | None) -> None:
    found = read_text(text).text
    assert found == (text if read is None else read)
    located(text)


def test_html_has_no_quoted_lines() -> None:
    assert read_text("a <b\n> c", "html").text == "a c"


@pytest.mark.parametrize("pattern", ["\n>", "\n> ", ">", "> ", "\n>\n", "\n>>=", "\n>a", "\n>> a\n> b"])
def test_time_is_linear_on_hostile_quotations(pattern: str) -> None:
    assert_reads_in_linear_time(pattern, "\n> ", None)


# --- HTML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<b>Jo</b>hn <a href='x'>Smith</a>", "John Smith"),
        ("<p>John</p><p>Smith</p>", "John\n\nSmith\n\n"),
        ("<h1 class=x>Paris</h1>\n<ul>\n<li>Anna\n<li>Bob</ul>", "Paris\n\nAnna \n\nBob\n\n"),
        ("John<br>Smith<BR/>Jones<br />x", "John\nSmith\nJones\nx"),
        ("a<br>\n<br>b", "a\n\nb"),
        ("<table><tr><td>Anna</td><td>Oslo</td></tr></table>", "\tAnna\tOslo\t\n\n"),
        ("<th>Name<th>City", "\tName\tCity"),
        ("a<hr>b<div>c</div>d", "a\n\nb\n\nc\n\nd"),
        ("John<img src=x.png>Smith", "John Smith"),
        ("<person>John</person><place>Oslo</place>", "John Oslo "),
        ("<o:p></o:p>John", "John"),
        # White space
        ("  John\n\n   Smith  <i> x </i> y", "John Smith x y"),
        ("<pre>a  b\n\nc</pre>d\n\ne", "a  b\n\nc\n\nd e"),
        ("a&nbsp;&nbsp; b", "a\u00a0\u00a0 b"),
        ("a&#10;&#10;b", "a b"),
        # What isn't shown
        ("a<!-- John <b> -- > -->b<!---->c<!-->d", "abcd"),
        ("<!DOCTYPE html><?xml version='1.0'?><![if !IE]>a<![endif]>", "a"),
        ("<!--[if mso]><p>x</p><![endif]-->a", "a"),
        ("<script>if (a<b) x='<p>'</script>a<STYLE type='x'>p {}</style >b", "ab"),
        ("x<script src=y />a<script src=z></script>b", "x ab"),
        ("<head><title>Oslo</title></head>a", "Oslo\n\na"),
        ("<![CDATA[John]]> ]]> x", "John ]]> x"),
        # Attributes
        ("<a title='a > b' href=\"x<y\">a</a>", "a"),
        ("<a title='it is' alt=\"it's\" x=y'z>a</a>", "a"),
        ("<input value = '>' >a", "a"),
        ('<a href="x"class="y">a', "a"),
        # Text
        ("a < b, a <3 x>y <> </ > <- <= << 1<2>1 <", None),
        ("<john@example.com> <http://x.example/a>", None),
        ("Rome<sup>12</sup>, 10<sup>th</sup> of 12", "Rome\u00b9\u00b2, 10th of 12"),
        ("&lt;b&gt;John&lt;/b&gt;", "<b>John</b>"),
        # Broken pages lose no text
        ("a <!-- John Smith", None),
        ("John <script>Smith", "John Smith"),
        ("John <a href='x", None),
        ("John <b Smith", None),
        ("John <b Smith <i>x</i>", "John <b Smith x"),
        ('<a href="x>John</a> <a href="y">Smith</a>', "John Smith"),
        ('<a href="x>John</a>', "John"),
        ("</b></p>John</pre></sup>", "John\n\n"),
        ("<p<p>John", "<p\n\nJohn"),
    ],
)
def test_html(text: str, read: str | None) -> None:
    found = read_text(text, "html").text
    assert found is text if read is None else found == read
    located(text, "html")


def test_a_word_covers_the_tags_within_it() -> None:
    text = "<p><b>Jo</b>hn&nbsp;Sm<wbr>ith</p>"
    assert texts(located(text, "html")) == ["Jo</b>hn", "Sm<wbr>ith"]


# --- Any text ---------------------------------------------------------------------------------------------------------

FRAGMENTS = (
    *("a", "B", "\u00e9", "\u0645", "\u0915\u094d", "\u0301", "\u6771", "1", "#", "'", "'s", ".", "-", ";", "&", "#"),
    *("\u2764", "\U0001f44d", "\U0001f3fd", "\U0001f1e9", "\U0001f3f4", "\u20e3", "\u20ac", "\u00b4", "\ufffd", "\x00"),
    *("\u00ad", "\u200b", "\u200c", "\u200d", "\u200d", "\ufe0f", "\ufe00", "\U000e0100", "\U000e0067", "\u202a"),
    *("&amp;", "&nbsp;", "&shy;", "&zwj;", "&zwnj;", "&fjlig;", "&#1;", "&#0;", "&lt;", "&eacute;", "&amp;lt;", "&x;"),
    *("<b>", "</b>", "<p>", "<td>", "<br>", "<pre>", "</pre>", "<sup>", "</sup>", "<x>", "<", ">", "<!--", "-->", "="),
    *("<script>", "</script>", "<a x='", '<a x="', '"', "<![CDATA[", "]]>", "<?", "<!", " ", " ", "  ", "\n", "\t"),
    *("\ud800", "\ufeff"),
)
TEXTS = st.one_of(st.text(st.characters()), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
MARKUP = st.sampled_from([None, "html"])


def part_of_the_character_before(text: str, place: int) -> bool:
    """Whether an invisible character selects the look of a symbol or ideograph, or spells a flag."""
    while place and text[place] in INVISIBLE:
        place -= 1
    return category(text[place])[0] in "SP" or category(text[place]) in ("Lo", "Cn") or text[place] in "0123456789#*"


@given(TEXTS, MARKUP)
@example(f"{FAMILY}\u200d\u00ad", None)
def test_located_words(text: str, markup: str | None) -> None:
    for word in located(text, markup):
        assert word.text[0] not in INVISIBLE
        if word.text[-1] in INVISIBLE:
            assert word.text[-1] not in "\u200c\u200d"
            assert part_of_the_character_before(word.text, len(word.text) - 1)


@given(TEXTS, MARKUP)
def test_what_is_read_is_what_the_words_hold(text: str, markup: str | None) -> None:
    """A located word, read alone, is the word that was split."""
    reading = read_text(text)
    words = split_words(reading.text)
    for word, place in zip(words, reading.locate(words), strict=True):
        assert read_text(place.text).text == word.text


@given(TEXTS)
def test_escaped_text_has_the_words_of_the_text(text: str) -> None:
    if re.search("&[a-z#]", text):  # the text itself has references
        text = text.replace("&", "")
    plain = texts(located(text))
    escaped = html.escape(text, quote=True)
    assert [read_text(word.text).text for word in located(escaped)] == [read_text(word).text for word in plain]
    spaced = re.sub(r"\s+", " ", text)
    assert [word.text for word in split_words(read_text(html.escape(spaced), "html").text)] == [
        word.text for word in split_words(read_text(spaced).text)
    ]


@given(st.text(st.characters(exclude_characters="&", exclude_categories=["Cf", "Mn", "Lo", "Cn"])))
def test_where_nothing_is_replaced_nothing_is_made(text: str) -> None:
    text = text.replace("\n>", "\n")  # it would be a quotation
    reading = read_text(text)
    words = split_words(text)
    assert reading.text is text
    assert reading.locate(words) is words


@given(st.text(st.characters(max_codepoint=127, exclude_characters="&")), st.lists(st.sampled_from(INVISIBLE)))
def test_invisible_characters_anywhere_in_ascii_change_no_word(text: str, invisible: list[str]) -> None:
    step = 1 + len(text) // (len(invisible) + 1)
    parts = [text[start : start + step] for start in range(0, len(text), step)]
    noisy = "".join(part + char for part, char in zip(parts, [*invisible, *[""] * len(parts)], strict=False))
    assert read_text(noisy).text == text
    visible = [word.text.translate(dict.fromkeys(map(ord, INVISIBLE))) for word in located(noisy)]
    assert visible == texts(split_words(text))


@given(st.lists(st.sampled_from(["John", "Smith", "U.S.", "don't", "r&eacute;e", "AT&amp;T", ".", "1 < 2"])))
def test_inline_tags_and_line_breaks_of_html_change_no_word(words: list[str]) -> None:
    page = "\n  ".join(f"<b class='x'>{word[:1]}</b><i>{word[1:]}</i>" for word in words)
    assert texts(split_words(read_text(page, "html").text)) == texts(split_words(read_text(" ".join(words)).text))
    located(page, "html")


def assert_reads_in_linear_time(pattern: str, prefix: str, markup: str | None) -> None:
    def read(text: str) -> list[Word]:
        reading = read_text(text, markup)
        return reading.locate([Word(char, place, place + 1) for place, char in enumerate(reading.text)])

    assert_linear(read, lambda size: prefix + pattern * (size // len(pattern)), 32_000)


@pytest.mark.parametrize(
    "pattern",
    [
        *("&", "&#", "&#1", "&a", "&amp;", "&nbsp;", "&shy;", "\u00ad", "\u200d", "\u200da", "\u0301\u200d"),
        *("\U0001f44d\u200d", "\U0001f3fd\u200d", "\ufe0f", "\u2764\ufe0f", "\U000e0067", SCOTLAND, "\u0645\u200c"),
        "\u0915\u200d",
    ],
)
@pytest.mark.parametrize("markup", [None, "html"])
def test_time_is_linear_on_hostile_text(pattern: str, markup: str | None) -> None:
    assert_reads_in_linear_time(pattern, "", markup)


@pytest.mark.parametrize(
    "pattern",
    [
        *("<", "<a", "<a ", "<a x", "<a x=", "<a x='", '<a x="', "<a x='\"", "<a x='<a x=\"", "<a x='' ", '"', "='"),
        *("=' >", "<a x='> ", "<a x='<", "<a = = ", "<b>", "</b>", "<p>", "<td> ", "<br>", "<pre>", "</", "</a"),
        *("<!", "<!-", "<!--", "<!-->", "<![", "<![CDATA[", "]]>", "<?", "<?x", "<script>", "<script", "</script"),
        *("<style><script>", "<sup>1", " ", "  ", "\n", "> ", "; ", "<a>  ", "a\n\n", "<a.", "<a:", "<a:b"),
        *("=\" <a x='", "<a x=' ' y=\" \" "),
    ],
)
@pytest.mark.parametrize("prefix", ["", "<a x='", "<script>"])
def test_time_is_linear_on_hostile_html(pattern: str, prefix: str) -> None:
    assert_reads_in_linear_time(pattern, prefix, "html")
