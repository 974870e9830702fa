from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import toy
from albert_ner_export import pipeline
from albert_ner_export.graph.run import Ids, Logits, run_model
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.texts.corpus import Corpus, own_corpus, read_corpus
from albert_ner_export.texts.sequences import CorpusReader, verification_lengths
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError, load
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.rules import CONLL
from albert_ner_onnx.text.words import split_words
from spark_nlp_archives import PIPELINE

TOKENIZER = describe_tokenizer(toy.tokenizer().encode(), len(toy.vocabulary()))
UNKNOWN = toy.vocabulary().index("[UNK]")
FULL_WIDTH = "\uff4a\uff4f\uff48\uff4e"


def reader(corpus: Corpus) -> CorpusReader:
    return CorpusReader(CONLL, TOKENIZER, corpus, 512)


@pytest.mark.parametrize("maximum", [3, 4, 8, 24, 100, 128, 511, 512, 1024])
def test_lengths_of_the_verification(maximum: int) -> None:
    lengths = verification_lengths(maximum)
    assert len(lengths) >= 200
    assert lengths.count(maximum) >= 2
    assert (min(lengths), max(lengths)) == (1, maximum)
    assert 6000 <= sum(lengths) < 6200


def test_sequences_of_the_verification() -> None:
    sequences = reader(own_corpus()).verification(24)
    assert [len(sequence.ids) for sequence in sequences] == list(verification_lengths(24))
    for sequence in sequences:
        assert sequence.ids[0] == TOKENIZER.cls_id
        assert len(sequence.ids) == 1 or sequence.ids[-1] == TOKENIZER.sep_id
        assert TOKENIZER.sep_id not in sequence.ids[:-1]
        assert len(sequence.first) == len(sequence.ids)
        assert not sequence.first[[0, -1]].any()
    assert len({sequence.ids.tobytes() for sequence in sequences if len(sequence.ids) > 9}) > 100


def test_first_pieces_are_the_words() -> None:
    """Special pieces are not, and every word that the tokenizer knows has one."""
    lines = reader(own_corpus())._read(own_corpus().calibration)
    assert len(lines) >= 200
    words = split_words(files("albert_ner_export.texts").joinpath("calibration.txt").read_text("utf-8"))
    assert sum(int(line.first.sum()) for line in lines) == pytest.approx(len(words), rel=0.01)


def test_the_exporter_reads_unknown_words_as_the_checkpoint_does() -> None:
    """Its gates compare with other runtimes, which don't read them in plain characters."""
    corpus = Corpus("x", [FULL_WIDTH], ["x"])
    (line,) = reader(corpus)._read(corpus.calibration)
    assert line.ids.tolist() == [UNKNOWN]
    assert CONLL.open_tokenizer(TOKENIZER.data, 9)([FULL_WIDTH]).ids.tolist() != [UNKNOWN]


def test_the_calibration_reaches_the_maximum_length() -> None:
    sequences = reader(own_corpus()).calibration(24)
    lengths = np.array([len(sequence.ids) for sequence in sequences])
    assert lengths.max() == 24
    assert (lengths == 24).sum() >= 4
    assert lengths.min() >= 3
    assert all(sequence.ids[0] == TOKENIZER.cls_id and sequence.ids[-1] == TOKENIZER.sep_id for sequence in sequences)


def test_the_held_out_text_is_read_to_its_end() -> None:
    """Lines that are longer than a sequence continue in the next; no word is lost or repeated."""
    texts = reader(own_corpus())
    words = [sum(int(part.first.sum()) for part in texts.held_out(maximum)) for maximum in (24, 512)]
    assert words[0] == words[1] > 9_000
    assert max(len(part.ids) for part in texts.held_out(24)) == 24


@pytest.mark.parametrize("lines", [["\u200b"] * 10, ["\u200b"] * 4 + ["John"], ["John"] * 4 + ["\u200b"]])
def test_lines_without_pieces_are_refused(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines))
    texts = reader(read_corpus(path))
    with pytest.raises(ExportError, match=r"text\.txt: the tokenizer finds no piece in its lines"):
        texts.calibration(24), texts.held_out(24)


@pytest.mark.parametrize("exact", [False, True])
def test_spark_nlps_texts_are_read_as_the_runtime_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    """The sequences for calibration and judging are those that the runtime gives the model for the same lines."""
    calibration = [
        '\u2581 Angela Merkel\'s half-time (U.S.) office--in "Berlin"...',
        "e\u0301\u0301 don't \U0001f600 visit\u2187St. Petersburg!",
        "\u2581 John\tSmith, Paris-based; 3.5% of A/B",
        "a word " * 100,  # truncated by the exact rules
    ]
    held_out = "\u2581 (New York) e\u0301\u0301's mayor's e-mail..."
    (tmp_path / "texts.txt").write_text("\n".join([*calibration, held_out]))
    given: list[list[list[int]]] = []

    def recording_run_model(model: bytes, sequences: Sequence[Ids]) -> list[Logits]:
        given.append([ids.tolist() for ids in sequences])
        return run_model(model, sequences)

    monkeypatch.setattr(pipeline, "run_model", recording_run_model)
    options = ExportOptions(
        calibration=tmp_path / "texts.txt", min_agreement=0, exact_spark_nlp=exact, max_sentence_length=128
    )
    export_model(PIPELINE, tmp_path / "out", options)
    recognizer = load(tmp_path / "out", workers=1)
    read: list[list[int]] = []

    def recording_run(self: Session, input_ids: Ids) -> Logits:
        read.extend(input_ids.tolist())
        return run(self, input_ids)

    run = Session.run
    monkeypatch.setattr(Session, "run", recording_run)
    for line in [*calibration, held_out]:
        recognizer.recognize(line)
    _, for_calibration, for_float32, for_int8 = given
    assert for_calibration[:3] == read[:3]
    assert for_float32 == for_int8 == read[-1:]
    if exact:
        assert for_calibration[:4] == read[:4]
