"""The light's view of the warp in small, and how it gets into the frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.contract import MOTION_INDEX, MOTION_SIZE
from inference.face_grids import premultiply
from inference.frame_generator import FrameGenerator
from inference.frame_generator_light import COARSE, FLOW_SCALE, SmallFrame
from inference.frame_generator_pictures import shrunk

ASSETS = Path(__file__).parents[1] / "assets"
PACKAGE = ASSETS / "models" / "frame-first-light"
LENA = ASSETS / "characters" / "lena"


def turned(yaw: float) -> np.ndarray:
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    motion_D[MOTION_INDEX["headYaw"]] = yaw
    motion_D[MOTION_INDEX["jawOpen"]] = abs(yaw)
    return motion_D


@pytest.fixture(scope="module")
def lena() -> FrameGenerator:
    return FrameGenerator(PACKAGE, LENA, threads=1)


@pytest.fixture(scope="module")
def unlit() -> FrameGenerator:
    return FrameGenerator(PACKAGE, LENA, threads=1, relight=False)


def test_the_small_frame_is_the_frame_without_paint(lena: FrameGenerator) -> None:
    bare = FrameGenerator(PACKAGE, LENA, threads=1, paint=False)
    assert bare.relighter is None
    motion_D = turned(0.25)
    whole = shrunk(premultiply(bare.draw(motion_D)), COARSE).astype(np.float32)
    small, _ = SmallFrame(lena.geometry.layers).draw(lena.placed(motion_D))
    assert np.abs(small - whole).mean() < 3.0
    static, _ = SmallFrame(lena.geometry.layers).draw(lena.placed(turned(0.0)))
    assert np.abs(static - whole).mean() > 6.0


def test_the_flow_says_where_pixels_came_from(lena: FrameGenerator) -> None:
    _, still = SmallFrame(lena.geometry.layers).draw(lena.placed(turned(0.0)))
    assert np.abs(still).max() * FLOW_SCALE < 0.1
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    motion_D[MOTION_INDEX["headX"]] = 0.3
    _, flow = SmallFrame(lena.geometry.layers).draw(lena.placed(motion_D))
    nose = flow[:, COARSE // 2, COARSE // 2] * FLOW_SCALE
    assert abs(nose[0]) > 8.0
    assert abs(nose[1]) < 2.0


def test_light_is_added_where_somebody_is(
    lena: FrameGenerator, unlit: FrameGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lena.relighter is not None
    even = np.full((COARSE, COARSE, 3), 20.0, np.float32)
    monkeypatch.setattr(lena.relighter, "job", lambda placed, motion_D: lambda: even)
    plain = unlit.draw(turned(0.2)).astype(int)
    solid = (plain[..., 3] == 255) & (plain[..., :3].max(-1) < 230)
    lit = lena.draw(turned(0.2)).astype(int)
    assert np.abs((lit - plain)[..., :3][solid] - 20).max() <= 1
    np.testing.assert_array_equal(lit[..., 3], plain[..., 3])


def test_rest_stays_the_portrait_and_a_turn_changes_the_light(
    lena: FrameGenerator, unlit: FrameGenerator
) -> None:
    rest = np.zeros(MOTION_SIZE, np.float32)
    np.testing.assert_array_equal(lena.draw(rest), unlit.draw(rest))
    change = np.abs(lena.draw(turned(0.3)).astype(int) - unlit.draw(turned(0.3)))
    assert change.mean() > 0.2
    small = change[160:340, 180:330, :3].max(-1).astype(np.float32)
    assert np.abs(np.diff(small, axis=1)).mean() < 1.0  # smooth: no edges are drawn
