"""Waiting, in the few tests where real threads, processes or devices take real time."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as `condition()` is true; fail after `seconds`."""
    limit = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < limit, "it did not happen in time"
        time.sleep(0.01)
