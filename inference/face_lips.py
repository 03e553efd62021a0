"""Pictures that smile with their lips apart: how those lips close, and the teeth they show.

An imported character's rest is what its picture shows. So that it can still say p, b and m, what
opened the mouth in the picture (by the fit) is taken back by the motions that close lips; and what
the picture shows between the lips stays behind when they move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import encode, smoothstep
from inference.face_model import FaceModel
from inference.frame_generator_windows import WINDOW_SIZES, window_of

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
APART: Final = 1.5
"""Mean pixels between the lips from which they are parted."""
OPENERS: Final = {
    "jawOpen": 0.15,
    "mouthUpperUpLeft": 0.15,
    "mouthUpperUpRight": 0.15,
    "mouthLowerDownLeft": 0.2,
    "mouthLowerDownRight": 0.2,
}
"""What parts lips, and how much of it is assumed where the fit explains them otherwise."""
CLOSERS: Final = {
    "mouthPressLeft": 0.7,
    "mouthPressRight": 0.7,
    "mouthRollLower": 0.8,
    "mouthRollUpper": 0.6,
    "mouthClose": 2.0,
}
"""Share of the way to closed lips that each motion makes at 1.0: together a p makes all of it."""
CORNERS: Final = 0.9
"""Share of a closing that the corners of the mouth make, where the lips meet already."""
CHIN: Final = 4.0
"""Pixels that the chin goes along with lips that close."""
_SCALES: Final = (0.3, 3.0)
_EVENED: Final = (0.6, 1.6)
_INNER: Final = ("left_2", "left_1", "mid", "right_1", "right_2")


def lip_gap(model: FaceModel, places_N2: Any) -> float:
    """Mean pixels between the inner edges of the lips."""
    marks = model.at_landmarks(np.asarray(places_N2, np.float32))
    rows = {
        lip: [model.landmarks.index(f"lip_{lip}_in_{name}") for name in _INNER[1:4]]
        for lip in ("upper", "lower")
    }
    return float((marks[rows["lower"], 1] - marks[rows["upper"], 1]).mean())


def with_lips_that_close(model: FaceModel, fit: FaceFit) -> FaceFit:
    """The fit with its closing motions carried so far that parted lips meet."""
    closing = closing_of(model, fit)
    if closing is None:
        return fit
    bases = fit.bases_LN3.copy()
    for name, share in CLOSERS.items():
        bases[_row(model, name)] += share * closing
    return replace(fit, bases_LN3=bases)


def closing_of(model: FaceModel, fit: FaceFit) -> Float32Array | None:
    """Displacement (N, 3) that closes the picture's lips; None if they are closed."""
    gap = lip_gap(model, fit.places_N2)
    if gap < APART:
        return None
    amounts = {name: float(fit.expression_D[MOTION_INDEX[name]]) for name in OPENERS}
    if sum(amounts.values()) < 0.1:
        amounts = dict(OPENERS)
    closing = np.zeros_like(fit.points_N3)
    for name, amount in amounts.items():
        closing -= amount * fit.bases_LN3[_row(model, name)]
    less = gap - lip_gap(model, camera.project(fit.points_N3 + closing))
    scale = np.clip(gap / max(less, 1e-3), *_SCALES)
    closing *= np.float32(scale)
    near = _near_lips(model, fit.places_N2)
    still = max(1 - CHIN / max(gap, CHIN), 0.0)
    share = 1 - still * (1 - near) + (_evened(model, fit, closing) - 1) * near
    return np.asarray(closing * share[:, None], np.float32)


def _near_lips(model: FaceModel, places_N2: Float32Array) -> Float32Array:
    """1 at the lips (N,), falling to 0 half way to the chin and as far again beside them: lips that
    were wide open close without a chin that jumps at every p."""
    marks = dict(zip(model.landmarks, model.at_landmarks(places_N2), strict=True))
    lip, chin = float(marks["lip_lower_mid"][1]), float(marks["chin"][1])
    ends = sorted((float(marks["mouth_left"][0]), float(marks["mouth_right"][0])))
    x, y = places_N2[:, 0], places_N2[:, 1]
    beside = np.maximum(np.maximum(ends[0] - x, x - ends[1]), 0)
    away = np.hypot(np.maximum(y - lip, 0), beside / 2) / max(chin - lip, 1.0)
    return smoothstep(0.6, 0.0, away)


def _evened(model: FaceModel, fit: FaceFit, closing_N3: Any) -> Float32Array:
    """By what a closing is multiplied at each point (N,) so that the lips meet along their whole
    line, not in the mean; laughing ones are further apart in the middle than any motion has."""
    before, after = (
        model.at_landmarks(np.asarray(places, np.float32))
        for places in (fit.places_N2, camera.project(fit.points_N3 + closing_N3))
    )
    upper, lower = (
        [model.landmarks.index(f"lip_{lip}_in_{name}") for name in _INNER]
        for lip in ("upper", "lower")
    )
    gap = before[lower, 1] - before[upper, 1]
    less = gap - (after[lower, 1] - after[upper, 1])
    share = np.clip(gap / np.maximum(less, 0.5), *_EVENED)
    corners = [model.landmarks.index(f"mouth_{side}") for side in ("left", "right")]
    across = np.concatenate([(before[upper, 0] + before[lower, 0]) / 2, before[corners, 0]])
    share = np.concatenate([share, [CORNERS, CORNERS]])
    order = np.argsort(across)
    return np.asarray(np.interp(fit.places_N2[:, 0], across[order], share[order]), np.float32)


def _row(model: FaceModel, name: str) -> int:
    return int(np.flatnonzero(model.base_index_L == MOTION_INDEX[name])[0])


def between_lips(model: FaceModel, fit: FaceFit, corner: tuple[int, int]) -> Float32Array:
    """Share 0..1 of each pixel of the mouth's window that lies between parted lips."""
    width, height = WINDOW_SIZES["mouth"]
    out = np.zeros((height, width), np.float32)
    if lip_gap(model, fit.places_N2) < APART:
        return out
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    upper = [marks[f"lip_upper_in_{name}"] for name in _INNER]
    lower = [marks[f"lip_lower_in_{name}"] for name in reversed(_INNER)]
    ring = [marks["mouth_left"], *upper, marks["mouth_right"], *lower]
    places = np.rint((np.array(ring) - np.array(corner)) * 16).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv.fillPoly(mask, [places], 255, cv.LINE_AA, 4)
    return np.asarray(mask / 255, np.float32)


def smooth_cut(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The two lips' shares parted by a smooth line: found column by column, it has steps that show
    as a fringe on opened lips."""
    lower = cv.imdecode(arrays["lower_lip_share"], cv.IMREAD_GRAYSCALE)
    columns = np.flatnonzero((lower == 0).any(0))
    if len(columns) < 4:
        return {}
    rows = (lower[:, columns] > 0).argmax(0).astype(np.float32)
    width = max(len(columns) / 16, 1.5)
    # mirrored about its ends, which must stay where they are
    reach = min(round(4 * width), len(rows) - 1)
    padded = np.pad(rows, reach, mode="reflect", reflect_type="odd")
    line = cv.GaussianBlur(padded[None], (0, 0), width)[0][reach:-reach] - 0.5
    across = np.interp(np.arange(lower.shape[1]), columns, line)
    below = np.clip(np.arange(lower.shape[0])[:, None] - across + 0.5, 0, 1)
    beside = np.ones(lower.shape[1], bool)
    beside[columns[0] : columns[-1] + 1] = False
    shares = {"upper": 1 - below, "lower": np.maximum(below, beside)}
    return {
        f"{lip}_lip_share": encode(np.rint(255 * share).astype(np.uint8))
        for lip, share in shares.items()
    }


def own_teeth(
    arrays: Mapping[str, Any],
    portrait: UInt8Array,
    between_HW: Float32Array,
    levels: int | None = None,
) -> dict[str, Any]:
    """The arrays that change where a picture shows what lies between its lips: the lips' shares
    end at the opening, and the first `levels` of the bank of insides (None: all) have the picture's
    own there."""
    if not between_HW.any():
        return {}
    out = {}
    for name in ("upper_lip_share", "lower_lip_share"):
        share = cv.imdecode(arrays[name], cv.IMREAD_GRAYSCALE)
        out[name] = encode(np.rint(share * (1 - between_HW)).astype(np.uint8))
    if "mouth_colour" not in arrays:
        return out
    width, height = WINDOW_SIZES["mouth"]
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    own = cv.cvtColor(window_of(portrait, corner, (width, height))[..., :3], cv.COLOR_RGB2BGR)
    soft = cv.GaussianBlur(between_HW, (0, 0), 1.0)[..., None]
    tiles = cv.imdecode(arrays["mouth_colour"], cv.IMREAD_COLOR).reshape(-1, height, width, 3)
    mixed = tiles.astype(np.float32)
    mixed[:levels] = mixed[:levels] * (1 - soft) + own * soft
    out["mouth_colour"] = encode(np.rint(mixed).astype(np.uint8).reshape(-1, width, 3))
    return out
