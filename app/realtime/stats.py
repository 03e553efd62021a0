"""What really happened lately: frames per second, delay percentiles, drops."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class StreamStats:
    """A summary of the recent window; delays in seconds, 0 where nothing was measured."""

    fps: float = 0.0
    latency_p50: float = 0.0
    latency_p95: float = 0.0
    frames: int = 0
    dropped: int = 0


class StreamMeter:
    """Counts frames handed on; rates and percentiles cover the last `window` seconds.

    Any thread may call any method.
    """

    def __init__(self, window: float = 3.0) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, float | None]] = deque(maxlen=4096)
        self._frames = 0
        self._dropped = 0

    def add(self, when: float, latency: float | None = None) -> None:
        """One frame was handed on at `when`, showing sound captured `latency` seconds earlier."""
        with self._lock:
            self._recent.append((when, latency))
            self._frames += 1

    def drop(self, count: int = 1) -> None:
        """`count` frames were due but not handed on."""
        with self._lock:
            self._dropped += count

    def summary(self, now: float) -> StreamStats:
        """The state at `now`."""
        with self._lock:
            recent = [entry for entry in self._recent if entry[0] > now - self._window]
            frames, dropped = self._frames, self._dropped
        latencies = [latency for _, latency in recent if latency is not None]
        p50, p95 = np.percentile(latencies, [50, 95]) if latencies else (0.0, 0.0)
        span = now - recent[0][0] if recent else 0.0
        fps = (len(recent) - 1) / (recent[-1][0] - recent[0][0]) if len(recent) > 2 else 0.0
        if recent and span > 0 and now - recent[-1][0] > 1.0:
            fps = len(recent) / self._window  # stalled: do not show the old pace
        return StreamStats(fps, float(p50), float(p95), frames, dropped)
