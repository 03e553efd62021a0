"""The warp of one grid: motion and bases in, inverse map out; numpy and OpenCV.

The rule is that of `training.frames.flow`, which says it in torch: displace the points by the
bases, turn them with the head, project them, and find by fixed-point iteration where in the picture
to look. As ONNX graphs it took twice as long: some two hundred operations on 64 x 64 numbers each,
and GridSample is slower than `cv.remap`. Maps here are in units of grid cells, as remap wants them.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, Float32Array
from inference.frame_generator_layers import GRID, Layer, Patch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
POSE: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headZ"] + 1)
"""Yaw, pitch, roll in radians and the translation in pupil distances, in a motion."""
STEPS: Final = (1.0, 0.55, 1.0, 0.55, 1.0, 0.55, 1.0, 0.55)
"""Step lengths of the fixed-point iteration; see `training.frames.flow`."""


class GridFlow:
    """Inverse maps of one layer or patch. Sizes of the maps are free."""

    def __init__(
        self, grid: Layer | Patch, camera_34: Float32Array, place_5: Float32Array | None = None
    ) -> None:
        """`place_5` (see `Geometry`) is needed for maps that follow the head."""
        self._index_K = grid.index_K
        self._basis_KP = grid.basis_K3HW.reshape(len(grid.index_K), -1)
        self._point_3P = grid.point_3HW.reshape(3, -1)
        self._box_4 = grid.box_4.astype(np.float64)
        self._camera_34 = camera_34
        self._place_5 = place_5
        self._rest_2P = _project(self._point_3P, camera_34)
        self._weight: Float32Array | float = 0.0
        if isinstance(grid, Layer):
            weight_P = grid.weight_HW.ravel()
            same = float(np.ptp(weight_P)) == 0.0
            self._weight = float(weight_P[0]) if same else weight_P

    def whole(
        self,
        motion_D: Float32Array,
        frame_box_4: Float32Array,
        points_3P: Float32Array | None = None,
    ) -> Float32Array:
        """Pixel places (2, GRID, GRID) in the grid's picture over a frame box, for a motion.

        `points_3P` is `displaced` by it, where that is known already.
        """
        points_3P = self.displaced(motion_D) if points_3P is None else points_3P
        points_3P = self._posed(points_3P, motion_D[POSE])
        return self._inverse(points_3P, self._cells(frame_box_4))

    def shift(self, motion_D: Float32Array) -> Float32Array:
        """How far the grid's samples go under a motion, in pixels (2, GRID, GRID)."""
        return self._shift(self._posed(self.displaced(motion_D), motion_D[POSE]))

    def pose(self, pose_6: Float32Array, frame_box_4: Float32Array) -> Float32Array:
        """As `whole` without any expression: where in the unposed head to look.

        Between parted lips the inverse of an expression has no one value, and the depth it changes
        matters little at the angles of a call.
        """
        return self._inverse(self._posed(self._point_3P, pose_6), self._cells(frame_box_4))

    def expression(
        self,
        motion_D: Float32Array,
        wanted_2HW: Float32Array,
        points_3P: Float32Array | None = None,
    ) -> Float32Array:
        """Places (2, H, W) in the picture for pixel places of the unposed face."""
        x, y, w, h = self._box_4
        cells = np.empty(wanted_2HW.shape, np.float32)
        cells[0] = (wanted_2HW[0] + (0.5 - x)) * (GRID / w) - 0.5
        cells[1] = (wanted_2HW[1] + (0.5 - y)) * (GRID / h) - 0.5
        return self._inverse(self.displaced(motion_D) if points_3P is None else points_3P, cells)

    def displaced(self, motion_D: Float32Array) -> Float32Array:
        """The points (3, P) after the expression: the bases times their amounts, added."""
        amount_K, basis_KP = motion_D[self._index_K], self._basis_KP
        moving = np.flatnonzero(amount_K)
        if not len(moving):
            return self._point_3P
        if 2 * len(moving) < len(amount_K):  # reading them all takes longer than what is done
            amount_K, basis_KP = amount_K[moving], basis_KP[moving]
        # Not `@`: a matrix library would wake its own threads for this, which then spin
        moved_P = np.einsum("k,kp->p", amount_K, basis_KP)
        moved_3P: Float32Array = moved_P.reshape(3, -1) + self._point_3P
        return moved_3P

    def _posed(self, point_3P: Float32Array, pose_6: Float32Array) -> Float32Array:
        """Turned about the pivot by the weight's share of the head's angles, and moved."""
        place_5 = self._place_5
        if place_5 is None:
            raise ValueError("a grid without a pivot cannot follow the head")
        weight, size = self._weight, np.float32
        x, y, z = point_3P - place_5[:3, None]
        yaw, pitch, roll = (size(a) * np.asarray(weight, size) for a in pose_6[:3])
        x, y = _turn(x, y, -roll)
        y, z = _turn(y, z, -pitch)
        z, x = _turn(z, x, yaw)
        follow = (place_5[4] + (1 - place_5[4]) * np.asarray(weight, size)) * place_5[3]
        moved = np.stack([x, y, z])
        moved += place_5[:3, None]
        moved += pose_6[3:, None] * follow
        return moved

    def _cells(self, frame_box_4: Float32Array) -> Float32Array:
        """Cell centres of a frame box in units of the grid's own cells."""
        x, y, w, h = self._box_4
        step_N = (np.arange(GRID) + 0.5) / GRID
        cells = np.empty((2, GRID, GRID), np.float32)
        cells[0] = (frame_box_4[0] - x + frame_box_4[2] * step_N) * (GRID / w) - 0.5
        cells[1] = ((frame_box_4[1] - y + frame_box_4[3] * step_N) * (GRID / h) - 0.5)[:, None]
        return cells

    def _shift(self, point_3P: Float32Array) -> Float32Array:
        shift_2P = _project(point_3P, self._camera_34) - self._rest_2P
        return shift_2P.reshape(2, GRID, GRID)

    def _inverse(self, point_3P: Float32Array, wanted_2HW: Float32Array) -> Float32Array:
        """Where to look so that place + shift(place) = wanted; in pixels (2, H, W)."""
        x, y, w, h = self._box_4
        cells_2 = np.array([[GRID / w], [GRID / h]], np.float32)
        shift = self._shift(point_3P) * cells_2[..., None]
        at = wanted_2HW.copy()
        found = np.empty_like(at)
        for step in STEPS:
            for part, into in zip(shift, found, strict=True):
                edge = cv.BORDER_REPLICATE
                cv.remap(part, at[0], at[1], cv.INTER_LINEAR, dst=into, borderMode=edge)
            np.subtract(wanted_2HW, found, out=found)
            if step == 1.0:
                at, found = found, at
            else:
                at *= np.float32(1 - step)
                found *= np.float32(step)
                at += found
        at += np.float32(0.5)
        at[0] *= np.float32(w / GRID)
        at[1] *= np.float32(h / GRID)
        at[0] += np.float32(x - 0.5)
        at[1] += np.float32(y - 0.5)
        return at


def _turn(a: Any, b: Any, angle: Any) -> tuple[Any, Any]:
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * a - sin * b, sin * a + cos * b


def _project(point_3P: Float32Array, camera_34: Float32Array) -> Float32Array:
    """Pixel places (2, P)."""
    image_3P = camera_34[:, :3] @ point_3P + camera_34[:, 3:]
    place_2P: Float32Array = image_3P[:2] / image_3P[2]
    return place_2P
