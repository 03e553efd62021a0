"""The evaluation of imported portraits: every measure sees a cheat, on made-up pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from inference.contract import MOTION_INDEX, MOTION_SIZE, PersonareError
from inference.frame_generator_layers import load_geometry
from training.frames.motions import put, shape
from training.imported import evaluate, gaps, identity_distance, rows, sheets
from training.imported.bring import into_frame, over_grey
from training.imported.cases import motions, read_case, true_motion
from training.imported.measure import Measured, hours
from training.imported.one_layer import known_flow, one_layer
from training.imported.regions import boxes, detail_kept, scores
from training.people.labels import LABEL_INDEX

SKIN, DARK = (190.0, 150.0, 130.0), (40.0, 30.0, 30.0)
KEEP = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def eye(height: int) -> tuple[Any, Any]:
    """A face with an opening of 30 pixels across and so many high, and where it is."""
    picture = np.full((60, 80, 3), SKIN, np.float32)
    where = np.zeros((60, 80), bool)
    where[30 - height // 2 : 30 - height // 2 + height, 25:55] = True
    picture[where] = DARK
    return picture, where


def test_a_shut_eye_has_no_gap_and_an_open_one_all_of_it() -> None:
    shut, _ = eye(0)
    opened, where = eye(12)
    assert gaps.gap(shut, shut, opened, where) == 0
    assert gaps.gap(opened, shut, opened, where) == pytest.approx(12)
    assert gaps.gap(eye(3)[0], shut, opened, where) == pytest.approx(3)
    faint = shut * 0.4 + opened * 0.6  # an iris that shines through the lid is no shut eye
    assert gaps.gap(faint, shut, opened, where) == pytest.approx(12)
    tint = shut + 12  # another light is no gap
    assert gaps.gap(tint, shut, opened, where) == 0


def test_a_gap_needs_pictures_that_differ_and_leaves_lashes_out() -> None:
    shut, _ = eye(0)
    opened, where = eye(12)
    assert gaps.gap(shut, shut, shut + 5, where) is None
    assert gaps.gap(shut, shut, opened, np.zeros_like(where)) is None
    labels = np.full(where.shape, LABEL_INDEX["lids"], np.uint8)
    labels[33, 25:55] = LABEL_INDEX["lashes"]
    lashes = shut.copy()
    lashes[32:34, 25:55] = DARK  # the line of the lashes, a pixel beside the true one
    assert gaps.gap(lashes, shut, opened, where) == pytest.approx(2)
    assert gaps.gap(lashes, shut, opened, where, gaps.lines(labels)) == 0


def test_detail_must_be_there_and_be_the_portrait_s() -> None:
    rng = np.random.default_rng(1)
    portrait = np.repeat(rng.normal(128, 20, (80, 80, 1)), 3, 2).astype(np.float32)
    where = np.ones((80, 80), bool)
    assert detail_kept(portrait, portrait, where) == pytest.approx(1)
    soft = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 0.8), np.float32)
    assert detail_kept(soft, portrait, where) < 0.6
    other = np.repeat(rng.normal(128, 20, (80, 80, 1)), 3, 2).astype(np.float32)
    assert detail_kept(other, portrait, where) < 0.05  # noise of the same strength


def test_one_layer_moves_what_the_flow_says() -> None:
    portrait = np.zeros((40, 40, 4), np.uint8)
    portrait[15:25, 10:20] = (200, 50, 20, 255)
    flow = np.zeros((20, 20, 2), np.float32)
    flow[..., 0] = 6
    moved = one_layer(portrait, flow)
    assert moved[20, 20].tolist() == [200, 50, 20, 255]
    assert moved[20, 12, 3] == 0
    assert np.array_equal(one_layer(portrait, 0 * flow)[16:24, 11:19], portrait[16:24, 11:19])


def test_the_known_flow_is_that_of_the_uppermost_layer() -> None:
    geometry = load_geometry(Path("assets/characters/lena/geometry.npz"))
    rest = np.zeros(MOTION_SIZE, np.float32)
    assert np.abs(known_flow(geometry, rest)).max() < 1e-3
    turned = rest.copy()
    turned[MOTION_INDEX["headYaw"]] = np.radians(10)
    flow = known_flow(geometry, turned)
    head = next(layer for layer in geometry.layers if layer.name == "head")
    x, y, w, h = head.box_4
    nose = flow[int(y + h / 2), int(x + w / 2)]
    assert abs(nose[0]) > 5 > abs(nose[1])
    assert np.abs(flow[-4:]).max() < 2  # shoulders stay


def test_truth_and_portrait_are_framed_alike() -> None:
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[100:300, 150:350] = (200, 100, 50, 255)
    kept = into_frame(rgba, KEEP)
    flat = over_grey(kept)
    assert flat[200, 200].tolist() == [200, 100, 50]
    assert flat[50, 50].tolist() == [128, 128, 128]
    half = np.array([[1, 0, 40], [0, 1, 0]], np.float32)
    assert over_grey(into_frame(rgba, half))[200, 380].tolist() == [200, 100, 50]


POINTS = {
    "chin": (50.0, 90.0), "jaw_left_8": (80.0, 40.0), "jaw_right_8": (20.0, 40.0),
    "brow_left_3": (65.0, 20.0), "mouth_left": (62.0, 70.0), "mouth_right": (38.0, 70.0),
    "lip_upper_mid": (50.0, 66.0), "lip_lower_mid": (50.0, 76.0),
    "eye_left_inner": (58.0, 35.0), "eye_left_outer": (72.0, 35.0),
    "eye_right_inner": (42.0, 35.0), "eye_right_outer": (28.0, 35.0),
}  # fmt: skip


def test_regions_follow_the_true_points() -> None:
    found = boxes(POINTS, KEEP, 512)
    rows_, columns = found["face"][0]
    assert (rows_.start, rows_.stop, columns.start, columns.stop) == (20, 90, 20, 80)
    assert found["mouth"][0][1].start < 38
    assert found["mouth"][0][1].stop > 62
    assert [box[1].start < x < box[1].stop for box, x in zip(found["eyes"], (65, 35), strict=True)]
    twice = boxes(POINTS, 2 * KEEP, 512)
    assert twice["face"][0][0].start == 40
    truth = np.random.default_rng(0).uniform(0, 255, (100, 100, 3)).astype(np.float32)
    value = scores(truth, {"same": truth, "off": truth + 10}, found)
    assert value["same", "face", "psnr"] > 60
    assert value["off", "eyes", "psnr"] == pytest.approx(20 * np.log10(255 / 10), abs=0.01)


class Person:
    """What rows read of a measured person."""

    def __init__(self, look: str, full: float, warp: float = 26.0) -> None:
        self.case = SimpleNamespace(name=f"x-{look}", split="test-people", look=look)
        values = {"static": 20.0, "warp": warp, "full": full}
        self.scores = {
            "aa": {
                (variant, region, measure): value
                for variant, value in values.items()
                for region in ("face", "mouth", "eyes")
                for measure in ("psnr", "ssim")
            }
        }
        self.turns = {
            "yaw 10": (20.0, 19.0, full - 4.0),
            "yaw -20": (15.0, 14.0, full - 8.0),
            "roll 15": (20.0, 19.0, 18.0),
        }
        self.gaps: dict[str, list[float]] = {"lids": [40 - full], "lips": [0.2]}
        self.detail = {"skin": full / 30}


def person(*arguments: Any) -> Measured:
    return Person(*arguments)  # type: ignore[return-value]


def test_rows_are_met_only_where_both_gains_are() -> None:
    found = {
        row.what: row for row in rows.frame_rows([person("photo", 29.1), person("toon", 28.9)])
    }
    assert found["face, photo"].met
    assert not found["face, toon"].met
    assert set(found) == {f"{r}, {k}" for r in ("face", "mouth", "eyes") for k in ("photo", "toon")}
    assert not next(rows.frame_rows([person("photo", 40.0, 39.0)])).met  # networks that add nothing


def test_rows_of_turns_gaps_and_detail() -> None:
    good, bad = person("photo", 29.5), person("photo", 27.0)
    assert [row.met for row in rows.turn_rows([good])] == [True, True, None]
    assert [row.met for row in rows.turn_rows([bad])] == [False, True, None]
    assert [row.met for row in rows.gap_rows([person("photo", 39.5)])] == [True, True]
    assert [row.met for row in rows.gap_rows([bad])] == [False, True]
    assert [row.met for row in rows.detail_rows([good, bad])] == [False]
    assert [row.met for row in rows.detail_rows([good])] == [True]


def test_the_row_of_identities() -> None:
    assert rows.identity_row({"a": 0.1, "b": 0.3}).met
    assert not rows.identity_row({"a": 0.05, "b": 0.51}).met  # one stranger is enough
    assert not rows.identity_row({"a": 0.4, "b": 0.3}).met
    nobody = rows.identity_row({"a": None})
    assert nobody.met is None
    assert nobody.verdict == "-"
    assert rows.hours_row(10, 1, 48, 60).met is False
    assert rows.hours_row(10, 0, 48, 60).met


def test_the_row_of_the_largest_import_is_that_of_the_slowest_kind() -> None:
    row = rows.large_row({"4096 png": [4.0, 9.0, 4.2], "4096 jpg": [3.0]})
    assert row.met
    assert row.measured == "median processor seconds 4.2 (png), 3.0 (jpg)"
    assert not rows.large_row({"4096 png": [5.1], "4096 jpg": [3.0]}).met


class Painter:
    """Draws a number; with memory it also counts."""

    def __init__(self, remembers: bool) -> None:
        self.count, self.remembers = 0, remembers

    def draw(self, motion_D: Any) -> Any:
        self.count += 1
        drift = self.count // 50 if self.remembers else 0
        return np.full((4, 4, 4), int(100 * motion_D.sum()) % 200 + drift, np.uint8)


def test_a_generator_with_a_memory_is_found_out() -> None:
    asked = [np.zeros(MOTION_SIZE, np.float32), shape("aa")]
    drawn, differ = hours(Painter(False), asked, 48, 600, 25)  # type: ignore[arg-type]
    assert (drawn, differ) == (124, 0)
    assert hours(Painter(True), asked, 48, 600, 25)[1] == 2  # type: ignore[arg-type]


def test_what_the_rig_does_when_a_character_is_asked() -> None:
    smile = shape("grin", 0.5)
    smile[MOTION_INDEX["headYaw"]] = 0.1
    blink = put(np.zeros(MOTION_SIZE, np.float32), eyeBlink=1.0)
    assert true_motion(smile, "blink", blink)[MOTION_INDEX["mouthSmileLeft"]] == pytest.approx(0.4)
    closed = true_motion(smile, "PP", shape("PP"))
    assert closed[MOTION_INDEX["jawOpen"]] == 0
    assert closed[MOTION_INDEX["headYaw"]] == pytest.approx(0.1)
    asked = motions(4)
    assert len(asked) == 24 + 1 + 9 + 4
    assert abs(asked["random 0"][MOTION_INDEX["headYaw"]]) == 0
    assert set(motions(0, quick=True)) < set(asked)


class Embedder:
    def distance(self, frame: Path, truth: Path) -> float | None:
        assert frame.name.endswith("-frame.png")
        return None if "dark" in truth.name else 0.2


def test_identity_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a-truth", "a-frame", "dark-truth", "dark-frame"):
        sheets.save(tmp_path / f"{name}.png", np.zeros((4, 4, 3), np.uint8))
    assert identity_distance.distances(tmp_path, Embedder()) == {"a": 0.2, "dark": None}
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.setattr(sys, "argv", ["identity_distance", str(tmp_path)])
    assert identity_distance.main() == 1
    assert "pip install" in capsys.readouterr().err
    row = evaluate.identity_by(Path(sys.executable), tmp_path)
    assert row.met is None


def test_without_people_it_says_what_to_do(tmp_path: Path) -> None:
    options = evaluate.parse(["--work", str(tmp_path), "--people", "1"])
    with pytest.raises(PersonareError) as caught:
        evaluate.Evaluation(options).people  # noqa: B018
    assert "--assets" in caught.value.remedy
    with pytest.raises(FileNotFoundError):
        read_case(tmp_path / "case-none.npz")


def test_sheets_fit_together() -> None:
    pictures = {name: np.full((512, 512, 3), 90, np.float32) for name in ("rest", "aa", "O")}
    sheet = sheets.compared(pictures, pictures, columns=2)
    assert sheet.shape == (2 * sheets.CELL[1], 2 * 3 * sheets.CELL[0], 3)
