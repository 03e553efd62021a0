"""One eye of an imported portrait: where its window lies, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN
from inference.face_layers import LayerPicture
from inference.face_model import FaceModel

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""


@dataclass(frozen=True, slots=True)
class EyeWindow:
    """One eye of the picture: places are the frame's unless said."""

    corner: tuple[int, int]
    size: tuple[int, int]
    """Width and height."""
    outline_K2: Float32Array
    """The opening's landmarks, in pixels of the window."""
    pupil_2: Float32Array
    """In pixels of the window."""

    @property
    def width(self) -> float:
        """Of the opening."""
        return float(np.ptp(self.outline_K2[:, 0]))

    @property
    def height(self) -> float:
        """Of the opening."""
        return float(np.ptp(self.outline_K2[:, 1]))

    def from_pupil(self, fine: int = 1) -> Float32Array:
        """Pixels of the window from the pupil's middle; drawn finer, still in these pixels."""
        width, height = self.size
        rows, columns = np.mgrid[: height * fine, : width * fine].astype(np.float32)
        x, y = ((v / fine + (0.5 / fine - 0.5)) for v in (columns, rows))
        return np.asarray(np.hypot(x - self.pupil_2[0], y - self.pupil_2[1]), np.float32)

    def near(self, grown: float) -> Any:
        """Where the opening is (H, W), with some pixels round it."""
        hull = cv.convexHull(np.rint(self.outline_K2 * 16).astype(np.int32))
        out = np.zeros(self.size[::-1], np.uint8)
        cv.fillConvexPoly(out, hull, 1, cv.LINE_8, 4)
        side = 2 * round(grown) + 1
        disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (side, side))
        return cv.dilate(out, disc) > 0


def window_of_eye(model: FaceModel, fit: FaceFit, side: str) -> EyeWindow:
    """The window of one side, Left or Right, as large as the eye."""
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    outline = np.array([m for n, m in marks.items() if n.startswith(f"eye_{side.lower()}_")])
    low, high = outline.min(0), outline.max(0)
    wide, tall = high - low
    size = tuple(4 * round(float(v) / 4) for v in (1.4 * wide + 32, 1.3 * tall + 44))
    middle = (low + high) / 2
    corner = (round(float(middle[0])) - size[0] // 2, round(float(middle[1])) - size[1] // 2)
    pupil = marks[f"pupil_{side.lower()}"]
    return EyeWindow(
        corner, (size[0], size[1]), (outline - corner).astype(np.float32),
        (pupil - np.array(corner)).astype(np.float32),
    )  # fmt: skip


def cut(head: LayerPicture, window: EyeWindow) -> tuple[UInt8Array, UInt8Array]:
    """The window of the head's layer: straight RGB and alpha."""
    x, y = (v + MARGIN for v in window.corner)
    width, height = window.size
    padded = cv.copyMakeBorder(head.rgba, *[128] * 4, cv.BORDER_CONSTANT, value=(0, 0, 0, 0))
    part = padded[y + 128 : y + 128 + height, x + 128 : x + 128 + width]
    alpha = part[..., 3]
    rgb = part[..., :3].astype(np.float32) / np.maximum(alpha[..., None] / 255, 1 / 255)
    return np.rint(rgb.clip(0, 255)).astype(np.uint8), np.ascontiguousarray(alpha)


def cheek_of(head: LayerPicture, window: EyeWindow) -> Float32Array:
    """The usual colour (3,) of the skin right under an eye."""
    rgb, alpha = cut(head, window)
    x, y = window.outline_K2.T
    rows, columns = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    under = (rows > y.max() + 3) & (columns > x.min()) & (columns < x.max()) & (alpha > 250)
    skin = rgb[under] if under.any() else rgb.reshape(-1, 3)
    return np.asarray(np.median(skin, axis=0), np.float32)
