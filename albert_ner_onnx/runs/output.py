"""Where the chunks of a run go: into partial files with a journal, or to standard output."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.runs.answering import AnsweredChunk
from albert_ner_onnx.runs.job import check_same_job
from albert_ner_onnx.runs.journal import Journal
from albert_ner_onnx.runs.partial import AGAIN, PartialFile, check_place, named_errors, partial_path, sync_folder

Finish: TypeAlias = Callable[[Path, Path], None]
"""Makes a complete partial file the output: `Writer.finish`."""


class Output(ABC):
    """Takes chunks in order, then the end, and is then put in its place.

    Attributes:
        journal: What it has taken so far.
    """

    journal: Journal

    def __init__(self) -> None:
        self._open = ExitStack()  # files to close
        self._started = monotonic()  # when the chunk was begun that comes next

    @abstractmethod
    def append(self, chunk: AnsweredChunk) -> None:
        """Takes a chunk."""

    @abstractmethod
    def end(self, foot: bytes) -> None:
        """Takes what comes after the last chunk."""

    @abstractmethod
    def put_in_place(self, finish: Finish) -> None:
        """Makes what has been taken the output."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _add(self, chunk: AnsweredChunk) -> None:
        now = monotonic()
        self.journal = self.journal.add(chunk, now - self._started)
        self._started = now

    def _open_partial(self, complete: Path, *, private: bool = False) -> PartialFile:
        file = PartialFile(complete, private=private)
        self._open.callback(file.close)
        return file


class StreamOutput(Output):
    """A stream, such as standard output, which takes bytes as they come. The mapping is a file even so."""

    def __init__(self, stream: BinaryIO, mapping: Path | None, *, overwrite: bool) -> None:
        """Opens the mapping.

        Raises:
            InputError: There is a mapping already, and it may not be overwritten.
        """
        super().__init__()
        self.journal = Journal(job={})
        self._stream, self._mapping_path, self._mapping = stream, mapping, None
        if mapping is not None:
            check_place(mapping, overwrite=overwrite)
            self._mapping = self._open_partial(mapping, private=True)
            self._mapping.cut(0)

    def append(self, chunk: AnsweredChunk) -> None:
        """Writes and flushes a chunk."""
        self._write(chunk.output)
        if self._mapping is not None:
            self._mapping.append(chunk.mapping)
        self._add(chunk)

    def end(self, foot: bytes) -> None:
        """Writes and flushes the end."""
        self._write(foot)

    def put_in_place(self, finish: Finish) -> None:
        """Gives the mapping its name."""
        self._open.close()
        if self._mapping_path is not None:
            os.replace(partial_path(self._mapping_path), self._mapping_path)

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()


class FileOutput(Output):
    """A file that appears under its name when it is complete. Until then there are a partial file and a journal.

    The journal never says more than what is on the disk: after the bytes of a chunk have got there, it is replaced at
    once by a new one. What the partial files hold beyond it comes from a chunk that wasn't done, and is cut off when
    the run is resumed. When the end has been written, the journal says that, too; what remains to do then may be done
    twice.
    """

    def __init__(
        self, out: Path, mapping: Path | None, job: Mapping[str, Any], *, resume: bool, overwrite: bool
    ) -> None:
        """Opens the partial files.

        Args:
            out: The output.
            mapping: The mapping of `redact`, if there is one.
            job: What decides every byte of both.
            resume: Whether to go on with partial files that are there.
            overwrite: Whether to replace files that are there: `out`, `mapping`, and partial files unless they are
                resumed.

        Raises:
            InputError: A file is in the way, or can't be resumed.
            OSError: A file can't be made or read.
        """
        super().__init__()
        self._out, self._mapping_path = out, mapping
        self._journal_path = out.with_name(f"{out.name}.partial.json")
        found = self._find_journal(job, resume=resume, overwrite=overwrite)
        self.journal = found or Journal(job=job)
        try:
            if not self.journal.complete:
                for path in self._paths:
                    check_place(path, overwrite=overwrite)
            self._output, self._mapping = self._open_all()
            if found is None:
                self.journal.write(self._journal_path)  # first: a killed run must not leave an older one
            if self._output is not None:
                self._output.cut(self.journal.output_bytes)
            if self._mapping is not None:
                self._mapping.cut(self.journal.mapping_bytes)
            sync_folder(out.parent)
        except BaseException:
            self._open.close()
            raise

    @property
    def _paths(self) -> list[Path]:
        return [self._out] if self._mapping_path is None else [self._out, self._mapping_path]

    def _find_journal(self, job: Mapping[str, Any], *, resume: bool, overwrite: bool) -> Journal | None:
        """Returns the journal to go on with; `None` to start from the beginning."""
        partial = partial_path(self._out)
        if not resume and overwrite:
            return None
        found = Journal.read(self._journal_path)
        if found is None:
            # An empty file was left by a run that was killed before it had written its journal
            if not overwrite and partial.exists() and partial.stat().st_size > 0:
                raise InputError(f"{partial}: exists already, without a journal to resume; {AGAIN}")
            return None
        if not resume:
            raise InputError(f"{partial}: exists already, from a run that didn't end; go on with --resume, or {AGAIN}")
        check_same_job(found.job, job, partial)
        return found

    def _open_all(self) -> list[PartialFile | None]:
        files: list[PartialFile | None] = [None, None]
        for index, path in enumerate(self._paths):
            # A complete one may have been put in its place already: then an empty one must not take this place
            if not self.journal.complete or partial_path(path).exists():
                files[index] = self._open_partial(path, private=index == 1)
        return files

    def append(self, chunk: AnsweredChunk) -> None:
        """Brings a chunk to the disk, and then the journal."""
        assert self._output is not None
        self._output.append(chunk.output)
        if self._mapping is not None:
            self._mapping.append(chunk.mapping)
        self._add(chunk)
        self.journal.write(self._journal_path)

    def end(self, foot: bytes) -> None:
        """Brings the end to the disk, and then the journal."""
        assert self._output is not None
        self._output.append(foot)
        size = self.journal.output_bytes + len(foot)
        self.journal = replace(self.journal, output_bytes=size, complete=True)
        self.journal.write(self._journal_path)

    def put_in_place(self, finish: Finish) -> None:
        """Gives the output and the mapping their names, and removes the journal."""
        if os.name == "nt":  # an open file can't be renamed there; elsewhere it stays locked
            self._open.close()
        with named_errors(self._out):
            if self._mapping is not None and self._mapping_path is not None:
                os.replace(self._mapping.path, self._mapping_path)
                sync_folder(self._mapping_path.parent)
            if self._output is not None:
                finish(self._output.path, self._out)
                sync_folder(self._out.parent)
        self._journal_path.unlink()
