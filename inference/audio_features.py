"""Streaming log-mel features of 16 kHz audio: what the motion generator hears.

Frames come every 10 ms (two per 20 ms motion step). Each looks only at the past 25 ms, through an
asymmetric window that rises slowly and falls fast, so that its weight lies about 7 ms, and not
12 ms, before its end (low-delay windows: Mauler and Martin, "A low delay, variable resolution,
perfect reconstruction spectral analysis-synthesis system", EUSIPCO 2007, use the same idea).

Adapting to level, voice and microphone is recursive, so it lives in the ONNX graph as explicit
state (`training/motion/normaliser.py`); here every frame depends on its own 400 samples alone,
which is why blocks of any size give the same frames.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, Float32Array

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
    finite_N = np.where(np.isfinite(audio_N), audio_N, np.float32(0))
    return np.clip(finite_N, -1, 1).astype(np.float32, copy=False)


class LogMel:
    """Natural-log mel power, streaming. Silence is log(MEL_FLOOR) = -18.4; full scale is about 0.

    The mean of every window is removed, so a DC offset changes nothing.
    """

    def __init__(self) -> None:
        self._filters = mel_filterbank()
        self._window = analysis_window()
        self._tail = np.zeros(0, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard: as if silence had come before."""
        self._tail = np.zeros(WINDOW - HOP, np.float32)

    def push(self, audio_N: NDArray[np.floating]) -> Float32Array:
        """Hear N samples; return the frames they complete, float32 (F, MEL_BANDS).

        Frame f ends at the (f + 1) * HOP-th sample heard since the last reset.
        """
        samples = np.concatenate([self._tail, clean(audio_N)])
        frames = (len(samples) - (WINDOW - HOP)) // HOP
        if frames <= 0:
            self._tail = samples
            return np.zeros((0, MEL_BANDS), np.float32)
        self._tail = samples[frames * HOP :].copy()
        view = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)
        windows_FN = view[: (frames - 1) * HOP + 1 : HOP]
        windows_FN = (windows_FN - windows_FN.mean(1, keepdims=True)) * self._window
        spectrum_FK = np.fft.rfft(windows_FN, _FFT, axis=1)
        power_FK = (spectrum_FK.real**2 + spectrum_FK.imag**2).astype(np.float32)
        mel_FB = power_FK @ self._filters * np.float32(_FFT)
        return np.asarray(np.log(mel_FB + np.float32(MEL_FLOOR)), np.float32)
