"""Clocks: the real one, and a virtual one that makes timing tests exact and instant."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

_HOP: Final = 0.05
"""Longest uninterruptible sleep in seconds: bounds how late a stop is noticed."""


class Clock(Protocol):
    """Seconds on one steady axis, the same for every thread and process of this machine."""

    def now(self) -> float:
        """The present, in seconds since an arbitrary start; never goes backwards."""

    def sleep_until(self, when: float, stop: threading.Event | None = None) -> bool:
        """Return True at `when` (at once if past), or False as soon as `stop` is set."""


class SystemClock:
    """`time.perf_counter`: high resolution everywhere, and shared by all processes.

    (`time.monotonic` moves in steps of 15.6 ms on Windows before Python 3.13.)
    """

    def now(self) -> float:
        """Seconds, see `Clock.now`."""
        return time.perf_counter()

    def sleep_until(self, when: float, stop: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`; notices `stop` within 50 ms."""
        while True:
            if stop is not None and stop.is_set():
                return False
            left = when - time.perf_counter()
            if left <= 0:
                return True
            # time.sleep, not stop.wait: Windows rounds waits on events up to 15.6 ms.
            time.sleep(min(left, _HOP))


class VirtualClock:
    """Time that passes only when someone sleeps: a discrete-event simulation on one thread.

    Callbacks planned with `at` run, in order, when a sleep passes their moment; they may plan
    further ones. `advance` is a sleep by the test itself.
    """

    def __init__(self, start: float = 100.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._plan: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> float:
        """Virtual seconds."""
        return self._now

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` when the time reaches `when`."""
        heapq.heappush(self._plan, (when, next(self._order), action))

    def sleep_until(self, when: float, stop: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`; takes no real time."""
        while self._plan and self._plan[0][0] <= when:
            if stop is not None and stop.is_set():
                return False
            moment, _, action = heapq.heappop(self._plan)
            self._now = max(self._now, moment)
            action()
        if stop is not None and stop.is_set():
            return False
        self._now = max(self._now, when)
        return True

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.sleep_until(self._now + seconds)
