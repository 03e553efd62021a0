"""Tells what of a person had to be made up: what a picture cuts off and the part of the frame that
is drawn shows all the same."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_camera import SIZE
from inference.face_frame import HEAD, TOP
from inference.face_shown import BESIDE, TOUCH, touched
from inference.frame_generator_layers import WHOLE, Shown

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
CHIN: Final = round((TOP + HEAD) * SIZE)
"""Row of the chin in the frame."""
SLIVER: Final = 0.03
"""Share of the part that is drawn, along its edge, of which nobody sees that it is made up."""
ENOUGH: Final = 0.16
"""Share of it at its foot that is not worth a word: the chest is continued unseen."""
CLOSELY: Final = 0.7
"""Share of the frame that is drawn, under which a head is a close-up."""
NARROW: Final = 0.21
"""Share of it at each side that may be missing of shoulders, for the same reason."""


def remarks_of(
    name: str, corners_42: Float32Array, portrait: bytes, shown: Shown = WHOLE
) -> list[str]:
    """A sentence about what the picture `name` cuts off, if that is drawn; `portrait` is the framed
    person as a PNG with alpha."""
    alpha = cv.imdecode(np.frombuffer(portrait, np.uint8), cv.IMREAD_UNCHANGED)[..., 3]
    parts = cut_off(corners_42, alpha, shown)
    if not parts and shown.side < CLOSELY * SIZE:
        return [
            f"{name} is cropped closely, so the head fills the camera's picture: one with head and "
            "shoulders whole would stand as others do in a call."
        ]
    if not parts:
        return []
    told = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return [
        f"{name} cuts off {told}, which had to be made up: a picture with head and shoulders whole "
        "would look better."
    ]


def cut_off(corners_42: Float32Array, alpha: UInt8Array, shown: Shown = WHOLE) -> tuple[str, ...]:
    """The parts of a person, in words, that are drawn although the picture lacks them.

    `corners_42` are the picture's in the frame (`face_frame.corners_of`), `alpha` (SIZE, SIZE) is
    the person's there.
    """
    top, right, bottom, left = (
        _within(touched(alpha, corners_42, side), shown) for side in range(4)
    )
    out = []
    if len(top) > TOUCH:
        out.append("the top of the head")
    near = [places[np.abs(places[:, 0] - SIZE / 2) < BESIDE] for places in (left, right)]
    if any((places[:, 1] < CHIN).sum() > TOUCH for places in near):
        out.append("a side of the head")
    beside = np.concatenate([places[places[:, 1] >= CHIN] for places in (left, right)])
    middle = shown.x + shown.side / 2
    inner = np.abs(beside[:, 0] - middle) < shown.side * (0.5 - NARROW)
    high = bottom[:, 1] < shown.y + shown.side * (1 - ENOUGH)
    if high.sum() > TOUCH or inner.sum() > TOUCH:
        out.append("the shoulders")
    return tuple(out)


def _within(places_N2: Float32Array, shown: Shown) -> Float32Array:
    """The places that lie well within the part that is drawn."""
    edge = SLIVER * shown.side if shown != WHOLE else 0.0
    low = np.array(shown[:2], np.float32)
    inside = (places_N2 >= low + edge) & (places_N2 < low + shown.side - edge)
    return np.asarray(places_N2[inside.all(1)], np.float32)
