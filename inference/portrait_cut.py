"""A second look at a person's outline, by colour.

The network looks at a picture of 256 pixels and has seen people made by code: in busy rooms it
keeps tufts of the background and misses hats, collars and hair. Near its outline the colours of
what surely is the person and of what surely is not are asked, at half the size (C. Rother et al.,
"GrabCut", 2004). Where they clearly disagree with the network over an area, they are believed;
elsewhere its own soft edges stay. Pictures of one tone keep what the network says: their colours
tell too little.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.face_tones import one_tone

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
HALF: Final = 2
"""How many times smaller colours are compared."""
UNSURE: Final = 16
"""Pixels to both sides of the network's outline within which colours may decide."""
CLEARLY: Final = 0.5
"""Difference of shares that counts as a disagreement."""
AREA: Final = 5
"""Pixels across below which a disagreement is none: edges lie a little beside each other."""
SMALL_HOLE: Final = 400
"""Pixels up to which a hole in a person is closed."""
FEWEST: Final = 300
"""Pixels, of the smaller size, of the person and of what is around that colours are learnt from."""


def better_cut(shares_CHW: Float32Array, rough_CHW: Float32Array, rgb: UInt8Array) -> Float32Array:
    """Shares (C, H, W) that add to 1, part 0 being the background, with a better outline.

    `rough_CHW` is what the network said, at its own size: the odds of the parts where the person
    was missed. `rgb` is the picture (H, W, 3).
    """
    if one_tone(rgb[::8, ::8]) is not None:
        return shares_CHW
    person = 1 - shares_CHW[0]
    seen = by_colour(person, rgb)
    if seen is None:
        return shares_CHW
    odd = (np.abs(seen - person) > CLEARLY).astype(np.uint8)
    odd = cv.morphologyEx(odd, cv.MORPH_OPEN, np.ones((AREA, AREA), np.uint8))
    if not odd.any():
        return shares_CHW
    part = cv.GaussianBlur(_grown(odd, 3).astype(np.float32), (0, 0), 1.5)
    cut = _whole(person * (1 - part) + seen * part)
    size = (rgb.shape[1], rgb.shape[0])
    odds = [cv.resize(each, size, interpolation=cv.INTER_LINEAR) for each in rough_CHW[1:]]
    mixed = shares_CHW[1:] + np.float32(0.02) * np.stack(odds) + np.float32(1e-5)
    mixed *= cut / mixed.sum(0)
    return np.asarray(np.concatenate([1 - cut[None], mixed]), np.float32)


def by_colour(person_HW: Float32Array, rgb: UInt8Array) -> Float32Array | None:
    """The person's share (H, W) by the colours near its outline; None if there are too few."""
    height, width = person_HW.shape
    size = (width // HALF, height // HALF)
    small = cv.resize(rgb, size, interpolation=cv.INTER_AREA)
    inside = (cv.resize(person_HW, size, interpolation=cv.INTER_AREA) > 0.5).astype(np.uint8)
    labels = np.where(inside, cv.GC_PR_FGD, cv.GC_PR_BGD).astype(np.uint8)
    outside = 1 - _grown(inside, UNSURE // HALF)
    core = 1 - _grown(1 - inside, UNSURE // HALF)
    if min(int(outside.sum()), int(core.sum())) < FEWEST:
        return None
    labels[outside > 0], labels[core > 0] = cv.GC_BGD, cv.GC_FGD
    # the colours are grouped by chance: the same picture shall give the same character
    cv.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(small[..., ::-1])
    cv.grabCut(bgr, labels, None, *models, 1, cv.GC_INIT_WITH_MASK)
    found = ((labels == cv.GC_FGD) | (labels == cv.GC_PR_FGD)).astype(np.float32)
    large = cv.resize(found, (width, height), interpolation=cv.INTER_LINEAR)
    return np.asarray(cv.GaussianBlur(large, (0, 0), 1.0), np.float32)


def _whole(person_HW: Float32Array) -> Float32Array:
    """The same without islands, and without small holes."""
    height, width = person_HW.shape
    _, piece = cv.connectedComponents((person_HW > 0.4).astype(np.uint8), connectivity=4)
    middle = piece[int(0.35 * height) : int(0.6 * height), int(0.4 * width) : int(0.6 * width)]
    counts = np.bincount(middle.ravel(), minlength=1)
    counts[0] = 0
    if not counts.any():
        return person_HW
    own = _grown((piece == int(counts.argmax())).astype(np.uint8), 3)
    out = person_HW * cv.GaussianBlur(own.astype(np.float32), (0, 0), 1.0)
    count, piece, stats, _ = cv.connectedComponentsWithStats(
        (out < 0.5).astype(np.uint8), connectivity=4
    )
    x, y, w, h, area = stats.T
    inner = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    small = np.flatnonzero(inner & (area < SMALL_HOLE) & (np.arange(count) > 0))
    if len(small):
        closed = _grown(np.isin(piece, small).astype(np.uint8), 3).astype(np.float32)
        out = np.maximum(out, cv.GaussianBlur(closed, (0, 0), 1.0))
    return np.asarray(out, np.float32)


def _grown(mask_HW: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv.dilate(mask_HW, disc), np.uint8)
