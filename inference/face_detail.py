"""Layers with the detail of a large picture, for frames larger than the portrait's 512 pixels.

A portrait is taken apart at the frame's size; what a larger picture shows beyond it is added to the
layer that shows it. Made smaller again, the layers are the same as without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import MARGIN, encode, smoothstep
from inference.face_layers import LayerPicture

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
FINE: Final = 2
"""Pixels of a detailed layer for one of the frame's."""
WORTH: Final = 1.3
"""Pixels of the user's picture for one of the frame's from which its detail is kept."""
_OWN: Final = (0.5, 0.95)
"""Shares of a pixel that a layer makes from which the picture's detail is the layer's."""


def smaller(picture: Any) -> Any:
    """A detailed picture at the frame's size."""
    size = (picture.shape[1] // FINE, picture.shape[0] // FINE)
    return cv.resize(picture, size, interpolation=cv.INTER_AREA)


def _larger(picture: Any) -> Any:
    size = (picture.shape[1] * FINE, picture.shape[0] * FINE)
    # linear: a curve that swings over would ring at soft outlines
    return cv.resize(picture, size, interpolation=cv.INTER_LINEAR)


def detailed(layers: list[LayerPicture], picture: UInt8Array) -> dict[str, UInt8Array]:
    """Premultiplied RGBA (FINE * SIDE, FINE * SIDE, 4) of each layer by name.

    `picture` is RGB of that size, and `smaller(picture)` what the layers were taken from.
    """
    fine = picture.astype(np.float32)
    beyond = _larger(smaller(fine))
    np.subtract(fine, beyond, out=beyond)
    out = {}
    uncovered: Any = np.ones(layers[0].rgba.shape[:2], np.float32)
    for layer in reversed(layers):
        alpha = layer.rgba[..., 3].astype(np.float32) / 255
        rows, columns = _box(layer.rgba[..., 3])
        own = smoothstep(*_OWN, _larger((uncovered * alpha)[rows, columns]))
        uncovered = uncovered * (1 - alpha)
        inner = tuple(slice(FINE * part.start, FINE * part.stop) for part in (rows, columns))
        made = np.zeros((*picture.shape[:2], 4), np.uint8)
        made[inner] = _with_detail(layer.rgba[rows, columns], beyond[inner] * own[..., None])
        out[layer.name] = made
    return {layer.name: out[layer.name] for layer in layers}


def detail_arrays(
    arrays: Mapping[str, Any], layers: list[LayerPicture], picture: UInt8Array
) -> dict[str, Any]:
    """What changes in `geometry.npz` when the layers' pictures get the detail of `picture`."""
    out: dict[str, Any] = {"picture_scale": np.array(float(FINE))}
    for name, rgba in detailed(layers, picture).items():
        x, y = (int(v) + MARGIN for v in arrays[f"{name}_corner"])
        height, width = cv.imdecode(arrays[f"{name}_alpha"], cv.IMREAD_GRAYSCALE).shape
        cut = rgba[FINE * y : FINE * (y + height), FINE * x : FINE * (x + width)]
        bgr = cv.cvtColor(np.ascontiguousarray(cut[..., :3]), cv.COLOR_RGB2BGR)
        out[f"{name}_colour"] = encode(bgr)
        out[f"{name}_alpha"] = encode(np.ascontiguousarray(cut[..., 3]))
    return out


def _box(alpha_HW: UInt8Array) -> tuple[slice, slice]:
    """Rows and columns of what is not clear, and two pixels around: a third of most layers."""
    out = []
    for axis in (1, 0):
        there = np.flatnonzero(alpha_HW.any(axis))
        first, last = (int(there[0]), int(there[-1])) if len(there) else (0, 0)
        out.append(slice(max(first - 2, 0), last + 3))
    rows, columns = (
        slice(s.start, min(s.stop, n)) for s, n in zip(out, alpha_HW.shape, strict=True)
    )
    return rows, columns


def _with_detail(rgba: UInt8Array, beyond: Float32Array) -> UInt8Array:
    """A part of a layer, enlarged, with what the picture shows beyond it."""
    coarse = rgba.astype(np.float32)
    made = _larger(coarse)
    made[..., :3] += beyond
    off = coarse - smaller(made)
    made += cv.resize(off, made.shape[1::-1], interpolation=cv.INTER_NEAREST)
    brighter = made[..., 3] > 255
    made[brighter] *= 255 / made[brighter][:, 3:]
    made = made.clip(0, 255, out=made)
    np.minimum(made[..., :3], made[..., 3:], out=made[..., :3])
    return np.asarray(np.rint(made, out=made), np.uint8)
