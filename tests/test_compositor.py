"""The compositor: places, blends, and converts once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.session_contract import Background
from inference.compositor import Backdrop, Compositor, cover, plain, rgb_to_i420
from inference.contract import PersonareError, UInt8Array


def frame(size: int = 64) -> UInt8Array:
    """Red head and shoulders on a transparent ground of another hidden colour."""
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[..., 2] = 255
    rgba[size // 4 :, size // 4 : -size // 4] = (255, 0, 0, 255)
    return rgba


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (64, 64), (96, 128)])
def test_the_character_stands_on_the_bottom_edge_in_the_middle(size: tuple[int, int]) -> None:
    width, height = size
    canvas = Compositor(width, height, Background("green")).compose(frame())
    assert canvas.shape == (height, width, 3)
    red = (canvas[..., 0] > 250) & (canvas[..., 1] < 5)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    side = min(width, height)
    assert rows[-1] == height - 1
    assert abs(rows[0] - (height - 0.75 * side)) <= 0.03 * side
    assert abs(columns[0] + columns[-1] - (width - 1)) <= 2
    assert abs(len(columns) - side / 2) <= 0.04 * side


def test_hidden_colours_never_leak_into_the_edge() -> None:
    canvas = Compositor(640, 360, Background("color", (0, 0, 0))).compose(frame())
    assert canvas[..., 2].max() <= 2  # the transparent ground is blue


def test_half_transparent_pixels_are_mixed() -> None:
    rgba = np.full((64, 64, 4), (200, 100, 0, 128), np.uint8)
    canvas = Compositor(64, 64, Background("green")).compose(rgba)
    np.testing.assert_allclose(canvas[30, 30], (100, 177, 0), atol=2)


def test_what_is_not_covered_is_exactly_the_background() -> None:
    compositor = Compositor(320, 180, Backdrop("green"))
    canvas = compositor.compose(frame())
    assert (canvas[:, :90] == (0, 255, 0)).all()
    empty = compositor.compose(np.zeros((64, 64, 4), np.uint8))
    assert (empty == (0, 255, 0)).all()


def test_every_picture_is_the_receivers_own() -> None:
    compositor = Compositor(64, 64)
    first = compositor.compose(frame())
    kept = first.copy()
    compositor.compose(np.zeros((64, 64, 4), np.uint8))
    np.testing.assert_array_equal(first, kept)


def test_a_background_picture_covers_the_canvas_without_being_stretched(tmp_path: Path) -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    cv2.circle(picture, (50, 50), 20, (255, 255, 255), -1)
    path = tmp_path / "Hintergrund ü.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    canvas = Compositor(320, 180, Background("picture", picture=str(path))).compose(
        np.zeros((8, 8, 4), np.uint8)
    )
    white = canvas[..., 0] > 128
    assert abs(np.ptp(np.flatnonzero(white.any(axis=0))) - 128) <= 3
    assert abs(np.ptp(np.flatnonzero(white.any(axis=1))) - 128) <= 3
    assert cover(picture, 30, 60).shape == (60, 30, 3)


def test_a_plain_background_is_near_its_colour_and_a_little_darker_at_the_corners() -> None:
    ground = plain((100, 120, 140), 1280, 720).astype(float)
    middle, corner = ground[300:340, 620:660].mean((0, 1)), ground[700:, :20].mean((0, 1))
    np.testing.assert_allclose(middle, (100, 120, 140), rtol=0.08)
    assert (corner < middle).all()
    assert (corner > 0.8 * middle).all()


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_an_unreadable_background_is_refused_and_the_old_one_stays(
    tmp_path: Path, content: bytes | None
) -> None:
    compositor = Compositor(64, 64, Background("green"))
    path = tmp_path / "picture.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PersonareError) as caught:
        compositor.set_background(Background("picture", picture=str(path)))
    assert caught.value.remedy
    assert (compositor.compose(np.zeros((8, 8, 4), np.uint8)) == (0, 255, 0)).all()
    with pytest.raises(PersonareError, match="no background kind"):
        compositor.set_background(Background("video"))


@pytest.mark.parametrize("size", [(0, 0), (101, 100), (100, 101), (-2, 2)])
def test_a_size_that_cannot_be_i420_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PersonareError, match="cannot be made"):
        Compositor(*size)


def test_i420_is_bt601_limited_range() -> None:
    # Recommendation ITU-R BT.601: 8-bit black is Y 16, white 235; green is (145, 54, 34).
    for rgb, yuv in (
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((0, 255, 0), (145, 54, 34)),
        ((255, 0, 0), (82, 90, 240)),
    ):
        i420 = rgb_to_i420(np.full((4, 8, 3), rgb, np.uint8))
        assert i420.shape == (6, 8)
        planes = i420.ravel()
        found = planes[0], planes[32], planes[40]
        np.testing.assert_allclose(np.array(found, float), yuv, atol=1.1)
