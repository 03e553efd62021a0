"""What lies beyond a cropped picture's border: a calm continuation instead of its last pixels.

Repeated pixels run on as stripes, which nobody takes for hair or cloth once they move. So they are
blurred, the more the farther out; and above the shoulders, where a cropped head would rise to the
frame's edge like a chimney, the person ends where the fitted head does, before what is seen of the
background.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import fill, smoothstep

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SMALL: Final = 4
"""Times smaller is the copy that the continuation is made of: it is all blur."""
USUAL: Final = 592
"""Pixels across a cut that the following are counted in."""
BLURS: Final = ((4.0, 0.0, 8.0), (12.0, 6.0, 30.0))
"""Pixels: how wide a blur is, and between which distances from the border it takes over."""
HAIR: Final = 20
"""Pixels that hair may stand off the fitted head beyond the border."""


def continued(
    cut: UInt8Array, inside_HW: UInt8Array, places_N2: Any, triangles_F3: Any, chin: float
) -> UInt8Array:
    """A cut picture (side, side, 4) whose pixels outside of the user's are a calm continuation.

    `inside_HW` is 1 where the cut shows the user's picture; elsewhere its last pixels are repeated.
    `places_N2` and `triangles_F3` are the fitted head in the cut's pixels; `chin` is its row.
    """
    if float(inside_HW.mean()) > 0.998:
        return cut
    side = cut.shape[0]
    wide = SMALL * USUAL / side
    size = (side // SMALL, side // SMALL)
    small = cv.resize(cut[..., :3], size, interpolation=cv.INTER_AREA).astype(np.float32)
    known = cv.resize(inside_HW * np.float32(1), size, interpolation=cv.INTER_AREA)
    away = cv.distanceTransform((known < 1).astype(np.uint8), cv.DIST_L2, 3) * wide
    calm = small
    for sigma, low, high in BLURS:
        blurred = cv.GaussianBlur(small, (0, 0), sigma / wide)
        calm = calm + (blurred - calm) * smoothstep(low, high, away)[..., None]
    person = _person(size[0], places_N2 / SMALL, triangles_F3, chin / SMALL, HAIR / wide)
    seen = ((known == 1) & (person < 0.02)).astype(np.float32)
    if float(seen.mean()) > 0.01:
        calm += (fill(small, seen) - calm) * (1 - person)[..., None]
    done = cut.copy()
    larger = cv.resize(np.rint(calm.clip(0, 255)).astype(np.uint8), (side, side))
    done[..., :3] = cv.copyTo(larger, 1 - inside_HW, np.ascontiguousarray(cut[..., :3]))
    return np.asarray(done, np.uint8)


def _person(side: int, places_N2: Any, triangles_F3: Any, chin: float, hair: float) -> Float32Array:
    """Where the person may be (side, side): the fitted head and hair around it, and all below the
    chin."""
    out = np.zeros((side, side), np.uint8)
    corners = np.rint(places_N2[triangles_F3]).astype(np.int32)
    cv.fillPoly(out, list(corners), 1)
    size = 2 * round(hair) + 1
    out = cv.dilate(out, cv.getStructuringElement(cv.MORPH_ELLIPSE, (size, size)))
    soft = cv.GaussianBlur(out.astype(np.float32), (0, 0), 1.5)
    below = smoothstep(chin - 6, chin + 6, np.arange(side)[:, None])
    return np.asarray(np.maximum(soft, below), np.float32)
