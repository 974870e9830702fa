from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.metrics import classification_report

from albert_ner_onnx.cli import main
from albert_ner_onnx.model.manifest import SparkNlpSettings
from fakes import GOLD, GUESS, TAGS, FakeRecognizer, Terminal

CONLLEVAL = """\
processed 7 tokens with 3 phrases; found: 3 phrases; correct: 1.
accuracy:  50.00%; (non-O)
accuracy:  71.43%; precision:  33.33%; recall:  33.33%; FB1:  33.33
              LOC: precision: 100.00%; recall: 100.00%; FB1: 100.00  1
              ORG: precision:   0.00%; recall:   0.00%; FB1:   0.00  0
              PER: precision:   0.00%; recall:   0.00%; FB1:   0.00  2"""
CONFUSION = """\
phrases, gold down and found across:
                   LOC     ORG     PER  other borders  no phrase
          LOC        1       0       0              0          0
          ORG        0       0       1              0          0
          PER        0       0       0              1          0
other borders        0       0       1              0          0
    no phrase        0       0       0              0          0"""
ERRORS = """\
the 2 most frequent of 2 errors, gold -> found:
   1 × PER John Smith -> PER John
       sentence 0: [John Smith] is
   1 × ORG John -> PER John
       sentence 2: the [John]"""


def test_evaluate_prints_all_that_the_card_prints_and_the_errors(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], gold: Path
) -> None:
    assert main(["evaluate", str(gold)]) == 0
    out, err = capsys.readouterr()
    by_tag = classification_report(TAGS, GUESS, zero_division=0).removesuffix("\n")
    assert out == "\n\n".join([by_tag, CONLLEVAL, CONFUSION, ERRORS]) + "\n"
    assert err.startswith("3 sentences in ")
    assert "\r" not in err  # no progress bar, because this is not a terminal


@pytest.mark.parametrize(("limit", "shown"), [(0, 0), (1, 1), (9, 2)])
def test_evaluate_shows_the_number_of_errors_asked_for(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], gold: Path, limit: int, shown: int
) -> None:
    assert main(["evaluate", str(gold), "--errors", str(limit)]) == 0
    out = capsys.readouterr().out
    assert out.count(" × ") == shown
    assert (f"the {shown} most frequent of 2 errors" in out) == (limit > 0)


def test_evaluate_puts_the_most_frequent_error_first(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gold"
    path.write_text("Berlin O\n\n" + "say O\nJohn B-ORG\n\n" * 5)
    assert main(["evaluate", str(path), "--errors", "1"]) == 0
    assert capsys.readouterr().out.endswith(
        "the 1 most frequent of 2 errors, gold -> found:\n"
        "   5 × ORG John -> PER John\n"
        "       sentence 1: say [John]\n"
        "       sentence 2: say [John]\n"
        "       sentence 3: say [John]\n"
        "       and 2 more\n"
    )


def test_evaluate_json(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], gold: Path) -> None:
    assert main(["evaluate", str(gold), "--json", "--errors", "1"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["tags"] == classification_report(TAGS, GUESS, zero_division=0, output_dict=True)
    assert (record["words"], record["sentences"], record["gold"], record["correct"]) == (7, 3, 3, 1)
    assert record["f1"] == pytest.approx(1 / 3)
    assert record["confusion"]["ORG"]["PER"] == 1
    assert record["seconds"] >= 0
    assert record["different_errors"] == 2
    assert record["errors"] == [
        {
            "count": 1,
            "gold": [{"text": "John Smith", "label": "PER"}],
            "found": [{"text": "John", "label": "PER"}],
            "places": [{"sentence": 0, "start": 0, "end": 2}],
        }
    ]


def test_evaluate_escapes_what_controls_a_terminal(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gold"
    path.write_text("\x1b[31m\u0085 B-PER\n")
    assert main(["evaluate", str(path)]) == 0
    assert "sentence 0: [\\x1b[31m\\x85]\n" in capsys.readouterr().out
    assert main(["evaluate", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["errors"][0]["gold"][0]["text"] == "\x1b[31m\u0085"


@pytest.mark.parametrize("opening", ["I", "B"])
def test_evaluate_reads_iob1_and_iob2(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path, opening: str
) -> None:
    path = tmp_path / "gold.conll"
    path.write_text(f"John {opening}-PER\nSmith I-PER\nis O\n\nin O\nBerlin {opening}-LOC\n\n" * 400)
    assert main(["evaluate", str(path)]) == 0
    assert (
        "processed 2000 tokens with 800 phrases; found: 800 phrases; correct: 400.\n"
        "accuracy:  66.67%; (non-O)\n"
        "accuracy:  80.00%; precision:  50.00%; recall:  50.00%; FB1:  50.00\n"
        "              LOC: precision: 100.00%; recall: 100.00%; FB1: 100.00  400\n"
        "              PER: precision:   0.00%; recall:   0.00%; FB1:   0.00  400\n"
    ) in capsys.readouterr().out


@pytest.mark.parametrize("opening", ["I", "B", "own"])
@pytest.mark.parametrize(
    ("scheme", "guess", "own", "phrases", "accuracy"),
    [
        (
            "IOBES",
            "B-PER E-PER O S-LOC S-LOC B-ORG I-ORG",
            "B-PER E-PER O S-LOC S-LOC B-MISC E-MISC",
            "found: 4 phrases; correct: 3.",
            "71.43%",
        ),
        (
            "BILOU",
            "B-PER L-PER O U-LOC U-LOC B-ORG I-ORG",
            "B-PER L-PER O U-LOC U-LOC B-MISC L-MISC",
            "found: 4 phrases; correct: 3.",
            "71.43%",
        ),
        # Without prefixes, Berlin Paris is one phrase unless the file has a B-.
        (
            "none",
            "PER PER O LOC LOC ORG ORG",
            "PER PER O LOC B-LOC MISC MISC",
            "found: 3 phrases; correct: 1.",
            "57.14%",
        ),
        ("none", "O PER O LOC O ORG ORG", "PER PER O LOC B-LOC MISC MISC", "found: 3 phrases; correct: 1.", "28.57%"),
    ],
)
def test_evaluate_converts_both_sides_to_iob2_by_the_models_scheme(
    recognizer: FakeRecognizer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    scheme: str,
    guess: str,
    own: str,
    phrases: str,
    accuracy: str,
    opening: str,
) -> None:
    def tag(sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        return [guess.split() for _ in sentences]

    recognizer.manifest = replace(recognizer.manifest, scheme=scheme, tags=(*guess.split(), *own.split()))
    monkeypatch.setattr(recognizer, "tag", tag)
    iob = f"{opening}-PER I-PER O {opening}-LOC B-LOC {opening}-MISC I-MISC"
    words = "John Smith saw Berlin Paris the UN".split()
    path = tmp_path / "gold.conll"
    lines = zip(words, (own if opening == "own" else iob).split(), strict=True)
    path.write_text("".join(f"{word} {tag}\n" for word, tag in lines))
    assert main(["evaluate", str(path)]) == 0
    out = capsys.readouterr().out
    assert f"processed 7 tokens with 4 phrases; {phrases}\n" in out
    assert f"\naccuracy:  {accuracy}; precision" in out


def test_evaluate_refuses_tags_of_another_scheme(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gold"
    path.write_text("John U-PER\n")
    assert main(["evaluate", str(path)]) == 1
    assert "gold:1: expected the tag O, B-X or I-X in the last column, found 'U-PER'" in capsys.readouterr().err


def test_evaluate_reads_standard_input(
    recognizer: FakeRecognizer,
    capsys: pytest.CaptureFixture[str],
    gold: Path,
    standard_input: Callable[[bytes], None],
) -> None:
    assert main(["evaluate", str(gold)]) == 0
    report = capsys.readouterr().out
    standard_input(GOLD.encode("utf-16"))
    assert main(["evaluate", "-"]) == 0
    assert capsys.readouterr().out == report
    standard_input(b"John\n")
    assert main(["evaluate", "-"]) == 1
    assert "error: <stdin>:1: expected a word and its tag, found one column" in capsys.readouterr().err


def test_evaluate_reads_chosen_columns_and_leaves_out_comments(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], gold: Path, tmp_path: Path
) -> None:
    assert main(["evaluate", str(gold)]) == 0
    report = capsys.readouterr().out
    path = tmp_path / "numbered"
    sentences = [sentence.splitlines() for sentence in GOLD.split("\n\n")]
    path.write_text(
        "\n".join(
            "# a comment\n" + "".join(f"{n}\t{line.replace(' ', chr(9))}\tO\n" for n, line in enumerate(sentence, 1))
            for sentence in sentences
        )
    )
    for options, way_out in (
        ([], "leave out comments with --comments"),
        (["--comments"], "choose the words with --word-column 2 and the tags with --tag-column 3"),
        (["--comments", "--tag-column", "3"], "choose the words with --word-column 2"),
        (["--comments", "--word-column", "2"], "choose the tags with --tag-column 3"),
    ):
        assert main(["evaluate", str(path), *options]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.endswith(f"; {way_out}\n")
        assert err.count("\n") == 1
    assert main(["evaluate", str(path), "--comments", "--word-column", "2", "--tag-column", "-2"]) == 0
    assert capsys.readouterr().out == report


def test_evaluate_shows_a_bar_on_a_terminal(
    recognizer: FakeRecognizer, monkeypatch: pytest.MonkeyPatch, gold: Path
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert main(["evaluate", str(gold)]) == 0
    assert "3/3 sentences" in terminal.getvalue()
    assert terminal.getvalue().endswith("/s\n")


@pytest.mark.parametrize("count", ["-1", "x", "1.5", ""])
def test_errors_is_a_whole_number(capsys: pytest.CaptureFixture[str], count: str) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "x", f"--errors={count}"])
    assert f"argument --errors: expected a whole number, found '{count}'" in capsys.readouterr().err


def test_evaluate_with_context_reads_document_by_document(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gold.conll"
    path.write_text(f"-DOCSTART- O\n\n{GOLD}\n-DOCSTART- O\n\nBerlin B-LOC\n")
    assert main(["evaluate", str(path), "--decoder", "argmax"]) == 0
    alone = capsys.readouterr().out
    assert recognizer.documents == []
    assert recognizer.loaded["decoder"] == "argmax"
    assert main(["evaluate", str(path), "--context", "document"]) == 0
    assert recognizer.documents == [3, 1]
    assert recognizer.loaded["decoder"] is None
    assert capsys.readouterr().out == alone  # this recognizer ignores the context


def test_an_exact_spark_nlp_model_has_no_context(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], gold: Path
) -> None:
    settings = SparkNlpSettings(exact=True, masked_piece=None, white_list=None, has_no_schema=False)
    recognizer.manifest = replace(
        recognizer.manifest, spark_nlp=settings, word_splitter="spark-nlp", piece_rule="spark-nlp"
    )
    assert main(["evaluate", str(gold), "--context", "document"]) == 1
    assert "--context document: a model that answers exactly as Spark NLP does" in capsys.readouterr().err
