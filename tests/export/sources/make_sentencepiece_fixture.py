"""Trains fixtures/spiece.model, a SentencePiece model like ALBERT's, but small.

Run once, with sentencepiece 0.2: python tests/export/sources/make_sentencepiece_fixture.py
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece

import albert_ner_export

OUT = Path(__file__).parent / "fixtures" / "spiece.model"
TEXTS = Path(albert_ner_export.__file__).parent / "texts"


def normalization_rules() -> str:
    """Returns rules for NFKC of some characters; SentencePiece's own table, of all of them, takes 240 kB."""
    rules = {"\t": " ", "\u200b": " ", "\ufeff": ""}
    for character in map(chr, (*range(0xA0, 0x100), *range(0x2000, 0x2100), *range(0x3000, 0x3004), 0xFB01, 0xFF21)):
        if (normal := unicodedata.normalize("NFKC", character)) != character:
            rules[character] = normal
    return "".join(f"{_hex(source)}\t{_hex(target)}\n" for source, target in sorted(rules.items()))


def _hex(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)


def main() -> None:
    """Writes the fixture."""
    lines = [line for path in sorted(TEXTS.glob("*.txt")) for line in path.read_text("utf-8").splitlines() if line]
    # Numbers before commas, so that there is a piece for the number-comma rule to act on
    lines += [f"In {year}, at least {number},{number}00 people" for year in (2015, 2016, 1999) for number in (1, 9)]
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # as the model keeps the rules' path
        Path("rules.tsv").write_text(normalization_rules())
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type="unigram",
            vocab_size=900,
            pad_id=0,
            unk_id=1,
            bos_id=-1,
            eos_id=-1,
            control_symbols=["[CLS]", "[SEP]", "[MASK]"],
            normalization_rule_tsv="rules.tsv",
            split_by_unicode_script=False,
            split_by_number=False,
            num_threads=1,
            minloglevel=2,
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(model.getvalue())


if __name__ == "__main__":
    main()
