"""The one-layer warp that imports are compared with: the whole picture as a single skin.

The experiment of this project's beginning: every pixel of the portrait knows by the rig where it
goes (its true 3D point, turned exactly), and the frame looks back by a fixed point of that field.
There are no layers, so the field tears where one part of the head passes another.

Nobody but the rig knows that flow. `known_flow` is what the import knows of it: the same picture
moved as one skin by the character's own fit, which tells what layers add from what the fit lacks.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_flow import GridFlow
from inference.frame_generator_layers import SIZE, Geometry

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
STEPS: Final = 4
"""Steps of the fixed point; one loses 3 dB on turns, two 0.7."""


def one_layer(portrait: UInt8Array, flow_HW2: Float32Array) -> UInt8Array:
    """The portrait (H, W, 4), straight alpha, moved by the flow of its own pixels."""
    alpha = portrait[..., 3:].astype(np.float32) / 255
    out = one_skin(np.dstack([portrait[..., :3] * alpha, alpha[..., 0] * 255]), flow_HW2)
    out[..., :3] /= np.maximum(out[..., 3:], 1.0) / 255
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def one_skin(premultiplied: Float32Array, flow_HW2: Float32Array) -> Float32Array:
    """A premultiplied picture (H, W, 4) moved by the flow of its own pixels, which may be known at
    a lower resolution (in pixels of the picture)."""
    height, width = premultiplied.shape[:2]
    flow = cv.resize(flow_HW2, (width, height), interpolation=cv.INTER_LINEAR)
    column, row = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    x, y = column, row
    for _ in range(STEPS):
        moved = cv.remap(flow, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        x, y = column - moved[..., 0], row - moved[..., 1]
    out: Float32Array = cv.remap(
        premultiplied, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT
    )
    return out


def known_flow(geometry: Geometry, motion_D: Float32Array) -> Float32Array:
    """Where each pixel of the frame goes (SIZE, SIZE, 2) by the character's own geometry: as the
    uppermost layer does that covers it, mixed where layers are half transparent."""
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    for layer in geometry.layers:
        shift = GridFlow(layer, geometry.camera_34, geometry.place_5).shift(motion_D)
        x, y, w, h = (round(float(v)) for v in layer.box_4)
        place = np.array([[1, 0, x], [0, 1, y]], np.float32)
        spread = cv.resize(shift.transpose(1, 2, 0), (w, h), interpolation=cv.INTER_LINEAR)
        here = cv.warpAffine(spread, place, (SIZE, SIZE), borderMode=cv.BORDER_REPLICATE)
        corner = np.array([[1, 0, layer.corner[0]], [0, 1, layer.corner[1]]], np.float32)
        share = cv.warpAffine(layer.image[..., 3], corner, (SIZE, SIZE)) / np.float32(255)
        flow += share[..., None] * (here - flow)
    return flow
