"""Tags -> spans as Spark NLP's NerConverter reads them."""

from __future__ import annotations

from collections.abc import Sequence

from albert_ner_onnx.tags.schemes import Span


def chunks(tags: Sequence[str], *, has_no_schema: bool = False, white_list: Sequence[str] | None = None) -> list[Span]:
    """Reads the spans that the tags of a sentence mark.

    `O` and `B-X` close a span. Any other tag continues it, whatever its label, and the span keeps its first label. So
    this differs from `schemes.spans`, which agrees with conlleval, where the label changes without a `B-`.

    Args:
        tags: The tag of each word, `O` for words that have none.
        has_no_schema: NerConverter's `nerHasNoSchema`: the label is the whole tag, rather than the tag without its
            first two characters.
        white_list: The labels to keep; `None` for all.
    """
    found: list[Span] = []
    start = None  # of the open span
    for index, tag in enumerate((*tags, "O")):
        if start is not None and (tag == "O" or tag.startswith("B-")):
            found.append(Span(tags[start] if has_no_schema else tags[start][2:], start, index))
            start = None
        if start is None and tag != "O":
            start = index
    return found if white_list is None else [span for span in found if span.label in white_list]
