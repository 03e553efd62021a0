"""One eye's lids at any closing: plain skin over the eye, and the line of lashes along its edge.

What the fitted mesh tells is where the lid's edge lies. All else comes from the picture where it
stands: skin that the lid uncovers or has just covered is `face_lid_skin`'s, the picture's own fold
above the edge fades into it as the lid unfolds, and what lies further away keeps still.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow
from inference.face_fit import FaceFit
from inference.face_grids import smoothstep
from inference.face_lash_line import LashLine, lash_line
from inference.face_lashes import LONG, beside, edge_of, long_lashes
from inference.face_lid_skin import lid_skin
from inference.face_model import FaceModel

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
BEGUN: Final = (0.0, 0.2)
"""Closings between which lashes leave their place for the moving edge."""
UNFOLDS: Final = (0.05, 0.45)
"""The same between which the upper lid's fold gives way to plain skin."""
MEETS: Final = (0.65, 1.0)
"""The same of the lower lid's rim."""
SHADES: Final = (0.12, 0.05)
"""Shares of the brightness by which skin drawn out may make the plain one darker and lighter."""
LIKE: Final = (0.35, 0.15)
"""The same from which it is believed by a third only: an eye's rim, lashes, paint."""
OFF_BROW: Final = (4.0, 8.0)
"""Pixels below the brow between which it may come from."""
LOW: Final = 4.0
"""Pixels below the lower lid's edge at which a shut eye's line may lie."""
BAND: Final = 1.8
"""Pixels round the open edge that go with the lashes, beyond their thickness."""


class Lid:
    """The lids of one eye of a fitted face."""

    def __init__(
        self, model: FaceModel, fit: FaceFit, side: str, window: EyeWindow, rgb: UInt8Array,
        alpha: UInt8Array, rest: Float32Array, fine: int, share: float,
    ) -> None:  # fmt: skip
        """`rgb` and `alpha` are the picture's in the window, `side` is Left or Right; everything
        is drawn with `fine` pixels for one, as is `rest`, what the lids cover in the picture
        (H, W, 0..1). `share` is the opening's height over the distance of the pupils."""
        self._upper, self._lower = (_rows(model, side.lower(), lid) for lid in ("upper", "lower"))
        self._model, self._fit, self._corner, self._fine = model, fit, window.corner, fine
        row = int(np.flatnonzero(model.base_index_L == MOTION_INDEX[f"eyeBlink{side}"])[0])
        self._base, self._rest = fit.bases_LN3[row], rest
        marks = model.at_landmarks(fit.places_N2) - np.array(window.corner)
        brow = marks[
            [k for k, n in enumerate(model.landmarks) if n.startswith(f"brow_{side.lower()}_")]
        ]
        skin = lid_skin(rgb, alpha, window, brow)
        edge = self._edge(0.0)
        place = ((edge + 0.5) / fine - 0.5).astype(np.float32)
        picture = rgb.astype(np.float32)
        self._line: LashLine = lash_line(picture, skin.plain, place, window.height)
        self._own, self._plain, self._zone = (
            self._larger(v) for v in (picture, skin.plain, skin.zone)
        )
        _, above = beside(edge, rest.shape)
        reach = (float(self._line.thick_S.max()) + BAND) * fine
        band = smoothstep(reach, 0.6 * reach, above) * smoothstep(-BAND * fine, -fine, above)
        long = float(smoothstep(*LONG, share))
        self._brow, self._trust = brow, 1 - long
        eye = window.near(0).astype(np.uint8)
        if long > 0:
            tall = float((self._edge(1.0) - edge)[:, 1].max())
            mass = long_lashes(picture, place, tall / fine, brow, eye) * long
            band = np.maximum(band, self._larger(mass))
        self._band = np.asarray(band * (self._zone > 0), np.float32)

    def _larger(self, values: Float32Array) -> Float32Array:
        """A map of the window in fine pixels."""
        out = values.repeat(self._fine, 0).repeat(self._fine, 1)
        return np.ascontiguousarray(out, np.float32)

    def _edge(self, level: float, lower: bool = False) -> Float32Array:
        """The upper or the lower lid's edge at a closing, fine pixels."""
        places = camera.project(self._fit.points_N3 + level * self._base).astype(np.float32)
        marks = self._model.at_landmarks(places) - np.array(self._corner, np.float32)
        marks = marks[self._lower if lower else self._upper]
        return edge_of((marks + 0.5) * self._fine - 0.5)

    def _seam(self, level: float) -> Float32Array:
        """Where the line of lashes lies at a closing: on the lid's edge, shut not far
        below the lower lid's."""
        edge = self._edge(level)
        share = float(smoothstep(0.5, 1.0, level))
        if share <= 0:
            return edge
        lower = self._edge(level, lower=True)
        out = edge.copy()
        order = np.argsort(lower[:, 0])
        floor = np.interp(edge[:, 0], lower[order, 0], lower[order, 1]) + LOW * self._fine
        lifted = share * np.maximum(edge[:, 1] - floor, 0)
        lifted = cv.GaussianBlur(lifted.astype(np.float32)[:, None], (1, 17), 0)
        out[:, 1] -= lifted[:, 0]
        return out

    def _shade(self, drawn: Float32Array, below: Float32Array) -> Float32Array:
        """What the skin that the mesh draws out adds to the plain one (H, W, 3): a little of its
        shade, where it comes from well `below` the brow (pixels) and is much like it."""
        soft = cv.GaussianBlur(drawn - self._plain, (0, 0), 1.0 * self._fine)
        light = np.maximum(self._plain.mean(2), 4.0)
        share = soft.mean(2) / light
        like = np.exp(-((share / np.where(share < 0, *LIKE)) ** 2)) * smoothstep(*OFF_BROW, below)
        like = cv.GaussianBlur(like.astype(np.float32), (0, 0), 1.5 * self._fine)
        darker, lighter = (v * light[..., None] for v in SHADES)
        some = np.clip(soft, -darker, lighter)
        return np.asarray(some * like[..., None] * self._trust, np.float32)

    def below_brow(self, x: Float32Array, y: Float32Array) -> Float32Array:
        """Pixels by which places of the window lie below the brow (H, W)."""
        order = np.argsort(self._brow[:, 0])
        return np.asarray(y - np.interp(x, self._brow[order, 0], self._brow[order, 1]), np.float32)

    def at(
        self,
        level: float,
        cover: Float32Array,
        drawn: Float32Array,
        below: Float32Array,
        strokes: Float32Array | None = None,
    ) -> tuple[Float32Array, Float32Array]:
        """Colour (H, W, 3) and cover (H, W), fine pixels, at a closing in 0..1 at which the mesh
        covers so much, with skin `drawn` out of the picture (H, W, 3) from places so far
        `below` the brow (H, W, pixels). `strokes` (H, W, 3) is what is left of the
        skin's light under lashes that another picture shows: they take the place of the line."""
        edge = self._edge(level)
        _, above = beside(edge, cover.shape)
        fine = self._fine
        upper = smoothstep(-0.5 * fine, 0.5 * fine, above)
        fade = smoothstep(*UNFOLDS, level) * upper + smoothstep(*MEETS, level) * (1 - upper)
        begun = float(smoothstep(*BEGUN, level))
        new = np.maximum(cover - self._rest, 0)
        share = np.maximum(np.maximum(new, self._band * begun), self._zone * fade)[..., None]
        plain = self._plain + self._shade(drawn, below)
        out = self._own * (1 - share) + plain * share
        if strokes is not None:
            return np.asarray(out * strokes, np.float32), cover
        line = self._line.drawn(self._seam(level), (cover.shape[0], cover.shape[1]), fine) * begun
        ink = self._plain * self._line.ink_3
        out = out * (1 - line[..., None]) + ink * line[..., None]
        return np.asarray(out, np.float32), np.maximum(cover, line)


def _rows(model: FaceModel, side: str, lid: str) -> list[int]:
    """Landmarks along one lid's edge."""
    names = ("inner", *(f"{lid}_{n}" for n in range(1, 5)), "outer")
    return [model.landmarks.index(f"eye_{side}_{name}") for name in names]
