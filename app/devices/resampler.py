"""Streaming change of sample rate with a delay of one or two milliseconds.

libsoxr hands its output over in bursts: measured here, soxr.ResampleStream from 48 to 16 kHz holds
back up to 20 ms at quality LQ and 37 ms at HQ, which is half of the delay the mouth may have. A
short windowed-sinc filter, evaluated only where an output sample falls (a polyphase FIR; Crochiere
and Rabiner, Multirate Digital Signal Processing, 1983), costs 1 ms, at 60 dB of rejection.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from inference.contract import Float32Array

_TAPS_AT_48K: Final = 96
_FEWEST_TAPS: Final = 32
_KAISER_BETA: Final = 6.0
"""About 63 dB of stop-band rejection."""
_PASS_BAND: Final = 0.95
"""-6 dB point as a share of the lower Nyquist frequency."""


class StreamingResampler:
    """Feeding sound in pieces gives exactly the samples of feeding it whole.

    Output sample k stands for the input at time k / rate_out: there is no time shift, only the wait
    (`delay` seconds) for the input the filter looks ahead to.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        if rate_in <= 0 or rate_out <= 0:
            raise ValueError(f"rates must be positive, not {rate_in} and {rate_out}")
        common = math.gcd(rate_in, rate_out)
        self.rate_in, self.rate_out = rate_in, rate_out
        self._num, self._den = rate_in // common, rate_out // common
        self._same = self._num == self._den
        half = max(_FEWEST_TAPS, math.ceil(_TAPS_AT_48K * rate_in / 48_000)) // 2
        self._half = 0 if self._same else half
        self._filters_PT = np.ones((1, 1), np.float32) if self._same else self._design(half)
        self.reset()

    @property
    def delay(self) -> float:
        """Seconds the newest output lags behind the newest input, at most."""
        return self._half / self.rate_in + (0 if self._same else 1 / self.rate_out)

    def reset(self) -> None:
        """Forget the past: the next sample is the first."""
        lead = max(0, self._half - 1)
        self._past_N = np.zeros(lead, np.float32)
        self._past_start = -lead  # input index of _past_N[0]
        self._next_out = 0

    def process(self, sound_N: Float32Array) -> Float32Array:
        """All output samples (mono float32) that can be computed now."""
        if self._same:
            return sound_N.astype(np.float32, copy=False)
        taps = 2 * self._half
        x_N = np.concatenate((self._past_N, sound_N)).astype(np.float32, copy=False)
        # Output k needs inputs floor(k num / den) - half + 1 ... + half.
        last_whole = self._past_start + len(x_N) - 1 - self._half
        if last_whole < 0:
            self._past_N = x_N
            return np.zeros(0, np.float32)
        end_out = (last_whole * self._den + self._den - 1) // self._num + 1
        position_M = np.arange(self._next_out, max(end_out, self._next_out)) * self._num
        first_M = position_M // self._den - self._half + 1 - self._past_start
        out_N = np.zeros(0, np.float32)
        if len(position_M):
            windows_MT = np.lib.stride_tricks.sliding_window_view(x_N, taps)[first_M]
            filters_MT = self._filters_PT[position_M % self._den]
            out_N = np.einsum("mt,mt->m", windows_MT, filters_MT).astype(np.float32)
            self._next_out += len(position_M)
        keep = self._next_out * self._num // self._den - self._half + 1 - self._past_start
        keep = min(max(keep, 0), len(x_N))
        self._past_N = x_N[keep:].copy()
        self._past_start += keep
        return out_N

    def _design(self, half: int) -> Float32Array:
        """Filters (phases, taps): phase p reads the input at fraction p / den between samples."""
        cutoff = _PASS_BAND * min(1.0, self.rate_out / self.rate_in)  # of the input's Nyquist
        offset_T = np.arange(-half + 1, half + 1)
        x_PT = offset_T[None, :] - np.arange(self._den)[:, None] / self._den
        window_PT = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (x_PT / half) ** 2, 0, 1)))
        filters_PT = cutoff * np.sinc(cutoff * x_PT) * window_PT / np.i0(_KAISER_BETA)
        filters_PT /= filters_PT.sum(axis=1, keepdims=True)  # exact for constant input
        return filters_PT.astype(np.float32)
