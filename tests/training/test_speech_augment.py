"""Every kind of degradation does what it says, keeps length and timing, and stays finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from inference.contract import Float32Array
from training.speech import chain, codecs, surroundings
from training.speech.augment import PROCESSORS, degrade


@pytest.fixture(scope="module")
def speech_N() -> Float32Array:
    """Two seconds of a buzz in syllables, with pauses: something with an envelope."""
    rng = np.random.default_rng(3)
    t = np.arange(32000) / 16000
    hertz = 120 + 30 * np.sin(2 * np.pi * 1.3 * t)
    phase = 2 * np.pi * np.cumsum(hertz) / 16000
    wave = sum(np.sin(k * phase) / k for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t + 0.4), 0, 1) ** 0.5
    return np.asarray(0.1 * wave * syllables + 0.001 * rng.standard_normal(32000), np.float32)


def envelope(audio_N: Float32Array) -> Float32Array:
    return np.asarray(np.abs(audio_N[: len(audio_N) // 160 * 160]).reshape(-1, 160).max(1))


@pytest.mark.parametrize("name", sorted(codecs.CODECS))
def test_codecs_change_the_sound_but_not_its_timing(name: str, speech_N: Float32Array) -> None:
    if not codecs.available(name):
        pytest.skip(f"this FFmpeg cannot encode {name}")
    out_N = codecs.coded(speech_N, name, np.random.default_rng(0))
    assert out_N.shape == speech_N.shape
    assert out_N.dtype == np.float32
    assert not np.array_equal(out_N, speech_N)
    before, after = envelope(speech_N)[5:-5], envelope(out_N)[5:-5]
    best = np.argmax([np.corrcoef(before[5:-5], after[5 + d :][: len(before) - 10])[0, 1]
                      for d in range(-5, 6)])  # fmt: skip
    assert abs(best - 5) <= 1
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_a_known_delay_is_taken_out(speech_N: Float32Array) -> None:
    late_N = np.concatenate([np.zeros(777, np.float32), speech_N])
    np.testing.assert_array_equal(codecs.in_step(speech_N, late_N), speech_N)


def test_lost_packets_are_filled_with_the_last(speech_N: Float32Array) -> None:
    out_N = codecs.lost_packets(speech_N, np.random.default_rng(1))
    changed = (out_N != speech_N).reshape(-1, 320).any(1)
    assert 0 < changed.mean() < 0.5
    first = int(np.argmax(changed))
    expected = speech_N[(first - 1) * 320 : first * 320] * np.float32(0.6)
    np.testing.assert_allclose(out_N[first * 320 : (first + 1) * 320], expected)


@pytest.mark.parametrize("name", sorted(PROCESSORS))
def test_processors_keep_length_and_the_speech(name: str, speech_N: Float32Array) -> None:
    out_N = PROCESSORS[name](speech_N, np.random.default_rng(2))
    assert out_N.shape == speech_N.shape
    assert out_N.dtype == np.float32
    assert np.isfinite(out_N).all()
    assert np.corrcoef(envelope(speech_N), envelope(out_N))[0, 1] > 0.5


def test_the_gate_and_the_suppressor_quieten_the_pauses(speech_N: Float32Array) -> None:
    rng = np.random.default_rng(0)
    noisy_N = (speech_N + 0.003 * rng.standard_normal(32000)).astype(np.float32)
    quiet = envelope(speech_N) < 0.01
    for clean in (chain.noise_gate, chain.suppressed):
        before = envelope(noisy_N)
        tries = [envelope(clean(noisy_N, np.random.default_rng(seed))) for seed in range(6)]
        ratio = min(after[quiet].mean() / after[~quiet].mean() for after in tries)
        assert ratio < 0.7 * before[quiet].mean() / before[~quiet].mean()


def test_auto_gain_evens_out_a_soft_start(speech_N: Float32Array) -> None:
    fading_N = (speech_N * np.linspace(0.2, 2, 32000)).astype(np.float32)
    out_N = chain.auto_gain(fading_N, np.random.default_rng(0))
    ratio = out_N[:16000].std() / out_N[16000:].std()
    assert ratio > 1.3 * fading_N[:16000].std() / fading_N[16000:].std()


def test_offset_and_narrow_band(speech_N: Float32Array) -> None:
    rng = np.random.default_rng(0)
    moved = [abs(float(chain.offset(speech_N, rng).mean())) for _ in range(8)]
    assert max(moved) > 0.05
    noise_N = rng.standard_normal(16000).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(chain.narrow(noise_N, rng)))
    assert spectrum[5700:].mean() < 0.02 * spectrum[500:3500].mean()


def test_clipping_flattens(speech_N: Float32Array) -> None:
    out_N = chain.clipped(speech_N, np.random.default_rng(0))
    crest = np.abs(out_N).max() / out_N.std()
    assert crest < 0.7 * np.abs(speech_N).max() / speech_N.std()


def test_echo_comes_late_and_soft(speech_N: Float32Array) -> None:
    rng = np.random.default_rng(0)
    out_N = surroundings.echo(speech_N, rng, delay_s=0.3, level_db=-20)
    assert out_N.shape == speech_N.shape
    assert not out_N[:4800].any()
    assert 0.01 < out_N[4800:].std() / speech_N.std() < 0.4


def test_babble_is_as_long_as_the_longest_voice(speech_N: Float32Array) -> None:
    out_N = surroundings.babble([speech_N, speech_N[:9000], -speech_N], np.random.default_rng(0))
    assert out_N.shape == speech_N.shape
    assert out_N.std() == pytest.approx(1, abs=0.01)


def test_real_music_is_cut_from_a_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="no music"):
        surroundings.MusicShelf(tmp_path)(1600, rng)
    tune = 0.1 * np.sin(np.arange(22050 * 11) * 0.1)
    soundfile.write(tmp_path / "tune.wav", tune, 22050)
    soundfile.write(tmp_path / "short.wav", tune[:100], 22050)
    shelf = surroundings.MusicShelf(tmp_path)
    assert [f.name for f in shelf.files] == ["tune.wav"]
    cut_N = shelf(16000, rng)
    assert cut_N.shape == (16000,)
    assert cut_N.std() == pytest.approx(1, abs=0.05)
    out_N = degrade(cut_N, np.random.default_rng(5), tunes=shelf)
    assert np.isfinite(out_N).all()
