"""Mouths that are open in the picture: found where they are, closed, and opened further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import UInt8Array
from inference.face_fit import FaceFit, fit_face
from inference.face_grids import MARGIN, encode
from inference.face_lips import between_lips, closing_of, lip_gap
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_parted import INNER, OUTER, drawn_opening, teeth_between, with_true_lips
from inference.face_points import Landmarks, Mark
from inference.face_reference_mouth import with_portraits_inside
from inference.face_references import Face

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SIDE = camera.SIZE + 2 * MARGIN
X, Y, HALF, LIP = 256.0, 300.0, 30.0, 7.0
"""Middle of the mouth in the frame, half its width, thickness of a lip."""
SKIN, RED, WHITE, INK, PINK = (
    (205, 165, 145), (170, 90, 90), (238, 234, 226), (60, 30, 50), (250, 140, 150),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def curve(x: Any, height: float) -> Any:
    """An edge's rows that bulges by `height` in the middle and ends at the corners."""
    return Y + height * (1 - ((np.asarray(x) - X) / HALF) ** 2)


def seen_by_the_reader(upper: float, lower: float, by: Any = "network") -> Landmarks:
    """Marks of a mouth between two edges, its inner edges where shut lips would have them."""
    places = {"mouth_right": (X - HALF, Y), "mouth_left": (X + HALF, Y)}
    for names, parts, ending in ((OUTER, 8, ""), (INNER, 6, "in_")):
        for k, at in enumerate(names):
            x = X - HALF + 2 * HALF * (k + 1) / parts
            for lip, height in (("upper", upper), ("lower", lower)):
                places[f"lip_{lip}_{ending}{at}"] = (x, float(curve(x, 0 if ending else height)))
    marks = {name: Mark(x, y, by) for name, (x, y) in places.items()}
    return Landmarks(marks, (512, 512))


def shape(picture: UInt8Array, upper: float, lower: float, colour: tuple[int, int, int]) -> None:
    across = np.linspace(X - HALF, X + HALF, 61)
    ring = np.concatenate([
        np.stack([across, curve(across, upper)], 1),
        np.stack([across, curve(across, lower)], 1)[::-1],
    ])  # fmt: skip
    cv2.fillPoly(picture, [np.rint((ring + MARGIN) * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def painted(opening: float) -> UInt8Array:
    """Skin with its grain, red lips, and teeth in an opening below the corners."""
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    shape(picture, -LIP, opening + LIP, RED)
    if opening:
        shape(picture, 0, opening, WHITE)
    grain = np.random.default_rng(3).normal(0, 5, (SIDE, SIDE, 1))
    return np.asarray((picture + grain).clip(0, 255), np.uint8)


def test_lips_that_show_teeth_are_found_where_they_are() -> None:
    marks = seen_by_the_reader(-LIP, 16 + LIP)
    found = with_true_lips(painted(16), marks).marks
    for lip, height in (("upper", 0.0), ("lower", 16.0)):
        for at in INNER[1:4]:
            mark = found[f"lip_{lip}_in_{at}"]
            assert abs(mark.y - float(curve(mark.x, height))) < 2.0
    assert found["mouth_left"] == marks.marks["mouth_left"]


def test_shut_lips_and_marks_set_by_hand_are_believed() -> None:
    shut = seen_by_the_reader(-LIP, LIP)
    assert teeth_between(painted(0), shut) is None
    assert with_true_lips(painted(0), shut) is shut
    hand = seen_by_the_reader(-LIP, 16 + LIP, by="hand")
    assert with_true_lips(painted(16), hand) is hand
    few = Landmarks({"chin": Mark(256, 380)}, (512, 512))
    assert with_true_lips(painted(16), few) is few


def drawn(inked: bool) -> UInt8Array:
    """A plain face whose mouth, of one colour, hangs 10 pixels below where the reader sees it."""
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    middle = (round(X) + MARGIN, round(Y) + 10 + MARGIN)
    cv2.ellipse(picture, middle, (22, 11), 0, 0, 360, PINK, -1, cv2.LINE_AA)
    if inked:
        cv2.ellipse(picture, middle, (22, 11), 0, 0, 360, INK, 2, cv2.LINE_AA)
    return picture


def test_a_drawn_open_mouth_is_its_outline() -> None:
    marks = seen_by_the_reader(-LIP, LIP)
    found = with_true_lips(drawn(True), marks).marks
    assert abs(found["mouth_right"].x - (X - 23)) < 2
    assert abs(found["mouth_left"].x - (X + 23)) < 2
    assert abs(found["lip_upper_mid"].y - (Y - 2)) < 2
    assert abs(found["lip_lower_mid"].y - (Y + 22)) < 2
    assert 16 < found["lip_lower_in_mid"].y - found["lip_upper_in_mid"].y < 24
    # coloured lips have no line around them, and are no opening
    assert drawn_opening(drawn(False), marks) is None
    assert with_true_lips(drawn(False), marks) is marks


def laughing(model: FaceModel) -> FaceFit:
    """A fit to the mean face with its mouth open, wide in the middle."""
    points = model.mean_N3.astype(np.float64)
    for name, value in {"jawOpen": 0.45, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3}.items():
        points = points + value * model.base(name)
    places = camera.project(points + np.array([0.0, 0.3, -camera.DISTANCE])).astype(np.float32)
    named = zip(model.landmarks, model.at_landmarks(places), strict=True)
    marks = {name: Mark(float(x), float(y), "hand") for name, (x, y) in named}
    return fit_face(model, Landmarks(marks, (512, 512)))


def test_wide_open_lips_meet_along_their_line_and_the_chin_hardly_moves(model: FaceModel) -> None:
    fit = laughing(model)
    gap = lip_gap(model, fit.places_N2)
    assert gap > 12
    closing = closing_of(model, fit)
    assert closing is not None
    before = model.at_landmarks(fit.places_N2)
    after = model.at_landmarks(camera.project(fit.points_N3 + closing).astype(np.float32))
    row = model.landmarks.index
    for at in INNER[1:4]:
        left = after[row(f"lip_lower_in_{at}"), 1] - after[row(f"lip_upper_in_{at}"), 1]
        assert abs(float(left)) < 0.15 * gap
    moved = np.linalg.norm(after - before, axis=1)
    assert moved[row("chin")] < 0.45 * moved[row("lip_lower_in_mid")]


def test_own_teeth_keep_to_the_skull_when_the_mouth_opens_further(model: FaceModel) -> None:
    fit = laughing(model)
    places = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    middle = (places["lip_upper_in_mid"] + places["lip_lower_in_mid"]) / 2
    corner = (round(float(middle[0])) - 48, round(float(middle[1])) - 40)
    between = between_lips(model, fit, corner)
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    window = picture[corner[1] + MARGIN :, corner[0] + MARGIN :][:96, :96]
    window[between > 0.5] = WHITE
    face = Face(picture, Landmarks({}, (512, 512)), fit)
    jaws = np.array([0.0, 0.3, 1.0], np.float32)
    lent = np.full((3, 96, 96, 3), (20, 20, 90), np.uint8)  # BGR: deep red
    arrays = {
        "mouth": np.array(corner),
        "mouth_jaw": jaws,
        "mouth_colour": encode(lent.reshape(-1, 96, 3)),
    }
    made = with_portraits_inside(model, face, arrays, between, 40.0, False)
    bgr = cv2.imdecode(made["mouth_colour"], cv2.IMREAD_COLOR)
    assert bgr is not None
    rows = np.flatnonzero(between[:, 48] > 0.5)
    for tile in bgr.reshape(-1, 96, 96, 3):
        assert tile[rows[2] : rows[-3], 48].min() > 200
        assert tile[rows[-1] + 4 : rows[-1] + 9, 48, 2].max() < 110
    assert with_portraits_inside(model, face, arrays, np.zeros_like(between), 40.0, False) == {}
    assert with_portraits_inside(model, face, {}, between, 40.0, False) == {}
    flat = with_portraits_inside(model, face, arrays, between, 40.0, True)
    plain = cv2.imdecode(flat["mouth_colour"], cv2.IMREAD_COLOR)
    assert plain is not None
    assert plain[96 : 2 * 96][:, 30:66].min() > 200  # its own colour, all over
