"""Smooth maps of a head: continued beyond outlines, sampled to grids, limited in slope, packed.

Shared by the bundled characters' geometry, which the rig draws, and by imported ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.frame_generator_layers import GRID, SIZE, cell_centres

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SLOPE: Final = 2.7
"""Largest change of depth per distance sideways; 1 / sin(turn) must stay above it."""
STEP: Final = 0.05
"""Rounding of the bases, in pixels."""
MARGIN: Final = 40
"""Pixels of a layer beyond the frame on every side: what a moving body brings in."""
QUICK_PNG: Final = (
    cv.IMWRITE_PNG_COMPRESSION, 1, cv.IMWRITE_PNG_STRATEGY, cv.IMWRITE_PNG_STRATEGY_RLE,
    *((cv.IMWRITE_PNG_FILTER, cv.IMWRITE_PNG_FILTER_PAETH)
      if hasattr(cv2, "IMWRITE_PNG_FILTER") else ()),
)  # fmt: skip
"""For a PNG file: of one kind of filter and with runs alone, photographs and their alpha take half
the time of the usual level 3, and are a little smaller."""
LIP_JUMP: Final = 0.03
"""Difference (dm) of the open jaw's displacement across the line between the lips."""


def smoothstep(low: float, high: float, x: Any) -> Float32Array:
    """0 below low, 1 above high, smooth between; low may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def fill(value_HWC: Float32Array, known_HW: Float32Array) -> Float32Array:
    """Continue values smoothly into unknown pixels, from averages over ever larger blocks."""
    return Filling(known_HW)(value_HWC)


class Filling:
    """`fill` for many values of which the same pixels are known."""

    def __init__(self, known_HW: Float32Array) -> None:
        weights = [np.asarray(known_HW, np.float32)]
        while min(weights[-1].shape) > 1:
            size = tuple(max(side // 2, 1) for side in weights[-1].shape[::-1])
            weights.append(cv.resize(weights[-1], size, interpolation=cv.INTER_AREA))
        self._weights = weights
        self._shares: dict[int, list[tuple[Any, Any]]] = {}

    def __call__(self, value_HWC: Float32Array) -> Float32Array:
        """Values (H, W, C) where they are known, continued elsewhere."""
        channels = value_HWC.shape[2]
        totals = [value_HWC * self._over(self._weights[0], channels)]
        for weight in self._weights[1:]:
            total = cv.resize(totals[-1], weight.shape[::-1], interpolation=cv.INTER_AREA)
            totals.append(total.reshape(*weight.shape, channels))
        out = totals[-1] / np.maximum(self._weights[-1], 1e-6)[..., None]
        for total, (own, rest) in zip(totals[-2::-1], self._mixed(channels), strict=True):
            rough = cv.resize(out, total.shape[1::-1], interpolation=cv.INTER_LINEAR)
            total *= own
            out = rough.reshape(total.shape)
            out *= rest
            out += total
        return np.asarray(out, np.float32)

    def _mixed(self, channels: int) -> list[tuple[Any, Any]]:
        """From the coarsest level: what makes a sum the level's own share, and the rest's share."""
        if channels not in self._shares:
            self._shares[channels] = []
            for weight in self._weights[-2::-1]:
                sure = np.clip(weight * 4, 0, 1)
                own = sure / np.maximum(weight, 1e-6)
                pair = (self._over(own, channels), self._over(1 - sure, channels))
                self._shares[channels].append(pair)
        return self._shares[channels]

    @staticmethod
    def _over(share_HW: Any, channels: int) -> Any:
        """A share of each channel: whole arrays multiply faster than one spread over three."""
        return np.repeat(share_HW[..., None], channels, 2)


def to_grid(map_HWC: Float32Array, box_4: Float32Array) -> Float32Array:
    """Samples (GRID, GRID, C) of a frame map at a box's cell centres, smoothed to the cell."""
    scale = map_HWC.shape[0] / SIZE
    cell = box_4[2:] / GRID * scale
    blurred = cv.GaussianBlur(map_HWC, (0, 0), float(max(cell[0] * 0.4, 0.3)), None, cell[1] * 0.4)
    place = (cell_centres(box_4) + 0.5) * scale - 0.5
    out = cv.remap(blurred, place[0], place[1], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
    return np.asarray(out.reshape(GRID, GRID, -1), np.float32)


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


def pack_grid(
    depth_HW: Float32Array,
    bases: Iterable[tuple[str, Float32Array]],
    box_4: Float32Array,
    focal: float,
    limit: bool,
) -> dict[str, Any]:
    """A grid's part of `geometry.npz`: depth (GRID, GRID) and bases (GRID, GRID, 3) by motion name.

    `focal` is the camera's in pixels; `limit` keeps the depth from folding when the head turns.
    Bases that round to nothing are left out.
    """
    pixel = float(depth_HW.mean()) / focal
    if limit:
        cell = (float(box_4[2]) / GRID * pixel, float(box_4[3]) / GRID * pixel)
        depth_HW = limit_slope(depth_HW, cell)
    kept, index = [], []
    for name, grid in bases:
        rounded = np.rint(grid.transpose(2, 0, 1) / (STEP * pixel)).astype(np.int16)
        if rounded.any():
            kept.append(rounded)
            index.append(MOTION_INDEX[name])
    low, high = float(depth_HW.min()), float(depth_HW.max()) + 1e-3
    return {
        "box": box_4,
        "depth": np.rint((depth_HW - low) / (high - low) * 65535).astype(np.uint16),
        "depth_range": np.array([low, high], np.float64),
        "basis": np.array(kept, np.int16).reshape(-1, 3, GRID, GRID),
        "basis_step": np.full(len(kept), STEP * pixel, np.float32),
        "index": np.array(index, np.int16),
    }


def layer_boxes(alpha_HW: UInt8Array, layer: str) -> tuple[tuple[int, int, int, int], Float32Array]:
    """The part of a layer's picture (frame and MARGIN) that is not empty, and its grid's box."""
    rows, columns = np.flatnonzero(alpha_HW.max(1) > 2), np.flatnonzero(alpha_HW.max(0) > 2)
    if not len(rows):
        return (0, 0, 0, 0), np.zeros(4, np.float32)
    x, y = int(columns[0]), int(rows[0])
    w, h = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
    if layer == "body":
        box = (x - MARGIN - 12, y - MARGIN - 24, w + 24, h + 36)
    else:
        pad = round(0.12 * max(w, h))
        box = (x - MARGIN - pad, y - MARGIN - pad, w + 2 * pad, h + 2 * pad)
    return (x, y, w, h), np.array(box, np.float32)


def premultiply(straight: UInt8Array) -> UInt8Array:
    """RGBA with straight alpha to premultiplied."""
    out = straight.copy()
    alpha = straight[..., 3:].astype(np.uint16)
    out[..., :3] = (straight[..., :3] * alpha + 127) // 255
    return out


def encode(picture: UInt8Array) -> UInt8Array:
    """Lossless bytes of a picture (BGR or one channel): a PNG, made quickly while a user waits."""
    done, data = cv.imencode(".png", picture, QUICK_PNG)
    if not done:
        raise ValueError("a layer's picture could not be encoded")
    packed: UInt8Array = data.ravel()
    return packed


def lip_line(drop_HW: Float32Array, middle: tuple[float, float]) -> dict[int, int]:
    """First row below the line between the lips, for every column of the mouth.

    `drop_HW` is how far the open jaw lowers each pixel (dm): it jumps at the line. `middle` is a
    place (x, y) between the lips.
    """
    x0, y0 = round(middle[0]), round(middle[1])
    line: dict[int, int] = {}
    for side in (1, -1):
        row, column = y0, x0 + (side < 0) * side
        while abs(column - x0) < 60:
            window = drop_HW[row - 9 : row + 10, column]
            jumps = np.diff(window)
            best = int(np.argmax(jumps))
            if jumps[best] < LIP_JUMP:
                break
            row = row - 9 + best + 1
            line[column] = row
            column += side
    return line


def lip_masks(line: dict[int, int], shape: tuple[int, int]) -> tuple[Any, Any]:
    """Over a map: below the line; and the same with everything beside the mouth."""
    columns = np.array(sorted(line))
    across = np.arange(shape[1])
    rows = np.rint(np.interp(across, columns, [line[c] for c in columns]))
    below = np.arange(shape[0])[:, None] >= rows[None]
    closed = (across < columns[0]) | (across > columns[-1])
    return below, below | closed[None]
