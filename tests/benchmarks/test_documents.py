import json
from pathlib import Path

from albert_ner_onnx import load
from albert_ner_onnx.files.conll import read_conll_documents
from benchmarks.documents import Reading, changes, decoding_cost, longest, measure, read, stability, tables, tag
from toy_models import FP32

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OWN_TEXTS = Path(__file__).parents[2] / "export" / "albert_ner_export" / "texts"
SENTENCES = ["John B-PER\nlives O\n", "in O\nBerlin B-LOC\n", "Mary B-PER\n"]
FILE = f"-DOCSTART- O\n\n{SENTENCES[0]}\n{SENTENCES[1]}\n-DOCSTART- O\n\n{SENTENCES[2]}"


def test_figures_of_both_contexts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(FILE)
    documents = read_conll_documents(path)
    sentences = [sentence.words for document in documents for sentence in document]
    by_sentence, whole = load(FP32, context="sentence"), load(FP32, context="document")
    assert tag(by_sentence, documents) == by_sentence.tag(sentences)
    assert tag(whole, documents) == whole.tag_document(sentences[:2]) + whole.tag_document(sentences[2:])
    assert set(measure({"whole": whole}, documents)["whole"]) == {"fb1", "precision", "recall", "words_per_core_second"}
    cost = decoding_cost(documents, FP32)
    assert cost.keys() == {"argmax", "viterbi"}
    assert all(microseconds > 0 for microseconds in cost.values())


def test_a_reading_goes_by_sentences() -> None:
    first, second, third = read(load(), ["Ajax won.", "They play in Amsterdam. It rains in Berlin.", ""])
    assert (first.tags, list(first.scores)) == (["B-ORG", "O", "O"], [("ORG", 0, 4)])
    assert second.tags == ["O", "O", "O", "B-LOC", "O", "O", "O", "O", "B-LOC", "O"]
    assert list(second.scores) == [("LOC", 13, 22), ("LOC", 36, 42)]
    assert third == Reading([], {})


def test_changes_are_counted() -> None:
    before = Reading(["B-PER", "O", "B-LOC", "O"], {("PER", 0, 4): 0.5, ("LOC", 7, 9): 0.75})
    after = Reading(["B-PER", "O", "O", "O"], {("PER", 0, 4): 0.75, ("ORG", 10, 11): 0.5})
    assert changes([(before, after)]) == {
        "tags_kept": 75.0,
        "entities_kept": 50.0,
        "score_change_mean": 0.25,
        "score_change_99_percent": 0.25,
    }


def test_without_context_neighbours_change_nothing() -> None:
    found = stability(load(FP32, context="sentence"), [["John lives", "in Berlin"], ["Mary", "in it"]])
    same = {"tags_kept": 100.0, "entities_kept": 100.0, "score_change_mean": 0.0, "score_change_99_percent": 0.0}
    assert found == dict.fromkeys(("other_windows", "other_neighbours", "no_neighbours"), same)


def test_where_windows_fall_changes_less_than_other_neighbours() -> None:
    """Of long texts of our own, which the model is not sure of everywhere."""
    lines = (OWN_TEXTS / "held_out.txt").read_text("utf-8").splitlines()
    found = stability(load(context="document"), [lines[:40], lines[40:80]])
    windows, neighbours = found["other_windows"], found["other_neighbours"]
    assert windows["tags_kept"] > neighbours["tags_kept"]
    assert windows["entities_kept"] > neighbours["entities_kept"]
    assert windows["score_change_mean"] < neighbours["score_change_mean"]


def test_the_longest_documents(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(FILE)
    assert longest(read_conll_documents(path)) == [["John lives", "in Berlin"], ["Mary"]]


def test_the_readme_has_the_tables_of_the_result() -> None:
    readme = (BENCHMARKS / "README.md").read_text("utf-8")
    for table in tables(json.loads((BENCHMARKS / "results" / "documents.json").read_text("utf-8"))):
        assert f"\n{table}\n" in readme
