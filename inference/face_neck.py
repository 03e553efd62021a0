"""The neck behind the jaw: what the body's layer goes on with where the head covers it.

The head's layer keeps the skin under the chin, stretched with the turn, and fades out lower down.
Where a turned jaw uncovers what nobody has seen, the neck must go on as if it had always been
there: so its outline is carried up to behind the ears, and its colours, from shaded side to shaded
side, depth and all, go up with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN, smoothstep
from inference.face_model import FaceModel

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
RING: Final = (0.36, 0.48)
"""Head weights of the ring from which the neck is carried up: below the shadow of the jaw."""
FLARE: Final = 0.6
"""How far towards the lobes of the ears the neck's outline leans on its way up."""
HIDDEN: Final = (0.0, 8.0)
"""Pixels that an ear's lobe lies inside the face's outline, on the far side of a turned face."""
FARTHER: Final = (0.05, 0.3)
"""Decimetres that the far lobe lies behind the other."""
TURNED: Final = 0.35
"""Sine of the angle up to which the neck shall not look out beside the far cheek."""
TUCKED: Final = (32.0, 56.0)
"""Fewest and most pixels inside the far cheek's outline at which the neck ends there."""
ABOVE: Final = (10.0, 34.0)
"""Pixels above the lobes between which the continuation fades out."""
REACH: Final = 8.0
"""Pixels below the ring that the continuation mirrors before it stands still."""
SEARCH: Final = 14
"""Pixels beside the fitted outline within which the picture's own is looked for."""


@dataclass(frozen=True, slots=True)
class Neck:
    """Where the neck goes on; places are frame pixels, sides are the picture's left and right."""

    sides: tuple[float, float]
    """Columns of the outline at the ring."""
    roots: tuple[float, float]
    """Rows of the outline's ends there."""
    lobes_22: Float32Array
    """(side, (x, y)): where the outline leans to."""
    far_2: Float32Array
    """Share of each side that it is the far one, whose ear the face hides."""
    tucked_2: Float32Array
    """Columns that the outline leads to there, at the lobe's height."""
    ring_x: Float32Array
    ring_y: Float32Array
    """The ring as the picture sees it, from left to right."""

    def edges(self, rows: Any) -> tuple[Any, Any, Any, Any]:
        """Outline's columns at rows, left and right, and how far up (0..1) each row lies there."""
        out, rise = [], []
        for k in (0, 1):
            height = max(self.roots[k] - float(self.lobes_22[k, 1]), 8.0)
            up = np.clip((self.roots[k] - rows) / height, 0, 1.3)
            lean = FLARE * (float(self.lobes_22[k, 0]) - self.sides[k])
            tuck, far = float(self.tucked_2[k]) - self.sides[k], float(self.far_2[k])
            inward = min(tuck, lean) if k else max(tuck, lean)
            out.append(self.sides[k] + (1 - far) * lean * up**2 + far * inward * (2 - up) * up)
            rise.append(np.clip(up, 0, 1))
        return out[0], out[1], rise[0], rise[1]

    def carried(self, size: int, scale: float = 1.0, margin: int = 0) -> Carried:
        """The same for the pixels of a square map, `scale` of them for one of the frame's, that
        begins `margin` frame pixels outside of it."""
        at = (np.arange(size, dtype=np.float32) + 0.5) / scale - 0.5 - margin
        x, y = at[None], at[:, None]
        left, right, rise_left, rise_right = self.edges(y)
        share = (x - left) / np.maximum(right - left, 4.0)
        source_x = self.sides[0] + share * (self.sides[1] - self.sides[0])
        ring = np.interp(source_x, self.ring_x, self.ring_y)
        away = np.maximum(ring - y, 0)
        source_y = np.where(y < ring, ring + REACH * (1 - np.exp(-away / (2 * REACH))), y)
        across = smoothstep(-1.0, 2.0, x - left) * smoothstep(-1.0, 2.0, right - x)
        lobe = self.lobes_22[:, 1].min()
        top = smoothstep(lobe - ABOVE[1], lobe - ABOVE[0], y)
        inside = np.clip(share, 0, 1)
        rise = rise_left + (rise_right - rise_left) * inside
        return Carried(
            (across * top * (y < ring)).astype(np.float32),
            smoothstep(-3.0, 5.0, y - (self.roots[0] + (self.roots[1] - self.roots[0]) * inside)),
            rise.astype(np.float32),
            (((source_x + 0.5 + margin) * scale) - 0.5).astype(np.float32),
            (((source_y + 0.5 + margin) * scale) - 0.5).astype(np.float32),
        )

    def within(self, skin_HW: Float32Array) -> Neck:
        """With the picture's own outline, where it shows one near the fitted one.

        `skin_HW` is the share of skin, or of what lies over it, over the frame and MARGIN.
        """
        smooth = cv.blur(skin_HW, (1, 5))
        found = [_notch(smooth, self.sides[k], self.roots[k], k == 0) for k in (0, 1)]
        left, right = (each or (self.sides[k], self.roots[k]) for k, each in enumerate(found))
        if right[0] - left[0] < 0.5 * (self.sides[1] - self.sides[0]):
            return self
        return replace(self, sides=(left[0], right[0]), roots=(left[1], right[1]))


def _notch(
    skin_HW: Float32Array, side: float, root: float, left: bool
) -> tuple[float, float] | None:
    """Where the picture's outline is farthest inside (x, y), near a place of the fitted one."""
    first, top = round(side) + MARGIN - SEARCH, round(root) + MARGIN - SEARCH
    if first < 0 or top < 0:
        return None
    part = skin_HW[top : top + 2 * SEARCH, first : first + 2 * SEARCH + 1] > 0.5
    rows, columns = np.nonzero(part[:, 1:] & ~part[:, :-1] if left else part[:, :-1] & ~part[:, 1:])
    if len(rows) < SEARCH:  # hair or a collar lies there
        return None
    best = int(columns.argmax() if left else columns.argmin())
    return first + columns[best] + 0.5 - MARGIN, float(top + rows[best] - MARGIN)


@dataclass(frozen=True, slots=True)
class Carried:
    """A neck's continuation over the pixels of a map (size, size)."""

    alpha: Float32Array
    """Of the continuation (above the ring, within the outline)."""
    below: Float32Array
    """1 below the line between the outline's ends: there the neck itself is seen."""
    rise: Float32Array
    """0 at the ring's height, 1 at the lobes."""
    source_x: Float32Array
    source_y: Float32Array
    """Where in the map the continuation has its values from."""

    def up(self, map_HWC: Any) -> Any:
        """A map with the ring's values carried up."""
        edge = cv.BORDER_REPLICATE
        return cv.remap(map_HWC, self.source_x, self.source_y, cv.INTER_LINEAR, borderMode=edge)


def neck_of(model: FaceModel, fit: FaceFit) -> Neck:
    """The neck's continuation of a fitted head."""
    places, weight = fit.places_N2, model.head_weight_N
    skin = ~model.region("none")
    marks = dict(zip(model.landmarks, model.at_landmarks(places), strict=True))
    chin = float(marks["chin"][1])
    around = (weight > 0.42) & (weight < 0.58) & skin
    ring_at = np.flatnonzero(around)
    ring = places[ring_at]
    first, last = int(ring[:, 0].argmin()), int(ring[:, 0].argmax())
    lobes = sorted((marks[f"ear_{side}_lobe"] for side in ("left", "right")), key=lambda p: p[0])
    depth = -fit.points_N3[:, 2]
    middle = float(depth[around].mean())
    facing = (weight > RING[0]) & (weight < RING[1]) & skin & (depth < middle)
    front = places[facing & (places[:, 1] > chin - 60)]
    sides = (float(ring[first, 0]), float(ring[last, 0]))
    roots = (float(ring[first, 1]), float(ring[last, 1]))
    at = np.linspace(sides[0], sides[1], 25).astype(np.float32)
    far, tucked = _behind_the_face(model, fit, np.array(lobes), depth[ring_at[[first, last]]])
    near = np.exp(-(((at[:, None] - front[None, :, 0]) / 8.0) ** 2)) + 1e-9
    y = (near * front[None, :, 1]).sum(1) / near.sum(1)
    return Neck(sides, roots, np.array(lobes, np.float32), far, tucked, at, y.astype(np.float32))


def _behind_the_face(
    model: FaceModel, fit: FaceFit, lobes_22: Any, depth_2: Any
) -> tuple[Float32Array, Float32Array]:
    """Share that each side is the far one, and columns (2,) at which the neck stays hidden there.

    A turned face hides its far ear, and the neck behind it. As it turns back its far side would
    come into view, which nobody has seen: then the neck must not look out beside the cheek in its
    stead. `depth_2` is the neck's at its outlines.
    """
    skin = (model.head_weight_N > 0.9) & ~model.region("none") & ~model.region("ears")
    pixels = camera.FOCAL / float(-fit.points_N3[model.pivot, 2])
    rows = [model.landmarks.index(f"ear_{side}_lobe") for side in ("left", "right")]
    rows.sort(key=lambda row: float(model.at_landmarks(fit.places_N2)[row, 0]))
    lobes = [float(model.at_landmarks(fit.points_N3)[row, 2]) for row in rows]
    far, tucked = [], []
    for k, inward in ((0, 1.0), (1, -1.0)):
        beside = skin & (np.abs(fit.places_N2[:, 1] - lobes_22[k, 1]) < 12)
        across = inward * fit.places_N2[:, 0]
        edge = int(np.flatnonzero(beside)[across[beside].argmin()]) if beside.any() else model.pivot
        outline = float(fit.places_N2[edge, 0])
        hidden = smoothstep(*HIDDEN, inward * (float(lobes_22[k, 0]) - outline))
        far.append(hidden * smoothstep(*FARTHER, lobes[1 - k] - lobes[k]))
        behind = float(depth_2[k] + fit.points_N3[edge, 2])
        tucked.append(outline + inward * float(np.clip(TURNED * behind * pixels + 6, *TUCKED)))
    return np.array(far, np.float32), np.array(tucked, np.float32)
