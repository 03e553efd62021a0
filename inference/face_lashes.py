"""Long lashes of an upper lid, as toons have them, and the line of a lid's edge.

Hairs that stand up to the brow lie far outside of what a lid's skin takes the place of, so they
are looked for: rough dark skin above the edge with many changes between dark and light along it.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import fill, smoothstep

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
UNDER: Final = 0.8
"""Pixels above the edge below which a dark place is the lid's line."""
LONG: Final = (0.18, 0.20)
"""Heights of an opening over the distance of the pupils between which eyes get lashes as long as
toons have; people's openings are 0.12 to 0.18."""
HAIRS: Final = (6.0, 8.0)
"""Changes between dark and light along a line above the lid between which it has long lashes."""
ABOVE: Final = (0.25, 0.35, 0.5)
"""Where those lines lie, in heights of the lid's way."""
SWING: Final = 0.05
"""Share of the brightness that such a change has at least."""
REACH: Final = (1.1, 6.0, 26.0)
"""How far above the lid long lashes are looked for: share of its way, least and most pixels."""
BROW: Final = 5.0
"""Pixels below a brow's points that belong to it."""
ROUGH: Final = (0.02, 0.05)
MASS: Final = (0.05, 0.18)
"""Roughness (share of the brightness) and darkness between which skin is covered by lashes."""
STEPS: Final = 48
"""Points of an edge."""


def edge_of(corners_K2: Float32Array) -> Float32Array:
    """A smooth line (STEPS, 2) through an edge's points, from the inner to the outer corner."""
    apart = np.linalg.norm(np.diff(corners_K2, axis=0), axis=1)
    along = np.concatenate([[0.0], apart.cumsum()])
    at = np.linspace(0, along[-1], STEPS)
    line = np.stack([np.interp(at, along, corners_K2[:, k]) for k in (0, 1)], 1)
    smooth = cv.GaussianBlur(line.astype(np.float32), (1, 9), 0, borderType=cv.BORDER_REFLECT_101)
    smooth[[0, -1]] = line[[0, -1]]
    return np.asarray(smooth, np.float32)


def long_lashes(
    window_HW3: Float32Array, edge_S2: Float32Array, height: float, brow_K2: Float32Array,
    eye: UInt8Array,
) -> Float32Array:  # fmt: skip
    """Share (H, W) of each pixel that lashes as long as toons' cover, up to the brow's points;
    nothing where no hairs stand beside each other. `height` is the lid's way in pixels, `eye`
    (H, W) where the eye is open."""
    many = float(smoothstep(*HAIRS, _changes(window_HW3.mean(2), edge_S2, height)))
    if many <= 0:
        return np.zeros(eye.shape, np.float32)
    _, above = beside(edge_S2, (eye.shape[0], eye.shape[1]))
    return many * _long(window_HW3, above, height, 1, brow_K2, eye)


def _changes(grey: Float32Array, edge_S2: Float32Array, height: float) -> float:
    """How often brightness turns along lines above an edge: hairs that stand beside each other."""
    length = float(np.linalg.norm(np.diff(edge_S2, axis=0), axis=1).sum())
    at = np.linspace(0, STEPS - 1, max(int(length), 2))
    steps = np.arange(STEPS)
    edge, up = (
        np.stack([np.interp(at, steps, values[:, k]) for k in (0, 1)], 1)
        for values in (edge_S2, up_from(edge_S2))
    )
    least = SWING * float(np.percentile(grey, 80))
    counts = []
    for share in ABOVE:
        x, y = np.ascontiguousarray((edge + up * share * height).T.astype(np.float32))
        line = cv.remap(grey, x[None], y[None], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)[0]
        way, last, count = 0, float(line[0]), 0
        for value in line.tolist():
            if way and (value - last) * way > 0:
                last = value
            elif abs(value - last) > least:
                way, last, count = (1 if value > last else -1), value, count + 1
        counts.append(count)
    return float(np.mean(counts))


def _long(
    window: Float32Array, above: Any, height: float, fine: int, brow_K2: Float32Array,
    eye: UInt8Array,
) -> Float32Array:  # fmt: skip
    """Where long lashes are (H, W): rough dark skin up to the brow."""
    rows, columns = above.shape
    grey = window.mean(2)
    soft = cv.GaussianBlur(grey, (0, 0), 2.0 * fine)
    rough = cv.GaussianBlur(np.abs(grey - soft), (0, 0), 1.5 * fine) / np.maximum(soft, 8.0)
    opened = cv.dilate(eye, np.ones((4 * fine + 1, 4 * fine + 1), np.uint8)) > 0
    known = ((rough < (ROUGH[0] + ROUGH[1]) / 2) & ~opened).astype(np.float32)
    side = 1 << (max(rows, columns) - 1).bit_length()
    pad = [(0, side - rows), (0, side - columns)]
    plain = fill(np.pad(window, [*pad, (0, 0)]), np.pad(known, pad))[:rows, :columns]
    plain = cv.GaussianBlur(plain, (0, 0), 1.5 * fine)
    order = np.argsort(brow_K2[:, 0])
    brow = np.interp(np.arange(columns), brow_K2[order, 0], brow_K2[order, 1]) + BROW * fine
    share, least, most = REACH
    reach = float(np.clip(share * height, least * fine, most * fine))
    zone = smoothstep(reach, 0.8 * reach, above) * smoothstep(UNDER * fine, 2.0 * fine, above)
    zone = zone * smoothstep(brow, brow + 2 * fine, np.arange(rows)[:, None])
    dark = smoothstep(*MASS, 1 - grey / np.maximum(plain.mean(2), 1.0)) * smoothstep(*ROUGH, rough)
    dark = np.maximum(dark, cv.GaussianBlur(dark, (0, 0), 0.6 * fine))
    return np.asarray(dark * zone, np.float32)


def up_from(edge_S2: Float32Array) -> Any:
    """Unit vectors (STEPS, 2) away from the eye, across an edge."""
    along = np.gradient(edge_S2, axis=0)
    up = np.stack([along[:, 1], -along[:, 0]], 1)
    return (
        up
        * np.sign(-up[:, 1:] + 1e-6)
        / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    )


def beside(edge_S2: Float32Array, shape: tuple[int, int]) -> tuple[Any, Any]:
    """For each pixel, the nearest step of an edge and how far above it the pixel lies."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x = columns[..., None] - edge_S2[:, 0]
    y = rows[..., None] - edge_S2[:, 1]
    away = x * x + y * y
    nearest = away.argmin(-1)
    distance = np.sqrt(np.take_along_axis(away, nearest[..., None], -1)[..., 0])
    picked = up_from(edge_S2)[nearest]
    dx = np.take_along_axis(x, nearest[..., None], -1)[..., 0]
    dy = np.take_along_axis(y, nearest[..., None], -1)[..., 0]
    above = np.where(dx * picked[..., 0] + dy * picked[..., 1] >= 0, distance, -distance)
    return nearest, above
