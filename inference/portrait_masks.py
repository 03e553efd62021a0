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
    guide = [np.asarray(rgb[..., k], np.float32) / 255 for k in range(3)]
    middle = [_mean(one) for one in guide]
    back = _inverse_spread(guide, middle)
    out = []
    for value in values_CHW:
        own = _mean(value)
        joint = [_mean(g * value) - m * own for g, m in zip(guide, middle, strict=True)]
        slope = [sum(back[min(a, b), max(a, b)] * joint[b] for b in range(3)) for a in range(3)]
        level = own - sum(s * m for s, m in zip(slope, middle, strict=True))
        out.append(sum(_mean(s) * g for s, g in zip(slope, guide, strict=True)) + _mean(level))
    return np.asarray(np.stack(out), np.float32)


def _mean(array: Any) -> Any:
    size = (2 * RADIUS + 1, 2 * RADIUS + 1)
    return cv.boxFilter(array, -1, size, borderType=cv.BORDER_REFLECT)


def _inverse_spread(guide: list[Any], middle: list[Any]) -> dict[tuple[int, int], Any]:
    """The inverse of the colours' covariance around every pixel, by cofactors: a general routine
    takes ten times as long for as many small matrices."""
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    s = {
        (a, b): _mean(guide[a] * guide[b]) - middle[a] * middle[b] + (SMOOTH if a == b else 0)
        for a, b in pairs
    }
    cofactor = {
        (0, 0): s[1, 1] * s[2, 2] - s[1, 2] ** 2,
        (0, 1): s[1, 2] * s[0, 2] - s[0, 1] * s[2, 2],
        (0, 2): s[0, 1] * s[1, 2] - s[1, 1] * s[0, 2],
        (1, 1): s[0, 0] * s[2, 2] - s[0, 2] ** 2,
        (1, 2): s[0, 1] * s[0, 2] - s[0, 0] * s[1, 2],
        (2, 2): s[0, 0] * s[1, 1] - s[0, 1] ** 2,
    }
    det = s[0, 0] * cofactor[0, 0] + s[0, 1] * cofactor[0, 1] + s[0, 2] * cofactor[0, 2]
    return {pair: value / det for pair, value in cofactor.items()}
