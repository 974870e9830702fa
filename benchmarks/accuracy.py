"""Accuracy on gold tags: what int8, the decoder, the context and the window cost or gain.

`f1` is the F1 of phrases as conlleval computes it. Needs `--conll`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any, Final

from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.evaluation.phrases import PhraseCounts, score_phrases
from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.tags.schemes import to_iob2
from albert_ner_onnx.text.words import split_words
from benchmarks.markdown import markdown, percent
from benchmarks.models import exported
from benchmarks.printed_text import PrintedText, print_words
from benchmarks.run import Run

WINDOWS: Final = (512, 256, 192, 128, 64)
CARD_NAME: Final = "albert_xlarge_token_classifier_conll03"
CARD: Final[Mapping[str, Any]] = {  # what Spark NLP's card says of that model on the words of eng.testa
    "f1": 0.9016,
    "precision": 0.8840,
    "recall": 0.9199,
    "accuracy": 0.9833,
    "non_o_accuracy": 0.9284,
    "labels": {"LOC": {"f1": 0.9591}, "MISC": {"f1": 0.8632}, "ORG": {"f1": 0.8727}, "PER": {"f1": 0.8858}},
}
_ROWS: Final = {
    "f1": "F1 of phrases, %",
    "precision": "precision, %",
    "recall": "recall, %",
    "accuracy": "words with the right tag, %",
    "non_o_accuracy": "the same of words in entities, %",
}
_QUICK_DOCUMENTS = 3
_BINS = 15


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    documents = run.documents()[: _QUICK_DOCUMENTS if run.quick else None]
    sentences = list(chain.from_iterable(documents))
    models = {"int8": run.model, "float32": exported(run, "fp32")}
    by_sentence, tags = {}, {}
    for name, recognizer in {
        "int8": load(run.model),
        "float32": load(models["float32"]),
        "int8, argmax": load(run.model, decoder="argmax"),
        "float32, argmax": load(models["float32"], decoder="argmax"),
    }.items():
        tags[name] = recognizer.tag([sentence.words for sentence in sentences])
        by_sentence[name] = score(recognizer, sentences, tags[name])
    equal = list(map(str.__eq__, chain.from_iterable(tags["float32"]), chain.from_iterable(tags["int8"])))
    run.say("contexts and windows")
    return {
        "words": len(equal),
        "sentences": len(sentences),
        "by_sentence": by_sentence,
        "int8_tags_as_float32": round(sum(equal) / len(equal), 5),
        "contexts": {
            f"{context}, {decoder}": _score_documents(load(run.model, context=context, decoder=decoder), documents)
            for context, decoder in product(("sentence", "document"), ("argmax", "viterbi"))
        },
        "windows": {name: _windows(model, documents) for name, model in models.items()},
        "printed_text": _printed_text(load(run.model), sentences),
        "model_bytes": {name: (model / MODEL).stat().st_size for name, model in models.items()},
    }


def score(
    recognizer: EntityRecognizer, sentences: Sequence[ConllSentence], found: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Conlleval's counts and figures for tags that a recognizer found, shares as fractions."""
    in_iob2 = partial(to_iob2, scheme=recognizer.manifest.scheme)  # files may have IOB1, which only phrases forgive
    return score_phrases([in_iob2(sentence.tags) for sentence in sentences], list(map(in_iob2, found))).as_dict()


def _score_documents(recognizer: EntityRecognizer, documents: Sequence[Sequence[ConllSentence]]) -> dict[str, Any]:
    """The figures where each sentence is read with its document, as far as the recognizer's context allows."""
    found = [recognizer.tag_document([sentence.words for sentence in document]) for document in documents]
    return score(recognizer, list(chain.from_iterable(documents)), list(chain.from_iterable(found)))


def _windows(model: Path, documents: Sequence[Sequence[ConllSentence]]) -> dict[str, float]:
    """F1 by the length of the window, with each document as one sentence, so that its windows must overlap."""
    whole = [
        ConllSentence(*(list(chain.from_iterable(column)) for column in zip(*sentences, strict=True)))
        for sentences in documents
    ]
    found = {}
    manifest = json.loads((model / "manifest.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model"
        shutil.copytree(model, copy)
        for pieces in WINDOWS:
            (copy / "manifest.json").write_text(json.dumps(manifest | {"max_pieces": pieces}), "utf-8")
            recognizer = load(copy)
            tags = recognizer.tag([document.words for document in whole])
            found[str(pieces)] = score(recognizer, whole, tags)["f1"]
    return found


def _printed_text(recognizer: EntityRecognizer, sentences: Sequence[ConllSentence]) -> dict[str, Any]:
    """F1 of the words that the splitter finds in printed text, and of entities there and on the file's own words.

    CoNLL's words split the full stop off an abbreviation that ends a text. Entities take theirs back, so a last full
    stop doesn't count here.
    """
    texts = [print_words(sentence.words) for sentence in sentences]
    tagged = recognizer.tag([sentence.words for sentence in sentences])
    recognized = recognizer.recognize_batch([text.text for text in texts])
    words = [{(word.start, word.end) for word in split_words(text.text)} for text in texts]

    def phrases(text: PrintedText, tags: Sequence[str]) -> set[tuple[int, int, str]]:
        return {(start, _without_stop(text.text, end), label) for start, end, label in text.phrases(tags)}

    gold = [phrases(text, sentence.tags) for text, sentence in zip(texts, sentences, strict=True)]
    on_words = [phrases(text, tags) for text, tags in zip(texts, tagged, strict=True)]
    entities = [
        {(entity.start, _without_stop(text.text, entity.end), entity.label): entity for entity in found}
        for text, found in zip(texts, recognized, strict=True)
    ]
    right = [key in wanted for found, wanted in zip(entities, gold, strict=True) for key in found]
    scored = [entity for found in entities for entity in found.values()]
    return {
        "calibration": {
            "entities": len(scored),
            "right": round(sum(right) / len(right), 5),
            "score": _calibration([entity.score for entity in scored], right),
            "tag_score": _calibration([entity.tag_score for entity in scored], right),
        },
        "words_f1": _f1([set(text.words) for text in texts], words),
        "recognize_f1": _f1(gold, [set(found) for found in entities]),
        "tag_f1": _f1(gold, on_words),
    }


def _without_stop(text: str, end: int) -> int:
    return end - 1 if text[end - 1] == "." else end


def _calibration(scores: Sequence[float], right: Sequence[bool]) -> dict[str, float]:
    """The mean of scores, and their expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for pair in zip(scores, right, strict=True):
        bins[min(int(pair[0] * _BINS), _BINS - 1)].append(pair)
    gaps = (abs(sum(score for score, _ in each) - sum(hit for _, hit in each)) for each in bins)
    return {"mean": round(sum(scores) / len(scores), 5), "error": round(sum(gaps) / len(scores), 5)}


def _f1(gold: Iterable[Set[Any]], found: Iterable[Set[Any]]) -> float:
    """F1 of what was found in several texts."""
    pairs = list(zip(gold, found, strict=True))
    counts = ((len(right & guess), len(guess), len(right)) for right, guess in pairs)
    return PhraseCounts(*map(sum, zip(*counts, strict=True))).f1


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    columns = {f"ours, {name}": found for name, found in figures["by_sentence"].items() if name != "float32, argmax"}
    columns[f"`{CARD_NAME}`, by its card"] = CARD
    card = [[title, *(percent(found[name]) for found in columns.values())] for name, title in _ROWS.items()]
    for label in CARD["labels"]:
        labels = (found["labels"].get(label) for found in columns.values())
        card.append([f"F1 of {label}, %", *(percent(counts["f1"]) if counts else "" for counts in labels)])
    contexts = [
        [name, *(percent(found[share]) for share in ("f1", "precision", "recall"))]
        for name, found in figures["contexts"].items()
    ]
    windows = [
        [f"{pieces} pieces", *(percent(by_window[pieces]) for by_window in figures["windows"].values())]
        for pieces in next(iter(figures["windows"].values()))
    ]
    return {
        "summary": _summary(figures),
        "card": markdown(["", *columns], card),
        "contexts": markdown(["context, decoder", "F1, %", "precision, %", "recall, %"], contexts),
        "calibration": _calibration_table(figures["printed_text"]["calibration"]),
        "windows": markdown(["window", *(f"F1, {name}, %" for name in figures["windows"])], windows),
    }


def _calibration_table(figures: Mapping[str, Any]) -> str:
    """How far scores are from the share of entities that are right."""
    rows = [
        [title, *(percent(figures[name][share]) for share in ("mean", "error"))]
        for name, title in {
            "tag_score": "`tag_score`: mean probability of the chosen tags",
            "score": "`score`: probability that all words have the label",
        }.items()
    ]
    rows.append(["share of entities that are right", percent(figures["right"]), ""])
    return markdown([f"{figures['entities']:,} entities", "mean, %", "expected calibration error, %"], rows)


def _summary(figures: Mapping[str, Any]) -> str:
    """What int8 costs and what the defaults gain, in a few rows."""
    sentence, printed, sizes = figures["by_sentence"], figures["printed_text"], figures["model_bytes"]
    shares = {
        "F1 of phrases, documents (the default)": (None, figures["contexts"]["document, viterbi"]["f1"]),
        "F1, sentence by sentence": (sentence["float32"]["f1"], sentence["int8"]["f1"]),
        "the same, each word's best tag": (sentence["float32, argmax"]["f1"], sentence["int8, argmax"]["f1"]),
        "words with the same tag as in float32": (None, figures["int8_tags_as_float32"]),
        "words found in the text as a newspaper prints it, F1": (None, printed["words_f1"]),
        "F1 of `recognize` on that text": (None, printed["recognize_f1"]),
        "F1 of `tag` on the words of the file": (None, printed["tag_f1"]),
    }
    rows = [[title, *("" if share is None else percent(share) for share in pair)] for title, pair in shares.items()]
    rows.append(["size of `model.onnx`, MB", *(f"{sizes[name] / 1e6:.1f}" for name in ("float32", "int8"))])
    return markdown(["%", "float32", "int8"], rows)
