"""Hair before the face, whole: with the lines and shadows at its edges that the skin would keep.

Masks end in the middle of a strand's outline. What is left of it on the skin stays behind as a
ghost when the head turns and the strand moves on; it belongs to the hair.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import fill, smoothstep

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
REACH: Final = 5
"""Pixels beside hair in which what is darker than the skin belongs to it."""
DARK: Final = (14.0, 40.0)
"""How much darker (of 255)."""


def strands_whole(
    share: dict[str, Float32Array], picture: UInt8Array, where_HW: Float32Array
) -> None:
    """Give hair in front the dark rims that skin has beside it, in place.

    `share` has visible shares by name (H, W), `picture` is RGB, `where_HW` is 0 where dark lines
    may be the skin's own: round the eyes.
    """
    front, skin = share["hair_front"], share["skin"]
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * REACH + 1, 2 * REACH + 1))
    near = cv.dilate((front > 0.4).astype(np.uint8), disc) > 0
    if not (near & (skin > 0.05)).any():
        return
    bare = skin**8 * ~cv.dilate(near.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    if float(bare.mean()) < 1e-3:
        return
    colour = picture.astype(np.float32)
    like = fill(colour, bare.astype(np.float32))
    darker = (like - colour).max(2)
    moved = skin * smoothstep(*DARK, darker) * near * where_HW
    share["hair_front"] = (front + moved).astype(np.float32)
    share["skin"] = (skin - moved).astype(np.float32)
