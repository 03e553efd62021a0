"""Reads a picture that a user brings, and says in one sentence why one cannot be used."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array
from inference.quiet import quiet

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LARGEST: Final = 4096
"""Pixels of a side; larger pictures are made smaller."""
SMALLEST: Final = 160
"""Pixels of the shorter side below which no face can be large enough."""
MOST_BYTES: Final = 200_000_000
MOST_PIXELS: Final = 100_000_000
"""Width times height above which a picture is not even unpacked: it would take gigabytes."""
ORIENTATION: Final = 0x0112
"""EXIF's tag for the turn of the camera."""
_REMEDY: Final = "Choose a PNG, JPEG or WebP picture."


def read_picture(path: Path) -> tuple[UInt8Array, float]:
    """A picture as RGBA (H, W, 4), upright, and by how much it was scaled (1 or less).

    Raises:
        PersonareError: it is missing, no picture, broken, animated, or tiny.
    """
    data = _bytes(path)
    if is_animated(data):
        raise PersonareError(f"The picture {path.name} is animated.", "Choose a still picture.")
    told = told_size(data)
    if told is not None and told[0] * told[1] > MOST_PIXELS:
        raise PersonareError(
            f"The picture {path.name} is too large: {told[0]} x {told[1]} pixels.",
            f"Make it smaller; {LARGEST} pixels on the longer side are enough.",
        )
    with quiet():
        picture = _decoded(data)
    if picture is None:
        raise PersonareError(f"{path.name} is no picture, or it is broken.", _REMEDY)
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        raise PersonareError(
            f"The picture {path.name} is too small: {width} x {height} pixels.",
            f"Choose one of at least {SMALLEST} pixels on each side.",
        )
    picture = _bled(picture)  # first of all: clear pixels must not be mixed with their neighbours
    scale = min(1.0, LARGEST / max(height, width))
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        picture = cv.resize(picture, size, interpolation=cv.INTER_AREA)
    return picture, scale


def _bled(picture: UInt8Array) -> UInt8Array:
    """The picture with the colour of the nearest opaque pixel where it is clear, so that what is
    stored there (black, mostly) does not darken the outline when the picture is scaled."""
    opaque = picture[..., 3] > 250
    if opaque.all() or not opaque.any():
        return picture
    _, nearest = cv.distanceTransformWithLabels(
        (~opaque).astype(np.uint8), cv.DIST_L2, 3, labelType=cv.DIST_LABEL_PIXEL
    )
    colour = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colour[nearest[opaque]] = picture[opaque][:, :3]
    out = picture.copy()
    out[..., :3] = colour[nearest]
    return out


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise PersonareError(f"The picture {path} {what}.", "Check the name.")
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
    return data.startswith(b"GIF8") and _gif_pictures(data) > 1


def _gif_pictures(data: bytes) -> int:
    """How many pictures GIF data hold, two at most (GIF89a specification: blocks of sub-blocks)."""

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    at, found = 13 + (table(data[10]) if len(data) > 10 else 0), 0
    while at + 1 < len(data) and found < 2 and data[at] in b"\x21\x2c":
        if data[at] == 0x2C:
            found += 1
            at += 11 + (table(data[at + 9]) if at + 9 < len(data) else 0)
        else:
            at += 2
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return found


def told_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG, JPEG, WebP, GIF or BMP file gives itself; None if it gives
    none."""
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif data.startswith(b"GIF8") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif data.startswith(b"BM") and len(data) >= 26:
        width, height = (abs(v) for v in struct.unpack("<ii", data[18:26]))
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_size(data)
    elif data.startswith(b"\xff\xd8"):
        return _jpeg_size(data)
    else:
        return None
    return int(width), int(height)


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of WebP's three kinds (RFC 9649)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return tuple(int.from_bytes(data[k : k + 3], "little") + 1 for k in (24, 27))  # type: ignore[return-value]
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG's frame header (ITU T.81, B.2)."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def turn_of(data: bytes) -> int:
    """The turn a camera noted (EXIF's orientation, 1 to 8) in a PNG or WebP; 1 if none."""
    if data.startswith(b"\x89PNG"):
        at = data.find(b"eXIf") + 4
    elif data[8:12] == b"WEBP":
        at = data.find(b"EXIF") + 8
    else:
        return 1
    blob = data[at:]
    blob = blob[6:] if blob.startswith(b"Exif") else blob
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(blob[:4]))
    if at < 8 or order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", blob, 4)
        (count,) = struct.unpack_from(order + "H", blob, first)
        for k in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", blob, first + 2 + 12 * k)
            if tag == ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


_TURNS: Final[dict[int, tuple[bool, int]]] = {
    1: (False, 0), 2: (True, 0), 3: (False, 2), 4: (True, 2),
    5: (True, 1), 6: (False, 3), 7: (True, 3), 8: (False, 1),
}  # fmt: skip
"""Of each orientation: whether to mirror, then quarter turns to the left."""


def _decoded(data: bytes) -> UInt8Array | None:
    """RGBA, or None; the turn that a camera noted (EXIF) is made."""
    array = np.frombuffer(data, np.uint8)
    jpeg = data.startswith(b"\xff\xd8")  # knows no clear pixels, and its turn OpenCV makes itself
    try:
        raw = cv.imdecode(array, cv.IMREAD_COLOR if jpeg else cv.IMREAD_UNCHANGED)
        if raw is not None and raw.ndim == 3 and raw.shape[2] == 4:
            if raw.dtype == np.uint16:
                raw = (raw // 257).astype(np.uint8)
            if raw.dtype != np.uint8:
                return None
            return _turned(raw, turn_of(data), cv.COLOR_BGRA2RGBA)
        if raw is None or raw.dtype != np.uint8 or raw.ndim != 3:  # grey, 16 bits, palettes
            raw = cv.imdecode(array, cv.IMREAD_COLOR)
            return None if raw is None else cv.cvtColor(raw, cv.COLOR_BGR2RGBA)
    except cv.error:
        return None
    return _turned(raw, 1 if jpeg else turn_of(data), cv.COLOR_BGR2RGBA)


def _turned(raw: UInt8Array, turn: int, code: int) -> UInt8Array:
    """Upright, in other channels."""
    mirrored, quarters = _TURNS[turn]
    raw = np.rot90(raw[:, ::-1] if mirrored else raw, quarters)
    out: UInt8Array = cv.cvtColor(np.ascontiguousarray(raw), code)
    return out
