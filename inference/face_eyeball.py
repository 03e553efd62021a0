"""An imported portrait's eyeballs: the iris found, completed by its mirror image, and the white
continued beneath the lids."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow
from inference.face_grids import fill

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
IRIS: Final = 0.21
"""Radius of a person's iris over the width of the opening."""
_IRIS_RANGE: Final = (0.13, 0.48)


def ball_of(rgb: UInt8Array, bare: UInt8Array, window: EyeWindow, radius: float) -> UInt8Array:
    """The eyeball (H, W, RGB) as if no lid lay over it."""
    seen = bare > 8
    sure = (bare > 250).astype(np.float32)
    if sure.sum() < 12:
        return rgb
    picture = rgb.astype(np.float32)
    away = window.from_pupil()
    white = _square_fill(picture, sure * (away > 1.15 * radius))
    out = _square_fill(picture, sure) if not (sure * (away > 1.15 * radius)).any() else white
    iris = _iris(picture, sure, window.pupil_2, away, radius)
    share = np.clip(radius + 0.5 - away, 0, 1)[..., None]
    out = out * (1 - share) + iris * share
    out[seen] = picture[seen]
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def _square_fill(picture: Float32Array, sure: Float32Array) -> Float32Array:
    height, width = sure.shape
    pad = [(0, max(width - height, 0)), (0, max(height - width, 0))]
    out = continued(np.pad(picture, [*pad, (0, 0)]), np.pad(sure, pad))
    return out[:height, :width]


def iris_radius(rgb: UInt8Array, bare: UInt8Array, window: EyeWindow) -> float:
    """Where a ring round the pupil is lightest outside against inside (J. Daugman, 1993), looked
    for left and right of it, where no lid lies."""
    picture, sure, away = rgb.astype(np.float32), bare > 250, window.from_pupil()
    rows, columns = np.mgrid[: away.shape[0], : away.shape[1]]
    aside = np.abs(rows - window.pupil_2[1]) < np.abs(columns - window.pupil_2[0])
    grey = picture.mean(2)
    low, high = (share * window.width for share in _IRIS_RANGE)
    best, found = 12.0, IRIS * window.width
    for radius in np.arange(low, high, 0.5):
        rings = [
            grey[sure & aside & (away >= radius + a) & (away < radius + b)]
            for a, b in ((-2.0, -0.3), (0.3, 2.0))
        ]
        if min(len(ring) for ring in rings) < 3:
            continue
        jump = float(rings[1].mean() - rings[0].mean())
        if jump > best:
            best, found = jump, float(radius)
    return found


def _iris(
    picture: Float32Array, sure: Float32Array, pupil_2: Float32Array, away: Any, radius: float
) -> Float32Array:
    """The iris where it is seen, else its mirror image, else its colour at that distance."""
    height, width = sure.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    inside = sure * (away < radius)
    out = _square_fill(picture, inside) if inside.any() else picture
    ring = np.rint(away).astype(int)
    for k in range(int(radius) + 2):
        here, known = ring == k, (ring == k) & (inside > 0)
        if known.sum() >= 3:
            out[here] = picture[known].mean(0)
    for flip_x, flip_y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):  # the last wins
        x = pupil_2[0] + flip_x * (columns - pupil_2[0])
        y = pupil_2[1] + flip_y * (rows - pupil_2[1])
        there = cv.remap(inside, x, y, cv.INTER_LINEAR)
        colour = cv.remap(picture, x, y, cv.INTER_LINEAR)
        share = np.clip(there * 4 - 3, 0, 1)[..., None]
        out = out * (1 - share) + colour * share
    return np.asarray(out, np.float32)


def continued(values: Float32Array, known: Float32Array) -> Float32Array:
    """A square map continued where it is unknown; `fill` wants a power of two."""
    side = len(known)
    full = 1 << (side - 1).bit_length()
    grown = [
        np.pad(each, [(0, full - side)] * 2 + [(0, 0)] * (each.ndim - 2))
        for each in (values, known)
    ]
    return fill(grown[0].astype(np.float32), grown[1].astype(np.float32))[:side, :side]
