"""One session for all tests of a process: a JVM takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import spark_jobs


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    with spark_jobs.local_session() as session:
        yield session
