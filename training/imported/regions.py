"""Where face, mouth and eyes are in a true frame, and how near a drawn one comes to it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from skimage.metrics import structural_similarity

from inference.contract import Float32Array
from training.frames.evaluate import psnr

Box = tuple[slice, slice]
REGIONS: Final = ("face", "mouth", "eyes")
VARIANTS: Final = ("static", "warp", "full")
_FACE: Final = ("chin", "jaw_", "cheek_", "brow_")
_PADS: Final = {"face": 0.0, "mouth": 0.22, "eyes": 0.30}
"""Share of a box's width that is added on every side."""
LEAST: Final = 12
"""Pixels of the smallest box: the window of SSIM fits into it."""


def boxes(
    points: Mapping[str, tuple[float, float]], matrix_23: Float32Array, size: int
) -> dict[str, list[Box]]:
    """Boxes of each region in the frame, round the true points (in pixels of the picture)."""

    def box(prefixes: tuple[str, ...], pad: float) -> Box:
        chosen = [xy for name, xy in points.items() if name.startswith(prefixes)]
        place = np.array(chosen) @ matrix_23[:, :2].T + matrix_23[:, 2]
        low, high = place.min(0), place.max(0)
        grow = pad * (high[0] - low[0])
        low, high = low - grow, high + grow
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, LEAST / 2)
        first = np.clip(np.floor(middle - half), 0, size - LEAST).astype(int)
        last = np.clip(np.ceil(middle + half), LEAST, size).astype(int)
        return slice(first[1], last[1]), slice(first[0], last[0])

    return {
        "face": [box(_FACE, _PADS["face"])],
        "mouth": [box(("mouth_", "lip_"), _PADS["mouth"])],
        "eyes": [box((f"eye_{side}",), _PADS["eyes"]) for side in ("left", "right")],
    }


def ssim(one: Float32Array, other: Float32Array) -> float:
    """Mean structural similarity of pictures in 0..255."""
    return float(structural_similarity(one, other, channel_axis=2, data_range=255.0))


def scores(
    truth: Float32Array, drawn: Mapping[str, Float32Array], places: Mapping[str, list[Box]]
) -> dict[tuple[str, str, str], float]:
    """PSNR and SSIM by (variant, region, measure)."""
    out = {}
    for variant, picture in drawn.items():
        for region, found in places.items():
            pairs = [(picture[box], truth[box]) for box in found]
            out[variant, region, "psnr"] = float(np.mean([psnr(*pair) for pair in pairs]))
            out[variant, region, "ssim"] = float(np.mean([ssim(*pair) for pair in pairs]))
    return out


def detail_kept(
    drawn: Float32Array, portrait: Float32Array, where: Any, sigma: float = 1.5
) -> float:
    """Share of a region's high-frequency energy that is still there, at the same place.

    The fine part of each picture is what a Gaussian of `sigma` pixels takes away from its
    brightness. The energy must be there, and be that of the portrait's own detail: noise in its
    place does not count.
    """
    import cv2

    def fine(picture: Float32Array) -> Any:
        grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)
        return (grey - np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma)))[where]

    ours, theirs = fine(drawn).astype(np.float64), fine(portrait).astype(np.float64)
    whole = float((theirs**2).sum())
    if whole < 1e-6:
        return 1.0
    kept = max(float((ours * theirs).sum()) / whole, 0.0) ** 2
    return float(min(float((ours**2).sum()) / whole, kept))
