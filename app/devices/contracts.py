"""What the live session expects of a device, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

import numpy as np

from app.session_contract import OutputFormat
from inference.contract import AUDIO_RATE, Float32Array, PersonareError, UInt8Array


@dataclass(frozen=True, slots=True)
class Sound:
    """Consecutive sound: mono float32 at AUDIO_RATE.

    `end_time` is the moment (clock seconds) the last sample was captured; of no samples, the
    moment up to which everything captured has been returned. `lost` counts samples that are
    missing before these. `raw_N` is the same sound, mono, at the device's own `raw_rate`,
    for films; empty where there is nothing better than `samples_N`.
    """

    samples_N: Float32Array = field(default_factory=lambda: np.zeros(0, np.float32))
    end_time: float = 0.0
    lost: int = 0
    raw_N: Float32Array = field(default_factory=lambda: np.zeros(0, np.float32))
    raw_rate: int = AUDIO_RATE


class Device(Protocol):
    """Something that is opened, may die, and is closed. One thread calls these three."""

    @property
    def name(self) -> str:
        """For people."""

    def open(self, stop: Event) -> None:
        """Open it; raise PersonareError if that fails or `stop` is set meanwhile.

        May take seconds; after a failure nothing is left open.
        """

    def fault(self) -> PersonareError | None:
        """Why it no longer works, or None while it does."""

    def close(self) -> None:
        """Release everything; never raises, may be called twice."""


class AudioInput(Device, Protocol):
    """A source of sound. `read` is called from another thread than the rest."""

    def read(self) -> Sound:
        """All that was captured since the last read; empty if nothing is; never waits."""

    @property
    def finished(self) -> bool:
        """Whether a source that has an end (a file) has been read to it."""


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """A picture on its way out.

    `i420` is uint8 of shape (height * 3 / 2, width), never changed after it was made; `neutral`
    marks a living, silent face that may be shown again while the application stalls.
    `capture_time` is when the newest sound it shows was captured (clock seconds), None without.
    """

    i420: UInt8Array
    neutral: bool = False
    capture_time: float | None = None


class CameraSink(Device, Protocol):
    """A virtual camera. `send` is called from another thread than the rest."""

    def send(self, frame: CameraFrame) -> None:
        """Hand over the newest picture; never waits, never raises. Ignored unless open."""

    def handed_over(self) -> tuple[float, float] | None:
        """(when, delay) of the newest frame that really reached the device, in clock seconds;
        the delay counts from the frame's `capture_time`. None if nothing new was measured."""


class AudioInputMaker(Protocol):
    """Makes an input, not yet open, for a key of the catalog or a file's path."""

    def __call__(self, key: str) -> AudioInput:
        """`key` "" means the system's default."""


class CameraMaker(Protocol):
    """Makes a camera, not yet open."""

    def __call__(self, key: str, output: OutputFormat) -> CameraSink:
        """`key` "" means the first one found."""
