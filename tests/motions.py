"""Motions by names, as tests write them."""

from __future__ import annotations

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array


def motion(**values: float) -> Float32Array:
    """A motion by names; a name without its side sets both sides."""
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    for key, value in values.items():
        for name in (key, f"{key}Left", f"{key}Right"):
            if name in MOTION_INDEX:
                motion_D[MOTION_INDEX[name]] = value
    return motion_D
