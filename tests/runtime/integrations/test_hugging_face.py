"""The drop-in for transformers' pipeline, without transformers: shapes, laziness, arguments and errors."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import InputError, ModelError
from albert_ner_onnx.integrations.hugging_face import TokenClassificationPipeline, pipeline
from albert_ner_onnx.recognizer import PREFETCHED_TEXTS
from toy_models import FP32, IO

TEXTS = ["Kofi Annan flew to Geneva.", "", "Nothing happened.", "Ajax beat Arsenal in Amsterdam."]
RECOGNIZER = albert_ner_onnx.load(decoder="argmax")
GROUPS = TokenClassificationPipeline(RECOGNIZER, aggregation_strategy="simple")
WORDS = pipeline()
TOY = pipeline("ner", FP32)


def test_one_text_gives_a_list_and_several_give_lists() -> None:
    expected = [[entity.as_huggingface() for entity in each] for each in RECOGNIZER.recognize_batch(TEXTS)]
    assert [GROUPS(text) for text in TEXTS] == expected
    assert (
        GROUPS(TEXTS) == GROUPS(tuple(TEXTS)) == [*GROUPS(iter(TEXTS))] == [*GROUPS(text for text in TEXTS)] == expected
    )
    assert (GROUPS([]), GROUPS(()), [*GROUPS(iter(()))], GROUPS("")) == ([], [], [], [])
    assert [list(each) for each in expected[0]] == [["entity_group", "score", "word", "start", "end"]] * 2
    json.dumps(expected)


def test_without_a_strategy_words_are_answered() -> None:
    document = RECOGNIZER.analyze(TEXTS[0])
    found = WORDS(TEXTS[0])
    assert [(each["entity"], each["index"], each["word"]) for each in found] == [
        ("B-PER", 1, "Kofi"),
        ("I-PER", 2, "Annan"),
        ("B-LOC", 5, "Geneva"),
    ]
    assert {tuple(each) for each in found} == {("entity", "score", "index", "word", "start", "end")}
    assert [each["score"] for each in found] == [float(document.scores[each["index"] - 1].max()) for each in found]
    whole = WORDS(TEXTS[0], ignore_labels=[])
    assert [(each["word"], each["start"], each["end"]) for each in whole] == document.words
    assert [each["entity"] for each in whole] == document.tags
    assert WORDS(TEXTS[0], ignore_labels=["O", "B-PER"]) == found[1:]
    json.dumps(whole)


@given(st.text(st.sampled_from("aB .\n-'\u00ad&;"), max_size=30))
def test_everything_stands_where_it_says(text: str) -> None:
    for pipe, strategy in ((TOY, "none"), (TOY, "first"), (pipeline("ner", IO), "simple")):
        end = 0
        for each in pipe(text, aggregation_strategy=strategy, ignore_labels=[]):
            assert each["word"] == text[each["start"] : each["end"]]
            assert end <= each["start"] < each["end"]
            assert 0 <= each["score"] <= 1 + 1e-6
            end = each["end"]


def test_a_call_overrules_what_was_chosen_before() -> None:
    pipe = pipeline("ner", aggregation_strategy="first", ignore_labels=["O", "LOC"])
    assert [each["entity_group"] for each in pipe(TEXTS[0])] == ["PER"]
    assert [each["entity_group"] for each in pipe(TEXTS[0], ignore_labels=["PER"])] == ["O", "LOC", "O"]
    assert [each["entity"] for each in pipe(TEXTS[0], aggregation_strategy="none", ignore_labels=["O"])] == [
        "B-PER",
        "I-PER",
        "B-LOC",
    ]
    assert [each["entity_group"] for each in pipe(TEXTS[0])] == ["PER"]


def test_a_recognizer_and_its_options_are_kept() -> None:
    viterbi = albert_ner_onnx.load(labels=["LOC"])
    assert pipeline(model=viterbi).recognizer is viterbi
    assert [each["word"] for each in pipeline(model=viterbi)(TEXTS[0], aggregation_strategy="simple")] == ["Geneva"]
    assert WORDS.recognizer.options.decoder == "argmax"
    assert pipeline(decoder="viterbi", workers=1).recognizer.options.decoder == "viterbi"
    with pytest.raises(InputError, match="decoder: the recognizer is loaded already"):
        pipeline(model=viterbi, decoder="argmax")


def test_what_changes_nothing_is_taken() -> None:
    folder = albert_ner_onnx.default_model()
    pipe = pipeline(
        "token-classification",
        str(folder),
        tokenizer=str(folder),
        device=-1,
        batch_size=8,
        num_workers=2,
        stride=128,
        framework="pt",
        torch_dtype="auto",
        use_fast=True,
        aggregation_strategy="simple",
    )
    assert pipe(TEXTS, batch_size=64, num_workers=4, stride=16, offset_mapping=None) == GROUPS(TEXTS)


def test_no_text_is_cut_off() -> None:
    text = "Kofi Annan flew to Geneva with nobody. " * 300
    assert [each["start"] for each in GROUPS(text) if each["entity_group"] == "LOC"][-1] == text.rindex("Geneva")


def test_words_that_are_given() -> None:
    words = ["Kofi", "Annan", "", "left", "New York"]
    for delimiter, text in (
        (None, "Kofi Annan  left New York"),
        ("", "KofiAnnanleftNew York"),
        ("--", "--".join(words)),
    ):
        (found,) = GROUPS(words, is_split_into_words=True, delimiter=delimiter)
        assert [(each["start"], each["end"]) for each in found] == [
            (0, text.index("Annan") + 5),
            (text.index("New"), len(text)),
        ]
        assert all(each["word"] == text[each["start"] : each["end"]] for each in found)
    texts = [words, [], ["Ajax"]] * 200  # more than are read at once
    assert GROUPS(texts, is_split_into_words=True) == [*GROUPS(iter(texts), is_split_into_words=True)]
    assert [*map(len, GROUPS(texts, is_split_into_words=True))] == [2, 0, 1] * 200
    assert GROUPS([], is_split_into_words=True) == []


# --- Streams ----------------------------------------------------------------------------------------------------------


class Rows:
    """A data set as torch knows them: a length and items, which may never end; no iterator."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> str:
        return f"Text {index} from Geneva"


def test_a_data_set_is_as_long_as_it_says() -> None:
    found = GROUPS(Rows())
    assert len(found) == 3
    assert [each["start"] for (each,) in found] == [12, 12, 12]
    with pytest.raises(TypeError, match="has no len"):
        len(GROUPS(text for text in TEXTS))


@pytest.mark.parametrize("words", [False, True])
def test_a_stream_is_read_ahead_so_far_and_no_further(words: bool) -> None:
    read = 0

    def endless() -> Iterator[Any]:
        nonlocal read
        while True:
            read += 1
            yield ["Berlin"] if words else "Berlin"

    found = TOY(endless(), is_split_into_words=words)
    assert read == 0
    for _ in range(3):
        next(found)
    assert 3 <= read <= PREFETCHED_TEXTS


@pytest.mark.parametrize("words", [False, True])
def test_an_error_of_a_stream_comes_after_the_answers_before_it(words: bool) -> None:
    def failing() -> Iterator[Any]:
        for _ in range(3):
            yield ["Berlin"] if words else "Berlin"
        raise OSError("the file is gone")

    found = WORDS(failing(), is_split_into_words=words)
    assert [next(found)[0]["word"] for _ in range(3)] == ["Berlin"] * 3
    with pytest.raises(OSError, match="the file is gone"):
        next(found)
    wrong = WORDS(iter([["Berlin"], "Berlin"] if words else ["Berlin", None]), is_split_into_words=words)
    next(wrong)
    with pytest.raises(InputError, match=r"inputs\[1\] must be a " + ("list of words, found str" if words else "str")):
        next(wrong)


# --- Errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, "inputs must be a list or another iterable, found NoneType"),
        (b"Berlin", "inputs must be a str, found bytes"),
        ({"text": "Berlin"}, "inputs must be a list or another iterable, found dict, which gives its keys"),
        ({"Berlin"}, "inputs must be a list or another iterable in order, found set"),
        (["Berlin", 3], "inputs[1] must be a str, found int"),
        ([{"text": "Berlin"}], "inputs[0] must be a str, found dict; pass the field that has the texts, such as Key"),
        ([["Berlin"]], "inputs[0] must be a str, found list; if it holds words, pass is_split_into_words=True"),
    ],
)
def test_what_is_no_text(inputs: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        WORDS(inputs)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("Berlin", "inputs must be a list of words, found str"),
        ([["Berlin"], "Bonn"], "inputs[1] must be a list of words, found str"),
        ([["Berlin", None]], "inputs[0][1] must be a str, found NoneType"),
        (["Berlin", None], "inputs[0] must be a list of words, found str"),
    ],
)
def test_what_is_no_list_of_words(inputs: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        WORDS(inputs, is_split_into_words=True)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("strategy", ["average", "MAX"])
def test_strategies_over_pieces_are_refused_with_the_reason(strategy: str) -> None:
    message = (
        "none, simple, first, found '" + strategy.lower() + "': models are trained on the first piece of each word"
    )
    with pytest.raises(InputError, match=message):
        pipeline("ner", aggregation_strategy=strategy)
    with pytest.raises(InputError, match=message):
        WORDS("Berlin", aggregation_strategy=strategy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "text-classification"}, "task must be one of token-classification, ner, found 'text-classification'"),
        ({"aggregation_strategy": "last"}, "aggregation_strategy must be one of none, simple, first, found 'last'"),
        ({"aggregation_strategy": 1}, "aggregation_strategy must be one of none, simple, first, found 1"),
        ({"ignore_labels": "O"}, "ignore_labels must be a list or another iterable, not a single str"),
        ({"device": 0}, "device must be 'cpu' or -1, found 0: models run on the CPU"),
        ({"device": "cuda:0"}, "device must be 'cpu' or -1, found 'cuda:0'"),
        ({"tokenizer": "other/tokenizer"}, "tokenizer must be None or the same as model, found 'other/tokenizer'"),
        ({"model": object()}, "model must be a folder made by albert-ner export, found object"),
        ({"feature_extractor": "x"}, "feature_extractor: no such argument; load's options are workers"),
        ({"revision": "v1"}, "revision must be None where no model is named, found 'v1'"),
        ({"min_score": 2}, "min_score must be a number from 0 to 1"),
    ],
)
def test_arguments_that_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        pipeline(**arguments)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        pipeline("ner", tmp_path / "nothing")
    with pytest.raises(InputError, match="device, labels: no such argument of a call"):
        WORDS("Berlin", device=0, labels=["PER"])
    with pytest.raises(InputError, match="delimiter must be a str, found int"):
        WORDS(["Berlin"], is_split_into_words=True, delimiter=1)  # type: ignore[arg-type]


# --- Around it --------------------------------------------------------------------------------------------------------


def test_it_can_be_pickled() -> None:
    pipe = pickle.loads(pickle.dumps(pipeline("ner", aggregation_strategy="first", ignore_labels=["O", "LOC"])))
    assert [each["word"] for each in pipe(TEXTS[0])] == ["Kofi Annan"]


def test_neither_torch_nor_transformers_nor_an_extra_is_needed() -> None:
    code = """if True:
        import sys
        from albert_ner_onnx.integrations.hugging_face import pipeline
        pipe = pipeline("token-classification", aggregation_strategy="simple")
        print(pipe("Kofi Annan is here")[0]["word"], [each[0]["word"] for each in pipe(iter(["Bonn", "Rome"]))])
        heavy = {"torch", "transformers", "huggingface_hub", "pyarrow", "pandas", "datasets", "spacy", "onnx"}
        print(sorted(heavy.intersection(sys.modules)))
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "Kofi Annan ['Bonn', 'Rome']\n[]\n"), result.stderr
