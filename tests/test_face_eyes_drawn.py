"""Lids of drawn eyes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference import face_eyes_drawn
from inference.contract import Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow
from inference.face_eyes_drawn import DrawnLids, contour_of, drawn_plainly
from inference.face_flat import plain_share

SKIN = (240, 205, 180)
INK = (40, 20, 50)
FINE = 2
MIDDLE, RADII = (50, 40), (24, 16)


def eye() -> UInt8Array:
    """A drawn eye (80, 100, 3): white and iris in an ellipse, a thick line above, a thin one
    below, and the outer corner (on the left: a right eye) drawn out to a point."""
    fine = 4
    out = np.full((80 * fine, 100 * fine, 3), SKIN, np.uint8)
    middle, radii = (MIDDLE[0] * fine, MIDDLE[1] * fine), (RADII[0] * fine, RADII[1] * fine)
    cv2.ellipse(out, middle, radii, 0, 0, 360, (255, 255, 255), -1)
    cv2.circle(out, middle, 10 * fine, (60, 120, 90), -1)
    cv2.ellipse(out, middle, radii, 0, 0, 180, INK, fine)
    cv2.ellipse(out, middle, radii, 0, 180, 360, INK, 5 * fine)
    wing = np.array([[26, 36], [26, 41], [15, 33]]) * fine
    cv2.fillConvexPoly(out, wing.astype(np.int32), INK)
    return cv2.resize(out, (100, 80), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def outline(share: float = 1.0) -> Float32Array:
    """Ten points of the opening, as a reader finds them: `share` of the way from the middle."""
    turn = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    ring = np.stack([np.cos(turn) * (RADII[0] - 1), np.sin(turn) * (RADII[1] - 1)], 1)
    return np.asarray(np.array(MIDDLE) + share * ring, np.float32)


def lids(share: float = 1.0) -> DrawnLids:
    end = np.array([58, 54], np.float32)  # a little above the lowest
    rest = np.full((80, 100), 255, np.uint8)
    cv2.ellipse(rest, MIDDLE, (RADII[0] - 4, RADII[1] - 1), 0, 0, 360, 0, -1)
    return DrawnLids(eye(), outline(share), np.array(SKIN, np.float32), "Right", FINE, end, rest)


def dark(picture: Float32Array) -> np.ndarray:
    return np.asarray(picture.mean(2) < 110)


@pytest.mark.parametrize("share", [1.0, 0.75])
def test_the_contour_is_the_drawing_s_own(share: float) -> None:
    """Also where the points lie too near to each other."""
    points = (outline(share) + 0.5) * FINE - 0.5
    picture = cv2.resize(eye(), None, fx=FINE, fy=FINE).astype(np.float32)
    found = contour_of(picture, points.astype(np.float32), np.array(SKIN, np.float32), 8.0)
    low, high = found.min(0) / FINE, found.max(0) / FINE
    assert low[1] == pytest.approx(MIDDLE[1] - RADII[1] - 2.5, abs=2.5)
    assert high[1] == pytest.approx(MIDDLE[1] + RADII[1] + 0.5, abs=2.5)
    assert high[0] == pytest.approx(MIDDLE[0] + RADII[0] + 1.0, abs=3.0)


def test_a_shut_eye_is_one_arc_on_skin() -> None:
    colour, cover = lids().at(1.0)
    assert cover.min() > 0.99
    line = dark(colour)
    columns = np.flatnonzero(line.any(0))
    assert np.ptp(columns) / FINE > 44  # from corner to corner
    middle = {x: float(np.flatnonzero(line[:, x]).mean()) / FINE for x in columns}
    assert all(np.ptp(np.flatnonzero(line[:, x])) < 7 * FINE for x in columns)  # one line
    lowest = max(middle, key=lambda x: middle[x])
    assert 50 < middle[lowest] < 60  # at the eye's lower contour
    assert 0.2 < (lowest - columns[0]) / np.ptp(columns) < 0.7
    assert middle[columns[3]] < middle[lowest] - 2.5  # both corners higher
    assert middle[columns[-4]] < middle[lowest] - 1
    away = np.abs(colour - np.array(SKIN)).max(2)
    above = away[: round(40 * FINE)]
    assert above.max() < 20  # neither white nor iris nor the old line with its point
    assert (
        away[~cv2.dilate(line.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)].max() < 24
    )


def test_lids_come_down_over_the_eye() -> None:
    drawn = lids()
    x = MIDDLE[0] * FINE
    open_ = [float((1 - drawn.at(level)[1][:, x]).sum()) for level in (-1.0, 0.0, 0.3, 0.6, 1.0)]
    assert open_[0] > open_[1] + 1
    assert open_[1] == pytest.approx(FINE * (2 * RADII[1] - 3), abs=4 * FINE)
    assert open_[2] < 0.8 * open_[1]
    assert open_[3] < 0.5 * open_[1]
    assert open_[4] < 0.5
    rest, cover = drawn.at(0.0)
    assert cover[:, : (MIDDLE[0] - RADII[0] + 3) * FINE].min() > 0.99  # lines stay where they are
    own = cv2.resize(eye(), None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC)
    assert np.abs(rest - own.astype(np.float32)).max() <= 1  # at rest it is the picture


def test_only_plain_eyes_are_drawn() -> None:
    portrait = np.full((512, 512, 4), (*SKIN, 255), np.uint8)
    portrait[200:280, 150:250, :3] = eye()
    portrait[200:280, 270:370, :3] = eye()
    windows = [
        EyeWindow((x, 200), (100, 80), outline(), np.array(MIDDLE, np.float32)) for x in (150, 270)
    ]
    assert drawn_plainly(portrait, windows)
    noise = np.random.default_rng(1).normal(0, 5, (512, 512, 3))
    painted = portrait.copy()
    painted[..., :3] = (portrait[..., :3] + noise).clip(0, 255)
    assert not drawn_plainly(painted, windows)
    assert plain_share(np.zeros((80, 100, 4), np.uint8)) == 0.0  # nothing to be seen


def test_whites_beyond_a_contour_go_with_the_eye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the contour was drawn too tight, what is no skin near the points still belongs."""
    drawn, tight = lids(), np.zeros((80 * FINE, 100 * FINE), np.uint8)
    middle = (MIDDLE[0] * FINE, MIDDLE[1] * FINE)
    cv2.ellipse(tight, middle, (28, 18), 0, 0, 360, 1, -1)
    points = ((outline(0.6) + 0.5) * FINE - 0.5).astype(np.float32)
    aside = (MIDDLE[1] * FINE, (MIDDLE[0] + 19) * FINE)  # white, 4 pixels beyond the points
    assert tight[aside] == 0
    assert drawn._with_ink(tight.copy(), points)[aside] == 1
    assert drawn._with_ink(tight.copy(), points)[aside[0], 5] == 0  # skin
    monkeypatch.setattr(face_eyes_drawn, "NEAR", 0.0)
    assert drawn._with_ink(tight.copy(), points)[aside] == 0
