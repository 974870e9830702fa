"""Runs from end to end, inside this process."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import EntityRecognizer, InferenceError, InputError, load
from albert_ner_onnx.files.readers import chunking
from albert_ner_onnx.runs import Progress, Summary
from toy_models import FP32, INT8

Start = Callable[..., Summary]


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_finds_what_recognize_batch_finds(start: Start, source: Path, texts: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    summary = start(source, out)
    expected = [[entity.as_dict() for entity in entities] for entities in load(INT8).recognize_batch(texts)]
    found = records(out)
    assert [record["text"] for record in found] == texts
    assert [record["entities"] for record in found] == expected
    labels = Counter(entity["label"] for entities in expected for entity in entities)
    assert summary.entities == dict(sorted(labels.items()))
    assert summary.documents == len(texts)
    assert summary.words == sum(len(document.words) for document in load(INT8).analyze_batch(texts))
    assert summary.errors == 0
    assert left(tmp_path) == ["out.jsonl", "texts.txt"]


def test_processes_and_workers_give_the_same_bytes(start: Start, source: Path, tmp_path: Path) -> None:
    found = []
    for number, chosen in enumerate(({}, {"workers": 2}, {"processes": 2})):
        out = tmp_path / f"out{number}.jsonl"
        start(source, out, **chosen)
        found.append(out.read_bytes())
    assert found[0] == found[1] == found[2]


def test_progress_tells_how_far_the_output_is(start: Start, source: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    start(source, tmp_path / "out.jsonl", progress=seen.append)
    assert [each.counts.documents for each in seen] == [0, 10, 20, 21]
    assert (seen[0].bytes_read, seen[-1].bytes_read) == (0, source.stat().st_size)
    assert {each.total_bytes for each in seen} == {source.stat().st_size}


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.jsonl.gz"])
def test_an_empty_input(start: Start, tmp_path: Path, name: str) -> None:
    source, out = tmp_path / "empty.txt", tmp_path / name
    source.touch()
    summary = start(source, out)
    assert (summary.documents, summary.errors) == (0, 0)
    content = gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()
    assert content.count(b"\n") == (1 if name.endswith(".csv") else 0)


def test_compressed_output_holds_the_same(start: Start, source: Path, tmp_path: Path) -> None:
    start(source, tmp_path / "plain.jsonl")
    start(source, tmp_path / "packed.jsonl.gz")
    assert gzip.decompress((tmp_path / "packed.jsonl.gz").read_bytes()) == (tmp_path / "plain.jsonl").read_bytes()


def test_standard_output(start: Start, source: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    start(source, tmp_path / "out.jsonl")
    for output in (None, "-"):
        start(source, output)
        assert capfdbinary.readouterr().out == (tmp_path / "out.jsonl").read_bytes()


# --- Records that can't be answered -----------------------------------------------------------------------------------


def test_a_bad_record_is_an_error_record(start: Start, tmp_path: Path) -> None:
    source, out = tmp_path / "bad.txt", tmp_path / "out.jsonl"
    source.write_bytes(b"John\n\xff\nBerlin\n")
    seen: list[Progress] = []
    summary = start(source, out, progress=seen.append)
    assert (summary.documents, summary.errors) == (2, 1)
    good, bad, other = records(out)
    assert (good["text"], other["text"]) == ("John", "Berlin")
    assert bad["error"].startswith(f"{source}:2: ")
    assert [*seen[-1].errors] == [bad["error"]]


def test_where_the_model_fails_only_that_record_is_lost(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze_batch = EntityRecognizer.analyze_batch

    def fail(self: EntityRecognizer, texts: list[str]) -> object:
        if "poison" in texts:
            raise InferenceError("logits aren't finite")
        if "panic" in texts:
            raise ZeroDivisionError("unexpected")
        return analyze_batch(self, texts)

    monkeypatch.setattr(EntityRecognizer, "analyze_batch", fail)
    source, out = tmp_path / "texts.txt", tmp_path / "out.jsonl"
    source.write_text("John\npoison\nBerlin\npanic\n")
    summary = start(source, out)
    assert (summary.documents, summary.errors) == (2, 2)
    first, poison, third, panic = records(out)
    assert (first["text"], third["text"]) == ("John", "Berlin")
    assert poison["error"] == f"{source}:2: logits aren't finite"
    assert panic["error"] == f"{source}:4: ZeroDivisionError: unexpected"


def test_a_record_whose_field_the_entities_would_replace_is_not_answered(start: Start, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "John", "entities": 1}\n{"text": "Berlin"}\n')
    summary = start(source, out)
    assert (summary.documents, summary.words, summary.errors) == (1, 1, 1)
    taken, other = records(out)
    assert taken["error"].startswith(f"{source}:1: has a field 'entities' already; choose another name")
    assert other["text"] == "Berlin"
    named = start(source, tmp_path / "named.jsonl", entities_field="found")
    assert (named.documents, named.errors) == (2, 0)


def test_only_the_first_errors_of_a_chunk_are_kept_for_people(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 30)
    source = tmp_path / "bad.txt"
    source.write_bytes(b"\xff\n" * 30)
    seen: list[Progress] = []
    assert start(source, tmp_path / "out.jsonl", progress=seen.append).errors == 30
    assert [len(each.errors) for each in seen] == [0, 10]


# --- What is refused before anything is computed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"processes": 0}, "processes must be a whole number from 1 to"),
        ({"processes": True}, "processes must be a whole number from 1 to"),
        ({"processes": 2, "workers": 2}, "workers and threads can't be chosen together with processes"),
        ({"processes": 2, "threads": 2}, "workers and threads can't be chosen together with processes"),
        ({"output": None, "resume": True}, "resume needs an output file"),
        ({"inputs": "-", "resume": True}, "resume needs inputs that can be read again"),
        ({"output": "out.xyz"}, "out.xyz: its name doesn't tell a format"),
        ({"output": "nowhere/out.jsonl"}, "nowhere/out.jsonl: there is no folder nowhere"),
        ({"output": "folder.jsonl"}, "folder.jsonl: expected the name of a file, found something else"),
        ({"output": "there.jsonl"}, "there.jsonl: exists already; choose another name, or replace it with --overwrite"),
        ({"output": "texts.txt", "to_format": "redact"}, "texts.txt: is an input that would be written, too"),
        ({"output": ".", "to_format": "jsonl"}, ".: expected the name of a file to write, found a folder"),
        ({"output": "", "to_format": "jsonl"}, ".: expected the name of a file to write, found a folder"),
        ({"output": "out.txt", "to_format": "redact", "mapping": "out.txt"}, "out.txt: expected a mapping beside"),
        ({"output": "out.txt", "to_format": "redact", "mapping": "there.jsonl"}, "there.jsonl: exists already"),
        ({"keep": "PER"}, "keep must be a list or another iterable, not a single str"),
        ({"labels": ["XYZ"]}, "labels[0] must be one of"),
    ],
)
def test_what_is_refused(
    start: Start, source: Path, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(source.parent)
    Path("there.jsonl").write_text("kept")
    Path("folder.jsonl").mkdir()
    with pytest.raises(InputError) as caught:
        start(**{"inputs": "texts.txt", "output": "out.jsonl", **chosen})
    assert str(caught.value).startswith(message)
    assert left(source.parent) == ["folder.jsonl", "texts.txt", "there.jsonl"]
    assert Path("there.jsonl").read_text() == "kept"


def test_overwrite_replaces_the_output_only_when_it_is_complete(start: Start, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")

    def look(progress: Progress) -> None:
        assert out.read_text() == "old"

    start(source, out, overwrite=True, progress=look)
    assert len(records(out)) == 21


# --- The mapping of redact --------------------------------------------------------------------------------------------


def test_a_mapping_can_be_read_only_by_its_owner(start: Start, source: Path, tmp_path: Path) -> None:
    out, mapping = tmp_path / "out.txt", tmp_path / "mapping.jsonl"
    partial = tmp_path / "mapping.jsonl.partial"
    partial.touch(0o644)  # an older file, which others may read

    def look(progress: Progress) -> None:
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600

    start(source, out, to_format="redact", mapping=mapping, progress=look)
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    assert len(out.read_text("utf-8").splitlines()) == 21
    assert b"John" not in out.read_bytes()
    assert b"John" in mapping.read_bytes()
    assert left(tmp_path) == ["mapping.jsonl", "out.txt", "texts.txt"]


def test_a_mapping_beside_standard_output(
    start: Start, source: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for output, mapping in ((tmp_path / "out.txt", tmp_path / "one"), (None, tmp_path / "other")):
        start(source, output, to_format="redact", mapping=mapping)
    assert capfdbinary.readouterr().out == (tmp_path / "out.txt").read_bytes()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert left(tmp_path) == ["one", "other", "out.txt", "texts.txt"]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_partial_mapping_that_is_a_link_is_refused(start: Start, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "mapping.partial").symlink_to(target)
    with pytest.raises(OSError, match=r"mapping\.partial"):
        start(source, tmp_path / "out.txt", to_format="redact", mapping=tmp_path / "mapping")
    assert target.read_text() == "kept"


# --- Resuming: what must be the same ----------------------------------------------------------------------------------


def interrupt_after(chunks: int) -> Callable[[Progress], None]:
    def look(progress: Progress) -> None:
        if progress.counts.documents >= 10 * chunks:
            raise KeyboardInterrupt

    return look


@pytest.fixture
def interrupted(start: Start, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output of a run that was interrupted after its first chunk."""
    monkeypatch.chdir(source.parent)
    with pytest.raises(KeyboardInterrupt):
        start("texts.txt", "out.jsonl", progress=interrupt_after(1))
    return Path("out.jsonl")


def test_an_interrupted_run_leaves_what_it_has(interrupted: Path) -> None:
    assert left(Path()) == ["out.jsonl.partial", "out.jsonl.partial.json", "texts.txt"]
    assert len(records(Path("out.jsonl.partial"))) == 10
    assert json.loads(Path("out.jsonl.partial.json").read_text())["chunks"] == 1


@pytest.mark.parametrize("chosen", [{}, {"processes": 2}, {"workers": 2}])
def test_a_resumed_run_gives_the_same_bytes(start: Start, interrupted: Path, chosen: dict[str, Any]) -> None:
    seen: list[Progress] = []
    summary = start("texts.txt", interrupted, resume=True, progress=seen.append, **chosen)
    assert [each.counts.documents for each in seen] == [10, 20, 21]
    whole = start("texts.txt", "whole.jsonl")
    assert interrupted.read_bytes() == Path("whole.jsonl").read_bytes()
    for name in ("documents", "words", "entities", "errors"):
        assert getattr(summary, name) == getattr(whole, name)
    assert left(Path()) == ["out.jsonl", "texts.txt", "whole.jsonl"]


def test_resume_begins_where_there_is_nothing_to_resume(start: Start, source: Path, tmp_path: Path) -> None:
    start(source, tmp_path / "out.jsonl", resume=True)
    assert len(records(tmp_path / "out.jsonl")) == 21


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"context": "sentence"}, "another context: 'document' then, 'sentence' now"),
        ({"min_score": 0.5}, "another min_score: 0.0 then, 0.5 now"),
        ({"labels": ["PER"]}, "another labels: None then, ['PER'] now"),
        ({"to_format": "huggingface"}, "another to_format: 'jsonl' then, 'huggingface' now"),
        ({"per": "paragraph"}, "another per: 'line' then, 'paragraph' now"),
        ({"threads": 2}, "another threads: 1 then, 2 now"),
        ({"model": FP32}, "another model;"),
        ({"inputs": ["texts.txt", "more.txt"]}, "another inputs (their names, sizes or times of change);"),
    ],
)
def test_a_run_is_resumed_only_with_what_it_was_begun_with(
    start: Start, interrupted: Path, chosen: dict[str, Any], message: str
) -> None:
    Path("more.txt").write_text("Berlin\n")
    before = Path("out.jsonl.partial").read_bytes()
    with pytest.raises(InputError) as caught:
        start(**{"inputs": "texts.txt", "output": interrupted, "resume": True, **chosen})
    assert str(caught.value).startswith(f"out.jsonl.partial: can't be resumed, because it was begun with {message}")
    assert Path("out.jsonl.partial").read_bytes() == before


def test_a_changed_input_is_noticed(start: Start, interrupted: Path) -> None:
    os.utime("texts.txt", (1, 1))
    with pytest.raises(InputError, match="another inputs"):
        start("texts.txt", interrupted, resume=True)


def test_partial_output_isnt_thrown_away_by_mistake(start: Start, interrupted: Path) -> None:
    with pytest.raises(InputError, match=r"out.jsonl.partial: exists already, from a run that didn't end; go on with"):
        start("texts.txt", interrupted)
    start("texts.txt", interrupted, overwrite=True)
    assert len(records(interrupted)) == 21


def test_a_run_that_starts_again_keeps_nothing_of_longer_partial_output(start: Start, interrupted: Path) -> None:
    Path("texts.txt").write_text("John\n")
    start("texts.txt", interrupted, overwrite=True)
    assert [record["text"] for record in records(interrupted)] == ["John"]


def test_an_output_that_appeared_meanwhile_isnt_replaced(start: Start, interrupted: Path) -> None:
    interrupted.write_text("another's")
    with pytest.raises(InputError, match=r"out.jsonl: exists already"):
        start("texts.txt", interrupted, resume=True)
    assert interrupted.read_text() == "another's"
    start("texts.txt", interrupted, resume=True, overwrite=True)
    assert len(records(interrupted)) == 21


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: Path("out.jsonl.partial").unlink(), "should have"),
        (lambda: os.truncate("out.jsonl.partial", 10), "should have"),
        (lambda: Path("out.jsonl.partial.json").unlink(), "without a journal"),
        (lambda: Path("out.jsonl.partial.json").write_text("{}"), "isn't the journal of a run"),
        (lambda: os.truncate("out.jsonl.partial.json", 20), "isn't the journal of a run"),
    ],
)
def test_damaged_partial_output_is_refused(
    start: Start, interrupted: Path, damage: Callable[[], object], message: str
) -> None:
    damage()
    with pytest.raises(InputError, match=message) as caught:
        start("texts.txt", interrupted, resume=True)
    assert "start again with --overwrite" in str(caught.value)
    start("texts.txt", interrupted, overwrite=True)
    assert len(records(interrupted)) == 21


def test_two_runs_cant_write_one_output(start: Start, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    out = tmp_path / "out.jsonl"

    def start_another(progress: Progress) -> None:
        for chosen in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(InputError, match=r"out.jsonl.partial: another run is writing it"):
                start(source, out, **chosen)

    start(source, out, progress=start_another)
    assert len(records(out)) == 21
