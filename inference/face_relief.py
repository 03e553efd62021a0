"""What a fitted head's depth lacks, read from pictures of it from the side.

A point that stands farther along its ray from the portrait's camera moves aside in another picture.
The depths that the named points lack are read as a smooth random field over the portrait, seen with
noise (Gaussian process regression, as `inference.face_warp` reads what is left in the plane), with
the poses of the other pictures free. Two pictures through a long lens leave turn and depth of a
strange head undecided (J. Koenderink and A. van Doorn, 1991): there the size of the field decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.face_fit import FaceFit, Solver
from inference.face_model import FaceModel
from inference.face_warp import PlaneWarp, kernel

REACH: Final = 1.5
"""Pupil distances after which a point's depth says nothing of another's."""
LEAST: Final = 0.7
"""Least spread of the field, pixels of depth."""
ROUNDS: Final = 4
_OUTLIER: Final = 3.0
_OWN: Final = 0.02
"""Share of a point's depth that its neighbours do not have."""


class _Side:
    """Another picture: the portrait's points that it has, and how its head stands to theirs."""

    def __init__(self, portrait: Solver, side: Solver) -> None:
        index = {name: k for k, name in enumerate(portrait.marks.names)}
        pairs = [(index[n], k) for k, n in enumerate(side.marks.names) if n in index]
        self.ours_P, theirs_P = np.array(pairs).T
        self.place_P2 = side.marks.place_M2[theirs_P]
        self.noise_P = side.marks.noise_M[theirs_P]
        self.turn_33 = side.rotation_33 @ portrait.rotation_33.T
        self.shift_3 = side.shift_3 - self.turn_33 @ portrait.shift_3
        doing = side.doing(theirs_P) - portrait.doing(self.ours_P)
        self.doing_P3 = doing @ portrait.rotation_33.T

    def equations(self, points_M3: Any, ray_M3: Any) -> tuple[Any, Any]:
        """Normal matrix and right side of a step on the depths (M) and this pose (6)."""
        count = len(points_M3)
        turned = (points_M3[self.ours_P] + self.doing_P3) @ self.turn_33.T
        world = turned + self.shift_3
        miss = self.place_P2 - camera.project(world)
        scaled = np.linalg.norm(miss, axis=1) / self.noise_P
        scale = max(1.0, 1.48 * float(np.median(scaled)))
        weight = 1 / (1 + (scaled / (_OUTLIER * scale)) ** 2) / self.noise_P
        slope = camera.slopes(world) * weight[:, None, None]
        jacobian = np.zeros((len(miss), 2, count + 6))
        aside = np.einsum("pac,pc->pa", slope, ray_M3[self.ours_P] @ self.turn_33.T)
        jacobian[np.arange(len(miss)), :, self.ours_P] = aside
        jacobian[:, :, count : count + 3] = -slope @ camera.crosses(turned)
        jacobian[:, :, count + 3 :] = slope
        rows = jacobian.reshape(-1, count + 6)
        return rows.T @ rows, rows.T @ (miss * weight[:, None]).reshape(-1)

    def change(self, step_6: Any) -> None:
        """Apply a step of the pose."""
        self.turn_33 = camera.rotation(step_6[:3]) @ self.turn_33
        self.shift_3 = self.shift_3 + step_6[3:]


def relief_of(
    model: FaceModel,
    flat: FaceFit,
    portrait: Solver,
    sides: Sequence[Solver],
    missed: Sequence[float],
) -> PlaneWarp:
    """The field by which the head lies farther (dm; its first and only value) than `flat`, the
    portrait's fit, has it. `missed` are the pixels (RMS) that the other pictures' points are off;
    what is more than their noise is the field's.
    """
    points = model.at_landmarks(flat.points_N3)[portrait.marks.row_M].astype(np.float64)
    places = camera.project(points)
    ray = points / -points[:, 2:]
    left, right = flat.places_N2[list(model.eyes)]
    reach = REACH * float(np.linalg.norm(left - right))
    away = np.linalg.norm(places[:, None] - places[None], axis=2).astype(np.float32)
    stiff = np.linalg.inv(kernel(away, reach) + _OWN * np.eye(len(away)))
    more = [off**2 - side.noise**2 for off, side in zip(missed, sides, strict=True)]
    spread = np.sqrt(max(*more, LEAST**2)) * float(-points[:, 2].mean())
    prior = stiff / (spread / camera.FOCAL) ** 2
    depth, others = np.zeros(len(points)), [_Side(portrait, side) for side in sides]
    for _ in range(ROUNDS):
        depth = _round(points + depth[:, None] * ray, ray, depth, prior, others)
    return PlaneWarp(places.astype(np.float32), (stiff @ depth)[:, None].astype(np.float32), reach)


def _round(points_M3: Any, ray_M3: Any, depth_M: Any, prior_MM: Any, others: list[_Side]) -> Any:
    """The depths (M,) after a step of Gauss-Newton on them and on all poses."""
    count = len(depth_M)
    size = count + 6 * len(others)
    normal, right = 1e-6 * np.eye(size), np.zeros(size)
    normal[:count, :count] += prior_MM
    right[:count] -= prior_MM @ depth_M
    for k, other in enumerate(others):
        rows = np.r_[:count, count + 6 * k : count + 6 * k + 6]
        part, value = other.equations(points_M3, ray_M3)
        normal[np.ix_(rows, rows)] += part
        right[rows] += value
    change = np.linalg.solve(normal, right)
    for k, other in enumerate(others):
        other.change(change[count + 6 * k : count + 6 * k + 6])
    return depth_M + change[:count]
