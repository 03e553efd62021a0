"""The second look at a person's outline: what colours mend, and what they leave alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference.contract import Float32Array, UInt8Array
from inference.portrait_cut import better_cut, by_colour

SIDE = 320


def scene(grey: bool = False) -> tuple[UInt8Array, Float32Array]:
    """A person in red with yellow hair, in a room of blues and greens; and where the person is."""
    rng = np.random.default_rng(4)
    rgb = cv2.resize(rng.integers(0, 90, (12, 12, 3)).astype(np.uint8), (SIDE, SIDE))
    rgb[..., 2] += 90
    person = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(person, (160, 150), 70, 1, -1)
    cv2.rectangle(person, (90, 210), (230, SIDE), 1, -1)
    rgb[person > 0] = (190, 70, 60)
    hair = (person > 0) & (np.arange(SIDE)[:, None] < 120)
    rgb[hair] = (210, 180, 60)
    rgb = np.clip(rgb + rng.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)
    if grey:
        rgb = np.repeat(rgb.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    return np.asarray(rgb, np.uint8), person.astype(np.float32)


def said(person: Float32Array) -> tuple[Float32Array, Float32Array]:
    """What a network may have said: a tuft of the room, a bite of the hair, a hole, an island."""
    wrong = person.copy()
    cv2.circle(wrong, (235, 150), 9, 1.0, -1)
    cv2.circle(wrong, (160, 84), 9, 0.0, -1)
    cv2.circle(wrong, (150, 250), 6, 0.0, -1)
    cv2.circle(wrong, (30, 40), 14, 1.0, -1)
    wrong = np.asarray(cv2.GaussianBlur(wrong, (0, 0), 1.5), np.float32)
    top = (np.arange(SIDE)[:, None] < 120).astype(np.float32)
    shares = np.stack([1 - wrong, wrong * (1 - top), 0 * wrong, wrong * top, 0 * wrong])
    likely = np.stack([1 - wrong, 1 - top + 0 * wrong, 0 * wrong, top + 0 * wrong, 0 * wrong])
    rough = cv2.resize(likely.transpose(1, 2, 0), (64, 64)).transpose(2, 0, 1)
    return shares.astype(np.float32), rough.astype(np.float32)


def test_what_the_network_missed_is_mended() -> None:
    rgb, person = scene()
    shares, rough = said(person)
    found = better_cut(shares, rough, rgb)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-4)
    assert found.min() >= 0
    cut = 1 - found[0]
    assert cut[150, 236] < 0.1  # the tuft
    assert cut[84, 160] > 0.9  # the bite
    assert found[3, 84, 160] > 0.8  # which is hair
    assert cut[250, 150] > 0.9  # the hole
    assert cut[40, 30] < 0.1  # the island
    before, after = (np.abs(each - person).mean() for each in (1 - shares[0], cut))
    assert after < 0.5 * before
    np.testing.assert_array_equal(found, better_cut(shares, rough, rgb))  # no chance in it


def test_a_right_outline_keeps_its_soft_edge() -> None:
    rgb, person = scene()
    soft = np.asarray(cv2.GaussianBlur(person, (0, 0), 2.0), np.float32)
    shares = np.stack([1 - soft, soft, 0 * soft, 0 * soft, 0 * soft])
    found = better_cut(shares, np.full((5, 64, 64), 0.2, np.float32), rgb)
    np.testing.assert_allclose(found[0], shares[0], atol=0.05)


def test_one_tone_and_too_little_tell_nothing() -> None:
    rgb, person = scene(grey=True)
    shares, rough = said(person)
    assert better_cut(shares, rough, rgb) is shares
    rgb, person = scene()
    for everything in (np.zeros_like(person), np.ones_like(person)):
        assert by_colour(everything, rgb) is None
        nobody = np.stack([1 - everything, everything])
        assert better_cut(nobody, nobody, rgb) is nobody


@pytest.mark.parametrize("size", [(160, 160), (321, 240)])
def test_any_size(size: tuple[int, int]) -> None:
    rgb, person = scene()
    rgb, person = cv2.resize(rgb, size), cv2.resize(person, size)
    assert np.abs(np.asarray(by_colour(person, rgb)) - person).mean() < 0.05
