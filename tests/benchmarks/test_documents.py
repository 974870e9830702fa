from pathlib import Path

from albert_ner_onnx import load
from albert_ner_onnx.formats import read_conll_documents
from benchmarks.documents import measure, stability, tag
from toy_packages import FP32

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
    assert set(measure(whole, documents)) == {"fb1", "precision", "recall", "words_per_core_second"}
    assert set(stability(by_sentence, documents).values()) == {100.0}
    assert stability(whole, documents)["same_tag_in_other_windows"] < 100
