"""Makes two steady streams for the engine out of inputs that come, go, stall and jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.devices.contracts import AudioInput, Sound
from app.realtime.clock import Clock
from inference.contract import AUDIO_RATE, Float32Array

_PATIENCE: Final = 0.10
"""Seconds without sound from an open input before silence takes its place."""
_BLOCK: Final = AUDIO_RATE // 100
_OTHER_CUSHION: Final = AUDIO_RATE * 30 // 1000
"""Sound of the others waiting before it is used, so that its blocks' jitter makes no gaps."""
_OTHER_LIMIT: Final = AUDIO_RATE * 120 // 1000
"""More than this waiting (two clocks drift, or a stall) is cut back to the cushion."""
_LEVEL_SECONDS: Final = 0.15
SILENCE_DB: Final = -100.0


@dataclass(frozen=True, slots=True)
class Heard:
    """Both streams since the last time, equally long; mono float32 at AUDIO_RATE.

    `end_time` is when the last sample of `self_N` was captured, in clock seconds; `live` is False
    where silence stands in for a missing microphone. `raw_N` is the user's voice for films, at
    `raw_rate`.
    """

    self_N: Float32Array
    other_N: Float32Array
    end_time: float
    live: bool
    raw_N: Float32Array
    raw_rate: int


class LevelMeter:
    """RMS level in dBFS with a smooth fall."""

    def __init__(self) -> None:
        self._power = 0.0

    def add(self, sound_N: Float32Array) -> None:
        """Hear some more sound."""
        if len(sound_N) == 0:
            return
        keep = float(np.exp(-len(sound_N) / (AUDIO_RATE * _LEVEL_SECONDS)))
        self._power = keep * self._power + (1 - keep) * float(np.mean(np.square(sound_N)))

    @property
    def db(self) -> float:
        """Between SILENCE_DB and about 0."""
        return max(SILENCE_DB, 10 * float(np.log10(self._power + 1e-12)))


class AudioFeed:
    """Called by one thread. The inputs are looked up anew each time: they may be None, or change.

    The microphone sets the pace; while it is missing or silent beyond patience, digital silence at
    the clock's pace stands in. The other stream follows it, cushioned.
    """

    def __init__(
        self,
        clock: Clock,
        microphone: Callable[[], AudioInput | None],
        other: Callable[[], AudioInput | None],
    ) -> None:
        self.self_level = LevelMeter()
        self.other_level = LevelMeter()
        self.lost_samples = 0
        self._clock = clock
        self._microphone, self._other = microphone, other
        self._fed_until: float | None = None
        self._waiting_N = np.zeros(0, np.float32)
        self._cushioned = False

    def collect(self) -> Heard:
        """All that is new; possibly nothing."""
        now = self._clock.now()
        if self._fed_until is None:
            self._fed_until = now
        microphone = self._microphone()
        sound = Sound(end_time=now) if microphone is None else microphone.read()
        self_N, live = sound.samples_N, microphone is not None
        raw_N, raw_rate = sound.raw_N, sound.raw_rate
        self.lost_samples += sound.lost
        if len(self_N):
            self._fed_until = sound.end_time
        elif microphone is None or now - self._fed_until > _PATIENCE:
            blocks = int((now - self._fed_until) * AUDIO_RATE) // _BLOCK
            self_N, live = np.zeros(blocks * _BLOCK, np.float32), False
            self._fed_until += len(self_N) / AUDIO_RATE
        if len(raw_N) == 0:
            raw_N, raw_rate = self_N, AUDIO_RATE
        other_N = self._take_other(len(self_N))
        self.self_level.add(self_N)
        self.other_level.add(other_N)
        return Heard(self_N, other_N, self._fed_until, live, raw_N, raw_rate)

    def _take_other(self, count: int) -> Float32Array:
        other = self._other()
        if other is None:
            self._waiting_N, self._cushioned = self._waiting_N[:0], False
            return np.zeros(count, np.float32)
        waiting_N = np.concatenate((self._waiting_N, other.read().samples_N))
        if len(waiting_N) - count > _OTHER_LIMIT:
            waiting_N = waiting_N[len(waiting_N) - count - _OTHER_CUSHION :]
        if not self._cushioned:
            self._cushioned = len(waiting_N) - count >= _OTHER_CUSHION
        taken_N = np.zeros(count, np.float32)
        if self._cushioned:
            ready_N = waiting_N[:count]
            taken_N[: len(ready_N)] = ready_N
            self._cushioned = len(ready_N) == count  # ran dry: fill the cushion again
            waiting_N = waiting_N[len(ready_N) :]
        self._waiting_N = waiting_N
        return taken_N
