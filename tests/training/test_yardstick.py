"""The portrait reader beside MediaPipe: pairs, offsets, errors, tables; without MediaPipe."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.contract import PersonareError
from inference.portrait_place import Place
from inference.portrait_reader import FRAME_SIZE
from training.portrait import mediapipe_points
from training.portrait.yardstick import group_table, people_table
from training.portrait.yardstick_faces import (
    IRISES,
    MESH,
    OURS,
    SIDES,
    THEIRS,
    Case,
    errors,
    group_of,
    laid,
    meshes,
    nearest,
    offsets,
    paired,
    pairs,
    shared,
    upright,
)
from training.portrait.yardstick_pictures import (
    BOTH,
    ELSEWHERE,
    NEITHER,
    Found,
    apart,
    found_table,
    sheet,
)

NAMES = ("chin", "nose_tip", "pupil_left", "pupil_right", "lip_upper_mid")
HEAD = np.array([[0, 1.8], [0, 0.3], [0.5, -0.2], [-0.5, -0.2], [0.0, 0.8]])
"""Places of NAMES in head sizes."""
TRUE_PAIRS = (7, 11, IRISES["pupil_left"], IRISES["pupil_right"], 300)
SHIFT = np.array([[0.1, 0.05], [0.0, -0.1], [0.02, 0.0], [0.0, 0.0], [-0.1, 0.1]])
"""How far the mesh's points lie aside, in head sizes."""


def case(rng: np.random.Generator, name: str = "a") -> Case:
    """A face somewhere: ours a little off, the mesh with points that follow ours and others."""
    x, y, size, roll = (float(v) for v in rng.uniform((80, 80, 20, -0.5), (200, 200, 60, 0.5)))
    place = Place(x, y, size, roll)
    middle = np.array([place.x, place.y])
    true = middle + laid(HEAD, place)
    inside = np.ones(len(NAMES), bool)
    out = Case(name, "test-people", "photo", true, place, inside)
    mesh = middle + laid(rng.uniform(-1, 1, (MESH + 10, 2)), place)
    mesh[list(TRUE_PAIRS)] = true + laid(SHIFT, place)
    out.read = {OURS: true + laid(np.full((5, 2), 0.01), place), THEIRS: mesh}
    return out


@pytest.fixture
def cases() -> list[Case]:
    rng = np.random.default_rng(5)
    return [case(rng, f"a{k}") for k in range(12)]


def test_only_what_both_mean_is_compared() -> None:
    assert group_of("eye_left_inner") == "corners of eyes"
    assert group_of("eye_left_upper_2") == "lids"
    assert shared(("crown", "chin", "ear_left_top", "jaw_left_3")) == ("chin", "jaw_left_3")


def test_offsets_are_measured_upright_in_head_sizes() -> None:
    place = Place(10, 20, 40.0, np.pi / 2)  # lies on its side
    np.testing.assert_allclose(upright(np.array([[0.0, 40.0]]), place), [[1, 0]], atol=1e-9)
    some = np.random.default_rng(0).normal(0, 9, (6, 2))
    np.testing.assert_allclose(laid(upright(some, place), place), some)


def test_points_are_paired_with_those_that_follow_them(cases: list[Case]) -> None:
    assert tuple(pairs(cases, NAMES)) == TRUE_PAIRS
    with pytest.raises(PersonareError):
        pairs([], NAMES)


def test_a_sets_own_offset_is_taken_off(cases: list[Case]) -> None:
    paired(cases, pairs(cases, NAMES))
    cases[0].inside[0] = False
    cases[0].read[THEIRS][0] += 999  # beyond the picture: does not count
    off = offsets(cases, THEIRS)
    np.testing.assert_allclose(off, SHIFT, atol=1e-9)
    raw, fair = errors(cases[1], THEIRS), errors(cases[1], THEIRS, off)
    np.testing.assert_allclose(raw, np.hypot(*SHIFT.T) * FRAME_SIZE)
    np.testing.assert_allclose(fair, 0, atol=1e-9)
    assert np.isnan(errors(cases[0], THEIRS)[0])


def test_the_mesh_of_another_face_is_not_taken() -> None:
    here, there = (np.tile(np.array(at, float), (478, 1)) for at in ((50, 50), (300, 40)))
    assert nearest([there, here], Place(55, 48, 20.0, 0.0)) is not None
    assert nearest([there, here], Place(55, 48, 20.0, 0.0))[0, 0] == 50
    assert nearest([there], Place(55, 48, 20.0, 0.0)) is None


def test_tables_compare_where_both_found_the_face(cases: list[Case]) -> None:
    paired(cases, pairs(cases, NAMES))
    del cases[0].read[THEIRS]
    cases[0].read[OURS] += 999  # not shared: must not show in the mean
    off = {("photo", side): offsets(cases[1:], side) for side in SIDES}
    rows = list(people_table(cases, np.ones(len(NAMES), bool), off))
    ours, theirs = (f"{v * FRAME_SIZE:.2f}" for v in (0.01 * 2**0.5, np.hypot(*SHIFT.T).mean()))
    assert f"| 12 / 11 of 12 | {ours} / {theirs} |" in rows[2]
    assert "| 0.00 / 0.00 |" in rows[2]
    assert any(row.startswith("| chin | 0.00 / 0.00 |") for row in group_table(cases, NAMES, off))


def found(name: str, ours: bool, theirs: bool, elsewhere: bool = False) -> Found:
    points = HEAD * 40 + 100
    out = Found(Path("group") / name, np.full((200, 200, 4), 255, np.uint8), elsewhere=elsewhere)
    out.ours = points if ours else None
    out.theirs = points + 4 if theirs else None
    if ours and theirs and not elsewhere:
        out.apart = apart(points, points + 4, NAMES)
    return out


def test_found_pictures_are_counted_by_who_found_them() -> None:
    them = [found("a", True, True), found("b", True, False), found("c", False, True),
            found("d", False, False), found("e", True, True, elsewhere=True)]  # fmt: skip
    assert [each.by for each in them] == [BOTH, OURS, THEIRS, NEITHER, ELSEWHERE]
    assert them[0].apart == pytest.approx(100 * 4 * 2**0.5 / 40)
    assert list(found_table(them))[-1] == "| all | 1 | 1 | 1 | 1 | 1 | 14.1% | 14.1% |"
    drawn = sheet(them, columns=2, side=100)
    assert drawn.shape == (200, 200, 3)
    assert (drawn[:100, :100] == (0, 255, 0)).all(2).any()


def test_meshes_of_a_folder(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 9, 3), np.uint8))
    (tmp_path / "b.txt").write_text("no picture")
    read = mediapipe_points.meshes(tmp_path, lambda path: [[(1.0, float(len(path.stem)))]])
    assert read == {"a": [[(1.0, 1.0)]]}


def test_a_python_without_mediapipe_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    monkeypatch.setattr(sys, "argv", ["x", str(tmp_path), "--json", str(tmp_path / "out.json")])
    assert mediapipe_points.main() == 1
    assert "pip install mediapipe" in capsys.readouterr().err
    if find_spec("mediapipe") is None:
        with pytest.raises(PersonareError, match="MediaPipe is missing"):
            meshes(Path(sys.executable), tmp_path)
