"""Shut eyes as another picture of the same person shows them, laid over the portrait's shut lids.

Each eye is placed by the points round it that lids do not move, read in both pictures by the same
reader, so that its errors are alike. Moving it further, to where lids or lashes look most alike,
made it worse (0.8 dB on four people of the rig). Only its dark strokes are taken, lashes and folds,
as shares of the skin round them: the light that the other picture was taken in stays there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import MARGIN, smoothstep
from inference.face_model import FaceModel
from inference.face_references import Face, near_map, warped

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
NEAR: Final = (5.0, 13.0)
"""Pixels round the opening over which the picture gives way to the portrait (pupils 67 apart)."""
STROKE: Final = 9.0
"""Pixels: dark lines narrower than this are lashes and folds."""
_SIDE: Final = 256
"""Pixels of the square that an eye is worked in."""


@dataclass(frozen=True)
class ShutEyes:
    """The strokes of both eyes shut, in the portrait's frame; over frame and MARGIN."""

    share: Float32Array
    """What is left of the skin's colour, (592, 592, 3), 0..1."""

    def over(self, frame: UInt8Array) -> UInt8Array:
        """A frame (512, 512, 4) with shut lids and these strokes laid over them."""
        inner = slice(MARGIN, -MARGIN)
        out = frame.copy()
        out[..., :3] = np.rint(frame[..., :3] * self.share[inner, inner])
        return out


def shut_eyes(model: FaceModel, portrait: Face, other: Face) -> ShutEyes:
    """The eyes of a picture that has them shut."""
    side = portrait.picture.shape[0]
    share = np.ones((side, side, 3), np.float32)
    for name in ("left", "right"):
        _lay(model, portrait, other, name, share)
    return ShutEyes(share)


def _lay(model: FaceModel, portrait: Face, other: Face, side: str, share: Float32Array) -> None:
    """Add one eye, in place."""
    names = tuple(name for name in model.landmarks if name.startswith(f"eye_{side}_"))
    outline = model.at_landmarks(portrait.fit.places_N2)[[model.landmarks.index(n) for n in names]]
    middle, scale = outline.mean(0), portrait.apart / 67.0
    matrix = near_map(model, portrait, other, middle, 0.45 * portrait.apart)
    corner = np.rint(middle).astype(int) - _SIDE // 2
    seen = warped(other.picture, matrix, (int(corner[0]), int(corner[1])), (_SIDE, _SIDE))
    away = _away(outline - corner) / scale
    strokes = _strokes(seen.astype(np.float32), scale)
    near = smoothstep(NEAR[1], NEAR[0], away)[..., None]
    _put(share, 1 - near + strokes * near, corner + MARGIN)


def _strokes(seen: Float32Array, scale: float) -> Float32Array:
    """A picture over the same without its dark lines (H, W, 3), at most 1."""
    size = 2 * round(STROKE * scale / 2) + 1
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (size, size))
    bright = cv.morphologyEx(seen.clip(0, 255), cv.MORPH_CLOSE, disc)
    bright = cv.GaussianBlur(bright, (0, 0), 1.5 * scale)
    return np.asarray(np.clip((seen + 4) / (bright + 4) + 0.02, 0, 1), np.float32)


def _away(outline_K2: Any) -> Float32Array:
    """Pixels from the opening's outline, 0 inside (H, W)."""
    hull = cv.convexHull(np.rint(outline_K2 * 16).astype(np.int32))
    opened = np.zeros((_SIDE, _SIDE), np.uint8)
    cv.fillConvexPoly(opened, hull, 1, cv.LINE_8, 4)
    return np.asarray(cv.distanceTransform(1 - opened, cv.DIST_L2, 5), np.float32)


def _put(share: Float32Array, part_HW3: Float32Array, corner: Any) -> None:
    """Multiply a square into the map, in place."""
    side = share.shape[0]
    x, y = int(corner[0]), int(corner[1])
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + _SIDE, side), min(y + _SIDE, side)
    if right > left and bottom > top:
        share[top:bottom, left:right] *= part_HW3[top - y : bottom - y, left - x : right - x]
