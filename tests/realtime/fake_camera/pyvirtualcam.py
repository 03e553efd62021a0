"""Takes the place of pyvirtualcam in tests of the camera program where there is no camera.

Every picture sent is noted in the file FAKE_CAMERA_LOG: time, first luma value, checksum. While the
file FAKE_CAMERA_REFUSE exists, opening fails with its text; while FAKE_CAMERA_BREAK exists, sending
does.
"""

from __future__ import annotations

import os
import time
import zlib
from enum import Enum
from pathlib import Path


class PixelFormat(Enum):
    I420 = "I420"


class Camera:
    def __init__(self, width, height, fps, fmt, device=None):  # type: ignore[no-untyped-def]
        refusal = Path(os.environ["FAKE_CAMERA_LOG"] + ".refuse")
        if refusal.exists():
            raise RuntimeError(refusal.read_text())
        self.size = width * height * 3 // 2
        self.device = device or "/dev/video-fake"
        self.backend = "fake"
        self._log = Path(os.environ["FAKE_CAMERA_LOG"]).open("a", buffering=1)  # noqa: SIM115
        self._log.write(f"open {width} {height} {fps} {fmt.name} {self.device}\n")

    def send(self, frame):  # type: ignore[no-untyped-def]
        if Path(os.environ["FAKE_CAMERA_LOG"] + ".break").exists():
            raise OSError("device gone")
        assert frame.size == self.size
        self._log.write(f"{time.perf_counter():.6f} {frame.flat[0]} {zlib.crc32(frame)}\n")

    def close(self):  # type: ignore[no-untyped-def]
        self._log.write("closed\n")
        self._log.close()
