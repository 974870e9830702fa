import re
from collections import Counter
from hashlib import sha256
from importlib.resources import files
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_export.texts.held_out import GENERATED_WORDS, LONGEST_LINE, held_out_lines
from albert_ner_export.texts.templates import generate, read_sections
from albert_ner_onnx.text.words import split_words

FOLDER = files("albert_ner_export.texts")
FIELD = re.compile(r"\{([^}]*)\}")


def read_lines(name: str) -> list[str]:
    return FOLDER.joinpath(name).read_text("utf-8").splitlines()


def count(lines: list[str]) -> int:
    return sum(len(split_words(line)) for line in lines)


def sequences(lines: list[str], length: int) -> set[tuple[str, ...]]:
    """Returns all runs of `length` words, in lower case."""
    words = [[word.text.lower() for word in split_words(line)] for line in lines]
    return {tuple(line[i : i + length]) for line in words for i in range(len(line) - length + 1)}


def test_there_are_enough_words_and_most_were_written_by_hand() -> None:
    lines = held_out_lines()
    generated = generate(GENERATED_WORDS)
    assert lines[-len(generated) :] == generated
    assert count(read_lines("held_out.txt")) >= 3000
    assert count(lines[: -len(generated)]) > 5500
    assert count(lines) >= 10_000
    assert count(generated) <= count(lines) / 2


def test_lines_are_unique_and_short() -> None:
    lines = held_out_lines()
    assert len(set(lines)) == len(lines)
    assert all(line == line.strip() and 1 <= len(split_words(line)) <= LONGEST_LINE <= 100 for line in lines)


def test_paragraphs_are_split_and_nothing_is_lost() -> None:
    written = held_out_lines()[: -len(generate(GENERATED_WORDS))]
    paragraphs = read_lines("verification.txt") + read_lines("held_out.txt")
    assert " ".join(written) == " ".join(paragraphs)
    assert max(len(split_words(line)) for line in paragraphs) > LONGEST_LINE


def test_calibration_does_not_see_it() -> None:
    """No line is in both texts, and no six words in a row."""
    calibration = read_lines("calibration.txt")
    assert not set(held_out_lines()) & set(calibration)
    assert not sequences(held_out_lines(), 6) & sequences(calibration, 6)


def test_entities_of_every_label() -> None:
    recognizer = albert_ner_onnx.load()
    labels = Counter(entity.label for entity in chain(*recognizer.recognize_batch(held_out_lines())))
    assert set(labels) == {"PER", "ORG", "LOC", "MISC"}
    assert min(labels.values()) >= 100
    assert labels.total() >= 1000


@pytest.mark.parametrize(("seed", "digest"), [(0, "06df56d26557de6d"), (1, "2d70bbaccbe75a04")])
def test_the_text_is_the_same_everywhere(seed: int, digest: str) -> None:
    text = "\n".join(generate(GENERATED_WORDS, seed))
    assert sha256(text.encode()).hexdigest().startswith(digest)


@given(st.integers(-5, 1500), st.integers(0, 1000), st.integers())
def test_more_words_only_add_sentences(words: int, more: int, seed: int) -> None:
    lines = generate(words, seed)
    assert count(lines) >= words
    assert count(lines[:-1]) < max(words, 1)
    assert generate(words + more, seed)[: len(lines)] == lines


@given(st.integers())
def test_sentences_are_filled_in_and_different(seed: int) -> None:
    lines = generate(1500, seed)
    assert len(set(lines)) == len(lines)
    assert not any(re.search(r"[{}]|\b[Aa] [AEIOUaeiou]", line) for line in lines)


def test_a_sentence_is_not_repeated() -> None:
    """One template makes only 252 different sentences, and is filled in more often."""
    lines = generate(130_000)
    assert len(set(lines)) == len(lines)
    assert count(lines) >= 130_000


def test_no_entry_twice_in_a_sentence() -> None:
    """The template with four cities is about flights, which don't end where they began."""
    cities = read_sections()["City"]
    flights = [line for line in generate(200_000) if line.startswith("Flights: ")]
    assert len(flights) > 100
    for line in flights:
        assert len({city for city in cities if f" {city} " in line}) == 4


def test_fields_follow_the_case_and_the_range_of_their_names() -> None:
    lines = generate(20_000)
    quakes = [match[1] for line in lines if (match := re.fullmatch(r"QUAKE SHAKES (.*) , NO VICTIMS REPORTED", line))]
    upper = {city.upper() for city in read_sections()["City"]}
    assert len(set(quakes)) > 5
    assert set(quakes) <= upper
    nations = {match[1] for line in lines if (match := re.fullmatch(r"lol .* is in (.*)", line))}
    assert nations <= {country.lower() for country in read_sections()["Country"]}
    assert len(nations) > 5
    scores = {match[1] for line in lines if (match := re.search(r"by noon .* was ahead by (\d+) points", line))}
    assert scores <= {str(number) for number in range(2, 10)}
    assert len(scores) > 4


def test_sections() -> None:
    sections = read_sections()
    for name, entries in sections.items():
        assert len(set(entries)) == len(entries), name
        assert all(entry == entry.strip() != "" for entry in entries), name
    total = Counter({name: len(entries) for name, entries in sections.items()})
    assert total["Template"] >= 60
    assert total["First"] >= 80
    assert total["Last"] >= 100
    assert total["City"] + total["Country"] >= 100
    assert sum(total[name] for name in ("Company", "Bank", "Team", "Body", "Society", "University")) >= 80
    assert sum(total[name] for name in ("Nationality", "Event", "Festival", "Prize", "Work", "Language")) >= 60


@pytest.mark.parametrize("template", read_sections()["Template"])
def test_each_template_has_fields_and_enough_entries_for_them(template: str) -> None:
    sections = read_sections()
    names = Counter(name.capitalize() for name in FIELD.findall(template) if not name[0].isdigit())
    assert names
    assert all(len(sections[name]) > needed for name, needed in names.items())
