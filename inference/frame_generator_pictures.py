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
from inference.frame_generator_windows import WindowSource

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
ALIKE: Final = 40.0
"""Change (of 255, about a pixel) from which nothing of the bare picture's detail is kept."""
LARGE: Final = 2.0
"""Picture pixels for one of the geometry's in frames larger than it."""


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


def scaled_box(box_4: NDArray[np.int64], scale: float) -> NDArray[np.int64]:
    """The whole pixels of a frame of another size that are nearest to a box (x, y, w, h)."""
    if scale == 1:
        return box_4
    x, y = (int(np.floor(v * scale + 0.5)) for v in box_4[:2])
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
    map_2HW: Float32Array, box_4: NDArray[np.int64], view: tuple[slice, slice]
) -> tuple[Float32Array, Float32Array]:
    """A grid map at full resolution, cut to the visible part."""
    x, y, w, h = (int(v) for v in box_4)
    rows = slice(view[0].start - y, view[0].stop - y)
    columns = slice(view[1].start - x, view[1].stop - x)
    first = cv.resize(map_2HW[0], (w, h), interpolation=cv.INTER_LINEAR)
    second = cv.resize(map_2HW[1], (w, h), interpolation=cv.INTER_LINEAR)
    return first[rows, columns], second[rows, columns]


def put_windows(
    region: UInt8Array,
    canon_2HW: Float32Array,
    box_4: NDArray[np.int64],
    view: tuple[slice, slice],
    paint: list[WindowSource],
    scale: float,
) -> None:
    """Blend the painted windows over the head's visible region, in place.

    Windows keep their own resolution; the look-up enlarges them with the frame, and what they left
    as it was gets its finer detail back.
    `canon_2HW` tells, on the grid over the head's box, where in the unposed head to look.
    """
    parts = [_part(canon_2HW, window, box_4, view) for window in paint]
    if not any(parts):
        return
    canon_x, canon_y = enlarged(canon_2HW, box_4, view)
    for window, rough in zip(paint, parts, strict=True):
        part = _within(rough, window, canon_x, canon_y)
        if part is None:
            continue
        x, y = window.corner
        map_x, map_y = canon_x[part] - x, canon_y[part] - y
        over = cv.remap(window.colour, map_x, map_y, cv.INTER_LINEAR)
        mask = cv.remap(window.mask, map_x, map_y, cv.INTER_LINEAR)
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
    change = cv.absdiff(painted, coarse).max(2)
    alike = np.clip(1 - cv.blur(change, (5, 5)).astype(np.float32) / ALIKE, 0, 1)
    share = alike * (mask.astype(np.float32) / 255)
    detail = (bare.astype(np.float32) - coarse) * share[..., None]
    finer: UInt8Array = np.clip(painted + detail + 0.5, 0, 255).astype(np.uint8)
    finer[..., :3] = np.minimum(finer[..., :3], finer[..., 3:])
    return finer


def _inside(window: WindowSource, x: Float32Array, y: Float32Array) -> tuple[Any, Any]:
    """Rows and columns where some place lies in a window."""
    left, top = window.corner
    height, width = window.mask.shape
    inside = (x > left) & (x < left + width) & (y > top) & (y < top + height)
    return np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))


def _within(
    rough: tuple[slice, slice] | None, window: WindowSource, x: Float32Array, y: Float32Array
) -> tuple[slice, slice] | None:
    """The rows and columns of a rough part that really look into a window."""
    if rough is None:
        return None
    rows, columns = _inside(window, x[rough], y[rough])
    if not len(rows):
        return None
    top, left = rough[0].start, rough[1].start
    return (
        slice(top + int(rows[0]), top + int(rows[-1]) + 1),
        slice(left + int(columns[0]), left + int(columns[-1]) + 1),
    )


def _part(
    canon_2HW: Float32Array,
    window: WindowSource,
    box_4: NDArray[np.int64],
    view: tuple[slice, slice],
) -> tuple[slice, slice] | None:
    """Rows and columns of the visible region that may show a window.

    Told on the coarse grid, with a cell to spare: most of a frame needs no closer look.
    """
    rows, columns = _inside(window, canon_2HW[0], canon_2HW[1])
    if not len(rows):
        return None
    out = []
    for cells, seen, start, length in (
        (rows, view[0], int(box_4[1]), int(box_4[3])),
        (columns, view[1], int(box_4[0]), int(box_4[2])),
    ):
        first = start + (int(cells[0]) - 1) * length // GRID - seen.start
        last = start + -(-(int(cells[-1]) + 2) * length // GRID) - seen.start
        span = slice(max(first, 0), min(last, seen.stop - seen.start))
        if span.start >= span.stop:
            return None
        out.append(span)
    return out[0], out[1]


def lay_over(under: UInt8Array, top: UInt8Array) -> None:
    """Premultiplied `top` over `under`, in place."""
    keep = cv.bitwise_not(cv.extractChannel(top, 3))
    rest = cv.multiply(under, cv.merge([keep] * 4), scale=1 / 255)
    cv.add(rest, top, dst=rest)
    under[:] = rest


def straight(
    premultiplied: UInt8Array, out: UInt8Array, residual_HW3: Float32Array | None
) -> UInt8Array:
    """Straight alpha, with the light added (residual in 0..255 at a low resolution)."""
    np.copyto(out, premultiplied)
    # alpha - 1 wraps around at 0, so one comparison finds the pixels that are neither 0 nor 255
    alpha = cv.extractChannel(premultiplied, 3)
    soft = np.flatnonzero((alpha - np.uint8(1)) < 254)
    # as one number a pixel, which numpy picks and puts back several times faster than four
    edge_P4 = premultiplied.view(np.uint32).ravel()[soft].view(np.uint8).reshape(-1, 4)
    bright_P4 = edge_P4.astype(np.float32)
    bright_P4[:, :3] *= 255.0 / bright_P4[:, 3:]
    done_P4 = np.minimum(bright_P4 + 0.5, 255).astype(np.uint8)
    out.view(np.uint32).reshape(-1)[soft] = done_P4.view(np.uint32).ravel()
    if residual_HW3 is not None:
        light = np.zeros((*residual_HW3.shape[:2], 4), np.int16)
        light[..., :3] = np.rint(residual_HW3)
        size = (premultiplied.shape[1], premultiplied.shape[0])
        lit = cv.resize(light, size, interpolation=cv.INTER_LINEAR)
        lit += out
        np.copyto(out, np.clip(lit, 0, 255, out=lit), casting="unsafe")
    return out


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
