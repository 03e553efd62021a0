"""Further pictures of somebody: what they show, what is refused, and that they are used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.characters.importer import Importer, Request
from app.characters.library import CharacterLibrary
from app.characters.pictures import read_picture
from app.characters.reading import find_faces, read_points
from app.characters.references import References, told
from app.cli.characters import as_json, sources
from inference import face_frame
from inference.character import Character, load_character
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, PersonareError, UInt8Array
from inference.face_model import load_face_model
from inference.face_references import least_path
from inference.face_tones import one_tone
from inference.frame_generator import FrameGenerator
from inference.portrait_reader import NetworkReader

ASSETS = Path(__file__).parent.parent / "assets"
LENA = ASSETS / "characters" / "lena"
NAMES = ("teeth.png", "open.png", "eyes-shut.png", "left.png", "right.png")


@pytest.fixture(scope="module")
def reader() -> NetworkReader:
    return NetworkReader(ASSETS / "models" / "portrait-reader", threads=1)


def importer(home: Path, reader: NetworkReader) -> Importer:
    own = home / "characters"
    return Importer(CharacterLibrary(ASSETS / "characters", own), ASSETS, own, reader)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, reader: NetworkReader) -> tuple[Any, ...]:
    """Lena without further pictures, and with what her own folder has of them."""
    home = tmp_path_factory.mktemp("home")
    maker = importer(home, reader)
    plain = maker.run(Request(LENA / "portrait.png", "Plain", "synthetic"))
    further = tuple(LENA / name for name in NAMES)
    rich = maker.run(Request(LENA / "portrait.png", "Rich", "synthetic", references=further))
    return plain, rich, maker


def test_pictures_are_sorted_by_what_they_show(made: tuple[Any, ...]) -> None:
    rich: Character = made[1]
    listed = sources(rich)
    assert [each["shows"] for each in listed] == [
        ["mouth"], ["mouth"], ["eyes-shut"], ["side"], ["side"],
    ]  # fmt: skip
    assert all(each["used"] for each in listed)
    assert "depth of the head is measured" in told(listed[-1])
    assert "not used" in told({"shows": ["side"], "used": False})
    for each in listed:
        assert each["file"] in rich.manifest.files
        assert each["points"] in rich.manifest.files
    consent = rich.manifest.consent.model_dump()
    assert len(consent["references_sha256"]) == 5
    assert "further pictures" in consent["statement"]
    text = (rich.folder / "character.json").read_text(encoding="utf-8")
    assert "teeth.png" not in text  # names of the user's files stay out
    assert "left.png" not in text
    assert as_json(rich, False)["references"][1]["file"] == "reference-1.png"
    assert not sources(made[0])


def motion(**values: float) -> Float32Array:
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        out[MOTION_INDEX[name]] = value
    return out


def drawn(character: Character, motion_D: Float32Array) -> UInt8Array:
    package = ASSETS / "models" / "frame-first-light"
    return FrameGenerator(package, character, threads=1).draw(motion_D).copy()


def distance(one: UInt8Array, truth: UInt8Array, box: tuple[slice, slice]) -> float:
    return float(np.abs(one[box][..., :3].astype(int) - truth[box][..., :3]).mean())


def picture(name: str) -> UInt8Array:
    bgra = cv2.imread(str(LENA / name), cv2.IMREAD_UNCHANGED)
    assert bgra is not None
    return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA), np.uint8)


def framed(character: Character, rgba: UInt8Array) -> UInt8Array:
    """A picture of Lena's own frame where the import put it."""
    facts = json.loads((character.folder / "character.json").read_text(encoding="utf-8"))
    matrix = np.array(facts["frame_from_picture"])
    return np.asarray(cv2.warpAffine(rgba, matrix, (512, 512)), np.uint8)


def test_shut_eyes_get_the_lashes_of_the_picture(made: tuple[Any, ...]) -> None:
    plain, rich, _ = made
    shut = motion(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    eyes = (slice(186, 222), slice(196, 316))
    left = (slice(196, 218), slice(272, 302))

    def line(character: Character) -> float:
        """Brightness of the darkest pixel between corner and corner of the left eye."""
        return float(drawn(character, shut)[left][..., :3].mean(2).min(0).mean())

    assert line(rich) < line(plain) - 4
    for each in (plain, rich):  # at rest both are the portrait
        assert distance(drawn(each, motion()), framed(each, picture("portrait.png")), eyes) < 3


def test_an_open_mouth_gets_its_own_teeth(made: tuple[Any, ...]) -> None:
    plain, rich, _ = made
    banks = []
    for each in (plain, rich):
        with np.load(each.geometry_path) as archive:
            bank = cv2.imdecode(archive["mouth_colour"], cv2.IMREAD_COLOR)
            assert bank is not None
            banks.append(bank.astype(int))
            corner = archive["mouth"]
    window = (slice(corner[1] + 20, corner[1] + 80), slice(corner[0] + 8, corner[0] + 88))
    assert np.abs(banks[0] - banks[1]).mean() > 1  # her own bank lends to both
    wide = motion(jawOpen=0.5, mouthLowerDownLeft=0.3, mouthLowerDownRight=0.3)
    pictures = [drawn(each, wide) for each in (plain, rich)]
    truth = framed(plain, picture("open.png"))
    without, with_it = (distance(each, truth, window) for each in pictures)
    assert with_it < 1.1 * without


def test_points_set_by_hand_keep_the_references(made: tuple[Any, ...]) -> None:
    _, rich, maker = made
    before = {each["file"]: rich.manifest.files[each["file"]] for each in sources(rich)}
    again = maker.again(rich.id, {"mouth_left": (300.0, 300.0)})
    assert {each["file"]: again.manifest.files[each["file"]] for each in sources(again)} == before
    assert [each["shows"] for each in sources(again)] == [each["shows"] for each in sources(rich)]
    (again.folder / "reference-2.png").write_bytes(b"broken")
    with pytest.raises(PersonareError):
        load_character(again.folder)


def test_references_that_cannot_be_used_are_refused(tmp_path: Path, reader: NetworkReader) -> None:
    maker = importer(tmp_path, reader)

    def refused(words: str, *references: Path) -> None:
        with pytest.raises(PersonareError, match=words) as caught:
            maker.run(Request(LENA / "portrait.png", "Me", "own", references=references))
        assert caught.value.remedy

    again = tmp_path / "again.png"
    shutil.copy(LENA / "portrait.png", again)
    refused("again.png is the portrait itself", again)
    portrait = cv2.imread(str(again), cv2.IMREAD_COLOR)
    assert portrait is not None
    smaller = tmp_path / "smaller.jpg"
    cv2.imwrite(str(smaller), cv2.resize(portrait[10:, 12:], None, fx=0.8, fy=0.8))
    refused("smaller.jpg is the portrait itself", smaller)
    shutil.copy(LENA / "eyes-shut.png", again)
    refused("again.png shows the same as eyes-shut.png", LENA / "eyes-shut.png", again)
    empty = tmp_path / "empty.png"
    cv2.imwrite(str(empty), np.full((300, 300, 3), 120, np.uint8))
    refused("No face was found in the reference empty.png", empty)
    two = tmp_path / "two.png"
    opened = cv2.imread(str(LENA / "open.png"))
    assert opened is not None
    cv2.imwrite(str(two), np.hstack([opened, opened]))
    refused("two.png shows 2 faces", two)
    small = tmp_path / "small.png"
    cv2.imwrite(str(small), cv2.resize(opened, (200, 200)))
    refused("small.png cannot be used: The face in the picture is too small", small)
    small.write_bytes(b"nothing")
    refused("no picture, or it is broken", small)
    assert not (tmp_path / "characters").exists()


def test_somebody_else_is_doubted(reader: NetworkReader, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_face_model(ASSETS / "face" / "face-model.npz")
    portrait, _ = read_picture(LENA / "portrait.png")
    points = read_points(reader, portrait, find_faces(reader, portrait)[0])
    placed = face_frame.framed(model, portrait, points)
    own, other = (References(model, placed, reader) for _ in range(2))
    own.add(LENA / "eyes-shut.png")
    assert own.remarks == []
    other.add(LENA.parent / "arthur" / "teeth.png")
    (remark,) = other.remarks
    assert "teeth.png may show somebody else" in remark
    monkeypatch.setattr("inference.face_sides.STRANGE", (0.0, 0.5))  # as if it did not fit at all
    own.add(LENA / "left.png")
    (remark,) = own.remarks
    assert "left.png may show somebody else" in remark
    assert "depth" in remark
    assert [entry["used"] for entry in own.entries()] == [True, False]


def test_one_tone_is_told_from_colour() -> None:
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (40, 40, 1)).repeat(3, 2)
    tone = one_tone(grey)
    assert tone is not None
    assert np.allclose(tone(np.array([200.0, 90.0, 90.0])), 122.9, atol=1)
    sepia = np.clip(grey * [1.0, 0.85, 0.65] + [10, 5, 0] + rng.normal(0, 1, grey.shape), 0, 255)
    tinted = one_tone(sepia)
    assert tinted is not None
    red, green, blue = tinted(np.array([100.0, 120.0, 160.0]))
    assert red > green + 8 > blue + 16
    assert one_tone(rng.integers(0, 256, (40, 40, 3))) is None


def test_the_least_path_follows_a_valley() -> None:
    cost = np.ones((9, 12))
    rows = [2, 3, 4, 4, 5, 6, 6, 5, 4, 3, 3, 2]
    cost[rows, np.arange(12)] = 0
    assert least_path(cost, 0.1).tolist() == rows
