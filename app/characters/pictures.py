"""Reads a picture that a user brings, and says in one sentence why one cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LARGEST: Final = 4096
"""Pixels of a side; larger pictures are made smaller."""
SMALLEST: Final = 160
"""Pixels of the shorter side below which no face can be large enough."""
MOST_BYTES: Final = 200_000_000
_REMEDY: Final = "Choose a PNG, JPEG or WebP picture."


def read_picture(path: Path) -> tuple[UInt8Array, float]:
    """A picture as RGBA (H, W, 4), upright, and by how much it was scaled (1 or less).

    Raises:
        PersonareError: it is missing, no picture, broken, animated, or tiny.
    """
    data = _bytes(path)
    if is_animated(data):
        raise PersonareError(f"The picture {path.name} is animated.", "Choose a still picture.")
    picture = _decoded(np.frombuffer(data, np.uint8))
    if picture is None:
        raise PersonareError(f"{path.name} is no picture, or it is broken.", _REMEDY)
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        raise PersonareError(
            f"The picture {path.name} is too small: {width} x {height} pixels.",
            f"Choose one of at least {SMALLEST} pixels on each side.",
        )
    scale = min(1.0, LARGEST / max(height, width))
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        picture = cv.resize(picture, size, interpolation=cv.INTER_AREA)
    return picture, scale


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise PersonareError(f"There is no picture {path}.", "Check the name.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PersonareError(f"The file {path.name} is too large for a picture.", _REMEDY)
        data = path.read_bytes()
    except OSError as error:
        raise PersonareError(
            f"{path} cannot be read: {error.strerror}.", "Check the permissions of the file."
        ) from error
    if not data:
        raise PersonareError(f"The file {path.name} is empty.", _REMEDY)
    return data


def is_animated(data: bytes) -> bool:
    """Whether PNG, WebP or GIF data hold more than one frame."""
    if data.startswith(b"\x89PNG"):
        head = data.find(b"IDAT")
        return b"acTL" in data[: head if head > 0 else len(data)]
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & 2)
    return data.startswith(b"GIF8") and data.count(b"\x00\x21\xf9\x04") > 1


def _decoded(data: UInt8Array) -> UInt8Array | None:
    """RGBA, or None; the turn that a camera noted (EXIF) is made."""
    try:
        raw = cv.imdecode(data, cv.IMREAD_UNCHANGED)
        if raw is not None and raw.ndim == 3 and raw.shape[2] == 4:
            if raw.dtype == np.uint16:
                raw = (raw // 257).astype(np.uint8)
            return None if raw.dtype != np.uint8 else cv.cvtColor(raw, cv.COLOR_BGRA2RGBA)
        upright = cv.imdecode(data, cv.IMREAD_COLOR)
    except cv.error:
        return None
    return None if upright is None else cv.cvtColor(upright, cv.COLOR_BGR2RGBA)
