"""Pictures of one tone: black and white, sepia, blueprint. What is lent to them takes it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from inference.contract import Float32Array

LEVELS: Final = 16
ODD: Final = 2.5
"""Mean distance (of 255) of colours from those usual at their brightness, up to which a picture
has one tone: the noise of JPEG's colours."""
_WEIGHT: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Tone:
    """The colour that each brightness has."""

    level_K: Float32Array
    colour_K3: Float32Array

    def __call__(self, rgb: Any) -> Float32Array:
        """Colours (..., 3) of 0..255 in this tone, as bright as they were."""
        grey = np.asarray(rgb, np.float32) @ _WEIGHT
        parts = [np.interp(grey, self.level_K, self.colour_K3[:, k]) for k in range(3)]
        return np.stack(parts, -1).astype(np.float32)


def one_tone(rgb: Any) -> Tone | None:
    """The tone of colours (..., 3), or None if colours of the same brightness differ."""
    colours = np.asarray(rgb, np.float32).reshape(-1, 3)
    grey = colours @ _WEIGHT
    bins = np.minimum(grey / 256 * LEVELS, LEVELS - 1).astype(int)
    count = np.bincount(bins, minlength=LEVELS)
    if count.sum() < 100:
        return None
    excess = colours - grey[:, None]
    total = np.stack([np.bincount(bins, excess[:, k], LEVELS) for k in range(3)], 1)
    usual = total / np.maximum(count, 1)[:, None]
    odd = np.linalg.norm(excess - usual[bins], axis=1)
    if float(odd.mean()) > ODD:
        return None
    kept = np.flatnonzero(count > 0.001 * count.sum())
    level = ((kept + 0.5) * 256 / LEVELS).astype(np.float32)
    # black and white have no colour, whatever the tone between
    levels = np.concatenate([[0.0], level, [255.0]])
    excesses = np.concatenate([np.zeros((1, 3)), usual[kept], np.zeros((1, 3))])
    colour = (levels[:, None] + excesses).clip(0, 255)
    return Tone(levels.astype(np.float32), colour.astype(np.float32))
