"""What masks call by a wrong name, and what may look out behind a turned head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference import face_camera as camera
from inference import face_geometry
from inference.contract import Float32Array, UInt8Array
from inference.face_fit import FaceFit, fit_face
from inference.face_grids import MARGIN
from inference.face_layers import MASKS, LayerPicture
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_neck import TUCKED, neck_of
from inference.face_parts import put_right
from inference.face_points import Landmarks, Mark

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SKIN, WHITE, HAIR, SHIRT = (205, 160, 140), (240, 242, 245), (70, 50, 40), (60, 120, 60)
SIDE, CHIN = 200, (100, 120)
LOW = np.arange(SIDE)[:, None] > 105


@dataclass
class Bust:
    """A face (rows 30 to 120), a neck below it and a shirt from row 150 on."""

    picture: UInt8Array
    share: dict[str, Float32Array]
    face: NDArray[np.bool_]
    ears: NDArray[np.bool_]

    def put_right(self) -> dict[str, Float32Array]:
        put_right(self.share, self.picture, self.face, self.ears, CHIN, LOW)
        total = sum(self.share.values())
        assert np.allclose(total, self.person, atol=1e-4)  # nothing is lost
        return self.share

    @property
    def person(self) -> Any:
        return (self.picture != 190).any(2).astype(np.float32)

    def called(self, part: tuple[slice, slice], colour: tuple[int, int, int], name: str) -> None:
        self.picture[part] = colour
        for each in self.share:
            self.share[each][part] = each == name


@pytest.fixture
def bust() -> Bust:
    share = {name: np.zeros((SIDE, SIDE), np.float32) for name in MASKS}
    face, ears = np.zeros((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    out = Bust(np.full((SIDE, SIDE, 3), 190, np.uint8), share, face, ears)
    face[30:121, 60:140] = True
    ears[70:95, 52:60] = True
    out.called((slice(30, 121), slice(60, 140)), SKIN, "skin")
    out.called((slice(121, 150), slice(75, 125)), SKIN, "skin")
    out.called((slice(70, 95), slice(52, 60)), SKIN, "skin")
    out.called((slice(150, 200), slice(20, 180)), SHIRT, "clothes")
    out.called((slice(10, 30), slice(50, 150)), HAIR, "hair_front")
    return out


def test_a_white_collar_called_skin_is_clothes(bust: Bust) -> None:
    collar = (slice(128, 150), slice(75, 125))
    bust.called(collar, WHITE, "skin")
    share = bust.put_right()
    inner = (slice(131, 147), slice(78, 122))
    assert share["clothes"][inner].min() > 0.9
    assert share["skin"][30:120, 61:139].min() > 0.95


def test_a_beard_over_the_chin_and_a_shadow_below_it_stay_skin(bust: Bust) -> None:
    bust.called((slice(100, 140), slice(80, 120)), WHITE, "skin")
    assert bust.put_right()["skin"][100:140, 80:120].min() > 0.9
    dark = (slice(121, 140), slice(75, 125))
    bust.called((slice(100, 121), slice(80, 120)), SKIN, "skin")
    bust.called(dark, (70, 52, 46), "skin")
    assert bust.put_right()["skin"][123:138, 82:118].min() > 0.9


def test_the_rim_of_an_ear_is_no_hair_and_hair_over_it_is(bust: Bust) -> None:
    rim = (slice(70, 95), slice(52, 54))
    bust.called(rim, SKIN, "hair_front")
    lock = (slice(70, 95), slice(58, 60))
    bust.called(lock, HAIR, "hair_front")
    share = bust.put_right()
    assert share["skin"][rim].min() > 0.6
    assert share["hair_front"][lock].min() > 0.9


def test_tufts_in_the_clothes_are_clothes_and_a_lock_hangs_from_the_head(bust: Bust) -> None:
    tuft, lock = (slice(165, 180), slice(60, 75)), (slice(30, 180), slice(142, 158))
    bust.called(tuft, HAIR, "hair_front")
    bust.called(lock, HAIR, "hair_front")
    share = bust.put_right()
    assert share["clothes"][tuft].min() > 0.95
    assert share["hair_front"][lock].min() > 0.95


def test_cloth_called_hair_is_cloth(bust: Bust) -> None:
    lock, shoulder = (slice(30, 150), slice(142, 158)), (slice(150, 185), slice(130, 170))
    bust.called(lock, HAIR, "hair_back")
    bust.called(shoulder, SHIRT, "hair_back")
    share = bust.put_right()
    assert share["clothes"][158:180, 138:162].min() > 0.9
    assert share["hair_back"][30:140, 142:158].min() > 0.9


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def _turned(model: FaceModel, degrees: float) -> FaceFit:
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    points = model.mean_N3.astype(np.float64) @ turn.T + np.array([0.0, 0.3, -camera.DISTANCE])
    places = model.at_landmarks(camera.project(points).astype(np.float32))
    marks = zip(model.landmarks, places, strict=True)
    given = {name: Mark(float(x), float(y), "hand") for name, (x, y) in marks}
    return fit_face(model, Landmarks(given, (512, 512)))


def test_behind_a_turned_face_the_neck_ends_inside_the_far_cheek(model: FaceModel) -> None:
    ahead = neck_of(model, _turned(model, 0))
    assert ahead.far_2.max() < 0.1
    fit = _turned(model, 30)
    neck = neck_of(model, fit)
    far = int(neck.far_2.argmax())
    assert neck.far_2[far] > 0.9
    assert neck.far_2[1 - far] < 0.1
    lobe = float(neck.lobes_22[far, 1])
    skin = (model.head_weight_N > 0.9) & (np.abs(fit.places_N2[:, 1] - lobe) < 8)
    columns = fit.places_N2[skin, 0]
    cheek = float(columns.max() if far else columns.min())
    edge = float(neck.edges(np.array([lobe]))[far][0])
    inside = cheek - edge if far else edge - cheek
    assert inside > TUCKED[0] - 8
    alpha = neck.carried(512 + 2 * MARGIN, margin=MARGIN).alpha
    row = alpha[round(lobe) + MARGIN]
    assert row[round(cheek) + MARGIN + (-12 if far else 12)] == 0


def test_both_hair_layers_have_one_outline(model: FaceModel) -> None:
    head = face_geometry._maps(model, _turned(model, 0), 0.3, 1.0)
    seen = cv2.resize(head.seen.known_HW.astype(np.uint8) * 255, (camera.SIZE, camera.SIZE))
    over = np.zeros((camera.SIZE + 2 * MARGIN, camera.SIZE + 2 * MARGIN, 4), np.uint8)
    over[MARGIN:-MARGIN, MARGIN:-MARGIN, 3] = seen
    layers = [LayerPicture(name, over) for name in ("hair_back", "hair_front")]
    depths = face_geometry._hair_depths(head, layers)
    apart = depths["hair_back"] - depths["hair_front"]
    known = head.seen.known_HW.astype(np.uint8)
    rim = (known > 0) & (cv2.erode(known, np.ones((3, 3), np.uint8)) == 0)
    inner = cv2.erode(known, np.ones((55, 55), np.uint8)) > 0
    assert np.percentile(np.abs(apart[rim]), 90) < 0.1
    assert np.median(apart[inner]) > 0.3


def test_hair_lies_still_from_where_it_ends_at_clothes(model: FaceModel) -> None:
    fit = _turned(model, 0)
    head = face_geometry._maps(model, fit, 0.3, 1.0)
    chin = float(model.at_landmarks(fit.places_N2)[model.landmarks.index("chin"), 1])
    end, lock = round(chin) + 30, slice(150 + MARGIN, 170 + MARGIN)
    hair, body = (np.zeros((592, 592, 4), np.uint8) for _ in range(2))
    hair[: end + MARGIN, lock, 3] = 255
    body[end + MARGIN :, :, 3] = 255
    layers = [LayerPicture("hair_front", hair), LayerPicture("body", body)]
    lies = face_geometry._hair_lies(head, layers)
    column, scale = round(160 * head.scale), head.scale
    assert lies[round((end + 1) * scale), column] > 0.97
    assert lies[round((end - face_geometry.FALLS - 2) * scale), column] < 0.03
    assert lies[round((end + 1) * scale), round(400 * scale)] < 0.7  # none ends there
