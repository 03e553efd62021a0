"""Absolute deadlines: the n-th tick is due at start + n / rate, however late the others were."""

from __future__ import annotations

import math
import threading

from app.realtime.clock import Clock


class Pacer:
    """Ticks `rate` times a second without drift.

    Late ticks do not push later ones back, and after a stall the missed ones are skipped, never
    made up for in a burst.
    """

    def __init__(self, clock: Clock, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"rate must be positive, not {rate}")
        self.period = 1.0 / rate
        self.skipped = 0
        self._clock = clock
        self._start: float | None = None
        self._index = 0

    @property
    def next_deadline(self) -> float:
        """When the coming tick is due; the first is due at once."""
        if self._start is None:
            self._start = self._clock.now()
        return self._start + self._index * self.period

    def wait(self, stop: threading.Event | None = None) -> float | None:
        """Sleep until the coming tick and return its deadline; None if `stop` was set."""
        deadline = self.next_deadline
        if not self._clock.sleep_until(deadline, stop):
            return None
        self.advance()
        return deadline

    def advance(self) -> None:
        """Count the coming tick as done and skip those already a whole period overdue."""
        start = self.next_deadline - self._index * self.period
        self._index += 1
        behind = math.floor((self._clock.now() - start) / self.period + 1e-6) - self._index
        if behind > 0:
            self.skipped += behind
            self._index += behind
