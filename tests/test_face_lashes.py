"""Lashes that go along with a closing lid."""

from __future__ import annotations

import numpy as np

from inference.face_lashes import at_closing, edge_of, lashes_of

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


def dark_rows(share: np.ndarray, x: int) -> np.ndarray:
    return np.flatnonzero(share[:, x] > 0.5)


def test_hairs_turn_over() -> None:
    """They stand on the open edge and hang from the shut one."""
    lashes = lashes_of(window(12, 3), edge(40), 30, FINE)
    _, open_ = at_closing(lashes, edge(40), 0.0, FINE)
    _, shut = at_closing(lashes, edge(60, -3), 1.0, FINE)
    middle = [x for x in range(60, 100) if x % 3 == 0]
    above = np.concatenate([dark_rows(open_, x) for x in middle])
    below = np.concatenate([dark_rows(shut, x) for x in middle])
    assert above.min() < 30
    assert above.max() <= 37
    assert below.min() >= 59
    assert below.max() > 64


def test_a_shut_eye_has_a_line_without_lashes() -> None:
    lashes = lashes_of(window(1), edge(40), 30, FINE)
    _, share = at_closing(lashes, edge(60, 0), 1.0, FINE)
    assert share[58:63, 60:100].max(0).min() > 0.4
    assert share[:50].max() < 0.1


def test_the_lid_is_bare_where_they_stood() -> None:
    lashes = lashes_of(window(12, 3), edge(40), 30, FINE)
    strokes = window(12, 3)[20:34, 60:100].mean(2) < 100
    assert lashes.gone[20:34, 60:100][strokes].mean() > 0.9
    assert np.abs(lashes.skin[22:30, 66:94] - SKIN).max() < 12


def long_lashes(every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window with strokes of 24 fine pixels, a brow high above, and where the eye is open."""
    picture = window(24, every)
    brow = np.stack([np.linspace(30, 130, 5), np.full(5, 2.0)], 1)
    opened = (np.arange(SHAPE[0])[:, None] > 40) & (np.abs(np.arange(SHAPE[1]) - 80) < 40)
    return picture, brow, opened.astype(np.uint8)


def test_long_lashes_do_not_stay_above_a_shut_eye() -> None:
    """Without a word about long ones they are looked for near the edge only."""
    picture, brow, opened = long_lashes(4)
    near = lashes_of(picture, edge(40), 24, FINE)
    whole = lashes_of(picture, edge(40), 24, FINE, 1.0, brow, opened)
    far = picture[14:22, 64:96].mean(2) < 100  # their tips
    assert near.gone[14:22, 64:96][far].mean() < 0.3
    assert whole.gone[14:22, 64:96][far].mean() > 0.8
    assert np.abs(whole.plain[14:22, 64:96] - SKIN).max() < 40
    assert whole.mass[:5].max() == 0  # the brow stays


def test_a_shadow_is_no_lash() -> None:
    """Dark skin above the lid without hairs in it stays as it is."""
    picture, brow, opened = long_lashes(200)
    fall = np.clip((40 - np.arange(SHAPE[0], dtype=np.float32)) / 30, 0, 1)
    picture[:34] = (SKIN * (0.5 + 0.5 * fall))[:34, None, None]
    lashes = lashes_of(picture, edge(40), 24, FINE, 1.0, brow, opened)
    assert lashes.mass.max() == 0
