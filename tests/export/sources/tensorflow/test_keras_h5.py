"""transformers wrote the fixture: see make_tensorflow_fixtures.py."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources.tensorflow.keras_h5 import read_h5
from albert_ner_onnx import ExportError

PATH = Path(__file__).parents[1] / "fixtures" / "tensorflow" / "h5" / "tf_model.h5"
DATA = PATH.read_bytes()
CLASSIFIER = "classifier/tf_albert_for_token_classification/classifier/bias:0"


def changed(change: Callable[[Any], object]) -> bytes:
    stream = io.BytesIO(DATA)
    with h5py.File(stream, "a") as file:
        change(file)
    return stream.getvalue()


def replaced(**options: Any) -> Callable[[Any], object]:
    """Stores the classifier's bias in another way."""

    def apply(file: Any) -> None:
        values = file[CLASSIFIER][()]
        del file[CLASSIFIER]
        file.create_dataset(CLASSIFIER, **({"data": values} | options))

    return apply


def virtual(file: Any) -> None:
    del file[CLASSIFIER]
    layout = h5py.VirtualLayout((5,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "bias", (5,))
    file.create_virtual_dataset(CLASSIFIER, layout)


UNUSUAL = f"tf_model.h5: {CLASSIFIER} must be stored whole and uncompressed, as Keras stores weights"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced(compression="gzip"), UNUSUAL),
        (replaced(chunks=(2,)), UNUSUAL),
        (replaced(data=None, shape=(5,), dtype="f4", external=[("/dev/zero", 0, 20)]), UNUSUAL),
        (replaced(data=None, shape=(2**60,), dtype="f4"), UNUSUAL),
        (virtual, UNUSUAL),
        (replaced(data=[1, 2, 3, 4, 5]), "classifier/bias must hold floating-point numbers, found int64"),
        (replaced(data=["O"] * 5), UNUSUAL),
        (lambda file: file.create_dataset("crf/kernel:0", data=[1.0]), "crf/kernel isn't a variable of an ALBERT"),
        (lambda file: file.create_dataset("a/classifier/bias:0", data=[1.0]), "classifier.bias is there twice"),
        (lambda file: file.pop("classifier"), "tf_model.h5: found no classifier"),
    ],
)
def test_what_is_refused(change: Callable[[Any], object], message: str) -> None:
    with pytest.raises(ExportError) as error:
        read_h5(changed(change), PATH)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_links_are_not_followed() -> None:
    def link(file: Any) -> None:
        file["crf/kernel:0"] = h5py.ExternalLink("/etc/passwd", "/")
        file["crf/bias:0"] = h5py.SoftLink("/classifier")

    assert read_h5(changed(link), PATH).keys() == read_h5(DATA, PATH).keys()


@pytest.mark.parametrize("data", [b"", b"PK" + DATA, b"\x89HDF\r\n\x1a\n", DATA[:-1]])
def test_other_files(data: bytes) -> None:
    with pytest.raises(ExportError, match=r"tf_model\.h5: not an HDF5 file, or a damaged one \("):
        read_h5(data, PATH)


@given(st.integers(0, len(DATA) - 1))
def test_a_truncated_file_is_one_line(size: int) -> None:
    with pytest.raises(ExportError, match=r"^[^\n]*: not an HDF5 file, or a damaged one [^\n]*$"):
        read_h5(DATA[:size], PATH)


def test_without_h5py_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ExportError, match=r"tf_model\.h5: reading it needs h5py: pip install 'albert-ner-onnx\[export\]'"
    ):
        read_h5(DATA, PATH)
