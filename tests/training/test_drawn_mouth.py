"""Mouths of drawn figures: lips that meet at the corners, and a clean inside."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from inference.contract import MOTION_INDEX
from inference.face_grids import encode
from inference.frame_generator_layers import cell_centres, read_bases
from inference.frame_generator_windows import read_view
from training.frames import drawn_mouth

cv: Any = cv2
LENDER = Path("assets/characters/lena")
LEFT, RIGHT = 24.0, 72.0


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    """A mouth as the rig gives it, with a step in the line between the lips."""
    with np.load(LENDER / "geometry.npz", allow_pickle=False) as archive:
        known = {name: archive[name] for name in archive.files}
    for lip in drawn_mouth.LIPS:
        known[f"{lip}_basis"] = read_bases(known, lip)
    upper = cv.imdecode(known["upper_lip_share"], cv.IMREAD_GRAYSCALE)
    rows = np.mgrid[: len(upper), : upper.shape[1]][0]
    step = 40 + 6 * (np.abs(np.arange(upper.shape[1]) - 48) < 4)
    known["upper_lip_share"] = encode((rows < step).astype(np.uint8) * 255)
    known["lower_lip_share"] = encode((rows >= step).astype(np.uint8) * 255)
    return known


def made(arrays: dict[str, Any]) -> dict[str, Any]:
    corner = arrays["mouth"].astype(np.float32)
    places = np.array([[LEFT, 40.0], [RIGHT, 40.0]], np.float32) + corner
    figure = SimpleNamespace(
        marks=SimpleNamespace(rows=lambda *_: np.eye(2)), base_B3=np.zeros((2, 3))
    )
    scene = SimpleNamespace(project=lambda _: places)
    view = read_view(LENDER / "portrait.png")
    return drawn_mouth.drawn_mouth(arrays, figure, scene, view)  # type: ignore[arg-type]


def test_the_cut_is_smooth_and_ends_at_the_corners(arrays: dict[str, Any]) -> None:
    out = made(arrays)
    upper, lower = (
        cv.imdecode(out[f"{lip}_share"], cv.IMREAD_GRAYSCALE) for lip in drawn_mouth.LIPS
    )
    cut = np.flatnonzero((lower == 0).any(0))
    assert (cut[0], cut[-1]) == (LEFT, RIGHT)
    line = (upper[:, cut] > 0).sum(0)
    assert np.abs(np.diff(line)).max() <= 1 < np.ptp(line) + 1
    assert np.ptp(line) < 6


def test_lips_part_in_the_middle_and_meet_at_the_corners(arrays: dict[str, Any]) -> None:
    out = made(arrays)
    jaw, fall = MOTION_INDEX["jawOpen"], {}
    for lip in drawn_mouth.LIPS:
        k = list(out[f"{lip}_index"]).index(jaw)
        fall[lip] = out[f"{lip}_basis"][k, 1] * float(out[f"{lip}_basis_step"][k])
    x, y = cell_centres(out["upper_lip_box"].astype(np.float32))
    x, y = x - out["mouth"][0], y - out["mouth"][1]
    apart = fall["upper_lip"] - fall["lower_lip"]
    on_line = np.abs(y - 41) < 2
    middle = apart[on_line & (np.abs(x - (LEFT + RIGHT) / 2) < 2)].mean()
    corners = np.abs(apart[on_line & ((x < LEFT) | (x > RIGHT))]).max()
    assert middle > 0.05
    assert corners < 0.1 * middle


def test_the_inside_is_drawn(arrays: dict[str, Any]) -> None:
    out = made(arrays)
    tiles = cv.imdecode(out["mouth_colour"], cv.IMREAD_COLOR)
    assert tiles.shape == cv.imdecode(arrays["mouth_colour"], cv.IMREAD_COLOR).shape
    widest = tiles[-96:].reshape(-1, 3)
    assert len(np.unique(widest // 16, axis=0)) < 40  # a few plain colours and their borders
