"""Logits -> tags: the most probable tag of each word, or the most probable sequence that the scheme allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_UNBROKEN = frozenset({"IO", "none"})  # schemes in which any tag may follow any other


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turns logits into probabilities over the last axis, float32 of the same shape."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def argmax_decode(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Chooses the most probable tag of each word.

    Args:
        logits: float32 [word, tag].

    Returns:
        The index of the tag, intp [word].
    """
    best: npt.NDArray[np.intp] = logits.argmax(axis=-1)
    return best


def leave_out(
    logits: npt.NDArray[np.float32], read: npt.NDArray[np.bool_], ignored: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Leaves labels that mark no entity, such as `X` and `[PAD]`, out of the decision.

    A word whose best tag is one of them counts as one that the model didn't read: it is inside an entity if both sides
    are, as `X` is the tag of what only continues a word.

    Args:
        logits: float32 [word, tag].
        read: Whether the model read each word, bool [word].
        ignored: Whether a tag is left out, bool [tag].

    Returns:
        The logits without these tags, and the words that remain to be decided.
    """
    return np.where(ignored, np.float32(-np.inf), logits), read & ~ignored[argmax_decode(logits)]


@dataclass(frozen=True, slots=True)
class Transitions:
    """The sequences of tags that a scheme allows.

    Attributes:
        first: Whether a sentence may begin with a tag, bool [tag].
        between: Whether a tag may follow another, bool [tag, next tag].
        last: Whether a sentence may end with a tag, bool [tag].
    """

    first: npt.NDArray[np.bool_]
    between: npt.NDArray[np.bool_]
    last: npt.NDArray[np.bool_]


def legal_transitions(tags: Sequence[str], scheme: str) -> Transitions:
    """Allows the sequences in which every span opens and closes as its scheme demands.

    `I-`, `E-` and `L-` need an open span of their label. In IOBES and BILOU, one of these must follow `B-` and `I-`.
    In IOB1 it is `B-` that needs a span of its label before it. Some models lack a tag for opening or closing the spans
    of a label, because these never touch or are never longer than one word; then the span opens or closes without it.
    `O` is allowed wherever no span is open, so a legal sequence of any length exists.

    Args:
        tags: The model's tags, in the order of its logits.
        scheme: One of `schemes.SCHEMES`.
    """
    if scheme in _UNBROKEN:
        every = np.ones(len(tags), bool)
        return Transitions(every, np.ones((len(tags), len(tags)), bool), every)
    prefixes, labels = [tag[0] for tag in tags], [tag[2:] for tag in tags]
    if scheme == "IOB1":
        opens = np.array([prefix != "B" for prefix in prefixes])
        same = np.array([[label == after for after in labels] for label in labels])
        return Transitions(opens, opens | same, np.ones(len(tags), bool))
    outside = np.array([tag == "O" for tag in tags])
    goes_on = np.array([prefix in "BI" for prefix in prefixes])
    continues = np.array([prefix in "IEL" for prefix in prefixes])
    can_open, can_close = (
        {label for prefix, label in zip(prefixes, labels, strict=True) if prefix in closing}
        for closing in ("BSU", "EL")
    )
    opens = outside | ~continues | np.array([label not in can_open for label in labels])
    closes = outside | ~goes_on | np.array([label not in can_close for label in labels])
    same = np.array([[label == after for after in labels] for label in labels])
    return Transitions(opens, closes[:, None] & opens | (goes_on[:, None] & continues & same), closes)


def viterbi_decode(logits: npt.NDArray[np.float32], lengths: Sequence[int], legal: Transitions) -> npt.NDArray[np.intp]:
    """Chooses the most probable legal sequence of tags for each sentence.

    A softmax only shifts the logits of a word, so the sequence with the largest sum of logits also has the largest
    product of probabilities. The algorithm is Viterbi's (1967), with transitions of weight 0 or minus infinity, in
    O(words x tags²).

    Args:
        logits: float32 [word, tag], the words of all sentences one after another. Minus infinity is allowed as long as
            every sentence has a legal sequence without it.
        lengths: Number of words of each sentence.
        legal: The allowed sequences.

    Returns:
        The index of the tag, intp [word]. A sentence's tags don't depend on the other sentences.
    """
    tags = argmax_decode(logits)
    words = np.array(lengths, np.intp)
    ends = words.cumsum()
    firsts = ends - words
    # Most often the best tags are legal as they are. Then no sequence can be better.
    illegal = _illegal(tags, firsts, ends, legal)
    if len(illegal):
        firsts, ends = firsts[illegal], ends[illegal]
        # Longest first, so that at every position the sentences with a word there come first
        order = np.argsort(firsts - ends, kind="stable")
        _search(logits, tags, firsts[order], (ends - firsts)[order], legal)
    return tags


def _illegal(
    tags: npt.NDArray[np.intp], firsts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp], legal: Transitions
) -> npt.NDArray[np.intp]:
    """Returns the indices of the sentences whose tags aren't legal. Sentences without words are legal."""
    filled = (ends > firsts).nonzero()[0]
    first, last = firsts[filled], ends[filled] - 1
    breaks = np.zeros(len(tags) + 1, np.intp)  # breaks[i]: illegal transitions into the words before i
    (~legal.between[tags[:-1], tags[1:]]).cumsum(out=breaks[2:])
    wrong = (breaks[last + 1] > breaks[first + 1]) | ~legal.first[tags[first]] | ~legal.last[tags[last]]
    return filled[wrong]


def _search(
    logits: npt.NDArray[np.float32],
    tags: npt.NDArray[np.intp],
    firsts: npt.NDArray[np.intp],
    lengths: npt.NDArray[np.intp],
    legal: Transitions,
) -> None:
    """Writes the best legal tags of sentences into `tags`, for all sentences at once, the longest first."""
    start, between, end = (np.where(allowed, 0.0, -np.inf) for allowed in (legal.first, legal.between, legal.last))
    going = np.searchsorted(-lengths, -np.arange(lengths[0]))  # number of sentences with a word at each position
    before = np.empty(logits.shape, np.min_scalar_type(logits.shape[1]))  # the best tag of the previous word
    best = logits[firsts] + start  # float64 [sentence, tag]: sum of the best sequence that ends in this tag
    for position in range(1, lengths[0]):
        sentences = slice(going[position])
        words = firsts[sentences] + position
        sums = best[sentences, :, None] + between  # [sentence, tag, next tag]
        before[words] = sums.argmax(axis=1)
        best[sentences] = sums.max(axis=1) + logits[words]
    current = (best + end).argmax(axis=1)
    for position in range(lengths[0] - 1, 0, -1):
        words = firsts[: going[position]] + position
        tags[words] = current[: len(words)]
        current[: len(words)] = before[words, tags[words]]
    tags[firsts] = current
