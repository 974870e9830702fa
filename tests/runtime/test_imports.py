"""What an import brings along, each in a process of its own."""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "onnx", "optimum", "safetensors", "albert_ner_export")


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(result.stdout.splitlines())


@pytest.mark.parametrize(
    "code",
    [
        "import albert_ner_onnx",
        "import albert_ner_onnx; albert_ner_onnx.load().recognize('John lives in Berlin.')",
        "from albert_ner_onnx import *",
        "import albert_ner_onnx.cli",
    ],
)
def test_the_runtime_needs_nothing_heavy(code: str) -> None:
    assert modules_after(code) & set(HEAVY) == set()


def test_the_import_itself_is_light() -> None:
    assert (
        modules_after("import albert_ner_onnx, albert_ner_onnx.cli") & {"numpy", "onnxruntime", "tokenizers"} == set()
    )


def test_the_public_names_exist() -> None:
    import albert_ner_onnx

    for name in albert_ner_onnx.__all__:
        assert getattr(albert_ner_onnx, name).__module__.startswith("albert_ner_onnx")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = albert_ner_onnx.nothing


def test_no_connection_is_tried() -> None:
    code = """if True:
        import socket
        def refuse(*rest, **more):
            raise SystemExit("a connection was tried")
        socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
        import albert_ner_onnx
        print(albert_ner_onnx.load().recognize("John lives in Berlin.")[0].label)
    """
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout) == (0, "PER\n"), result.stderr
