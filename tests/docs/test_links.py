"""Links lead somewhere, and the README stays short."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages import ROOT, anchors, pages, read_links


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in read_links(page.read_text("utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert not broken


def test_the_map_leads_to_every_page() -> None:
    folder = ROOT / "docs"
    linked = {
        (folder / link.partition("#")[0]).resolve() for link in read_links((folder / "index.md").read_text("utf-8"))
    }
    assert set(folder.glob("*.md")) - linked == {folder / "index.md"}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120
