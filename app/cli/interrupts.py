"""Ctrl-C at a safe point: a film or table is never cut in the middle of a write."""

from __future__ import annotations

import signal
import threading
from types import FrameType

STATUS = 130
"""Exit status after Ctrl-C, as shells give it (128 + SIGINT)."""


class Interrupts:
    """While it is entered, Ctrl-C and SIGTERM only set `event`; `check` turns that into the end.

    A second Ctrl-C interrupts at once. Outside the main thread it does nothing.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def check(self) -> None:
        """Raise KeyboardInterrupt if the user asked to stop."""
        if self.event.is_set():
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.event.is_set():
            raise KeyboardInterrupt
        self.event.set()

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *rest: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
