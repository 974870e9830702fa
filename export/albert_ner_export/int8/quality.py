"""What quantization cost: int8 against float32 on text that calibration didn't see, and the gate that this has to pass.

The gate asks for as many equal tags over all words as the user wants, and allows three times the loss over the words
that either model takes for part of an entity: most words are `O`, and there the two hardly ever differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.writing.folder import write_model_folder
from albert_ner_onnx import load
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.manifest import GoldScores, Quality
from albert_ner_onnx.tags.decoding import softmax
from albert_ner_onnx.tags.schemes import spans, to_iob2

Logits = npt.NDArray[np.float32]

_FEWEST_ENTITIES = 200  # in the held-out text: with fewer, a share of them says little
_ENTITY_LOSS = 3  # times the loss allowed over all words


@dataclass(frozen=True, slots=True)
class Words:
    """The logits of words by two models: float32 [word, tag] each, and the number of words of each sequence."""

    float32: Logits
    int8: Logits
    lengths: Sequence[int]

    @classmethod
    def of_first_pieces(
        cls, float32: Sequence[Logits], int8: Sequence[Logits], first: Sequence[npt.NDArray[np.bool_]]
    ) -> Words:
        """Picks the words out of sequences.

        Args:
            float32: float32 [piece, tag] each.
            int8: The same of the int8 graph.
            first: bool [piece] each, whether it is a word's first piece, whose tag is the word's.
        """
        words = np.concatenate(first)
        lengths = [int(part.sum()) for part in first]
        return cls(np.concatenate(float32)[words], np.concatenate(int8)[words], lengths)


def compare(words: Words, tags: Sequence[str], scheme: str, text: str, min_agreement: float) -> Quality:
    """Compares int8 with float32, word by word.

    Args:
        words: What both say.
        tags: The model's tags, in the order of the logits.
        scheme: How they mark spans.
        text: What the text is called.
        min_agreement: What the user asks for, in percent; noted here, judged by `check`.
    """
    before, after = words.float32.argmax(axis=1), words.int8.argmax(axis=1)
    equal = before == after
    outside = tags.index("O")
    of_entities = (before != outside) | (after != outside)
    difference = np.abs(softmax(words.float32) - softmax(words.int8)).max(axis=1)
    entities, start = 0, 0
    for length in words.lengths:
        entities += len(spans([tags[tag] for tag in before[start : start + length]], scheme))
        start += length
    return Quality(
        text=text,
        words=len(equal),
        entity_words=int(of_entities.sum()),
        entities=entities,
        tag_agreement=_share(equal),
        entity_tag_agreement=_share(equal[of_entities]),
        max_probability_difference=float(difference.max(initial=0)),
        mean_probability_difference=float(difference.mean()) if len(difference) else 0.0,
        min_agreement=min_agreement,
        judged=min_agreement > 0 and entities >= _FEWEST_ENTITIES,
        gold=None,
    )


def check(quality: Quality) -> str | None:
    """Lets an int8 model pass, or not. Returns a warning if there was too little to judge it by.

    Raises:
        ExportError: Too many tags differ.
    """
    least = quality.min_agreement
    if not least:
        return None
    if not quality.judged:
        return (
            f"warning: float32 finds {quality.entities} entities in {quality.text} ({quality.words:,} words), too few "
            f"(under {_FEWEST_ENTITIES}) to judge int8 by: give --calibration FILE with more text of the model's kind"
        )
    least_of_entities = max(0.0, 100 - _ENTITY_LOSS * (100 - least))
    found, of_entities = 100 * quality.tag_agreement, 100 * quality.entity_tag_agreement
    if found < least or of_entities < least_of_entities:
        raise ExportError(
            f"int8 keeps float32's tag on {found:.2f} % of {quality.words:,} words of {quality.text} (at least "
            f"{least:g} asked for) and on {of_entities:.2f} % of the {quality.entity_words:,} in entities (at least "
            f"{least_of_entities:g}); nothing was written: give --calibration FILE with text of the model's kind, "
            "--precision fp32, or a lower --min-agreement (0: no gate)"
        )
    return None


def score_gold(
    packages: Mapping[str, Mapping[str, bytes]], sentences: Sequence[ConllSentence], file: str
) -> GoldScores:
    """F1 of the phrases of a CoNLL file, sentence by sentence, by two packages that the runtime itself loads.

    Args:
        packages: The files by name of the package `float32` and of `int8`.
        sentences: Words and gold tags.
        file: The file's name.
    """
    f1 = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, files in packages.items():
            write_model_folder(Path(folder) / name, files, force=False)
            recognizer = load(Path(folder) / name)
            tags = recognizer.tag([sentence.words for sentence in sentences])
            found = [to_iob2(guess, recognizer.manifest.scheme) for guess in tags]
            gold = [to_iob2(sentence.tags, recognizer.manifest.scheme) for sentence in sentences]
            f1[name] = score_phrases(gold, found).overall.f1
    words = sum(len(sentence.words) for sentence in sentences)
    return GoldScores(file=file, words=words, float32_f1=f1["float32"], int8_f1=f1["int8"])


def _share(values: npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 1.0
