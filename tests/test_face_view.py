"""How a person stands to the camera, read from points: axes, pivot, reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, PersonareError
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import framed
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_points import Landmarks, Mark, read_landmarks
from inference.face_view import GROUPS, TARGETS, features, group_of, view_of, with_own_reach
from training.face_model.turns import misses
from training.face_model.views import MOVES, TURNS, Sample, law, read, row
from training.rig.pose import turn_head

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SIZE = (512, 512)
EMPTY = np.zeros((512, 512, 4), np.uint8)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def head(model: FaceModel, nod: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """The mean face, nodding up by an angle, then rolled (radians)."""
    turn = camera.rotation([0.0, 0.0, -roll]) @ camera.rotation([-nod, 0.0, 0.0])
    return model.mean_N3 @ turn.T + np.array([0.0, 0.3, -camera.DISTANCE])


def marks_of(model: FaceModel, points: np.ndarray) -> Landmarks:
    places = model.at_landmarks(camera.project(points).astype(np.float32))
    named = zip(model.landmarks, places, strict=True)
    return Landmarks({n: Mark(float(x), float(y)) for n, (x, y) in named}, SIZE)


def fit_of(model: FaceModel, nod: float = 0.0) -> FaceFit:
    return fit_face(model, marks_of(model, head(model, nod)), moves=("mouthSmileLeft", "jawOpen"))


def test_the_room_is_seen_by_the_same_camera(model: FaceModel) -> None:
    fit = fit_of(model, 0.1)
    view = view_of(model, fit, 0.2)
    room = np.concatenate([view.room(fit.points_N3), np.ones((len(fit.points_N3), 1))], 1)
    seen = room @ view.camera().T
    assert np.allclose(seen[:, :2] / seen[:, 2:], fit.places_N2, atol=0.01)
    assert np.allclose(view.axes_33 @ view.axes_33.T, np.eye(3), atol=1e-5)


def test_without_a_law_the_camera_is_level(model: FaceModel) -> None:
    fit = fit_of(model)
    view = view_of(replace(model, view_law=None), fit)
    assert np.allclose(view.camera(), camera.camera())
    assert np.allclose(view.pivot_3, fit.points_N3[model.pivot])


def test_a_face_looking_up_is_seen_from_below_in_part(model: FaceModel) -> None:
    """A nod and a camera's height look alike; the law shares them."""
    up, down = (view_of(model, fit_of(model, nod)).axes_33[2, 1] for nod in (0.15, -0.15))
    assert 0.05 < abs(up - down) < 0.30
    assert up < down  # seen from below, the room's vertical leans away at its top


def test_the_vertical_is_the_pictures(model: FaceModel) -> None:
    """A head on a tilted shoulder is framed upright, and turns about the picture's vertical."""
    level = framed(model, EMPTY, marks_of(model, head(model)))
    leaning = framed(model, EMPTY, marks_of(model, head(model, roll=0.2)))
    assert abs(leaning.landmarks.roll - level.landmarks.roll + 0.2) < 0.03
    fit = fit_face(model, leaning.landmarks, moves=())
    vertical = view_of(model, fit, leaning.landmarks.roll).axes_33[:, 1]
    in_picture = leaning.matrix_23[:, :2] @ np.array([0.0, -1.0])
    assert np.degrees(np.arctan2(vertical[0], vertical[1])) == pytest.approx(
        np.degrees(np.arctan2(in_picture[0], -in_picture[1])), abs=0.5
    )


def test_the_neck_stays_where_necks_are(model: FaceModel) -> None:
    """On the model's own mean face the law's pivot is near the model's."""
    fit = fit_of(model)
    off = view_of(model, fit).pivot_3 - fit.points_N3[model.pivot]
    assert np.abs(off).max() < 0.25


def test_what_a_face_does_already_it_cannot_do_again(model: FaceModel) -> None:
    plain = replace(fit_of(model), expression_D=np.zeros_like(fit_of(model).expression_D))
    smiling = plain.expression_D.copy()
    smiling[MOTION_INDEX["mouthSmileLeft"]] = 0.5
    half = with_own_reach(model, replace(plain, expression_D=smiling))
    whole = with_own_reach(model, plain)

    def size(fit: FaceFit, name: str) -> float:
        return float(np.abs(fit.bases_LN3[model.base_index_L == MOTION_INDEX[name]]).max())

    assert size(half, "mouthSmileLeft") == pytest.approx(0.5 * size(whole, "mouthSmileLeft"))
    assert size(half, "jawOpen") == pytest.approx(size(whole, "jawOpen"))
    assert 0.7 < size(whole, "jawOpen") / size(plain, "jawOpen") < 1.3


def test_groups_of_motions() -> None:
    assert group_of("mouthClose") == "jaw"  # it takes back what the jaw does
    assert group_of("mouthPucker") == "mouth"
    assert group_of("eyeBlinkLeft") is None


def test_roll_is_kept_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.json"
    path.write_text(Landmarks({"chin": Mark(1, 2)}, SIZE, 0.125).text())
    assert read_landmarks(path, ["chin"]).roll == 0.125
    path.write_text(path.read_text().replace("0.125", "NaN"))
    with pytest.raises(PersonareError, match="roll"):
        read_landmarks(path, ["chin"])


def test_a_law_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with np.load(MODEL, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    arrays["view_offset"] = arrays["view_offset"][:-1]
    path = tmp_path / FILE
    np.savez(path, **arrays)
    with pytest.raises(PersonareError, match="view"):
        load_face_model(path)


def test_the_law_is_found_again(model: FaceModel) -> None:
    """Ridge regression on made-up features gives back the rule that made the targets."""
    rng = np.random.default_rng(1)
    seen = rng.normal(3, 2, (4000, 12))
    rule = rng.normal(0, 1, (12, len(TARGETS)))
    told = seen @ rule + 5
    found = law(seen, told)
    usual = (seen - found["view_mean"]) / found["view_spread"]
    again = found["view_offset"] + usual @ found["view_weights"]
    assert (again - told).std() < 0.05 * told.std()


def test_a_sample_becomes_a_row(model: FaceModel, tmp_path: Path) -> None:
    """A shard's sample: gains are 1 where the figure moves as the fit expects."""
    names = list(model.landmarks)
    rest = head(model)
    places = model.at_landmarks(camera.project(rest).astype(np.float32))
    moved = []
    for amounts in MOVES.values():
        points = rest + sum(model.base(name) * amount for name, amount in amounts.items())
        moved.append(model.at_landmarks(camera.project(points).astype(np.float32)))
    pivot = np.append(camera.project(rest[model.pivot][None])[0], 90.0).astype(np.float32)
    turned = np.repeat(places[None], len(TURNS), 0)
    angles = np.array([0.1, 0.0], np.float32)
    one = Sample(places, angles, pivot, np.stack(moved), turned)
    path = tmp_path / "views-train-photo-00000.npz"
    np.savez(path, names=np.array(names), points=[one.points], angles=[one.angles],
             pivot=[one.pivot], moved=[one.moved], turned=[one.turned])  # fmt: skip
    ((marks, again),) = read(path)
    seen, told = row(model, marks, again)
    assert seen.shape == features(model, fit_of(model)).shape
    assert told[0] == pytest.approx(0.1)
    assert np.allclose(told[-len(GROUPS) :], 1, atol=0.12)
    scaled = replace(again, moved=again.points + 0.7 * (again.moved - again.points))
    assert np.allclose(row(model, marks, scaled)[1][-3:], told[-3:] * 0.7, atol=0.02)


def test_turns_of_the_models_own_head_are_met(model: FaceModel) -> None:
    """Points that turn about the model's pivot before a level camera are met without a law."""
    rest = head(model)
    weight = model.head_weight_N
    turned = []
    for yaw, pitch, roll in TURNS:
        motion = np.zeros(61, np.float32)
        motion[52:55] = np.radians([yaw, pitch, roll])
        moved = turn_head(rest.astype(np.float32), weight, motion, rest[model.pivot], 1.0)
        turned.append(model.at_landmarks(camera.project(moved).astype(np.float32)))
    places = model.at_landmarks(camera.project(rest).astype(np.float32))
    nothing = np.zeros(3, np.float32)
    wanted = Sample(places, nothing[:2], nothing, np.stack(turned[:3]), np.stack(turned))
    found = np.array(misses(replace(model, view_law=None), marks_of(model, rest), wanted))
    assert found.shape == (len(TURNS), 2)
    assert found.max() < 1.3  # the fit itself
    off = replace(wanted, turned=wanted.turned + 5)
    assert np.array(misses(model, marks_of(model, rest), off)).min() > 3
