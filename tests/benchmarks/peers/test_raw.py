"""With a tokenizer of a few words and an engine that answers by what it is given."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import IOB1, IOB2, Entities

from benchmarks.peers import Settings
from benchmarks.peers.raw import (
    Ids,
    Logits,
    PieceTokenizer,
    RawPeer,
    Window,
    find_entities,
    padded,
    sorted_batches,
    tag_alone,
)
from toy import SPECIALS, TAGS, vocabulary, write_checkpoint

PIECES = vocabulary()
NAMES = {"john": "B-PER", "smith": "I-PER", "berlin": "B-LOC"}


class ByHeart(RawPeer):
    """Knows three names; what the mask leaves out would be a person."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        for ids, mask in batches:
            self.shapes.append(ids.shape)
            tags = [[TAGS.index(NAMES.get(PIECES[piece], "O")) for piece in row] for row in ids.tolist()]
            yield np.eye(len(TAGS), dtype=np.float32)[np.where(mask == 1, tags, 1)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("raw")
    return Settings(write_checkpoint(folder / "checkpoint"), folder, folder, threads=1, window=8)


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=12))
def test_entities_of_legal_tags_as_seqeval_finds_them(tags: list[str]) -> None:
    offsets = [(2 * index, 2 * index + 1) for index in range(len(tags))]
    found = [(label, start // 2, (end + 1) // 2) for label, start, end in find_entities(tags, offsets)]
    # An `I-` without its `B-` begins an entity, as IOB1 has it; with all of them after a `B-`, it is IOB2
    legal = all(tag[:1] != "I" or (index and tags[index - 1][1:] == tag[1:]) for index, tag in enumerate(tags))
    if legal:
        expected = [(entity.tag, entity.start, entity.end) for entity in Entities([tags], IOB2).entities[0]]
        assert found == expected
    if not any(
        tag[:1] == "B" and (not index or tags[index - 1][1:] != tag[1:]) for index, tag in enumerate(tags)
    ):  # in IOB1 a `B-` only parts neighbours
        assert found == [(entity.tag, entity.start, entity.end) for entity in Entities([tags], IOB1).entities[0]]


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_text_to_entities_in_any_batch(settings: Settings, batch: int) -> None:
    peer = ByHeart(settings)
    texts = ["Berlin", "", "in Berlin John Smith lives", "the " * 9 + "John Smith", "is"]
    expected = [
        [("LOC", 0, 6)],
        [],
        [("LOC", 3, 9), ("PER", 10, 20)],
        [("PER", 36, 46)],  # in the second window
        [],
    ]
    assert peer.recognize(texts, batch) == expected
    assert [rows for rows, _ in peer.shapes] == [min(batch, 6 - start) for start in range(0, 6, batch)]
    lengths = [pieces for _, pieces in peer.shapes]
    assert lengths == sorted(lengths, reverse=True)
    assert max(lengths) <= settings.window


@pytest.mark.parametrize("batch", [1, 16])
def test_tags_of_the_first_pieces_of_words(settings: Settings, batch: int) -> None:
    peer = ByHeart(settings)
    texts = ["John Smith's in Berlin.", "the " * 9 + "John", ""]  # `smith`, `'`, `s` are one word between blanks
    person, inside, place, outside = (TAGS.index(tag) for tag in ("B-PER", "I-PER", "B-LOC", "O"))
    expected = [[person, inside, outside, place], [outside] * 9 + [person], []]
    assert peer.word_tags(texts, batch) == expected
    assert tag_alone(peer.logits, settings, texts) == expected


def test_windows_hold_all_pieces_between_special_ones(settings: Settings) -> None:
    windows = PieceTokenizer(settings.checkpoint, 5).windows(["john lives in berlin", "paris"])
    cls, sep = (SPECIALS.index(piece) for piece in ("[CLS]", "[SEP]"))
    assert [window.text for window in windows] == [0, 0, 1]
    assert all((window.ids[0], window.ids[-1]) == (cls, sep) for window in windows)
    words = [[PIECES[piece] for piece in window.ids[1:-1]] for window in windows]
    assert words == [["john", "lives", "in"], ["berlin"], ["paris"]]
    assert windows[1].offsets[1:-1] == [(14, 20)]


@given(st.lists(st.integers(2, 9), max_size=30), st.integers(1, 16))
def test_batches_hold_each_window_once(lengths: list[int], batch: int) -> None:
    windows = [Window(index, [7] * length, [(0, 0)] * length) for index, length in enumerate(lengths)]
    batches = sorted_batches(windows, batch)
    assert sorted(index for part in batches for index in part) == list(range(len(lengths)))
    assert all(len(part) == batch for part in batches[:-1])
    for part in batches:
        ids, mask = padded([windows[index] for index in part])
        assert ids.shape == mask.shape == (len(part), max(lengths[index] for index in part))
        assert mask.sum(axis=1).tolist() == [lengths[index] for index in part]
        assert ((ids == 7) == (mask == 1)).all()
