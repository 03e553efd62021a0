"""Insides of mouths: lent without the lender's lips, drawn for flat pictures, smoothly cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference.character import load_character
from inference.contract import UInt8Array
from inference.face_eye_extent import settled
from inference.face_frame import Framed
from inference.face_grids import MARGIN, encode
from inference.face_lips import smooth_cut
from inference.face_mouth import borrow_bank, cut_of, lip_edge, near_white
from inference.face_mouth_drawn import drawn_bank, is_flat
from inference.face_points import Landmarks, Mark
from inference.frame_generator_windows import WINDOW_SIZES, read_view

CHARACTERS = Path(__file__).parent.parent / "assets" / "characters"
WIDTH, HEIGHT = WINDOW_SIZES["mouth"]


@pytest.fixture(scope="module")
def lena() -> dict[str, Any]:
    with np.load(CHARACTERS / "lena" / "geometry.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="module")
def portrait() -> UInt8Array:
    return read_view(CHARACTERS / "lena" / "portrait.png")


def tiles(arrays: dict[str, Any]) -> Any:
    bgr = cv2.imdecode(arrays["mouth_colour"], cv2.IMREAD_COLOR)
    assert bgr is not None
    return bgr[..., ::-1].reshape(-1, HEIGHT, WIDTH, 3).astype(int)


def test_a_lender_s_lips_stay_at_home(lena: dict[str, Any], portrait: UInt8Array) -> None:
    lender = load_character(CHARACTERS / "lena", check=False)
    lent = tiles(borrow_bank([lender], portrait, lena, cut_of(lena)))
    own = tiles(lena)
    level = 6
    low = lip_edge(lena, "lower", {"jawOpen": float(lena["mouth_jaw"][level])})
    x, y = (round(float(v)) for v in low[len(low) // 2])
    lip = np.s_[y + 5 : y + 11, x - 6 : x + 7]
    redness = [float((each[level][lip][..., 0] - each[level][lip][..., 1]).mean())
               for each in (own, lent)]  # fmt: skip
    assert redness[0] > 60
    assert redness[1] < 40
    top = lip_edge(lena, "upper", {"jawOpen": float(lena["mouth_jaw"][level])})
    row = round(float(top[len(top) // 2, 1]))
    teeth = np.s_[row + 3 : row + 6, x - 6 : x + 7]  # what is seen of teeth is lent as it is
    assert np.abs(own[level][teeth] - lent[level][teeth]).mean() < 25


def test_what_is_no_tooth_is_dark_and_warm(lena: dict[str, Any], portrait: UInt8Array) -> None:
    lender = load_character(CHARACTERS / "lena", check=False)
    lent = tiles(borrow_bank([lender], portrait, lena, cut_of(lena)))
    for level in (6, 10):
        low = lip_edge(lena, "lower", {"jawOpen": float(lena["mouth_jaw"][level])})
        x, y = (round(float(v)) for v in low[len(low) // 2])
        below = lent[level][y + 6 : y + 16, x - 12 : x + 13].reshape(-1, 3)
        assert below.mean() < 70  # no streaks of the lower teeth
        assert (below[:, 0] > 1.25 * below[:, 1:].max(1)).all()


def test_teeth_are_white_whatever_lies_beside_the_eyes() -> None:
    skin = np.array([220.0, 170.0, 150.0])
    for colour in ((120.0, 200.0, 200.0), (180.0, 190.0, 240.0), (230.0, 180.0, 90.0)):
        white = near_white(colour, skin)
        assert white[0] >= white[1] >= white[2] > 0.6 * white[0]


def test_an_edge_goes_with_the_jaw(lena: dict[str, Any]) -> None:
    upper, lower, dropped = (
        lip_edge(lena, lip, {"jawOpen": jaw})
        for lip, jaw in (("upper", 0.5), ("lower", 0.0), ("lower", 0.5))
    )
    assert (np.diff(lower[:, 0]) >= 0).all()
    middle = len(lower) // 2
    assert abs(upper[middle, 1] - lower[middle, 1]) < 4
    assert 8 < dropped[middle, 1] - lower[middle, 1] < 40


def test_flat_drawings_are_told_from_photographs(portrait: UInt8Array) -> None:
    flat = np.full((512, 512, 4), (250, 225, 205, 255), np.uint8)
    cv2.line(flat, (220, 280), (290, 280), (90, 40, 40, 255), 3)
    corner = (208, 240)
    assert is_flat(flat, corner)
    assert not is_flat(portrait, corner)
    noisy = flat.astype(int)
    noisy[..., :3] += np.random.default_rng(1).normal(0, 6, (512, 512, 3)).astype(int)
    assert not is_flat(noisy.clip(0, 255).astype(np.uint8), corner)
    assert not is_flat(np.zeros((512, 512, 4), np.uint8), corner)


def test_a_drawn_mouth_has_teeth_above_and_is_dark_below(lena: dict[str, Any]) -> None:
    flat = np.full((512, 512, 4), (250, 225, 205, 255), np.uint8)
    for name in ("eye_left", "eye_right"):
        x, y = lena[name]
        flat[y + 14 : y + 34, x + 10 : x + 54, :3] = 245
    cut = cut_of(lena)
    mouth_x, mouth_y = lena["mouth"]
    flat[mouth_y + round(cut.y) : mouth_y + round(cut.y) + 2, mouth_x + 20 : mouth_x + 76, :3] = 40
    drawn = drawn_bank(lena, lena, flat, cut)
    pictures = tiles(drawn)
    x, y = round(cut.x), round(cut.y)
    for level in (6, 8, 12):
        down = pictures[level][y : y + 8, x - 3 : x + 4].mean((1, 2))
        line, teeth = int(down.argmin()), int(down.argmax())
        assert down[line] < 100 < 220 < down[teeth]
        assert line < teeth
        low = lip_edge(lena, "lower", {"jawOpen": float(lena["mouth_jaw"][level])})
        depth = float(low[len(low) // 2, 1]) - cut.y
        row = round(cut.y + 0.47 * depth)
        dark = pictures[level][row, x - 24 : x - 16].mean(0)
        assert dark[0] < 130
        assert dark[0] > 1.8 * dark[1]  # a red
    tongue = cv2.imdecode(drawn["tongue_colour"], cv2.IMREAD_COLOR)
    assert tongue is not None
    assert len(np.unique(tongue.reshape(-1, 3), axis=0)) == 1
    assert drawn_bank(lena, {}, flat, cut) == {}


def test_the_cut_between_lips_has_no_steps() -> None:
    rows = np.full(96, 48)
    rows[20:76] += (np.arange(56) % 3 == 0).astype(int)  # steps of a pixel
    below = np.arange(96)[:, None] >= rows[None]
    closed = np.ones(96, bool)
    closed[20:76] = False
    arrays = {
        "upper_lip_share": encode((~below).astype(np.uint8) * 255),
        "lower_lip_share": encode((below | closed[None]).astype(np.uint8) * 255),
    }
    smooth = smooth_cut(arrays)
    lower = cv2.imdecode(smooth["lower_lip_share"], cv2.IMREAD_GRAYSCALE)
    upper = cv2.imdecode(smooth["upper_lip_share"], cv2.IMREAD_GRAYSCALE)
    assert lower is not None
    assert upper is not None
    edge = 96 - lower[:, 24:72].astype(float).sum(0) / 255
    assert np.ptp(edge) < 0.4
    assert abs(edge.mean() - rows[24:72].mean()) < 0.6
    assert (lower[:, :20] == 255).all()  # beside the mouth both lips are one skin
    assert np.abs(upper[:, 24:72].astype(int) + lower[:, 24:72] - 255).max() <= 1
    assert smooth_cut({"lower_lip_share": encode(np.full((96, 96), 255, np.uint8))}) == {}


def test_large_drawn_eyes_are_measured_by_colour() -> None:
    flat = np.full((592, 592, 4), (250, 225, 205, 255), np.uint8)
    marks = {
        "nose_tip": Mark(256, 260),
        "mouth_left": Mark(280, 300),
        "mouth_right": Mark(232, 300),
    }
    for side, x in (("left", 300), ("right", 212)):
        cv2.ellipse(flat, (x + MARGIN, 210 + MARGIN), (20, 30), 0, 0, 360, (70, 90, 200, 255), -1)
        cv2.ellipse(flat, (x + MARGIN, 210 + MARGIN), (20, 30), 0, 200, 340, (40, 20, 30, 255), 4)
        marks[f"pupil_{side}"] = Mark(x, 205)
        for k, shift in zip((1, 2, 3, 4), (-9, -3, 3, 9), strict=True):
            marks[f"eye_{side}_lower_{k}"] = Mark(x + shift, 218, "network", 0.3)
            marks[f"eye_{side}_upper_{k}"] = Mark(x + shift, 195, "network", 0.3)
    marks["eye_right_lower_2"] = Mark(209, 217, "hand")
    placed = Framed(flat, Landmarks(marks, (512, 512)), np.eye(2, 3, dtype=np.float32))
    found = settled(placed).landmarks.marks
    assert 236 < found["eye_left_lower_2"].y < 243
    assert 176 < found["eye_left_upper_3"].y < 184
    assert found["eye_left_lower_1"].y < found["eye_left_lower_2"].y
    assert found["eye_left_lower_2"].confidence == 1
    assert found["eye_right_lower_2"].y == 217  # set by hand: stays, and its lid with it
    assert found["eye_right_lower_3"].y == 218
    noisy = flat.astype(int)
    noisy[..., :3] += np.random.default_rng(1).normal(0, 6, (592, 592, 3)).astype(int)
    photo = replace(placed, picture=noisy.clip(0, 255).astype(np.uint8))
    assert settled(photo).landmarks == placed.landmarks


def test_a_brow_is_no_lid() -> None:
    """Points that lie above a small drawn eye come down to where it begins."""
    flat = np.full((592, 592, 4), (250, 225, 120, 255), np.uint8)
    marks = {
        "nose_tip": Mark(256, 260),
        "mouth_left": Mark(280, 300),
        "mouth_right": Mark(232, 300),
    }
    for side, x in (("left", 300), ("right", 212)):
        cv2.circle(flat, (x + MARGIN, 210 + MARGIN), 12, (255, 255, 255, 255), -1)
        cv2.circle(flat, (x + MARGIN, 210 + MARGIN), 6, (60, 60, 60, 255), -1)
        cv2.rectangle(flat, (x + 20, 180 + MARGIN), (x + 60, 188 + MARGIN), (0, 0, 0, 255), -1)
        marks[f"pupil_{side}"] = Mark(x, 210)
        for k, shift in zip((1, 2, 3, 4), (-9, -3, 3, 9), strict=True):
            marks[f"eye_{side}_upper_{k}"] = Mark(x + shift, 190, "network", 0.5)
            marks[f"eye_{side}_lower_{k}"] = Mark(x + shift, 221, "network", 0.5)
    placed = Framed(flat, Landmarks(marks, (512, 512)), np.eye(2, 3, dtype=np.float32))
    found = settled(placed).landmarks.marks
    for side in ("left", "right"):
        assert found[f"eye_{side}_upper_2"].y == pytest.approx(198, abs=2)
        assert found[f"eye_{side}_lower_2"].y == 221
