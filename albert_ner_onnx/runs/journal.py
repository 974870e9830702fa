"""What a run has done so far, kept in a file beside its output, so that it can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.writers import Counts
from albert_ner_onnx.runs.answering import AnsweredChunk
from albert_ner_onnx.runs.partial import named_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The state of a run after a whole number of chunks.

    Attributes:
        job: What decides every byte of the output: the inputs, the model, the options and the version (`job`).
        chunks: Chunks that are answered and on the disk.
        output_bytes: Bytes of the partial output that belong to them.
        mapping_bytes: The same of the partial mapping.
        counts: What was found in them.
        seconds: How long that took, over all attempts.
        complete: Whether the end of the output is written, too, so that it only has to be put in its place.
    """

    job: Mapping[str, Any]
    chunks: int = 0
    output_bytes: int = 0
    mapping_bytes: int = 0
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    complete: bool = False

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Reads a journal. Returns `None` if there is none.

        Raises:
            InputError: The file isn't a journal of this version.
        """
        try:
            data = json.loads(path.read_bytes())
            journal = cls(**data | {"counts": Counts(**data["counts"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise InputError(
                f"{path}: isn't the journal of a run, or of another version; start again with --overwrite"
            ) from None
        return journal

    def write(self, path: Path) -> None:
        """Replaces the journal, and returns when it is on the disk.

        Raises:
            OSError: It can't; the message names the file.
        """
        temporary = path.with_name(f"{path.name}.tmp")
        with named_errors(path):
            with open(temporary, "wb") as stream:
                stream.write(json.dumps(asdict(self), indent=1).encode())
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)

    def add(self, chunk: AnsweredChunk, seconds: float) -> Self:
        """Returns the state after one more chunk, which took so many seconds."""
        return replace(
            self,
            chunks=self.chunks + 1,
            output_bytes=self.output_bytes + len(chunk.output),
            mapping_bytes=self.mapping_bytes + len(chunk.mapping),
            counts=self.counts + chunk.counts,
            seconds=self.seconds + seconds,
        )
