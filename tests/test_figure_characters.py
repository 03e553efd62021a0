"""Toon, drawn and mascot characters: the whole cast, banks of eyes, mouths that close and open."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inference.character import load_character
from inference.contract import MOTION_SIZE
from inference.frame_generator import FrameGenerator
from inference.frame_generator_eyes import OWN, calm, read_eyes
from inference.frame_generator_layers import load_geometry, read_bases, tight_bases
from tests.motions import motion

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assets" / "models" / "frame-first-light"
CHARACTERS = ROOT / "assets" / "characters"
FIGURES = ("ember", "miso")
NOT_HUMAN = {"bolt", "ember", "miso"}
LARGEST = 1_200_000
"""Bytes that a figure's folder may have."""


@pytest.fixture(scope="module", params=FIGURES)
def generator(request: pytest.FixtureRequest) -> FrameGenerator:
    return FrameGenerator(PACKAGE, CHARACTERS / request.param, threads=1)


def eye(generator: FrameGenerator, side: int, motion_D: np.ndarray) -> np.ndarray:
    """One eye's window in the bank's picture, float RGB."""
    bank = generator.geometry.eye_bank
    assert bank is not None
    return bank.picture(motion_D, side).astype(np.float32)


def middle(window: np.ndarray) -> np.ndarray:
    """The part of an eye's window where the pupil is at rest."""
    height, width = window.shape[:2]
    return window[height // 2 - 6 : height // 2 + 6, width // 2 - 5 : width // 2 + 5]


def test_the_cast_has_three_looks_and_figures_who_are_no_humans() -> None:
    folders = sorted(path.parent for path in CHARACTERS.glob("*/character.json"))
    styles = {folder.name: load_character(folder).manifest.style for folder in folders}
    assert len(styles) >= 12
    assert set(styles.values()) == {"photographic", "toon-shaded", "drawn"}
    assert set(styles) > NOT_HUMAN


def test_figures_are_small_and_licensed() -> None:
    for path in CHARACTERS.glob("*/character.json"):
        facts = json.loads(path.read_text(encoding="utf8"))
        assert facts["licence"] == "Apache-2.0"
        assert all(s["licence"] in ("CC0-1.0", "public domain") for s in facts["sources"])
        if facts["style"] != "photographic":
            size = sum(file.stat().st_size for file in path.parent.iterdir())
            assert size < LARGEST, path.parent.name


def test_figures_need_no_network_for_eyes_and_photographs_do() -> None:
    for path in CHARACTERS.glob("*/geometry.npz"):
        style = load_character(path.parent).manifest.style
        assert (load_geometry(path).eye_bank is None) == (style == "photographic")


def test_rest_is_the_portrait(generator: FrameGenerator) -> None:
    import cv2

    portrait = cv2.imread(
        str(CHARACTERS / generator.character_id / "portrait.png"), cv2.IMREAD_UNCHANGED
    )
    assert portrait is not None
    drawn = generator.draw(motion())
    solid = (drawn[..., 3] == 255) & (portrait[..., 3] == 255)
    apart = np.abs(drawn[..., 2::-1].astype(int) - portrait[..., :3].astype(int))[solid]
    assert solid.sum() > 50_000
    assert apart.mean() < 1.5


def test_lids_close_over_the_whole_eye(generator: FrameGenerator) -> None:
    for side in (0, 1):
        shut = middle(eye(generator, side, motion(eyeBlink=1.0)))
        looked = middle(eye(generator, side, motion(eyeBlink=1.0, eyeLookUp=1.0)))
        opened = middle(eye(generator, side, motion()))
        assert np.abs(shut - looked).max() <= 2, "nothing of the eyeball shows"
        assert np.abs(shut - opened).mean() > 20


def test_lids_close_steadily(generator: FrameGenerator) -> None:
    bank = generator.geometry.eye_bank
    assert bank is not None
    closings = [bank.closing(motion(eyeBlink=share), 0) for share in np.linspace(0, 1, 9)]
    assert np.allclose(closings, np.linspace(0, 1, 9), atol=1e-6)
    assert bank.closing(motion(eyeWide=1.0), 1) == -1.0
    assert 0 < bank.closing(motion(eyeLookDown=1.0), 0) < 1, "lids follow a gaze down"
    covered = [bank.eyes[0].lids_L[k, ..., 3].sum() for k in range(len(bank.level_L))]
    steps = np.diff(np.array(covered, float))
    assert (steps >= 0).all()
    assert (steps[:-4] > 0).all(), "only at the end nothing is left to cover"


def test_a_gaze_moves_the_iris_its_way(generator: FrameGenerator) -> None:
    bank = generator.geometry.eye_bank
    assert bank is not None
    for side, pictures in enumerate(bank.eyes):
        inward, outward, up, down = pictures.gaze_42
        sign = 1 if side == 0 else -1  # the left eye is on the picture's right
        assert sign * outward[0] > 3 > -3 > sign * inward[0]
        assert up[1] < -2 < 2 < down[1]


def test_an_open_mouth_shows_its_inside_and_a_shut_one_none(generator: FrameGenerator) -> None:
    x, y = generator.geometry.windows["mouth"]
    rest = generator.draw(motion())[y : y + 96, x : x + 96, :3].astype(float)
    open_ = generator.draw(motion(jawOpen=0.7))[y : y + 96, x : x + 96, :3].astype(float)
    assert np.abs(open_ - rest).max(-1)[30:70, 38:58].mean() > 15


def test_calm_keeps_what_the_bank_does_not_show() -> None:
    values = np.linspace(0.1, 1, MOTION_SIZE).astype(np.float32)
    kept = calm(values)
    assert not kept[list(OWN)].any()
    rest = np.setdiff1d(np.arange(MOTION_SIZE), OWN)
    assert np.array_equal(kept[rest], values[rest])
    assert len(set(OWN)) == 12


def test_geometry_with_eyes_of_the_wrong_size_is_refused() -> None:
    with np.load(CHARACTERS / "miso" / "geometry.npz") as archive:
        data = {key: archive[key] for key in archive.files if key.startswith("eye_")}
    data["eye_level"] = data["eye_level"][:-1]
    with pytest.raises(ValueError, match="wrong size"):
        read_eyes(data)
    assert read_eyes({}) is None


def test_tight_bases_are_exact() -> None:
    rng = np.random.default_rng(3)
    bases = rng.integers(-900, 900, (3, 3, 64, 64)).astype(np.int16)
    bases[0] = 0
    back = read_bases({"head_tight": tight_bases(bases)}, "head")
    assert back.dtype == np.int16
    assert np.array_equal(back, bases)
    empty = np.zeros((0, 3, 64, 64), np.int16)
    assert read_bases({"head_tight": tight_bases(empty)}, "head").shape == empty.shape
