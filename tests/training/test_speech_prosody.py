"""Pitch and level tracks of sounds whose pitch and level are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.contract import Float32Array
from training.speech.corpus import Clip, Corpus
from training.speech.prosody import clip_prosody, level_track, pitch_track


def voice(low: float, high: float, seconds: float = 1.0) -> tuple[Float32Array, Float32Array]:
    """A gliding voice of 20 falling harmonics, and its pitch every 10 ms."""
    time_N = np.arange(int(seconds * 16000)) / 16000
    hertz_N = low + (high - low) * time_N / seconds
    phase_N = 2 * np.pi * np.cumsum(hertz_N) / 16000
    wave_N = sum(np.sin(k * phase_N) / k for k in range(1, 21)) * 0.05
    return np.asarray(wave_N, np.float32), hertz_N[80::160].astype(np.float32)


@pytest.mark.parametrize(("low", "high"), [(80, 120), (130, 90), (180, 280), (300, 420)])
def test_gliding_voices_are_followed(low: float, high: float) -> None:
    audio_N, truth_F = voice(low, high)
    noise_N = 0.004 * np.random.default_rng(0).standard_normal(len(audio_N))
    pitch_F = pitch_track((audio_N + noise_N).astype(np.float32))
    assert pitch_F.shape == truth_F.shape
    inner = slice(4, -4)
    assert (pitch_F[inner] > 0).mean() > 0.95
    found = pitch_F[inner] > 0
    assert np.abs(pitch_F[inner][found] / truth_F[inner][found] - 1).max() < 0.03


def test_noise_and_silence_have_no_pitch() -> None:
    rng = np.random.default_rng(0)
    noise_N = (0.05 * rng.standard_normal(16000)).astype(np.float32)
    assert (pitch_track(noise_N) > 0).mean() < 0.05
    assert not pitch_track(np.zeros(16000, np.float32)).any()
    voiced_N, _ = voice(120, 130)
    half_N = np.concatenate([voiced_N, noise_N * 0.1])
    pitch_F = pitch_track(half_N)
    assert (pitch_F[5:95] > 0).mean() > 0.95
    assert (pitch_F[105:] > 0).mean() < 0.06
    assert pitch_track(np.zeros(10, np.float32)).shape == (0,)


def test_level_is_in_decibels_under_full_scale() -> None:
    wave_N = np.sin(2 * np.pi * 200 * np.arange(1600) / 16000).astype(np.float32)
    np.testing.assert_allclose(level_track(wave_N), -3.01, atol=0.05)
    np.testing.assert_allclose(level_track(wave_N * 0.01), -43.01, atol=0.05)
    assert level_track(np.zeros(320, np.float32)).tolist() == [-100.0, -100.0]


def test_prosody_is_made_once_and_kept(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    audio_N, truth_F = voice(150, 200)
    clip = Clip("a", "a", "en-us", "human", "a", 1.0)
    corpus.add(clip, audio_N)
    level_F, pitch_F = clip_prosody(corpus, clip)
    assert level_F.shape == pitch_F.shape == truth_F.shape
    assert np.median(np.abs(pitch_F - truth_F)) < 3
    corpus.wav(clip).unlink()
    again = clip_prosody(corpus, clip)
    np.testing.assert_array_equal(again[1], pitch_F)
