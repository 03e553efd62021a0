"""Makes two steady streams for the engine out of inputs that come, go, stall and jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
_LARGE: Final = 0.06
"""Seconds of a block that is large; see `Smoother`."""
_LONGEST: Final = 0.5
_LOUDEST: Final = 8.0
_MOST_SILENCE: Final = 0.5
"""Seconds of stand-in silence at a time: after a sleep of the computer hours would be due."""
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


class Smoother:
    """Large blocks let out at the clock's pace, so that the character does not move in jerks.

    A driver may bring 300 ms at a time: that late it is anyway, but heard at once the motion would
    stand still between two blocks. Blocks up to `_LARGE` pass at once; after two larger ones in a
    row, sound leaves as time passes, until small blocks come again.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds of the largest block lately; 0 while blocks are small."""
        self._sound_N = np.zeros(0, np.float32)
        self._raw_N = np.zeros(0, np.float32)
        self._end_time, self._raw_rate = 0.0, AUDIO_RATE
        self._large = self._small = 0

    def pass_on(self, sound: Sound, elapsed: float) -> Sound:
        """Take what came in the last `elapsed` seconds (possibly nothing), give what is due."""
        if len(sound.samples_N):
            self._notice(len(sound.samples_N))
            self._end_time, self._raw_rate = sound.end_time, sound.raw_rate
        sound_N = np.concatenate((self._sound_N, sound.samples_N))
        raw_N = np.concatenate((self._raw_N, sound.raw_N))
        due = len(sound_N)
        if self.longest:
            # A little faster than the clock where more waits than two blocks bring: no pile-up.
            rate = 1.0 if len(sound_N) < 2.2 * self.longest * AUDIO_RATE else 1.5
            due = min(due, round(elapsed * rate * AUDIO_RATE))
        raw_due = len(raw_N) if due == len(sound_N) else len(raw_N) * due // len(sound_N)
        self._sound_N, self._raw_N = sound_N[due:], raw_N[raw_due:]
        if len(sound_N) == 0:
            return sound
        end_time = self._end_time - len(self._sound_N) / AUDIO_RATE
        return Sound(sound_N[:due], end_time, sound.lost, raw_N[:raw_due], self._raw_rate)

    def drop(self) -> None:
        """The input changed: what waits is forgotten."""
        self._sound_N, self._raw_N = self._sound_N[:0], self._raw_N[:0]
        self.longest, self._large, self._small = 0.0, 0, 0

    def _notice(self, count: int) -> None:
        if count > _LARGE * AUDIO_RATE:
            self._large, self._small = self._large + 1, 0
            if self._large >= 2:
                self.longest = min(_LONGEST, count / AUDIO_RATE)
        else:
            self._large, self._small = 0, self._small + 1
            if self._small >= 5:
                self.longest = 0.0


def audible(sound_N: Float32Array) -> Float32Array:
    """Sound without values that are no numbers or absurdly loud: a broken driver brings both."""
    if len(sound_N) and not np.abs(sound_N).max() <= _LOUDEST:
        sound_N = np.nan_to_num(sound_N, nan=0.0, posinf=0.0, neginf=0.0)
        return np.clip(sound_N, -_LOUDEST, _LOUDEST)
    return sound_N


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
        self._asked_at = 0.0
        self._came_at = 0.0
        self._heard_from: AudioInput | None = None
        self._smoother = Smoother()
        self._waiting_N = np.zeros(0, np.float32)
        self._cushioned = False

    def collect(self) -> Heard:
        """All that is new; possibly nothing."""
        now = self._clock.now()
        if self._fed_until is None:
            self._fed_until = self._asked_at = self._came_at = now
        microphone = self._microphone()
        sound = self._read(microphone, now)
        self_N, live = sound.samples_N, microphone is not None
        raw_N, raw_rate = sound.raw_N, sound.raw_rate
        self.lost_samples += sound.lost
        patience = max(_PATIENCE, 1.5 * self._smoother.longest)
        if len(self_N):
            self._fed_until = sound.end_time
        elif microphone is None or now - max(self._fed_until, self._came_at) > patience:
            self._fed_until = max(self._fed_until, now - _MOST_SILENCE)
            blocks = int((now - self._fed_until) * AUDIO_RATE) // _BLOCK
            self_N, live = np.zeros(blocks * _BLOCK, np.float32), False
            self._fed_until += len(self_N) / AUDIO_RATE
        if len(raw_N) == 0:
            raw_N, raw_rate = self_N, AUDIO_RATE
        other_N = self._take_other(len(self_N))
        self.self_level.add(self_N)
        self.other_level.add(other_N)
        return Heard(self_N, other_N, self._fed_until, live, raw_N, raw_rate)

    def _read(self, microphone: AudioInput | None, now: float) -> Sound:
        elapsed, self._asked_at = now - self._asked_at, now
        if microphone is not self._heard_from:
            self._heard_from = microphone
            self._smoother.drop()
        if microphone is None:
            return Sound(end_time=now)
        sound = microphone.read()
        if len(sound.samples_N):
            self._came_at = now
        cleaned = replace(sound, samples_N=audible(sound.samples_N), raw_N=audible(sound.raw_N))
        return self._smoother.pass_on(cleaned, elapsed)

    def _take_other(self, count: int) -> Float32Array:
        other = self._other()
        if other is None:
            self._waiting_N, self._cushioned = self._waiting_N[:0], False
            return np.zeros(count, np.float32)
        waiting_N = np.concatenate((self._waiting_N, audible(other.read().samples_N)))
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
