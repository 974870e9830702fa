"""What quantization cost, measured on text that calibration didn't see, and the gate that the int8 model has to pass.

The gate asks for a share of words on which int8 keeps float32's tag. Over the words that either model puts into an
entity it allows three times the loss: most words are `O`, and there the two hardly ever differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.graph.run import Logits
from albert_ner_export.writing.folder import write_model_folder
from albert_ner_onnx import load
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.manifest import MOST_UNKNOWN, GoldScores, Quality
from albert_ner_onnx.tags.decoding import softmax
from albert_ner_onnx.tags.schemes import Span, to_iob2

_FEWEST_ENTITIES = 200  # in the held-out text; with fewer, shares of them say little
_ENTITY_LOSS = 3  # times the loss that is allowed over all words


@dataclass(frozen=True, slots=True)
class Words:
    """The logits of words by two models.

    Attributes:
        float32: float32 [word, tag].
        int8: float32 [word, tag].
        lengths: Number of words of each sequence.
    """

    float32: Logits
    int8: Logits
    lengths: Sequence[int]

    @classmethod
    def of_first_pieces(
        cls, float32: Sequence[Logits], int8: Sequence[Logits], first: Sequence[npt.NDArray[np.bool_]]
    ) -> Words:
        """Picks the words out of sequences.

        Args:
            float32: The float32 model's logits of each sequence, float32 [piece, tag].
            int8: The int8 model's.
            first: For each sequence, bool [piece]: whether a piece is the first one of a word. Its tag is the word's.
        """
        words = np.concatenate(first)
        lengths = [int(part.sum()) for part in first]
        return cls(np.concatenate(float32)[words], np.concatenate(int8)[words], lengths)


def measure_quality(
    words: Words,
    tags: Sequence[str],
    find_spans: Callable[[Sequence[str]], Sequence[Span]],
    text: str,
    min_agreement: float,
    unknown_share: float = 0.0,
) -> Quality:
    """Measures how far int8 is from float32.

    Args:
        words: The answers of both.
        tags: The tags that the model's logits are read as; several may be `O`.
        find_spans: Reads the spans that the tags of a sentence mark.
        text: Name of the text.
        min_agreement: The share of equal tags that the user asks for. It is noted here and applied by `judge`.
        unknown_share: Share of the text's pieces that the tokenizer doesn't know.
    """
    columns = np.array([tags.index(tag) for tag in tags])  # the first `O` stands for all that are read as `O`
    before, after = columns[words.float32.argmax(axis=1)], columns[words.int8.argmax(axis=1)]
    equal = before == after
    outside = tags.index("O")
    of_entities = (before != outside) | (after != outside)
    difference = np.abs(softmax(words.float32) - softmax(words.int8)).max(axis=1)
    entities, start = 0, 0
    for length in words.lengths:
        entities += len(find_spans([tags[tag] for tag in before[start : start + length]]))
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
        unknown_share=unknown_share,
        judged=min_agreement > 0 and entities >= _FEWEST_ENTITIES and unknown_share <= MOST_UNKNOWN,
        gold=None,
    )


def judge(quality: Quality) -> str | None:
    """Lets an int8 model pass or refuses it. Returns a warning if the text can't show what int8 costs.

    The limit for all words holds even then.

    Raises:
        ExportError: Too many tags differ.
    """
    least = quality.min_agreement
    if not least:
        return None
    least_of_entities = max(0.0, 1 - _ENTITY_LOSS * (1 - least))
    found, of_entities = quality.tag_agreement, quality.entity_tag_agreement
    # Shares such as 0.985 are rounded in binary: a difference in the 12th digit must not decide
    if found < least - 1e-12 or (quality.judged and of_entities < least_of_entities - 1e-12):
        raise ExportError(
            f"int8 changes the tags of {1 - found:.3%} of the {quality.words:,} words of {quality.text} (at most "
            f"{1 - least:.3%} allowed) and of {1 - of_entities:.3%} of the {quality.entity_words:,} words in entities "
            f"(at most {1 - least_of_entities:.3%}); nothing was written. Give --calibration FILE with text such as "
            "the model will read, --precision fp32, or a lower --min-agreement (0 accepts everything)"
        )
    if quality.judged:
        return None
    if (unknown := quality.unknown_share or 0.0) > MOST_UNKNOWN:
        return (
            f"warning: the tokenizer doesn't know {unknown:.1%} of the pieces of {quality.text}, so int8 is as good as "
            "unjudged: give --calibration FILE with text such as the model will read"
        )
    return (
        f"warning: float32 finds only {quality.entities} entities in {quality.text} ({quality.words:,} words); at "
        f"least {_FEWEST_ENTITIES} are needed to judge int8: give --calibration FILE with more text such as the "
        "model will read"
    )


def score_gold(models: Mapping[str, Mapping[str, bytes]], sentences: Sequence[ConllSentence], file: str) -> GoldScores:
    """Computes the F1 of phrases on a CoNLL file, sentence by sentence, with two models that the runtime loads.

    Args:
        models: The files, by name, of the models `float32` and `int8`.
        sentences: Words and gold tags.
        file: Name of the CoNLL file.
    """
    f1 = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, files in models.items():
            write_model_folder(Path(folder) / name, files, force=False)
            recognizer = load(Path(folder) / name)
            scheme = recognizer.manifest.scheme
            predicted = [to_iob2(tags, scheme) for tags in recognizer.tag([sentence.words for sentence in sentences])]
            gold = [to_iob2(sentence.tags, scheme) for sentence in sentences]
            f1[name] = score_phrases(gold, predicted).overall.f1
    words = sum(len(sentence.words) for sentence in sentences)
    return GoldScores(file=file, words=words, float32_f1=f1["float32"], int8_f1=f1["int8"])


def _share(values: npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 1.0
