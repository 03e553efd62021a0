# SPDX-License-Identifier: GPL-2.0-or-later
"""The camera program's end of the shared memory: takes the newest whole picture."""

from __future__ import annotations

import contextlib
import mmap
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x3152435645525350
_HEADER_BYTES = 128
_SLOT_HEADER_BYTES = 64


class RingReader:
    """Attaches to the file at `path`; raises ValueError if it is not a ring of this version.

    On systems that allow it the file's name is removed at once, so that nothing is left behind
    whatever happens to either side; the memory lives as long as someone has it mapped.
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                path.unlink()
        self._head_u = np.frombuffer(self._map, np.uint64, count=16)
        self._head_f = np.frombuffer(self._map, np.float64, count=16)
        if int(self._head_u[0]) != MAGIC:
            self.close()
            raise ValueError(f"{path} is not a ring of pictures of this version")
        self.width, self.height = int(self._head_u[1]), int(self._head_u[2])
        self.fps = int(self._head_u[3]) / 1000
        self._slots, self._stride = int(self._head_u[4]), int(self._head_u[5])

    @property
    def frame_bytes(self) -> int:
        """Bytes of one I420 picture."""
        return self.width * self.height * 3 // 2

    @property
    def newest(self) -> int:
        """Number of the newest picture; 0 before the first."""
        return int(self._head_u[6])

    def take(self, after: int) -> tuple[int, bool, NDArray[np.uint8]] | None:
        """(number, neutral, I420 as a flat copy) of the newest picture, if newer than `after`."""
        for _ in range(3):  # it can only be spoilt if the writer laps us during the copy
            number = self.newest
            if number <= after:
                return None
            start = _HEADER_BYTES + (number % self._slots) * self._stride
            slot_u = np.frombuffer(self._map, np.uint64, count=2, offset=start)
            neutral = bool(int(slot_u[1]) & 1)
            picture = np.frombuffer(
                self._map, np.uint8, count=self.frame_bytes, offset=start + _SLOT_HEADER_BYTES
            ).copy()
            if int(slot_u[0]) == number:
                return number, neutral, picture
        return None

    def mark_sent(self, number: int, when: float) -> None:
        """Tell the application that picture `number` was handed to the device at `when`."""
        self._head_f[9] = when
        self._head_u[8] = number

    def close(self) -> None:
        """Let go of the memory."""
        del self._head_u, self._head_f
        with contextlib.suppress(BufferError):
            self._map.close()
