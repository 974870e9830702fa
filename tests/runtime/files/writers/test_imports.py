"""What the choice of a format imports."""

import subprocess
import sys

import pytest

HEAVY = ("pyarrow", "pandas", "zstandard", "tqdm")


@pytest.mark.parametrize("format", ["jsonl", "csv", "conll", "huggingface", "spark-nlp", "html", "redact"])
def test_a_format_of_text_needs_no_library(format: str) -> None:
    code = (
        "import sys; from albert_ner_onnx.files.chunks import InputShape; "
        "from albert_ner_onnx.files.writers import WriterOptions, open_writer; "
        f"open_writer({format!r}, WriterOptions(), InputShape('text'), ()); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
