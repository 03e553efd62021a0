"""Which part of a frame a layer can be seen in, told before any of it is drawn.

A layer's box has room for every motion: a third of its pixels and more are empty in most frames.
How far each place of the picture is from anything to be seen is known; the coarse map says where
in the picture each cell of the frame looks, and how far apart neighbouring cells look. A cell that
looks farther away than that shows nothing.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_layers import GRID

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_NEAR: Final = 2.0
"""Picture pixels that a look-up between pixels, at the nearest of the kept distances, reaches."""
_CORNERS: Final = np.ones((2, 2), np.uint8)


class Extent:
    """Where one picture (H, W, RGBA) can be seen."""

    def __init__(self, picture: UInt8Array) -> None:
        clear = np.asarray(picture[..., 3] == 0, np.uint8)
        away = cv.distanceTransform(clear, cv.DIST_C, 3) if clear.any() else np.zeros_like(clear)
        self._away: Float32Array = away.astype(np.float32)

    def within(
        self, source_2HW: Float32Array, box_4: NDArray[np.int64], view: tuple[slice, slice]
    ) -> tuple[slice, slice] | None:
        """The part of a visible box outside which all is clear; None where all of it is.

        `source_2HW` are places in the picture (2, GRID, GRID), for the cells of the box (x, y, w,
        h), whose map is linear between the cells' middles; `view` is the part of the box within the
        frame, as rows and columns.
        """
        # Outside the picture: as far as the nearest place within at least. This also holds where
        # its border is repeated.
        edge = cv.BORDER_REPLICATE
        away = cv.remap(self._away, *source_2HW, cv.INTER_NEAREST, borderMode=edge)
        away -= cv.max(*(_span(part) for part in source_2HW))
        left, top, wide, high = cv.boundingRect(cv.inRange(away, -np.inf, _NEAR))
        if not wide:
            return None
        x, y, w, h = (int(v) for v in box_4)
        rows = _pixels(top, top + high, y, h, view[0])
        columns = _pixels(left, left + wide, x, w, view[1])
        empty = rows.start >= rows.stop or columns.start >= columns.stop
        return None if empty else (rows, columns)


def _span(place_HW: Float32Array) -> Any:
    """How far apart a cell, the next to its right and the two below look, at the most."""
    return cv.dilate(place_HW, _CORNERS, anchor=(0, 0)) - cv.erode(
        place_HW, _CORNERS, anchor=(0, 0)
    )


def _pixels(first: int, end: int, start: int, length: int, view: slice) -> slice:
    """Frame pixels between the middles of two cells; at the box's ends, all beyond.

    A pixel more on each side: which two middles one lies between is rounded elsewhere.
    """
    low = start if first == 0 else start + (2 * first + 1) * length // (2 * GRID) - 1
    high = start + length if end >= GRID else start + (2 * end + 1) * length // (2 * GRID) + 2
    return slice(max(low, view.start), min(high, view.stop))
