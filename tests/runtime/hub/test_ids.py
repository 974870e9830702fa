"""What is read as a model on the Hub, and what as a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from albert_ner_onnx.hub.ids import HubId, is_hub_id, parse_hub_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner/name", True),
        ("Owner-1/a.b_c-v1.0", True),
        ("owner/name@main", True),
        ("owner/name@refs/pr/1", True),
        (f"owner/name@{'1' * 40}", True),
        ("name", False),
        ("./owner/name", False),
        ("../name", False),
        ("/owner/name", False),
        ("owner/name/", False),
        ("a/b/c", False),
        ("owner/name@", False),
        ("owner/na me", False),
        ("owner/näme", False),
        ("owner/model.zip", False),
        ("owner/model.onnx", False),
        ("https://host/owner/name", False),
        ("C:/name", False),
        ("", False),
    ],
)
def test_what_a_hub_id_is(text: str, expected: bool) -> None:
    assert is_hub_id(text) == expected


def test_an_existing_folder_is_not_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_hub_id("owner/name")
    (tmp_path / "owner" / "name").mkdir(parents=True)
    assert not is_hub_id("owner/name")


def test_the_parts_of_an_id() -> None:
    assert parse_hub_id("anna/toy") == HubId("anna/toy", None)
    assert parse_hub_id("anna/toy@refs/pr/1") == HubId("anna/toy", "refs/pr/1")
    assert parse_hub_id("toy") is None
