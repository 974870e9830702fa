"""The abbreviations whose full stop is part of the word, and the words that begin sentences.

The lists join those of Moses, Punkt and spaCy with what CoNLL-2003 and Reuters' style have. Each says what must follow,
because most of these are also words or names: `in Boston, Mass.`, but `He went to Mass.`; `Oct. 5`, `King Jr. said`.
An abbreviation is spelled as it is here; those of `TITLES` and `ABBREVIATIONS` may be in capitals, too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

TITLES: Final = (
    "Mr Mrs Ms Dr Prof Messrs Mme Mlle Gen Col Maj Capt Cmdr Lt Sgt Adm Gov Sen Rep Rev Hon St Ste Mt Ft"
).split()
"""Always keep their stop: `Mr. This`."""

ABBREVIATIONS: Final = (
    "Inc Corp Co Cos Ltd Bros Plc Jr Sr Dept Univ Assn Ave Blvd Rd Ph.D Vol Jan Feb Apr Jun Jul Aug Sept Sep Oct Nov "
    "Dec Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Kan Ky La Md Mich Minn Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt "
    "Wash Wis Wyo Ont Que"
).split()
"""Keep it unless the next word begins sentences."""

RANKS: Final = (
    "Mx Drs Profs Mmes Gens Cols Majs Capts Cdr Comdr Cdre Lts Sgts Cpl Pvt Pfc Sfc Spc Adml Ens Brig Govs Sens Reps "
    "Revs Sqn Ldr Flt Cllr Fr Br Bp Abp Msgr Rt Det Insp Supt Const Amb Atty Attys Pres Sec Secy Treas Asst Assoc Dep "
    "Dir Mgr Hr Hrn Frl Ing Dipl Sra Srta Sres Dña Esq Ret Lic Surg Hosp Ofc Ofcr Comm Commr Cmdt Cmsr Pte Gp Wg"
).split()
"""More titles, and ranks. They follow the rule of `CAPITALISED`."""

CAPITALISED: Final = (
    # First names as old firms write them
    "Wm Chas Geo Jas Jos Thos Robt Edw Benj "
    # Companies, bodies and degrees
    "Pty Cie Ges Intl Natl Mfg Mfrs Assocs Hldgs Grp Mgmt Svc Svcs Dist Sdn Bhd Ltda Cía Depts Inst Govt Cmte "
    "Ed.D Psy.D D.Phil M.Phil Litt.D LL.D LL.B LL.M B.Sc M.Sc D.Sc Sc.D Th.D B.Ed M.Ed B.Eng M.Eng Pharm.D S.p.A "
    # Places
    "Mts Mtn Mtns Pk Hwy Hwys Pkwy Expy Expwy Fwy Sq Apt Apts Bldg Bldgs Rte Av Aves Sts Hts Jct Ctr Cty Isl Pl Twp "
    "Nebr Kans Oreg W.Va N.Mex S.Dak N.Dak N.Car S.Car Alta Sask Nfld Qld Tas "
    # Times and numbers
    "Tues Thur Thurs Approx"
).split()
"""Like `ABBREVIATIONS`, but never in capitals, which may be an acronym: `charged by the SEC. Analysts said`."""

AMBIGUOUS: Final = "Mass Miss Ind Penn Ida Wed Mon Fri Sat Sun Thu Tue Mar".split()
"""Keep it after a comma and a blank (`Boston, Mass. The` is two sentences, though), or before what begins no sentence:
a comma, a bracket, a digit, a lower-case letter. Otherwise they are words or names: `actor Sean Penn. Critics`."""

BEFORE_NUMBERS: Final = (
    "No Nos no nos Nr nr Vols Art Arts Fig Figs fig figs Ch Chap Eq Eqs Ref Refs Sect Secs Para p".split()
)
"""Keep it before a digit only."""

SMALL: Final = "vs v etc vol approx al cf viz pp ca esp est dept govt incl ed eds".split()
"""Keep it unless the next word begins sentences."""

SMALL_TITLES: Final = "mr mrs ms dr prof st lt sgt capt sen gov".split()
"""Keep it before a capitalised word that doesn't begin sentences: `dr. Jones`."""

STARTERS: Final = (
    "A After Although An And As At Both But By For From He Her His However If In It Its On One Our She Since So Some "
    "That The Their Then There These They This Those To We What When While With You"
).split()
"""The words that begin sentences."""

SURNAMES: Final = "An But By He Her His In On One She So To We You".split()
"""Those of them that are surnames, too: `K. He`."""

ENDINGS: Final = (
    "Com Net Org Edu Info Biz Io Ai Tv Eu Uk Md Java Yaml Yml Json Xml Txt Pdf Doc Docx Xls Xlsx Ppt Pptx Csv Html Htm "
    "Js Jsx Ts Tsx Css Py Rb Rs Cpp Php Sh Bat Exe Dll Zip Rar Gz Tar Jpg Jpeg Png Gif Svg Log Ini Cfg Conf Toml Sql Db"
).split()
"""What files and addresses end in, after their stop: `README.Md`, `Booking.Com`."""

_IN_NAMES: Final = frozenset(
    "Inc Corp Co Cos Ltd Bros Jr Sr INC CORP CO COS LTD BROS JR SR Ltda Cía Bhd Esq Dept Univ Assn Ave Av Blvd Rd St "
    "Hwy Pkwy Sq Bldg Ph.D S.p.A Mfg Intl Inst Ala Ariz Calif Colo Conn Fla Ga Ill Kan Kans Ky La Mass Md Mich Minn "
    "Miss Mo Mont Neb Nebr Nev Okla Ore Oreg Pa Tenn Tex Va Vt Wash Wis Wyo Ont Que Alta Sask W.Va N.Mex S.Dak "
    "N.Dak".split()
)
"""The abbreviations that end names and are hardly ever written without their stop. Those that are names themselves are
left out: Amartya Sen, Noah's Ark, Sean Penn, LA."""


_DEGREES: Final = "Ph.D M.D M.A B.A M.Sc B.Sc M.B.A LL.B LL.M LL.D D.Phil J.D Ed.D Jr Sr".split()
_TITLES: Final = frozenset(f"{title}." for title in (*TITLES, *map(str.upper, TITLES), *RANKS, *_DEGREES))


def is_title(word: str) -> bool:
    """Tells whether a word is an abbreviated title or degree, with its stop: `Det.`, `Ph.D.`. It is no name alone."""
    return word in _TITLES


def takes_stop(word: str, abbreviations: Collection[str] = ()) -> bool:
    """Tells whether a full stop right after a word that ends a name is part of that name.

    Args:
        word: The last word of a name, without the stop.
        abbreviations: A user's own abbreviations, with or without their stop.

    Returns:
        True after dotted letters (`U.S`, `a.m`, `Iraq-U.N`), after the abbreviations that end names (`Inc`, `Jr`,
        `Calif`), and after a user's own. False after a single letter, as in `Malcolm X.`, after
        titles and months, and after ordinary words.
    """
    if word in abbreviations or f"{word}." in abbreviations:
        return True
    letters = word.rpartition("-")[2].split(".")
    if len(letters) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in letters):
        return True
    return word in _IN_NAMES
