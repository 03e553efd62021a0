"""Devices without hardware, which can be told to fail: for tests, demonstrations and `doctor`."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import numpy as np

from app.devices.contracts import CameraFrame, Sound
from app.realtime.clock import Clock
from inference.contract import AUDIO_RATE, Float32Array, PersonareError

_BLOCK = AUDIO_RATE // 100


def tone(time_N: Float32Array) -> Float32Array:
    """A soft 220 Hz tone."""
    return np.asarray(0.1 * np.sin(2 * np.pi * 220.0 * time_N), np.float32)


class SimulatedInput:
    """A microphone that hears `wave`, a function of seconds since it was opened.

    Sound comes in blocks (10 ms, or of `block` samples) at the clock's pace; what is not fetched
    within `ring_s` seconds is lost, as in the ring of a real one. While `present` is False
    it cannot be opened, and reports that it is gone; while `frozen` it brings nothing without a
    report.
    """

    finished = False

    def __init__(
        self,
        clock: Clock,
        wave: Callable[[Float32Array], Float32Array] = tone,
        name: str = "mic",
        block: int = _BLOCK,
    ) -> None:
        self.name = name
        self.present = True
        self.frozen = False
        self.ring_s = 1.0
        self.opened = 0
        self._clock, self._wave, self._block = clock, wave, block
        self._start: float | None = None
        self._given = 0

    def open(self, stop: Event) -> None:
        """See `Device.open`."""
        if not self.present:
            raise PersonareError(f"{self.name} is not there.", remedy="Plug it in.")
        self._start, self._given = self._clock.now(), 0
        self.opened += 1

    def read(self) -> Sound:
        """See `AudioInput.read`."""
        now = self._clock.now()
        if self._start is None or self.frozen or not self.present:
            return Sound(end_time=now)
        end = int((now - self._start) * AUDIO_RATE + 1e-6) // self._block * self._block
        begin = max(self._given, end - max(round(self.ring_s * AUDIO_RATE), self._block))
        lost = begin - self._given if end > self._given else 0
        time_N = (np.arange(begin, end) / AUDIO_RATE).astype(np.float32)
        self._given = max(self._given, end)
        return Sound(self._wave(time_N), self._start + self._given / AUDIO_RATE, lost)

    def fault(self) -> PersonareError | None:
        """See `Device.fault`."""
        if self.present:
            return None
        return PersonareError(f"{self.name} is gone.", remedy="Plug it in again.")

    def close(self) -> None:
        """See `Device.close`."""
        self._start = None


class SimulatedCamera:
    """A camera that remembers the newest frame and when each arrived.

    While `refusal` is set it cannot be opened, and fails when it was open.
    """

    def __init__(self, clock: Clock, name: str = "camera") -> None:
        self.name = name
        self.refusal: PersonareError | None = None
        self.newest: CameraFrame | None = None
        self.arrivals: list[float] = []
        self.opened = 0
        self._clock = clock
        self._is_open = False
        self._handed: tuple[float, float] | None = None

    def open(self, stop: Event) -> None:
        """See `Device.open`."""
        if self.refusal is not None:
            raise self.refusal
        self._is_open = True
        self.opened += 1

    def send(self, frame: CameraFrame) -> None:
        """See `CameraSink.send`."""
        if not self._is_open:
            return
        now = self._clock.now()
        self.newest = frame
        self.arrivals.append(now)
        if frame.capture_time is not None:
            self._handed = (now, now - frame.capture_time)

    def handed_over(self) -> tuple[float, float] | None:
        """See `CameraSink.handed_over`."""
        handed, self._handed = self._handed, None
        return handed

    def fault(self) -> PersonareError | None:
        """See `Device.fault`."""
        return self.refusal

    def close(self) -> None:
        """See `Device.close`."""
        self._is_open = False
