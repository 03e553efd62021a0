"""Shut lids of imported pictures: plain skin over the eye, and a line of lashes at its edge."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array
from inference.face_eye_window import EyeWindow
from inference.face_eyes import eye_arrays
from inference.face_fit import fit_face
from inference.face_grids import MARGIN
from inference.face_lash_line import lash_line
from inference.face_lashes import STEPS
from inference.face_layers import SIDE, LayerPicture
from inference.face_lid_skin import lid_skin
from inference.face_model import FILE, load_face_model
from inference.face_points import Landmarks, Mark
from inference.frame_generator_eyes import EyeBank, read_eyes

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SHAPE = (72, 88)
SKIN = np.array([200.0, 160.0, 140.0])
BROW = np.stack([np.linspace(10, 78, 5), np.full(5, 10.0)], 1).astype(np.float32)


def window() -> EyeWindow:
    turn = np.arange(10) * (2 * np.pi / 10)
    ring = np.stack([44 + 18 * np.cos(turn), 38 + 7 * np.sin(turn)], 1).astype(np.float32)
    return EyeWindow((0, 0), (SHAPE[1], SHAPE[0]), ring, np.array([44, 38], np.float32))


def picture(light: Float32Array | float = 1.0) -> Any:
    """Skin in some light, a bright eye with a dark iris, a lash line, and a glint beside it."""
    out = np.tile(SKIN.astype(np.float32), (*SHAPE, 1)) * np.asarray(light)
    cv2.ellipse(out, (44, 38), (20, 9), 0, 180, 360, (30.0, 20.0, 15.0), 3)
    cv2.ellipse(out, (44, 38), (18, 7), 0, 0, 360, (250.0, 250.0, 250.0), -1)
    cv2.circle(out, (44, 38), 6, (30.0, 30.0, 60.0), -1)
    out[44:47, 66:70] = 255
    return np.rint(out.clip(0, 255)).astype(np.uint8)


def test_a_shut_lid_is_the_skin_around() -> None:
    """Whatever the eye shows: no bright or dark almond stays."""
    alpha = np.full(SHAPE, 255, np.uint8)
    skin = lid_skin(picture(), alpha, window(), BROW)
    shut = picture() * (1 - skin.zone[..., None]) + skin.plain * skin.zone[..., None]
    eye = np.hypot((np.arange(SHAPE[1]) - 44) / 21, (np.arange(SHAPE[0])[:, None] - 38) / 10) < 1
    assert np.abs(shut[eye] - SKIN).max() < 14
    assert np.abs(skin.plain[eye] - SKIN).mean() < 4


def test_it_follows_the_light() -> None:
    """A face lit from one side has lids lit from that side."""
    light = np.linspace(0.5, 1.1, SHAPE[1], dtype=np.float32)[None, :, None]
    skin = lid_skin(picture(light), np.full(SHAPE, 255, np.uint8), window(), BROW)
    row = skin.plain[36:40, 30:58].mean((0, 2))
    wanted = float(SKIN.mean()) * light[0, 30:58, 0]
    assert np.abs(row - wanted).max() < 12


def test_it_has_the_grain_of_the_picture() -> None:
    noise = np.random.default_rng(3).normal(0, 6, (*SHAPE, 1))
    grainy = np.rint((picture() + noise).clip(0, 255)).astype(np.uint8)
    alpha = np.full(SHAPE, 255, np.uint8)
    below = float(np.std(grainy[56:70, 20:60].mean(2)))
    smooth, fine = (
        lid_skin(each, alpha, window(), BROW).plain[34:42, 34:54].mean(2)
        for each in (picture(), grainy)
    )
    assert float(np.std(smooth)) < 2
    assert 0.4 * below < float(np.std(fine)) < 1.3 * below


def edge() -> Float32Array:
    x = np.linspace(24, 64, STEPS)
    return np.stack([x, 34 - 5 * (1 - ((x - 44) / 20) ** 2)], 1).astype(np.float32)


def test_the_line_is_as_dark_and_as_wide_as_the_picture_s() -> None:
    plain = np.full((*SHAPE, 3), 200, np.float32)
    found = []
    for wide in (1, 3):
        own = plain.copy()
        cv2.polylines(own, [np.rint(edge()).astype(np.int32)], False, (40.0, 30.0, 20.0), wide)
        found.append(lash_line(own, plain, edge(), 16.0))
    thin, thick = (float(np.median(line.thick_S)) for line in found)
    assert thick > 1.3 * thin
    faint = lash_line(0.8 * plain + 0.2 * own, plain, edge(), 16.0)
    mean = [float((1 - line.ink_3.mean()) * line.dark_S.mean()) for line in (found[1], faint)]
    assert mean[0] > 1.5 * mean[1]


def test_a_shut_eye_has_a_line_without_lashes() -> None:
    plain = np.full((*SHAPE, 3), 200, np.float32)
    line = lash_line(plain, plain, edge(), 16.0)
    share = line.drawn(2 * edge(), (2 * SHAPE[0], 2 * SHAPE[1]), 2)
    dark = share * (1 - line.ink_3.mean())
    rows = np.rint(2 * edge()[12:-12, 1]).astype(int)
    assert dark[rows, np.rint(2 * edge()[12:-12, 0]).astype(int)].min() > 0.2
    assert share[:40].max() == 0


@pytest.fixture(scope="module")
def bank() -> tuple[EyeBank, Float32Array]:
    """Eyes with a shining rim of white beyond the points, as badly read pictures have them."""
    model = load_face_model(MODEL)
    points = model.mean_N3 + np.array([0.0, 0.3, -camera.DISTANCE])
    places = model.at_landmarks(camera.project(points).astype(np.float32))
    marks = dict(zip(model.landmarks, places, strict=True))
    rgba = np.full((SIDE, SIDE, 4), (*SKIN.astype(int), 255), np.uint8)
    for side in ("left", "right"):
        ring = np.array([p for n, p in marks.items() if n.startswith(f"eye_{side}")]) + MARGIN
        opening = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillConvexPoly(opening, cv2.convexHull(np.rint(ring).astype(np.int32)), 1)
        rgba[cv2.dilate(opening, np.ones((5, 5), np.uint8)) > 0, :3] = 250
    given = Landmarks(
        {n: Mark(float(x), float(y), "hand") for n, (x, y) in marks.items()}, (512,) * 2
    )
    out = read_eyes(eye_arrays(model, fit_face(model, given), LayerPicture("head", rgba)))
    assert out is not None
    return out, rgba


def closed(bank: EyeBank, closing: float) -> Any:
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    motion_D[[MOTION_INDEX["eyeBlinkLeft"], MOTION_INDEX["eyeBlinkRight"]]] = closing
    return bank.picture(motion_D, 0).astype(np.float32)


def test_no_rim_stays_beyond_the_points(bank: tuple[EyeBank, Any]) -> None:
    eyes, _ = bank
    shut, open_ = (closed(eyes, value) for value in (1.0, 0.0))
    assert (open_.mean(2) > 230).sum() > 150
    assert (shut.mean(2) > SKIN.mean() + 15).sum() == 0


def test_a_blink_never_jumps(bank: tuple[EyeBank, Any]) -> None:
    """Between two closings that follow each other only the edge's own strip changes."""
    eyes, _ = bank
    steps = [closed(eyes, value) for value in np.linspace(0, 1, 26)]
    whole = float(np.abs(steps[-1] - steps[0]).mean())
    apart = [float(np.abs(b - a).mean()) for a, b in pairwise(steps)]
    assert max(apart) < 0.2 * whole
