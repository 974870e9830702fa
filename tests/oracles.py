"""Which oracles this environment has: optimum needs an older transformers, so some have transformers alone."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

HAS_OPTIMUM = find_spec("optimum") is not None
NEEDS_OPTIMUM = pytest.mark.skipif(not HAS_OPTIMUM, reason="optimum isn't installed")
ORACLES = [pytest.param("optimum", marks=NEEDS_OPTIMUM), "transformers"]
