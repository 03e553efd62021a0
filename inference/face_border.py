"""What lies beyond a cropped picture's border: a calm continuation instead of its last pixels.

Close to the border it is the picture's mirror image, which is what a moving head brings into sight
(`face_shown` keeps the rest out of it where it can). Farther out that would be a second face, and
repeated pixels run on as stripes, which nobody takes for hair or cloth once they move. So they are
blurred, the more the farther out; and above the shoulders, where a cropped head would rise to the
frame's edge like a chimney, the person ends where the fitted head does, before what is seen of the
background.
"""

from __future__ import annotations

from itertools import pairwise
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
MIRROR: Final = ((0.0, 0.0), (4.0, 1.0), (9.0, 2.5), (14.0, 5.0))
"""Distances from the border, and how far the mirror image is blurred there (sigma); beyond the last
it gives way, until at twice that distance nothing of it is left."""
HAIR: Final = 20
"""Pixels that hair may stand off the fitted head beyond the border."""


def continued(
    cut: UInt8Array,
    mirrored: UInt8Array,
    inside_HW: UInt8Array,
    places_N2: Any,
    triangles_F3: Any,
    chin: float,
) -> UInt8Array:
    """A cut picture (side, side, 4) whose pixels outside of the user's are a calm continuation.

    `inside_HW` is 1 where the cut shows the user's picture; elsewhere its last pixels are repeated,
    and in `mirrored` all of them in reverse. `places_N2` and `triangles_F3` are the fitted head in
    the cut's pixels; `chin` is its row.
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
    larger = _with_mirror(larger, np.ascontiguousarray(mirrored[..., :3]), inside_HW)
    done[..., :3] = cv.copyTo(larger, 1 - inside_HW, np.ascontiguousarray(cut[..., :3]))
    return np.asarray(done, np.uint8)


def _with_mirror(calm: UInt8Array, mirrored: UInt8Array, inside_HW: UInt8Array) -> UInt8Array:
    """The continuation (side, side, 3) with the mirror image close to the border."""
    wide = USUAL / calm.shape[0]
    away = cv.distanceTransform(1 - inside_HW, cv.DIST_L2, 3) * wide
    image = mirrored.astype(np.float32)
    for (low, _), (high, sigma) in pairwise(MIRROR):
        blurred = cv.GaussianBlur(mirrored, (0, 0), sigma / wide)
        image += (blurred - image) * smoothstep(low, high, away)[..., None]
    last = MIRROR[-1][0]
    image += (calm - image) * smoothstep(last, 2 * last, away)[..., None]
    return np.asarray(np.rint(image).clip(0, 255), np.uint8)


def unmirrored(picture: UInt8Array, inside_HW: UInt8Array) -> UInt8Array:
    """A framed picture (side, side, RGBA) for the eyes of a network: close to the border goes on
    what is nearest in place of the mirror image, which might look like one more part of a face."""
    if float(inside_HW.mean()) > 0.998:
        return picture
    wide = USUAL / picture.shape[0]
    away, nearest = cv.distanceTransformWithLabels(
        1 - inside_HW, cv.DIST_L2, 5, labelType=cv.DIST_LABEL_PIXEL
    )
    colour = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    known = inside_HW > 0
    colour[nearest[known]] = picture[known][:, :3]
    plain = cv.GaussianBlur(colour[nearest], (0, 0), BLURS[0][0] / wide).astype(np.float32)
    last = MIRROR[-1][0]
    plain += (colour[nearest] - plain) * smoothstep(BLURS[0][2], 0, away * wide)[..., None]
    part = ((away > 0) * smoothstep(2 * last, last, away * wide))[..., None]
    out = picture.copy()
    mixed = picture[..., :3] + (plain - picture[..., :3]) * part
    out[..., :3] = np.rint(mixed).clip(0, 255).astype(np.uint8)
    return out


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
