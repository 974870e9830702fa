"""Files in, files out: a run recognizes the entities of whole files, and can be resumed.

    from albert_ner_onnx.runs import run

    summary = run(["articles.jsonl"], "entities.parquet")

A chunk of records goes this way, one module per arrow:

    files.readers -> answering (in other processes: processes) -> output (partial, journal, job)

`engine` leads it along.
"""

from albert_ner_onnx.runs.engine import STANDARD_OUTPUT, Progress, run
from albert_ner_onnx.runs.summary import Summary

__all__ = ["STANDARD_OUTPUT", "Progress", "Summary", "run"]
