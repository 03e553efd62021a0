"""Eyes, parted lips and guessed parts of imported pictures, on faces painted from the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array
from inference.face_eyes import eye_arrays
from inference.face_fit import FaceFit, fit_face
from inference.face_grids import MARGIN
from inference.face_layers import MASKS, SIDE, LayerPicture
from inference.face_lips import (
    APART,
    between_lips,
    closing_of,
    lip_gap,
    own_teeth,
    with_lips_that_close,
)
from inference.face_masks import guessed_masks
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_mouth import eye_white
from inference.face_points import Landmarks, Mark
from inference.face_raster import look
from inference.frame_generator_eyes import EyeBank, read_eyes

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SKIN, WHITE, IRIS = (200, 160, 140), (240, 240, 240), (60, 40, 30)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def standing(model: FaceModel, eyes: float = 1.0, **values: float) -> Landmarks:
    """The mean face's marks with an expression, its eyes so many times as high."""
    points = model.mean_N3.astype(np.float64)
    for name, value in values.items():
        points = points + value * model.base(name)
    points = points + np.array([0.0, 0.3, -camera.DISTANCE])
    places = model.at_landmarks(camera.project(points).astype(np.float32))
    marks = dict(zip(model.landmarks, places, strict=True))
    for side in ("left", "right"):
        middle = float(marks[f"pupil_{side}"][1])
        for name, place in marks.items():
            if name.startswith(f"eye_{side}"):
                place[1] = middle + eyes * (place[1] - middle)
    return Landmarks(
        {n: Mark(float(x), float(y), "hand") for n, (x, y) in marks.items()}, (512, 512)
    )


def painted(model: FaceModel, given: Landmarks, radius: float) -> LayerPicture:
    """A head's layer: skin everywhere, two eyes where the marks have them."""
    rgba = np.full((SIDE, SIDE, 4), (*SKIN, 255), np.uint8)
    for side in ("left", "right"):
        ring = np.array(
            [
                [m.x + MARGIN, m.y + MARGIN]
                for n, m in given.marks.items()
                if n.startswith(f"eye_{side}")
            ]
        )
        hull = cv2.convexHull(np.rint(ring).astype(np.int32))
        opening = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillConvexPoly(opening, hull, 1)
        pupil = given.marks[f"pupil_{side}"]
        rows, columns = np.mgrid[:SIDE, :SIDE] - MARGIN
        iris = np.hypot(columns - pupil.x, rows - pupil.y) < radius
        rgba[opening > 0, :3] = WHITE
        rgba[(opening > 0) & iris, :3] = IRIS
    return LayerPicture("head", rgba)


def bank_of(model: FaceModel, eyes: float = 1.0, radius: float = 6.5) -> tuple[EyeBank, Any]:
    given = standing(model, eyes)
    head = painted(model, given, radius)
    bank = read_eyes(eye_arrays(model, fit_face(model, given), head))
    assert bank is not None
    return bank, head


def motion(**values: float) -> Float32Array:
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        out[MOTION_INDEX[name]] = value
    return out


def cut(head: LayerPicture, bank: EyeBank, side: int) -> Any:
    x, y = (v + MARGIN for v in bank.eyes[side].corner)
    height, width = bank.eyes[side].mask.shape
    return head.rgba[y : y + height, x : x + width, :3].astype(int)


@pytest.fixture(scope="module")
def person(model: FaceModel) -> tuple[EyeBank, Any]:
    return bank_of(model)


def test_eyes_at_rest_are_the_picture_s(person: tuple[EyeBank, Any]) -> None:
    bank, head = person
    for side in range(2):
        away = np.abs(bank.picture(motion(), side).astype(int) - cut(head, bank, side))
        assert away.max() <= 3


def test_shut_eyes_show_nothing_of_the_ball(person: tuple[EyeBank, Any]) -> None:
    bank, _ = person
    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        half = bank.picture(motion(**{name: 0.5}), side).astype(int)
        shut = bank.picture(motion(**{name: 1.0}), side).astype(int)
        used = bank.eyes[side].mask > 128
        dark = [(np.abs(each[used] - SKIN).max(1) > 60).sum() for each in (half, shut)]
        assert dark[0] > 40
        assert dark[1] < 25  # no more than a line where the lids meet
        rows = np.abs(shut - SKIN).max(2) > 60
        assert rows.sum(0).mean() < 1.0  # pixels of gap


def test_irises_look_where_they_are_told(person: tuple[EyeBank, Any]) -> None:
    bank, _ = person

    def middle(side: int, **values: float) -> Any:
        dark = bank.picture(motion(**values), side).astype(int).mean(2) < 90
        return np.argwhere(dark).mean(0)

    left = {"eyeLookOutLeft": 0.6, "eyeLookInRight": 0.6}
    for side in range(2):
        moved = middle(side, **left) - middle(side)
        assert 1.7 < moved[1] < 8  # to the person's left: to the right of the picture
        assert abs(moved[0]) < 1.5
    assert bank.painted


def test_large_eyes_get_large_windows(model: FaceModel) -> None:
    small, _ = bank_of(model)
    bank, head = bank_of(model, eyes=3.0, radius=12.0)
    assert bank.imported
    assert bank.eyes[0].mask.shape[0] > small.eyes[0].mask.shape[0] + 20
    shut = bank.picture(motion(eyeBlinkLeft=1.0), 0).astype(int)
    rows = (np.abs(shut - SKIN).max(2) > 60) & (bank.eyes[0].mask > 128)
    assert rows.sum(0).mean() < 1.5
    assert np.abs(bank.picture(motion(), 0).astype(int) - cut(head, bank, 0)).max() <= 3


def test_parted_lips_close(model: FaceModel) -> None:
    shut = fit_face(model, standing(model))
    assert closing_of(model, shut) is None
    assert with_lips_that_close(model, shut) is shut
    smile = {"jawOpen": 0.12, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4,
             "mouthLowerDownLeft": 0.4, "mouthLowerDownRight": 0.4}  # fmt: skip
    fit = fit_face(model, standing(model, **smile))
    before = lip_gap(model, fit.places_N2)
    assert before > 2 * APART
    closed = with_lips_that_close(model, fit)
    assert -3.0 < _gap_of_p(model, closed) < 0.7  # pressed lips overlap
    assert _gap_of_p(model, fit) > before / 2  # without it a p leaves them open
    assert np.array_equal(closed.points_N3, fit.points_N3)  # rest stays as the picture


def _gap_of_p(model: FaceModel, fit: FaceFit) -> float:
    """Pixels between the lips at a p."""
    press = {"mouthPressLeft": 0.4, "mouthPressRight": 0.4, "mouthRollLower": 0.35,
             "mouthRollUpper": 0.25}  # fmt: skip
    points = fit.points_N3.copy()
    for name, value in press.items():
        row = np.flatnonzero(model.base_index_L == MOTION_INDEX[name])[0]
        points += value * fit.bases_LN3[row]
    return lip_gap(model, camera.project(points))


def test_the_picture_s_own_teeth_stay(model: FaceModel) -> None:
    from inference.face_grids import encode

    fit = fit_face(model, standing(model, jawOpen=0.2))
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    middle = (marks["lip_upper_in_mid"] + marks["lip_lower_in_mid"]) / 2
    corner = (round(float(middle[0])) - 48, round(float(middle[1])) - 32)
    between = between_lips(model, fit, corner)
    assert between[32, 48] == 1
    assert 100 < between.sum() < 1500
    portrait = np.full((512, 512, 4), 255, np.uint8)
    arrays: dict[str, Any] = {
        "mouth": np.array(corner),
        "upper_lip_share": encode(np.full((96, 96), 255, np.uint8)),
        "lower_lip_share": encode(np.full((96, 96), 255, np.uint8)),
        "mouth_colour": encode(np.zeros((2 * 96, 96, 3), np.uint8)),
    }
    out = own_teeth(arrays, portrait, between)
    share = cv2.imdecode(out["upper_lip_share"], cv2.IMREAD_GRAYSCALE)
    assert share is not None
    assert share[32, 48] == 0
    assert share[2, 2] == 255
    tiles = cv2.imdecode(out["mouth_colour"], cv2.IMREAD_COLOR)
    assert tiles is not None
    assert tiles[32, 48].min() > 200
    assert tiles[96 + 32, 48].min() > 200
    assert tiles[2, 2].max() == 0
    assert own_teeth(arrays, portrait, np.zeros_like(between)) == {}


def test_the_white_of_the_eyes_tells_the_light() -> None:
    view = np.full((512, 512, 4), (150, 110, 95, 255), np.uint8)
    arrays = {"eye_left": np.array([280, 200]), "eye_right": np.array([170, 200])}
    for x, y in arrays.values():
        view[y + 18 : y + 30, x + 16 : x + 48] = (160, 160, 165, 255)
        view[y + 19 : y + 29, x + 26 : x + 38] = (40, 30, 25, 255)
    assert np.allclose(eye_white(view, arrays), (160, 160, 165), atol=4)
    dim = view.copy()
    dim[..., :3] //= 2
    assert np.allclose(eye_white(dim, arrays), (80, 80, 82), atol=4)
    assert eye_white(np.zeros_like(view), arrays).tolist() == [200, 200, 200]  # nothing to be seen


def test_guessed_parts_of_a_plain_picture(model: FaceModel) -> None:
    fit = fit_face(model, standing(model))
    seen = look(fit.places_N2 + MARGIN, -fit.points_N3[:, 2], model.triangles_F3, SIDE)
    groups = (("face", "lips", "lids", "inside", "ears", "neck"), ("scalp",), ("bust",))
    where = np.stack([model.region(*names) for names in groups], 1).astype(np.float32)
    skin, scalp, bust = (part > 0.5 for part in np.moveaxis(seen.read(where), 2, 0))
    hair = cv2.dilate(scalp.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    rng = np.random.default_rng(2)
    picture = np.empty((SIDE, SIDE, 4), np.uint8)
    picture[:] = (120, 170, 210, 255)
    picture[hair] = (50, 35, 25, 255)
    picture[skin] = (*SKIN, 255)
    picture[bust] = (40, 90, 60, 255)
    picture[..., :3] = np.clip(picture[..., :3] + rng.normal(0, 2, (SIDE, SIDE, 3)), 0, 255)
    found = guessed_masks(model, fit, picture)
    assert set(found) == set(MASKS)
    total = np.sum(list(found.values()), axis=0)
    assert float(np.min(total)) >= 0
    assert float(np.max(total)) < 1.01
    nose = [round(float(v)) + MARGIN for v in fit.places_N2[model.region("face")].mean(0)]
    assert found["skin"][nose[1], nose[0]] > 0.95
    far = np.s_[:40, :60]
    assert float(total[far].mean()) < 0.05  # the background is nobody's
    inner = cv2.erode(bust.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert float(found["clothes"][inner].mean()) > 0.7
    top = cv2.erode((hair & ~skin).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert float((found["hair_front"] + found["hair_back"])[top].mean()) > 0.8
