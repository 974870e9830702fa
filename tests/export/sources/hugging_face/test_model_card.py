from pathlib import Path

import pytest

from albert_ner_export.sources.hugging_face.model_card import ModelCard, read_card

NOTHING = ModelCard(None, None)


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("# A model\n", NOTHING),
        ("---\nlicense: mit\nlanguage: en\n---\n# A model\n", ModelCard("mit", "en")),
        ("---\r\nlicense: mit\r\n---\r\n", ModelCard("mit", None)),
        ("\ufeff---\nlicense: mit\n---\n", ModelCard("mit", None)),
        ("---\nlicense: apache-2.0\nlanguage:\n- en\n- de\n---\n", ModelCard("apache-2.0", "en, de")),
        ("---\nlanguage: no\n---\n", ModelCard(None, "no")),  # Norwegian
        ("---\nlicense: 'a\n\n  b'\n---\n", ModelCard("a b", None)),
        ("---\nlanguage: []\nlicense: ''\n---\n", NOTHING),
        ("---\nlicense: mit\n", NOTHING),
        ("---\nlicense: [\n---\n", NOTHING),
        ("---\njust text\n---\n", NOTHING),
        ("---\nlicense: " + "[" * 5000 + "\n---\n", NOTHING),
        ("", NOTHING),
    ],
)
def test_licence_and_language_come_from_the_front_matter(tmp_path: Path, text: str, card: ModelCard) -> None:
    (tmp_path / "README.md").write_bytes(text.encode())
    assert read_card(tmp_path / "README.md") == card


def test_a_card_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert read_card(tmp_path / "README.md") == NOTHING
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    assert read_card(tmp_path / "README.md") == NOTHING
    (tmp_path / "folder").mkdir()
    assert read_card(tmp_path / "folder") == NOTHING
