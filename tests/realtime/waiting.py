"""Waiting, in the few tests where real threads, processes or devices take real time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as `condition()` is true; fail after `seconds`."""
    limit = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < limit, "it did not happen in time"
        time.sleep(0.01)


class Bystander(threading.Thread):
    """A thread that only wakes every 20 ms: what this machine gives to such a loop just now.

    Limits measured against it hold on a busy machine and are strict on a quiet one.
    """

    PERIOD: Final = 0.020

    def __init__(self) -> None:
        super().__init__(name="bystander")
        self._late: deque[tuple[float, float]] = deque(maxlen=250)
        self._over = threading.Event()

    def run(self) -> None:
        due = time.perf_counter()
        while not self._over.is_set():
            due = max(due + self.PERIOD, time.perf_counter() - self.PERIOD)
            time.sleep(max(0.0, due - time.perf_counter()))
            now = time.perf_counter()
            self._late.append((now, now - due))

    def __enter__(self) -> Bystander:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    @property
    def fps(self) -> float:
        """Its own rate over the last two seconds; 50 on a quiet machine."""
        now = time.perf_counter()
        times = [when for when, _ in list(self._late) if now - when < 2.0]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 10 else 50.0

    @property
    def late_ms(self) -> float:
        """How late it wakes: the 90th percentile of the last two seconds."""
        now = time.perf_counter()
        late = sorted(late for when, late in list(self._late) if now - when < 2.0)
        return 1000 * late[len(late) * 9 // 10] if late else 0.0
