"""The whole path, on the embedded default and on toys whose window is 24 pieces."""

import gc
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, compress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx import EntityRecognizer, ModelError, load
from albert_ner_onnx.model.session import Session
from toy_models import FP32, INT8, IO, expected

DEFAULT = load()
TOYS = {model.name: load(model, decoder="argmax") for model in (FP32, INT8, IO)}  # as transformers decides
NEWS = [
    "My name is John and I live in Berlin.",
    "The U.N. said on Friday that Kofi Annan would fly from Geneva to New York.",
    "",
    "Shares of Siemens AG rose 3.5% in Frankfurt, while Renault fell.",
    "Nothing of interest happened.",
    "Ajax 3 Lens 1",
    "Brazilian striker Ronaldo joined Inter Milan for $27m.",
]
texts = st.text(st.characters() | st.sampled_from("aB.,'’-\u0301\u200d\ufe0f😀ﷺ \n\t\0\ud800"), max_size=60)


class Counting:
    """Stands in for a session and counts what it is asked to run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shapes: list[tuple[int, ...]] = []

    def run(self, input_ids: np.ndarray) -> np.ndarray:
        self.shapes.append(input_ids.shape)
        return self._session.run(input_ids)


@pytest.fixture
def counted() -> tuple[EntityRecognizer, Counting]:
    recognizer = load(INT8)
    counting = Counting(recognizer._classifier.session)
    recognizer._classifier = replace(recognizer._classifier, session=counting)  # type: ignore[arg-type]
    return recognizer, counting


def test_entities_of_real_text() -> None:
    found = [(entity.text, entity.label, entity.start, entity.end) for entity in DEFAULT.recognize(NEWS[0])]
    assert found == [("John", "PER", 11, 15), ("Berlin", "LOC", 30, 36)]
    assert all(0.9 < entity.score <= 1 for entity in DEFAULT.recognize(NEWS[0]))
    labels = [(entity.text, entity.label) for entity in DEFAULT.recognize(NEWS[1])]
    assert labels == [("U.N.", "ORG"), ("Kofi Annan", "PER"), ("Geneva", "LOC"), ("New York", "LOC")]


@pytest.mark.parametrize("name", TOYS)
def test_tags_are_those_of_transformers(name: str) -> None:
    data = expected()
    # Words that have no pieces have no tag of transformers', either
    kept = [[bool(word.strip("\u200b")) for word in sentence] for sentence in data["sentences"]]
    tags = [list(compress(*pair)) for pair in zip(TOYS[name].tag(data["sentences"]), kept, strict=True)]
    theirs = [list(compress(*pair)) for pair in zip(data["tags"][name], kept, strict=True)]
    if name == "int8":  # random weights, so many near ties: most tags, not all, survive quantization
        pairs = list(zip(chain(*tags), chain(*theirs), strict=True))
        assert sum(one == other for one, other in pairs) >= 0.85 * len(pairs)
    else:
        assert tags == theirs


@settings(max_examples=150)
@given(texts)
def test_offsets_on_any_unicode(text: str) -> None:
    for recognizer in (DEFAULT, *TOYS.values()):
        end = 0
        for entity in recognizer.recognize(text):
            assert text[entity.start : entity.end] == entity.text
            assert end <= entity.start < entity.end <= len(text)
            assert not entity.text[0].isspace()
            assert not entity.text[-1].isspace()
            assert 0 < entity.score <= 1
            end = entity.end


def test_score_is_the_probability_that_all_words_have_the_label() -> None:
    found = DEFAULT.analyze("Kofi Annan spoke.")
    (entity,) = found.entities
    of_label = [column for column, tag in enumerate(found.tag_set) if tag.endswith("-PER")]
    assert entity.score == pytest.approx(float(found.scores[:2, of_label].sum(axis=1).prod()))
    assert entity.tag_score == pytest.approx(float(found.scores.max(axis=1)[:2].mean()))
    assert entity.as_dict() == {"text": "Kofi Annan", "label": "PER", "start": 0, "end": 10, "score": entity.score}


def test_an_answer_does_not_depend_on_the_batch() -> None:
    alone = [DEFAULT.recognize(text) for text in NEWS]
    assert DEFAULT.recognize_batch(NEWS) == alone
    assert DEFAULT.recognize_batch(NEWS[::-1] * 3) == alone[::-1] * 3
    assert list(DEFAULT.stream(iter(NEWS))) == alone
    assert [document.entities for document in DEFAULT.analyze_batch(NEWS)] == alone
    assert DEFAULT.analyze_batch(NEWS) == list(DEFAULT.analyze_stream(NEWS)) == [*map(DEFAULT.analyze, NEWS)]
    for workers, threads in ((1, 1), (1, 2), (2, 2), (3, 1)):
        assert load(workers=workers, threads=threads).recognize_batch(NEWS) == alone


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from(["John", "in", "xyz", "3.5", ""]), max_size=60), max_size=12), st.randoms())
def test_tags_do_not_depend_on_the_batch(sentences: list[list[str]], random: Any) -> None:
    for toy in TOYS.values():
        alone = [toy.tag([words])[0] for words in sentences]
        assert toy.tag(sentences) == alone
        order = list(range(len(sentences)))
        random.shuffle(order)
        assert toy.tag([sentences[index] for index in order]) == [alone[index] for index in order]


def test_batches_are_of_equal_length_and_bounded(counted: tuple[EntityRecognizer, Counting]) -> None:
    recognizer, counting = counted
    recognizer.tag([["in"] * (1 + number % 3) for number in range(600)])
    assert sum(rows for rows, _ in counting.shapes) == 600
    assert {pieces for _, pieces in counting.shapes} == {3, 4, 5}
    assert max(rows * pieces for rows, pieces in counting.shapes) <= 512


@pytest.mark.parametrize("text", ["", " ", "\n\t \u00a0", "\u200b", "\u200b \ufeff"])
def test_nothing_to_read_calls_no_model(counted: tuple[EntityRecognizer, Counting], text: str) -> None:
    recognizer, counting = counted
    assert recognizer.recognize(text) == []
    assert recognizer.recognize_batch([text, text]) == [[], []]
    assert counting.shapes == []


def test_empty_lists(counted: tuple[EntityRecognizer, Counting]) -> None:
    recognizer, counting = counted
    assert recognizer.recognize_batch([]) == []
    assert list(recognizer.stream([])) == []
    assert recognizer.tag([]) == []
    assert recognizer.tag([[], [""], ["", "\u200b"]]) == [[], ["O"], ["O", "O"]]
    assert counting.shapes == []


@pytest.mark.parametrize("words", [21, 22, 23, 44, 200])
def test_around_the_window_every_word_gets_its_tag(words: int) -> None:
    """The toys take 22 pieces and two special ones."""
    for toy in TOYS.values():
        (tags,) = toy.tag([["in"] * words])
        assert len(tags) == words
        assert set(tags) <= set(toy.manifest.tags)


class Reading:
    """Stands in for a session whose answer is known: it tags each piece by what it is and nothing else."""

    def __init__(self, answers: dict[int, int], tags: int) -> None:
        self._answers, self._tags = answers, tags

    def run(self, input_ids: np.ndarray) -> np.ndarray:
        answers = np.vectorize(lambda piece: self._answers.get(piece, 0))(input_ids)
        return 9 * np.eye(self._tags, dtype=np.float32)[answers]


@pytest.mark.parametrize("stop", [". The", ", the"])  # windows of whole sentences; overlapping ones in a long sentence
@pytest.mark.parametrize("before", range(22))
def test_a_long_text_loses_cuts_and_doubles_no_entity(before: int, stop: str) -> None:
    """Entities planted so that each window border falls on, before and after one."""
    recognizer = load(FP32)
    encode = recognizer._classifier.read_pieces
    vocabulary = {word: encode([word]).ids.item() for word in ("john", "smith", "berlin")}
    tags = recognizer.manifest.tags
    answers = {"john": "B-PER", "smith": "I-PER", "berlin": "B-LOC"}
    reading = Reading({vocabulary[word]: tags.index(tag) for word, tag in answers.items()}, len(tags))
    recognizer._classifier = replace(recognizer._classifier, session=reading)  # type: ignore[arg-type]
    text = "the " * before + f"and John Smith lives in Berlin {stop} works of Paris " * 50
    found = recognizer.recognize(text)
    assert [(entity.text, entity.label) for entity in found] == [("John Smith", "PER"), ("Berlin", "LOC")] * 50
    assert [entity.start for entity in found if entity.label == "PER"] == [
        start for start in range(len(text)) if text.startswith("John Smith", start)
    ]


def test_a_word_longer_than_the_window_has_one_tag() -> None:
    for toy in TOYS.values():
        (tags,) = toy.tag([["in", "x" * 90, "in"]])
        assert len(tags) == 3


def test_many_threads_on_one_recognizer() -> None:
    wanted = [DEFAULT.recognize_batch(NEWS)] * 32
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda _: DEFAULT.recognize_batch(NEWS), range(32))) == wanted


@pytest.mark.parametrize(("workers", "threads"), [(None, 1), (1, 2)])
def test_pickling_and_repr(workers: int | None, threads: int) -> None:
    recognizer = load(INT8, workers=workers, threads=threads)
    copy = pickle.loads(pickle.dumps(recognizer))
    assert repr(copy) == repr(recognizer) == "EntityRecognizer('int8', int8)"
    assert copy.options == recognizer.options
    assert (copy.options.workers, copy.options.threads) == (workers, threads)
    assert copy.folder == recognizer.folder
    assert copy.recognize_batch(NEWS) == recognizer.recognize_batch(NEWS)


def test_a_model_with_unknown_rules_is_refused(tmp_path: Path) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    manifest = json.loads((model / "manifest.json").read_text("utf-8"))
    (model / "manifest.json").write_text(json.dumps(manifest | {"word_splitter": "moses"}), "utf-8")
    with pytest.raises(ModelError, match=f"^{re.escape(str(model))}: unknown word_splitter 'moses'"):
        load(model)


def test_a_model_given_by_a_relative_path_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(INT8, tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    recognizer = load("model")
    monkeypatch.chdir("/")
    assert pickle.loads(pickle.dumps(recognizer)).recognize_batch(NEWS) == recognizer.recognize_batch(NEWS)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_forked_child_gives_the_same(threads: int) -> None:
    """In a process of its own, as the one that runs the tests has threads of other libraries."""
    code = f"""if True:
        import os, albert_ner_onnx
        recognizer = albert_ner_onnx.load(threads={threads})
        texts = ["John lives in Berlin.", "A longer text about Kofi Annan."] * 20
        wanted = recognizer.recognize_batch(texts)
        child = os.fork()
        if not child:
            os._exit(0 if recognizer.recognize_batch(texts) == wanted else 1)
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60, env=environment)


def test_memory_does_not_grow_with_calls_of_random_shapes() -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    random = np.random.default_rng(0)
    toy = TOYS["int8"]

    def calls(number: int) -> None:
        for _ in range(number):
            toy.tag([["in"] * int(length) for length in random.integers(1, 40, int(random.integers(1, 6)))])

    calls(500)
    gc.collect()
    before = resident()
    calls(1000)
    gc.collect()
    assert resident() - before < 8_000_000


def test_io_tags_make_entities() -> None:
    labels = {entity.label for entity in TOYS["io-cased-relu"].recognize("John Smith lives in Berlin . " * 5)}
    assert labels <= {"GENE", "DRUG"}
    assert labels
