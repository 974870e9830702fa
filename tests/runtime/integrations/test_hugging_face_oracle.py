"""The drop-in beside transformers' own pipeline on the same checkpoints: the released one, and a toy of random tags."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import toy
from albert_ner_onnx.integrations.hugging_face import TokenClassificationPipeline, pipeline
from toy_models import FP32

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from transformers.pipelines.pt_utils import KeyDataset  # noqa: E402
from transformers.pipelines.token_classification import AggregationStrategy  # noqa: E402

CHECKPOINT = Path(__file__).parents[3] / "checkpoints" / "albert-small-conll03"
INT8_SCORE = 0.03  # by which the int8 model's scores may differ from those of float32; 0.02 was measured
FLOAT_SCORE = 1e-4  # the same for float32
TEXTS = [
    "My name is Wolfgang and I live in Berlin.",
    "Hugging Face is a company based in New York City.",
    "Angela Merkel met Emmanuel Macron in Paris on Tuesday.",
    "The German chancellor spoke to reporters in Brussels.",
    "Manchester United beat Real Madrid in Munich.",
    "Reuters reported from London that oil prices fell.",
    "Nothing happened yesterday.",
    "Microsoft and Apple opened offices in Tokyo and Seoul.",
    "John Smith works for the World Bank in Washington.",
    "Roger Federer lost to Andy Murray at Wimbledon.",
    "She moved from Canada to South Africa with Peter Miller.",
    "General Motors shares rose 2 percent in New York.",
    "Chelsea signed a striker from Ajax.",
    "The dollar fell against the yen in Zurich.",
    "IBM and Siemens will work with the University of Cambridge.",
    "Zimbabwe's cricketers flew to Lahore",
    "Dutch police said Peter de Vries had left Amsterdam for Jakarta.",
    "John! and Dr. Zbigniew Brzezinski (Poland)",
    " \n",
]
WORDS = ["the", "in", "of", "john", "mary", "smith", "berlin", "paris", "lives", "works", "Johner", "parisin", "isiner"]
WORD_LISTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7)  # 22 pieces fit into the toy


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Torch's threads wait for each other for seconds where other tests run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def theirs() -> Any:
    return transformers.pipeline("token-classification", model=str(CHECKPOINT), device="cpu")


@pytest.fixture(scope="module")
def ours() -> TokenClassificationPipeline:
    return pipeline("token-classification", device="cpu")


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, TokenClassificationPipeline]:
    """The same float32 weights: in transformers, and here."""
    folder = toy.write_checkpoint(tmp_path_factory.mktemp("toy") / "checkpoint", seed=5)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), unk_token="[UNK]", model_max_length=24
    )
    model = transformers.AlbertForTokenClassification.from_pretrained(folder).eval()
    theirs = transformers.pipeline("ner", model=model, tokenizer=tokenizer, device="cpu")
    return theirs, pipeline("ner", FP32)


def assert_equal(theirs: list[dict[str, Any]], ours: list[dict[str, Any]], score: float) -> None:
    """Holds that everything is equal, the order of keys included, but case and blanks of a word made from pieces."""
    assert [list(each) for each in ours] == [list(each) for each in theirs]
    assert [comparable(each) for each in ours] == [comparable(each) for each in theirs]
    assert [each["score"] for each in ours] == pytest.approx([float(each["score"]) for each in theirs], abs=score)
    assert {type(each["score"]) for each in ours} <= {float}


def comparable(each: dict[str, Any]) -> dict[str, Any]:
    return {**each, "score": 0, "word": each["word"].lower().replace(" ", "").replace("##", "")}


def first_pieces(answer: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["entity"], each["start"]) for each in answer if not each["word"].startswith("##")]


# --- The checkpoint that the package's model was made from ------------------------------------------------------------


@pytest.mark.parametrize("ignored", [["O"], [], ["O", "PER"], ("LOC",)], ids=str)
def test_first_is_first(theirs: Any, ours: TokenClassificationPipeline, ignored: Any) -> None:
    options: dict[str, Any] = {"aggregation_strategy": "first", "ignore_labels": ignored}
    for text, one, other in zip(TEXTS, theirs(TEXTS, **options), ours(TEXTS, **options), strict=True):
        assert_equal(one, other, INT8_SCORE)
        assert [each["word"] for each in other] == [text[each["start"] : each["end"]] for each in other]


def test_simple_differs_only_where_the_pieces_of_a_word_disagree(
    theirs: Any, ours: TokenClassificationPipeline
) -> None:
    split = "John! and Dr. Zbigniew Brzezinski (Poland)"
    for text in TEXTS:
        if text != split:
            options: dict[str, Any] = {"aggregation_strategy": "simple"}
            assert_equal(theirs(text, **options), ours(text, **options), INT8_SCORE)
    words = ["John!", "z", "##bigniew brzezinski", "Poland"]
    assert [each["word"].lower() for each in theirs(split, aggregation_strategy="simple")] == [*map(str.lower, words)]
    assert [each["word"] for each in ours(split, aggregation_strategy="simple")] == [
        "John!",
        "Zbigniew Brzezinski",
        "Poland",
    ]


def test_none_gives_words_where_transformers_gives_pieces(theirs: Any, ours: TokenClassificationPipeline) -> None:
    whole = 0
    for text, one, other in zip(TEXTS, theirs(TEXTS), ours(TEXTS), strict=True):
        if any(piece.startswith("##") for piece in theirs.tokenizer.tokenize(text)):
            if "Zbigniew" not in text:  # its second piece begins a name of its own
                assert [(each["entity"], each["start"]) for each in other] == first_pieces(one)
        elif text.count("'") == 0:  # `'s` is one word of two pieces
            assert_equal(one, other, INT8_SCORE)
            whole += bool(one)
    assert whole >= 9


@pytest.mark.parametrize("delimiter", [None, "", " | "])
@pytest.mark.parametrize("strategy", ["first", "simple"])
def test_words_that_are_given(
    theirs: Any, ours: TokenClassificationPipeline, strategy: str, delimiter: str | None
) -> None:
    def places(answer: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
        return [(each["entity_group"], each["start"], each["end"]) for each in answer]

    words = ["Angela", "Merkel", "left", "New York", "for", "Berlin", "."]
    options: dict[str, Any] = {"aggregation_strategy": strategy, "delimiter": delimiter, "is_split_into_words": True}
    for inputs in (words, [words], [words, ["Ajax"], words[3:]]):
        expected, found = theirs(inputs, **options), ours(inputs, **options)
        assert [*map(places, found)] == [*map(places, expected)]


def test_old_arguments_and_the_enumeration(theirs: Any, ours: TokenClassificationPipeline) -> None:
    text = "Angela Merkel met Emmanuel Macron in Paris on Tuesday."
    for options in (
        {"grouped_entities": True},
        {"grouped_entities": True, "ignore_subwords": True},
        {"aggregation_strategy": AggregationStrategy.FIRST},
        {"aggregation_strategy": "FIRST"},
    ):
        if "grouped_entities" in options:
            with pytest.warns(UserWarning, match="is deprecated"):
                expected = theirs(text, **options)
        else:
            expected = theirs(text, **options)
        assert_equal(expected, ours(text, **options), INT8_SCORE)
    with pytest.warns(UserWarning, match="is deprecated"):
        expected = theirs(text, grouped_entities=False)
    assert list(ours(text, grouped_entities=False)[0]) == list(expected[0])


def test_data_sets_and_generators(theirs: Any, ours: TokenClassificationPipeline) -> None:
    rows: Any = [{"text": text, "id": index} for index, text in enumerate(TEXTS)]
    options: dict[str, Any] = {"aggregation_strategy": "first", "batch_size": 4, "num_workers": 0}
    found = ours(KeyDataset(rows, "text"), **options)
    assert len(found) == len(theirs(KeyDataset(rows, "text"))) == len(TEXTS)
    assert [*found] == ours(TEXTS, aggregation_strategy="first")
    for one, other in zip(
        theirs((text for text in TEXTS), **options), ours((text for text in TEXTS), **options), strict=True
    ):
        assert_equal(one, other, INT8_SCORE)


def test_a_data_set_ends_where_its_length_says(theirs: Any, ours: TokenClassificationPipeline) -> None:
    class Examples(torch.utils.data.Dataset):  # type: ignore[misc, name-defined]  # as in transformers' documentation
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> str:
            return f"Example {index} from Berlin"

    class Stream(torch.utils.data.IterableDataset):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[str]:
            return iter(["Example from Paris", "Example from Bonn"])

    expected = islice(theirs(Examples()), 3)  # theirs never ends: it asks for items until one is missing
    assert [[each["start"] for each in answer] for answer in ours(Examples())] == [
        [each["start"] for each in answer] for answer in expected
    ]
    assert [answer[0]["word"] for answer in ours(Stream())] == ["Paris", "Bonn"]


@pytest.mark.parametrize("wrong", [None, 3, [None], ["a", 3], {"a": "b"}, b"a"], ids=repr)
def test_what_transformers_refuses_is_refused(theirs: Any, ours: TokenClassificationPipeline, wrong: Any) -> None:
    for pipe in (theirs, ours):
        with pytest.raises(ValueError):  # noqa: PT011 (two libraries' messages)
            pipe(wrong)


# --- Random tags in float32 -------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(WORD_LISTS, st.sampled_from([["O"], []]))
def test_random_tags_are_grouped_and_scored_as_there(
    toys: tuple[Any, TokenClassificationPipeline], words: list[str], ignored: list[str]
) -> None:
    theirs, ours = toys
    text = " ".join(words)
    options: dict[str, Any] = {"aggregation_strategy": "first", "ignore_labels": ignored}
    expected = theirs(text, **options)
    assert_equal(expected, ours(text, **options), FLOAT_SCORE)
    (found,) = ours(words, is_split_into_words=True, **options)
    assert_equal(expected, found, FLOAT_SCORE)
    pieces = theirs(text, ignore_labels=ignored)
    found = ours(text, ignore_labels=ignored)
    assert [(each["entity"], each["start"]) for each in found] == [
        pair for pair in first_pieces(theirs(text, ignore_labels=[])) if pair[0] not in ignored
    ]
    assume(not any(piece.startswith("##") for piece in theirs.tokenizer.tokenize(text)))
    assert_equal(pieces, found, FLOAT_SCORE)
    options["aggregation_strategy"] = "simple"
    assert_equal(theirs(text, **options), ours(text, **options), FLOAT_SCORE)
