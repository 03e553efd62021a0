"""What the recording chain itself does: level, clipping, offsets, gates and suppressors.

Every function takes and gives float32 (N,) at 16 kHz, the same length.
"""

from __future__ import annotations

import numpy as np
import soxr
from scipy.signal import butter, sosfilt

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.acoustics import Rng, db


def clipped(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """Overloaded by 6 to 30 dB: hard limits, or the soft ones of an analogue stage."""
    peak = max(float(np.abs(audio_N).max(initial=0)), 1e-9)
    driven = audio_N / peak * db(rng.uniform(6, 30))
    flat = np.clip(driven, -1, 1) if rng.uniform() < 0.5 else np.tanh(driven)
    return (flat * min(1.0, peak * 2)).astype(np.float32)


def offset(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A DC offset of up to 0.3, perhaps drifting."""
    drift_N = np.linspace(1, rng.uniform(0, 1.5), len(audio_N))
    return (audio_N + rng.uniform(-0.3, 0.3) * drift_N).astype(np.float32)


def narrow(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """Sampled at 8 kHz (headset profiles) or 11.025 kHz, and back."""
    rate = int(rng.choice([8000, 8000, 11025]))
    low = soxr.resample(audio_N, AUDIO_RATE, rate)
    back = soxr.resample(low, rate, AUDIO_RATE)
    return np.pad(back, (0, max(0, len(audio_N) - len(back))))[: len(audio_N)].astype(np.float32)


def auto_gain(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A slow automatic gain: divides by its own estimate of the level, fast down and slow up."""
    frames = len(audio_N) // 160 + 1
    level_F = np.abs(np.pad(audio_N, (0, frames * 160 - len(audio_N)))).reshape(frames, 160).max(1)
    release = db(-rng.uniform(0.02, 0.2))
    target, highest = 0.3, db(rng.uniform(6, 30))
    held, gain_F = 1e-4, np.empty(frames)
    for f in range(frames):
        held = max(float(level_F[f]), held * release)
        gain_F[f] = min(highest, target / max(held, 1e-5))
    grid_N = np.arange(len(audio_N)) / 160
    return (audio_N * np.interp(grid_N, np.arange(frames), gain_F)).astype(np.float32)


def noise_gate(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A gate that shuts in pauses, cutting word ends and beginnings as cheap headsets do."""
    frames = len(audio_N) // 160 + 1
    power_F = np.pad(audio_N, (0, frames * 160 - len(audio_N))).reshape(frames, 160).std(1)
    limit = np.percentile(power_F, 95) * db(-rng.uniform(18, 35))
    open_F = np.where(power_F > limit, 1.0, db(-rng.uniform(15, 60)))
    hold = int(rng.integers(3, 30))
    padded = np.pad(open_F, (hold - 1, 0), mode="edge")
    open_F = np.lib.stride_tricks.sliding_window_view(padded, hold).max(1)
    grid_N = np.arange(len(audio_N)) / 160
    return (audio_N * np.interp(grid_N, np.arange(frames), open_F)).astype(np.float32)


def suppressed(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """Noise suppression by spectral subtraction (Boll 1979), musical noise and all."""
    size, hop = 512, 256
    window = np.sqrt(np.hanning(size + 1)[:size])
    padded = np.pad(audio_N, (size, 2 * size))
    view = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    spectrum = np.fft.rfft(view * window)
    power = np.abs(spectrum) ** 2
    noise = np.percentile(power, 15, axis=0) * rng.uniform(1.5, 6)
    floor = db(-rng.uniform(10, 30))
    gain = np.sqrt(np.maximum(1 - noise / (power + 1e-12), floor**2))
    frames = np.fft.irfft(spectrum * gain) * window
    out = np.zeros(len(padded))
    for i, frame in enumerate(frames):
        out[i * hop : i * hop + size] += frame
    return out[size : size + len(audio_N)].astype(np.float32)


def band_limit(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A telephone or Bluetooth band: 300-3400 Hz, or a low-pass between 3.4 and 7 kHz."""
    if rng.uniform() < 0.4:
        sections = butter(4, [300, 3400], "band", fs=AUDIO_RATE, output="sos")
    else:
        sections = butter(6, rng.uniform(3400, 7000), "low", fs=AUDIO_RATE, output="sos")
    return sosfilt(sections, audio_N).astype(np.float32)


def mu_law(audio_N: Float32Array) -> Float32Array:
    """ITU-T G.711's 8-bit companding, there and back."""
    compressed = np.sign(audio_N) * np.log1p(255 * np.minimum(1, np.abs(audio_N))) / np.log(256)
    coarse = np.round(compressed * 127) / 127
    return (np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255).astype(np.float32)
