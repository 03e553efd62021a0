"""The layers' pictures at the size of the frames to be drawn, and how they are laid over another.

A geometry speaks of a frame of `SIZE` pixels. A generator of another size scales all of it by one
factor, and has its pictures made to that factor once, so that the moving look-up is always about
one to one: no detail is skipped in a small frame, and a large one gets what the picture holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_layers import GRID, SIZE, Layer
from inference.scratch import Scratch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LARGE: Final = 2.0
"""Picture pixels for one of the geometry's in frames larger than it."""
_FOUR_TIMES: Final = np.uint32(0x01010101)


@dataclass(frozen=True, slots=True)
class Picture:
    """Premultiplied RGBA with its place in the frame that the geometry describes."""

    pixels: UInt8Array
    corner: tuple[float, float]
    """Left and upper edge, in pixels of that frame."""
    scale: tuple[float, float]
    """Picture pixels for one of that frame, across and down."""

    def places(self, source_2HW: Float32Array) -> Float32Array:
        """Places in the geometry's frame (pixel centres are whole numbers) as places in here."""
        if self.scale == (1.0, 1.0):
            return source_2HW - np.array(self.corner, np.float32)[:, None, None]
        scale = np.array(self.scale, np.float32)[:, None, None]
        corner = np.array(self.corner, np.float32)[:, None, None]
        return (source_2HW + (np.float32(0.5) - corner)) * scale - np.float32(0.5)


def fitted(layer: Layer, scale: float) -> Picture:
    """A layer's picture with `scale` pixels for each of the geometry's, from its best source.

    For larger frames it has LARGE: looked up between its pixels at less, it would turn soft.
    """
    scale = scale if scale <= 1 else LARGE
    pixels, corner = layer.detail, (float(layer.corner[0]), float(layer.corner[1]))
    wide, high = layer.image.shape[1], layer.image.shape[0]
    if pixels is None or scale <= 1:
        pixels = layer.image
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    if size != (pixels.shape[1], pixels.shape[0]):
        pixels = _resized(pixels, size)
    ratio = (size[0] / wide, size[1] / high)
    if layer.name == "body":
        pixels, corner = _sides_closed(pixels, corner, ratio)
    return Picture(pixels, corner, ratio)


def _resized(premultiplied: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    smaller = size[0] < premultiplied.shape[1]
    way = cv.INTER_AREA if smaller else cv.INTER_CUBIC
    out = cv.resize(premultiplied, size, interpolation=way)
    out[..., :3] = np.minimum(out[..., :3], out[..., 3:])  # a cubic curve swings over
    return np.ascontiguousarray(out)


def _sides_closed(
    picture: UInt8Array, corner: tuple[float, float], scale: tuple[float, float]
) -> tuple[UInt8Array, tuple[float, float]]:
    """The body's picture with a transparent column on each side that ends within the frame.

    Its last row goes on below the frame, so it is drawn with its border repeated: without the
    column a sleeve that touches the picture's side would run on as a stripe.
    """
    left = int(corner[0] > 0)
    right = int(corner[0] + picture.shape[1] / scale[0] < SIZE)
    closed = cv.copyMakeBorder(picture, 0, 0, left, right, cv.BORDER_CONSTANT, value=(0, 0, 0, 0))
    return closed, (corner[0] - left / scale[0], corner[1])


def scaled_box(
    box_4: NDArray[np.int64], scale: float, corner: tuple[float, ...] = (0.0, 0.0)
) -> NDArray[np.int64]:
    """The whole pixels of a frame of another size that are nearest to a box (x, y, w, h).

    `corner` is the place in the geometry's frame where that frame begins. In one that shows a part
    only, much of a box lies outside: there each cell of its grid gets a whole number of pixels, so
    that what is not seen need not be enlarged.
    """
    if scale == 1:
        return box_4
    if corner != (0.0, 0.0):
        x, y, w, h = (float(v) for v in box_4)
        wide, high = (max(1, -(-round(v * scale) // GRID)) * GRID for v in (w, h))
        left = round((x + w / 2 - corner[0]) * scale - wide / 2)
        top = round((y + h / 2 - corner[1]) * scale - high / 2)
        return np.array([left, top, wide, high])
    x, y = (int(np.floor((v - c) * scale + 0.5)) for v, c in zip(box_4[:2], corner, strict=True))
    w, h = (max(1, round(int(v) * scale)) for v in box_4[2:])
    return np.array([x, y, w, h])


def visible(box_4: NDArray[np.int64], size: int) -> tuple[slice, slice] | None:
    """The part of a box that lies within a square frame, as rows and columns."""
    x, y, w, h = (int(v) for v in box_4)
    rows, columns = slice(max(y, 0), min(y + h, size)), slice(max(x, 0), min(x + w, size))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return rows, columns


def enlarged(
    map_2HW: Float32Array,
    box_4: NDArray[np.int64],
    view: tuple[slice, slice],
    scratch: Scratch | None = None,
) -> tuple[Float32Array, Float32Array]:
    """A grid map at full resolution, cut to the visible part; in the scratch memory, if given."""
    x, y, w, h = (int(v) for v in box_4)
    rows, first_row, h = _cells(view[0].start - y, view[0].stop - y, h, map_2HW.shape[1])
    columns, first_column, w = _cells(view[1].start - x, view[1].stop - x, w, map_2HW.shape[2])
    top, left = view[0].start - y - first_row, view[1].start - x - first_column
    seen = (
        slice(top, top + view[0].stop - view[0].start),
        slice(left, left + view[1].stop - view[1].start),
    )
    scratch = scratch or Scratch()
    both = [scratch.array(f"map {axis}", (h, w), np.float32) for axis in "xy"]
    for part, into in zip(map_2HW, both, strict=True):
        cv.resize(part[rows, columns], (w, h), dst=into, interpolation=cv.INTER_LINEAR)
    return both[0][seen], both[1][seen]


def _cells(start: int, stop: int, length: int, count: int) -> tuple[slice, int, int]:
    """The cells of a grid that pixels from start to stop need, the first pixel of these cells, and
    how many pixels they are: all, unless each cell is a whole number of pixels."""
    step = length // count
    if step * count != length:
        return slice(0, count), 0, length
    first, last = max(start // step - 1, 0), min(-(-stop // step) + 1, count)
    return slice(first, last), first * step, (last - first) * step


def lay_over(under: UInt8Array, top: UInt8Array, scratch: Scratch | None = None) -> None:
    """Premultiplied `top` over `under`, in place."""
    scratch = scratch or Scratch()
    shape = top.shape[:2]
    # a pixel as one number: its alpha, four times, as quickly as numpy goes through a picture
    keep = scratch.array("keep", (*shape, 4))
    as_one = keep.view(np.uint32)[..., 0]
    np.right_shift(top.view(np.uint32)[..., 0], 24, out=as_one)
    np.multiply(as_one, _FOUR_TIMES, out=as_one)
    np.invert(as_one, out=as_one)
    rest = scratch.array("rest", (*shape, 4))
    cv.multiply(under, keep, dst=rest, scale=1 / 255)
    cv.add(rest, top, dst=rest)
    under[:] = rest


def shrunk(picture: UInt8Array, size: int) -> UInt8Array:
    """A square picture averaged down to `size` pixels, by halves as far as they go.

    Halving is what OpenCV does quickly: at once, from 720 to 64 pixels, takes four times as long.
    """
    while picture.shape[0] % 2 == 0 and picture.shape[0] >= 2 * size:
        half = picture.shape[0] // 2
        picture = cv.resize(picture, (half, half), interpolation=cv.INTER_AREA)
    if picture.shape[0] != size:
        picture = cv.resize(picture, (size, size), interpolation=cv.INTER_AREA)
    return picture
