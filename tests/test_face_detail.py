"""Layers with the detail of a large picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference.face_detail import FINE, detailed, smaller
from inference.face_layers import SIDE, LayerPicture

LARGE = FINE * SIDE


def textured(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(128, 60, (LARGE, LARGE, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 0.8).clip(40, 215).astype(np.uint8)


def layers_of(picture: np.ndarray) -> list[LayerPicture]:
    """A picture in two layers: a soft disc over the rest."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    away = np.hypot(rows - SIDE / 2, columns - SIDE / 2)
    disc = np.clip((200 - away) / 4 + 0.5, 0, 1).astype(np.float32)
    small = smaller(picture.astype(np.float32))
    under = np.dstack([small, np.full((SIDE, SIDE), 255.0)])
    over = np.dstack([small * disc[..., None], 255 * disc])
    return [
        LayerPicture(name, np.rint(rgba).astype(np.uint8))
        for name, rgba in (("body", under), ("head", over))
    ]


def test_made_smaller_they_are_the_same() -> None:
    picture = textured()
    layers = layers_of(picture)
    for layer, fine in zip(layers, detailed(layers, picture).values(), strict=True):
        assert fine.shape == (LARGE, LARGE, 4)
        off = np.abs(smaller(fine).astype(int) - layer.rgba)
        assert np.percentile(off, 99.9) <= 2
        assert (fine[..., :3] <= fine[..., 3:]).all()


def test_the_layer_that_shows_it_gets_the_detail() -> None:
    picture = textured(1)
    layers = layers_of(picture)
    fine = detailed(layers, picture)
    middle = (slice(LARGE // 2 - 150, LARGE // 2 + 150),) * 2
    corner = (slice(4, 120),) * 2

    def error(name: str, where: tuple[slice, slice]) -> float:
        return float(np.abs(fine[name][where][..., :3].astype(int) - picture[where]).mean())

    assert error("head", middle) < 2
    assert error("body", corner) < 2
    assert error("body", middle) > 5  # hidden there: what the disc shows is not the body's
    enlarged = cv2.resize(layers[1].rgba, (LARGE, LARGE), interpolation=cv2.INTER_LINEAR)
    plain = np.abs(enlarged[middle][..., :3].astype(int) - picture[middle]).mean()
    assert error("head", middle) < plain / 4


def test_names_stay_in_order() -> None:
    picture = textured(2)
    assert list(detailed(layers_of(picture), picture)) == ["body", "head"]


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_plain_picture_stays_plain(grey: int) -> None:
    picture = np.full((LARGE, LARGE, 3), grey, np.uint8)
    for fine in detailed(layers_of(picture), picture).values():
        solid = fine[..., 3] == 255
        assert np.abs(fine[solid][:, :3].astype(int) - grey).max() <= 1
