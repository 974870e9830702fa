from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.process import PeerProcess
from benchmarks.throughput import as_documents, measure_set, read_sets, sample, table


class Timed:
    """A worker that takes so many seconds by the size of the batch."""

    def __init__(self, **seconds: float) -> None:
        self._seconds = seconds

    def call(self, do: str, **arguments: Any) -> float:
        return self._seconds[f"batch{arguments['batch']}"]


def test_best_batch_rate_and_ratio() -> None:
    processes = {"ours": Timed(batch1=2.0), "other": Timed(batch1=5.0, batch8=3.0, batch16=4.0)}
    found = measure_set(
        cast(dict[str, PeerProcess], processes), "texts", 300, {"ours": (1,), "other": (1, 8, 16)}, rounds=3
    )
    assert (found["ours"]["texts_per_second"], found["ours"]["ratio"]) == (150, 1)
    other = found["other"]
    assert (other["batch"], other["texts_per_second"], other["ratio"]) == (8, 100, 1.5)
    assert other["tried_seconds"] == {1: 5, 8: 3, 16: 4}
    record = {
        "peers": {"ours": {"setup": ""}, "other": {"setup": ""}, "third": {"missing": "not installed"}},
        "agreement": {"CoNLL sentences": {"ours": 0.9994}},
        "sets": {"all CoNLL sentences": {"texts": 300, "words": 4500, "peers": found}},
    }
    text = table(record)
    assert "| ours | its own | 150.0 | 2250 | 1.00× | 1.00–1.00 | 99.94 |" in text
    assert "| other | 8 | 100.0 | 1500 | 1.50× | 1.50–1.50 | another model |" in text
    assert text.endswith("third: not measured, not installed")


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 200))
def test_documents_hold_all_sentences_in_order(lengths: list[int], words: int) -> None:
    sentences = [" ".join([f"w{index}"] * length) for index, length in enumerate(lengths)]
    documents = as_documents(sentences, words)
    assert " ".join(documents) == " ".join(sentences)
    assert all(len(document.split()) < words + 40 for document in documents)


def test_samples_are_always_the_same() -> None:
    texts = [str(number) for number in range(100)]
    chosen = sample(texts, 10)
    assert chosen == sample(texts, 10)
    assert len(set(chosen)) == 10
    assert chosen != texts[:10]
    assert sorted(sample(texts, 300)) == sorted(texts)


@pytest.mark.parametrize(("quick", "number"), [(True, 50), (False, 300)])
def test_sets(tmp_path: Path, quick: bool, number: int) -> None:
    file = tmp_path / "file"
    file.write_text("John B-PER\nlives O\n\nin O\nBerlin B-LOC\n")
    sets = read_sets(file, quick)
    assert sorted(sets["CoNLL sentences"]) == ["John lives", "in Berlin"]
    assert len(sets["our own sentences"]) == number
    assert "CoNLL sentences" not in read_sets(None, quick)
    assert all(len(text.split()) > 500 for text in sets["long documents"])
