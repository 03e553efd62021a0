"""What bench means by the delay of the mouth."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from app.cli.bench import mouth_delays
from app.cli.process import age_s, peak_memory_mb


def test_a_sound_waits_for_the_first_picture_that_shows_it() -> None:
    # Every 100 ms a picture is handed over that shows the sound of 50 ms before.
    handed = [(k / 10, k / 10 - 0.05) for k in range(50)]
    delays_S = mouth_delays(handed)
    # A sound just shown waited 50 ms; one that just missed a picture 100 ms more.
    assert delays_S.min() == pytest.approx(0.05, abs=0.011)
    assert delays_S.max() == pytest.approx(0.15, abs=0.011)
    assert np.median(delays_S) == pytest.approx(0.10, abs=0.011)


def test_a_held_mouth_counts_against_the_delay() -> None:
    steady = [(k / 10, k / 10 - 0.05) for k in range(50)]
    stalled = [(when, min(shown, 1.0) if when < 3 else shown) for when, shown in steady]
    assert mouth_delays(stalled).max() == pytest.approx(2.0, abs=0.15)


def test_the_process_knows_its_age_and_memory() -> None:
    first = age_s()
    time.sleep(0.02)
    assert 0.01 <= age_s() - first < 5
    if sys.platform == "linux":
        assert 20 < peak_memory_mb() < 20_000
