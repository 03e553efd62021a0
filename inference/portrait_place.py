"""Where a head is in a picture, and upright crops round it: what the portrait networks look at.

A head's place is the similarity that lays its points best on a template (S. Umeyama, 1991): a
middle, a size (the root of the mean square distance of the points from it; a head is about 3.7 of
these tall) and a roll. The finder gives these numbers, crops are cut by them, and points that were
read in one crop give a better place for the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
NOT_HEAD: Final = ("neck", "throat", "collar", "shoulder")
"""Points that do not turn with the head, and so do not say where it is."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face that was found: x, y, width, height in the picture's pixels, and how sure."""

    box: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Middle in pixels, size in pixels, roll in radians (clockwise in the picture)."""

    x: float
    y: float
    size: float
    roll: float


def is_head(names: Sequence[str]) -> Any:
    """Which points belong to the head (L,)."""
    return np.array([not name.startswith(NOT_HEAD) for name in names])


def other_side(name: str) -> str:
    """The name of a point after the picture was mirrored."""
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


def place_of(points_L2: Any, template_L2: Any, weight_L: Any = None) -> Place:
    """The similarity from the template to these points, both of the head alone."""
    goal = points_L2[:, 0] + 1j * points_L2[:, 1]
    base = template_L2[:, 0] + 1j * template_L2[:, 1]
    weight = np.ones(len(goal)) if weight_L is None else weight_L
    weight = weight / max(float(weight.sum()), 1e-9)
    goal_middle, base_middle = (goal * weight).sum(), (base * weight).sum()
    off = base - base_middle
    spread = max(float((weight * abs(off) ** 2).sum()), 1e-9)
    turn = (weight * (goal - goal_middle) * off.conj()).sum() / spread
    middle = goal_middle - turn * base_middle
    return Place(float(middle.real), float(middle.imag), float(abs(turn)), float(np.angle(turn)))


def crop_matrix(
    place: Place,
    side: int,
    reach: float,
    shift: tuple[float, float] = (0.0, 0.0),
    roll: float = 0.0,
    stretch: float = 1.0,
    shear: float = 0.0,
) -> Float32Array:
    """From crop to picture (2, 3): the crop is `reach` head sizes wide, turned with the head and
    `roll` radians further; `shift` is in shares of its side; `stretch` widens the figure."""
    scale = reach * place.size / side
    angle = place.roll + roll
    cos, sin = math.cos(angle), math.sin(angle)
    own = np.array([[scale / stretch, scale * shear], [0.0, scale * stretch]])
    turn = np.array([[cos, -sin], [sin, cos]]) @ own
    middle = np.array([(side - 1) / 2 + shift[0] * side, (side - 1) / 2 + shift[1] * side])
    offset = np.array([place.x, place.y]) - turn @ middle
    return np.column_stack([turn, offset]).astype(np.float32)


def shrunk(picture: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """A smaller picture of this width and height, without aliasing: halved as often as may be,
    which is quick, then averaged over areas, which takes ten times as long a pixel."""
    while min(picture.shape[1] / size[0], picture.shape[0] / size[1]) >= 2:
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = cv.resize(picture, half, interpolation=cv.INTER_AREA)
    if (picture.shape[1], picture.shape[0]) == tuple(size):
        return picture
    out: UInt8Array = cv.resize(picture, size, interpolation=cv.INTER_AREA)
    return out


def cut(rgb: UInt8Array, matrix_23: Float32Array, side: int) -> UInt8Array:
    """A crop (side, side, 3); beyond the picture its border is repeated. A picture much finer than
    the crop is first made smaller, against aliasing."""
    matrix = matrix_23.astype(np.float64).copy()
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale > 1.5:
        left, top, right, bottom = _seen(matrix, side, rgb.shape[:2], 2 * scale)
        rgb = rgb[top:bottom, left:right]
        matrix[:, 2] -= (left, top)
        height, width = rgb.shape[:2]
        size = (max(round(width / scale * 1.25), 1), max(round(height / scale * 1.25), 1))
        rgb = shrunk(rgb, size)
        ratio = np.array([size[0] / width, size[1] / height])
        matrix *= ratio[:, None]
        matrix[:, 2] += ratio / 2 - 0.5
    out: UInt8Array = cv.warpAffine(
        rgb, matrix, (side, side), flags=cv.INTER_LINEAR | cv.WARP_INVERSE_MAP,
        borderMode=cv.BORDER_REPLICATE,
    )  # fmt: skip
    return out


def _seen(
    matrix_23: Any, side: int, shape: tuple[int, ...], around: float
) -> tuple[int, int, int, int]:
    """The part of a picture that a crop shows: left, top, right, bottom, at least one pixel."""
    ends = np.array([[0, 0], [side, 0], [0, side], [side, side]], float)
    at = through(matrix_23, ends)
    most = np.array([shape[1], shape[0]])
    low = np.clip(np.floor(at.min(0) - around), 0, most - 1).astype(int)
    high = np.clip(np.ceil(at.max(0) + around), low + 1, most).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def through(matrix_23: Float32Array, points_L2: Any) -> Any:
    """Points after an affine map (2, 3)."""
    return points_L2 @ matrix_23[:, :2].T.astype(np.float64) + matrix_23[:, 2]


def flattened(picture: UInt8Array, behind: int = 190) -> UInt8Array:
    """RGB of an RGBA picture laid over grey."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    if float(alpha.min()) > 0.999:
        return np.ascontiguousarray(picture[..., :3])
    flat = picture[..., :3] * alpha + behind * (1 - alpha)
    return np.rint(flat).astype(np.uint8)


def as_input(crops: Sequence[UInt8Array]) -> Float32Array:
    """Pictures (h, w, 3) of one size as a network's input (B, 3, h, w) in -1..1."""
    stack = np.stack(crops).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
    return np.ascontiguousarray(stack, np.float32)
