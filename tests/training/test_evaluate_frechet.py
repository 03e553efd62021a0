"""The Frechet distance: none to itself, known between Gaussians, it sees blinks."""

from __future__ import annotations

import numpy as np

from training.evaluate.frechet import STATES, distance, frechet, state_of, window_features
from training.motion.performance import HEARD_SIZE, PERFORMANCE_INDEX, PERFORMANCE_SIZE


def performances(seed: int, blink_rate: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Smooth noise in every channel, square blinks, somebody speaking half of the time."""
    rng = np.random.default_rng(seed)
    size = (120, 400, PERFORMANCE_SIZE)
    motion = 0.05 * np.cumsum(rng.standard_normal(size), 1) / 20 + 0.1
    blink = np.zeros(size[:2])
    for offset in range(4):
        starts = np.random.default_rng(seed + 100).random(size[:2]) < blink_rate / 25
        blink = np.maximum(blink, np.roll(starts, offset, 1))
    motion[:, :, PERFORMANCE_INDEX["blinkLeft"]] = blink
    heard = np.zeros((120, 400, HEARD_SIZE))
    heard[:60, :, 0] = 1
    heard[60:100, :, 4] = 1
    return motion.astype(np.float32), heard.astype(np.float32)


def test_known_distance_between_gaussians() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((200_000, 2))
    b = rng.standard_normal((200_000, 2)) * [2.0, 1.0] + [3.0, 0.0]
    # (3 ** 2 + (2 - 1) ** 2) / 2 features
    assert abs(frechet(a, b) - 5.0) < 0.05
    assert frechet(a, a) < 1e-6


def test_states_follow_who_speaks() -> None:
    features = window_features(*performances(0))
    assert len(features) == 120 * 4
    counts = np.bincount(state_of(features), minlength=3)
    assert dict(zip(STATES, counts.tolist(), strict=True)) == {
        "speaking": 240, "listening": 160, "idle": 80,
    }  # fmt: skip


def test_other_seed_is_nearer_than_other_behaviour() -> None:
    one, two = (window_features(*performances(seed)) for seed in (1, 2))
    motion, heard = performances(3, blink_rate=1.5)
    three = window_features(motion, heard)
    assert distance(one, one)["all"] < 1e-6
    seeds, blinks = distance(one, two)["all"], distance(one, three)["all"]
    assert blinks > 1.3 * seeds
