"""Replaces the names of people in standard input by placeholders, the same name by the same one.

    echo "John met Mary. Mary left." | python examples/redact.py
    [PER 1] met [PER 2]. [PER 2] left.

Labels to redact can be given: `python examples/redact.py PER LOC`. No model finds every name, so check the result
before you rely on it.
"""

import sys

import albert_ner_onnx


def main() -> None:
    """Redacts the labels that the arguments name, by default PER."""
    recognizer = albert_ner_onnx.load(labels=sys.argv[1:] or ["PER"])
    text = sys.stdin.read()
    numbers: dict[tuple[str, str], int] = {}  # of each label and name, in the order in which they occur
    end = 0
    for entity in recognizer.recognize(text):
        number = numbers.setdefault((entity.label, entity.text), len(numbers) + 1)
        print(text[end : entity.start], f"[{entity.label} {number}]", sep="", end="")
        end = entity.end
    print(text[end:], end="")


if __name__ == "__main__":
    main()
