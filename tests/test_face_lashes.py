"""Lashes as long as toons'."""

from __future__ import annotations

import numpy as np

from inference.face_lashes import edge_of, long_lashes

FINE = 2
SHAPE = (80, 160)
SKIN = 200.0


def edge(y: float, dip: float = 6.0) -> np.ndarray:
    """An arch from (40, y) to (120, y), its middle `dip` higher."""
    x = np.array([40.0, 56, 72, 88, 104, 120])
    arch = dip * (1 - ((x - 80) / 40) ** 2)
    return edge_of(np.stack([x, y - arch], 1).astype(np.float32))


def window(length: float, every: int = 1) -> np.ndarray:
    """Skin with dark strokes standing on the arch at row 40; white below it."""
    out = np.full((*SHAPE, 3), SKIN, np.float32)
    for x in range(40, 120):
        top = 40 - 6 * (1 - ((x - 80) / 40) ** 2)
        out[round(top) :, x] = 245
        if x % every == 0:
            out[round(top - length) : round(top) + 1, x] = (40, 30, 20)
    return out


def hairy(every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window with strokes of 24 fine pixels, a brow high above, and where the eye is open."""
    picture = window(24, every)
    brow = np.stack([np.linspace(30, 130, 5), np.full(5, 2.0)], 1)
    opened = (np.arange(SHAPE[0])[:, None] > 40) & (np.abs(np.arange(SHAPE[1]) - 80) < 40)
    return picture, brow, opened.astype(np.uint8)


def test_long_lashes_are_found() -> None:
    """Up to their tips, and not the brow."""
    picture, brow, opened = hairy(4)
    mass = long_lashes(picture, edge(40), 24, brow, opened)
    far = picture[16:30, 64:96].mean(2) < 100
    assert mass[16:30, 64:96][far].mean() > 0.6
    assert mass[:5].max() == 0


def test_a_shadow_is_no_lash() -> None:
    """Dark skin above the lid without hairs in it stays as it is."""
    picture, brow, opened = hairy(200)
    fall = np.clip((40 - np.arange(SHAPE[0], dtype=np.float32)) / 30, 0, 1)
    picture[:34] = (SKIN * (0.5 + 0.5 * fall))[:34, None, None]
    assert long_lashes(picture, edge(40), 24, brow, opened).max() == 0
