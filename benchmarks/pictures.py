"""What all plots share: a backend without a screen, and a style whose files are the same for the same figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INK = "#333333"
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "", "font.family": "sans-serif", "font.size": 9}


@contextmanager
def styled_pyplot() -> Iterator[Any]:
    """Matplotlib's pyplot, in our style.

    Raises:
        SystemExit: matplotlib is missing.
    """
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise SystemExit("drawing needs matplotlib: pip install 'albert-ner-onnx[benchmark]'") from None
    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(_STYLE):
        yield pyplot
