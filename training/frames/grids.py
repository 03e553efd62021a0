"""Smooth maps of what a rig draws: continued beyond outlines, sampled, limited in slope."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array
from inference.frame_generator_layers import GRID, SIZE, cell_centres

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SLOPE: Final = 2.7
"""Largest change of depth per distance sideways; 1 / sin(turn) must stay above it."""


def fill(value_HWC: Float32Array, known_HW: Float32Array) -> Float32Array:
    """Continue values smoothly into unknown pixels, from averages over ever larger blocks."""
    levels = [(value_HWC * known_HW[..., None], known_HW)]
    while min(levels[-1][1].shape) > 1:
        total, weight = levels[-1]
        size = (max(total.shape[1] // 2, 1), max(total.shape[0] // 2, 1))
        total = cv.resize(total, size, interpolation=cv.INTER_AREA)
        weight = cv.resize(weight, size, interpolation=cv.INTER_AREA)
        levels.append((total.reshape(*weight.shape, -1), weight))
    out = levels[-1][0] / np.maximum(levels[-1][1], 1e-6)[..., None]
    for total, weight in reversed(levels[:-1]):
        rough = cv.resize(out, weight.shape[::-1], interpolation=cv.INTER_LINEAR)
        sure = np.clip(weight * 4, 0, 1)[..., None]
        own = total / np.maximum(weight, 1e-6)[..., None]
        out = own * sure + rough.reshape(own.shape) * (1 - sure)
    return out.astype(np.float32)


def to_grid(map_HWC: Float32Array, box_4: Float32Array) -> Float32Array:
    """Samples (GRID, GRID, C) of a frame map at a box's cell centres, smoothed to the cell."""
    scale = map_HWC.shape[0] / SIZE
    cell = box_4[2:] / GRID * scale
    blurred = cv.GaussianBlur(map_HWC, (0, 0), float(max(cell[0] * 0.4, 0.3)), None, cell[1] * 0.4)
    place = (cell_centres(box_4) + 0.5) * scale - 0.5
    out = cv.remap(blurred, place[0], place[1], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
    return out.reshape(GRID, GRID, -1)


def limit_slope(depth_HW: Float32Array, step: tuple[float, float]) -> Float32Array:
    """The farthest surface that is nowhere behind the given one and nowhere steeper than SLOPE.

    `step` is the distance (in depth's units) between neighbours across and down.
    """
    out = depth_HW.copy()
    for _ in range(2 * GRID):
        before = out.copy()
        for axis, distance in ((1, step[0]), (0, step[1])):
            padded = np.pad(out, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            ahead, behind = (np.take(padded, np.arange(k, k + GRID), axis) for k in (0, 2))
            out = np.minimum(out, np.minimum(ahead, behind) + SLOPE * distance)
        if np.array_equal(before, out):
            break
    return out
