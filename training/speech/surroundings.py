"""What else a microphone hears: other people, music with instruments or a singer, the loudspeaker.

Audio is float32 (N,) at 16 kHz; sounds that are made from nothing have an RMS near 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.acoustics import Rng, db, level, room

MUSIC_PACKAGES: Final = ("wesnoth-1.16-music", "hedgewars-data", "asterisk-moh-opsound-g722")
"""Free music in Debian (GPL, CC-BY-SA): orchestra, rock and electronic; any folder of .ogg does."""
_VOWELS: Final = ((730, 1090, 2440), (530, 1840, 2480), (300, 2250, 3010), (570, 840, 2410),
                  (330, 870, 2240))  # fmt: skip
"""First three formants, Hz, of /a e i o u/: Peterson and Barney (1952), men."""


def babble(voices: Sequence[Float32Array], rng: Rng) -> Float32Array:
    """Several people talking at once, farther or nearer, in one room; as long as the longest."""
    count = max(len(v) for v in voices)
    sum_N = np.zeros(count, np.float32)
    for voice_N in voices:
        whole_N = np.resize(np.roll(voice_N, int(rng.integers(len(voice_N)))), count)
        near = db(rng.uniform(-12, 0)) / level(whole_N)
        sum_N += fftconvolve(whole_N, room(rng, far=True))[:count].astype(np.float32) * near
    return sum_N / max(float(sum_N.std()), 1e-9)


def loudspeaker(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """A small loudspeaker: no bass, and overdriven a little when loud (tanh)."""
    sections = butter(2, float(rng.uniform(120, 500)), "high", fs=AUDIO_RATE, output="sos")
    thin_N = sosfilt(sections, audio_N)
    drive = rng.uniform(0.1, 2.5) / max(level(thin_N.astype(np.float32)), 1e-6)
    return (np.tanh(thin_N * drive) / drive).astype(np.float32)


def echo(
    other_N: Float32Array, rng: Rng, delay_s: float | None = None, level_db: float | None = None
) -> Float32Array:
    """What the microphone hears of the other side: loudspeaker, room, delay, level; same length.

    `delay_s` 0 to 0.5 and `level_db` -45 to 0 against the other side are random unless given.
    Half of the echoes have been through an echo canceller that left only loud parts behind.
    """
    count = len(other_N)
    late = int((rng.uniform(0, 0.5) if delay_s is None else delay_s) * AUDIO_RATE)
    gain = db(rng.uniform(-45, 0) if level_db is None else level_db)
    heard_N = fftconvolve(loudspeaker(other_N, rng), room(rng, far=True))[:count]
    if rng.uniform() < 0.5:
        heard_N = _leftover(heard_N.astype(np.float32), rng)
    return np.concatenate([np.zeros(late), heard_N * gain])[:count].astype(np.float32)


def _leftover(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """What a canceller leaves: bursts, where its gain opens for a moment."""
    count = len(audio_N) // 1600 + 2
    open_F = np.where(rng.uniform(size=count) < rng.uniform(0.2, 0.7), 1.0, db(-20))
    gain_N = np.repeat(open_F, 1600)[: len(audio_N)]
    smooth = int(0.02 * AUDIO_RATE)
    return (audio_N * np.convolve(gain_N, np.ones(smooth) / smooth, "same")).astype(np.float32)


def _melody(count: int, rng: Rng, low: float, beat_s: float) -> NDArray[np.float64]:
    """Pitch in Hz of every sample: steps on a scale, held for one to four beats, slurred."""
    scale = np.array([0, 2, 3, 5, 7, 9, 10, 12] if rng.uniform() < 0.5 else [0, 2, 4, 5, 7, 9, 11])
    degree = int(rng.integers(len(scale)))
    hertz: list[float] = []
    while len(hertz) < count // 160 + 1:
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, len(scale) - 1))
        hertz += [low * 2 ** (scale[degree] / 12)] * int(beat_s * 100 * rng.integers(1, 5))
    smooth = np.convolve(hertz, np.ones(6) / 6, "same")
    grid = np.arange(count) / 160
    return np.interp(grid, np.arange(len(smooth)), smooth)


def song(count: int, rng: Rng) -> Float32Array:
    """Somebody singing vowels: a buzz with vibrato on a melody, through changing formants."""
    beat = float(rng.uniform(0.15, 0.4))
    t = np.arange(count) / AUDIO_RATE
    hertz_N = _melody(count, rng, float(rng.uniform(100, 330)), beat)
    hertz_N *= 1 + 0.02 * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t)
    phase_N = np.cumsum(hertz_N) / AUDIO_RATE
    buzz_N = 1 - 2 * (phase_N % 1) + 0.05 * rng.standard_normal(count)
    out_N = np.zeros(count)
    tract = float(rng.uniform(0.95, 1.25))
    size = int(beat * 2 * AUDIO_RATE)
    for at in range(0, count, size):
        piece_N = buzz_N[at : at + size]
        for formant in _VOWELS[int(rng.integers(len(_VOWELS)))]:
            width = np.exp(-np.pi * 90 / AUDIO_RATE)
            angle = 2 * np.pi * formant * tract / AUDIO_RATE
            piece_N = lfilter([1 - width], [1, -2 * width * np.cos(angle), width**2], piece_N)
        fade = np.minimum(1, np.minimum(np.arange(len(piece_N)), 400) / 400)
        out_N[at : at + size] = piece_N / (piece_N.std() + 1e-9) * fade * rng.uniform(0.5, 1)
    return (out_N / (out_N.std() + 1e-9)).astype(np.float32)


def plucked(count: int, rng: Rng) -> Float32Array:
    """A plucked string instrument (Karplus and Strong 1983) with a bass and a drum beat."""
    beat = int(AUDIO_RATE * rng.uniform(0.12, 0.35))
    low = float(rng.uniform(110, 220))
    pitch_N = _melody(count, rng, low, beat / AUDIO_RATE)
    out_N = np.zeros(count + 2 * AUDIO_RATE)
    for i, at in enumerate(range(0, count, beat)):
        for hertz, gain in ((pitch_N[at], 1.0), (low / 2, 0.8 if i % 4 == 0 else 0.0)):
            if gain and rng.uniform() < 0.85:
                note_N = _string(float(hertz), AUDIO_RATE, rng)
                out_N[at : at + len(note_N)] += gain * note_N
        if i % 2 == 0:
            n = 2400
            hit = rng.standard_normal(n) * np.exp(-np.arange(n) / rng.uniform(100, 600))
            out_N[at : at + n] += hit * rng.uniform(0.1, 0.8)
    return (out_N[:count] / (out_N[:count].std() + 1e-9)).astype(np.float32)


def _string(hertz: float, count: int, rng: Rng) -> NDArray[np.float64]:
    """One string: noise of one period going round a loop that averages neighbours."""
    period = max(2, int(AUDIO_RATE / hertz))
    burst_N = np.zeros(count)
    burst_N[:period] = rng.uniform(-1, 1, period)
    loop = np.zeros(period + 2)
    loop[0], loop[period], loop[period + 1] = 1, -0.498, -0.498
    return np.asarray(lfilter([1.0], loop, burst_N))


class MusicShelf:
    """Real music from a folder of .ogg, .wav or .flac files, cut anywhere."""

    def __init__(self, folder: Path) -> None:
        kinds = (".ogg", ".wav", ".flac")
        self.files = [f for f in sorted(folder.rglob("*")) if f.suffix in kinds and _long(f)]

    def __call__(self, count: int, rng: Rng) -> Float32Array:
        """A random stretch, RMS 1; raises ValueError if the folder holds no music."""
        if not self.files:
            raise ValueError("no music of ten seconds or more in this folder")
        file = self.files[int(rng.integers(len(self.files)))]
        with soundfile.SoundFile(file) as sound:
            need = int(count * sound.samplerate / AUDIO_RATE) + 1
            sound.seek(int(rng.integers(max(1, sound.frames - need))))
            stereo = sound.read(need, dtype="float32", always_2d=True)
            rate = sound.samplerate
        cut_N = soxr.resample(stereo.mean(1), rate, AUDIO_RATE)[:count]
        cut_N = np.resize(cut_N, count) if len(cut_N) else np.zeros(count, np.float32)
        return (cut_N / (cut_N.std() + 1e-6)).astype(np.float32)


def _long(file: Path) -> bool:
    try:
        return bool(soundfile.info(file).duration >= 10)
    except soundfile.LibsndfileError:
        return False
