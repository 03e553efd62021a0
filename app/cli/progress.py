"""A tidy progress bar for long work: one line on a terminal, a short line every 20 s elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 28
_EVERY_S = 0.1
_LINE_EVERY_S = 20.0
"""Where there is no terminal: often enough to see that it lives, seldom enough for a log."""


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Progress:
    """Use as a context manager; `update(done)` as often as you like. Writes to stderr."""

    def __init__(self, what: str, total: float, stream: TextIO | None = None) -> None:
        self._what, self._total = what, max(total, 1e-9)
        self._stream = stream or sys.stderr
        self._visible = self._stream.isatty()
        self._start = time.monotonic()
        self._shown = float("-inf") if self._visible else self._start
        self._width = 0

    def update(self, done: float) -> None:
        """Show that `done` of `total` is done."""
        now = time.monotonic()
        part = min(max(done / self._total, 0.0), 1.0)
        if not self._visible:
            if now - self._shown >= _LINE_EVERY_S and done < self._total:
                self._shown = now
                self._stream.write(f"{self._what}: {part:.0%}\n")
                self._stream.flush()
            return
        if now - self._shown < _EVERY_S and done < self._total:
            return
        self._shown = now
        bar = "█" * round(part * _WIDTH)
        left = (now - self._start) * (1 - part) / part if part > 0.02 else 0.0
        rest = f"{_clock_text(left)} left" if left else ""
        self._write(f"{self._what} {bar:░<{_WIDTH}} {part:4.0%} {rest}")

    def _write(self, text: str) -> None:
        if (self._stream.encoding or "").lower().replace("-", "") != "utf8":
            text = text.replace("█", "#").replace("░", ".")
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *rest: object) -> None:
        if self._visible and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
