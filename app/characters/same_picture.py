"""Tells whether two framed pictures are one picture: saved again, scaled, cut, or brightened.

The frames come from points that were found anew in each, so they lie a pixel or two beside each
other: one is laid on the other first (G. Evangelidis, E. Psarakis, "Parametric image alignment
using enhanced correlation coefficient maximization", 2008). Then the face must agree everywhere: a
second photograph of the same person agrees nearly everywhere, but not at the eyes or the mouth it
shows otherwise.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array
from inference.face_frame import Framed
from inference.face_grids import MARGIN

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
HALF: Final = 2
"""Frame pixels for one that is compared."""
BLUR: Final = 1.5
"""Sigma, in compared pixels, that takes away noise, compression and the detail of a larger copy."""
SPOT: Final = 9
"""Side of the spots that are compared, in compared pixels: a fifth of an eye's width."""
ALIKE: Final = 0.45
"""Largest difference of a spot's mean in one picture, in standard deviations of the face's
brightness. Copies saved again, scaled or cut had up to 0.37 (brightened ones up to 0.54), other
pictures of the same person, even in the same light and pose, 0.51 and more."""
ROUND: Final = 0.12
"""Share of the face's box that is compared round it."""
STEPS: Final = 40


def same_picture(one: Framed, other: Framed) -> bool:
    """Whether both show the same picture of the same face."""
    return unlike(one, other) < ALIKE


def unlike(one: Framed, other: Framed) -> float:
    """The largest difference of a spot in the face, in standard deviations of its brightness; 9
    where the pictures cannot be laid on each other."""
    ours, theirs = _grey(one), _grey(other)
    left, top, right, bottom = _face(one)
    inside = np.zeros(ours.shape, np.uint8)
    inside[top:bottom, left:right] = 255
    matrix = np.eye(2, 3, dtype=np.float32)
    ends = (cv.TERM_CRITERIA_EPS | cv.TERM_CRITERIA_COUNT, STEPS, 1e-4)
    try:
        cv.findTransformECC(ours, theirs, matrix, cv.MOTION_AFFINE, ends, inside, 5)
    except cv.error:  # it does not converge where nothing is alike
        return 9.0
    laid = cv.warpAffine(
        theirs, matrix, ours.shape[::-1], flags=cv.INTER_LINEAR | cv.WARP_INVERSE_MAP,
        borderMode=cv.BORDER_REPLICATE,
    )  # fmt: skip
    a, b = (_even(each[top:bottom, left:right]) for each in (ours, laid))
    return float(np.abs(cv.blur(a - b, (SPOT, SPOT))).max())


def _grey(placed: Framed) -> Float32Array:
    """Brightness, half as large and blurred."""
    grey = cv.cvtColor(np.ascontiguousarray(placed.picture[..., :3]), cv.COLOR_RGB2GRAY)
    size = (grey.shape[1] // HALF, grey.shape[0] // HALF)
    small = cv.resize(grey, size, interpolation=cv.INTER_AREA)
    out: Float32Array = cv.GaussianBlur(small.astype(np.float32), (0, 0), BLUR)
    return out


def _even(grey: Float32Array) -> Float32Array:
    """Brightness without what exposure changes: mean 0, standard deviation 1."""
    out: Float32Array = (grey - grey.mean()) / max(float(grey.std()), 1.0)
    return out


def _face(placed: Framed) -> tuple[int, int, int, int]:
    """Box round eyes, nose and mouth in the compared picture: left, top, right, bottom."""
    names = ("eye_", "pupil_", "nose_", "lip_", "mouth_")
    found = [[m.x, m.y] for n, m in placed.landmarks.marks.items() if n.startswith(names)]
    places = (np.array(found) + MARGIN) / HALF
    low, high = places.min(0), places.max(0)
    reach = ROUND * (high - low)
    side = placed.picture.shape[0] // HALF
    left, top = np.clip(np.floor(low - reach), 0, side - SPOT).astype(int)
    right, bottom = np.clip(np.ceil(high + reach), SPOT, side).astype(int)
    return int(left), int(top), int(right), int(bottom)
