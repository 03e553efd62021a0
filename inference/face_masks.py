"""Parts a framed portrait into skin, clothes and hair without a network: a baseline.

The fitted head says where things should be, their colours say where they are. Good enough for plain
backgrounds and drawings with a transparent one; a segmentation network does better and delivers
the same masks.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN, smoothstep
from inference.face_layers import SIDE
from inference.face_model import FaceModel
from inference.face_raster import look

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_HALF: Final = SIDE // 2
"""Pixels at which the person is cut out."""
_ROUNDS: Final = 4


def guessed_masks(model: FaceModel, fit: FaceFit, picture: UInt8Array) -> dict[str, Float32Array]:
    """Masks as `face_layers.MASKS` of a framed RGBA picture (592, 592, 4)."""
    maps = _Places(model, fit)
    alpha = picture[..., 3].astype(np.float32) / 255
    person = alpha if float((alpha < 0.5).mean()) > 0.02 else _cut_out(picture[..., :3], maps)
    likely = _like_face(picture[..., :3], maps)
    inner = cv.erode(maps.face, np.ones((9, 9)))
    skin = np.maximum(inner * maps.below_brows, likely * maps.skin_near)
    skin = cv.GaussianBlur(skin.astype(np.float32), (0, 0), 1.0) * person
    low = smoothstep(maps.chin_y - 6, maps.chin_y + 10, np.arange(SIDE)[:, None])
    hair_ish = np.maximum(1 - low, _like_hair(picture[..., :3], maps, person - skin))
    rest = np.clip(person - skin, 0, 1)
    hair, clothes = rest * hair_ish, rest * (1 - hair_ish)
    return {
        "skin": skin,
        "clothes": clothes.astype(np.float32),
        "hair_front": (hair * maps.before).astype(np.float32),
        "hair_back": (hair * (1 - maps.before)).astype(np.float32),
    }


class _Places:
    """Where the fitted head is: maps (592, 592) in 0..1."""

    def __init__(self, model: FaceModel, fit: FaceFit) -> None:
        places = fit.places_N2 + MARGIN
        seen = look(places, -fit.points_N3[:, 2], model.triangles_F3, SIDE)
        names = (("face", "lips", "lids", "inside"), ("ears", "neck"), ("scalp",), ("bust",))
        regions = np.stack([model.region(*each) for each in names], 1).astype(np.float32)
        face, side, scalp, bust = np.moveaxis(seen.read(regions), 2, 0)
        marks = dict(zip(model.landmarks, model.at_landmarks(places), strict=True))
        self.chin_y, eye_y = float(marks["chin"][1]), float(marks["pupil_left"][1])
        lip_y = float(marks["lip_lower_mid"][1])
        apart = float(np.linalg.norm(marks["pupil_left"] - marks["pupil_right"]))
        brow_y = float(marks["brow_left_3"][1] + marks["brow_right_3"][1]) / 2
        rows = np.arange(SIDE)[:, None]
        self.face = (face > 0.5).astype(np.float32)
        self.below_brows = (rows > brow_y - 0.15 * apart).astype(np.float32)
        grown = cv.dilate((face + side + scalp > 0.5).astype(np.uint8), np.ones((9, 9)))
        self.skin_near = np.maximum(grown, (rows > self.chin_y) & (bust > 0.5)).astype(np.float32)
        self.head = (face + side * (rows < self.chin_y) + scalp > 0.5).astype(np.float32)
        self.body = ((bust > 0.5) | ((side > 0.5) & (rows > self.chin_y))).astype(np.float32)
        self.apart = apart
        wide = cv.GaussianBlur(cv.dilate(self.head, _disc(0.3 * apart)), (0, 0), 0.1 * apart)
        above = smoothstep(lip_y, eye_y, rows)
        self.before = np.clip(np.maximum(wide * smoothstep(self.chin_y, lip_y, rows), above), 0, 1)


def _disc(radius: float) -> Any:
    size = 2 * max(round(radius), 1) + 1
    return cv.getStructuringElement(cv.MORPH_ELLIPSE, (size, size))


def _cut_out(rgb: UInt8Array, maps: _Places) -> Float32Array:
    """The person before an opaque background (C. Rother et al., "GrabCut", 2004)."""
    sure = cv.erode(np.maximum(maps.head, maps.body), _disc(0.12 * maps.apart))
    near = cv.dilate(np.maximum(maps.head, maps.body), _disc(0.8 * maps.apart))
    near[round(maps.chin_y) :] = 1
    state = np.where(near > 0, cv.GC_PR_BGD, cv.GC_BGD).astype(np.uint8)
    likely = cv.dilate(np.maximum(maps.head, maps.body), _disc(0.25 * maps.apart))
    state[likely > 0] = cv.GC_PR_FGD
    state[sure > 0] = cv.GC_FGD
    small = cv.resize(rgb, (_HALF, _HALF), interpolation=cv.INTER_AREA)
    state = cv.resize(state, (_HALF, _HALF), interpolation=cv.INTER_NEAREST)
    if (state == cv.GC_BGD).sum() < 50:
        return np.ones((SIDE, SIDE), np.float32)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv.setRNGSeed(1)
    cv.grabCut(small, state, None, *models, _ROUNDS, cv.GC_INIT_WITH_MASK)
    person = np.isin(state, (cv.GC_FGD, cv.GC_PR_FGD)).astype(np.float32)
    soft = cv.GaussianBlur(cv.resize(person, (SIDE, SIDE)), (0, 0), 1.5)
    return smoothstep(0.3, 0.7, soft)


def _nearness(rgb: UInt8Array, sample: Any, wide: float) -> Float32Array:
    """1 where a pixel's colour is like those of a sample's pixels, falling to 0."""
    lab = cv.cvtColor(rgb, cv.COLOR_RGB2LAB).astype(np.float32) * np.array([0.5, 1.0, 1.0])
    colours = lab[sample]
    if len(colours) < 30:
        return np.zeros(rgb.shape[:2], np.float32)
    middle = np.median(colours, 0)
    spread = np.maximum(1.48 * np.median(np.abs(colours - middle), 0), 4.0)
    away = np.sqrt((((lab - middle) / spread) ** 2).sum(2))
    return smoothstep(wide * 1.5, wide * 0.8, away)


def _like_face(rgb: UInt8Array, maps: _Places) -> Float32Array:
    core = cv.erode(maps.face, _disc(0.15 * maps.apart)) * maps.below_brows
    return _nearness(rgb, core > 0.5, 4.5)


def _like_hair(rgb: UInt8Array, maps: _Places, rest: Float32Array) -> Float32Array:
    """Below the chin, what has the colour of what lies over the scalp."""
    rows = np.arange(SIDE)[:, None]
    over = (rest > 0.8) & (rows < maps.chin_y - 1.2 * maps.apart)
    return _nearness(rgb, over, 3.0)
