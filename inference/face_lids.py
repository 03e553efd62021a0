"""Makes the lids of a fitted head meet when it blinks: its eyes are wider than the model's, or
half shut already."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array
from inference.face_model import FaceModel

BLINK_SCALES: Final = (0.2, 4.0)
"""Least and most that a blink's travel is changed to close the lids."""
OVERLAP: Final = ((0.16, 0.26), (1.0, 0.8))
"""How far a shut upper lid passes the lower one, as a share of what it does on the model's mean:
two heights of the opening over the distance of the eyes, and the shares there."""


def close_lids(model: FaceModel, points_N3: Float32Array, bases_LN3: Float32Array) -> None:
    """Make the lids meet at eyeBlink 1.0, in place: eyes here are wider, or half shut already.

    The travel is set so that the upper lid passes the lower one by a share of the mean head's.
    """
    mean = model.mean_N3[:, :2] * np.array([1.0, -1.0])
    places = camera.project(points_N3)
    left, right = model.eyes
    apart, of_mean = (float(np.linalg.norm(p[left] - p[right])) for p in (places, mean))
    for side in ("Left", "Right"):
        row = int(np.flatnonzero(model.base_index_L == MOTION_INDEX[f"eyeBlink{side}"])[0])
        ends = camera.project(points_N3 + bases_LN3[row])
        ours = _lids(model, places, ends, side.lower())
        wanted = _lids(model, mean, mean + model.bases_LN3[row][:, :2] * [1.0, -1.0], side.lower())
        share = float(np.interp(ours[0] / apart, OVERLAP[0], OVERLAP[1]))
        over = share * (wanted[1] - wanted[0]) * apart / of_mean
        scale = (ours[0] + over) / max(ours[1], 1e-6)
        bases_LN3[row] *= np.float32(np.clip(scale, *BLINK_SCALES))


def _lids(model: FaceModel, place_N2: Any, end_N2: Any, side: str) -> tuple[float, float]:
    """Mean gap between the lids of an eye, and by how much a blink lessens it; y downwards."""
    rows = {
        lid: [model.landmarks.index(f"eye_{side}_{lid}_{k}") for k in range(1, 5)]
        for lid in ("upper", "lower")
    }
    before, after = (
        float((marks[rows["lower"], 1] - marks[rows["upper"], 1]).mean())
        for marks in (
            model.at_landmarks(place_N2.astype(np.float32)),
            model.at_landmarks(end_N2.astype(np.float32)),
        )
    )
    return max(before, 0.0), before - after
