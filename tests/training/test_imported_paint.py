"""Training the mouth's paint on imported people, on tiny data: what is asked, where truth lies,
what is trained on."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inference.contract import MOTION_INDEX, MOTION_SIZE  # noqa: E402
from inference.face_points import Landmarks, Mark  # noqa: E402
from tests.training.repeatable import repeatable  # noqa: E402, F401
from training.frames import strangers  # noqa: E402
from training.frames.identity import Identity  # noqa: E402
from training.frames.motions import put, shape  # noqa: E402
from training.frames.packed import Packed, Window, load_packed, save_packed  # noqa: E402
from training.frames.paint import Paint, in_own_colours, moved, place_grid  # noqa: E402
from training.frames.posed import JUDGED  # noqa: E402
from training.frames.train import WindowBatches  # noqa: E402
from training.imported import pack, people, train_mouth  # noqa: E402


def tiny_drawn(index: int = 0) -> people.Drawn:
    """A picture with a white spot beside the mouth, at (200, 300), in everything drawn."""
    mouth = np.full((2, 184, 184, 4), 255, np.uint8)
    mouth[..., :3] = 60
    mouth[:, 38:43, 58:63, :3] = 255
    frame = np.zeros((2, people.SMALL, people.SMALL, 4), np.uint8)
    frame[:, 108:117, 71:80] = 255  # pixels of 192 that lie round (200, 300) of 512
    marks = {"chin": Mark(210.0, 360.0), "mouth_left": Mark(240.0, 290.0)}
    return people.Drawn(
        "photo", index, np.full((512, 512, 3), 90, np.uint8), np.zeros((512, 512, 4), np.uint8),
        Landmarks(marks, (512, 512)), np.zeros((2, MOTION_SIZE), np.float32), (140, 260), mouth,
        np.zeros((2, MOTION_SIZE), np.float32), frame,
    )  # fmt: skip


def tiny_stranger(name: str, count: int = 6) -> Packed:
    """Somebody whose mouth is wrong in the middle, and whose eyes nobody paints."""
    rng = np.random.default_rng(len(name))
    warp = rng.integers(90, 160, (count, 96, 96, 4)).astype(np.uint8)
    warp[..., 3] = 255
    truth = warp.copy()
    truth[:, 30:70, 24:72, :3] = (180, 60, 60)
    flow = rng.normal(0, 0.1, (count, 4, 24, 24)).astype(np.float16)
    windows = {
        "mouth": Window(truth, warp, warp, flow, rng.integers(0, 255, (9, 96, 96), np.uint8))
    }
    none = np.zeros((0, 48, 64, 4), np.uint8)
    for side in ("eye_left", "eye_right"):
        views = np.full((6, 48, 64), 150, np.uint8)
        windows[side] = Window(none, none, none, np.zeros((0, 2, 12, 16), np.float16), views)
    motion = rng.random((count, MOTION_SIZE), np.float32)
    return Packed(name, motion, windows)


def test_closing_takes_back_what_the_picture_does() -> None:
    source = shape("grin", 0.5)
    source[MOTION_INDEX["headYaw"]] = 0.1
    shut = people.meant(source, shape("PP"))
    assert shut[MOTION_INDEX["mouthSmileLeft"]] < 0.02
    assert shut[MOTION_INDEX["headYaw"]] == pytest.approx(0.1)
    half = people.meant(source, shape("PP", 0.5))
    assert 0.15 < half[MOTION_INDEX["mouthSmileLeft"]] < 0.25
    kept = people.meant(source, put(np.zeros(MOTION_SIZE, np.float32), jawOpen=0.4))
    assert kept[MOTION_INDEX["mouthSmileLeft"]] == pytest.approx(0.4)
    assert kept[MOTION_INDEX["jawOpen"]] == pytest.approx(0.45)


def test_motions_of_a_mouth_begin_at_rest_and_stay_in_range() -> None:
    still = people.motions_of(np.random.default_rng(1), 12, posed=False)
    assert not still[0].any()
    assert not still[:, MOTION_INDEX["headYaw"]].any()
    assert still[:, :52].min() >= 0
    assert still[:, :52].max() <= 1
    posed = people.motions_of(np.random.default_rng(1), 4, posed=True)
    assert posed[:, MOTION_INDEX["headYaw"]].astype(bool).tolist() == [False, True, True, False]


def test_what_was_drawn_is_read_again(tmp_path: Path) -> None:
    drawn = tiny_drawn(7)
    again = people.read(people.save(drawn, tmp_path))
    assert (again.name, again.corner) == ("photo-00007", (140, 260))
    assert again.landmarks == drawn.landmarks
    np.testing.assert_array_equal(again.mouth_M, drawn.mouth_M)
    np.testing.assert_array_equal(again.frame_F, drawn.frame_F)


def spot(picture: np.ndarray, level: int = 128) -> tuple[float, float]:
    """Middle (x, y) of what is light."""
    rows, columns = np.nonzero(picture[..., 0] > level)
    return float(columns.mean()), float(rows.mean())


def test_truth_lies_where_the_importer_puts_the_picture() -> None:
    drawn = tiny_drawn()
    turned = np.array([[0.9, 0.05, 20.0], [-0.05, 0.9, 10.0]], np.float32)
    there = turned @ np.array([200.0, 300.0, 1.0], np.float32)
    corner = (round(float(there[0])) - 30, round(float(there[1])) - 20)
    truth = pack.truth_at(drawn, turned, corner)
    assert truth is not None
    assert truth.shape == (2, 96, 96, 4)
    np.testing.assert_allclose(spot(truth[0]), there - np.array(corner), atol=0.35)
    assert pack.truth_at(drawn, turned, (corner[0] - 60, corner[1])) is None


def test_small_frames_lie_there_too() -> None:
    drawn = tiny_drawn()
    turned = np.array([[0.9, 0.05, 20.0], [-0.05, 0.9, 10.0]], np.float32)
    small = pack.frames_at(drawn, turned)
    there = turned @ np.array([200.0, 300.0, 1.0], np.float32)
    wanted = (there + 0.5) * (JUDGED / 512) - 0.5
    weight = small[0, ..., 3].astype(float)
    rows, columns = np.mgrid[:JUDGED, :JUDGED]
    found = [(weight * axis).sum() / weight.sum() for axis in (columns, rows)]
    np.testing.assert_allclose(found, wanted, atol=0.2)


def test_some_people_come_with_points_off_or_without_colour() -> None:
    moved = pack.disguised(tiny_drawn(2)).landmarks.marks["chin"]
    assert 0.05 < np.hypot(moved.x - 210, moved.y - 360) < 9
    assert pack.disguised(tiny_drawn(4)).landmarks == tiny_drawn(4).landmarks
    colourful = tiny_drawn(3)
    colourful.mouth_M[..., 0] = 200
    plain = pack.disguised(replace(colourful, index=pack.GREYS + 3)).mouth_M
    assert (plain[..., 0] == plain[..., 2]).all()
    assert (plain[..., 3] == colourful.mouth_M[..., 3]).all()


def test_people_without_painted_eyes_are_packed_and_train_no_eyes(tmp_path: Path) -> None:
    save_packed(tiny_stranger("toon-00001"), tmp_path)
    packed = load_packed(tmp_path)
    assert not list(tmp_path.glob("*.part"))
    assert len(packed[0].windows["eye_left"].warp) == 0
    assert len(WindowBatches(packed, "eye", 3, 0)._packed) == 0
    assert WindowBatches(packed, "mouth", 3, 0).draw()["warp"].shape[0] == 3


def test_batches_change_all_pictures_of_a_sample_alike() -> None:
    stranger = train_mouth.mouth_of(tiny_stranger("toon-00001"))
    same = replace(stranger, window=replace(stranger.window, truth=stranger.window.warp))
    batches = train_mouth.MouthBatches([same], [], 6, 3, seed=2)
    batch = batches.draw()
    assert batch["views"].shape == (3, 9, 96, 96)
    assert batch["who"].tolist() == [0, 0, 1, 1, 2, 2]
    torch.testing.assert_close(batch["truth"], batch["warp"])
    torch.testing.assert_close(batch["cut"], batch["warp"])


def test_mirrored_batches_mirror_the_motion_and_the_flow() -> None:
    stranger = train_mouth.mouth_of(tiny_stranger("toon-00001", 1))
    batches = train_mouth.MouthBatches([stranger], [], 1, 1, seed=0)
    seen = set()
    for _ in range(12):
        batch = batches.draw()
        mirrored = not np.allclose(batch["motion"].numpy(), stranger.motion_MD)
        flow = stranger.window.flow.astype(np.float32)
        wanted = flow[..., ::-1] * np.array([-1, 1, -1, 1])[:, None, None] if mirrored else flow
        np.testing.assert_allclose(batch["flow"].numpy(), wanted, atol=1e-6)
        seen.add(mirrored)
    assert seen == {True, False}


def test_where_the_head_ends_and_at_rest_nothing_is_to_be_painted() -> None:
    cut = torch.full((2, 4, 8, 8), 0.5)
    cut[:, 3] = 1
    cut[:, 3, :, :3] = 0.4
    motion = torch.zeros(2, MOTION_SIZE)
    motion[1, MOTION_INDEX["jawOpen"]] = 0.5
    batch = {"cut": cut, "warp": cut, "truth": torch.ones(2, 4, 8, 8), "motion": motion}
    truth = train_mouth.attainable(batch)
    torch.testing.assert_close(truth[0], cut[0])
    torch.testing.assert_close(truth[1, :, :, :3], cut[1, :, :, :3])
    assert float(truth[1, :3, :, 3:].min()) == 1.0


def test_training_lowers_the_error_and_takes_in_new_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in (1, 2, strangers.WATCHED - 1):
        save_packed(tiny_stranger(f"toon-{index:05d}", 3), tmp_path / "strangers")
    start = tmp_path / "start.pt"
    torch.save({"paint": Paint().state_dict(), "identity": Identity().state_dict()}, start)
    train_mouth.train(
        argparse.Namespace(
            seed=0, strangers=tmp_path / "strangers", own=None, start=start,
            out=tmp_path / "out.pt", minutes=0.05, batch=2, people=2, rate=2e-3, watch=4,
        )
    )  # fmt: skip
    lines = [line for line in capsys.readouterr().out.splitlines() if "strangers;" in line]
    gains = [float(line.split("(")[1].split(")")[0]) for line in lines]
    assert gains[-1] > gains[0] + 0.2
    after = torch.load(tmp_path / "out.pt", weights_only=True)
    before = torch.load(start, weights_only=True)
    for key, value in before["paint"].items():
        assert torch.equal(value, after["paint"][key]) == key.startswith("eye.")


def test_pixels_are_shifted_by_what_the_network_says() -> None:
    picture = torch.rand(1, 4, 48, 64)
    places = place_grid(64, 48)
    still = torch.zeros(1, 2, 12, 16)
    torch.testing.assert_close(moved(picture, still, places), picture, atol=1e-5, rtol=0)
    shift = still.clone()
    shift[:, 0], shift[:, 1] = 1.0, -0.5  # looked up four pixels to the right, two above
    wanted = picture[:, :, 8:38, 14:54]
    found = moved(picture, shift, places)[:, :, 10:40, 10:50]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


def test_a_fresh_mouth_moves_nothing_and_older_checkpoints_load(tmp_path: Path) -> None:
    paint = Paint()
    assert paint.mouth.shift is not None
    assert paint.eye.shift is None
    assert not paint.mouth.shift.weight.any()
    old = {k: v for k, v in paint.state_dict().items() if ".shift." not in k}
    torch.save({"paint": old, "identity": Identity().state_dict()}, tmp_path / "old.pt")
    loaded, _ = train_mouth.load(tmp_path / "old.pt")
    assert torch.equal(loaded.mouth.last.weight, paint.mouth.last.weight)


def test_looks_are_shown_as_often_as_they_shall() -> None:
    people = [train_mouth.mouth_of(tiny_stranger(f"{k}-00001", 1)) for k in ("photo", "drawn")]
    batches = train_mouth.MouthBatches(people, [], 4, 4, seed=1)
    seen = [batches._person().look for _ in range(400)]
    wanted = train_mouth.LOOK_SHARES["drawn"]
    assert wanted - 0.1 < seen.count("drawn") / 400 < wanted + 0.25


def test_black_and_white_is_painted_without_colour() -> None:
    paint = torch.rand(2, 4, 8, 8)
    warp = torch.full((2, 4, 8, 8), 0.5)
    warp[:, 3] = 1
    warp[1, 0] = 0.6
    found = in_own_colours(paint, warp)
    assert float((found[0, 0] - found[0, 2]).abs().max()) < 1e-6
    torch.testing.assert_close(found[0, 3], paint[0, 3])
    torch.testing.assert_close(found[1], paint[1])
