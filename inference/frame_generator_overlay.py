"""Painted windows laid over the head where its pose has carried them.

Windows keep their own resolution; the look-up enlarges them with the frame, and what they left as
it was gets its finer detail back. Where they will be is known before they are painted: looking for
it is done meanwhile, and only blending is left for the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_layers import GRID
from inference.frame_generator_pictures import enlarged
from inference.frame_generator_windows import WindowPlace, WindowSource
from inference.scratch import Scratch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
ALIKE: Final = 40.0
"""Change (of 255, about a pixel) from which nothing of the bare picture's detail is kept."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where in a frame a window is seen."""

    part: tuple[slice, slice]
    """Rows and columns of the head's visible region."""
    x: Float32Array
    """Places in the window for each pixel of the part."""
    y: Float32Array


def find_windows(
    places: Sequence[WindowPlace],
    canon_2HW: Float32Array,
    box_4: NDArray[np.int64],
    view: tuple[slice, slice],
    scratch: Scratch | None = None,
) -> list[Look | None]:
    """Where windows are seen in the head's visible region; None for one out of sight.

    `canon_2HW` tells, on the grid over the head's box, where in the unposed head to look.
    """
    parts = [_part(canon_2HW, place, box_4, view) for place in places]
    if not any(parts):
        return [None] * len(parts)
    canon_x, canon_y = enlarged(canon_2HW, box_4, view, scratch)
    looks: list[Look | None] = []
    for place, rough in zip(places, parts, strict=True):
        part = _within(rough, place, canon_x, canon_y)
        x, y = place.corner
        looks.append(None if part is None else Look(part, canon_x[part] - x, canon_y[part] - y))
    return looks


def put_windows(
    region: UInt8Array,
    looks: Sequence[Look | None],
    paint: Sequence[WindowSource],
    scale: float,
) -> None:
    """Blend painted windows over the head's visible region, in place."""
    for look, window in zip(looks, paint, strict=True):
        if look is None:
            continue
        part = look.part
        over = cv.remap(window.colour, look.x, look.y, cv.INTER_LINEAR)
        mask = cv.remap(window.mask, look.x, look.y, cv.INTER_LINEAR)
        kept = cv.multiply(region[part], cv.merge([cv.bitwise_not(mask)] * 4), scale=1 / 255)
        cv.add(kept, over, dst=kept)
        region[part] = kept if scale <= 1 else _with_detail(kept, region[part], mask, scale)


def _with_detail(
    painted: UInt8Array, bare: UInt8Array, mask: UInt8Array, scale: float
) -> UInt8Array:
    """Paint with the detail that `bare` has beyond a window's resolution, where the two agree."""
    height, width = mask.shape
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    coarse = cv.resize(bare, size, interpolation=cv.INTER_AREA)
    coarse = cv.resize(coarse, (width, height), interpolation=cv.INTER_LINEAR)
    change = cv.absdiff(painted, coarse)
    largest = cv.max(
        cv.max(*(cv.extractChannel(change, k) for k in (0, 1))),
        cv.max(*(cv.extractChannel(change, k) for k in (2, 3))),
    )
    alike = cv.LUT(cv.blur(largest, (5, 5)), _ALIKE_SHARE)
    share = cv.merge([cv.multiply(alike, mask, scale=1 / 255)] * 4)
    detail = cv.subtract(bare, coarse, dtype=cv.CV_16S)
    detail = cv.multiply(detail, share, scale=1 / 255, dtype=cv.CV_16S)
    finer: UInt8Array = cv.add(painted, detail, dtype=cv.CV_8U)
    alpha = cv.merge([cv.extractChannel(finer, 3)] * 4)
    return np.asarray(cv.min(finer, alpha), np.uint8)


_ALIKE_SHARE: Final = np.rint(255 * np.clip(1 - np.arange(256) / ALIKE, 0, 1)).astype(np.uint8)
"""For each change, how much (of 255) of the bare picture's detail is kept."""


def _inside(place: WindowPlace, x: Float32Array, y: Float32Array) -> tuple[slice, slice] | None:
    """Rows and columns where some place lies in a window; None if none does."""
    left, top = place.corner
    width, height = place.size
    inside = (x > left) & (x < left + width) & (y > top) & (y < top + height)
    column, row, wide, high = cv.boundingRect(inside.view(np.uint8))
    return (slice(row, row + high), slice(column, column + wide)) if wide else None


def _within(
    rough: tuple[slice, slice] | None, place: WindowPlace, x: Float32Array, y: Float32Array
) -> tuple[slice, slice] | None:
    """The rows and columns of a rough part that really look into a window."""
    found = None if rough is None else _inside(place, x[rough], y[rough])
    if rough is None or found is None:
        return None
    (top, left), (rows, columns) = (part.start for part in rough), found
    return (
        slice(top + rows.start, top + rows.stop),
        slice(left + columns.start, left + columns.stop),
    )


def _part(
    canon_2HW: Float32Array,
    place: WindowPlace,
    box_4: NDArray[np.int64],
    view: tuple[slice, slice],
) -> tuple[slice, slice] | None:
    """Rows and columns of the visible region that may show a window.

    Told on the coarse grid, with a cell to spare: most of a frame needs no closer look.
    """
    found = _inside(place, canon_2HW[0], canon_2HW[1])
    if found is None:
        return None
    out = []
    for cells, seen, start, length in (
        (found[0], view[0], int(box_4[1]), int(box_4[3])),
        (found[1], view[1], int(box_4[0]), int(box_4[2])),
    ):
        first = start + (cells.start - 1) * length // GRID - seen.start
        last = start + -(-(cells.stop + 1) * length // GRID) - seen.start
        span = slice(max(first, 0), min(last, seen.stop - seen.start))
        if span.start >= span.stop:
            return None
        out.append(span)
    return out[0], out[1]
