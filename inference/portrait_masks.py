"""From a network's coarse parts to masks of a framed picture whose edges follow the picture."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
RADIUS: Final = 7
"""Pixels of the filter's window to each side."""
SMOOTH: Final = 6e-4
"""Variance of the guide (0..1) that counts as an edge."""
SURE: Final = 0.10
"""Shares this near to 0 or 1 are taken for it."""


def parts_of(logits_CHW: Float32Array) -> Float32Array:
    """Shares (C, h, w) that add to 1."""
    raised = np.exp(logits_CHW - logits_CHW.max(0, keepdims=True))
    shares: Float32Array = (raised / raised.sum(0, keepdims=True)).astype(np.float32)
    return shares


def person_alone(shares_CHW: Float32Array) -> Float32Array:
    """The same with nothing left for the background, which is part 0."""
    rest = shares_CHW[1:] + 1e-4
    nothing = np.zeros_like(shares_CHW[:1])
    return np.asarray(np.concatenate([nothing, rest / rest.sum(0, keepdims=True)]), np.float32)


def in_one_piece(shares_CHW: Float32Array) -> Float32Array:
    """The same without what is not joined to the person in the middle of the frame."""
    height, width = shares_CHW.shape[1:]
    person = (shares_CHW[0] < 0.5).astype(np.uint8)
    _, piece = cv.connectedComponents(person, connectivity=4)
    head = piece[int(0.35 * height) : int(0.6 * height), int(0.4 * width) : int(0.6 * width)]
    counts = np.bincount(head.ravel(), minlength=1)
    counts[0] = 0
    if not counts.any():
        return shares_CHW
    own = (piece == int(counts.argmax())).astype(np.float32)
    near = cv.GaussianBlur(cv.dilate(own, np.ones((5, 5))), (0, 0), 1.0)
    out = shares_CHW * near
    out[0] += 1 - near
    return np.asarray(out, np.float32)


def refined(shares_CHW: Float32Array, rgb: UInt8Array) -> Float32Array:
    """Shares (C, H, W) at the size of a picture (H, W, 3), edges drawn to the picture's."""
    height, width = rgb.shape[:2]
    large = [cv.resize(s, (width, height), interpolation=cv.INTER_LINEAR) for s in shares_CHW]
    firm = _firm(np.stack(large))
    drawn = _firm(guided(firm, rgb))
    total = np.maximum(drawn.sum(0, keepdims=True), 1e-3)
    return np.asarray(drawn / total, np.float32)


def _firm(shares: Float32Array) -> Float32Array:
    return np.asarray(np.clip((shares - SURE) / (1 - 2 * SURE), 0, 1), np.float32)


def guided(values_CHW: Float32Array, rgb: UInt8Array) -> Float32Array:
    """The guided filter with a colour guide (K. He, J. Sun, X. Tang, 2010): near every pixel the
    values are fitted as a linear function of the colour."""
    guide = rgb.astype(np.float32) / 255

    def mean(array: Any) -> Any:
        size = (2 * RADIUS + 1, 2 * RADIUS + 1)
        return cv.boxFilter(array, -1, size, borderType=cv.BORDER_REFLECT)

    middle = mean(guide)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = {
        (a, b): mean(guide[..., a] * guide[..., b]) - middle[..., a] * middle[..., b]
        for a, b in pairs
    }
    matrix = np.empty((*guide.shape[:2], 3, 3), np.float32)
    for (a, b), value in spread.items():
        matrix[..., a, b] = matrix[..., b, a] = value
    for k in range(3):
        matrix[..., k, k] += SMOOTH
    back = np.linalg.inv(matrix)
    out = []
    for value in values_CHW:
        own = mean(value)
        joint = mean(guide * value[..., None]) - middle * own[..., None]
        slope = np.einsum("hwab,hwb->hwa", back, joint)
        level = own - (slope * middle).sum(2)
        out.append((mean(slope) * guide).sum(2) + mean(level))
    return np.asarray(np.stack(out), np.float32)
