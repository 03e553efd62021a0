"""The application's end of the memory shared with the virtual camera program.

A file, not `multiprocessing.shared_memory`: until Python 3.13 that module's tracker removes a
segment as soon as the second process ends (bpo-38119). The layout is fixed by the interface
described in app/camera_program/README.md.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from app.session_contract import OutputFormat
from inference.contract import PersonareError, UInt8Array

_MAGIC: Final = 0x3152435645525350
_HEADER_BYTES: Final = 128
_SLOT_HEADER_BYTES: Final = 64
_SLOTS: Final = 4
_MEMORY: Final = Path("/dev/shm")


class FrameRing:
    """Pictures of one size, I420, from this process to the camera program. One thread writes."""

    def __init__(self, output: OutputFormat) -> None:
        frame_bytes = output.width * output.height * 3 // 2
        stride = -(-(frame_bytes + _SLOT_HEADER_BYTES) // 4096) * 4096
        self._frame_bytes, self._stride = frame_bytes, stride
        self.path = _make_file(_HEADER_BYTES + _SLOTS * stride)
        try:
            with self.path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), 0)
        except BaseException:
            self.remove_file()
            raise
        self._head_u = np.frombuffer(self._map, np.uint64, count=16)
        self._head_f = np.frombuffer(self._map, np.float64, count=16)
        fps_milli = round(output.fps * 1000)
        self._head_u[1:6] = (output.width, output.height, fps_milli, _SLOTS, stride)
        self._head_u[0] = _MAGIC

    def put(self, i420: UInt8Array, neutral: bool) -> int:
        """Copy one picture in; return its number. ValueError if it has another size."""
        if i420.size != self._frame_bytes:
            raise ValueError(f"a picture of {i420.size} bytes, not {self._frame_bytes}")
        number = int(self._head_u[6]) + 1
        start = _HEADER_BYTES + (number % _SLOTS) * self._stride
        slot_u = np.frombuffer(self._map, np.uint64, count=2, offset=start)
        slot_u[0] = 0  # being written
        slot_u[1] = int(neutral)
        pixels = np.frombuffer(
            self._map, np.uint8, count=self._frame_bytes, offset=start + _SLOT_HEADER_BYTES
        )
        pixels[:] = i420.reshape(-1)
        slot_u[0] = number
        self._head_u[6] = number
        return number

    def sent(self) -> tuple[int, float]:
        """Number of the newest picture that reached the device (0: none yet), and when."""
        return int(self._head_u[8]), float(self._head_f[9])

    def remove_file(self) -> None:
        """Take the name away, if the camera program has not done so already."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Let go of the memory and of the file."""
        del self._head_u, self._head_f
        with contextlib.suppress(BufferError):
            self._map.close()
        self.remove_file()


def _make_file(size: int) -> Path:
    """A file whose every byte is really there: writing to memory that is not is a fatal signal."""
    folder = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
    try:
        handle, name = tempfile.mkstemp(prefix="personare-camera-", dir=folder)
        try:
            if sys.platform.startswith("linux"):
                os.posix_fallocate(handle, 0, size)
            else:
                os.truncate(handle, size)
        except OSError:
            os.unlink(name)  # noqa: PTH108
            raise
        finally:
            os.close(handle)
    except OSError as error:
        raise PersonareError(
            f"There is no room for the camera's pictures: {error.strerror}.",
            remedy=f"Free {size / 1e6:.0f} MB in {folder or tempfile.gettempdir()}.",
        ) from error
    return Path(name)
