"""The portrait reader: crops and masks by themselves, and what the bundled networks see."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.characters.importer import Importer, Request
from app.characters.library import CharacterLibrary
from app.cli.characters import portrait_reader
from inference.contract import PersonareError, UInt8Array
from inference.face_layers import MASKS
from inference.portrait_finder import Find, find
from inference.portrait_masks import guided, in_one_piece, parts_of, person_alone, refined
from inference.portrait_place import (
    FaceBox,
    Place,
    crop_matrix,
    cut,
    flattened,
    is_head,
    other_side,
    place_of,
    through,
)
from inference.portrait_reader import NetworkReader

ASSETS = Path(__file__).parent.parent / "assets"
PACKAGE = ASSETS / "models" / "portrait-reader"
CAST = ASSETS / "characters"


def portrait(name: str) -> UInt8Array:
    """A bundled character's portrait, RGBA."""
    picture = cv2.imread(str(CAST / name / "portrait.png"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


@pytest.fixture(scope="module")
def reader() -> NetworkReader:
    return NetworkReader(PACKAGE, threads=1)


# --- parts without a network -------------------------------------------------------------------


def test_a_place_is_found_again() -> None:
    rng = np.random.default_rng(1)
    template = rng.normal(0, 1, (30, 2))
    template -= template.mean(0)
    template /= np.sqrt((template**2).sum(1).mean())
    cos, sin = np.cos(0.4), np.sin(0.4)
    points = template @ np.array([[cos, sin], [-sin, cos]]) * 25 + [300, 120]
    place = place_of(points, template)
    assert (place.x, place.y) == pytest.approx((300, 120))
    assert (place.size, place.roll) == pytest.approx((25, 0.4))
    points[0] += 500  # one that is not believed
    weight = np.ones(30)
    weight[0] = 0
    assert place_of(points, template, weight).size == pytest.approx(25)


def test_a_crop_is_upright_and_turns_back() -> None:
    place = Place(200.0, 150.0, 20.0, 0.5)
    matrix = crop_matrix(place, 96, 6.0)
    middle = through(matrix, np.array([[47.5, 47.5], [47.5, 47.5 - 16]]))
    assert middle[0] == pytest.approx([200, 150], abs=1e-3)
    up = middle[1] - middle[0]  # one head size upwards in the crop, turned in the picture
    assert up == pytest.approx([20 * np.sin(0.5), -20 * np.cos(0.5)], abs=1e-3)


def test_a_fine_picture_is_cut_where_the_points_say() -> None:
    picture = np.zeros((800, 1000, 3), np.uint8)
    cv2.circle(picture, (620, 300), 30, (255, 255, 255), -1)
    crop = cut(picture, crop_matrix(Place(620.0, 300.0, 90.0, 0.3), 96, 6.0), 96)
    rows, columns = np.nonzero(crop[..., 0] > 128)
    assert (columns.mean(), rows.mean()) == pytest.approx((47.5, 47.5), abs=0.3)


def test_names_have_sides_and_places() -> None:
    assert other_side("eye_left_inner") == "eye_right_inner"
    assert other_side("shoulder_right") == "shoulder_left"
    assert other_side("chin") == "chin"
    assert is_head(["chin", "neck_left", "collar", "crown"]).tolist() == [True, False, False, True]


def test_clear_parts_become_grey() -> None:
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[:2] = (10, 20, 30, 255)
    flat = flattened(picture)
    assert flat[0, 0].tolist() == [10, 20, 30]
    assert flat[3, 3].tolist() == [190, 190, 190]


def test_masks_follow_the_picture() -> None:
    picture = np.full((120, 120, 3), 220, np.uint8)
    picture[:, 57:] = (60, 20, 30)
    rough = np.zeros((2, 30, 30), np.float32)
    rough[0, :, :15] = 1  # its border is 3 pixels away from the picture's
    rough[1] = 1 - rough[0]
    shares = refined(rough, picture)
    assert shares.shape == (2, 120, 120)
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)
    assert shares[0, 60, 54] > 0.9
    assert shares[1, 60, 58] > 0.5  # where the rough one said 0.4
    flat = guided(np.full((1, 120, 120), 0.3, np.float32), picture)
    np.testing.assert_allclose(flat, 0.3, atol=1e-3)


def test_shares_add_to_one() -> None:
    shares = parts_of(np.random.default_rng(0).normal(0, 30, (5, 8, 8)).astype(np.float32))
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)


def test_a_cut_out_person_is_all_person() -> None:
    shares = np.stack([np.full((4, 4), 0.7), np.full((4, 4), 0.2), np.full((4, 4), 0.1)])
    alone = person_alone(shares.astype(np.float32))
    np.testing.assert_allclose(alone[:, 0, 0], [0, 0.667, 0.333], atol=1e-3)


def test_what_is_apart_is_no_person() -> None:
    shares = np.zeros((2, 100, 100), np.float32)
    shares[1, 30:90, 35:65] = 1  # the person
    shares[1, 10:60, 85:95] = 1  # a curtain
    shares[0] = 1 - shares[1]
    kept = in_one_piece(shares)
    np.testing.assert_allclose(kept.sum(0), 1, atol=1e-5)
    assert kept[1, 35:85, 40:60].min() > 0.99
    assert kept[1, 10:60, 85:95].max() < 0.01
    nobody = np.stack([np.ones((9, 9)), np.zeros((9, 9))]).astype(np.float32)
    np.testing.assert_array_equal(in_one_piece(nobody), nobody)


class Marked:
    """A finder that sees one face of 24 pixels in the middle of any picture, turned by 0.5."""

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        height, width = (size // 8 for size in inputs["picture"].shape[2:])
        out = np.zeros((1, 6, height, width), np.float32)
        out[0, 0] = -8
        out[0, 0, height // 2, width // 2] = 4
        out[0, 3] = np.log(24 / 32)
        out[0, 4], out[0, 5] = np.cos(0.5), np.sin(0.5)
        return {"faces": out}


def test_one_face_seen_in_every_size_is_one_find() -> None:
    found: list[Find] = find(Marked(), np.zeros((600, 600, 3), np.uint8))  # type: ignore[arg-type]
    assert len(found) == 1
    assert found[0].place.roll == pytest.approx(0.5)
    assert found[0].place.x == pytest.approx(300, abs=40)


# --- the bundled networks ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lena", "kwame", "hiro"])
def test_a_portrait_is_read(reader: NetworkReader, name: str) -> None:
    picture = portrait(name)
    faces = reader.faces(picture)
    assert len(faces) == 1
    marks = reader.landmarks(picture, faces[0]).marks
    assert len(marks) == 104
    true = json.loads((CAST / name / "character.json").read_text())
    assert true["id"] == name
    eyes = marks["pupil_left"].x - marks["pupil_right"].x
    assert 50 < eyes < 90
    assert abs(marks["pupil_left"].y - marks["pupil_right"].y) < 10
    assert marks["nose_tip"].y > marks["pupil_left"].y + 15
    assert marks["chin"].y > marks["lip_lower_mid"].y + 10
    assert marks["pupil_left"].confidence > 0.3


def test_turned_and_small_faces_are_read(reader: NetworkReader) -> None:
    lena = portrait("lena")
    upright = reader.landmarks(lena, reader.faces(lena)[0]).marks
    matrix = cv2.getRotationMatrix2D((256, 256), -25, 0.5)
    matrix[:, 2] += 100
    turned = np.asarray(cv2.warpAffine(lena, matrix, (700, 620), flags=cv2.INTER_AREA), np.uint8)
    faces = reader.faces(turned)
    assert len(faces) == 1
    marks = reader.landmarks(turned, faces[0]).marks
    for name in ("pupil_left", "pupil_right", "nose_tip", "mouth_left", "chin"):
        x, y = matrix @ np.array([upright[name].x, upright[name].y, 1])
        assert (marks[name].x, marks[name].y) == pytest.approx((x, y), abs=3.0)


def test_several_faces_and_none(reader: NetworkReader) -> None:
    pair = np.concatenate([portrait("lena"), portrait("kwame")], 1)
    faces = sorted(reader.faces(pair), key=lambda face: face.box[0])
    assert len(faces) == 2
    assert faces[0].box[0] < 400 < faces[1].box[0]
    marks = reader.landmarks(pair, faces[1]).marks
    assert marks["nose_tip"].x > 600
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    plain = np.dstack([np.tile(ramp, (260, 1))] * 3 + [np.full((260, 300), 255, np.uint8)])
    assert reader.faces(plain) == []


def test_the_frame_is_parted(reader: NetworkReader) -> None:
    picture = cv2.copyMakeBorder(portrait("lena"), 40, 40, 40, 40, cv2.BORDER_REPLICATE)
    masks = reader.masks(np.asarray(picture, np.uint8))
    assert set(masks) == set(MASKS)
    total = sum(masks[name] for name in MASKS)
    alpha = picture[..., 3] / 255
    assert float(np.max(total - alpha)) < 1e-3
    assert masks["skin"][275:285, 290:300].mean() > 0.9  # the nose
    hair = masks["hair_front"] + masks["hair_back"]
    assert hair[115:125, 290:300].mean() > 0.8  # the top of the head
    assert masks["clothes"][560:580, 290:300].mean() > 0.8
    shown = alpha > 0.9
    assert float(total[shown].mean()) > 0.95  # type: ignore[index]


def test_a_picture_becomes_a_character_by_itself(reader: NetworkReader, tmp_path: Path) -> None:
    own = tmp_path / "home" / "characters"
    importer = Importer(CharacterLibrary(CAST, own), ASSETS, own, reader)
    made = importer.run(Request(CAST / "hiro" / "portrait.png", "New", "synthetic"))
    points = json.loads((made.folder / "landmarks.json").read_text())["points"]
    assert points["chin"]["by"] == "network"


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "portrait-reader"
    shutil.copytree(PACKAGE, copy)
    (copy / "finder.onnx").write_bytes((copy / "finder.onnx").read_bytes()[:-9])
    with pytest.raises(PersonareError, match="portrait-reader"):
        NetworkReader(copy)
    shutil.copy(PACKAGE / "finder.onnx", copy / "finder.onnx")
    manifest = json.loads((copy / "model.json").read_text())
    del manifest["parameters"]["template"]["chin"]
    manifest["parameters"]["template"]["eye_left_odd"] = [0, 0]
    (copy / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(PersonareError, match="damaged"):
        NetworkReader(copy)
    with pytest.raises(PersonareError, match="is a motion model"):
        NetworkReader(ASSETS / "models" / "motion-performer")


def test_a_box_alone_is_enough(reader: NetworkReader) -> None:
    picture = portrait("lena")
    marks = reader.landmarks(picture, FaceBox((170.0, 80.0, 170.0, 250.0), 1.0)).marks
    assert abs(marks["nose_tip"].x - 256) < 12


def test_the_installed_reader_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PERSONARE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PERSONARE_ASSETS", str(ASSETS))
    assert isinstance(portrait_reader(), NetworkReader)
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("PERSONARE_ASSETS", str(tmp_path))
    assert portrait_reader() is None
