"""From the start of a process to its first entity, and what has to be installed for it: ours beside its peers.

    python -m benchmarks.startup [--work FOLDER] [--quick] [--output FILE]

Each start is a new process, in turns, with all files in the disk's cache. Installed are a peer's distributions and
all that they require, without extras, and the model's files. Needs the extra `benchmark`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from albert_ner_onnx.model.session import available_cores
from benchmarks.environment import describe
from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown
from benchmarks.peers import OURS, PEERS, QUICK_PEERS, PeerMissingError, Settings
from benchmarks.peers.first import DONE
from benchmarks.peers.models import DEFAULT, prepare
from benchmarks.peers.process import PeerProcess, worker_environment
from benchmarks.peers.stock import STOCK, make_in_a_process

RESULT = Path(__file__).parent / "results" / "startup.json"
TEXT = "My name is John and I live in Berlin."
_ROOT = Path(__file__).parents[1]
_ROUNDS, _QUICK_ROUNDS = 5, 2
_CHOSEN = (
    *(OURS, "transformers-float32", "optimum-float32", "optimum-int8", "onnxruntime-int8-latency"),
    *("onnxruntime-o1-int8-latency", "openvino-int8-latency", "spacy-small"),
)


def start(peer: str, settings: Settings) -> float:
    """Seconds from the start of a process to its first entities.

    Raises:
        RuntimeError: It found none.
    """
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.peers.first"]
    command += [peer, json.dumps(settings.as_json()), TEXT]
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=worker_environment(settings.threads),
        cwd=_ROOT,
        encoding="utf-8",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(DONE):
                return time.perf_counter() - started
    raise RuntimeError(f"{peer}: a new process found no entities; exit status {process.returncode}")


def required(roots: Iterable[str]) -> dict[str, Distribution]:
    """Installed distributions and all that they require here, without extras, by name.

    Raises:
        PackageNotFoundError: One of the roots isn't installed.
    """
    found: dict[str, Distribution] = {}
    waiting = [(name, True) for name in roots]
    while waiting:
        name, needed = waiting.pop()
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            found[key] = distribution(name)
        except PackageNotFoundError:
            if needed:
                raise
            continue  # for another system, or what pip was told to leave out
        for text in found[key].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append((requirement.name, False))
    return found


def installed_bytes(distributions: Mapping[str, Distribution]) -> dict[str, int]:
    """Bytes of each distribution's files; of one that is installed for development, of its package's folder."""
    return {name: sum(size for size in map(_size, _files(each)) if size) for name, each in distributions.items()}


def _files(each: Distribution) -> list[Path]:
    url = json.loads(each.read_text("direct_url.json") or "{}")
    if url.get("dir_info", {}).get("editable"):
        folder = _ROOT / each.metadata["Name"].replace("-", "_")
        return [file for file in folder.rglob("*") if "__pycache__" not in file.parts]
    return [Path(str(each.locate_file(file))) for file in each.files or () if file.suffix != ".pyc"]


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def model_bytes(peer: str, settings: Settings) -> int:
    """Bytes of the model's files that a peer reads; ours come with the distribution, spaCy's aren't known."""
    if peer == OURS:
        return 0
    if not PEERS[peer].needs:
        return 0 if peer.startswith("spacy") else _size(settings.checkpoint / "model.safetensors")
    (kind,) = PEERS[peer].needs
    file = settings.models / kind / STOCK[kind]
    return _size(file) + (_size(file.with_suffix(".bin")) if file.suffix == ".xml" else 0)


def measure(work: Path, quick: bool) -> dict[str, Any]:
    """All figures, by peer."""
    settings = prepare(DEFAULT, work).settings(available_cores())
    found: dict[str, dict[str, Any]] = {}
    for name in _CHOSEN:
        if quick and name not in QUICK_PEERS:
            continue
        for kind in PEERS[name].needs:
            make_in_a_process(kind, settings.checkpoint, settings.models)
        with PeerProcess(name, settings.threads) as process:
            try:
                setup = process.call("load", settings=settings.as_json())["setup"]
            except PeerMissingError as missing:
                found[name] = {"missing": str(missing)}
                continue
        sizes = installed_bytes(required(PEERS[name].requirements))
        found[name] = {
            "setup": setup,
            "distributions": dict(sorted(sizes.items(), key=lambda item: -item[1])),
            "installed_bytes": sum(sizes.values()),
            "model_bytes": model_bytes(name, settings),
        }
    tasks = {name: partial(start, name, settings) for name, each in found.items() if "missing" not in each}
    times = compare(interleave(tasks, _QUICK_ROUNDS if quick else _ROUNDS), OURS)
    return {name: each | times.get(name, {}) for name, each in found.items()}


def table(peers: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    header = ["", "start to first entity, s", "times ours", "quartiles", "installed, MB", "model, MB"]
    rows = []
    for name, found in peers.items():
        if "missing" in found:
            rows.append([name, f"not measured: {found['missing']}", "", "", "", ""])
            continue
        low, high = found["ratio_quartiles"]
        model = f"{found['model_bytes'] / 1e6:.1f}" if found["model_bytes"] else "included"
        row = [name, f"{found['median']:.2f}", f"{found['ratio']:.1f}", f"{low:.1f}–{high:.1f}"]
        rows.append([*row, f"{found['installed_bytes'] / 1e6:.0f}", model])
    return markdown(header, rows)


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    parser.add_argument("--quick", action="store_true", help="few peers and rounds")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    record = {"peers": measure(arguments.work, arguments.quick), "quick": arguments.quick, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(json.loads(arguments.output.read_text("utf-8"))["peers"]))


if __name__ == "__main__":
    main()
