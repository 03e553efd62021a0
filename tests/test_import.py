"""Importing a picture: what is written and told, and that it can be drawn."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.characters.consent import consent_record
from app.characters.crop import cut_off, remarks_of
from app.characters.importer import FaceBox, Importer, Request, slug
from app.characters.library import CharacterLibrary
from app.characters.pictures import read_picture
from app.characters.reading import places_of
from inference.character import Character
from inference.compositor import Backdrop, Compositor
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, PersonareError
from inference.face_frame import corners_of
from inference.face_grids import MARGIN
from inference.face_layers import MASKS, SIDE
from inference.face_points import Landmarks
from inference.frame_generator import FrameGenerator
from inference.frame_generator_layers import Shown, load_geometry
from inference.own_background import load_own_background
from tests.importing import ASSETS, LENA, POINTS


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home" / "characters"


def importer(own: Path, reader: Any = None) -> Importer:
    return Importer(CharacterLibrary(ASSETS / "characters", own), ASSETS, own, reader)


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clicks") / "points.json"
    path.write_text(json.dumps({"format_version": 1, "size": [512, 512], "points": POINTS}))
    return path


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, clicks: Path) -> Character:
    own = tmp_path_factory.mktemp("home") / "characters"
    return importer(own).run(Request(LENA, "Léna's twin", "synthetic", clicks))


def test_an_imported_character_has_its_record(imported: Character) -> None:
    assert imported.id == "lena-s-twin"
    assert imported.name == "Léna's twin"
    consent = imported.manifest.consent.model_dump()
    assert consent["kind"] == "synthetic"
    assert consent["picture_sha256"] == hashlib.sha256(LENA.read_bytes()).hexdigest()
    assert consent["stated"].endswith("+00:00")
    assert "portrait.png" not in consent["statement"]
    for file in ("source.png", "landmarks.json", "eyes-shut.png", "geometry.npz"):
        assert file in imported.manifest.files
    assert [path.name for path in imported.folder.parent.parent.iterdir()] == ["characters"]


def test_an_imported_character_is_drawn(imported: Character) -> None:
    generator = FrameGenerator(ASSETS / "models" / "frame-first-light", imported, threads=1)
    motion = np.zeros(MOTION_SIZE, np.float32)
    rest = generator.draw(motion).copy()
    portrait = cv2.cvtColor(
        cv2.imread(str(imported.portrait_path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA
    )
    shown = (portrait[..., 3] > 250) & (rest[..., 3] > 250)
    assert np.abs(rest[shown].astype(int) - portrait[shown]).mean() < 3
    motion[MOTION_INDEX["jawOpen"]] = 0.5
    talking = generator.draw(motion).copy()
    x, y = generator.geometry.windows["mouth"]
    change = np.abs(talking.astype(int) - rest)[..., :3].sum(2)
    assert change[y + 20 : y + 80, x + 20 : x + 76].mean() > 30
    assert change[: y - 60].mean() < 2  # brows and hair stay
    motion[MOTION_INDEX["jawOpen"]] = 0
    motion[MOTION_INDEX["headYaw"]] = 0.17
    turned = generator.draw(motion)
    assert np.abs(turned.astype(int) - rest)[100:300].mean() > 3


def test_a_photograph_keeps_its_background(own: Path, clicks: Path, tmp_path: Path) -> None:
    from inference.face_frame import framed
    from inference.face_model import load_face_model
    from inference.face_points import read_landmarks

    model = load_face_model(ASSETS / "face" / "face-model.npz")
    points = read_landmarks(clicks, model.landmarks)
    rgba, _ = read_picture(LENA)
    share = rgba[..., 3:] / 255
    room = np.random.default_rng(2).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    room = cv2.resize(room, (512, 512), interpolation=cv2.INTER_CUBIC)
    photo = np.rint(rgba[..., :3] * share + room * (1 - share)).astype(np.uint8)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), photo[..., ::-1])
    reader = Seen(1, points)
    reader.matrix = framed(model, rgba, points).matrix_23
    maker = importer(own, reader)
    made = maker.run(Request(path, "Me", "own", clicks))
    assert made.background_path == made.folder / "background.jpg"
    assert "background.jpg" in made.manifest.files
    assert made.background_path.stat().st_size <= 150_000
    portrait = cv2.imread(str(made.portrait_path), cv2.IMREAD_UNCHANGED)
    portrait = cv2.cvtColor(portrait, cv2.COLOR_BGRA2RGBA)
    canvas = Compositor(910, 512, Backdrop("own"), load_own_background(made))
    seen = canvas.compose(portrait)[:, 199:711].astype(float)
    wanted = cv2.warpAffine(photo, reader.matrix, (512, 512), flags=cv2.INTER_CUBIC)
    inside = cv2.warpAffine(np.ones((512, 512)), reader.matrix, (512, 512)) > 0.99
    off = ((seen - wanted) ** 2).mean(2)
    assert off[inside].mean() < 255**2 / 10**3.8  # 38 dB
    again = maker.again("me", {"mouth_left": (300.0, 300.0)})
    assert again.manifest.files["background.jpg"] == made.manifest.files["background.jpg"]
    # a character of an earlier release gets one from the framed picture
    manifest = json.loads((again.folder / "character.json").read_text())
    (again.folder / "background.jpg").unlink()
    del manifest["background"], manifest["files"]["background.jpg"]
    (again.folder / "character.json").write_text(json.dumps(manifest))
    assert load_own_background(maker.again("me", {})) is not None


def test_a_cut_out_has_no_background(imported: Character) -> None:
    assert imported.background_path is None
    assert not (imported.folder / "background.jpg").exists()
    assert load_own_background(imported) is None


def test_points_can_be_set_again(imported: Character) -> None:
    shelf = imported.folder.parent
    maker = importer(shelf)
    again = maker.again(imported.id, {"mouth_left": (300.0, 300.0)})
    read = json.loads((again.folder / "landmarks.json").read_text())["points"]["mouth_left"]
    assert (read["x"], read["y"], read["by"]) == (300, 300, "hand")
    assert again.manifest.consent == imported.manifest.consent
    assert again.manifest.files["geometry.npz"] != imported.manifest.files["geometry.npz"]
    assert again.manifest.files["source.png"] == imported.manifest.files["source.png"]
    with pytest.raises(PersonareError, match="called 'tail'"):
        maker.again(imported.id, {"tail": (1.0, 1.0)})
    with pytest.raises(PersonareError, match="not imported here"):
        maker.again("lena", {"chin": (1.0, 1.0)})


def test_without_points_it_says_what_is_missing(own: Path, clicks: Path) -> None:
    with pytest.raises(PersonareError, match="no portrait model is installed") as caught:
        importer(own).run(Request(LENA, "Me", "own"))
    assert "--landmarks" in caught.value.remedy
    assert not own.exists()


def test_names_that_are_taken_or_empty_are_refused(own: Path, clicks: Path) -> None:
    with pytest.raises(PersonareError, match="'lena' belongs to a character that came") as caught:
        importer(own).run(Request(LENA, "LENA", "own", clicks))
    assert "remove" not in caught.value.remedy
    (own / "me").mkdir(parents=True)
    with pytest.raises(PersonareError, match="already a character 'me'") as caught:
        importer(own).run(Request(LENA, "Me", "own", clicks))
    assert "characters remove me" in caught.value.remedy
    with pytest.raises(PersonareError, match="needs a name"):
        importer(own).run(Request(LENA, "  ", "own", clicks))
    assert slug("  Ünïcode & Co. ") == "unicode-co"
    assert slug("日本") == slug("日本") != slug("中国")


def test_points_of_another_picture_are_refused(own: Path, clicks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), np.full((600, 500, 3), 90, np.uint8))
    with pytest.raises(PersonareError, match="picture of 512 x 512 pixels"):
        importer(own).run(Request(other, "Me", "own", clicks))


class Reader:
    """A portrait model that finds given faces and knows Lena's points."""

    def __init__(self, count: int, points: Landmarks) -> None:
        self._count, self._points = count, points
        self.asked: list[FaceBox] = []

    def faces(self, picture: np.ndarray) -> list[FaceBox]:
        boxes = [FaceBox((300.0 - 100 * i, 50.0, 90.0, 90.0), 0.9) for i in range(self._count)]
        return boxes

    def landmarks(self, picture: np.ndarray, face: FaceBox) -> Landmarks:
        self.asked.append(face)
        return self._points

    def masks(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        alpha = picture[..., 3].astype(np.float32) / 255
        return {name: alpha * (name == "skin") for name in MASKS}


class Seen(Reader):
    """A portrait model that knows how much of Lena's portrait each pixel shows."""

    def masks(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        lena = cv2.imread(str(LENA), cv2.IMREAD_UNCHANGED)[..., 3]
        place = self.matrix.copy()
        place[:, 2] += MARGIN
        alpha = cv2.warpAffine(lena, place, (SIDE, SIDE)).astype(np.float32) / 255
        return {name: alpha * (name == "skin") for name in MASKS}

    matrix = np.eye(2, 3, dtype=np.float32)


def test_one_of_several_faces_is_chosen(own: Path, clicks: Path, tmp_path: Path) -> None:
    from inference.face_model import load_face_model
    from inference.face_points import read_landmarks

    model = load_face_model(ASSETS / "face" / "face-model.npz")
    points = read_landmarks(clicks, model.landmarks)
    request = Request(LENA, "Me", "own")
    with pytest.raises(PersonareError, match="No face was found"):
        importer(own, Reader(0, points)).run(request)
    with pytest.raises(PersonareError, match="shows 3 faces: 1 left") as caught:
        importer(own, Reader(3, points)).run(request)
    assert "--face 1 to --face 3" in caught.value.remedy
    with pytest.raises(PersonareError, match="no face number 4"):
        importer(own, Reader(3, points)).run(Request(LENA, "Me", "own", face=4))
    reader = Reader(3, points)
    maker = importer(own, reader)
    cropped = tmp_path / "cropped.png"
    cv2.imwrite(str(cropped), cv2.imread(str(LENA), cv2.IMREAD_UNCHANGED)[:400])
    made = maker.run(Request(cropped, "Me", "own", face=2))
    assert reader.asked[0].box[0] == 200  # the middle one, counted from the left
    assert made.geometry_path is not None
    (remark,) = maker.remarks  # the frame ends where the picture does, and says so
    assert "is cropped closely" in remark
    shown = load_geometry(made.geometry_path).shown
    assert shown.side < 430
    assert shown.y + shown.side < 0.97 * 400


def test_several_faces_are_told_apart_in_the_order_of_their_numbers() -> None:
    beside = [FaceBox((50.0, 60.0, 80.0, 100.0), 0.9), FaceBox((300.0, 70.0, 40.0, 50.4), 0.8)]
    assert places_of(beside) == "1 left (100 pixels tall), 2 right (50 pixels tall)"
    stacked = [FaceBox((50.0, 400.0, 80.0, 100.0), 0.9), FaceBox((60.0, 20.0, 80.0, 100.0), 0.8)]
    assert places_of(stacked).startswith("1 lower left (")
    assert "2 upper right (" in places_of(stacked)
    four = places_of([*beside, *beside])
    assert "2 (50 pixels" in four
    assert "4 right" in four


def test_what_a_picture_cuts_off_is_told() -> None:
    person = np.zeros((512, 512), np.uint8)
    person[60:320, 150:360] = 255  # a head
    person[320:, 60:450] = 255  # and shoulders

    def corners(left: int, top: int, right: int, bottom: int) -> Float32Array:
        matrix = np.array([[1, 0, left], [0, 1, top]], np.float32)
        return corners_of((right - left, bottom - top), matrix)

    def cut(*sides: int) -> tuple[str, ...]:
        return cut_off(corners(*sides), person)

    assert cut(0, 0, 512, 512) == ()

    assert cut(0, 100, 512, 512) == ("the top of the head",)
    assert cut(200, 0, 512, 512) == ("a side of the head", "the shoulders")
    assert cut(0, 0, 512, 400) == ("the shoulders",)
    assert cut(0, -200, 512, 700) == ()
    larger = np.array([[0.5, 0, 0], [0, 0.5, 50]], np.float32)  # a picture of twice the pixels
    assert cut_off(corners_of((1024, 700), larger), person) == ("the shoulders",)
    assert cut_off(corners_of((1024, 1024), larger), person) == ()
    # what is not drawn needs no word
    assert cut_off(corners(0, 0, 512, 400), person, Shown(80, 40, 360)) == ()
    assert cut_off(corners(0, 0, 512, 300), person, Shown(80, 40, 360)) == ("the shoulders",)
    person[:60, 150:360] = 255
    assert cut(0, 0, 512, 512) == ("the top of the head",)
    portrait = cv2.imencode(".png", np.dstack([person] * 4))[1].tobytes()
    (remark,) = remarks_of("me.png", corners(0, 0, 512, 512), portrait)
    assert remark.startswith("me.png cuts off the top of the head, which")
    assert remarks_of("lena.png", corners(0, 0, 512, 512), LENA.read_bytes()) == []


def test_the_consent_tells_what_was_stated() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 600, UTC)
    record = consent_record("permission", b"picture", now=when)
    assert record["stated"] == "2026-01-02T03:04:05+00:00"
    assert "gave permission" in record["statement"]
