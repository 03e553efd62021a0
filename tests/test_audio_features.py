"""The features: the same in any block size, causal, and calm whatever the audio holds."""

from __future__ import annotations

import numpy as np
import pytest

from inference.audio_features import (
    HOP,
    MEL_BANDS,
    MEL_FLOOR,
    QUIETEST_DB,
    WINDOW,
    LogMel,
    Prosody,
    clean,
)
from inference.contract import AUDIO_RATE, Float32Array


def noise(seconds: float, seed: int = 0) -> Float32Array:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(seconds * AUDIO_RATE))).astype(np.float32)


def tone(hz: float, seconds: float = 1.0) -> Float32Array:
    t = np.arange(int(seconds * AUDIO_RATE)) / AUDIO_RATE
    return (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.mark.parametrize("block", [1, 48, 160, 333, 4800])
def test_streaming_equals_whole(block: int) -> None:
    audio_N = noise(0.7)
    whole = LogMel().push(audio_N)
    stream = LogMel()
    pieces = [stream.push(audio_N[i : i + block]) for i in range(0, len(audio_N), block)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


def test_one_frame_every_ten_milliseconds() -> None:
    assert LogMel().push(noise(1.0)).shape == (100, MEL_BANDS)
    assert LogMel().push(np.zeros(HOP - 1, np.float32)).shape == (0, MEL_BANDS)


def test_no_frame_depends_on_later_audio() -> None:
    early, late = noise(1.0), noise(1.0)
    late[AUDIO_RATE // 2 :] = 0.9
    same = AUDIO_RATE // 2 // HOP
    a, b = LogMel().push(early), LogMel().push(late)
    np.testing.assert_array_equal(a[:same], b[:same])
    assert not np.allclose(a[same], b[same])


def test_a_tone_is_loudest_in_its_own_band_and_higher_tones_in_higher_bands() -> None:
    loudest = [int(LogMel().push(tone(hz))[50].argmax()) for hz in (150, 500, 1500, 4000)]
    assert loudest == sorted(set(loudest))


def test_gain_is_an_offset() -> None:
    audio_N = noise(0.5)
    loud, soft = LogMel().push(audio_N), LogMel().push(audio_N * np.float32(0.1))
    np.testing.assert_allclose((loud - soft)[5:], np.log(100), atol=0.1)


def test_direct_current_changes_nothing() -> None:
    audio_N = noise(0.5) * np.float32(0.2)
    plain, shifted = LogMel().push(audio_N), LogMel().push(audio_N + np.float32(0.3))
    np.testing.assert_allclose(plain[WINDOW // HOP + 1 :], shifted[WINDOW // HOP + 1 :], atol=2e-3)


def test_bad_samples_are_heard_as_silence() -> None:
    bad = np.array([np.nan, np.inf, -np.inf, 5.0, -7.0, 0.5])
    np.testing.assert_array_equal(clean(bad), np.array([0, 0, 0, 1, -1, 0.5], np.float32))
    frames = LogMel().push(np.full(3200, np.nan))
    np.testing.assert_allclose(frames, np.log(MEL_FLOOR), atol=1e-3)


def test_reset_forgets() -> None:
    stream = LogMel()
    first = stream.push(noise(0.3))
    stream.push(noise(0.2, seed=1)[:77])
    stream.reset()
    np.testing.assert_array_equal(stream.push(noise(0.3)), first)


def buzz(hertz_N: Float32Array) -> Float32Array:
    """A voice-like tone of the given pitch at every sample."""
    phase_N = 2 * np.pi * np.cumsum(hertz_N / AUDIO_RATE)
    partials = [np.sin(k * phase_N) / k for k in range(1, 9)]
    return (0.1 * np.sum(partials, axis=0)).astype(np.float32)


def test_prosody_in_pieces_is_prosody_of_the_whole() -> None:
    rng = np.random.default_rng(4)
    audio_N = buzz(np.linspace(90, 320, 2 * AUDIO_RATE)) + 0.01 * rng.standard_normal(
        2 * AUDIO_RATE
    ).astype(np.float32)
    whole = Prosody().push(audio_N)
    tracker, pieces = Prosody(), []
    at = 0
    while at < len(audio_N):
        size = int(rng.integers(1, 900))
        pieces.append(tracker.push(audio_N[at : at + size]))
        at += size
    for i in range(2):
        np.testing.assert_array_equal(np.concatenate([p[i] for p in pieces]), whole[i])
    assert len(whole[0]) == 100


@pytest.mark.parametrize("hertz", [80.0, 120.0, 210.0, 400.0])
def test_the_pitch_of_a_tone_is_found(hertz: float) -> None:
    level_S, pitch_S = Prosody().push(buzz(np.full(AUDIO_RATE, hertz, np.float32)))
    np.testing.assert_allclose(pitch_S[3:], hertz, rtol=0.01)
    expected_db = -20 + 10 * np.log10(sum(0.5 / k**2 for k in range(1, 9)))
    assert level_S[10] == pytest.approx(expected_db, abs=0.6)


def test_noise_silence_and_faults_have_no_pitch() -> None:
    rng = np.random.default_rng(0)
    noise_N = 0.1 * rng.standard_normal(2 * AUDIO_RATE).astype(np.float32)
    tracker = Prosody()
    assert (tracker.push(noise_N)[1] > 0).mean() < 0.05
    level_S, pitch_S = tracker.push(np.full(AUDIO_RATE, np.nan, np.float32))
    assert (pitch_S[5:] == 0).all()
    assert level_S[-1] == QUIETEST_DB
    assert (tracker.push(np.full(AUDIO_RATE, 0.5, np.float32))[0][5:] == QUIETEST_DB).all()
