"""The frame generator on bundled characters: golden frames, closures, determinism, bad input.

After a change that is meant to alter frames, look at them, then run this file as a program: it
writes the golden frames anew.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import weakref
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.character import load_character
from inference.contract import MOTION_SIZE, PersonareError
from inference.frame_generator import FrameGenerator, clean_motion
from inference.frame_generator_layers import load_geometry, project
from inference.frame_generator_windows import WINDOW_SIZES
from tests.motions import motion

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assets" / "models" / "frame-first-light"
CHARACTERS = ROOT / "assets" / "characters"
GOLDEN = Path(__file__).parent / "golden"
CAST = ("lena", "kwame")


GOLDEN_MOTIONS = {
    "rest": motion(),
    "speaking": motion(jawOpen=0.45, mouthLowerDown=0.3, mouthUpperUp=0.2, headYaw=0.1),
    "blink": motion(eyeBlink=1.0, breath=0.8, headPitch=-0.08),
}


@pytest.fixture(scope="module", params=CAST)
def generator(request: pytest.FixtureRequest) -> FrameGenerator:
    return FrameGenerator(PACKAGE, CHARACTERS / request.param, threads=1)


def window(generator: FrameGenerator, frame: np.ndarray, name: str) -> np.ndarray:
    """A paint window of a frame whose head is at rest, as float RGB."""
    x, y = generator.geometry.windows[name]
    w, h = WINDOW_SIZES[name]
    return frame[y : y + h, x : x + w, :3].astype(np.float32)


def lip_strip(generator: FrameGenerator, frame: np.ndarray) -> np.ndarray:
    """The pixels (rows, RGB) down the middle of the mouth, eleven columns averaged."""
    mouth = window(generator, frame, "mouth")
    return mouth[16:76, 42:53].mean(1)


def small(frame: np.ndarray) -> np.ndarray:
    """A frame as it is kept: 128 pixels wide, premultiplied."""
    out = frame.astype(np.float32)
    out[..., :3] *= out[..., 3:] / 255
    return cv2.resize(out, (128, 128), interpolation=cv2.INTER_AREA)


def test_golden_frames(generator: FrameGenerator) -> None:
    with np.load(GOLDEN / f"{generator.character_id}.npz") as kept:
        for name, motion_D in GOLDEN_MOTIONS.items():
            difference = np.abs(small(generator.draw(motion_D)) - kept[name].astype(np.float32))
            assert difference.mean() < 0.5, name
            assert np.percentile(difference, 99.9) < 12, name


def test_rest_is_the_portrait(generator: FrameGenerator) -> None:
    portrait = cv2.imread(str(CHARACTERS / generator.character_id / "portrait.png"), -1)
    portrait = cv2.cvtColor(portrait, cv2.COLOR_BGRA2RGBA)
    drawn = generator.draw(motion())
    assert drawn.shape == (512, 512, 4)
    assert drawn.dtype == np.uint8
    assert np.abs(small(drawn) - small(portrait)).mean() < 1.5


def test_same_motion_same_pixels(generator: FrameGenerator) -> None:
    first = generator.draw(GOLDEN_MOTIONS["speaking"]).copy()
    generator.draw(motion(headYaw=-0.3, eyeBlink=1.0, tongueOut=1.0))
    np.testing.assert_array_equal(generator.draw(GOLDEN_MOTIONS["speaking"]), first)


def test_mouth_opens_and_lips_close_again(generator: FrameGenerator) -> None:
    rest = lip_strip(generator, generator.draw(motion()))
    opened = lip_strip(generator, generator.draw(motion(jawOpen=0.5, mouthLowerDown=0.3)))
    pressed = lip_strip(
        generator, generator.draw(motion(mouthPress=0.4, mouthRollLower=0.3, mouthRollUpper=0.25))
    )
    change_open = np.abs(opened - rest).max(1)
    change_pressed = np.abs(pressed - rest).max(1)
    assert (change_open > 25).sum() > 8
    # closed lips show neither teeth nor a dark gap: no row gets much darker or brighter than rest
    bright = rest.mean(1)
    assert pressed.mean(1).min() > bright.min() - 20
    assert (change_pressed > 60).sum() <= 3


def test_the_tongue_comes_out_over_the_lip(generator: FrameGenerator) -> None:
    values = {"jawOpen": 0.4, "mouthLowerDown": 0.1}
    kept = window(generator, generator.draw(motion(**values)), "mouth").copy()
    out = window(generator, generator.draw(motion(**values, tongueOut=1.0)), "mouth")
    bank = generator.geometry.mouth_bank
    assert bank is not None
    tongue = bank.tongue(motion(**values, tongueOut=1.0))
    assert tongue is not None
    change = np.abs(out - kept).max(2)
    inside = tongue[..., 3] > 200
    assert inside.sum() > 150
    assert np.median(change[inside]) > 20
    assert np.abs(out - tongue[..., :3])[inside].mean() < 22
    assert change[:14].mean() < 2  # the nose knows nothing of it


def test_a_shut_mouth_shows_no_tongue(generator: FrameGenerator) -> None:
    bank = generator.geometry.mouth_bank
    assert bank is not None
    assert bank.tongue(motion(tongueOut=1.0)) is None
    assert bank.tongue(motion(jawOpen=0.4)) is None
    rest = lip_strip(generator, generator.draw(motion()))
    shut = lip_strip(generator, generator.draw(motion(tongueOut=1.0)))
    assert np.abs(shut - rest).mean() < 6


def test_the_bank_goes_smoothly_from_one_picture_to_the_next(generator: FrameGenerator) -> None:
    bank = generator.geometry.mouth_bank
    assert bank is not None
    steps = [bank.behind(motion(jawOpen=v)).astype(int) for v in np.linspace(0, 1, 41)]
    changes = [np.abs(b - a).mean() for a, b in pairwise(steps)]
    assert max(changes) < 12
    np.testing.assert_array_equal(steps[-1], bank.behind_J[-1])


def test_a_character_without_a_bank_still_speaks(tmp_path: Path) -> None:
    folder = tmp_path / CAST[0]
    shutil.copytree(CHARACTERS / CAST[0], folder)
    with np.load(folder / "geometry.npz") as data:
        kept = {k: data[k] for k in data.files if not k.startswith(("mouth_", "tongue_"))}
    add_geometry(folder, kept)
    plain = FrameGenerator(PACKAGE, folder, threads=1)
    assert plain.geometry.mouth_bank is None
    opened = plain.draw(motion(jawOpen=0.5, tongueOut=1.0)).copy()
    assert np.abs(opened.astype(int) - plain.draw(motion())).max() > 60


def add_geometry(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Replace a character's geometry and its hash."""
    path = folder / "geometry.npz"
    np.savez_compressed(path, **arrays)
    manifest = json.loads((folder / "character.json").read_text())
    manifest["files"]["geometry.npz"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "character.json").write_text(json.dumps(manifest))


def test_a_geometry_is_read_once_while_somebody_has_it(tmp_path: Path) -> None:
    path = tmp_path / "geometry.npz"
    shutil.copyfile(CHARACTERS / CAST[0] / "geometry.npz", path)
    first = load_geometry(path)
    assert load_geometry(str(path)) is first
    os.utime(path, ns=(1, 1))  # written again, as far as anybody can tell
    assert load_geometry(path) is not first
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


def test_a_character_without_a_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "geometry.npz"
    with np.load(CHARACTERS / CAST[0] / "geometry.npz") as data:
        arrays = {k: data[k] for k in data.files}
    arrays["layers"] = np.array([name for name in arrays["layers"] if name != "head"])
    np.savez(path, **arrays)
    with pytest.raises(PersonareError, match="no head"):
        load_geometry(path)


@pytest.mark.parametrize("name", ["mouth_jaw", "mouth_colour", "tongue_alpha"])
def test_a_damaged_bank_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "geometry.npz"
    with np.load(CHARACTERS / CAST[0] / "geometry.npz") as data:
        arrays = {k: data[k] for k in data.files}
    arrays[name] = arrays[name][:3]
    np.savez(path, **arrays)
    with pytest.raises(PersonareError, match="damaged"):
        load_geometry(path)


def test_lids_close_fully(generator: FrameGenerator) -> None:
    folder = CHARACTERS / generator.character_id
    true = cv2.cvtColor(cv2.imread(str(folder / "eyes-shut.png"), -1), cv2.COLOR_BGRA2RGBA)
    rest, shut = generator.draw(motion()).copy(), generator.draw(motion(eyeBlink=1.0)).copy()
    for name in ("eye_left", "eye_right"):
        x, y = (side // 2 for side in WINDOW_SIZES[name])
        opening = (slice(y - 7, y + 6), slice(x - 12, x + 13))
        wanted = window(generator, true, name)[opening]
        open_error = np.abs(window(generator, rest, name)[opening] - wanted)
        shut_error = np.abs(window(generator, shut, name)[opening] - wanted)
        assert shut_error.mean() < 0.35 * open_error.mean()
        # no white of the eye and no catchlight is left: nothing much brighter than the true lid
        assert np.percentile(window(generator, shut, name)[opening] - wanted, 99) < 40


def test_gaze_moves_the_iris(generator: FrameGenerator) -> None:
    left = generator.draw(motion(eyeLookOutLeft=0.8, eyeLookInRight=0.8)).copy()
    right = generator.draw(motion(eyeLookInLeft=0.8, eyeLookOutRight=0.8)).copy()
    for name in ("eye_left", "eye_right"):
        one, other = (255 - window(generator, f, name)[18:32, 12:52].mean(2) for f in (left, right))
        columns = np.arange(one.shape[1])
        dark = [(np.maximum(d - np.percentile(d, 60), 0).sum(0)) for d in (one, other)]
        middle = [float((d * columns).sum() / d.sum()) for d in dark]
        assert middle[0] - middle[1] > 1.5


def test_head_turns_and_the_body_stays(generator: FrameGenerator) -> None:
    rest, turned = generator.draw(motion()).copy(), generator.draw(motion(headYaw=0.17)).copy()
    change = np.abs(turned.astype(int) - rest).max(2)
    assert change[150:330, 180:330].mean() > 8
    assert change[470:].mean() < 1.0


def test_breath_and_shoulders_move_the_body(generator: FrameGenerator) -> None:
    low, high = generator.draw(motion(breath=-1)).copy(), generator.draw(motion(breath=1)).copy()
    lifted = generator.draw(motion(shoulder=1.0)).copy()
    tops = [int(np.argmax(f[:, 120, 3] > 127)) for f in (low, high, lifted)]
    assert np.abs(high.astype(int) - low)[380:].max() > 10
    assert tops[2] < tops[0]


@pytest.mark.parametrize("name", ["omar", "lena"])
def test_no_sleeve_runs_on_beside_the_body(name: str) -> None:
    generator = FrameGenerator(PACKAGE, CHARACTERS / name, threads=1, paint=False)
    portrait = cv2.imread(str(CHARACTERS / name / "portrait.png"), cv2.IMREAD_UNCHANGED)
    covered = np.flatnonzero((portrait[..., 3] > 8).any(0))
    frame = generator.draw(motion(shoulder=0.5, breath=0.5))
    assert covered[-1] < 509
    assert frame[:, : covered[0] - 3, 3].max(initial=0) == 0
    assert frame[:, covered[-1] + 3 :, 3].max(initial=0) == 0


def test_silly_motions_still_draw(generator: FrameGenerator) -> None:
    for value in (np.nan, np.inf, -np.inf, 1e6, -1e6):
        frame = generator.draw(np.full(MOTION_SIZE, value, np.float32))
        assert frame[..., 3].max() == 255
    assert np.isfinite(clean_motion(np.full(MOTION_SIZE, np.nan))).all()
    with pytest.raises(ValueError, match="61 values"):
        generator.draw(np.zeros(7, np.float32))


def test_points_project_to_their_cells() -> None:
    geometry = load_geometry(CHARACTERS / CAST[0] / "geometry.npz")
    for layer in geometry.layers:
        places = project(geometry.camera_34, layer.point_3HW.reshape(3, -1))
        x, y, w, h = layer.box_4
        assert places[0].min() > x - 1
        assert places[0].max() < x + w
        assert places[1].min() > y - 1
        assert places[1].max() < y + h


def test_a_damaged_geometry_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "geometry.npz"
    with pytest.raises(PersonareError, match="missing"):
        load_geometry(path)
    path.write_bytes(b"not a zip file")
    with pytest.raises(PersonareError, match="damaged"):
        load_geometry(path)
    np.savez(path, format=np.array(99))
    with pytest.raises(PersonareError, match="format 99"):
        load_geometry(path)
    np.savez(path, format=np.array(1))
    with pytest.raises(PersonareError, match="damaged"):
        load_geometry(path)


def test_a_character_without_geometry_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / CAST[0]
    shutil.copytree(CHARACTERS / CAST[0], folder)
    text = (folder / "character.json").read_text().replace('"geometry": "geometry.npz",', "")
    (folder / "character.json").write_text(text)
    assert load_character(folder).geometry_path is None
    with pytest.raises(PersonareError, match="no geometry"):
        FrameGenerator(PACKAGE, folder)


def rewrite_golden() -> None:
    """Keep today's frames as the golden ones."""
    for name in CAST:
        generator = FrameGenerator(PACKAGE, CHARACTERS / name, threads=1)
        frames = {k: small(generator.draw(m)).round() for k, m in GOLDEN_MOTIONS.items()}
        packed = {k: frame.astype(np.uint8) for k, frame in frames.items()}
        np.savez_compressed(GOLDEN / f"{name}.npz", **packed)


if __name__ == "__main__":
    rewrite_golden()
