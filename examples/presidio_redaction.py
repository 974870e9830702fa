"""Replaces names, phone numbers, card numbers and the like in each line of standard input, with Microsoft Presidio.

    echo "Angela Merkel from Berlin paid with 4111 1111 1111 1111." | python examples/presidio_redaction.py
    <PERSON> from <LOCATION> paid with <CREDIT_CARD>.

Kinds can be given: `python examples/presidio_redaction.py PERSON CREDIT_CARD`. This needs the extra `presidio`. No
model finds every name, so check the result before you rely on it.
"""

import sys

from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
from presidio_anonymizer import AnonymizerEngine

from albert_ner_onnx.integrations.presidio import AlbertNerRecognizer, AlbertNlpEngine


def main() -> None:
    """Redacts the kinds that the arguments name, by default all that Presidio and the model know."""
    analyzer = AnalyzerEngine(nlp_engine=AlbertNlpEngine())
    analyzer.registry.remove_recognizer("SpacyRecognizer")
    analyzer.registry.add_recognizer(AlbertNerRecognizer())
    anonymizer = AnonymizerEngine()
    lines = sys.stdin.read().splitlines()
    found = BatchAnalyzerEngine(analyzer).analyze_iterator(lines, "en", entities=sys.argv[1:] or None)
    for line, results in zip(lines, found, strict=True):
        print(anonymizer.anonymize(line, results).text)  # type: ignore[arg-type]  # both have a class of that name


if __name__ == "__main__":
    main()
