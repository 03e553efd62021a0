"""Fits the linear face model to the marks of a picture: who, how turned, with what expression.

Gauss-Newton on all unknowns at once (pose, identity, a small expression), with Gaussian priors on
identity and expression and Cauchy weights against wrong marks; what the model cannot reach is left
to a smooth warp of the plane (`inference.face_warp`), which is all that drawn faces need. Takes
some tens of milliseconds. Marks are pixels of the aligned 512 frame (`inference.face_frame`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, MOTION_NAMES, MOTION_SIZE, Float32Array, PersonareError
from inference.face_lids import close_lids
from inference.face_model import FaceModel
from inference.face_points import FEWEST, REMEDY, Landmarks
from inference.face_warp import REACH, PlaneWarp, fit_warp

EXPRESSIONS: Final[dict[str, float]] = {
    "jawOpen": 0.2,
    "mouthSmileLeft": 0.25,
    "mouthSmileRight": 0.25,
    "mouthFrownLeft": 0.15,
    "mouthFrownRight": 0.15,
    "mouthFunnel": 0.1,
    "mouthPucker": 0.15,
    "mouthUpperUpLeft": 0.15,
    "mouthUpperUpRight": 0.15,
    "mouthLowerDownLeft": 0.15,
    "mouthLowerDownRight": 0.15,
    "browInnerUp": 0.2,
    "browDownLeft": 0.15,
    "browDownRight": 0.15,
    "eyeBlinkLeft": 0.15,
    "eyeBlinkRight": 0.15,
    "eyeWideLeft": 0.1,
    "eyeWideRight": 0.1,
}
"""What a picture's face may be doing, and how much of it is expected."""
NOISE: Final = {"network": 1.6, "hand": 1.0}
"""Expected error of a mark in pixels, with what the model cannot follow."""
SLIDING: Final = ("jaw_", "neck_", "temple_", "shoulder_", "crown", "cheek_", "forehead")
"""Marks that, set by hand, tell an outline and not a place along it."""
_OUTER: Final = (*SLIDING, "ear", "throat", "collar")
ALONG: Final = 0.15
"""Weight of a sliding mark's error along the outline."""
STEPS: Final = 14
YAW_LIMIT: Final = np.radians(40.0)
_OUTLIER: Final = 3.0
_UNTRUSTED: Final = 0.08
"""Marks of a network that the last robust weight leaves less than this are wrong, and dropped."""
_TURN_PRIOR: Final = (np.radians(14.0), np.radians(25.0), np.radians(14.0))
"""Expected size of the rotation about x (nodding), y (turning), z, with few marks."""


@dataclass(frozen=True, slots=True)
class FaceFit:
    """A head in the camera's world that meets the marks. Points as in `FaceModel`."""

    points_N3: Float32Array
    bases_LN3: Float32Array
    """Displacements in the world, carried along with the warp."""
    coefficients_K: Float32Array
    expression_D: Float32Array
    """What the picture's face is doing already, as motion values."""
    rotation_33: Float32Array
    error: float
    """RMS of the marks' misses in pixels before the warp, wrong marks left out."""
    dropped: tuple[str, ...]
    """Marks that were not believed."""
    warp: PlaneWarp
    told_T: Float32Array | None = None
    """`face_view.TARGETS`, where they are known already."""

    @property
    def places_N2(self) -> Float32Array:
        """Pixels of the points."""
        places: Float32Array = camera.project(self.points_N3).astype(np.float32)
        return places

    @property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll of the head in the picture, radians."""
        return camera.angles(self.rotation_33)


@dataclass(slots=True)
class Marks:
    """Usable marks as arrays."""

    names: list[str]
    row_M: Any
    place_M2: Any
    noise_M: Any
    by_hand_M: Any
    slides_M: Any


def fit_face(
    model: FaceModel, landmarks: Landmarks, moves: Collection[str] | None = None
) -> FaceFit:
    """Fit the model to marks in pixels of the aligned frame; any may be missing.

    `moves` names the motions whose displacements are made, which takes most of the time; the
    others stay zero. By default all are.

    Raises:
        PersonareError: there are too few marks, they lie on a line or outside the picture, left
            and right are swapped, they are no face, or it is turned too far aside.
    """
    marks = usable(model, landmarks)
    state = Solver(model, marks)
    state.run()
    return finished(model, marks, state, moves)


def finished(
    model: FaceModel, marks: Marks, state: Solver, moves: Collection[str] | None = None,
    relief: PlaneWarp | None = None,
) -> FaceFit:  # fmt: skip
    """What a solver found, carried onto the marks; `relief` tells by its first value how much
    farther (dm) the head lies at a place than the model has it.

    Raises:
        PersonareError: see `fit_face`.
    """
    rotation, weight_M = state.rotation_33, state.weight_M
    if abs(camera.angles(rotation)[0]) > YAW_LIMIT:
        raise PersonareError(
            "The face is turned too far aside.", "Choose a picture that looks at the camera."
        )
    believed = marks.by_hand_M | (weight_M > _UNTRUSTED)
    miss = np.where(marks.slides_M[:, None], state.across(state.miss_M2), state.miss_M2)
    error = float(np.sqrt(np.mean(np.sum(miss[believed] ** 2, 1))))
    apart = state.pupil_pixels
    if error > 0.6 * apart or believed.sum() < FEWEST:
        raise PersonareError("The points do not lie like those of a face.", REMEDY)
    place = state.places_M2[believed].astype(np.float32)
    noise = np.where(marks.by_hand_M, 0.1, marks.noise_M * 0.6)[believed]
    warp = fit_warp(place, miss[believed].astype(np.float32), noise, REACH * apart)
    points, bases = _warped(model, state.head_N3, rotation, (warp, relief), moves)
    expression = np.zeros(MOTION_SIZE, np.float32)
    for name, value in zip(EXPRESSIONS, state.expression_E, strict=True):
        expression[MOTION_INDEX[name]] = max(float(value), 0.0)
    dropped = tuple(n for n, good in zip(marks.names, believed, strict=True) if not good)
    return FaceFit(
        points, bases, state.identity_K.astype(np.float32), expression,
        rotation.astype(np.float32), error, dropped, warp,
    )  # fmt: skip


def usable(model: FaceModel, landmarks: Landmarks) -> Marks:
    """The marks of a face as arrays.

    Raises:
        PersonareError: they are too few, or cannot be a face's.
    """
    index = {name: row for row, name in enumerate(model.landmarks)}
    names = [
        name
        for name, mark in sorted(landmarks.marks.items())
        if name in index and np.isfinite([mark.x, mark.y]).all() and mark.confidence > 0.05
    ]
    chosen = [landmarks.marks[name] for name in names]
    if len(names) < FEWEST:
        raise PersonareError(
            f"A face needs at least {FEWEST} points; {len(names)} are usable.", REMEDY
        )
    place = np.array([[mark.x, mark.y] for mark in chosen])
    spread = np.linalg.svd(place - place.mean(0), compute_uv=False)
    if spread[1] < 0.08 * spread[0] or spread[0] < 8:
        raise PersonareError("The points of the face lie on one line or on one spot.", REMEDY)
    at = dict(zip(names, place, strict=True))
    for part in ("pupil", "mouth", "eye"):
        one, other = (
            f"{part}_{s}" + ("_outer" if part == "eye" else "") for s in ("left", "right")
        )
        if one in at and other in at and at[one][0] <= at[other][0]:
            raise PersonareError(
                "Left and right are swapped, or the picture is upside down.", REMEDY
            )
    inside = np.all((place > -0.02 * camera.SIZE) & (place < 1.02 * camera.SIZE), axis=1)
    inner = np.array([not name.startswith(_OUTER) for name in names])
    if inner.any() and inside[inner].mean() < 0.7:
        raise PersonareError(
            "The face reaches out of the picture.", "Choose a picture with the whole face on it."
        )
    by_hand = np.array([mark.by == "hand" for mark in chosen])
    noise = np.array(
        [NOISE[mark.by] / np.sqrt(np.clip(mark.confidence, 0.05, 1)) for mark in chosen]
    )
    slides = by_hand & np.array([name.startswith(SLIDING) for name in names])
    return Marks(names, np.array([index[n] for n in names]), place, noise, by_hand, slides)


class Solver:
    """The unknowns, and Gauss-Newton steps on them."""

    def __init__(self, model: FaceModel, marks: Marks) -> None:
        self._model, self.marks = model, marks
        rows = marks.row_M
        corner, share = model.landmark_corners_L3[rows], model.landmark_shares_L3[rows]

        def at(values: Any) -> Any:
            return np.einsum("mk,...mkc->...mc", share, values[..., corner, :]).astype(np.float64)

        self._mean_M3 = at(model.mean_N3)
        self._shapes_KM3 = at(model.shapes_KN3)
        index = {value: row for row, value in enumerate(model.base_index_L.tolist())}
        self._rows_E = [index[MOTION_INDEX[name]] for name in EXPRESSIONS]
        self._bases_EM3 = at(model.bases_LN3[self._rows_E])
        self._spread_E = np.array(list(EXPRESSIONS.values()))
        self.identity_K = np.zeros(len(self._shapes_KM3))
        self.expression_E = np.zeros(len(EXPRESSIONS))
        self.weight_M = np.ones(len(rows))
        self.rotation_33, self.shift_3 = self._start()
        self._measure()

    def _start(self) -> tuple[Any, Any]:
        """Roll, size and place of the mean face that best meet the marks (Umeyama, 1991)."""
        ours = self._mean_M3[:, :2] * np.array([1.0, -1.0])
        seen = self.marks.place_M2
        a, b = ours - ours.mean(0), seen - seen.mean(0)
        real, turned = float((a * b).sum()), float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum())
        size = np.hypot(real, turned) / float((a * a).sum())  # pixels per dm
        rotation = camera.rotation([0.0, 0.0, -np.arctan2(turned, real)])
        depth = camera.FOCAL / max(size, 1e-3)
        centre = camera.unproject(seen.mean(0)[None], np.array([depth]))[0]
        return rotation, centre - rotation @ self._mean_M3.mean(0)

    def _rest(self) -> Any:
        return (
            self._mean_M3
            + np.tensordot(self.identity_K, self._shapes_KM3, 1)
            + np.tensordot(self.expression_E, self._bases_EM3, 1)
        )

    def _measure(self) -> None:
        self._turned_M3 = self._rest() @ self.rotation_33.T
        self._world_M3 = self._turned_M3 + self.shift_3
        self._world_M3[:, 2] = np.minimum(self._world_M3[:, 2], -1.0)
        self.places_M2 = camera.project(self._world_M3)
        self.miss_M2 = self.marks.place_M2 - self.places_M2

    def across(self, values_M2: Any) -> Any:
        """The part of values that points away from the face's middle, where marks slide."""
        out = self.places_M2 - self.places_M2.mean(0)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
        return out * (values_M2 * out).sum(1, keepdims=True)

    def _metric(self) -> Any:
        """Per mark (M, 2, 2), what its miss is multiplied by."""
        out = self.places_M2 - self.places_M2.mean(0)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
        radial = out[:, :, None] * out[:, None, :]
        slide = radial + ALONG * (np.eye(2) - radial)
        metric = np.where(self.marks.slides_M[:, None, None], slide, np.eye(2))
        return metric * (np.sqrt(self.weight_M) / self.marks.noise_M)[:, None, None]

    def run(self) -> None:
        """All steps; the first ones move only the pose, so that identity does not mistake it."""
        for step in range(STEPS):
            self.step(pose_only=step < 3)
            if step >= 2:
                self.weigh()

    def weigh(self) -> None:
        """Trust the marks by how far they lie off."""
        scaled = np.linalg.norm(self.miss_M2, axis=1) / self.marks.noise_M
        scale = max(1.0, 1.48 * float(np.median(scaled)))
        self.weight_M = 1 / (1 + (scaled / (_OUTLIER * scale)) ** 2) ** 2

    @property
    def noise(self) -> float:
        """RMS of the noise of the believed marks in pixels."""
        return float(np.sqrt((self.marks.noise_M**2 @ self.weight_M) / self.weight_M.sum()))

    def doing(self, rows_P: Any) -> Any:
        """Displacements (P, 3) of some marks by the expression, before the rotation."""
        return np.tensordot(self.expression_E, self._bases_EM3[:, rows_P], 1)

    def step(self, pose_only: bool) -> None:
        """One step on the pose, or on everything."""
        normal, right = self.equations(pose_only)
        self.change(np.linalg.solve(normal, right))

    def equations(self, pose_only: bool) -> tuple[Any, Any]:
        """Normal matrix and right side of a step: of the pose (6), and unless `pose_only` of
        identity (K) and expression (E); priors included."""
        slope = np.einsum("mab,mbc->mac", self._metric(), camera.slopes(self._world_M3))
        turn = -camera.crosses(self._turned_M3)
        columns = [slope @ turn, slope]
        if not pose_only:
            moving = np.concatenate([self._shapes_KM3, self._bases_EM3]) @ self.rotation_33.T
            columns.append(np.einsum("mac,jmc->maj", slope, moving))
        jacobian = np.concatenate(columns, 2).reshape(2 * len(slope), -1)
        target = np.einsum("mab,mb->ma", self._metric(), self.miss_M2).reshape(-1)
        nod, yaw, roll = camera.angles(self.rotation_33)[1], camera.angles(self.rotation_33)[0], 0.0
        prior = [1 / spread**2 for spread in _TURN_PRIOR] + [1e-6] * 3
        pull = [nod * prior[0], -yaw * prior[1], roll, 0.0, 0.0, 0.0]
        prior[2] = 1e-6  # roll is seen well in any picture
        if not pose_only:
            prior += [1.0] * len(self.identity_K) + (1 / self._spread_E**2).tolist()
            pull += (-self.identity_K).tolist() + (-self.expression_E / self._spread_E**2).tolist()
        normal = jacobian.T @ jacobian + np.diag(np.array(prior) + 1e-9)
        return normal, jacobian.T @ target + np.array(pull)

    def change(self, change: Any) -> None:
        """Apply a step: of the pose alone (6,), or of everything."""
        longest = max(1.0, float(np.abs(change[:3]).max()) / 0.3)
        self.rotation_33 = camera.rotation(change[:3] / longest) @ self.rotation_33
        self.shift_3 = self.shift_3 + change[3:6]
        if len(change) > 6:
            count = len(self.identity_K)
            self.identity_K = np.clip(self.identity_K + change[6 : 6 + count], -4, 4)
            self.expression_E = np.clip(self.expression_E + change[6 + count :], 0, 1)
        self._measure()

    @property
    def head_N3(self) -> Any:
        """All points of the model in the world."""
        rest = self._model.head(self.identity_K.astype(np.float32)).astype(np.float64)
        rest += np.tensordot(self.expression_E, self._model.bases_LN3[self._rows_E], 1)
        return rest @ self.rotation_33.T + self.shift_3

    @property
    def pupil_pixels(self) -> float:
        """Distance between the eyes' middles in the picture."""
        left, right = camera.project(self.head_N3[list(self._model.eyes)])
        return float(np.linalg.norm(left - right))


def _warped(
    model: FaceModel,
    head_N3: Any,
    rotation_33: Any,
    fields: tuple[PlaneWarp, PlaneWarp | None],
    moves: Collection[str] | None,
) -> tuple[Float32Array, Float32Array]:
    """Points and displacements after the warp; depths stay but for the second field's, if there is
    one.

    A displacement is what lies between the warped ends of the unwarped one, so that lids and lips
    that meet in the model meet after the warp too.
    """

    warp, relief = fields

    def carry(points_P3: Any) -> Any:
        places = camera.project(points_P3)
        depth = -points_P3[:, 2]
        if relief is not None:
            depth = depth + relief(places.astype(np.float32))[:, 0]
        return camera.unproject(places + warp(places.astype(np.float32)), depth)

    points = carry(head_N3)
    bases = np.zeros((len(model.bases_LN3), len(head_N3), 3), np.float32)
    for row, base in enumerate(model.bases_LN3):
        if moves is not None and MOTION_NAMES[int(model.base_index_L[row])] not in moves:
            continue
        moved = np.flatnonzero(np.abs(base).max(1) > 1e-4)
        if len(moved):
            ends = carry(head_N3[moved] + base[moved] @ rotation_33.T)
            bases[row, moved] = ends - points[moved]
    if moves is None:
        close_lids(model, points, bases)
    return points.astype(np.float32), bases
