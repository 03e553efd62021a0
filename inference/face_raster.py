"""Draws a mesh's values into a picture on the processor: which triangle each pixel sees, and where.

A few thousand small triangles are painted from the farthest to the nearest, which is enough for the
smooth surface of a head and takes some tens of milliseconds without any graphics card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_SUB: Final = 4
"""Fractional bits of the corners that OpenCV fills between."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a square picture sees of a mesh: the corners and their shares at every pixel."""

    known_HW: NDArray[np.bool_]
    corners_P3: NDArray[np.int64]
    """Point indices of the triangle at each known pixel, in row order."""
    shares_P3: Float32Array
    """Barycentric shares of the corners; they add to 1."""

    def read(self, values_NC: Float32Array) -> Float32Array:
        """A map (H, W, C) of the points' values, 0 where nothing is seen."""
        channels = values_NC.shape[1]
        out = np.zeros((channels, self.known_HW.size), np.float32)
        where = np.flatnonzero(self.known_HW)
        corners_3P = np.ascontiguousarray(self.corners_P3.T)
        shares_3P = np.ascontiguousarray(self.shares_P3.T)
        for channel in range(channels):  # three times as fast as rows of few channels at once
            values = np.ascontiguousarray(values_NC[:, channel])
            out[channel, where] = sum(
                share * values[corner] for share, corner in zip(shares_3P, corners_3P, strict=True)
            )
        return np.ascontiguousarray(out.T).reshape(*self.known_HW.shape, channels)


def look(
    place_N2: Float32Array,
    depth_N: Float32Array,
    triangles_F3: NDArray[np.int64],
    size: int,
    scale: float = 1.0,
) -> Seen:
    """Which triangle each pixel of a (size, size) picture sees.

    `place_N2` are frame pixels whose first middle is (0, 0); `scale` is the picture's size in
    frame sizes. Triangles turned away (clockwise on the picture with y up) are left out; `depth_N`
    grows away from the camera.
    """
    place = (place_N2.astype(np.float64) + 0.5) * scale - 0.5
    corner_F32 = place[triangles_F3]
    a, b, c = corner_F32[:, 0], corner_F32[:, 1], corner_F32[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    low, high = corner_F32.min(1), corner_F32.max(1)
    shown = (area < 0) & (high > -1).all(1) & (low < size).all(1)
    order = np.flatnonzero(shown)
    order = order[np.argsort(-depth_N[triangles_F3[order]].mean(1), kind="stable")]
    painted = np.full((size, size), -1, np.int32)
    fixed = np.rint(corner_F32[order] * (1 << _SUB)).astype(np.int32)
    for index, triangle in zip(order.tolist(), fixed, strict=True):
        cv.fillConvexPoly(painted, triangle, index, cv.LINE_8, _SUB)
    known = painted >= 0
    rows, columns = np.nonzero(known)
    face_P = painted[known]
    return Seen(
        known, triangles_F3[face_P], _shares(corner_F32[face_P], area[face_P], columns, rows)
    )


def _shares(corner_P32: Any, area_P: Any, x_P: Any, y_P: Any) -> Float32Array:
    """Barycentric shares of pixels, kept inside their triangle."""

    def part(one: Any, other: Any) -> Any:
        return (one[:, 0] - x_P) * (other[:, 1] - y_P) - (one[:, 1] - y_P) * (other[:, 0] - x_P)

    a, b, c = corner_P32[:, 0], corner_P32[:, 1], corner_P32[:, 2]
    shares = np.stack([part(b, c), part(c, a), part(a, b)], 1) / area_P[:, None]
    shares = np.clip(shares, 0, 1)
    shares = shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)
    return np.asarray(shares, np.float32)
