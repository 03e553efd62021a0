"""The one-layer warp that imports are compared with: the whole picture as a single skin.

The experiment of this project's beginning: every pixel of the portrait knows by the rig where it
goes (its true 3D point, turned exactly), and the frame looks back by a fixed point of that field.
There are no layers, so the field tears where one part of the head passes another.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
STEPS: Final = 4
"""Steps of the fixed point; one loses 3 dB on turns, two 0.7."""


def one_layer(portrait: UInt8Array, flow_HW2: Float32Array) -> UInt8Array:
    """The portrait (H, W, 4), straight alpha, moved by the flow of its own pixels, which may be
    known at a lower resolution (in pixels of the portrait)."""
    height, width = portrait.shape[:2]
    flow = cv.resize(flow_HW2, (width, height), interpolation=cv.INTER_LINEAR)
    column, row = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    x, y = column, row
    for _ in range(STEPS):
        moved = cv.remap(flow, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        x, y = column - moved[..., 0], row - moved[..., 1]
    alpha = portrait[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([portrait[..., :3] * alpha, alpha[..., 0] * 255])
    out = cv.remap(premultiplied, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT)
    out[..., :3] /= np.maximum(out[..., 3:], 1.0) / 255
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)
