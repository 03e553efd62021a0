"""The face model, its fit to points, and the warp: with heads made from the model itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, PersonareError
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import HEAD, framed
from inference.face_grids import MARGIN
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_points import FEWEST, MINIMAL, Landmarks, Mark, read_landmarks
from inference.face_raster import look
from inference.face_warp import fit_warp

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SIZE = (512, 512)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def head(model: FaceModel, yaw: float = 0.15, seed: int = 3) -> np.ndarray:
    """Somebody before the camera, within the model's range."""
    who = np.random.default_rng(seed).normal(0, 0.8, len(model.shapes_KN3)).astype(np.float32)
    turned = model.head(who) @ camera.rotation([0.05, yaw, 0.02]).T
    return turned + np.array([0.0, 0.3, -camera.DISTANCE])


def marks_of(model: FaceModel, points: np.ndarray, by: str = "network") -> Landmarks:
    places = model.at_landmarks(camera.project(points).astype(np.float32))
    named = zip(model.landmarks, places, strict=True)
    return Landmarks({n: Mark(float(x), float(y), by) for n, (x, y) in named}, SIZE)  # type: ignore[arg-type]


def face_error(model: FaceModel, fit: FaceFit, points: np.ndarray) -> float:
    face = model.region("face", "lips", "lids")
    miss = fit.places_N2[face] - camera.project(points)[face]
    return float(np.linalg.norm(miss, axis=1).mean())


def test_a_head_is_recovered_from_its_points(model: FaceModel) -> None:
    points = head(model)
    fit = fit_face(model, marks_of(model, points))
    assert face_error(model, fit, points) < 0.6
    yaw, pitch, roll = fit.angles
    assert np.allclose([yaw, pitch, roll], [0.15, -0.05, -0.02], atol=0.02)
    assert fit.dropped == ()


def test_wrong_points_do_not_bend_the_face(model: FaceModel) -> None:
    points = head(model)
    rng = np.random.default_rng(0)
    given = marks_of(model, points)
    names = list(rng.choice(model.landmarks, 8, replace=False))
    bad = {n: Mark(given.marks[n].x + 35, given.marks[n].y - 30) for n in names}
    kept = {n: m for n, m in given.marks.items() if n in bad or rng.random() < 0.8}
    fit = fit_face(model, Landmarks(kept | bad, SIZE))
    assert set(fit.dropped) == set(names)
    assert face_error(model, fit, points) < 1.2


def test_seven_clicks_are_enough(model: FaceModel) -> None:
    points = head(model, yaw=0.0)
    all_marks = marks_of(model, points, "hand").marks
    fit = fit_face(model, Landmarks({name: all_marks[name] for name in MINIMAL}, SIZE))
    assert face_error(model, fit, points) < 7
    for left_out in (("nose_tip", "crown"), ("chin", "mouth_left"), ("pupil_left", "crown")):
        five = {name: all_marks[name] for name in MINIMAL if name not in left_out}
        assert len(five) == FEWEST
        assert face_error(model, fit_face(model, Landmarks(five, SIZE)), points) < 9


def test_drawn_faces_beyond_the_human_range_are_met(model: FaceModel) -> None:
    points = head(model, yaw=0.0)
    marks = dict(marks_of(model, points, "hand").marks)
    for side, sign in (("left", 1), ("right", -1)):
        centre = marks[f"pupil_{side}"]
        for name in [n for n in marks if n.startswith(f"eye_{side}")]:  # eyes twice as large
            mark = marks[name]
            place = (2 * mark.x - centre.x + sign * 6, 2 * mark.y - centre.y)
            marks[name] = Mark(*place, "hand")
    fit = fit_face(model, Landmarks(marks, SIZE))
    found = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    eyes = [n for n in marks if n.startswith("eye_")]
    missed = [np.hypot(found[n][0] - marks[n].x, found[n][1] - marks[n].y) for n in eyes]
    assert max(missed) < 1.5
    lids_shut(model, fit)


def lids_shut(model: FaceModel, fit: FaceFit) -> None:
    """At eyeBlink 1.0 the lids' gap is gone, and they pass each other but little."""
    for side in ("Left", "Right"):
        row = int(np.flatnonzero(model.base_index_L == MOTION_INDEX[f"eyeBlink{side}"])[0])
        marks = model.at_landmarks(
            camera.project(fit.points_N3 + fit.bases_LN3[row]).astype(np.float32)
        )
        gaps = [
            marks[model.landmarks.index(f"eye_{side.lower()}_lower_{k}"), 1]
            - marks[model.landmarks.index(f"eye_{side.lower()}_upper_{k}"), 1]
            for k in range(1, 5)
        ]
        assert -4.5 < float(np.mean(gaps)) < 0.5


def test_points_that_are_no_face_are_refused(model: FaceModel) -> None:
    good = marks_of(model, head(model)).marks

    def refused(marks: dict[str, Mark], words: str) -> None:
        with pytest.raises(PersonareError, match=words) as caught:
            fit_face(model, Landmarks(marks, SIZE))
        assert caught.value.remedy

    refused({n: good[n] for n in MINIMAL[:4]}, "at least 5 points; 4 are usable")
    refused({n: Mark(float("nan"), m.y) for n, m in good.items()}, "0 are usable")
    refused({n: Mark(100 + i, 100 + 2 * i) for i, n in enumerate(good)}, "one line")
    refused({n: Mark(m.x + 400, m.y) for n, m in good.items()}, "out of the picture")
    refused({n: Mark(511 - m.x, m.y) for n, m in good.items()}, "swapped")
    rng = np.random.default_rng(1)
    torn = {n: Mark(*rng.uniform(0, 512, 2)) for n in good}
    for part in ("pupil", "mouth"):
        torn[f"{part}_left"], torn[f"{part}_right"] = Mark(400, 200), Mark(100, 200)
    torn["eye_left_outer"], torn["eye_right_outer"] = Mark(440, 200), Mark(60, 200)
    refused(torn, "do not lie like those of a face|too far aside")
    refused(marks_of(model, head(model, yaw=0.95)).marks, "too far aside")


def test_a_picture_is_brought_upright_into_the_frame(model: FaceModel) -> None:
    points = head(model, yaw=0.0)
    given = marks_of(model, points)
    turn = np.array([[1.4, -0.5, 300.0], [0.5, 1.4, 100.0]])
    there = given.moved(turn.astype(np.float32), (1300, 1200))
    picture = np.full((1200, 1300, 4), 255, np.uint8)
    x, y = there.marks["pupil_left"].x, there.marks["pupil_left"].y
    picture[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7, :3] = 0
    placed = framed(model, picture, there)
    assert placed.picture.shape == (512 + 2 * MARGIN, 512 + 2 * MARGIN, 4)
    left, right = placed.landmarks.marks["pupil_left"], placed.landmarks.marks["pupil_right"]
    assert abs(left.y - right.y) < 3
    row, column = np.argwhere(placed.picture[..., 0] < 100).mean(0) - MARGIN
    assert abs(row - left.y) < 1
    assert abs(column - left.x) < 1
    fit = fit_face(model, placed.landmarks)
    rows = fit.places_N2[model.region("scalp", "face"), 1]
    assert abs(np.ptp(rows) / 512 - HEAD) < 0.03
    with pytest.raises(PersonareError, match="too small"):
        framed(model, picture, given.moved(np.array([[0.2, 0, 9], [0, 0.2, 9]], np.float32), SIZE))
    with pytest.raises(PersonareError, match="out of the picture"):
        framed(model, picture[:, :420], there)


def test_landmark_files_are_read_and_checked(model: FaceModel, tmp_path: Path) -> None:
    path = tmp_path / "landmarks.json"
    points = {"chin": [10, 20.5], "nose_tip": {"x": 1, "y": 2, "by": "network", "confidence": 0.5}}
    path.write_text(json.dumps({"format_version": 1, "size": [640, 480], "points": points}))
    read = read_landmarks(path, model.landmarks)
    assert read.size == (640, 480)
    assert read.marks["chin"] == Mark(10, 20.5, "hand")
    assert read.marks["nose_tip"] == Mark(1, 2, "network", 0.5)
    path.write_text(read.nudged({"chin": (11, 21)}).text())
    assert read_landmarks(path, model.landmarks).marks["chin"] == Mark(11, 21, "hand")
    for text, words in (
        ("{", "damaged"),
        (json.dumps({"format_version": 2}), "version 2"),
        (json.dumps({"format_version": 1, "size": [1, 1], "points": {"chin": [1]}}), "damaged"),
        ('{"format_version": 1, "size": [9, 9], "points": {"chin": [NaN, 1]}}', "damaged"),
        (json.dumps({"format_version": 1, "size": [9, 9], "points": {"elbow": [1, 1]}}), "elbow"),
    ):
        path.write_text(text)
        with pytest.raises(PersonareError, match=words):
            read_landmarks(path, model.landmarks)
    with pytest.raises(PersonareError, match="no landmarks at"):
        read_landmarks(tmp_path / "none.json", model.landmarks)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    for content in (b"no archive", MODEL.read_bytes()[:5000]):
        path = tmp_path / f"{len(content)}.npz"
        path.write_bytes(content)
        with pytest.raises(PersonareError, match="damaged"):
            load_face_model(path)
    with pytest.raises(PersonareError, match="missing"):
        load_face_model(tmp_path / "none.npz")


def test_the_mesh_hides_what_lies_behind() -> None:
    places = np.array([[10, 10], [10, 50], [50, 10], [20, 20], [20, 60], [60, 20]], np.float32)
    depth = np.array([5, 5, 5, 3, 3, 3], np.float32)
    seen = look(places, depth, np.array([[0, 1, 2], [3, 4, 5]]), 64)
    value = seen.read(depth[:, None])[..., 0]
    assert value[12, 12] == pytest.approx(5)
    assert value[24, 24] == pytest.approx(3)
    assert value[2, 2] == 0
    turned_away = look(places, depth, np.array([[0, 2, 1]]), 64)
    assert not turned_away.known_HW.any()


def test_the_warp_meets_its_marks_and_ends() -> None:
    place = np.array([[100, 100], [200, 100], [150, 200]], np.float32)
    miss = np.array([[9, 0], [0, -7], [4, 4]], np.float32)
    warp = fit_warp(place, miss, np.full(3, 0.1, np.float32), 200.0)
    assert np.allclose(warp(place), miss, atol=0.1)
    assert np.abs(warp(np.array([[600, 600]], np.float32))).max() == 0
    noise = fit_warp(place, miss * 0.1, np.full(3, 3.0, np.float32), 200.0)
    assert np.abs(noise(place)).max() < 0.1
