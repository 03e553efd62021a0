"""Make clean speech sound as microphones deliver it; and the sounds that are not speech.

`degrade` is the whole chain; its parts lie in `acoustics` (rooms, microphones), `chain` (levels,
gates, suppressors), `codecs` and `surroundings` (babble, echo, music). Here are the noises, all
synthesised. All audio is float32 (N,) at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.signal import fftconvolve

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.acoustics import Rng, db, level, microphone, room
from training.speech.chain import (
    auto_gain,
    band_limit,
    clipped,
    mu_law,
    narrow,
    noise_gate,
    offset,
    suppressed,
)
from training.speech.codecs import lost_packets, random_codec
from training.speech.surroundings import plucked, song

Tunes = Callable[[int, Rng], Float32Array]
PROCESSORS: Final[dict[str, Callable[[Float32Array, Rng], Float32Array]]] = {
    "auto gain": auto_gain, "gate": noise_gate, "suppression": suppressed, "clipping": clipped,
}  # fmt: skip


def shape_noise(count: int, rng: Rng, slope: float) -> Float32Array:
    """Noise whose power falls as 1 / f**slope (0 white, 1 pink, 2 brown), RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / AUDIO_RATE), 20.0)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), count)
    return (noise / (noise.std() + 1e-9)).astype(np.float32)


def colour_noise(count: int, rng: Rng) -> Float32Array:
    """White to brown noise, steady."""
    return shape_noise(count, rng, float(rng.uniform(0, 2.2)))


def fan(count: int, rng: Rng) -> Float32Array:
    """A fan: brown noise, slowly swelling, with blade tones."""
    t = np.arange(count) / AUDIO_RATE
    swell = 1 + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 1.5) * t + rng.uniform(0, 6))
    noise = shape_noise(count, rng, float(rng.uniform(1, 2))) * swell
    blade = rng.uniform(60, 240)
    for harmonic in range(1, 5):
        noise += rng.uniform(0, 0.5) / harmonic * np.sin(2 * np.pi * blade * harmonic * t)
    return (noise / noise.std()).astype(np.float32)


def hum(count: int, rng: Rng) -> Float32Array:
    """Mains hum at 50 or 60 Hz with harmonics."""
    t = np.arange(count) / AUDIO_RATE
    base = rng.choice([50.0, 60.0])
    wave = np.zeros(count)
    for harmonic in range(1, int(rng.integers(3, 16))):
        wave += (
            rng.uniform(0, 1) / harmonic * np.sin(2 * np.pi * (base * harmonic * t + rng.uniform()))
        )
    return (wave / (wave.std() + 1e-9) + 0.02 * rng.standard_normal(count)).astype(np.float32)


def keyboard(count: int, rng: Rng) -> Float32Array:
    """Typing: bursts of clicks with a body resonance and a softer release, in bouts."""
    wave = np.zeros(count + 8000)
    now = int(rng.uniform(0, 8000))
    resonance, decay = rng.uniform(300, 3500), rng.uniform(60, 400)
    while now < count:
        for delay, gain in ((0, 1.0), (int(rng.uniform(900, 2200)), rng.uniform(0.1, 0.6))):
            n = int(rng.uniform(300, 1600))
            t = np.arange(n) / AUDIO_RATE
            click = rng.standard_normal(n) * np.exp(-t * rng.uniform(150, 600))
            thud = np.sin(2 * np.pi * resonance * rng.uniform(0.8, 1.2) * t) * np.exp(-t * decay)
            at = now + delay
            size = min(n, len(wave) - at)
            wave[at : at + size] += gain * rng.uniform(0.3, 1) * (click + thud)[:size]
        now += int(rng.uniform(1000, 4500) if rng.uniform() < 0.93 else rng.uniform(8000, 32000))
    return (wave[:count] / (np.abs(wave).max() + 1e-9) * 4).astype(np.float32)


def music(count: int, rng: Rng) -> Float32Array:
    """Music-like: chords and a melody of decaying harmonic tones with vibrato, and a beat."""
    wave = np.zeros(count + AUDIO_RATE * 2)
    beat = int(AUDIO_RATE * rng.uniform(0.2, 0.6))
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    root = rng.uniform(90, 300)
    partials = int(rng.integers(2, 9))
    for at in range(0, count, beat):
        for _ in range(int(rng.integers(1, 4))):
            note = root * 2 ** ((rng.choice(scale) + 12 * rng.integers(0, 2)) / 12)
            n = int(beat * rng.uniform(0.7, 3))
            t = np.arange(n) / AUDIO_RATE
            phase = 2 * np.pi * note * t + 0.3 * np.sin(2 * np.pi * 5.5 * t)
            tone = sum(np.sin(k * phase) / k ** rng.uniform(0.7, 2) for k in range(1, partials + 1))
            envelope = np.minimum(t / 0.01, 1) * np.exp(-t * rng.uniform(0.5, 6))
            size = min(n, len(wave) - at)
            wave[at : at + size] += (tone * envelope)[:size] * rng.uniform(0.2, 1)
        if rng.uniform() < 0.6:
            n = int(rng.uniform(800, 3000))
            drum = rng.standard_normal(n) * np.exp(-np.arange(n) / rng.uniform(100, 900))
            wave[at : at + n] += drum * rng.uniform(0.2, 2)
    return (wave[:count] / (wave[:count].std() + 1e-9)).astype(np.float32)


def breathing(count: int, rng: Rng) -> Float32Array:
    """Breath on the microphone, chair creaks and bumps: low and broad noise in slow bursts."""
    t = np.arange(count) / AUDIO_RATE
    rhythm = np.maximum(0, np.sin(2 * np.pi * rng.uniform(0.15, 0.5) * t + rng.uniform(0, 6))) ** 3
    noise = shape_noise(count, rng, float(rng.uniform(0.3, 1.2))) * rhythm
    for _ in range(int(count / AUDIO_RATE / 3)):
        at, n = int(rng.uniform(0, max(1, count - 4000))), int(rng.uniform(500, 4000))
        bump = shape_noise(n, rng, 2.0) * np.exp(-np.arange(n) / (n / 5))
        noise[at : at + n] += bump[: count - at] * rng.uniform(0.2, 2)
    return (noise / (noise.std() + 1e-9)).astype(np.float32)


NOISES: Final[dict[str, Callable[[int, Rng], Float32Array]]] = {
    "colour": colour_noise, "fan": fan, "hum": hum, "keyboard": keyboard, "music": music,
    "breathing": breathing, "plucked": plucked, "song": song,
}  # fmt: skip


def degrade(speech_N: Float32Array, rng: Rng, tunes: Tunes | None = None) -> Float32Array:
    """One random recording chain: room, noise, microphone, gain, clipping, processing, codec.

    `tunes` gives real music (`surroundings.MusicShelf`); without it music is synthesised.
    """
    audio_N = speech_N
    if rng.uniform() < 0.5:
        audio_N = fftconvolve(audio_N, room(rng))[: len(audio_N)].astype(np.float32)
    if rng.uniform() < 0.7:
        audio_N = microphone(audio_N, rng)
    loud = level(audio_N)
    if rng.uniform() < 0.75:
        audio_N = audio_N + _disturbance(len(audio_N), rng, tunes) * loud
    if rng.uniform() < 0.2:
        audio_N = band_limit(audio_N, rng) if rng.uniform() < 0.7 else narrow(audio_N, rng)
    if rng.uniform() < 0.15:
        audio_N = PROCESSORS[str(rng.choice(list(PROCESSORS)))](audio_N, rng)
        loud = level(audio_N)
    audio_N = audio_N * (db(rng.uniform(-45, -8)) / max(loud, 1e-6))
    if rng.uniform() < 0.08:
        audio_N = np.clip(audio_N * rng.uniform(3, 30), -1, 1)
    if rng.uniform() < 0.06:
        audio_N = mu_law(audio_N)
    if rng.uniform() < 0.08:
        audio_N = random_codec(audio_N, rng)
    if rng.uniform() < 0.03:
        audio_N = lost_packets(audio_N, rng)
    if rng.uniform() < 0.03:
        audio_N = offset(audio_N, rng)
    self_noise = rng.standard_normal(len(audio_N)).astype(np.float32) * db(rng.uniform(-95, -65))
    return np.clip(audio_N + self_noise, -1, 1).astype(np.float32)


def _disturbance(count: int, rng: Rng, tunes: Tunes | None) -> Float32Array:
    """One noise at a random level against speech of level 1."""
    steady = ("colour", "colour", "colour", "fan", "fan", "hum")
    kind = str(rng.choice([*steady, "keyboard", "music", "plucked", "song"]))
    ratio = rng.uniform(3, 40) if kind in steady else rng.uniform(10, 35)
    if tunes is not None and kind in ("music", "plucked", "song") and rng.uniform() < 0.7:
        return tunes(count, rng) * db(-ratio)
    return NOISES[kind](count, rng) * db(-ratio)


__all__ = [
    "NOISES", "PROCESSORS", "Rng", "band_limit", "db", "degrade", "level", "microphone", "mu_law",
    "room", "shape_noise",
]  # fmt: skip
