"""Further pictures of somebody whose portrait is imported: what each shows, and where it fits.

A picture with the lips apart tells the inside of the mouth, one with the eyes shut tells the lids.
The points that a network finds keep too near to a face at rest to tell either, so lips are measured
by the outer edge of their red, and lids by what the eyes look more like: those of the portrait, or
the portrait's own with its lids drawn over them. The reference is fitted with the portrait's head
in place of the model's mean: only its pose and its expression are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array, UInt8Array
from inference.face_fit import FaceFit, fit_face
from inference.face_grids import MARGIN
from inference.face_lips import lip_gap
from inference.face_model import FaceModel
from inference.face_points import Landmarks

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
MOUTH: Final = "mouth"
EYES: Final = "eyes-shut"
SIDE: Final = "side"
APART: Final = 0.07
"""Least of `lips_apart` that shows the inside of a mouth; mouths that are shut have up to 0.04."""
LIPS_KEEP: Final = 0.85
"""Share of their thickness that lips keep when they part."""
LIKE: Final = 0.3
"""How much more alike (correlation) eyes may be to open ones than to shut ones and count as shut:
lashes and folds of shut lids are not those that the portrait's stretched skin has."""
LOWERED: Final = 0.8
"""Share of the portrait's opening below which the points say that lids are lowered: they had 0.4 to
0.75 of it in nine pictures of shut eyes, 0.84 and more in others."""
TURNED: Final = (10.0, 35.0)
"""Degrees by which a face from the side is turned away from the portrait's direction."""
FRONTAL: Final = 15.0
"""Degrees up to which a picture's mouth and eyes can be laid over the portrait's."""
STIFF: Final = 0.35
"""How far a head may differ from the portrait's: standard deviations of the model, times this."""
STABLE: Final = (
    "eye_left_inner", "eye_left_outer", "eye_right_inner", "eye_right_outer", "nose_bridge_1",
    "nose_bridge_2", "nose_bridge_3", "nose_tip", "nose_base", "nose_wing_left", "nose_wing_right",
)  # fmt: skip
"""Points that neither a mouth nor lids move."""
_MISLEADING: Final = (
    "lip_upper_in", "lip_lower_in", "eye_left_upper", "eye_left_lower", "eye_right_upper",
    "eye_right_lower",
)  # fmt: skip
_MIDDLE: Final = ("left_1", "mid", "right_1")


@dataclass(frozen=True)
class Face:
    """A framed picture, RGB (592, 592, 3), with its points in frame pixels and its fit."""

    picture: UInt8Array
    landmarks: Landmarks
    fit: FaceFit

    def mark(self, model: FaceModel, name: str) -> Float32Array:
        """Place (2,) of a point: the mark, or where the fit has it."""
        found = self.landmarks.marks.get(name)
        if found is not None:
            return np.array([found.x, found.y], np.float32)
        fitted: Float32Array = self._fitted(model)[model.landmarks.index(name)]
        return fitted

    def marks(self, model: FaceModel, names: tuple[str, ...]) -> Float32Array:
        """Places (L, 2) of some points."""
        return np.stack([self.mark(model, name) for name in names])

    def _fitted(self, model: FaceModel) -> Float32Array:
        return model.at_landmarks(self.fit.places_N2)

    @cached_property
    def apart(self) -> float:
        """Pixels between the pupils."""
        marks = self.landmarks.marks
        left, right = marks.get("pupil_left"), marks.get("pupil_right")
        if left is None or right is None:
            return 67.0
        return float(max(np.hypot(left.x - right.x, left.y - right.y), 1.0))


@dataclass(frozen=True)
class Reference:
    """A further picture, what it shows, and what it is used for."""

    face: Face
    kinds: tuple[str, ...]
    lips: float = 0.0
    """See `lips_apart`."""
    measured: bool = False
    """Whether the head's depth is measured by it (`face_sides`)."""


def own_model(model: FaceModel, fit: FaceFit, stiff: float = STIFF) -> FaceModel:
    """The model with a fitted head, as in its picture, in place of the mean."""
    points = (fit.points_N3 - fit.points_N3[model.pivot]) @ fit.rotation_33
    return replace(
        model,
        mean_N3=(points + model.mean_N3[model.pivot]).astype(np.float32),
        bases_LN3=(fit.bases_LN3 @ fit.rotation_33).astype(np.float32),
        shapes_KN3=model.shapes_KN3 * np.float32(stiff),
    )


def face_of(model: FaceModel, portrait: FaceFit, picture: UInt8Array, marks: Landmarks) -> Face:
    """A reference, fitted as the portrait's head.

    Raises:
        PersonareError: its points are no face's, or it is turned too far aside.
    """
    trusted = {
        name: mark
        for name, mark in marks.marks.items()
        if mark.by == "hand" or not name.startswith(_MISLEADING)
    }
    fit = fit_face(own_model(model, portrait), replace(marks, marks=trusted))
    return Face(picture, marks, fit)


def kinds_of(model: FaceModel, portrait: Face, shut: UInt8Array, other: Face) -> tuple[str, ...]:
    """What another picture shows that the portrait does not; `shut` is the portrait's frame
    (512, 512, 4) with its lids drawn over the eyes."""
    turned = float(np.degrees(other.fit.angles[0] - portrait.fit.angles[0]))
    out = []
    if abs(turned) <= FRONTAL:
        if lips_apart(model, portrait, other) > APART:
            out.append(MOUTH)
        if lids_shut(model, portrait, shut, other):
            out.append(EYES)
    if TURNED[0] <= abs(turned) <= TURNED[1] and not out:
        out.append(SIDE)
    return tuple(out)


def lips_apart(model: FaceModel, portrait: Face, other: Face) -> float:
    """Pupil distances by which the lips of another picture are further apart: by the red's edges,
    and by what chin, corners and edges make of the portrait's mouth."""
    kept = LIPS_KEEP * sum(_thickness(model, portrait))
    fitted = lip_gap(model, other.fit.places_N2)
    return (_red(model, other) - kept + fitted) / other.apart


def _red(model: FaceModel, face: Face) -> float:
    """Pixels from the upper to the lower edge of the red of the lips."""
    upper, lower = (
        face.marks(model, tuple(f"lip_{lip}_{n}" for n in _MIDDLE)) for lip in ("upper", "lower")
    )
    return float((lower[:, 1] - upper[:, 1]).mean())


def _thickness(model: FaceModel, face: Face) -> tuple[float, float]:
    """Pixels of the upper and the lower lip."""
    out = []
    for lip in ("upper", "lower"):
        edge = face.marks(model, tuple(f"lip_{lip}_{n}" for n in _MIDDLE))
        inner = face.marks(model, tuple(f"lip_{lip}_in_{n}" for n in _MIDDLE))
        out.append(float(abs(inner[:, 1] - edge[:, 1]).mean()))
    return out[0], out[1]


def lids_shut(model: FaceModel, portrait: Face, shut: UInt8Array, other: Face) -> bool:
    """Whether both eyes of another picture are shut."""
    if _opening(model, other) > LOWERED * _opening(model, portrait):
        return False
    more_open = []
    for side in ("left", "right"):
        found = eye_overlay(model, portrait, other, side)
        frame = portrait.picture[MARGIN:-MARGIN, MARGIN:-MARGIN]
        more_open.append(found.likeness(frame) - found.likeness(shut[..., :3]))
    return float(np.mean(more_open)) < LIKE


def _opening(model: FaceModel, face: Face) -> float:
    """Mean height of the eyes' openings over their width, by the points."""
    out = []
    for side in ("left", "right"):
        upper, lower = (
            face.marks(model, tuple(f"eye_{side}_{lid}_{k}" for k in (2, 3)))
            for lid in ("upper", "lower")
        )
        ends = face.marks(model, (f"eye_{side}_inner", f"eye_{side}_outer"))
        wide = float(np.linalg.norm(ends[0] - ends[1]))
        out.append(float((lower[:, 1] - upper[:, 1]).mean()) / max(wide, 1.0))
    return float(np.mean(out))


@dataclass(frozen=True)
class EyeOverlay:
    """Another picture's eye, laid over the portrait's frame; places are frame pixels."""

    corner: tuple[int, int]
    size: tuple[int, int]
    around: UInt8Array
    """RGB of the window and REACH pixels round it."""
    inside: Float32Array
    """Weight of the eye in the window (H, W)."""

    def likeness(self, frame: UInt8Array) -> float:
        """Best correlation with a frame's eye, each moved a little against the other."""
        (x, y), (w, h) = self.corner, self.size
        edged = cv.copyMakeBorder(frame[..., :3], h, h, w, w, cv.BORDER_REPLICATE)
        ours = edged[y + h : y + 2 * h, x + w : x + 2 * w].astype(np.float32).mean(2)
        theirs = self.around.astype(np.float32).mean(2)
        return max(
            _correlation(ours, theirs[j : j + h, i : i + w], self.inside)
            for j in range(2 * REACH + 1)
            for i in range(2 * REACH + 1)
        )


REACH: Final = 6
"""Pixels that an eye may lie beside where the points have it."""


def eye_overlay(model: FaceModel, portrait: Face, other: Face, side: str) -> EyeOverlay:
    """An eye of another picture by the points round it."""
    names = (f"eye_{side}_inner", f"eye_{side}_outer")
    ends = portrait.marks(model, names)
    middle, wide = ends.mean(0), float(np.linalg.norm(ends[0] - ends[1]))
    half_w, half_h = round(0.75 * wide), round(0.5 * wide)
    corner = (round(float(middle[0])) - half_w, round(float(middle[1])) - half_h)
    size = (2 * half_w, 2 * half_h)
    matrix = near_map(model, portrait, other, middle, 0.45 * portrait.apart)
    around = warped(other.picture, matrix, (corner[0] - REACH, corner[1] - REACH),
                    (size[0] + 2 * REACH, size[1] + 2 * REACH))  # fmt: skip
    rows, columns = np.mgrid[: size[1], : size[0]].astype(np.float32)
    away = np.hypot((columns - half_w) / (0.6 * wide), (rows - half_h) / (0.4 * wide))
    return EyeOverlay(corner, size, around, np.asarray(away < 1, np.float32))


def _correlation(one: Any, other: Any, weight: Any) -> float:
    total = max(float(weight.sum()), 1.0)
    a = one - float((one * weight).sum()) / total
    b = other - float((other * weight).sum()) / total
    size = float((weight * a * a).sum()) * float((weight * b * b).sum())
    return float((weight * a * b).sum()) / float(np.sqrt(size + 1e-3))


def near_map(
    model: FaceModel, portrait: Face, other: Face, middle: Float32Array, reach: float
) -> Float32Array:
    """Similarity (2, 3) from the portrait's frame to another's by STABLE points, those near a place
    weighing most (S. Umeyama, 1991)."""
    ours, theirs = portrait.marks(model, STABLE), other.marks(model, STABLE)
    weight = 1 / ((np.linalg.norm(ours - middle, axis=1) / reach) ** 2 + 0.3)
    weight /= weight.sum()
    a, b = ours[:, 0] + 1j * ours[:, 1], theirs[:, 0] + 1j * theirs[:, 1]
    a_mid, b_mid = (a * weight).sum(), (b * weight).sum()
    spread = max(float((weight * abs(a - a_mid) ** 2).sum()), 1e-6)
    turn = (weight * (b - b_mid) * (a - a_mid).conj()).sum() / spread
    shift = b_mid - turn * a_mid
    return np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32
    )


def warped(
    picture: UInt8Array, matrix_23: Float32Array, corner: tuple[int, int], size: tuple[int, int]
) -> UInt8Array:
    """A window of the portrait's frame out of another framed picture (with MARGIN); the matrix
    leads from frame to frame."""
    rows, columns = np.mgrid[: size[1], : size[0]].astype(np.float32)
    x, y = through(matrix_23, columns + corner[0], rows + corner[1])
    out: UInt8Array = cv.remap(
        picture, x + MARGIN, y + MARGIN, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE
    )
    return out


def through(matrix_23: Float32Array, x: Any, y: Any) -> tuple[Float32Array, Float32Array]:
    """Maps of places after an affine map."""
    (a, b, c), (d, e, f) = matrix_23.astype(np.float32)
    return np.asarray(a * x + b * y + c, np.float32), np.asarray(d * x + e * y + f, np.float32)


def head_places(
    model: FaceModel, portrait: FaceFit, other: Face, points_N3: Float32Array
) -> Float32Array:
    """Where points of the portrait's head (in its world) stand in another picture: turned as the
    other head, and moved so that STABLE points meet their marks."""
    pivot = portrait.points_N3[model.pivot]
    turn = other.fit.rotation_33 @ portrait.rotation_33.T

    def turned(points: Any) -> Any:
        return (points - pivot) @ turn.T

    base = turned(model.at_landmarks(portrait.points_N3))
    rows = [model.landmarks.index(name) for name in STABLE]
    wanted = other.marks(model, STABLE).astype(np.float64)
    shift = other.fit.points_N3[model.pivot].astype(np.float64)
    for _ in range(6):  # Gauss-Newton on the shift alone, robust against a wrong mark
        world = base[rows] + shift
        miss = wanted - camera.project(world)
        weight = 1 / (1 + (np.linalg.norm(miss, axis=1) / 4.0) ** 2)
        slope = (camera.slopes(world) * weight[:, None, None]).reshape(-1, 3)
        change = np.linalg.lstsq(slope, (miss * weight[:, None]).reshape(-1), rcond=None)[0]
        shift = shift + change
    return np.asarray(camera.project(turned(points_N3) + shift), np.float32)


def least_path(cost_RC: Any, step: float) -> Any:
    """The cheapest row in every column (C,), where rows of neighbours differ by one at most, which
    costs `step`."""
    best = np.asarray(cost_RC, np.float64).copy()
    came = np.zeros(best.shape, np.int64)
    for c in range(1, best.shape[1]):
        padded = np.pad(best[:, c - 1], 1, constant_values=np.inf)
        three = np.stack([padded[:-2] + step, padded[1:-1], padded[2:] + step])
        came[:, c] = three.argmin(0) - 1
        best[:, c] += three.min(0)
    path = [int(best[:, -1].argmin())]
    for c in range(best.shape[1] - 1, 0, -1):
        path.append(path[-1] + int(came[path[-1], c]))
    return np.array(path[::-1])
