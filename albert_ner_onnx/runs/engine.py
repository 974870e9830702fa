"""Runs: records are read, answered and written, a chunk at a time."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import albert_ner_onnx
from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.compression import compress, compression_of, without_suffix
from albert_ner_onnx.files.readers import InputOptions, Inputs, open_inputs
from albert_ner_onnx.files.writers import Counts, WriterOptions, choose_format, open_writer
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.options import most_threads
from albert_ner_onnx.recognizer import EntityRecognizer
from albert_ner_onnx.runs.answering import ChunkAnswerer, compress_part
from albert_ner_onnx.runs.job import describe_job
from albert_ner_onnx.runs.output import FileOutput, Output, StreamOutput
from albert_ner_onnx.runs.partial import partial_path
from albert_ner_onnx.runs.processes import map_in_processes
from albert_ner_onnx.runs.summary import Summary

StrPath: TypeAlias = str | os.PathLike[str]
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        bytes_read: Bytes of the inputs, as they are stored, up to the records that are answered and written.
        total_bytes: Bytes of all inputs; `None` if one of them is a pipe.
        counts: What was found so far: `documents`, `words`, `entities` by label, `errors`.
        errors: The messages of the first 10 records of the last chunk that couldn't be answered.
    """

    bytes_read: int
    total_bytes: int | None
    counts: Counts
    errors: Sequence[str] = ()


def run(
    inputs: StrPath | Sequence[StrPath],
    output: StrPath | None = None,
    *,
    model: StrPath | None = None,
    from_format: str | None = None,
    field: str | None = None,
    per: str = "line",
    word_column: int | None = None,
    comments: bool = False,
    to_format: str | None = None,
    entities_field: str = "entities",
    numbered: bool = False,
    keep: Collection[str] = (),
    mapping: StrPath | None = None,
    resume: bool = False,
    overwrite: bool = False,
    processes: int = 1,
    progress: Callable[[Progress], object] | None = None,
    **options: Any,
) -> Summary:
    """Recognizes the entities of all records of files, and writes them into a file.

    The output appears under its name when it is complete. Until then it grows as `OUTPUT.partial`, beside a journal,
    `OUTPUT.partial.json`, which tells how much of it is done. A record that can't be read or answered has an error in
    the output and doesn't end the run.

    Args:
        inputs: Files, directories, globs, or `-` for standard input.
        output: The file to write. `None` or `-` is standard output, in JSON Lines unless `to_format` says otherwise.
        model: As for `albert_ner_onnx.load`.
        from_format: The format of the inputs. The default is what their names say.
        field: Where a record's text is: the path of a field of JSON Lines, such as `a.b`, or the name of a column. The
            default is `text`.
        per: What is a record of a text file: `line`, `paragraph` or `file`.
        word_column: The number of the words' column in CoNLL, from 1. The default is the first.
        comments: Whether lines of CoNLL that start with `#` are comments.
        to_format: The format of the output. The default is what its name says.
        entities_field: The name of the field or column that holds the entities.
        numbered: Whether `redact` numbers its placeholders, such as `[PER_1]`, consistently within a document.
        keep: Labels of the entities that `redact` leaves as they are.
        mapping: A file for what the placeholders of `redact` stand for, readable only by its owner.
        resume: Go on with the partial output of a run that was killed; begin if there is none. The result has the same
            bytes as that of a run that wasn't killed.
        overwrite: Replace the output if there is one, and start again unless partial output is resumed.
        processes: How many processes answer chunks. With more than one, each loads the model and makes one call at a
            time, with one thread. A script that uses this needs `if __name__ == "__main__":` around its calls, as with
            all of Python's multiprocessing.
        progress: Is called after each chunk, and before the first.
        **options: Those of `albert_ner_onnx.load`: `workers`, `decoder`, `labels` and so on.

    Returns:
        What was found, over all attempts if the run was resumed.

    Raises:
        InputError: An option or an input can't be used; a file is in the way; or partial output can't be resumed,
            because something that decides its bytes has changed.
        ModelError: There is no such model, or it is damaged.
        InferenceError: One of several processes was killed. The run can be resumed.
        MissingExtraError: A format needs a library that isn't installed.
        OSError: The output can't be written. The run can be resumed.
    """
    patterns = [os.fspath(each) for each in ([inputs] if isinstance(inputs, str | os.PathLike) else inputs)]
    out = None if output is None or os.fspath(output) == STANDARD_OUTPUT else Path(output)
    mapping_path = None if mapping is None else Path(mapping)
    _check_processes(processes, options)
    reading = InputOptions(from_format, field, per, word_column, comments)
    found = open_inputs(patterns, reading)
    _check_places(found, out, mapping_path, resume=resume)
    recognizer = albert_ner_onnx.load(model, **options)
    writing = WriterOptions(
        entities_field=entities_field,
        numbered=numbered,
        keep=tuple(iterate(keep, "keep")),
        mapping=mapping is not None,
        white_list=recognizer.options.labels,
    )
    answerer = _open_answerer(recognizer, out, to_format, writing, found.shape)
    if out is None:
        target: Output = StreamOutput(sys.stdout.buffer, mapping_path, overwrite=overwrite)
    else:
        described = {"format": found.shape.format, "field": found.shape.field, "to_format": answerer.format}
        choices = asdict(reading) | asdict(writing) | described | {"mapping": mapping and os.fspath(mapping)}
        job = describe_job(found, recognizer, choices)
        target = FileOutput(out, mapping_path, job, resume=resume, overwrite=overwrite)
    with target, _way_out(can_be_resumed=out is not None and found.total_bytes is not None):
        if not target.journal.complete:
            _answer_all(found, target, answerer, processes, progress or (lambda _: None))
        target.put_in_place(answerer.writer.finish)
    counts = target.journal.counts
    return Summary(
        documents=counts.documents,
        words=counts.words,
        entities=counts.entities,
        errors=counts.errors,
        seconds=target.journal.seconds,
    )


def _answer_all(
    inputs: Inputs,
    output: Output,
    answerer: ChunkAnswerer,
    processes: int,
    progress: Callable[[Progress], object],
) -> None:
    """Answers all chunks that the output doesn't have yet, and ends it."""
    writer, compression = answerer.writer, answerer.compression
    read: deque[int] = deque()  # how far the inputs were read when each chunk was complete that isn't written yet

    def chunks() -> Iterator[Chunk]:
        for chunk in waiting:
            read.append(inputs.bytes_read)
            yield chunk

    waiting = inputs.chunks()
    for _ in islice(waiting, output.journal.chunks):
        pass

    def report(bytes_read: int, errors: Sequence[str] = ()) -> None:
        counts = output.journal.counts
        progress(Progress(bytes_read=bytes_read, total_bytes=inputs.total_bytes, counts=counts, errors=errors))

    report(inputs.bytes_read)
    head = b"" if output.journal.chunks else compress_part(writer.head(), compression)
    answered = map_in_processes(answerer, chunks(), processes) if processes > 1 else map(answerer, chunks())
    with closing(answered) if isinstance(answered, Generator) else nullcontext():
        for chunk in answered:
            output.append(chunk._replace(output=head + chunk.output))
            head = b""
            report(read.popleft(), chunk.errors)
    rest = head + compress_part(writer.foot(output.journal.counts), compression)
    if compression and not (rest or output.journal.output_bytes):
        rest = compress(b"", compression)  # no bytes are no compressed file
    output.end(rest)


@contextmanager
def _way_out(*, can_be_resumed: bool) -> Iterator[None]:
    """Adds to errors that end a run whose output is begun that it can be resumed."""
    hint = "; what is written so far can be resumed"
    try:
        yield
    except OSError as error:
        if not (can_be_resumed and error.strerror):
            raise
        raise OSError(error.errno, f"{error.strerror}{hint}", error.filename) from error
    except InferenceError as error:
        if not can_be_resumed:
            raise
        raise InferenceError(f"{error}{hint}") from error


def _check_processes(processes: int, options: dict[str, Any]) -> None:
    """Checks how many processes are wanted, and lets each of several make one call at a time, with one thread."""
    most = most_threads()
    if type(processes) is not int or not 1 <= processes <= most:
        raise InputError(f"processes must be a whole number from 1 to {most}, four for each core, found {processes!r}")
    if processes == 1:
        return
    if options.get("workers") is not None or options.get("threads", 1) != 1:
        raise InputError(
            "workers and threads can't be chosen together with processes: each process makes one call at a time, with "
            "one thread"
        )
    options["workers"] = 1


def _check_places(inputs: Inputs, out: Path | None, mapping: Path | None, *, resume: bool) -> None:
    """Checks what files are read and written, before a model is loaded."""
    if resume and out is None:
        raise InputError("resume needs an output file: standard output can't be taken up where it stopped")
    if resume and inputs.total_bytes is None:
        raise InputError("resume needs inputs that can be read again, found standard input or a pipe")
    written = [path for path in (out, mapping) if path is not None]
    for path in written:
        if not path.name:  # as in `.`, which is also what an empty name becomes
            raise InputError(
                f"{path}: expected the name of a file to write, found a folder; - stands for standard output"
            )
    if len({path.absolute() for path in written}) < len(written):
        raise InputError(f"{mapping}: expected a mapping beside the output, found the output itself")
    places = {os.path.realpath(place) for path in written for place in (path, partial_path(path))}
    for source in inputs.sources:
        if source.path is not None and os.path.realpath(source.path) in places:
            raise InputError(f"{source.name}: is an input that would be written, too; choose another name to write")


def _open_answerer(
    recognizer: EntityRecognizer, out: Path | None, to_format: str | None, options: WriterOptions, shape: InputShape
) -> ChunkAnswerer:
    name = "output" if out is None else str(out)
    compression = compression_of(name)
    format = choose_format(without_suffix(name), to_format or ("jsonl" if out is None else None), shape)
    writer = open_writer(format, options, shape, recognizer.labels)
    if not writer.streamable and (out is None or compression):
        raise InputError(
            f"{format} must be written to a file, and can't be compressed as a whole, found {out or STANDARD_OUTPUT}"
        )
    return ChunkAnswerer(recognizer, writer, format, compression)
