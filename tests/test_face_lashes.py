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
    lashes = lashes_of(window(12, 3), edge(40), 30, FINE, large=False)
    assert not lashes.drawn
    _, open_ = at_closing(lashes, edge(40), 0.0, FINE)
    _, shut = at_closing(lashes, edge(60, -3), 1.0, FINE)
    middle = [x for x in range(60, 100) if x % 3 == 0]
    above = np.concatenate([dark_rows(open_, x) for x in middle])
    below = np.concatenate([dark_rows(shut, x) for x in middle])
    assert above.min() < 30
    assert above.max() <= 37
    assert below.min() >= 59
    assert below.max() > 64


def test_ink_stays_on_the_lid() -> None:
    lashes = lashes_of(window(10), edge(40), 30, FINE, large=True)
    assert lashes.drawn
    colour, share = at_closing(lashes, edge(60, 0), 1.0, FINE)
    rows = dark_rows(share, 80)
    assert rows.min() >= 52
    assert rows.max() <= 62
    assert colour[58, 80].max() < 60


def test_a_shut_eye_has_a_line_without_lashes() -> None:
    lashes = lashes_of(window(1), edge(40), 30, FINE, large=False)
    _, share = at_closing(lashes, edge(60, 0), 1.0, FINE)
    assert share[58:63, 60:100].max(0).min() > 0.4
    assert share[:50].max() < 0.1


def test_the_lid_is_bare_where_they_stood() -> None:
    lashes = lashes_of(window(12, 3), edge(40), 30, FINE, large=False)
    strokes = window(12, 3)[20:34, 60:100].mean(2) < 100
    assert lashes.gone[20:34, 60:100][strokes].mean() > 0.9
    assert np.abs(lashes.skin[22:30, 66:94] - SKIN).max() < 12
