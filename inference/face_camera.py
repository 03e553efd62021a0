"""The camera and the pose that a fitted head is seen with.

The world is the camera's: it stands at the origin and looks along -z, x to the right of the
picture, y up, decimetres. The focal length is the bundled portraits' (training.rig.scene: a frame
of about 4.6 dm at 8.5 dm), since one picture does not tell its own.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from inference.contract import Float32Array

SIZE: Final = 512
"""Frame size, in pixels, that all of this is counted in."""
FOCAL: Final = 946.0
"""Pixels."""
DISTANCE: Final = 8.6
"""Decimetres to the eyes of a head in the bundled framing."""
_MIDDLE: Final = (SIZE - 1) / 2


def camera() -> Float32Array:
    """Homogeneous projection (3, 4) to pixels; the third row gives the depth."""
    rows = [[FOCAL, 0, -_MIDDLE, 0], [0, -FOCAL, -_MIDDLE, 0], [0, 0, -1, 0]]
    return np.array(rows, np.float32)


def project(points_N3: Any) -> Any:
    """Pixels (N, 2) of points."""
    depth = -points_N3[:, 2:]
    x = FOCAL * points_N3[:, :1] / depth + _MIDDLE
    y = -FOCAL * points_N3[:, 1:2] / depth + _MIDDLE
    return np.concatenate([x, y], 1)


def unproject(place_N2: Any, depth_N: Any) -> Any:
    """Points (N, 3) seen at pixels at a depth."""
    x = (place_N2[:, 0] - _MIDDLE) * depth_N / FOCAL
    y = -(place_N2[:, 1] - _MIDDLE) * depth_N / FOCAL
    return np.stack([x, y, -depth_N], 1)


def slopes(points_N3: Any) -> Any:
    """Derivatives (N, 2, 3) of `project`."""
    depth = -points_N3[:, 2]
    out = np.zeros((len(points_N3), 2, 3))
    out[:, 0, 0] = FOCAL / depth
    out[:, 1, 1] = -FOCAL / depth
    out[:, 0, 2] = FOCAL * points_N3[:, 0] / depth**2
    out[:, 1, 2] = -FOCAL * points_N3[:, 1] / depth**2
    return out


def rotation(vector_3: Any) -> Any:
    """Rotation matrix (3, 3) of an axis times an angle in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector_3))
    if angle < 1e-9:
        return np.eye(3) + cross(vector_3)
    axis = np.asarray(vector_3) / angle
    across = cross(axis)
    return np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across


def cross(vector_3: Any) -> Any:
    """The matrix (3, 3) of a cross product."""
    x, y, z = (float(v) for v in vector_3)
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def crosses(vectors_N3: Any) -> Any:
    """The matrices (N, 3, 3) of cross products."""
    x, y, z = np.asarray(vectors_N3).T
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, 1) for row in rows], 1)


def angles(rotation_33: Any) -> tuple[float, float, float]:
    """Yaw (to the person's left), pitch (up) and roll (to the person's left shoulder), radians.

    The rotation is roll, then pitch, then yaw, as the rig turns heads.
    """
    r = rotation_33
    pitch = float(np.arcsin(np.clip(r[1, 2], -1, 1)))
    yaw = float(np.arctan2(r[0, 2], r[2, 2]))
    roll = float(-np.arctan2(r[1, 0], r[1, 1]))
    return yaw, pitch, roll
