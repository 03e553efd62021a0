"""A recording in place of a microphone: the same blocks, at the same pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Final

import numpy as np

from app.devices.contracts import Sound
from app.realtime.clock import Clock
from inference.contract import AUDIO_RATE, Float32Array, PersonareError

_BLOCK: Final = AUDIO_RATE // 100
"""Sound appears in blocks of 10 ms, as from a microphone."""


class FileSource:
    """Plays a sound file as if it were spoken now, once or in a loop. Fulfils `AudioInput`.

    `decode` reads a file as mono float32 at AUDIO_RATE and raises PersonareError; `decode_raw`
    reads it at its own rate, for films. At its end the source goes on with silence and is
    `finished`.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        decode: Callable[[Path], Float32Array],
        loop: bool = False,
        decode_raw: Callable[[Path], tuple[Float32Array, int]] | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._decode = decode
        self._loop = loop
        self._decode_raw = decode_raw
        self._raw_N, self._raw_rate = np.zeros(0, np.float32), AUDIO_RATE
        self._sound_N: Float32Array | None = None
        self._start = 0.0
        self._given = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def seconds(self) -> float:
        """Length of the recording; 0 before it is open."""
        return 0.0 if self._sound_N is None else len(self._sound_N) / AUDIO_RATE

    @property
    def finished(self) -> bool:
        """Whether all of it has been read."""
        return not self._loop and self._sound_N is not None and self._given >= len(self._sound_N)

    def open(self, stop: Event) -> None:
        """Decode the file; its first sample is captured at the first read."""
        sound_N = self._decode(self._path)
        if len(sound_N) == 0:
            raise PersonareError(f"{self.name} holds no sound.", remedy="Choose another file.")
        if self._decode_raw is not None:
            self._raw_N, self._raw_rate = self._decode_raw(self._path)
        self._given, self._start = 0, 0.0
        self._sound_N = sound_N

    def read(self) -> Sound:
        """See `AudioInput.read`."""
        sound_N, now = self._sound_N, self._clock.now()
        if sound_N is None:
            return Sound(end_time=now)
        if self._start == 0.0:
            self._start = now
        blocks = int((now - self._start) * AUDIO_RATE / _BLOCK + 1e-6)
        end = max(blocks * _BLOCK, self._given)
        begin, self._given = self._given, end
        piece_N = self._cut(sound_N, begin, end)
        end_time = self._start + end / AUDIO_RATE
        if len(self._raw_N) == 0:
            return Sound(piece_N, end_time)
        scale = self._raw_rate / AUDIO_RATE
        raw_N = self._cut(self._raw_N, round(begin * scale), round(end * scale))
        return Sound(piece_N, end_time, 0, raw_N, self._raw_rate)

    def fault(self) -> PersonareError | None:
        """A decoded file cannot fail."""
        return None

    def close(self) -> None:
        """Forget the sound."""
        self._sound_N = None

    def _cut(self, sound_N: Float32Array, start: int, end: int) -> Float32Array:
        index_N = np.arange(start, end)
        if self._loop:
            return sound_N[index_N % len(sound_N)]
        piece_N = np.zeros(end - start, np.float32)
        inside_N = index_N < len(sound_N)
        piece_N[inside_N] = sound_N[index_N[inside_N]]
        return piece_N
