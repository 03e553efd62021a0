"""The streaming resampler: exact in pieces, in tune, in time, and quick."""

import numpy as np
import pytest

from app.devices.resampler import StreamingResampler

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)


def in_pieces(resampler: StreamingResampler, sound: np.ndarray, seed: int) -> np.ndarray:
    random, position, out = np.random.default_rng(seed), 0, []
    while position < len(sound):
        size = int(random.integers(1, 1500))
        out.append(resampler.process(sound[position : position + size]))
        position += size
    return np.concatenate(out)


@pytest.mark.parametrize("rate", RATES)
def test_pieces_equal_the_whole(rate: int) -> None:
    sound = np.random.default_rng(0).standard_normal(rate // 2).astype(np.float32)
    whole = StreamingResampler(rate, 16_000).process(sound)
    pieces = in_pieces(StreamingResampler(rate, 16_000), sound, seed=1)
    assert np.array_equal(whole, pieces)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_place_in_time_and_its_height(rate: int) -> None:
    time_in = np.arange(rate) / rate
    out = StreamingResampler(rate, 16_000).process(
        np.sin(2 * np.pi * 1000 * time_in).astype(np.float32)
    )
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(out)) / 16_000)
    inside = slice(200, -200)
    assert np.abs(out - expected)[inside].max() < 0.005
    assert len(out) == pytest.approx(16_000, abs=64)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_what_16_khz_cannot_hold_is_gone(rate: int) -> None:
    time_in = np.arange(rate) / rate
    for hertz in (10_000, 14_000, 20_000):
        out = StreamingResampler(rate, 16_000).process(
            np.sin(2 * np.pi * hertz * time_in).astype(np.float32)
        )
        assert np.abs(out[100:-100]).max() < 0.003  # -50 dB


@pytest.mark.parametrize("rate", RATES)
def test_no_output_waits_longer_than_the_stated_delay(rate: int) -> None:
    resampler = StreamingResampler(rate, 16_000)
    taken = given = 0
    for _ in range(60):
        block = np.zeros(rate // 100, np.float32)
        taken += len(block)
        given += len(resampler.process(block))
        assert taken / rate - given / 16_000 <= resampler.delay + 1e-9
    assert resampler.delay <= (0.0022 if rate >= 8_000 else 0.005)
