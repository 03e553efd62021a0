"""Eyes from a bank of pictures: lids at rising closings over an eyeball that turns.

Toon and drawn characters carry their eyes as the rig draws them, so no network has to paint them:
the eyeball without lids, moved by the gaze, under pictures of the lids from wide open to shut, each
blended into the next. What else the face does (squinting, brows, cheeks) bends the whole window.
Windows lie in the unposed head, like the painted ones; their size is the character's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_INDEX, Float32Array, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SIDES: Final = ("Left", "Right")
LOOKS: Final = ("In", "Out", "Up", "Down")
OWN: Final = tuple(
    MOTION_INDEX[f"eye{what}{side}"]
    for what in ("Blink", "Wide", *(f"Look{look}" for look in LOOKS))
    for side in SIDES
)
"""The motion values that the bank itself shows."""
_BLINK, _WIDE = ([MOTION_INDEX[f"eye{what}{side}"] for side in SIDES] for what in ("Blink", "Wide"))
_LOOK: Final = [[MOTION_INDEX[f"eyeLook{look}{side}"] for look in LOOKS] for side in SIDES]


@dataclass(frozen=True, slots=True)
class EyePictures:
    """One eye. Pictures are RGBA; lids are premultiplied by how much they cover."""

    corner: tuple[int, int]
    """Frame pixel of the window's first pixel."""
    lids_L: UInt8Array
    """(L, H, W, 4)."""
    ball: UInt8Array
    """(H, W, 3), RGB: the eyeball as if nothing lay over it."""
    gaze_42: Float32Array
    """Pixels by which the eyeball's picture moves under each of LOOKS at 1.0."""
    mask: UInt8Array
    """How much of the window is used (H, W): 0 at its border and beyond the head."""


@dataclass(frozen=True, slots=True)
class EyeBank:
    """Both eyes of a character, left first."""

    level_L: Float32Array
    """Rising closings of the lids: -1 wide open, 0 at rest, 1 shut."""
    follow_2: Float32Array
    """How far the lids follow a gaze down (in units of closing) and up (in units of -1)."""
    eyes: tuple[EyePictures, EyePictures]
    painted: bool = False
    """Whether networks paint the mouth: an imported picture."""
    imported: bool = False
    """Whether an importer made it, from whose pictures `light` learnt."""

    def closing(self, motion_D: Float32Array, side: int) -> float:
        """Where on `level_L` the lids of one side are."""
        blink, wide = float(motion_D[_BLINK[side]]), float(motion_D[_WIDE[side]])
        up, down = (float(motion_D[_LOOK[side][k]]) for k in (2, 3))
        open_ = 1 - blink
        closing = blink + open_ * (float(self.follow_2[0]) * down)
        closing -= open_ * min(wide + float(self.follow_2[1]) * up, 1.0)
        return float(np.clip(closing, float(self.level_L[0]), 1.0))

    def picture(self, motion_D: Float32Array, side: int) -> UInt8Array:
        """The window (H, W, RGB) of one side."""
        eye = self.eyes[side]
        amount = motion_D[_LOOK[side]]
        shift = np.asarray(amount @ eye.gaze_42, np.float64)
        height, width = eye.ball.shape[:2]
        place = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        ball = cv.warpAffine(
            eye.ball, place, (width, height), flags=cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE
        )
        closing = self.closing(motion_D, side)
        last = len(self.level_L) - 2
        low = int(np.clip(np.searchsorted(self.level_L, closing) - 1, 0, last))
        step = float(self.level_L[low + 1] - self.level_L[low])
        share = float(np.clip((closing - float(self.level_L[low])) / step, 0, 1))
        lids = cv.addWeighted(eye.lids_L[low], 1 - share, eye.lids_L[low + 1], share, 0)
        bare = cv.bitwise_not(np.ascontiguousarray(lids[..., 3]))
        under = cv.multiply(ball, cv.merge([bare] * 3), scale=1 / 255)
        over: UInt8Array = cv.add(np.ascontiguousarray(lids[..., :3]), under)
        return over


def calm(motion_D: Float32Array) -> Float32Array:
    """A motion without what the bank itself shows: what bends its window."""
    out = motion_D.copy()
    out[list(OWN)] = 0
    return out


def window_places(corner: tuple[int, int], size: tuple[int, int], cell: int) -> Float32Array:
    """Pixel places (2, h, w) of the middles of `cell` x `cell` cells; `size` is width, height."""
    x_N = corner[0] + (np.arange(size[0] // cell) + 0.5) * cell - 0.5
    y_N = corner[1] + (np.arange(size[1] // cell) + 0.5) * cell - 0.5
    return np.stack(np.meshgrid(x_N, y_N)).astype(np.float32)


def bent(
    eye: EyePictures, picture: UInt8Array, source_2HW: Float32Array
) -> tuple[UInt8Array, UInt8Array]:
    """The window (H, W, RGBA), premultiplied by its mask, and the mask, bent by a coarse flow."""
    height, width = eye.mask.shape
    x, y = (cv.resize(s, (width, height), interpolation=cv.INTER_LINEAR) for s in source_2HW)
    left, top = eye.corner
    edge = cv.BORDER_REPLICATE
    rgb = cv.remap(picture, x - left, y - top, cv.INTER_LINEAR, borderMode=edge)
    rgba = np.dstack([rgb, np.full((height, width), 255, np.uint8)])
    return cv.multiply(rgba, cv.merge([eye.mask] * 4), scale=1 / 255), eye.mask


def read_eyes(data: dict[str, Any]) -> EyeBank | None:
    """The bank of a geometry file's arrays; None where it has none.

    Raises:
        ValueError: pictures and grids do not fit.
    """
    if "eye_level" not in data:
        return None
    level_L = data["eye_level"].astype(np.float32)
    if len(level_L) < 2 or (np.diff(level_L) <= 0).any():
        raise ValueError("the pictures of the lids are in no order")
    left, right = (_eye(data, f"eye_bank_{side.lower()}", len(level_L)) for side in SIDES)
    imported = "eye_painted" in data
    painted = bool(data.get("eye_painted", False))
    return EyeBank(level_L, data["eye_follow"].astype(np.float32), (left, right), painted, imported)


def _eye(data: dict[str, Any], name: str, levels: int) -> EyePictures:
    ball = cv.imdecode(data[f"{name}_ball"], cv.IMREAD_COLOR)
    mask = cv.imdecode(data[f"{name}_mask"], cv.IMREAD_GRAYSCALE)
    colour = cv.imdecode(data[f"{name}_colour"], cv.IMREAD_COLOR)
    alpha = cv.imdecode(data[f"{name}_alpha"], cv.IMREAD_GRAYSCALE)
    gaze_42 = data[f"{name}_gaze"].astype(np.float32)
    if any(part is None for part in (ball, mask, colour, alpha)) or gaze_42.shape != (4, 2):
        raise ValueError("the pictures of the eyes cannot be read")
    height, width = mask.shape
    tall = (levels * height, width)
    if ball.shape != (height, width, 3) or (colour.shape[:2], alpha.shape) != (tall, tall):
        raise ValueError("the pictures of the eyes have the wrong size")
    rgb = np.minimum(cv.cvtColor(colour, cv.COLOR_BGR2RGB), alpha[..., None])
    lids = np.ascontiguousarray(np.dstack([rgb, alpha])).reshape(levels, height, width, 4)
    corner = (int(data[f"{name}_corner"][0]), int(data[f"{name}_corner"][1]))
    plain: NDArray[np.uint8] = np.ascontiguousarray(cv.cvtColor(ball, cv.COLOR_BGR2RGB))
    return EyePictures(corner, lids, plain, gaze_42, mask)
