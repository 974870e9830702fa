"""Finds the texts, one per line of standard input, that the model is least sure about: people should check these first.

    python examples/unsure_sentences.py < texts.txt

A word is as sure as the probability of its most probable tag, and a text is as sure as its least sure word.
"""

import heapq
import sys

import albert_ner_onnx

SHOWN = 10


def main() -> None:
    """Prints the texts, the least sure first, each with its least sure word."""
    documents = albert_ner_onnx.load().analyze_stream(line.rstrip("\n") for line in sys.stdin)
    scored = ((document.scores.max(axis=1), document) for document in documents if document.words)
    for sureness, document in heapq.nsmallest(SHOWN, scored, key=lambda pair: float(pair[0].min())):
        word = document.words[int(sureness.argmin())]
        print(f"{sureness.min():.2f}  {word.text!r} in: {document.text}")


if __name__ == "__main__":
    main()
