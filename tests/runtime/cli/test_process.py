"""The process itself, with the model that comes with albert-ner-onnx."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import albert_ner_onnx

JOHN = "My name is John and I live in Berlin."


def _environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept | {"PYTHONPATH": str(Path(albert_ner_onnx.__file__).parents[1])} | variables


def _start(*argv: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "albert_ner_onnx", *argv],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=_environment(),
    )


def _run(*argv: str, given: bytes = b"", **variables: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "albert_ner_onnx", *argv]
    done = subprocess.run(command, input=given, capture_output=True, env=_environment(**variables), timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_help_imports_nothing_heavy() -> None:
    program = """
import sys
from albert_ner_onnx.cli import main
try:
    main(["--help"])
finally:
    print(*({"numpy", "onnxruntime", "tokenizers", "albert_ner_export"} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=_environment(), timeout=60)
    assert done.stderr.strip() == b""
    assert done.stdout.startswith(b"usage: albert-ner [recognize] [OPTION...] TEXT...\n")


def test_process_recognizes_a_text() -> None:
    status, out, err = _run(JOHN)
    assert (status, err) == (0, "")
    text, john, berlin = out.splitlines()
    assert text == JOHN
    assert john.split()[:2] == ["John", "PER"]
    assert berlin.split()[:2] == ["Berlin", "LOC"]


def test_process_writes_utf_8_whatever_the_locale() -> None:
    given = "Sie wohnt in Zürich.\n".encode()
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    status, out, err = _run("--json", "-", given=given, **plain)
    assert (status, err) == (0, "")
    assert json.loads(out)["text"] == "Sie wohnt in Zürich."
    assert "Zürich" in out


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_process_shows_a_path_that_is_not_utf_8(model: Path) -> None:
    folder = model.rename(model.with_name("a\udcff"))
    status, out, err = _run("info", "--model", str(folder))
    assert (status, err) == (0, "")
    assert out.endswith("a\\udcff\n")


def test_process_evaluates_and_informs(tmp_path: Path) -> None:
    path = tmp_path / "gold.conll"
    path.write_text("I O\nlive O\nin O\nBerlin I-LOC\n. O\n")
    status, out, _ = _run("evaluate", str(path))
    assert status == 0
    assert "\nprocessed 5 tokens with 1 phrases; found: 1 phrases; correct: 1.\n" in out
    status, compared, _ = _run("evaluate", str(path), "--compare", str(albert_ner_onnx.default_model()))
    assert status == 0
    assert "tags differ at 0 of 5 words" in compared
    status, out, err = _run("info")
    assert (status, err) == (0, "")
    assert "LOC, MISC, ORG, PER" in out


def test_process_scores_without_a_model() -> None:
    status, out, err = _run("score", "-", given=b"Berlin B-LOC B-LOC\n. O O\n")
    assert (status, err) == (0, "")
    assert out.startswith("processed 2 tokens with 1 phrases; found: 1 phrases; correct: 1.\n")
    assert _run("score", "missing") == (1, "", "albert-ner: error: missing: No such file or directory\n")


@pytest.mark.parametrize("argv", [["score", "-"], ["evaluate", "gold.conll"]])
def test_a_closed_pipe_ends_a_report_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    (tmp_path / "gold.conll").write_text("Berlin B-LOC\n. O\n")
    monkeypatch.chdir(tmp_path)
    read, write = os.pipe()
    os.close(read)
    process = _start(*argv, stdout=write)
    os.close(write)
    _, err = process.communicate(b"Berlin B-LOC B-LOC\n. O O\n", timeout=60)
    assert (process.returncode, err) == (141, b"")


@pytest.fixture
def pipe() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has answered its first line and waits for another one."""
    # Shells start background jobs with this signal ignored, and the process would inherit that
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = _start("--json", "-")
    signal.signal(signal.SIGINT, before)
    assert process.stdin
    assert process.stdout
    rescue = threading.Timer(60, process.kill)  # so that a test fails instead of hanging
    rescue.start()
    process.stdin.write(b"I live in Berlin.\n")
    process.stdin.flush()
    assert b'"Berlin"' in process.stdout.readline()
    yield process
    rescue.cancel()
    process.kill()
    process.communicate()


def test_a_line_is_answered_before_the_next_one_comes(pipe: subprocess.Popen[bytes]) -> None:
    out, err = pipe.communicate(b"\nJohn\n")  # the fixture has read the first answer
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["", "John"]
    assert (pipe.returncode, err) == (0, b"")


def test_a_paragraph_is_answered_when_its_blank_line_comes() -> None:
    process = _start("--json", "-", "--per", "paragraph")
    assert process.stdin
    assert process.stdout
    rescue = threading.Timer(60, process.kill)
    rescue.start()
    process.stdin.write(b"I live\nin Berlin.\n\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["text"] == "I live\nin Berlin."
    out, err = process.communicate(b"\nJohn")
    rescue.cancel()
    assert json.loads(out)["text"] == "John"
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--labels", "XYZ"], "labels[0] must be one of LOC, MISC, ORG, PER, found 'XYZ'"),
        (["--min-score", "XYZ=0.5"], "a label in min_score must be one of LOC, MISC, ORG, PER, found 'XYZ'"),
        (
            ["--min-score", "0.5", "--min-score", "XYZ=0.5"],
            "a label in min_score must be one of LOC, MISC, ORG, PER, found 'XYZ'",
        ),
        (["--abbreviations", "Det Insp"], "abbreviations[0] must be one word of letters, with stops between or after"),
    ],
)
def test_what_the_model_refuses(argv: list[str], message: str) -> None:
    status, out, err = _run(*argv, JOHN)
    assert (status, out) == (1, "")
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1


def test_thresholds_and_labels_choose_entities() -> None:
    for argv, found in {
        "--min-score 1": [],
        "--min-score 1 --min-score LOC=0.1": ["Berlin"],
        "--min-score PER=1": ["Berlin"],
        "--labels PER,ORG": ["John"],
    }.items():
        status, out, err = _run("--json", *argv.split(), JOHN)
        assert (status, err) == (0, "")
        assert [entity["text"] for entity in json.loads(out)["entities"]] == found


def test_interrupt_is_quiet(pipe: subprocess.Popen[bytes]) -> None:
    pipe.send_signal(signal.SIGINT)
    out, err = pipe.communicate()
    assert (pipe.returncode, out, err) == (130, b"", b"")


def test_closed_pipe_is_quiet(pipe: subprocess.Popen[bytes]) -> None:
    assert pipe.stdin
    assert pipe.stdout
    assert pipe.stderr
    pipe.stdout.close()
    pipe.stdin.write(b"John\n")
    pipe.stdin.flush()
    assert (pipe.wait(), pipe.stderr.read()) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("argv", [["--help"], ["info"], [JOHN]])
def test_full_disk(argv: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        process = _start(*argv, stdout=full.fileno())
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, b"albert-ner: error: No space left on device\n")


def test_closed_output() -> None:
    done = subprocess.run(
        f"{sys.executable} -m albert_ner_onnx x >&-", shell=True, capture_output=True, env=_environment(), timeout=60
    )
    assert (done.returncode, done.stderr) == (1, b"albert-ner: error: standard output is closed\n")
