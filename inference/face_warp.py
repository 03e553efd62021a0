"""A smooth warp of the picture's plane that carries a fitted head onto the marks it missed.

Residuals at the marks are read as a smooth random field seen with noise (Gaussian process
regression with Wendland's compactly supported C2 function as the covariance; H. Wendland, 1995), so
noise is not followed where the model fits, and marks are met where it does not: drawn faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import Float32Array

REACH: Final = 3.0
"""Pupil distances after which a mark no longer pulls."""
LOCAL: Final = 0.25
"""The local part's share of that reach."""
_BLOCK: Final = 16384


def kernel(away: Float32Array, reach: float) -> Float32Array:
    """Covariance of the field at two places: a wide part, and a local one for eyes and lips."""
    wide, local = wendland(away / reach), wendland(away / (LOCAL * reach))
    value: Float32Array = (0.6 * wide + 0.4 * local).astype(np.float32)
    return value


def wendland(r: Float32Array) -> Float32Array:
    """(1 - r)^4 (4 r + 1) within r < 1: smooth, positive definite in the plane and in space."""
    near = np.maximum(1 - r, 0)
    square = near * near
    value: Float32Array = square * square * (4 * r + 1)
    return value


@dataclass(frozen=True, slots=True)
class PlaneWarp:
    """Displacement of picture places by pulls at marks."""

    centre_M2: Float32Array
    pull_M2: Float32Array
    """(M, 2), or (M, C) of a field with C values."""
    reach: float

    def __call__(self, place_N2: Float32Array) -> Float32Array:
        """Displacement (N, 2) in pixels at places."""
        out = np.zeros((len(place_N2), self.pull_M2.shape[1]), np.float32)
        if not len(self.centre_M2):
            return out
        for start in range(0, len(place_N2), _BLOCK):
            some = place_N2[start : start + _BLOCK]
            across = some[:, None, 0] - self.centre_M2[None, :, 0]
            down = some[:, None, 1] - self.centre_M2[None, :, 1]
            away = np.sqrt(across**2 + down**2).astype(np.float32)
            out[start : start + _BLOCK] = kernel(away, self.reach) @ self.pull_M2
        return out


def fit_warp(
    place_M2: Float32Array, miss_M2: Float32Array, noise_M: Float32Array, reach: float
) -> PlaneWarp:
    """The smoothest field that explains what the marks missed by.

    `noise_M` is each mark's expected error in pixels; where the misses are no larger than that,
    the field is nearly zero.
    """
    if not len(place_M2):
        return PlaneWarp(place_M2, miss_M2, reach)
    away = np.linalg.norm(place_M2[:, None] - place_M2[None], axis=2)
    covariance = kernel(away.astype(np.float32), reach).astype(np.float64)
    size = float(np.mean((miss_M2 - miss_M2.mean(0)) ** 2)) + float(np.mean(miss_M2.mean(0) ** 2))
    field = max(size - float(np.median(noise_M)) ** 2, 0.04)
    noise = np.maximum(noise_M.astype(np.float64), 0.02) ** 2 / field
    pull = np.linalg.solve(covariance + np.diag(noise), miss_M2.astype(np.float64))
    return PlaneWarp(place_M2.astype(np.float32), pull.astype(np.float32), reach)
