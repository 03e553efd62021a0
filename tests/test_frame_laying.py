"""What a frame is put together from: where layers are seen, memory used again, halves."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.contract import MOTION_INDEX, MOTION_SIZE
from inference.frame_generator import FrameGenerator
from inference.frame_generator_extent import Extent
from inference.frame_generator_layers import GRID
from inference.frame_generator_pictures import enlarged, lay_over
from inference.scratch import Scratch

ASSETS = Path(__file__).parents[1] / "assets"
SIZE = 512


def wavy(seed: int, shift: tuple[float, float], roughness: float) -> np.ndarray:
    """Places (2, GRID, GRID) in a picture of 512 x 512, moved and bent by chance."""
    rng = np.random.default_rng(seed)
    step = SIZE / GRID
    plain = np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID))) * step + (step - 1) / 2
    bend = cv2.GaussianBlur(rng.normal(size=(GRID, GRID, 2)), (0, 0), 2).transpose(2, 0, 1)
    return (plain + roughness * bend + np.array(shift)[:, None, None]).astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_seen_beyond_the_extent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.zeros((SIZE, SIZE, 4), np.uint8)
    for _ in range(3):
        x, y = rng.integers(150, 350, 2).tolist()
        cv2.ellipse(picture, (x, y), (40, 25), 20.0 * seed, 0, 360, (9, 9, 9, 200), -1, cv2.LINE_AA)
    source = wavy(seed, tuple(rng.uniform(-60, 60, 2)), 60.0 * seed)
    box, view = np.array([-20, 11, 500, 470]), (slice(11, 481), slice(0, 480))
    part = Extent(picture).within(source, box, view)
    assert part is not None
    for border in (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE):
        x, y = enlarged(source, box, view)
        drawn = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border)
        seen = np.argwhere(drawn[..., 3]) + np.array([11, 0])
        assert seen[:, 0].min() >= part[0].start
        assert seen[:, 0].max() < part[0].stop
        assert seen[:, 1].min() >= part[1].start
        assert seen[:, 1].max() < part[1].stop
    if seed < 2:  # and little besides
        tight = np.ptp(seen, axis=0) + 1
        assert part[0].stop - part[0].start < tight[0] + 70
        assert part[1].stop - part[1].start < tight[1] + 70


def test_a_picture_that_runs_on_below_is_seen_there() -> None:
    picture = np.full((SIZE, SIZE, 4), 255, np.uint8)
    picture[:, :200] = 0
    source = wavy(0, (0.0, 700.0), 0.0)  # all of it looks below the picture
    whole = (slice(0, SIZE), slice(0, SIZE))
    rows, columns = Extent(picture).within(source, np.array([0, 0, SIZE, SIZE]), whole) or whole
    assert rows == slice(0, SIZE)
    assert 150 < columns.start < 200
    assert columns.stop == SIZE


def test_a_layer_that_looks_past_its_picture_is_out_of_sight() -> None:
    picture = np.zeros((SIZE, SIZE, 4), np.uint8)
    picture[200:300, 200:300] = 255
    whole = (slice(0, SIZE), slice(0, SIZE))
    box = np.array([0, 0, SIZE, SIZE])
    assert Extent(picture).within(wavy(0, (400.0, 0.0), 0.0), box, whole) is None
    assert Extent(np.zeros_like(picture)).within(wavy(0, (0.0, 0.0), 0.0), box, whole) is None


def test_laying_over_follows_the_rule() -> None:
    rng = np.random.default_rng(3)
    alpha = rng.integers(0, 256, (2, 40, 50, 1), dtype=np.uint8)
    pictures = [np.dstack([np.minimum(rng.integers(0, 256, (40, 50, 3)), a), a]) for a in alpha]
    under, top = (picture.astype(np.uint8) for picture in pictures)
    expected = top + under * (255.0 - top[..., 3:]) / 255
    lay_over(under, top, Scratch())
    assert np.abs(under - expected).max() <= 0.51


def test_memory_is_used_again_and_grows() -> None:
    scratch = Scratch()
    first = scratch.array("a", (4, 5))
    assert np.shares_memory(first, scratch.array("a", (2, 3)))
    assert scratch.array("a", (2, 3)).flags.c_contiguous
    assert not np.shares_memory(first, scratch.array("b", (4, 5)))
    assert not np.shares_memory(first, scratch.array("a", (4, 5), np.float32))
    grown = scratch.array("a", (10, 5))
    assert grown.shape == (10, 5)
    assert np.shares_memory(grown, scratch.array("a", (4, 5)))


def test_a_frame_leaves_nothing_to_the_next() -> None:
    generator = FrameGenerator(
        ASSETS / "models" / "frame-first-light", ASSETS / "characters" / "lena", quality="eco"
    )
    rng = np.random.default_rng(2)
    motions = rng.uniform(-1, 1, (6, MOTION_SIZE)).astype(np.float32)
    motions[0] = 0
    motions[3, MOTION_INDEX["headX"]] = 4.0  # clipped, but far aside
    alone = [generator.draw(motion_D).copy() for motion_D in motions]
    for index in (5, 0, 3, 1, 4, 2, 0):
        np.testing.assert_array_equal(generator.draw(motions[index]), alone[index])
