"""The head as a distance in every direction: what generated hair and spectacles lie on."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from inference.contract import Float32Array
from training.rig.person import Person


def towards(theta: Float32Array, phi: Float32Array) -> Float32Array:
    """Unit vectors (..., 3): theta from the crown, phi from the front to the person's left."""
    theta, phi = np.broadcast_arrays(theta, phi)
    return np.stack(
        [np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], -1
    ).astype(np.float32)


class Skull:
    """The head at rest, without ears, about a middle above the eyes."""

    def __init__(self, person: Person) -> None:
        skin = person.parts["skin"]
        points = skin.mesh.points(person.base_B3)
        head = (skin.head_weight_N > 0.9) & (person.regions["ears"] < 0.3)
        head &= person.regions["inside-mouth"] < 0.3
        points = points[head]
        self.eye_y = float(person.eyes_23[:, 1].mean())
        self.chin_y = person.chin_y
        self.top_y = float(points[:, 1].max())
        self.height = self.top_y - self.eye_y
        scalp = points[points[:, 1] > self.eye_y + 0.3 * self.height]
        self.middle = np.array(
            [0.0, self.eye_y + 0.35 * self.height, (scalp[:, 2].min() + scalp[:, 2].max()) / 2],
            np.float32,
        )
        offset = points - self.middle
        self._radius = np.linalg.norm(offset, axis=1)
        self._tree = cKDTree(offset / self._radius[:, None])
        self.half_width = float(np.percentile(np.abs(scalp[:, 0]), 98))

    def radius(self, directions: Float32Array) -> Float32Array:
        """Distance (...,) of the skin from the middle, in unit directions (..., 3)."""
        flat = directions.reshape(-1, 3)
        distance, near = self._tree.query(flat, k=5)
        pull = 1 / (distance + 0.02)
        mean = (self._radius[near] * pull).sum(1) / pull.sum(1)
        return mean.reshape(directions.shape[:-1]).astype(np.float32)

    def at(self, theta: Any, phi: Any, lift: Any) -> Float32Array:
        """Points (..., 3) over the skin by `lift` dm."""
        way = towards(theta, phi)
        reach = self.radius(way) + lift
        return (self.middle + way * reach[..., None]).astype(np.float32)


def hairline(phi: Float32Array) -> Float32Array:
    """Angle from the crown where hair ends, by azimuth (0 the front)."""
    at = np.radians([0, 25, 45, 62, 74, 84, 98, 115, 140, 180])
    angle = np.radians([60, 61, 64, 76, 92, 101, 116, 128, 134, 136])
    return np.interp(np.abs((phi + np.pi) % (2 * np.pi) - np.pi), at, angle).astype(np.float32)
