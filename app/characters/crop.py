"""Tells what of a person a picture cuts off: what lies beyond its border can only be made up."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_camera import SIZE
from inference.face_frame import HEAD, TOP

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
INSIDE: Final = 2.0
"""Frame pixels inside the border where the person is looked for: beyond it is made up already."""
TOUCH: Final = 12
"""Frame pixels along a border that the person must touch to be cut off there."""
CHIN: Final = round((TOP + HEAD) * SIZE)
"""Row of the chin in the frame."""
BESIDE: Final = 170
"""Columns from the middle within which a head and its hair lie: what touches a border farther out
is a thing in the background that was taken for hair."""
ENOUGH: Final = SIZE - 80
"""Row from which on a missing strip of the chest is not worth a word: it is continued unseen."""
NARROW: Final = 106
"""Columns at the sides that may be missing of shoulders, for the same reason."""


def remarks_of(
    name: str, picture: UInt8Array, matrix_23: Float32Array, portrait: bytes
) -> list[str]:
    """A sentence about what the picture `name` cuts off, if anything; `portrait` is the framed
    person as a PNG with alpha."""
    alpha = cv.imdecode(np.frombuffer(portrait, np.uint8), cv.IMREAD_UNCHANGED)[..., 3]
    parts = cut_off((picture.shape[1], picture.shape[0]), matrix_23, alpha)
    if not parts:
        return []
    told = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return [
        f"{name} cuts off {told}, which had to be made up: a picture with head and shoulders whole "
        "would look better."
    ]


def cut_off(size: tuple[int, int], matrix_23: Float32Array, alpha: UInt8Array) -> tuple[str, ...]:
    """The parts of a person that a picture of `size` (width, height) lacks, in words.

    `matrix_23` leads from the picture's pixels to the frame's, `alpha` (SIZE, SIZE) is the person's
    in the frame.
    """
    width, height = size
    step = INSIDE / max(float(np.linalg.norm(matrix_23[:, 0])), 1e-6)
    low, right, bottom = step, width - 1 - step, height - 1 - step
    out = []
    if len(_touched((low, low), (right, low), matrix_23, alpha)) > TOUCH:
        out.append("the top of the head")
    sides = [_touched((x, low), (x, bottom), matrix_23, alpha) for x in (low, right)]
    near = [places[np.abs(places[:, 0] - SIZE / 2) < BESIDE] for places in sides]
    if any((places[:, 1] < CHIN).sum() > TOUCH for places in near):
        out.append("a side of the head")
    below = _touched((low, bottom), (right, bottom), matrix_23, alpha)
    beside = np.concatenate([places[places[:, 1] >= CHIN] for places in sides])
    middle = np.abs(beside[:, 0] - SIZE / 2) < SIZE / 2 - NARROW
    if (below[:, 1] < ENOUGH).sum() > TOUCH or middle.sum() > TOUCH:
        out.append("the shoulders")
    return tuple(out)


def _touched(
    start: tuple[float, float], end: tuple[float, float], matrix_23: Float32Array, alpha: UInt8Array
) -> Float32Array:
    """Frame places (N, 2), a pixel apart, where a line of the picture runs over the person."""
    ends = np.array([start, end]) @ matrix_23[:, :2].T + matrix_23[:, 2]
    count = max(int(np.linalg.norm(ends[1] - ends[0])), 2)
    share = np.linspace(0, 1, count)[:, None]
    places = ends[0] * (1 - share) + ends[1] * share
    pixels = np.rint(places).astype(int)
    seen = ((pixels >= 0) & (pixels < SIZE)).all(1)
    pixels, places = pixels[seen], places[seen]
    found: Float32Array = places[alpha[pixels[:, 1], pixels[:, 0]] > 127].astype(np.float32)
    return found
