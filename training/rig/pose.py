"""Turning the head: the exact rotation that follows the linear displacements.

The frame generator composes the same: displaced rest point, then `turn_head` by its head weight.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import MOTION_INDEX, Float32Array

BODY_FOLLOWS: Final = 0.45
"""Share of the head's translation that the body makes too (one leans with the trunk)."""


def _turn(points: Float32Array, axes: tuple[int, int], angle_N: Float32Array) -> None:
    """Rotate the two coordinates in place by an angle per point."""
    i, j = axes
    c, s = np.cos(angle_N), np.sin(angle_N)
    first = points[:, i].copy()
    points[:, i] = c * first - s * points[:, j]
    points[:, j] = s * first + c * points[:, j]


def turn_head(
    points_N3: Float32Array,
    head_weight_N: Float32Array,
    motion_D: Float32Array,
    pivot_3: Float32Array,
    pupil_distance: float,
) -> Float32Array:
    """Points after the head pose of a motion.

    Each point turns about `pivot_3` by its head weight times the angles: roll (to the character's
    left shoulder) about z, then pitch (up) about x, then yaw (to the character's left, +x) about
    y. Then it moves by headX, headY, headZ pupil distances, times BODY_FOLLOWS + (1 -
    BODY_FOLLOWS) * weight.
    """
    yaw, pitch, roll = (
        float(motion_D[MOTION_INDEX[n]]) for n in ("headYaw", "headPitch", "headRoll")
    )
    shift = motion_D[MOTION_INDEX["headX"] : MOTION_INDEX["headX"] + 3]
    if not (yaw or pitch or roll or shift.any()):
        return points_N3
    moved = (points_N3 - pivot_3).astype(np.float32)
    if roll:
        _turn(moved, (0, 1), -roll * head_weight_N)
    if pitch:
        _turn(moved, (1, 2), -pitch * head_weight_N)
    if yaw:
        _turn(moved, (2, 0), yaw * head_weight_N)
    moved += pivot_3
    if shift.any():
        follow = BODY_FOLLOWS + (1 - BODY_FOLLOWS) * head_weight_N
        moved += follow[:, None] * (shift * pupil_distance)[None]
    return moved.astype(np.float32)
