"""Writes the entities of texts, one per line of standard input, as a CSV table for a spreadsheet or a database.

    python examples/entities_to_csv.py < texts.txt > entities.csv

Texts are read, recognized and written as a stream, so there may be any number of them.
"""

import csv
import sys

import albert_ner_onnx


def main() -> None:
    """Reads texts from standard input and writes the table to standard output."""
    recognizer = albert_ner_onnx.load()
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["line", "start", "end", "label", "entity", "score"])
    texts = (line.rstrip("\n") for line in sys.stdin)
    for number, entities in enumerate(recognizer.stream(texts), 1):
        for entity in entities:
            table.writerow([number, entity.start, entity.end, entity.label, entity.text, f"{entity.score:.2f}"])


if __name__ == "__main__":
    main()
