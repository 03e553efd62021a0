"""Levels, rooms and microphones: the base of all augmentation. Audio is float32 (N,) at 16 kHz."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from inference.contract import AUDIO_RATE, Float32Array

Rng = np.random.Generator


def level(audio_N: Float32Array) -> float:
    """RMS of the louder part (samples over a tenth of the peak), at least 1e-6."""
    peak = float(np.abs(audio_N).max(initial=0))
    loud = audio_N[np.abs(audio_N) > 0.1 * peak] if peak > 0 else audio_N[:0]
    return max(1e-6, float(np.sqrt(np.mean(loud**2)))) if len(loud) else 1e-6


def db(value: float) -> float:
    """Amplitude of a level in dB."""
    return float(10 ** (value / 20))


def room(rng: Rng, far: bool = False) -> Float32Array:
    """An impulse response: T60 0.1-0.7 s, direct sound first; `far` weakens the direct sound."""
    t60 = rng.uniform(0.1, 0.7)
    n = int(AUDIO_RATE * min(0.5, t60))
    tail = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / (t60 * AUDIO_RATE))
    tail[: int(AUDIO_RATE * rng.uniform(0.002, 0.012))] = 0
    tail = lfilter([1.0], [1.0, -rng.uniform(0.0, 0.6)], tail)
    ratio = db(rng.uniform(-6, 6) if far else rng.uniform(-28, -3))
    response = tail / (np.sqrt((tail**2).sum()) + 1e-9) * ratio
    response[0] = 1.0
    return response.astype(np.float32)


def microphone(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A microphone's colour: tilt, high-pass and a few broad peaks, done in one spectrum."""
    count = len(audio_N)
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / AUDIO_RATE), 10.0)
    octave = np.log2(frequency / 1000)
    gain_db = rng.normal(0, 1.5) * octave
    for _ in range(3):
        centre, width = rng.uniform(-3, 3), rng.uniform(0.4, 1.5)
        gain_db += rng.normal(0, 4) * np.exp(-(((octave - centre) / width) ** 2))
    corner = rng.uniform(20, 200)
    gain_db -= 10 * np.log10(1 + (corner / frequency) ** 4)
    spectrum = np.fft.rfft(audio_N) * 10 ** (np.clip(gain_db, -40, 20) / 20)
    return np.fft.irfft(spectrum, count).astype(np.float32)
