"""Finds faces of any size and roll in a picture with the finder's graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import UInt8Array
from inference.onnx_session import OnnxSession
from inference.portrait_place import Place, as_input

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
STRIDE: Final = 8
"""Pixels of one cell of the finder's map."""
UNIT: Final = 32.0
"""Pixels of a head size whose logarithm is 0."""
MULTIPLE: Final = 32
SIDES: Final = (112, 160, 224, 320, 448, 640)
"""Longer sides that a picture is looked at: a head is seen best at 10 to 45 pixels of size."""
LIKELY: Final = 0.25
NEAR: Final = 1.6
"""Of two finds whose middles lie within this many sizes, one is dropped."""


@dataclass(frozen=True, slots=True)
class Find:
    """A place in the picture, and how sure the finder is."""

    place: Place
    score: float


def find(session: OnnxSession, rgb: UInt8Array, likely: float = LIKELY) -> list[Find]:
    """Faces of an RGB picture, the surest first; some may be none."""
    longest = max(rgb.shape[:2])
    found: list[Find] = []
    small = rgb
    for side in reversed(SIDES):
        if side > longest * 1.3 and side != SIDES[0]:
            continue
        scale = side / longest
        size = (max(round(rgb.shape[1] * scale), 8), max(round(rgb.shape[0] * scale), 8))
        how = cv.INTER_AREA if scale < 1 else cv.INTER_LINEAR
        small = cv.resize(small, size, interpolation=how)
        ratio = (rgb.shape[1] / size[0], rgb.shape[0] / size[1])
        found += [_scaled(each, ratio) for each in _at_one_size(session, small, likely)]
    found.sort(key=lambda each: -each.score)
    kept: list[Find] = []
    for each in found:
        if not any(_same(each.place, other.place) for other in kept):
            kept.append(each)
    return kept


def _scaled(find: Find, ratio: tuple[float, float]) -> Find:
    place = find.place
    x, y = ((v + 0.5) * r - 0.5 for v, r in zip((place.x, place.y), ratio, strict=True))
    size = place.size * math.sqrt(ratio[0] * ratio[1])
    return Find(Place(x, y, size, place.roll), find.score)


def _same(one: Place, other: Place) -> bool:
    return math.hypot(one.x - other.x, one.y - other.y) < NEAR * max(one.size, other.size)


def _at_one_size(session: OnnxSession, rgb: UInt8Array, likely: float) -> list[Find]:
    height, width = rgb.shape[:2]
    pad = STRIDE * 2
    tall, wide = (pad + -(-v // MULTIPLE) * MULTIPLE + pad for v in (height, width))
    framed = cv.copyMakeBorder(
        rgb, pad, tall - height - pad, pad, wide - width - pad, cv.BORDER_REPLICATE
    )
    out = session.run({"picture": as_input([framed])})["faces"][0]
    score = 1 / (1 + np.exp(-out[0]))
    peak = cv.dilate(score, np.ones((3, 3), np.uint8))
    found = []
    for row, column in np.argwhere((score >= peak) & (score > likely)):
        dx, dy, log_size, cos, sin = (float(v) for v in out[1:, row, column])
        x = (column + dx + 0.5) * STRIDE - 0.5 - pad
        y = (row + dy + 0.5) * STRIDE - 0.5 - pad
        size = UNIT * math.exp(min(max(log_size, -3.0), 2.0))
        if -0.1 * width < x < 1.1 * width and -0.1 * height < y < 1.1 * height:
            found.append(Find(Place(x, y, size, math.atan2(sin, cos)), float(score[row, column])))
    return found
