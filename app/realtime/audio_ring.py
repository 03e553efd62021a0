"""A ring of captured sound between an audio callback and the thread that consumes it.

One writer, one reader, no lock: each side owns one counter, and the interpreter makes the store of
an int atomic. The writer never waits; if the reader falls behind, the oldest sound is lost and
counted. Every block carries the moment its last sample was captured, so that the capture time of
each sample is known to the end of the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.contract import Float32Array


@dataclass(frozen=True, slots=True)
class CapturedSound:
    """What was captured since the last read.

    `samples_NC` is float32 (frames, channels); `end_time` is when the last sample was captured, in
    clock seconds; `lost` counts frames overwritten before they could be read.
    """

    samples_NC: Float32Array
    end_time: float
    lost: int


class AudioRing:
    """Holds `capacity` frames of `channels` channels of float32 sound at `rate` frames/second."""

    def __init__(self, capacity: int, channels: int, rate: float) -> None:
        if capacity < 1 or channels < 1 or rate <= 0:
            raise ValueError(f"AudioRing({capacity=}, {channels=}, {rate=}): all must be positive")
        self.rate = rate
        self._buffer_NC = np.zeros((capacity, channels), np.float32)
        self._capacity = capacity
        self._claimed = 0  # frames ever written or being written; owned by the writer
        self._written = 0  # frames ever written; owned by the writer
        self._read = 0  # frames ever read or given up; owned by the reader
        self._mark: tuple[int, float] = (0, 0.0)  # (frames written, capture time of the last)
        self.lost_total = 0

    @property
    def channels(self) -> int:
        """Channels of a frame."""
        return self._buffer_NC.shape[1]

    @property
    def available(self) -> int:
        """Frames waiting to be read."""
        return min(self._written - self._read, self._capacity)

    def write(self, block_NC: Float32Array, end_time: float) -> None:
        """Copy a block in (called by the audio callback: no allocation, no lock, no wait).

        `end_time` is the capture time of the block's last frame. Of a block longer than the ring
        only the end is kept; the rest counts as lost.
        """
        n = len(block_NC)
        self._claimed = self._written + n
        kept_NC = block_NC[-self._capacity :]
        start = (self._written + n - len(kept_NC)) % self._capacity
        first = min(len(kept_NC), self._capacity - start)
        self._buffer_NC[start : start + first] = kept_NC[:first]
        self._buffer_NC[: len(kept_NC) - first] = kept_NC[first:]
        self._written += n
        self._mark = (self._written, end_time)  # one store: the reader never sees half of it

    def read(self, most: int | None = None) -> CapturedSound:
        """Everything captured since the last read, or its oldest `most` frames."""
        marked, mark_time = self._mark
        lost = self._skip_overwritten(marked)
        n = marked - self._read
        if most is not None:
            n = min(n, most)
        start = self._read % self._capacity
        first = min(n, self._capacity - start)
        samples_NC = np.concatenate(
            (self._buffer_NC[start : start + first], self._buffer_NC[: n - first])
        )
        # The writer may have come round while we copied: what it reached is spoilt.
        spoilt = min(max(0, self._claimed - self._capacity - self._read), n)
        self._read += n
        lost += spoilt
        self.lost_total += lost
        end_time = mark_time - (marked - self._read) / self.rate
        return CapturedSound(samples_NC[spoilt:], end_time, lost)

    def _skip_overwritten(self, written: int) -> int:
        lost = max(0, written - self._capacity - self._read)
        self._read += lost
        return lost
