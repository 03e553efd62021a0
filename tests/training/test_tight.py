"""What closely cropped pictures cost: the command's own arithmetic, on a bundled face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.characters.pictures import read_picture
from inference.contract import MOTION_SIZE
from inference.face_points import Landmarks, Mark
from inference.frame_generator_layers import WHOLE, Shown
from tests.test_import import ASSETS, LENA, POINTS
from training.imported.cases import Case
from training.imported.tight import CUTS, Maker, compared, cut_of, made_up, told


@pytest.fixture(scope="module")
def case() -> Case:
    """Lena before grey, who only rests."""
    rgba, _ = read_picture(LENA)
    share = rgba[..., 3:] / 255
    picture = np.rint(rgba[..., :3] * share + 90 * (1 - share)).astype(np.uint8)
    places = {name: (float(x), float(y)) for name, (x, y) in POINTS.items()}
    marks = Landmarks({name: Mark(x, y) for name, (x, y) in places.items()}, (512, 512))
    rest = {"rest": np.zeros(MOTION_SIZE, np.float32)}
    nothing = np.zeros((512, 512, 4), np.uint8)
    return Case(
        "lena", "test-people", "photo", picture, nothing, marks, rest, {"rest": rgba},
        {}, {"rest": places}, {}, False,
    )  # fmt: skip


def test_a_cut_keeps_what_it_says(case: Case) -> None:
    left, top, right, bottom = cut_of(case, CUTS["head"])
    head = 327 - 83
    assert (top, bottom) == (83 - round(0.06 * head), 327 + round(0.16 * head))
    assert right - left == pytest.approx(1.2 * head, abs=1)
    assert cut_of(case, (9.0, 9.0, 9.0, 9.0)) == (0, 0, 512, 512)


def test_what_no_picture_showed_is_counted() -> None:
    inside = np.zeros((512, 512), np.uint8)
    inside[:256] = 1
    person = np.zeros((512, 512), bool)
    person[:, :128] = True
    assert made_up(inside, person, WHOLE) == pytest.approx(1 / 8)
    assert made_up(inside, person, Shown(0, 0, 256)) == 0


def test_a_cut_picture_is_compared_where_it_is_drawn(case: Case, tmp_path: Path) -> None:
    maker = Maker(ASSETS, tmp_path)
    whole = maker.made(case.picture, (0, 0), "whole")
    left, top, right, bottom = cut_of(case, CUTS["head"])
    close = maker.made(
        np.ascontiguousarray(case.picture[top:bottom, left:right]), (left, top), "close"
    )
    assert whole.shown.side > 440
    assert close.shown.side < 330
    assert close.made_up[0] < 0.03 < close.made_up[1]
    (figures,) = compared(case, whole, close, ASSETS / "models" / "frame-first-light")
    for cut, of_whole in zip(figures[1:3], figures[4:], strict=True):  # of mouth and eyes
        assert min(cut, of_whole) > 35  # both show the truth, at its place
    row = told("head", np.array([1.7, 1.0, 20.0, *figures]), 1)
    assert row.startswith("head (1): drawn 1.70 times as large, made up 1.0% (20.0%); dB face ")
