"""How the person of a picture stands to the camera: which way is up, and where the head turns.

Turning a head needs more than its points tell directly: the axis of a turn is the room's vertical,
which a tilted picture or a camera above the eyes leans, and the neck's pivot is hidden; heads of
drawings have it elsewhere than people. A linear law, learnt from the rig's figures in all looks
(`training.face_model.views`), reads both from where the points lie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_NAMES, Float32Array
from inference.face_fit import FaceFit
from inference.face_model import FaceModel

GROUPS: Final = {"jaw": ("jaw", "mouthClose"), "mouth": ("mouth",), "brow": ("brow",)}
"""Motions that the law scales together, by how their names begin; the first that fits counts."""
TARGETS: Final = ("tilt", "yaw", "pivot_x", "pivot_y", "pivot_behind", *GROUPS)
"""What the law tells: the camera's angle above the level and the head's yaw in the room (radians);
the pivot's place from the eyes' middle and its distance behind the face (pixels of the frame); how
far this face's jaw, mouth and brows move, as a share of what the fit expects."""
INNER: Final = ("eye_", "pupil", "nose", "mouth", "lip", "brow", "cheek", "chin")
"""Points whose mean depth is the face's."""
_FAR: Final = 4.0
"""Standard deviations beyond which a feature counts no more: strange faces stay near the usual."""
_LEAN: Final = float(np.radians(20.0))
_GAINS: Final = (0.4, 1.6)


@dataclass(frozen=True, slots=True)
class View:
    """The room as the camera of a fitted head sees it."""

    axes_33: Float32Array
    """Columns: the room's axes in the camera's world. The second is the vertical; the first points
    to the person's left as the head faces."""
    pivot_3: Float32Array
    """Where the head turns, in the camera's world."""

    def camera(self) -> Float32Array:
        """Homogeneous projection (3, 4) of points of the room."""
        matrix = camera.camera()
        return np.concatenate([matrix[:, :3] @ self.axes_33, matrix[:, 3:]], 1).astype(np.float32)

    def room(self, values_NC: Any) -> Float32Array:
        """Points or displacements (..., 3) of the camera's world in the room's axes."""
        return np.asarray(values_NC @ self.axes_33, np.float32)


def face_depth(model: FaceModel, fit: FaceFit) -> float:
    """Mean distance of the inner face from the camera, in dm."""
    inner = [name.startswith(INNER) for name in model.landmarks]
    return float(-model.at_landmarks(fit.points_N3)[inner, 2].mean())


def features(model: FaceModel, fit: FaceFit) -> Float32Array:
    """What the law reads: the named points from the eyes' middle, pose, shape and depth of the fit
    (F,)."""
    places = fit.places_N2
    eyes = places[list(model.eyes)].mean(0)
    depth = -model.at_landmarks(fit.points_N3)[:, 2]
    return np.concatenate(
        [
            (model.at_landmarks(places) - eyes).ravel(),
            np.array(fit.angles),
            fit.coefficients_K,
            places[model.pivot] - eyes,
            depth - depth.mean(),
        ]
    ).astype(np.float32)


def told_of(model: FaceModel, fit: FaceFit) -> Float32Array | None:
    """TARGETS (T,) of a fit."""
    if fit.told_T is not None:
        return fit.told_T
    law = model.view_law
    if law is None:
        return None
    usual = (features(model, fit) - law.mean_F) / law.spread_F
    told: Float32Array = law.offset_T + np.clip(usual, -_FAR, _FAR) @ law.weights_FT
    return told


def group_of(motion: str) -> str | None:
    """The group that a motion moves with."""
    fits = (name for name, starts in GROUPS.items() if motion.startswith(starts))
    return next(fits, None)


def with_own_reach(model: FaceModel, fit: FaceFit) -> FaceFit:
    """The fit with displacements as large as this face makes them.

    What a picture's face does already it cannot do again: a smile ends where smiles end, so the
    rest of the way is what the motion's whole range makes.
    """
    told = told_of(model, fit)
    gains = np.ones(len(GROUPS)) if told is None else np.clip(told[-len(GROUPS) :], *_GAINS)
    gain = dict(zip(GROUPS, gains, strict=True))
    bases = fit.bases_LN3.copy()
    for row, index in enumerate(model.base_index_L.tolist()):
        group = group_of(MOTION_NAMES[index])
        if group is not None:
            left = 1 - float(np.clip(fit.expression_D[index], 0, 1))
            bases[row] *= np.float32(gain[group] * left)
    return replace(fit, bases_LN3=bases)


def view_of(model: FaceModel, fit: FaceFit, roll: float = 0.0) -> View:
    """The view of a fitted head; `roll` is how far the frame was turned against the picture
    (radians, clockwise as seen): pictures are taken upright.

    Without a law the camera is level and the pivot is the fit's.
    """
    pivot = fit.points_N3[model.pivot]
    told = told_of(model, fit)
    tilt = yaw = 0.0
    if told is not None:
        tilt, yaw = (float(np.clip(v, -_LEAN, _LEAN)) for v in told[:2])
        depth = face_depth(model, fit)
        place = fit.places_N2[list(model.eyes)].mean(0) + told[2:4]
        behind = float(told[4]) * depth / camera.FOCAL
        pivot = camera.unproject(place[None].astype(np.float64), np.array([depth + behind]))[0]
    axes = (
        camera.rotation([0.0, 0.0, -roll])
        @ camera.rotation([tilt, 0.0, 0.0])
        @ camera.rotation([0.0, yaw, 0.0])
    )
    return View(axes.astype(np.float32), np.asarray(pivot, np.float32))
