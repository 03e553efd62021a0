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
from inference.face_grids import fill, smoothstep
from inference.face_model import FaceModel

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
TURN: Final = 1.6
"""How far lashes turn over as the lid closes (2: down as long as they stood up)."""
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
LONG: Final = (0.18, 0.20)
"""Heights of an opening over the distance of the pupils between which eyes get lashes as long as
toons have; people's openings are 0.12 to 0.18."""
HAIRS: Final = (6.0, 8.0)
"""Changes between dark and light along a line above the lid between which it has long lashes."""
ABOVE: Final = (0.25, 0.35, 0.5)
"""Where those lines lie, in heights of the lid's way."""
SWING: Final = 0.05
"""Share of the brightness that such a change has at least."""
REACH: Final = (1.1, 6.0, 26.0)
"""How far above the lid long lashes are looked for: share of its way, least and most pixels."""
BROW: Final = 5.0
"""Pixels below a brow's points that belong to it."""
ROUGH: Final = (0.02, 0.05)
MASS: Final = (0.05, 0.18)
"""Roughness (share of the brightness) and darkness between which skin is covered by lashes."""
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
    plain: Float32Array
    """The skin without long lashes (H, W, 3), as smooth as what lies round them."""
    mass: Float32Array
    """Share (H, W) of each pixel that long lashes cover."""


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
    window_HW3: Float32Array, edge_S2: Float32Array, height: float, fine: int,
    long: float = 0.0, brow_K2: Float32Array | None = None, eye: UInt8Array | None = None,
) -> Lashes:  # fmt: skip
    """Find the lashes on an upper lid's edge; `height` is the opening's in fine pixels.

    Lashes may be as `long` as toons' (0..1) if they look like it: up to the brow's points, and
    beside the opened `eye` (H, W).
    """
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
    gone = strokes * (above > -UNDER * fine)
    gone = gone * smoothstep(FAN * length, 0.8 * FAN * length, above)
    plain, mass = skin, np.zeros_like(own)
    if brow_K2 is not None and eye is not None:
        many = long * float(smoothstep(*HAIRS, _changes(own, edge_S2, height)))
        if many > 0:
            plain, mass = _long(window_HW3, above, height, fine, brow_K2, eye)
            plain, mass = skin * (1 - many) + plain * many, mass * many
    return Lashes(
        np.dstack([window_HW3, dark]), edge_S2, length, plain, ink.astype(np.float32),
        np.asarray(np.maximum(gone, mass), np.float32), plain, mass,
    )  # fmt: skip


def _changes(grey: Float32Array, edge_S2: Float32Array, height: float) -> float:
    """How often brightness turns along lines above an edge: hairs that stand beside each other."""
    length = float(np.linalg.norm(np.diff(edge_S2, axis=0), axis=1).sum())
    at = np.linspace(0, STEPS - 1, max(int(length), 2))
    steps = np.arange(STEPS)
    edge, up = (
        np.stack([np.interp(at, steps, values[:, k]) for k in (0, 1)], 1)
        for values in (edge_S2, _up(edge_S2))
    )
    least = SWING * float(np.percentile(grey, 80))
    counts = []
    for share in ABOVE:
        x, y = np.ascontiguousarray((edge + up * share * height).T.astype(np.float32))
        line = cv.remap(grey, x[None], y[None], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)[0]
        way, last, count = 0, float(line[0]), 0
        for value in line.tolist():
            if way and (value - last) * way > 0:
                last = value
            elif abs(value - last) > least:
                way, last, count = (1 if value > last else -1), value, count + 1
        counts.append(count)
    return float(np.mean(counts))


def _long(
    window: Float32Array, above: Any, height: float, fine: int, brow_K2: Float32Array,
    eye: UInt8Array,
) -> tuple[Float32Array, Float32Array]:  # fmt: skip
    """The skin without long lashes, and where they are: rough dark skin up to the brow."""
    rows, columns = above.shape
    grey = window.mean(2)
    soft = cv.GaussianBlur(grey, (0, 0), 2.0 * fine)
    rough = cv.GaussianBlur(np.abs(grey - soft), (0, 0), 1.5 * fine) / np.maximum(soft, 8.0)
    opened = cv.dilate(eye, np.ones((4 * fine + 1, 4 * fine + 1), np.uint8)) > 0
    known = ((rough < (ROUGH[0] + ROUGH[1]) / 2) & ~opened).astype(np.float32)
    side = 1 << (max(rows, columns) - 1).bit_length()
    pad = [(0, side - rows), (0, side - columns)]
    plain = fill(np.pad(window, [*pad, (0, 0)]), np.pad(known, pad))[:rows, :columns]
    plain = cv.GaussianBlur(plain, (0, 0), 1.5 * fine)
    order = np.argsort(brow_K2[:, 0])
    brow = np.interp(np.arange(columns), brow_K2[order, 0], brow_K2[order, 1]) + BROW * fine
    share, least, most = REACH
    reach = float(np.clip(share * height, least * fine, most * fine))
    zone = smoothstep(reach, 0.8 * reach, above) * smoothstep(UNDER * fine, 2.0 * fine, above)
    zone = zone * smoothstep(brow, brow + 2 * fine, np.arange(rows)[:, None])
    dark = smoothstep(*MASS, 1 - grey / np.maximum(plain.mean(2), 1.0)) * smoothstep(*ROUGH, rough)
    dark = np.maximum(dark, cv.GaussianBlur(dark, (0, 0), 0.6 * fine))
    return np.asarray(plain, np.float32), np.asarray(dark * zone, np.float32)


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
    turned = 1 - TURN * level
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
        marks = (model.at_landmarks(fit.places_N2) - np.array(corner) + 0.5) * fine - 0.5
        brow, ring = (
            marks[[k for k, name in enumerate(model.landmarks) if name.startswith(start)]]
            for start in (f"brow_{side.lower()}_", f"eye_{side.lower()}_")
        )
        eye = np.zeros(own.shape[:2], np.uint8)
        cv.fillConvexPoly(eye, cv.convexHull(np.rint(ring).astype(np.int32)), 1)
        long = float(smoothstep(*LONG, share))
        lashes = lashes_of(own.astype(np.float32), self._edge(0.0), tall, fine, long, brow, eye)
        self._lashes = replace(lashes, skin=like_skin(lashes.skin, cheek_3))

    def _edge(self, level: float) -> Float32Array:
        places = camera.project(self._fit.points_N3 + level * self._base).astype(np.float32)
        marks = self._model.at_landmarks(places)[self._rows] - np.array(self._corner, np.float32)
        return edge_of((marks + 0.5) * self._fine - 0.5)

    def bared(
        self, level: float, straight: Float32Array, x: Float32Array, y: Float32Array
    ) -> Float32Array:
        """Lids (colour (H, W, 3), fine pixels) read from the picture without long lashes; `x` and
        `y` (H, W) tell the window's pixel that each place shows."""
        lashes = self._lashes
        if level <= 0 or not lashes.mass.any():
            return straight
        places = [(v + 0.5) * self._fine - 0.5 for v in (x, y)]
        plain, mass = (
            cv.remap(values, *places, cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT)
            for values in (lashes.plain, lashes.mass)
        )
        gone = (mass * smoothstep(0.0, 0.3, level))[..., None]
        return np.asarray(straight * (1 - gone) + plain * gone, np.float32)

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
