"""Find blinks, nods, brow raises, saccades and looks away in a motion (T, 61) of 50 steps a second.

Gaze is where the eyes point in the world: eye in head plus head, in degrees, so that eyes that hold
their target while the head moves do not count as moving. All results are step indices.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, percentile_filter

from inference.contract import MOTION_INDEX, MOTION_RATE, Float32Array

Steps = NDArray[np.int64]

_NOD_DOWN: Final = 1.2
"""Degrees that the head must drop, in at most _NOD_LONGEST seconds, and rise again by half."""
_NOD_LONGEST: Final = 0.5
_NOD_JOIN: Final = 0.8
"""Cycles closer than this are one nod."""
_BROW_RISE: Final = 0.07
_SACCADE_DEGREES: Final = 1.0
_SACCADE_SPEED: Final = 20.0
"""Degrees per second: half of it is more than heads and eyes drift, and less than the mean speed
of a saccade of a degree at 50 steps a second."""
AWAY_DEGREES: Final = 5.0
"""From the camera: beyond the other's face on a screen."""


def blinks(motion_TD: Float32Array) -> Steps:
    """Where both lids pass half shut, to be counted again after they opened to a quarter."""
    lids = [MOTION_INDEX["eyeBlinkLeft"], MOTION_INDEX["eyeBlinkRight"]]
    return _crossings(motion_TD[:, lids].min(1), 0.5, 0.25)


def _crossings(values_T: NDArray[np.floating], high: float, low: float) -> Steps:
    """Upward through `high`, once until it falls below `low`."""
    state, found = bool(values_T[0] > high), []
    for t in np.flatnonzero((values_T > high) | (values_T < low)):
        above = bool(values_T[t] > high)
        if above and not state:
            found.append(int(t))
        state = above
    return np.array(found, np.int64)


def nods(motion_TD: Float32Array) -> Steps:
    """Where nods begin: quick dips of the head, down and up again."""
    pitch_T = np.degrees(motion_TD[:, MOTION_INDEX["headPitch"]].astype(np.float64))
    # Without the slow sway, whose slope would lengthen a dip or swallow its start.
    pitch_T = gaussian_filter1d(pitch_T, 1.0) - gaussian_filter1d(pitch_T, 0.5 * MOTION_RATE)
    turns = _turning_points(pitch_T)
    found: list[int] = []
    last_end = -np.inf
    for (top, bottom), after in zip(pairwise(turns[:-1]), turns[2:], strict=True):
        down, up = pitch_T[top] - pitch_T[bottom], pitch_T[after] - pitch_T[bottom]
        quick = (bottom - top) <= _NOD_LONGEST * MOTION_RATE
        if down < _NOD_DOWN or up < down / 2 or not quick:
            continue
        if top - last_end > _NOD_JOIN * MOTION_RATE:
            found.append(int(top))
        last_end = after
    return np.array(found, np.int64)


def _turning_points(values_T: NDArray[np.float64]) -> Steps:
    """Ends and extrema, those of less than 0.1 left out in pairs."""
    slope = np.sign(np.diff(values_T))
    points = [0, *(np.flatnonzero(slope[:-1] * slope[1:] < 0) + 1).tolist(), len(values_T) - 1]
    kept: list[int] = []
    for point in points:
        kept.append(point)
        while len(kept) >= 4 and abs(values_T[kept[-2]] - values_T[kept[-3]]) < 0.1:
            del kept[-3:-1]
    return np.array(kept, np.int64)


def brow_raises(motion_TD: Float32Array) -> Steps:
    """Where both brows begin to rise, quickly, over where they mostly were."""
    names = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    brow_T = motion_TD[:, [MOTION_INDEX[name] for name in names]].mean(1).astype(np.float64)
    usual_T = percentile_filter(brow_T, 30, size=8 * MOTION_RATE)
    raised = _crossings(brow_T - usual_T, _BROW_RISE, _BROW_RISE / 2)
    starts = []
    for at in raised:
        before = np.flatnonzero((brow_T - usual_T)[: at + 1] < _BROW_RISE / 4)
        start = int(before[-1]) if len(before) else 0
        if at - start <= MOTION_RATE:
            starts.append(start)
    return np.array(starts, np.int64)


def gaze(motion_TD: Float32Array) -> NDArray[np.float64]:
    """Degrees (T, 2) off the camera: to the character's left, up."""

    def look(direction: str, side: str) -> NDArray[np.float64]:
        return motion_TD[:, MOTION_INDEX[f"eyeLook{direction}{side}"]].astype(np.float64)

    left = 30 * (
        look("Out", "Left") - look("In", "Left") + look("In", "Right") - look("Out", "Right")
    )
    up = [25 * look("Up", side) - 30 * look("Down", side) for side in ("Left", "Right")]
    head = np.degrees(motion_TD[:, [MOTION_INDEX["headYaw"], MOTION_INDEX["headPitch"]]])
    eyes: NDArray[np.float64] = np.stack([left / 2, (up[0] + up[1]) / 2], 1)
    return eyes + head


def saccades(motion_TD: Float32Array) -> tuple[Steps, NDArray[np.float64]]:
    """Where quick shifts of gaze begin, and their sizes in degrees."""
    gaze_T2 = gaze(motion_TD)
    speed_T = np.linalg.norm(np.diff(gaze_T2, axis=0), axis=1) * MOTION_RATE
    fast = np.concatenate([[False], speed_T > _SACCADE_SPEED, [False]])
    edges = np.flatnonzero(fast[1:] != fast[:-1])
    starts, ends = edges[::2], edges[1::2]
    size = np.linalg.norm(gaze_T2[ends] - gaze_T2[starts], axis=1)
    kept = size >= _SACCADE_DEGREES
    return starts[kept].astype(np.int64), size[kept]


def looks(motion_TD: Float32Array) -> list[tuple[int, int, bool]]:
    """(start, end, away) of every look, one after another; those under 0.1 s join the one before.

    Blinks do not matter, since lids are no part of gaze.
    """
    away_T = np.linalg.norm(gaze(motion_TD), axis=1) > AWAY_DEGREES
    edges = [0, *(np.flatnonzero(away_T[1:] != away_T[:-1]) + 1).tolist(), len(away_T)]
    found: list[tuple[int, int, bool]] = []
    for start, end in pairwise(edges):
        if found and (end - start < 0.1 * MOTION_RATE or found[-1][2] == bool(away_T[start])):
            found[-1] = (found[-1][0], end, found[-1][2])
        else:
            found.append((start, end, bool(away_T[start])))
    return found
