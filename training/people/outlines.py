"""Ink: lines where a drawing's shapes end, found from what is seen at every pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from training.people.figure import Figure
from training.people.spec import LineSpec
from training.rig.surface import NOTHING, Surface

STEP = 0.055
"""Jump in depth (dm) from which one shape ends before another."""
SKIN_STEP = 0.16
"""The same within skin: a chin has a line before the neck, a nose none."""
LOCK_STEP = 0.006
UNLINED = ("brows", "lashes", "lower_lashes", "seam", "eyes", "teeth", "tongue", "beard")
"""Parts that are lines themselves, or lie in skin."""


def line_cover(figure: Figure, seen: Surface, width: float) -> Float32Array:
    """How much ink (h, w), 0..1, at the surface's own size; `width` in its pixels."""
    kind = np.zeros(len(seen.parts) + 1, np.int32)
    for number, name in enumerate(seen.parts):
        kind[number] = 1 if name in (*UNLINED, "skin", "neck") else 2 + number
    kind[-1] = 0
    index = np.where(seen.part_HW == NOTHING, len(seen.parts), seen.part_HW).astype(np.int32)
    kinds = kind[index]
    lock = np.zeros_like(kinds)
    if figure.pieces is not None and "hair" in figure.parts:
        mine = seen.of("hair")
        corner = figure.parts["hair"].mesh.point_triangles_F3[seen.triangle_HW[mine], 0]
        lock[mine] = figure.pieces[corner] + 1
    edge = _edges(kinds, lock, seen.depth_HW, index, seen)
    strong = edge.astype(np.float32)
    size = max(width, 1.0)
    grown = cv2.GaussianBlur(strong, (0, 0), size * 0.42)
    ink = np.clip(grown * size * 1.25 - 0.10, 0, 1)
    return np.asarray(ink, np.float32)


def _edges(
    kinds: NDArray[np.int32],
    lock: NDArray[np.int32],
    depth: Float32Array,
    index: NDArray[np.int32],
    seen: Surface,
) -> NDArray[np.bool_]:
    out = np.zeros(kinds.shape, bool)
    soft = np.isin(index, [seen.parts.index(n) for n in UNLINED if n in seen.parts])
    for shift in ((0, 1), (1, 0)):
        here = tuple(slice(None, -s if s else None) for s in shift)
        there = tuple(slice(s, None) for s in shift)
        jump = np.abs(depth[here] - depth[there])
        second = np.zeros_like(jump)
        # a slope is no jump: compare with the change one pixel on
        if shift == (0, 1):
            second[:, 1:] = np.abs(jump[:, 1:] - jump[:, :-1])
        else:
            second[1:] = np.abs(jump[1:] - jump[:-1])
        change = (kinds[here] != kinds[there]) & ~(soft[here] | soft[there])
        limit = np.where((kinds[here] == 1) & (kinds[there] == 1), SKIN_STEP, STEP)
        step = (jump > limit) & (second > 0.4 * limit) & ~(soft[here] | soft[there])
        locks = (lock[here] != lock[there]) & (lock[here] > 0) & (lock[there] > 0)
        locks &= jump > LOCK_STEP
        out[here] |= change | step | locks
    return out


def ink(
    picture: UInt8Array, figure: Figure, seen: Surface, lines: LineSpec, frame: int | None = None
) -> UInt8Array:
    """A straight-alpha picture with its lines; `seen` is a multiple of the picture's size.

    A picture that is a window of a frame of `frame` pixels, or a layer that fades out, has no line
    where it has no neighbouring colour.
    """
    height, width = picture.shape[:2]
    factor = seen.size // height
    cover = line_cover(figure, seen, lines.width * factor * (frame or height) / 512)
    cover = cover.reshape(height, factor, width, factor).mean((1, 3))[..., None]
    if frame is not None:
        near = cv2.dilate(picture[..., 3], np.ones((5, 5), np.uint8)) / np.float32(255)
        cover = cover * near[..., None]
    rgb, alpha = picture[..., :3] / np.float32(255), picture[..., 3:] / np.float32(255)
    colour = np.asarray(lines.colour, np.float32)
    tone = colour + lines.through * (rgb * np.float32(0.6) - colour)
    out_alpha = np.maximum(alpha, cover)
    mixed = np.where(alpha > 0, rgb * (1 - cover) + tone * cover, colour)
    out = np.concatenate([mixed, out_alpha], -1)
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)
