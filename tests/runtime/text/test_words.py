from __future__ import annotations

import pickle
import sys
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.words import LONGEST, split_words, word_splitter
from growth import assert_linear

ZERO_WIDTH = "\u00ad\u200b\u2060\ufeff"
THUMB = "\U0001f44d"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG_DE, FLAG_FR = "\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"

# A text and its words, parted by spaces.
GRAMMAR = [
    ("", ""),
    (" \t\n\u00a0\u2028\x1c ", ""),
    ("Anna lives in Oslo.", "Anna lives in Oslo ."),
    ('"Go, Anna!" he said; why?', '" Go , Anna ! " he said ; why ?'),
    ("a (b) [c] {d} <e>", "a ( b ) [ c ] { d } < e >"),
    # Clitics
    ("I don't, you can't, HE WON'T", "I do n't , you ca n't , HE WO N'T"),
    ("Shouldn't've", "Should n't 've"),
    ("Anna's, OSLO'S, the U.S.'s, 1990's", "Anna 's , OSLO 'S , the U.S. 's , 1990 's"),
    ("I'm, I've, I'll, I'd, we're", "I 'm , I 've , I 'll , I 'd , we 're"),
    ("cannot, gonna, can not", "cannot , gonna , can not"),
    ("the players' '96 season 'in' town", "the players ' ' 96 season ' in ' town"),
    ("O'Brien at three o'clock, chargé d'affaires", "O'Brien at three o'clock , chargé d'affaires"),
    ("it'something n'tx", "it'something n'tx"),
    # Numbers and money
    ("3.5 1,000 1,234.5 1/2 3-1/2 1996/97 2:09.51 6-4", "3.5 1,000 1,234.5 1/2 3-1/2 1996/97 2:09.51 6-4"),
    (".496 +48 +0.5 -5 (+.5)", ".496 +48 +0.5 - 5 ( +.5 )"),
    ("$5m US$5, C$ 0.25 £3 €4bn 6%", "$ 5m US$ 5 , C$ 0.25 £ 3 € 4bn 6 %"),
    ("in 1996, 1997, or 1998: 3:2", "in 1996 , 1997 , or 1998 : 3:2"),
    ("6= 1=2 x= x/y and/or", "6= 1 = 2 x = x / y and / or"),
    ("10th 20-year-old 90M 1,500-seat", "10th 20-year-old 90M 1,500-seat"),
    # Hyphens and dashes
    ("two-day three- and four-day AA- (semi-)", "two-day three- and four-day AA- ( semi- )"),
    ("one--two -- three - four ---- -five-", "one -- two -- three - four ---- - five-"),
    ("a-$5 -", "a - $ 5 -"),
    # Full stops
    ("Wait... really.. ...yes. ", "Wait ... really .. ... yes ."),
    ("He left. She stayed. 'So.'", "He left . She stayed . ' So . '"),
    ("Mr. Smith and J. R. Smith of Acme Corp. said", "Mr. Smith and J. R. Smith of Acme Corp. said"),
    ("MRS. SMITH, ACME INC., St. Louis, Oct. 5", "MRS. SMITH , ACME INC. , St. Louis , Oct. 5"),
    ("the U.S. and U.N.-backed, Ill.-based men", "the U.S. and U.N.-backed , Ill.-based men"),
    ("at 9 a.m. on No. 5 vs. No. Yes", "at 9 a.m. on No. 5 vs. No . Yes"),
    ("e.g. a Ph.D. student", "e.g. a Ph.D. student"),
    ("She lives in the U.S.", "She lives in the U.S ."),
    ('"I work for Acme Inc."', '" I work for Acme Inc . "'),
    ("born (U.S.)", "born ( U.S. )"),
    ("We left the U.S. The others stayed at Acme Inc. It's late.",
     "We left the U.S . The others stayed at Acme Inc . It 's late ."),
    ("Mr. This met Gen. But.", "Mr. This met Gen. But ."),
    ("He fell ill. Doctors came, no. Yes.", "He fell ill . Doctors came , no . Yes ."),
    ("J.J.Smith, No.3, G.M", "J.J.Smith , No.3 , G.M"),
    ("U.S.", "U.S."),
    ("Corp.", "Corp."),
    ("Stop.", "Stop ."),
    ("3. Smith 5\n12. Jones 4. Brown 3\n7.", "3. Smith 5 12. Jones 4 . Brown 3 7."),
    ("123. Smith", "123 . Smith"),
    # Stops without a blank behind them
    ("moved to Berlin.The mayor", "moved to Berlin . The mayor"),
    ("well-known.A man, O'Brien.It's Anglo.Anglo-Saxon", "well-known . A man , O'Brien . It 's Anglo . Anglo-Saxon"),
    ("in 1996.The firm, 2.5.In all", "in 1996 . The firm , 2.5 . In all"),
    ("said.IBM fell, in 1996.Fiat, 1990s.It, NATO.The", "said . IBM fell , in 1996 . Fiat , 1990s . It , NATO . The"),
    ("said.Mr. Lee, said.Dr.Lee", "said . Mr. Lee , said . Dr. Lee"),
    ("now.McCoy, now.O'Neal", "now . McCoy , now . O'Neal"),
    ("in the U.S.A, the U.S.A's team from the U.S.A.", "in the U.S.A , the U.S.A 's team from the U.S.A ."),
    ("the U.S.The firm, U.S.A.F. v2.Final file.PDF", "the U.S . The firm , U.S.A.F. v2.Final file.PDF"),
    ('in Berlin."The mayor, Berlin!The mayor', 'in Berlin . " The mayor , Berlin ! The mayor'),
    ("Acme Inc.The firm, Acme Corp.Chairman Lee", "Acme Inc . The firm , Acme Corp. Chairman Lee"),
    ("at AT&T.The firm, Rome³.The mayor", "at AT&T . The firm , Rome ³ . The mayor"),
    ("__Rome__.The mayor, a_.B", "__ Rome __ . The mayor , a_.B"),
    ("St.Louis Mr.Smith ST.LOUIS Dr.Who Mr.J. Smith", "St. Louis Mr. Smith ST. LOUIS Dr. Who Mr. J. Smith"),
    ("Node.js Amazon.com U.S.-led Ph.D ASP.NET", "Node.js Amazon.com U.S.-led Ph.D ASP.NET"),
    ("README.Md Foo.Java Config.Yaml Booking.Com", "README.Md Foo.Java Config.Yaml Booking.Com"),
    ("java.util.List System.Collections.Generic", "java.util.List System.Collections.Generic"),
    ("jo.Smith@example.com Dr.Smith@example.com", "jo.Smith@example.com Dr.Smith@example.com"),
    ("foo.Bar_baz foo.Bar(1) foo.Bar=1 en.Wikipedia.org", "foo.Bar_baz foo.Bar ( 1 ) foo.Bar = 1 en.Wikipedia.org"),
    ("the .NET and .Net", "the . NET and . Net"),
    # Initials before words that begin sentences and are surnames
    ("by K. He and J. Sun, K. So, J. To; M. An.", "by K. He and J. Sun , K. So , J. To ; M. An ."),
    ("K. He, X. Li et al. and J.S. He, X. Li", "K. He , X. Li et al. and J.S. He , X. Li"),
    ("K. He (2016), K. He of MIT, J. So-Young", "K. He ( 2016 ) , K. He of MIT , J. So-Young"),
    ("P. An told N. An's son; M. To was", "P. An told N. An 's son ; M. To was"),
    ("Dr. H. You said, Prof. K. So says", "Dr. H. You said , Prof. K. So says"),
    ("We met K. He", "We met K. He"),
    ("K. So,\nJ.-P. So and K.-C. Wu", "K. So , J.-P. So and K.-C. Wu"),
    ("by M. A. Lee and M. A. K. Wu", "by M. A. Lee and M. A. K. Wu"),
    ("vitamin K. He said", "vitamin K . He said"),
    ("Malcolm X. In 1965 he. Plan B. But it.", "Malcolm X . In 1965 he . Plan B . But it ."),
    ("D. An American and E. On Monday", "D . An American and E . On Monday"),
    ("in the U.S. He, too, in the U.S. So, in the", "in the U.S . He , too , in the U.S . So , in the"),
    ("Jean-P. Dubois, type-B. Then, type-B. it", "Jean-P. Dubois , type-B . Then , type-B . it"),
    ("Maj.-Gen. Lee, Dipl.-Ing. Lee, Ill.-based", "Maj.-Gen. Lee , Dipl.-Ing. Lee , Ill.-based"),
    ("the Iraq-U.N. memo, the aid-U.N. The", "the Iraq-U.N. memo , the aid-U.N . The"),
    # More abbreviations
    ("Det. Anna Brown, Insp. Lee, Cpl. Jo, Msgr. Ed", "Det. Anna Brown , Insp. Lee , Cpl. Jo , Msgr. Ed"),
    ("Amb. Lee, Fr. Ted, Sr. Mary, dr. Jones, st. Louis", "Amb. Lee , Fr. Ted , Sr. Mary , dr. Jones , st. Louis"),
    ("Boston, Mass. Police; Boston, Mass. The; Mass., x", "Boston , Mass. Police ; Boston , Mass . The ; Mass. , x"),
    ("actor Sean Penn. Critics, to Mass. Then", "actor Sean Penn . Critics , to Mass . Then"),
    ("by the SEC. Analysts, Sec. Lee", "by the SEC . Analysts , Sec. Lee"),
    ("Fig. 3, Art. 5, p. 5, no p. Art. Smith", "Fig. 3 , Art. 5 , p. 5 , no p . Art . Smith"),
    ("Charleston, W.Va. is, Fiat S.p.A. is, an LL.B. in", "Charleston , W.Va. is , Fiat S.p.A. is , an LL.B. in"),
    ("I called the dr. She came", "I called the dr . She came"),
    # Dashes
    ("Merkel–who was ill–met Obama–Medvedev", "Merkel – who was ill – met Obama – Medvedev"),
    ("1990–1995, 9\u201211, 2:09–3:10, 1.5–2", "1990–1995 , 9\u201211 , 2:09–3:10 , 1.5–2"),
    ("10–year 2010– AA– –- –– a―b a—b", "10 – year 2010 – AA – –- –– a ― b a — b"),
    ("five\u2010day five\u2011day", "five\u2010day five\u2011day"),
    ("flight London- Paris, New-York- Rome", "flight London - Paris , New-York - Rome"),
    ("LONDON- PARIS, the MCFC- fan, BONN- and AA- to", "LONDON - PARIS , the MCFC - fan , BONN- and AA- to"),
    ("three- and B- 6- AL- (semi-) Anglo- and Mid- to", "three- and B- 6- AL- ( semi- ) Anglo- and Mid- to"),
    # Numbers that begin lines
    ("1. Anna\n2.Ben\n3.1 and 10.5\n4.txt", "1. Anna 2. Ben 3.1 and 10.5 4.txt"),
    # Digits above the line
    ("in Rome³, Merkel¹², Wu² and al-Assad³.", "in Rome ³ , Merkel ¹² , Wu ² and al-Assad ³ ."),
    ("NATO² Anna's³ U.S.² Berlin.³ committee²", "NATO ² Anna 's ³ U.S. ² Berlin . ³ committee ²"),
    ("¹Department ¹²Rome", "¹ Department ¹² Rome"),
    ("km² m³ 10² x² X² KM² MeV² 5½ CO₂ ¹⁴C m²/s 20-km² mc²", "km² m³ 10² x² X² KM² MeV² 5½ CO₂ ¹⁴C m² / s 20-km² mc²"),
    # Marks of emphasis
    ("_John Smith_ lives in __Berlin__.", "_ John Smith _ lives in __ Berlin __ ."),
    ("_Rome_, _U.S._ _Anna's_ _Mr. Lee_ __it_", "_ Rome _ , _ U.S. _ _ Anna 's _ _ Mr. Lee _ __ it _"),
    ("snake_case foo__bar a_.b ____", "snake_case foo__bar a_.b ____"),
    ("*a* **b** ~~c~~ `d`", "* a * ** b ** ~ ~ c ~ ~ ` d `"),
    ("@_john_ @_john @john_ @jo", "@ _john_ @ _john @ john_ @ jo"),
    ("__init__.py __init__()", "__init__.py __init__ ( )"),
    # Apostrophes before words
    ("in 's-Hertogenbosch and ('s-Gravenhage)", "in 's-Hertogenbosch and ( 's-Gravenhage )"),
    ("'t Hart, van 't Hooft, 'N Sync, Van't Hoff", "'t Hart , van 't Hooft , 'N Sync , Van't Hoff"),
    ("rock 'n' roll, rock 'n roll, rock ’n’ roll", "rock 'n' roll , rock 'n roll , rock ’n’ roll"),
    ("'D-Day' 'S-Bahn' \u2018D-Day\u2019", "' D-Day ' ' S-Bahn ' \u2018 D-Day \u2019"),
    ("John 's boy's-only I'd-x the letter 't' don't", "John 's boy 's - only I 'd - x the letter ' t ' do n't"),
    # Signs
    ("S&P AT&T Smith & Co AA+ C++ a@b @home", "S&P AT&T Smith & Co AA+ C++ a@b @ home"),
    ("* ** *a* == # ~", "* ** * a * == # ~"),
    ("`a' ``b''", "` a ' ` ` b ' '"),
    # Addresses
    ("write to jo.doe+x@mail.example.com.", "write to jo.doe+x@mail.example.com ."),
    ("(see http://example.com/a?b=c&d=(e).)", "( see http://example.com/a?b=c&d=(e ) . )"),
    ("www.example.com/x, https://x.example/~y!", "www.example.com/x , https://x.example/~y !"),
    ("http:// www. http", "http : / / www . http"),
    # Typography
    ("\u201cI don\u2019t,\u201d \u2018Anna\u2019s\u2019", "\u201c I do n\u2019t , \u201d \u2018 Anna \u2019s \u2019"),
    ("1990\u20131995 \u2013 one\u2014two \u2212 5 two\u2010day",
     "1990\u20131995 \u2013 one \u2014 two \u2212 5 two\u2010day"),
    ("Well\u2026 \u00abOui\u00bb \u201ejawohl\u201c \u00bfqu\u00e9? \u00a1s\u00ed!",
     "Well \u2026 \u00ab Oui \u00bb \u201e jawohl \u201c \u00bf qu\u00e9 ? \u00a1 s\u00ed !"),
    # Full-width, mathematical and circled characters
    ("\uff35\uff0e\uff33\uff0e Mr\uff0e \uff2c\uff45\uff45\uff0c \uff21\uff06\uff22 (\uff11\uff0e\uff15)\uff01",
     "\uff35\uff0e\uff33\uff0e Mr\uff0e \uff2c\uff45\uff45 \uff0c \uff21\uff06\uff22 ( \uff11\uff0e\uff15 ) \uff01"),
    ("\U0001d409\U0001d428\U0001d427\u2019\U0001d42c \u24bf\u24de\u24d7\u24dd",
     "\U0001d409\U0001d428\U0001d427 \u2019\U0001d42c \u24bf\u24de\u24d7\u24dd"),
    # Other languages
    ("Österreichs Größe, Łódź, É. Zola", "Österreichs Größe , Łódź , É. Zola"),
    ("東京タワーは3月。", "東 京 タワーは3 月 。"),
    ("Москва, Ж. Петров", "Москва , Ж. Петров"),
    ("नमस्ते दुनिया।", "नमस्ते दुनिया ।"),
    ("5\u00bd km\u00b2 at 20\u00b0", "5\u00bd km\u00b2 at 20 \u00b0"),
    # Graphemes
    ("Cafe\u0301s' n\u0303", "Cafe\u0301s ' n\u0303"),
    (".\u0301. \u0301a", ".\u0301 . \u0301a"),
    (f"hi{FAMILY}{FAMILY}hi", f"hi {FAMILY} {FAMILY} hi"),
    (f"{FLAG_DE}{FLAG_FR}\U0001f1e9x", f"{FLAG_DE} {FLAG_FR} \U0001f1e9 x"),
    (f"{THUMB}\U0001f3fd{THUMB}", f"{THUMB}\U0001f3fd {THUMB}"),
    ("\u2764\ufe0f! 1\ufe0f\u20e3", "\u2764\ufe0f ! 1\ufe0f\u20e3"),
    # Zero-width and control characters, surrogates
    ("co\u00adop \ufeffOslo \u200b \u200b\u2060 it\u200b's", "co\u00adop Oslo it\u200b 's"),
    ("a\x00b \x7f", "a \x00 b \x7f"),
    ("a\ud800b \udfff", "a \ud800 b \udfff"),
]  # fmt: skip


# They need what follows or precedes them.
NOT_ALONE = set(
    "No. U.S Gen Jean-P. Maj.-Gen. Dipl.-Ing. U.S.A.F. U.N Iraq-U.N. aid-U.N J.-P. K.-C. p. Fig. Art.".split()
)
NOT_ALONE |= set("Mass. dr. st. 't 'N 'n 'n' ’n’ _john_ _john john_ a- __init__ foo.Bar".split())

# Text of the characters and strings that the grammar knows, and text of any characters.
FRAGMENTS = (
    *("a", "B", "\u00e9", "don't", "N'T", "'s", "\u2019", "'", '"', "U.S.", "Corp.", "Mr.", "The", "3.", ".5", "1,000"),
    *("K. He", "Berlin.The", "St.", "'s-H", "'n'", "__", "\u2013", "\u00b2", "(", "et al", "D-"),
    *(".", "..", "-", "--", "\u2014", "+", "&", "@", "/", ":", ",", "$", "US$", "http://x", "www.", "(", ")", "*", "_"),
    *("\u0301", "\u0903", "\u20dd", "\ufe0f", "\u200d", "\u200c", THUMB, "\U0001f3fd", "\u2764", "\U0001f1e9"),
    *("\u6771", "\u30bf", "\ud55c", "\u0e01\u0e33", "\u00bd", "\x00", "\x85", "\ud800", "\udfff", "\U0010ffff"),
    *(" ", " ", " ", "\n", "\u00a0", *ZERO_WIDTH),
)
TEXTS = st.one_of(st.text(st.characters()), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))


def splits_grapheme(text: str, border: int) -> bool:
    """Whether a border between two characters, neither of them white space, is within a grapheme; without `re`."""
    before, after = text[border - 1], text[border]
    if category(after)[0] == "M" or after in "\u200c\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    flags = 0
    while flags < border and "\U0001f1e6" <= text[border - 1 - flags] <= "\U0001f1ff":
        flags += 1
    if flags % 2 and "\U0001f1e6" <= after <= "\U0001f1ff":
        return True
    base = border - 2
    while base > 0 and (category(text[base])[0] == "M" or "\U0001f3fb" <= text[base] <= "\U0001f3ff"):
        base -= 1
    return before == "\u200d" and base >= 0 and category(text[base]) == category(after) == "So"


def check(text: str) -> list[Word]:
    """Checks what holds of the words of any text, and returns them."""
    words = split_words(text)
    end = 0
    cut = False
    for word in words:
        gap = text[end : word.start]
        assert end <= word.start < word.end
        assert all(char.isspace() or char in ZERO_WIDTH for char in gap)
        assert text[word.start : word.end] == word.text
        assert not any(char.isspace() for char in word.text)
        assert not all(char in ZERO_WIDTH for char in word.text)
        if end and not gap and not cut:
            assert not splits_grapheme(text, word.start)
        end, cut = word.end, len(word.text) == LONGEST
    assert all(char.isspace() or char in ZERO_WIDTH for char in text[end:])
    return words


@pytest.mark.parametrize(("text", "expected"), GRAMMAR)
def test_grammar(text: str, expected: str) -> None:
    words = check(text)
    assert [word.text for word in words] == expected.split()
    assert all(type(word) is Word for word in words)


@pytest.mark.parametrize("word", sorted({word for _, words in GRAMMAR for word in words.split()} - NOT_ALONE))
def test_a_word_alone_is_itself(word: str) -> None:
    assert [found.text for found in split_words(word)] == [word]


@given(TEXTS)
@example(f"\u200d{THUMB}")
@example(f"{THUMB}\u0301\u200d{THUMB}")
def test_words_cover_the_text_in_order(text: str) -> None:
    check(text)


@given(TEXTS, TEXTS)
def test_curly_apostrophes_split_as_straight_ones(left: str, right: str) -> None:
    curly = split_words(f"{left}\u2019{right}")
    straight = split_words(f"{left}'{right}")
    assert [word[1:] for word in curly] == [word[1:] for word in straight]


def test_every_character_alone_makes_a_word_unless_space_or_zero_width() -> None:
    chars = [char for char in map(chr, range(sys.maxunicode + 1)) if not char.isspace() and char not in ZERO_WIDTH]
    words = split_words("\n".join(chars))
    assert len(words) == len(chars)
    assert [ascii(char) for word, char in zip(words, chars, strict=True) if word.text != char] == []


def test_a_long_word_is_cut_between_graphemes() -> None:
    for grapheme in ("a", "e\u0301\u0302", FAMILY, "-", "n\u00ad\u0301", ".\u0301"):
        words = check(grapheme * 2000)
        assert max(word.end - word.start for word in words) <= LONGEST
        assert all(len(word.text) % len(grapheme) == 0 for word in words)
    assert [word.end for word in split_words("ab " + "c" * 2500)] == [2, 1003, 2003, 2503]


def test_a_grapheme_longer_than_a_word_may_be_is_cut() -> None:
    for text in ("e" + "\u0301" * 2500, f"{THUMB}\u200d" * 1250):
        assert [len(word.text) for word in split_words(text)][:2] == [LONGEST, LONGEST]


@pytest.mark.parametrize(
    "pattern",
    [
        *("a", ".", "'", '"', "-", "(", "@", "+", "$", "_", "1", "a.", "a'", "a@", "a-", "a&", "a/", "1,", "1/", "1:"),
        *("A.", "A$", "a.b. '", "A.' ", "U.S. ", 'U.S.\t"', "Inc.", "Inc.  ", "No. ", "3.\n", "\n3. ", "n't", "'s"),
        *("don't", ".5", "+.5", "http://", "http://.", "www.", "www.(", "a.-", "- ", " ", "\x00", "\ud800"),
        *("\u0301", "a\u0301", "\u200b", "\u200d", "a\u00ad", "\u2019", "n\u2019t", "\u2014", "\u6771", "\u00e9"),
        *(THUMB, f"{THUMB}\u200d", f"{THUMB}\u0301", "\U0001f1e9", "\u0301 "),
        *(
            "Ab.",
            "ab.Ab",
            "ab.Ab-",
            "ab.Ab'a",
            "Mr.",
            "Mr.Ab",
            "Mr.a-",
            "K. He ",
            "K. He  ",
            "K. He and ",
            "K.-",
            "a-U.N.",
        ),
        *("\u2013", "1\u2013", "\u00b2", "a\u00b2", "Ab\u00b2", "__", "a_", "_a", "@_", "@a_", "__a__", "a_.", "a_-"),
        *("'s-A", "'s-", "'t ", "'n' ", "'D-", "van't", "Ab- ", "Ab-  ", "Mass. ", ", Mass. ", "p. ", "dr. "),
    ],
)
@pytest.mark.parametrize("prefix", ["", "U.", "www."])
def test_time_is_linear_on_hostile_text(pattern: str, prefix: str) -> None:
    assert_linear(split_words, lambda size: prefix + pattern * (size // len(pattern)), 16_000)


def test_a_user_adds_abbreviations() -> None:
    split = word_splitter(["Cnslr", "Hptm.", "z.Hd.", "Señ", "ул", "incl.", "consul"])
    text = (
        "Cnslr. P, Hptm. B, z.Hd. C, Señ. D, ул. E, incl. F, consul. G, consult. H, CNSLR. I, да. J, Señor. K, Inc. L"
    )
    expected = (
        "Cnslr. P , Hptm. B , z.Hd. C , Señ. D , ул. E , incl. F , consul. G , consult . H , CNSLR . I , да . J , "
    )
    expected += "Señor . K , Inc. L"
    assert [word.text for word in split(text)] == expected.split()
    assert [word.text for word in split("by Cnslr. The ул. The Cnslr.")] == "by Cnslr . The ул . The Cnslr .".split()
    assert split(text) == pickle.loads(pickle.dumps(split))(text)
    assert word_splitter([]) is split_words


@given(TEXTS)
def test_a_user_s_abbreviations_lose_no_word(text: str) -> None:
    assert split_words(text) == word_splitter(["Qqqq", "ññññ"])(text)


def test_a_user_s_splitter_takes_linear_time() -> None:
    split = word_splitter(["Cnslr", "Señ", "z.Hd"])
    for pattern in ("Cnslr. ", "Señ.", "Señ. ", "z.Hd.", "é"):
        assert_linear(split, pattern.__mul__, 16_000 // len(pattern))
