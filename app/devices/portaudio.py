"""The one door to PortAudio: loading it, listing its devices, seeing newly plugged ones.

PortAudio reads the list of devices when it is initialised and must be initialised again to see a
new one, which would kill open streams. So every open stream is registered here, and the list is
refreshed only while there is none.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from inference.contract import PersonareError

log = logging.getLogger(__name__)

REMEDY_NO_PORTAUDIO: Final = (
    "On Debian or Ubuntu run: sudo apt-get install libportaudio2 libasound2-plugins."
)
PULSE_DEVICE: Final = "pulse"
"""ALSA's door to PulseAudio and PipeWire, from the package libasound2-plugins."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """An input as PortAudio knows it now; `index` changes at the next initialisation."""

    index: int
    host_api: str
    name: str
    channels: int
    rate: int
    is_default: bool

    @property
    def key(self) -> str:
        """Stable across restarts: host API and name."""
        return f"{self.host_api}/{self.name}"


class PortAudio:
    """One per process (`portaudio()` returns it). Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open_streams = 0
        self._stale = False
        self._module: ModuleType | None = None

    def module(self) -> Any:
        """The `sounddevice` module; raises PersonareError where PortAudio is missing or broken."""
        with self._lock:
            if self._module is None:
                try:
                    import sounddevice
                except (ImportError, OSError) as error:
                    raise PersonareError(
                        f"Sound input is not available: {error}.", remedy=REMEDY_NO_PORTAUDIO
                    ) from error
                except Exception as error:
                    # sounddevice initialises PortAudio on import and raises its own error class.
                    raise PersonareError(
                        f"The sound system did not start: {error}.",
                        remedy="Check that the sound service runs, then choose the device again.",
                    ) from error
                self._module = sounddevice
            return self._module

    def inputs(self, refresh: bool = False) -> list[InputDevice]:
        """All inputs; with `refresh`, or after a stream died, those plugged in since as well."""
        with self._lock:
            sd = self.module()
            if (refresh or self._stale) and self._open_streams == 0:
                self._initialise_again(sd)
            default_in = self._default_input(sd)
            apis = sd.query_hostapis()
            return [
                InputDevice(
                    index=index,
                    host_api=str(apis[device["hostapi"]]["name"]),
                    name=str(device["name"]),
                    channels=int(device["max_input_channels"]),
                    rate=int(device["default_samplerate"]),
                    is_default=index == default_in,
                )
                for index, device in enumerate(sd.query_devices())
                if device["max_input_channels"] > 0
            ]

    def open_stream(self, environment: dict[str, str], **options: Any) -> Any:
        """Open and start an InputStream with `environment` set meanwhile; raise PersonareError.

        The ALSA plug-in for PulseAudio takes the source to record from the environment
        (PULSE_SOURCE), which is why this happens here, under the lock.
        """
        with self._lock, _environment(environment):
            sd = self.module()
            try:
                stream = sd.InputStream(**options)
            except (sd.PortAudioError, ValueError) as error:
                self._stale = True
                raise PersonareError(f"The input could not be opened: {_reason(error)}.") from error
            try:
                stream.start()
            except sd.PortAudioError as error:
                self._stale = True
                stream.close(ignore_errors=True)
                raise PersonareError(
                    f"The input could not be started: {_reason(error)}."
                ) from error
            self._open_streams += 1
            return stream

    def close_stream(self, stream: Any, died: bool) -> None:
        """Close a stream of `open_stream`; `died` tells that the list of devices is out of date."""
        with self._lock:
            try:
                stream.abort(ignore_errors=True)
                stream.close(ignore_errors=True)
            finally:
                self._open_streams -= 1
                self._stale = self._stale or died

    def _initialise_again(self, sd: Any) -> None:
        try:
            sd._terminate()
            sd._initialize()
            self._stale = False
        except sd.PortAudioError as error:
            self._stale = True
            with contextlib.suppress(sd.PortAudioError):
                sd._initialize()
            raise PersonareError(
                f"The sound system did not answer: {_reason(error)}.",
                remedy="Check that the sound service runs, then choose the device again.",
            ) from error

    @staticmethod
    def _default_input(sd: Any) -> int:
        try:
            return int(sd.query_devices(kind="input")["index"])
        except (sd.PortAudioError, ValueError):
            return -1


_PORTAUDIO: Final = PortAudio()


def portaudio() -> PortAudio:
    """The process's PortAudio."""
    return _PORTAUDIO


def _reason(error: Exception) -> str:
    """PortAudio's own words without its numbers."""
    return str(error).split(" [PaErrorCode")[0].removeprefix("Error opening InputStream: ")


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
