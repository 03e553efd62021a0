"""Large drawn eyes, measured by colour: their lids lie further apart than the reader's points.

The portrait reader has seen few eyes as large as those of some drawings and puts the lids half-way
over the iris; lids drawn from there never close. In a flat drawing the skin is one colour: below
the iris the eye ends where it begins again, above it at the dark line of the lashes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_frame import Framed
from inference.face_grids import MARGIN
from inference.face_mouth_drawn import is_flat
from inference.face_points import Landmarks, Mark
from inference.frame_generator_windows import WINDOW_SIZES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SKIN: Final = 12.0
"""Distance (CIE Lab, 8 bits) from the usual colour of the cheeks that is still skin."""
SURELY: Final = 6.0
"""The same where the white of an eye must not be taken for skin."""
RUN: Final = 0.03
"""Pupil distances of skin, one pixel below the other, with which an eye has ended."""
REACH: Final = (0.22, 0.34)
"""Pupil distances that are looked up and down from the reader's points."""
SHARES: Final = (0.75, 1.0, 1.0, 0.75)
"""How much of a lid's way its four points go."""
LEAST: Final = 0.05
"""Pupil distances that a lid must lie further out than the reader has it, or it stays."""


def settled(placed: Framed) -> Framed:
    """A framed portrait whose points a network found: with its eyes by colour if it is flat."""
    mouth = [placed.landmarks.marks.get(f"mouth_{side}") for side in ("left", "right")]
    if mouth[0] is None or mouth[1] is None:
        return placed
    width, height = WINDOW_SIZES["mouth"]
    x, y = (mouth[0].x + mouth[1].x) / 2, (mouth[0].y + mouth[1].y) / 2
    frame = np.ascontiguousarray(placed.picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
    if not is_flat(frame, (round(x - width / 2), round(y - height / 2))):
        return placed
    rgb = np.ascontiguousarray(frame[..., :3])
    return replace(placed, landmarks=with_eyes_by_colour(rgb, placed.landmarks))


def with_eyes_by_colour(picture: UInt8Array, landmarks: Landmarks) -> Landmarks:
    """The points of a flat drawing (RGB, points in its pixels) with both eyes' lids by colour."""
    marks = dict(landmarks.marks)
    if not {"pupil_left", "pupil_right", "nose_tip"} <= set(marks):
        return landmarks
    apart = abs(marks["pupil_left"].x - marks["pupil_right"].x)
    away = _from_skin(picture, marks, apart)
    grey = cv.cvtColor(picture, cv.COLOR_RGB2GRAY).astype(np.float32)
    for side in ("left", "right"):
        moved = {}
        for lid, way in (("lower", 1), ("upper", -1)):
            names = [f"eye_{side}_{lid}_{k}" for k in (1, 2, 3, 4)]
            if any(name not in marks or marks[name].by == "hand" for name in names):
                continue
            pupil = marks[f"pupil_{side}"].y
            ends = [_end(away, grey, marks[name], pupil, way, apart) for name in names[1:3]]
            known = [end for end in ends if end is not None]
            middle = float(np.mean([marks[name].y for name in names[1:3]]))
            if not known or abs(float(np.mean(known)) - middle) < LEAST * apart:
                continue
            by = float(np.mean(known)) - middle
            for name, share in zip(names, SHARES, strict=True):
                mark = marks[name]
                # as if set by hand: the fit, which knows people's eyes, must not drop it
                moved[name] = replace(mark, y=mark.y + share * by, by="hand", confidence=1.0)
        marks |= moved
    return replace(landmarks, marks=marks)


def _from_skin(picture: UInt8Array, marks: dict[str, Mark], apart: float) -> Float32Array:
    """Distance of every pixel's colour from the cheeks' (H, W)."""
    lab = cv.cvtColor(picture, cv.COLOR_RGB2LAB).astype(np.float32)
    nose, size = marks["nose_tip"], max(round(0.12 * apart), 2)
    samples = []
    for side in ("left", "right"):
        x = round(0.6 * marks[f"pupil_{side}"].x + 0.4 * nose.x)
        y = round(nose.y)
        part = lab[max(y - size, 0) : y + size, max(x - size, 0) : x + size]
        samples.append(part.reshape(-1, 3))
    colours = np.concatenate(samples)
    if not len(colours):
        return np.zeros(lab.shape[:2], np.float32)
    return np.asarray(np.linalg.norm(lab - np.median(colours, 0), axis=2), np.float32)


def _end(
    away: Float32Array, grey: Float32Array, mark: Mark, pupil: float, way: int, apart: float
) -> float | None:
    """Row where the eye ends in a point's column, looking down (1) or up (-1)."""
    column, first = round(mark.x), round(mark.y)
    steps = round(REACH[0 if way < 0 else 1] * apart)
    rows = first + way * np.arange(steps)
    if way < 0:  # from the pupil: what lies beyond a piece of skin is a brow or hair
        rows = np.arange(max(first, round(pupil)), first - steps, -1)
    rows = rows[(rows >= 0) & (rows < away.shape[0])]
    if not 0 <= column < away.shape[1] or len(rows) < 4:
        return None
    run = max(round(RUN * apart), 2)
    if way < 0:
        skin = np.convolve(away[rows, column] < SURELY, np.ones(run), "valid") >= run
        rows = rows[: int(skin.argmax()) + 1] if skin.any() else rows
        if rows[-1] > first - 4:  # the point lies beyond the eye
            return float(rows[-1]) if skin.any() else None
        rows = rows[rows <= first]
        line = grey[rows, column]
        dark = int(line.argmin())
        return float(rows[dark]) if line[dark] < 0.6 * float(line.max()) else None
    skin = away[rows, column] < SKIN
    ends = np.convolve(skin, np.ones(run), "valid") >= run
    return float(rows[int(ends.argmax())]) if ends.any() else None
