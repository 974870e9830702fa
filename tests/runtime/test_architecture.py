"""The rooms of the house and the arrows between them: what docs/architecture.md says may import what."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RUNTIME, EXPORTER = REPOSITORY / "albert_ner_onnx", REPOSITORY / "export" / "albert_ner_export"

# Each room may import itself and the rooms in the lines above it. "" is the package's own __init__.py.
RUNTIME_FLOORS = [
    {"version", "errors"},
    {"entities", "inputs", "machine"},
    {"text", "tags", "render", "extras"},
    {"model", "borders"},
    {"spark_nlp"},
    {"rules"},
    {"options", "document", "marking"},
    {"recognizer"},
    {"files", "evaluation", "hub"},
    {""},
    {"benchmark", "runs", "integrations"},
    {"cli"},
    {"__main__"},
]
EXPORTER_FLOORS = [
    {"labels", "options"},
    {"config"},
    {"tokenizer", "checkpoint"},
    {"sources"},
    {"graph", "texts"},
    {"writing"},
    {"int8", "verify"},
    {"pipeline"},
]
LIBRARIES = {"onnxruntime": "model/session.py", "tokenizers": "model/tokenizer.py"}  # each imported in one place


def modules(root: Path) -> dict[str, Path]:
    """Every module of a package by its dotted name, without the package's own."""
    names = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(path: Path) -> Iterator[str]:
    """The full names that a file imports, wherever in the file; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(root: Path) -> dict[str, set[str]]:
    """The modules of the same package that each module imports."""
    known = modules(root)
    found = {}
    for name, path in known.items():
        inside = {
            target.removeprefix(root.name).removeprefix(".")
            for target in imported(path)
            if target.partition(".")[0] == root.name
        }
        # `from package import name` names the package, too: it counts only if the name is not one of its modules
        direct = {target for target in inside if target in known and target}
        if any(target and target not in known and "." not in target for target in inside):
            direct.add("")
        parents = {name.rpartition(".")[0]}  # `from package.cli import console`, in cli, means console alone
        found[name] = direct - {name} - (parents if name else set())
    return found


def room(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize(("root", "floors"), [(RUNTIME, RUNTIME_FLOORS), (EXPORTER, EXPORTER_FLOORS)])
def test_arrows_point_down_only(root: Path, floors: list[set[str]]) -> None:
    level = {name: number for number, names in enumerate(floors) for name in names}
    for module, targets in arrows(root).items():
        if module == "" and root == EXPORTER:
            assert not targets
            continue
        for target in targets:
            above = level[room(target)] >= level[room(module)] and room(target) != room(module)
            assert not above, f"{module or '__init__'} must not import {target or '__init__'}"


@pytest.mark.parametrize("root", [RUNTIME, EXPORTER])
def test_no_circle_between_files(root: Path) -> None:
    assert list(TopologicalSorter(arrows(root)).static_order())


@pytest.mark.parametrize(("root", "floors"), [(RUNTIME, RUNTIME_FLOORS), (EXPORTER, EXPORTER_FLOORS)])
def test_every_room_has_its_floor(root: Path, floors: list[set[str]]) -> None:
    rooms = {room(module) for module in modules(root)} - ({""} if root == EXPORTER else set())
    assert rooms == set().union(*floors)


@pytest.mark.parametrize(("root", "floors"), [(RUNTIME, RUNTIME_FLOORS), (EXPORTER, EXPORTER_FLOORS)])
def test_the_page_draws_the_same_floors(root: Path, floors: list[set[str]]) -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
    drawing = page.partition(f"\n{root.name}/ ")[2]
    lines = [line[4:33].split() for line in drawing.splitlines()[1:]]
    drawn = [set(names) for names in takewhile(bool, lines)]
    assert drawn[::-1] == [{name or "__init__" for name in names} for names in floors]


def test_the_exporter_imports_the_runtime_and_only_the_command_line_imports_the_exporter() -> None:
    importers = {
        path.relative_to(RUNTIME).as_posix()
        for path in modules(RUNTIME).values()
        if any(name.partition(".")[0] == "albert_ner_export" for name in imported(path))
    }
    assert importers == {"cli/export.py"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_library_is_imported_in_one_place(library: str) -> None:
    importers = {
        path.relative_to(RUNTIME).as_posix()
        for path in modules(RUNTIME).values()
        if any(name.partition(".")[0] == library for name in imported(path))
    }
    assert importers == {LIBRARIES[library]}


def test_text_and_tags_need_nothing_but_the_standard_library_and_numpy() -> None:
    """What a port to another language would take over: words and sentences even without NumPy."""
    own = {"albert_ner_onnx"}
    for name, path in modules(RUNTIME).items():
        others = {target.partition(".")[0] for target in imported(path)} - own
        if room(name) == "text":
            assert not others & {"numpy", "onnxruntime", "tokenizers"}, name
        if room(name) == "tags":
            assert not others & {"onnxruntime", "tokenizers"}, name
