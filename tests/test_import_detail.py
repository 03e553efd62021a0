"""Importing a large picture: its detail is kept for large frames, and nothing changes in others."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.characters.importer import Importer, Request
from app.characters.library import CharacterLibrary
from inference.character import Character
from inference.contract import MOTION_SIZE, PersonareError
from inference.face_detail import FINE
from inference.face_grids import MARGIN
from inference.face_layers import SIDE
from inference.frame_generator import FrameGenerator
from tests.importing import ASSETS, LENA, POINTS

TIMES = 3


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def large(home: Path) -> Character:
    """Lena enlarged, with grain finer than a pixel of the frame."""
    rng = np.random.default_rng(3)
    picture = cv2.imread(str(LENA), cv2.IMREAD_UNCHANGED)
    picture = cv2.resize(picture, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(0, 60, picture.shape[:2]).astype(np.float32), (0, 0), 1.2)
    picture[..., :3] = (picture[..., :3] + grain[..., None]).clip(0, 255)
    cv2.imwrite(str(home / "large.png"), picture)
    points = {name: [TIMES * v for v in place] for name, place in POINTS.items()}
    size = [512 * TIMES] * 2
    facts = {"format_version": 1, "size": size, "points": points}
    (home / "points.json").write_text(json.dumps(facts))
    return importer(home).run(
        Request(home / "large.png", "Large", "synthetic", home / "points.json")
    )


def importer(home: Path) -> Importer:
    own = home / "characters"
    return Importer(CharacterLibrary(ASSETS / "characters", own), ASSETS, own, None)


def at_rest(character: Character, quality: str) -> np.ndarray:
    generator = FrameGenerator(
        ASSETS / "models" / "frame-first-light", character, threads=1, quality=quality, paint=False
    )
    return generator.draw(np.zeros(MOTION_SIZE, np.float32)).copy()


def forehead(frame: np.ndarray) -> np.ndarray:
    """A part of the skin of a square frame, grey."""
    side = len(frame)
    rows, columns = (slice(round(a * side), round(b * side)) for a, b in ((0.3, 0.36), (0.4, 0.6)))
    return frame[rows, columns, :3].astype(np.float32).mean(2)


def test_the_detail_is_in_large_frames_only(large: Character) -> None:
    with np.load(large.folder / "geometry.npz") as data:
        assert float(data["picture_scale"]) == FINE
    high = at_rest(large, "high")
    standard = at_rest(large, "standard")
    portrait = cv2.cvtColor(cv2.imread(str(large.portrait_path), -1), cv2.COLOR_BGRA2RGBA)
    solid = (portrait[..., 3] > 252) & (standard[..., 3] > 252)
    assert np.percentile(np.abs(standard[solid].astype(int) - portrait[solid]), 99) <= 4
    whole = cv2.cvtColor(cv2.imread(str(large.folder / "source.png"), -1), cv2.COLOR_BGRA2RGBA)
    frame = slice(FINE * MARGIN, -FINE * MARGIN)
    truth = cv2.resize(whole[frame, frame], high.shape[:2], interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(standard, high.shape[:2], interpolation=cv2.INTER_CUBIC)
    off, without = (
        float(np.abs(forehead(each) - forehead(truth)).mean()) for each in (high, enlarged)
    )
    assert off < 0.5 * without


def test_points_set_again_keep_the_detail(home: Path, large: Character) -> None:
    again = importer(home).again(large.id, {"mouth_left": (286.0, 276.0)})
    with np.load(again.folder / "geometry.npz") as data:
        assert float(data["picture_scale"]) == FINE
    assert again.manifest.files["source.png"] == large.manifest.files["source.png"]
    source = again.folder / "source.png"
    assert cv2.imread(str(source), -1).shape == (FINE * SIDE, FINE * SIDE, 4)
    cv2.imwrite(str(source), np.zeros((100, 100, 4), np.uint8))
    with pytest.raises(PersonareError, match="changed"):
        importer(home).again(large.id, {"mouth_left": (286.0, 276.0)})
