"""Lashes and lines of an upper lid, carried along as it closes.

In a picture lashes stand up from the lid's edge; on a shut eye they lie along the line where the
lids meet and point down. What is dark above the edge is taken for them, follows the edge, and turns
over on the way: the dark line by which a shut eye is read, in a photograph as in a drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import smoothstep
from inference.face_model import FaceModel

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
TURN: Final = {"people": 1.6, "drawn": 0.4}
"""How far lashes turn over as the lid closes (2: down as long as they stood up): hairs point down
from a shut eye, an inked line stays on its lid."""
THIN: Final = 0.3
"""Least share of their length while they turn over."""
LENGTHS: Final = (5.0, 16.0)
LENGTH: Final = 0.4
"""Least and most pixels above the edge that are looked at, and their share of the eye's height."""
UNDER: Final = 0.8
"""Pixels below the edge that still belong to it."""
DARK: Final = (0.12, 0.40)
"""Shares of the skin's brightness missing from which a pixel is a lash, and wholly one."""
FAN: Final = 1.6
"""How much further lashes reach that stand out beyond the corners."""
LINE: Final = 0.6
"""Strength of the line where the lids meet, if the picture shows no lashes."""
NARROW: Final = 5.0
FAINT: Final = (0.05, 0.16)
"""Strokes narrower than this many pixels, as dark as this, are taken away where lashes stood."""
STRANGE: Final = (22.0, 38.0)
"""Distances from the cheek's colour (CIELAB) between which a lid's own is no skin's."""
LARGE: Final = 0.235
"""Height of an opening over the distance of the pupils beyond people's (0.15 to 0.23)."""
STEPS: Final = 48
"""Points of an edge."""


@dataclass(frozen=True, slots=True)
class Lashes:
    """What stands on one upper lid's edge, in the picture."""

    rgba: Float32Array
    """Straight RGB in 0..255 and a share in 0..1 (H, W, 4), of the window in fine pixels."""
    edge_S2: Float32Array
    """The edge from the inner to the outer corner, in fine pixels of the window."""
    length: float
    """Fine pixels above the edge that belong to the lashes."""
    skin: Float32Array
    """What the lid looks like without them (H, W, 3)."""
    ink_3: Float32Array
    """Their colour at the edge."""
    gone: Float32Array
    """Share (H, W) of each pixel that they cover in the picture, beyond the corners too."""
    drawn: bool


def edge_of(corners_K2: Float32Array) -> Float32Array:
    """A smooth line (STEPS, 2) through an edge's points, from the inner to the outer corner."""
    apart = np.linalg.norm(np.diff(corners_K2, axis=0), axis=1)
    along = np.concatenate([[0.0], apart.cumsum()])
    at = np.linspace(0, along[-1], STEPS)
    line = np.stack([np.interp(at, along, corners_K2[:, k]) for k in (0, 1)], 1)
    smooth = cv.GaussianBlur(line.astype(np.float32), (1, 9), 0, borderType=cv.BORDER_REFLECT_101)
    smooth[[0, -1]] = line[[0, -1]]
    return np.asarray(smooth, np.float32)


def like_skin(tone: Float32Array, cheek_3: Float32Array) -> Float32Array:
    """Colours (..., 3), those that are no skin's (a fringe, paint) replaced by the cheek's."""
    apart = np.linalg.norm(_lab(tone) - _lab(cheek_3), axis=-1)
    strange = smoothstep(*STRANGE, apart)[..., None]
    return np.asarray(tone * (1 - strange) + cheek_3 * strange, np.float32)


def _lab(colour: Any) -> Any:
    flat = np.asarray(colour, np.float32).reshape(1, -1, 3) / np.float32(255)
    return cv.cvtColor(flat.clip(0, 1), cv.COLOR_RGB2LAB).reshape(np.shape(colour))


def lashes_of(
    window_HW3: Float32Array, edge_S2: Float32Array, height: float, fine: int, large: bool
) -> Lashes:
    """Find the lashes on an upper lid's edge; `height` is the opening's in fine pixels; on
    an eye `large` beyond people's they are ink and no hairs."""
    length = float(np.clip(LENGTH * height / fine, *LENGTHS)) * fine
    _, above = _beside(edge_S2, (window_HW3.shape[0], window_HW3.shape[1]))
    side = 2 * round(length) + 1
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (side, side))
    bright = cv.morphologyEx(window_HW3.mean(2), cv.MORPH_CLOSE, disc)
    band = (above > 0) & (above < 2 * length)
    light = np.maximum(bright * (above > 0), np.median(bright[band]) if band.any() else 0.0)
    own = window_HW3.mean(2)
    missing = 1 - own / np.maximum(light, 1.0)
    dark = smoothstep(*DARK, missing)
    line = window_HW3[(above > -0.5 * fine) & (above < 2.0 * fine)]
    order = np.argsort(line.mean(1))[: max(len(line) // 4, 1)]
    ink = line[order].mean(0) if len(line) else np.zeros(3)
    side = 2 * round(NARROW * fine) + 1
    small = cv.getStructuringElement(cv.MORPH_ELLIPSE, (side, side))
    lid = (above > 0)[..., None]  # what lies below is no skin, and takes no part
    wide = cv.dilate(np.where(lid, window_HW3, 0).astype(np.float32), small)
    skin = cv.erode(np.where(lid, wide, 255).astype(np.float32), small)
    skin = cv.GaussianBlur(np.where(lid, skin, wide), (0, 0), fine)
    strokes = smoothstep(*FAINT, 1 - own / np.maximum(skin.mean(2), 1.0))
    gone = strokes * (above > -UNDER * fine) * (not large)  # ink goes with its lid
    gone = gone * smoothstep(FAN * length, 0.8 * FAN * length, above)
    return Lashes(
        np.dstack([window_HW3, dark]), edge_S2, length, skin, ink.astype(np.float32),
        np.asarray(gone, np.float32), large,
    )  # fmt: skip


def _up(edge_S2: Float32Array) -> Any:
    """Unit vectors (STEPS, 2) away from the eye, across an edge."""
    along = np.gradient(edge_S2, axis=0)
    up = np.stack([along[:, 1], -along[:, 0]], 1)
    return (
        up
        * np.sign(-up[:, 1:] + 1e-6)
        / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    )


def _beside(edge_S2: Float32Array, shape: tuple[int, int]) -> tuple[Any, Any]:
    """For each pixel, the nearest step of an edge and how far above it the pixel lies."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x = columns[..., None] - edge_S2[:, 0]
    y = rows[..., None] - edge_S2[:, 1]
    away = x * x + y * y
    nearest = away.argmin(-1)
    distance = np.sqrt(np.take_along_axis(away, nearest[..., None], -1)[..., 0])
    picked = _up(edge_S2)[nearest]
    dx = np.take_along_axis(x, nearest[..., None], -1)[..., 0]
    dy = np.take_along_axis(y, nearest[..., None], -1)[..., 0]
    above = np.where(dx * picked[..., 0] + dy * picked[..., 1] >= 0, distance, -distance)
    return nearest, above


def at_closing(
    lashes: Lashes, edge_S2: Float32Array, level: float, fine: int
) -> tuple[Float32Array, Float32Array]:
    """Colour (H, W, 3) and share (H, W) of the lashes when the lid's edge has come to `edge_S2`, at
    a closing in 0..1."""
    shape = lashes.rgba.shape[:2]
    nearest, above = _beside(edge_S2, (shape[0], shape[1]))
    turned = 1 - TURN["drawn" if lashes.drawn else "people"] * level
    scale = np.copysign(max(abs(turned), THIN), turned)
    offset = above / scale
    place = lashes.edge_S2[nearest] + _up(lashes.edge_S2)[nearest] * offset[..., None]
    found = cv.remap(
        lashes.rgba, place[..., 0].astype(np.float32), place[..., 1].astype(np.float32),
        cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT,
    )  # fmt: skip
    within = smoothstep(lashes.length, 0.6 * lashes.length, offset)
    within = within * smoothstep(-(UNDER + 0.7) * fine, -UNDER * fine, offset)
    ends = smoothstep(-0.5, 1.5, np.minimum(nearest, STEPS - 1 - nearest))
    share = found[..., 3] * within * ends
    thin = (
        LINE * smoothstep(1.2 * fine, 0.4 * fine, np.abs(above)) * ends * smoothstep(0.5, 1, level)
    )
    ink = np.maximum(thin - share, 0)[..., None]
    colour = found[..., :3] * share[..., None] + lashes.ink_3 * ink
    whole = np.maximum(share, thin)
    return (
        np.asarray(colour / np.maximum(whole, 1e-3)[..., None], np.float32),
        np.asarray(whole, np.float32),
    )


class Lid:
    """One upper lid of a fitted face, with its lashes."""

    def __init__(
        self, model: FaceModel, fit: FaceFit, side: str, corner: tuple[int, int],
        window: UInt8Array, fine: int, share: float, cheek_3: Float32Array,
    ) -> None:  # fmt: skip
        """`window` is the picture's RGB from the frame's pixel `corner` on, `side` Left or Right;
        everything is drawn with `fine` pixels for one. `share` is the opening's
        height over the distance of the pupils, `cheek_3` is the skin's colour near it."""
        names = ("inner", *(f"upper_{n}" for n in range(1, 5)), "outer")
        self._rows = [model.landmarks.index(f"eye_{side.lower()}_{name}") for name in names]
        self._model, self._fit, self._corner, self._fine = model, fit, corner, fine
        row = int(np.flatnonzero(model.base_index_L == MOTION_INDEX[f"eyeBlink{side}"])[0])
        self._base = fit.bases_LN3[row]
        height, width = window.shape[:2]
        own = cv.resize(window, (fine * width, fine * height), interpolation=cv.INTER_CUBIC)
        drop = self._edge(1.0)[:, 1] - self._edge(0.0)[:, 1]
        tall = float(drop.max())
        lashes = lashes_of(own.astype(np.float32), self._edge(0.0), tall, fine, share >= LARGE)
        self._lashes = replace(lashes, skin=like_skin(lashes.skin, cheek_3))

    def _edge(self, level: float) -> Float32Array:
        places = camera.project(self._fit.points_N3 + level * self._base).astype(np.float32)
        marks = self._model.at_landmarks(places)[self._rows] - np.array(self._corner, np.float32)
        return edge_of((marks + 0.5) * self._fine - 0.5)

    def laid(
        self, level: float, straight: Float32Array, cover: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """Lids (colour (H, W, 3) and cover (H, W), fine pixels) at a closing in 0..1, with the
        lashes where they are then."""
        lashes = self._lashes
        colour, share = at_closing(lashes, self._edge(level), level, self._fine)
        begun = smoothstep(0.0, 0.3, level)
        gone = (lashes.gone * begun)[..., None]
        out = straight * (1 - gone) + lashes.skin * gone
        share = share * begun
        out = out * (1 - share[..., None]) + colour * share[..., None]
        return np.asarray(out, np.float32), np.maximum(cover, share)
