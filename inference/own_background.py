"""A character before its own background, which gives way as the person moves.

What stands right behind somebody cannot be known, and a cut-out is never perfect. So the
background is not left standing while the person slides over it: near the person it goes along,
farther away less and less, and beyond `REACH` not at all. No hole opens beside a turning head, hair
and hats that the cut-out missed stay with the head that wears them, and at rest everything is the
user's picture.

The rule is that of the layers (`inference.frame_generator_flow`): each place of the background
takes depth and share of the head's rotation from the person's outline next to it, is turned and
moved like a point of the head, and keeps as much of this as its distance allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character
from inference.compositor import read_picture, registered
from inference.contract import MOTION_INDEX, Float32Array, PersonareError, UInt8Array
from inference.face_grids import MARGIN, fill, smoothstep
from inference.frame_generator import clean_motion
from inference.frame_generator_flow import POSE
from inference.frame_generator_layers import (
    GRID,
    REMEDY,
    SIZE,
    WHOLE,
    Geometry,
    Layer,
    Shown,
    load_geometry,
    project,
    unproject,
)

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
REACH: Final = 200.0
"""Pixels of the frame from the person's outline at which the background stands still. It must stay
well above how far an outline moves (80 at the ends of the pose's range), or the picture folds."""
CELL: Final = 8
"""Pixels of the frame for one cell of the maps in which the person's outline is continued."""
ASIDE: Final = 200
"""Pixels beside the frame that these maps reach."""
BAND: Final = 3
"""Cells inside the outline that speak for it."""
COARSE: Final = 16
"""Pixels of the frame, about, for one cell of what is computed for every picture."""
ALONG: Final = tuple(MOTION_INDEX[name] for name in ("breath", "shoulderLeft", "shoulderRight"))
"""Motions besides the pose that move an outline."""
STEPS: Final = (1.0, 0.6, 0.6, 0.6)
"""Step lengths with which a map is inverted."""
STILL: Final = 0.04
"""Pixels of the canvas that need not be moved."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What the surroundings take from the person, in cells of CELL over the frame and ASIDE."""

    camera_34: Float32Array
    place_5: Float32Array
    values_HWC: Float32Array
    """Depth, share of the head's rotation, share of the motion that a place keeps, and three
    numbers for each of ALONG: its displacement."""


class OwnBackground:
    """A character's own background; `on` puts it on a canvas."""

    def __init__(self, picture_HWC: UInt8Array, outline: Outline, shown: Shown = WHOLE) -> None:
        """`picture_HWC` is RGB, see `inference.face_background`; `shown` is the part of the frame
        that stands in its middle."""
        self._picture, self._outline, self._shown = picture_HWC, outline, shown

    def on(self, width: int, height: int) -> OwnCanvas:
        """The background on a canvas of this size."""
        return OwnCanvas(registered(self._picture, width, height), self._outline, self._shown)


class OwnCanvas:
    """A background on one canvas. Use it from one thread."""

    def __init__(self, still_HWC: UInt8Array, outline: Outline, shown: Shown = WHOLE) -> None:
        self._still = still_HWC
        # OpenCV looks up four channels in half the time that it takes for three
        self._source = cv.cvtColor(still_HWC, cv.COLOR_RGB2RGBA)
        self._outline = outline
        height, width = still_HWC.shape[:2]
        side = min(width, height)
        self._scale = side / shown.side
        cells = (max(2, round(width / side * SIZE / COARSE)), max(2, round(height / side * 32)))
        self._cell_2 = np.array([width / cells[0], height / cells[1]], np.float32)
        x, y = np.meshgrid(np.arange(cells[0]), np.arange(cells[1]))
        places = (np.stack([x, y]).astype(np.float32) + 0.5) * self._cell_2[:, None, None]
        corner = np.array([(width - side) / 2, height - side], np.float32)[:, None, None]
        frame_2HW = (places - corner) / np.float32(self._scale) - np.float32(0.5)
        frame_2HW += np.array(shown[:2], np.float32)[:, None, None]
        around = (frame_2HW + np.float32(0.5) + _CORNER) / CELL - np.float32(0.5)
        depth_HW, self._weight_HW, self._share_HW, *bases = (
            cv.remap(each, *around, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
            for each in cv.split(outline.values_HWC)
        )
        self._basis_K3P = np.stack(bases).reshape(len(ALONG), 3, -1)
        self._point_3P = unproject(outline.camera_34, frame_2HW, depth_HW).reshape(3, -1)
        self._rest_2P = project(outline.camera_34, self._point_3P)
        self._cells_2HW = np.stack([x, y]).astype(np.float32)
        self._columns_W = np.arange(width, dtype=np.float32)
        self._rows_H = np.arange(height, dtype=np.float32)[:, None]

    def draw(self, motion_D: Float32Array | None) -> UInt8Array:
        """A new picture (height, width, 3) of the background as the motion leaves it."""
        canvas = self._still.copy()
        if motion_D is None:
            return canvas
        away = self._away(clean_motion(motion_D))
        moving = np.abs(away).max(0) > STILL
        rows, columns = np.flatnonzero(moving.any(1)), np.flatnonzero(moving.any(0))
        if not len(rows):
            return canvas
        height, width = canvas.shape[:2]
        # a cell more on each side: the map between cells' middles is linear
        top, bottom = self._pixels(rows, 1, height)
        left, right = self._pixels(columns, 0, width)
        part = (slice(top, bottom), slice(left, right))
        x, y = (
            cv.resize(each, (width, height), interpolation=cv.INTER_LINEAR)[part] for each in away
        )
        x += self._columns_W[part[1]]
        y += self._rows_H[part[0]]
        edge = cv.BORDER_REFLECT_101
        moved = cv.remap(self._source, x, y, cv.INTER_LINEAR, borderMode=edge)
        canvas[part] = cv.cvtColor(moved, cv.COLOR_RGBA2RGB)
        return canvas

    def _pixels(self, cells: Any, axis: int, size: int) -> tuple[int, int]:
        cell = float(self._cell_2[axis])
        first, last = int((cells[0] - 1) * cell), int(np.ceil((cells[-1] + 2) * cell))
        return max(first, 0), min(last, size)

    def _away(self, motion_D: Float32Array) -> Float32Array:
        """How far beside each cell to look, in canvas pixels (2, h, w)."""
        outline = self._outline
        points = self._point_3P + np.einsum("k,kdp->dp", motion_D[list(ALONG)], self._basis_K3P)
        moved = _posed(points, self._weight_HW.ravel(), outline.place_5, motion_D[POSE])
        shift_2P = (project(outline.camera_34, moved) - self._rest_2P) * np.float32(self._scale)
        shape = self._share_HW.shape
        shift = (shift_2P.reshape(2, *shape) * self._share_HW).astype(np.float32)
        cell = self._cell_2[:, None, None]
        at = self._cells_2HW.copy()
        found = shift
        for step in STEPS:
            found = np.stack([
                cv.remap(part, at[0], at[1], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
                for part in shift
            ])  # fmt: skip
            at += np.float32(step) * (self._cells_2HW - found / cell - at)
        away: Float32Array = (at - self._cells_2HW) * cell
        return away


def load_own_background(character: Character) -> OwnBackground | None:
    """The character's own background; None where it has none.

    Raises:
        PersonareError: its picture or its geometry is damaged.
    """
    path, geometry = character.background_path, character.geometry_path
    if path is None or geometry is None:
        return None
    picture = read_picture(path)
    if picture.shape[0] < 16 or picture.shape[1] < picture.shape[0]:
        raise PersonareError(f"{path} is no background of a character.", REMEDY)
    read = load_geometry(geometry)
    return OwnBackground(picture, outline_of(read), read.shown)


_CORNER: Final = np.array([ASIDE, 0], np.float32)[:, None, None]


def outline_of(geometry: Geometry) -> Outline:
    """What the surroundings take from the person in a picture."""
    shape = (SIZE // CELL, (SIZE + 2 * ASIDE) // CELL)
    x, y = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    places = np.stack([x, y]).astype(np.float32) * CELL + np.float32((CELL - 1) / 2) - _CORNER
    total = np.zeros((*shape, 2 + 3 * len(ALONG)), np.float32)
    uncovered = np.ones(shape, np.float32)
    for layer in reversed(geometry.layers):
        share = uncovered * _alpha(layer, shape)
        uncovered -= share
        total += share[..., None] * _said(layer, geometry.camera_34, places)
    person = (1 - uncovered > 0.5).astype(np.uint8)
    band = person & ~cv.erode(person, np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8))
    known = ((1 - uncovered) * band).astype(np.float32)
    total /= np.maximum(1 - uncovered, 1e-3)[..., None]
    values = np.dstack([fill(part, known) for part in (total[..., :2], *_threes(total[..., 2:]))])
    away = cv.distanceTransform(1 - person, cv.DIST_L2, 5) * CELL
    share = 1 - smoothstep(0.0, REACH, away) if person.any() else np.zeros(shape, np.float32)
    values = np.concatenate([values[..., :2], share[..., None], values[..., 2:]], 2)
    return Outline(geometry.camera_34, geometry.place_5, values.astype(np.float32))


def _threes(values_HWC: Float32Array) -> list[Float32Array]:
    return [values_HWC[..., k : k + 3] for k in range(0, values_HWC.shape[2], 3)]


def _alpha(layer: Layer, shape: tuple[int, int]) -> Float32Array:
    """A layer's alpha (0..1) in cells."""
    alpha = np.zeros((SIZE + 2 * MARGIN, SIZE + 2 * ASIDE), np.float32)
    x, y = layer.corner[0] + ASIDE, layer.corner[1] + MARGIN
    h, w = layer.image.shape[:2]
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + h, alpha.shape[0]), min(x + w, alpha.shape[1])
    alpha[top:bottom, left:right] = layer.image[top - y : bottom - y, left - x : right - x, 3]
    inner = alpha[MARGIN : MARGIN + SIZE] / 255
    small: Float32Array = cv.resize(inner, shape[::-1], interpolation=cv.INTER_AREA)
    return small


def _said(layer: Layer, camera_34: Float32Array, places_2HW: Float32Array) -> Float32Array:
    """Depth, weight and displacements (under ALONG) of a layer at frame pixels (H, W, C)."""
    x, y, w, h = (np.float32(v) for v in layer.box_4)
    column = (places_2HW[0] + np.float32(0.5) - x) * (GRID / w) - np.float32(0.5)
    row = (places_2HW[1] + np.float32(0.5) - y) * (GRID / h) - np.float32(0.5)
    flat = layer.point_3HW.reshape(3, -1)
    depth = (camera_34[2, :3] @ flat + camera_34[2, 3]).reshape(GRID, GRID)
    bases = np.zeros((len(ALONG), 3, GRID, GRID), np.float32)
    for k, index in enumerate(ALONG):
        for basis in layer.basis_K3HW[layer.index_K == index]:
            bases[k] = basis
    maps = [depth, layer.weight_HW, *bases.reshape(-1, GRID, GRID)]
    found = [
        cv.remap(each.astype(np.float32), column.astype(np.float32), row.astype(np.float32),
                 cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        for each in maps
    ]  # fmt: skip
    return np.stack(found, 2)


def _posed(
    point_3P: Float32Array, weight_P: Float32Array, place_5: Float32Array, pose_6: Float32Array
) -> Float32Array:
    """Turned about the pivot by each point's share and moved, as the layers are."""
    x, y, z = point_3P - place_5[:3, None]
    yaw, pitch, roll = (np.float32(angle) * weight_P for angle in pose_6[:3])
    x, y = _turn(x, y, -roll)
    y, z = _turn(y, z, -pitch)
    z, x = _turn(z, x, yaw)
    follow = (place_5[4] + (1 - place_5[4]) * weight_P) * place_5[3]
    moved: Float32Array = np.stack([x, y, z]) + place_5[:3, None] + pose_6[3:, None] * follow
    return moved


def _turn(a: Any, b: Any, angle: Any) -> tuple[Any, Any]:
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * a - sin * b, sin * a + cos * b
