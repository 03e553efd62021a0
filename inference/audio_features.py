"""Streaming features of 16 kHz audio, log-mel and prosody: what the motion generator hears.

Frames come every 10 ms (two per 20 ms motion step). Each looks only at the past 25 ms, through an
asymmetric window that rises slowly and falls fast, so that its weight lies about 7 ms, and not
12 ms, before its end (low-delay windows: Mauler and Martin, "A low delay, variable resolution,
perfect reconstruction spectral analysis-synthesis system", EUSIPCO 2007, use the same idea).

Adapting to level, voice and microphone is recursive, so it lives in the ONNX graph as explicit
state (`training/motion/normaliser.py`); here every frame depends on its own 400 samples alone,
which is why blocks of any size give the same frames.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, STEP_SAMPLES, Float32Array

HOP: Final = 160
"""Samples between frames: 10 ms."""
WINDOW: Final = 400
"""Samples a frame looks at: 25 ms, all in the past."""
MEL_BANDS: Final = 40
MEL_FLOOR: Final = 1e-8
"""Added to every band's power before the logarithm: about the noise of 13-bit audio."""
_FFT: Final = 512
_FALL: Final = 100
_LOW_HZ: Final = 60.0
_HIGH_HZ: Final = 7600.0


def mel_filterbank(bands: int = MEL_BANDS) -> Float32Array:
    """Triangular filters, float32 (257, bands), on the mel scale 2595 log10(1 + f / 700)."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (_LOW_HZ, _HIGH_HZ))
    edge_hz = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    bin_hz = np.fft.rfftfreq(_FFT, 1 / AUDIO_RATE)
    left, centre, right = edge_hz[:-2], edge_hz[1:-1], edge_hz[2:]
    up = (bin_hz[:, None] - left) / (centre - left)
    down = (right - bin_hz[:, None]) / (right - centre)
    weights = np.maximum(0, np.minimum(up, down))
    return np.asarray(weights / np.maximum(weights.sum(0), 1e-9), np.float32)


def analysis_window() -> Float32Array:
    """Half a Hann window of 600 rising, then half of one of 200 falling: float32 (WINDOW,)."""
    rise = WINDOW - _FALL
    up = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
    down = 0.5 + 0.5 * np.cos(np.pi * (np.arange(_FALL) + 0.5) / _FALL)
    window: NDArray[np.float64] = np.concatenate([up, down])
    return np.asarray(window / np.sqrt((window**2).sum() * _FFT), np.float32)


def clean(audio_N: NDArray[np.floating]) -> Float32Array:
    """Any float audio as finite float32 in [-1, 1]: NaN and infinities become silence."""
    audio_N = np.asarray(audio_N, np.float32).reshape(-1)
    if not len(audio_N) or np.abs(audio_N).max() <= 1:  # never so when there is a NaN
        return audio_N
    finite_N = np.where(np.isfinite(audio_N), audio_N, np.float32(0))
    return np.clip(finite_N, -1, 1).astype(np.float32, copy=False)


def _after(tail: Float32Array, audio: Float32Array) -> Float32Array:
    """Audio (..., N) behind what is left of the audio before, one tail for all or one each."""
    before = np.broadcast_to(tail, (*audio.shape[:-1], tail.shape[-1]))
    return np.concatenate([before, audio], -1)


def _windows(samples: Float32Array, size: int, hop: int, count: int) -> NDArray[np.float64]:
    """`count` windows of `size` samples, `hop` apart: double (..., count, size)."""
    out = np.empty((*samples.shape[:-1], count, size))
    for k in range(count):
        out[..., k, :] = samples[..., k * hop : k * hop + size]
    return out


class LogMel:
    """Natural-log mel power, streaming. Silence is log(MEL_FLOOR) = -18.4; full scale is about 0.

    The mean of every window is removed, so a DC offset changes nothing. Several streams of one
    length go through together, as rows: for short pieces that costs hardly more than one.
    """

    def __init__(self) -> None:
        self._filters = mel_filterbank().astype(np.float64)
        self._window = analysis_window().astype(np.float64)
        self._tail = np.zeros(0, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard: as if silence had come before."""
        self._tail = np.zeros(WINDOW - HOP, np.float32)

    def push(self, audio_N: NDArray[np.floating]) -> Float32Array:
        """Hear N samples; return the frames they complete, float32 (F, MEL_BANDS).

        Frame f ends at the (f + 1) * HOP-th sample heard since the last reset.
        """
        return self.hear(clean(audio_N))

    def hear(self, audio_N: Float32Array) -> Float32Array:
        """`push` for audio that is `clean` already, of one stream (N,) or several (..., N)."""
        samples = _after(self._tail, audio_N)
        frames = (samples.shape[-1] - (WINDOW - HOP)) // HOP
        if frames <= 0:
            self._tail = samples
            return np.zeros((*samples.shape[:-1], 0, MEL_BANDS), np.float32)
        self._tail = samples[..., frames * HOP :].copy()
        # In double precision, so that blocks of any size round to the very same single.
        windows_FN = _windows(samples, WINDOW, HOP, frames)
        windows_FN = (windows_FN - windows_FN.mean(-1, keepdims=True)) * self._window
        spectrum_FK = np.fft.rfft(windows_FN, _FFT)
        power_FK = spectrum_FK.real**2 + spectrum_FK.imag**2
        mel_FB = power_FK @ self._filters * _FFT
        return np.asarray(np.log(mel_FB + MEL_FLOOR), np.float32)


PITCH_WINDOW: Final = 640
"""Samples the pitch is found in: 40 ms, all in the past."""
LOWEST_HZ: Final = 65.0
HIGHEST_HZ: Final = 550.0
QUIETEST_DB: Final = -100.0
_LEAST_POWER: Final = 10 ** (QUIETEST_DB / 10)
_PITCH_FFT: Final = 900
"""Enough for a window and the longest lag, and quick: 2 * 2 * 3 * 3 * 5 * 5."""
_CANDIDATES: Final = 4
_VOICED: Final = 0.5
_OCTAVE_COST: Final = 0.03
_JUMP_COST: Final = 0.25
_STILL_VOICED: Final = 0.1
_QUIET_DB: Final = 26.0
"""A step this far under the loudest of late must be ever more regular to count as voiced."""
_MOST_DOUBT: Final = 0.6
"""Nothing is so regular that it would be heard as a voice beyond; so no pitch is looked for."""
_PEAK_FALL_DB: Final = 0.04
_UNHEARD: Final = 2e-4


class _Course:
    """How loud a stream has been of late, and its pitch in the step before."""

    def __init__(self) -> None:
        self._last_hz = 0.0
        self._peak_db = QUIETEST_DB + _QUIET_DB

    def needed(self, level_db: float) -> float:
        """How regular a step of this level must be to be voiced; infinite if it is too quiet."""
        self._peak_db = max(level_db, self._peak_db - _PEAK_FALL_DB)
        doubt = max(self._peak_db - _QUIET_DB - level_db, 0.0) / 20
        return _VOICED + doubt if doubt < _MOST_DOUBT else math.inf

    def choose(
        self, strength_K: NDArray[np.floating], hertz_K: NDArray[np.floating], needed: float
    ) -> float:
        """The best candidate given the pitch before; 0 when even that is too weak."""
        if self._last_hz > 0:
            strength_K = strength_K - _JUMP_COST * np.minimum(
                np.abs(np.log2(hertz_K / self._last_hz)), 1.0
            )
            needed -= _STILL_VOICED
        best = int(strength_K.argmax())
        self._last_hz = float(hertz_K[best]) if strength_K[best] > needed else 0.0
        return self._last_hz

    def rest(self) -> float:
        """A step without pitch."""
        self._last_hz = 0.0
        return 0.0


class Prosody:
    """Level and pitch of every 20 ms step, streaming and causal.

    Pitch after P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
    harmonics-to-noise ratio of a sampled sound" (1993): the autocorrelation of a windowed frame
    over that of the window. His best path through a whole recording is replaced by what can be
    known at once: a step prefers a pitch near that of the step before, and goes on being voiced
    a little more easily than it begins.
    """

    def __init__(self) -> None:
        self._window = np.hanning(PITCH_WINDOW)
        own_L = np.fft.irfft(np.abs(np.fft.rfft(self._window, _PITCH_FFT)) ** 2)
        self._mean = np.full(STEP_SAMPLES, 1 / STEP_SAMPLES)
        self._first = int(AUDIO_RATE / HIGHEST_HZ) - 1
        last = int(AUDIO_RATE / LOWEST_HZ) + 2
        self._own_L = own_L[self._first : last] / own_L[0]
        self._tail = np.zeros(0, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard: as if silence had come before."""
        self._tail = np.zeros(PITCH_WINDOW - STEP_SAMPLES, np.float32)
        self._courses: list[_Course] = []

    def push(self, audio_N: NDArray[np.floating]) -> tuple[Float32Array, Float32Array]:
        """Hear N samples; return the steps they complete: level and pitch, float32 (S,) each.

        Level is the RMS of the step's 20 ms without its mean, in dB under full scale, from
        QUIETEST_DB up. Pitch is in Hz, 0 where there is none, of the 40 ms that end with the step.
        """
        return self.hear(clean(audio_N))

    def hear(self, audio_N: Float32Array) -> tuple[Float32Array, Float32Array]:
        """`push` for audio that is `clean` already, of one stream (N,) or several (..., N)."""
        samples = _after(self._tail, audio_N)
        steps = (samples.shape[-1] - (PITCH_WINDOW - STEP_SAMPLES)) // STEP_SAMPLES
        if steps <= 0:
            self._tail = samples
            nothing = np.zeros((*samples.shape[:-1], 0), np.float32)
            return nothing, nothing
        self._tail = samples[..., steps * STEP_SAMPLES :].copy()
        windows_SN = _windows(samples, PITCH_WINDOW, STEP_SAMPLES, steps)
        newest_SN = windows_SN[..., -STEP_SAMPLES:]
        mean_S = newest_SN @ self._mean
        power_S = np.einsum("...n,...n->...", newest_SN, newest_SN) / STEP_SAMPLES - mean_S * mean_S
        level_S = (10 * np.log10(np.maximum(power_S, _LEAST_POWER))).astype(np.float32)
        levels = level_S.reshape(-1, steps).tolist()
        if not self._courses:
            self._courses = [_Course() for _ in levels]
        needed = np.array(
            [[course.needed(level) for level in stream]
             for course, stream in zip(self._courses, levels, strict=True)]
        )  # fmt: skip
        pitch = np.zeros(needed.shape, np.float32)
        voiced = windows_SN[needed.reshape(level_S.shape) < math.inf]
        rows = zip(*self._peaks(voiced), strict=True)
        for course, pitch_S, needed_S in zip(self._courses, pitch, needed, strict=True):
            for step, least in enumerate(needed_S.tolist()):
                heard = least < math.inf
                pitch_S[step] = course.choose(*next(rows), least) if heard else course.rest()
        return level_S, pitch.reshape(level_S.shape)

    def _peaks(
        self, windows_SN: NDArray[np.float64]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """The highest peaks of the autocorrelation: strengths and frequencies (S, _CANDIDATES)."""
        if not len(windows_SN):
            return np.zeros((0, _CANDIDATES)), np.zeros((0, _CANDIDATES))
        windows_SN = (windows_SN - windows_SN.mean(1, keepdims=True)) * self._window
        every_SL = np.fft.irfft(np.abs(np.fft.rfft(windows_SN, _PITCH_FFT)) ** 2)
        energy_S1 = every_SL[:, :1]
        last = self._first + len(self._own_L)
        shape_SL = every_SL[:, self._first : last] / (energy_S1 + _UNHEARD**2) / self._own_L
        left, middle, right = shape_SL[:, :-2], shape_SL[:, 1:-1], shape_SL[:, 2:]
        bend = np.minimum(left - 2 * middle + right, -1e-9)
        shift = np.minimum(np.maximum(0.5 * (left - right) / bend, -0.5), 0.5)
        lag_SL = np.arange(self._first + 1, last - 1) + shift
        height_SL = np.minimum(middle - 0.25 * (left - right) * shift, 1.0)
        is_peak = (middle > left) & (middle >= right)
        height_SL = height_SL - _OCTAVE_COST * np.log2(LOWEST_HZ / AUDIO_RATE * lag_SL)
        score_SL = np.where(is_peak, height_SL, -1.0)
        best_SK = np.argpartition(-score_SL, _CANDIDATES, axis=1)[:, :_CANDIDATES]
        row_S1 = np.arange(len(best_SK))[:, None]
        return score_SL[row_S1, best_SK], AUDIO_RATE / lag_SL[row_S1, best_SK]
