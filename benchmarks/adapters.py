"""Adapters: how much of `recognize_batch`'s speed is left inside other people's frameworks, and what they have today.

All adapters share one recognizer and take turns in one process. What people use there today runs in processes of their
own, in turns with ours. Texts are sentences of `--conll`, or the project's own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from albert_ner_onnx import Entity, EntityRecognizer, load
from benchmarks.markdown import markdown
from benchmarks.peers import OURS, PEERS, PRESIDIO, SPACY, Span
from benchmarks.peers.process import loaded_peers, settings_of
from benchmarks.run import Run
from benchmarks.speed import read_texts
from benchmarks.turns import ratios, take_turns

REFERENCE: Final = "`recognize_batch`"
_ROUNDS, _QUICK_ROUNDS = 9, 1
_TODAY: Final = {SPACY: "spaCy, `nlp.pipe`", PRESIDIO: "Presidio, `BatchAnalyzerEngine`"}  # by peer, what ours is there

Adapter: TypeAlias = Callable[[Sequence[str]], list[list[Span]]]
"""Takes texts and returns the label, start and end of the entities of each."""


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)  # it warns of each engine that has no model of spaCy
    texts = read_texts(run)["sentences"]
    recognizer = load(run.model)
    adapters = {name: make(recognizer) for name, make in ADAPTERS.items()}
    expected = adapters[REFERENCE](texts)
    rounds = _QUICK_ROUNDS if run.quick else _ROUNDS
    run.say(f"adapters: {', '.join(adapters)}")
    taken = take_turns(
        {name: partial(_seconds, adapter, texts) for name, adapter in adapters.items()}, rounds, warm_up=1
    )
    found = ratios(taken, REFERENCE)
    for name, adapter in adapters.items():
        found[name]["texts_answered_alike"] = _alike(adapter(texts), expected)
    with loaded_peers(run, (OURS, *_TODAY), settings_of(run.checkpoint, run.model, run.folder)) as (peers, described):
        tasks = {
            name: partial(peer.call, "recognize", texts=texts, batch=max(PEERS[name].batches))
            for name, peer in peers.items()
        }
        today = ratios(take_turns(tasks, rounds, warm_up=1), OURS)
    return {"texts": len(texts), "adapters": found, "peers": described, "today": today}


def _seconds(adapter: Adapter, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    adapter(texts)
    return time.perf_counter() - started


def _alike(found: Sequence[Sequence[Span]], expected: Sequence[Sequence[Span]]) -> float:
    """The share of the texts that have the same entities."""
    return sum(map(_same, found, expected)) / len(expected)


def _same(found: Sequence[Span], expected: Sequence[Span]) -> bool:
    return sorted(map(tuple, found)) == sorted(map(tuple, expected))


# --- The adapters -----------------------------------------------------------------------------------------------------


def _spans(found: Sequence[Sequence[Entity]]) -> list[list[Span]]:
    return [[(entity.label, entity.start, entity.end) for entity in entities] for entities in found]


def _of_rows(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[Span]]:
    """The same of the dictionaries that columns of Arrow give."""
    return [[(entity["label"], entity["start"], entity["end"]) for entity in entities] for entities in rows]


def _batch(recognizer: EntityRecognizer) -> Adapter:
    return lambda texts: _spans(recognizer.recognize_batch(texts))


def _stream(recognizer: EntityRecognizer) -> Adapter:
    return lambda texts: _spans(list(recognizer.stream(texts)))


def _spacy(recognizer: EntityRecognizer) -> Adapter:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner", config={"model": str(recognizer.folder.path), "alignment_mode": "expand"})

    def recognize(texts: Sequence[str]) -> list[list[Span]]:
        return [[(span.label_, span.start_char, span.end_char) for span in doc.ents] for doc in nlp.pipe(texts)]

    return recognize


def _presidio(recognizer: EntityRecognizer) -> Adapter:
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry

    from albert_ner_onnx.integrations.presidio import AlbertNerRecognizer, AlbertNlpEngine

    labels = {label: label for label in recognizer.labels}
    engine = AlbertNlpEngine([{"lang_code": "en", "model_name": recognizer}])
    registry = RecognizerRegistry(recognizers=[AlbertNerRecognizer(model_name=recognizer, label_mapping=labels)])
    analyzer = BatchAnalyzerEngine(AnalyzerEngine(registry=registry, nlp_engine=engine))

    def recognize(texts: Sequence[str]) -> list[list[Span]]:
        found = analyzer.analyze_iterator(texts, language="en")
        return [[(result.entity_type, result.start, result.end) for result in results] for results in found]

    return recognize


def _arrow(recognizer: EntityRecognizer) -> Adapter:
    import pyarrow as pa

    from albert_ner_onnx.integrations.arrow import recognize_arrow

    return lambda texts: _of_rows(recognize_arrow(pa.array(texts), recognizer).to_pylist())


def _pandas(recognizer: EntityRecognizer) -> Adapter:
    import pandas as pd

    import albert_ner_onnx.integrations.pandas  # noqa: F401  # registers the accessor

    return lambda texts: _of_rows(pd.Series(texts).albert_ner.recognize(recognizer).to_list())


def _polars(recognizer: EntityRecognizer) -> Adapter:
    import polars as pl

    from albert_ner_onnx.integrations.polars import recognize

    def find(texts: Sequence[str]) -> list[list[Span]]:
        frame = pl.LazyFrame({"text": texts}).select(recognize("text", recognizer))
        return _of_rows(frame.collect().to_series().to_list())

    return find


def _duckdb(recognizer: EntityRecognizer) -> Adapter:
    import duckdb
    import pyarrow as pa

    from albert_ner_onnx.integrations.duckdb import register

    connection = duckdb.connect()
    register(connection, recognizer=recognizer)

    def find(texts: Sequence[str]) -> list[list[Span]]:
        table = pa.table({"text": pa.array(texts)})
        rows = connection.from_arrow(table).select("recognize(text)").fetchall()
        return _of_rows([entities for (entities,) in rows])

    return find


def _hugging_face(recognizer: EntityRecognizer) -> Adapter:
    from albert_ner_onnx.integrations.hugging_face import pipeline

    ner = pipeline("token-classification", model=recognizer, aggregation_strategy="first")

    def find(texts: Sequence[str]) -> list[list[Span]]:
        return [[(found["entity_group"], found["start"], found["end"]) for found in each] for each in ner(list(texts))]

    return find


ADAPTERS: Final[Mapping[str, Callable[[EntityRecognizer], Adapter]]] = {
    REFERENCE: _batch,
    "`stream`": _stream,
    "Arrow, `recognize_arrow`": _arrow,
    "pandas, `Series.albert_ner`": _pandas,
    "Polars, lazy": _polars,
    "DuckDB, SQL": _duckdb,
    "transformers' `pipeline`": _hugging_face,
    "spaCy, `nlp.pipe`": _spacy,
    "Presidio, `BatchAnalyzerEngine`": _presidio,
}


# --- Tables -----------------------------------------------------------------------------------------------------------


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    rows = [
        [name, f"{figures['texts'] / each['median']:,.0f}", f"{1 / each['ratio']:.2f}"]
        for name, each in figures["adapters"].items()
    ]
    today, peers = figures["today"], figures["peers"]
    others = [
        [framework, PEERS[peer].title, f"{figures['texts'] / today[peer]['median']:,.0f}", f"{factor:.1f}×"]
        for peer, framework in _TODAY.items()
        if "missing" not in peers[peer]
        for factor in [float(today[peer]["ratio"]) / float(figures["adapters"][framework]["ratio"])]
    ]
    header = ["in", "what people use there today", "texts per second", "times that ours is faster"]
    return {
        "adapters": markdown(["", "texts per second", f"speed, in that of {REFERENCE}"], rows),
        "today": markdown(header, others),
    }
