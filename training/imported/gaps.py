"""How far lips and lids stay open in a drawn frame that should have them shut, in pixels.

No mask tells what a drawn pixel shows, but two true pictures do: one with the opening shut and one
with it open. Where they differ, each drawn pixel lies somewhere between them; it counts as open if
it is nearer to the open one. The gap is the number of open pixels over the opening's width.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.people.labels import LABEL_INDEX

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
OPENINGS: Final = {
    "lips": ("mouth", "teeth", "tongue"),
    "lids": ("white", "iris"),
}
"""Labels of what is seen through each opening."""
APART: Final = 36.0
"""Least difference (sum of squares over the channels, as a distance) of shut and open."""
LINE: Final = 2
"""Pixels round lashes and outlines that are left out: a dark line is no opening."""


def opening(labels_HW: UInt8Array, what: str) -> Any:
    """Where the opening is seen."""
    return np.isin(labels_HW, [LABEL_INDEX[name] for name in OPENINGS[what]])


def lines(labels_HW: UInt8Array) -> Any:
    """Where lashes are, and LINE pixels round them."""
    found = (labels_HW == LABEL_INDEX["lashes"]).astype(np.uint8)
    return cv.dilate(found, np.ones((2 * LINE + 1,) * 2, np.uint8)) > 0


def gap(
    drawn: Float32Array, shut: Float32Array, opened: Float32Array, where: Any, ignore: Any = None
) -> float | None:
    """Mean height in pixels of what is still open over the columns of an opening.

    Pictures are RGB in 0..255; `where` marks the opening in the open one, `ignore` pixels that
    tell nothing. None if shut and open cannot be told apart.
    """
    columns = int(where.any(0).sum())
    across = opened.astype(np.float64) - shut
    size = (across**2).sum(2)
    sure = where & (size > APART**2)
    if ignore is not None:
        sure &= ~ignore
    if not columns or sure.sum() < 0.25 * where.sum():
        return None
    share = ((drawn.astype(np.float64) - shut) * across).sum(2) / np.maximum(size, 1e-9)
    scale = float(where.sum() / sure.sum())
    return float(((share > 0.5) & sure).sum() * scale / columns)
