"""What `benchmarks.portability` runs in every environment.

    python -m benchmarks.portability_probe GIVEN.npz SENTENCES.json FOUND.npz

Imports only the runtime and its dependencies, because an environment has nothing else. Prints what it ran on, as JSON.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from albert_ner_onnx import load
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session

if __name__ == "__main__":
    given, sentences, found = map(Path, sys.argv[1:])
    folder = ModelFolder.open(given.with_name("model"))
    session = Session(folder.read(MODEL), 1)
    with np.load(given) as sequences:
        logits = [session.run(sequences[f"arr_{index}"][None])[0] for index in range(len(sequences.files))]
    words = json.loads(sentences.read_text("utf-8"))
    tags = [tag for sentence in load(folder.path, workers=1).tag(words) for tag in sentence]
    np.savez(found, logits=np.concatenate(logits), tags=np.array(tags))
    packages = {name: version(name) for name in ("onnxruntime", "tokenizers", "numpy")}
    print(json.dumps({"architecture": platform.machine(), "python": platform.python_version(), **packages}))
