"""Records what the camera shows and the user says into an MP4, in sync.

A picture is stamped not with the moment it was made but with the sound it shows: the mouth's delay,
which a live call cannot take away, is taken out of the film.
"""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path
from threading import Event
from typing import Any, Final, Protocol

from app.devices.resampler import StreamingResampler
from app.realtime.latest_frame import LatestFrame
from app.realtime.worker import Worker
from app.session_contract import OutputFormat
from inference.contract import Float32Array, PersonareError, UInt8Array

log = logging.getLogger(__name__)

_FOLLOW: Final = 0.05
"""How quickly the film follows a change of the mouth's delay: about a second."""
_JUMP_SECONDS: Final = 0.5


class Film(Protocol):
    """The file (`app.media.film_writer.FilmWriter`). Methods raise PersonareError."""

    def add_picture(self, i420: UInt8Array, time_s: float) -> None:
        """Show a picture from `time_s` on; one not later than the one before is left out."""

    def add_sound(self, sound_N: Float32Array) -> None:
        """The next samples, mono float32 at the film's rate."""

    def close(self) -> None:
        """Finish the file."""


class FilmMaker(Protocol):
    """Creates the file; raises PersonareError."""

    def __call__(self, path: Path, output: OutputFormat) -> Film:
        """Overwrites `path`."""


class Recorder:
    """Takes pictures from the slot (`LivePicture`) on a thread of its own. Fulfils `Device`.

    Where the file cannot be written any more it stops with a fault; what was written is playable.
    """

    def __init__(
        self,
        path: Path,
        output: OutputFormat,
        slot: LatestFrame[Any],
        make_film: FilmMaker,
        sound_rate: int,
    ) -> None:
        self.pictures = 0
        self._path, self._output, self._slot = path, output, slot
        self._make_film = make_film
        self._resampler = StreamingResampler(sound_rate, sound_rate)
        self._sound: deque[tuple[Float32Array, int, float]] = deque()
        self._film: Film | None = None
        self._worker: Worker | None = None
        self._fault: PersonareError | None = None
        self._begin_s: float | None = None  # stream time at which the film begins
        self._offset: float | None = None  # clock time less stream time of what is shown
        self._sequence = 0

    @property
    def name(self) -> str:
        """The file."""
        return str(self._path)

    def open(self, stop: Event) -> None:
        """Create the file and begin with the next picture."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PersonareError(
                f"The folder {self._path.parent} cannot be made: {error.strerror}.",
                remedy="Choose another folder.",
            ) from error
        self._film = self._make_film(self._path, self._output)
        newest = self._slot.get()
        self._sequence = 0 if newest is None else newest[0]
        self._worker = Worker("film", self._step, self._died, self._finish)
        self._worker.start()

    def add_sound(self, sound_N: Float32Array, rate: int, stream_s: float) -> None:
        """The next samples of the voice (mono), the last of them at `stream_s`; never waits."""
        self._sound.append((sound_N, rate, stream_s))

    def fault(self) -> PersonareError | None:
        """See `Device.fault`."""
        return self._fault

    def close(self) -> None:
        """Finish the file."""
        if self._worker is not None:
            self._worker.stop()

    def _step(self) -> None:
        """Wait for a picture and write it, after the sound that came before it."""
        newer = self._slot.wait_newer(self._sequence, 0.05)
        try:
            self._write_sound()
            if newer is not None:
                self._sequence = newer[0]
                self._write_picture(newer[1])
        except PersonareError as error:
            self._fault = error
            if self._worker is not None:
                self._worker.stopping.set()

    def _write_sound(self) -> None:
        assert self._film is not None
        while self._sound:
            sound_N, rate, stream_s = self._sound.popleft()
            if self._begin_s is None:
                self._begin_s = stream_s - len(sound_N) / rate
            if rate != self._resampler.rate_in:  # another microphone, or silence in its place
                self._resampler = StreamingResampler(rate, self._resampler.rate_out)
            self._film.add_sound(self._resampler.process(sound_N))

    def _write_picture(self, live: Any) -> None:
        assert self._film is not None
        if self._begin_s is None:
            return
        offset = live.turn_time - live.stream_s
        if self._offset is None or abs(offset - self._offset) > _JUMP_SECONDS:
            self._offset = offset
        # Turns are evenly spaced, the sound shown at each is not: follow it smoothly.
        self._offset += _FOLLOW * (offset - self._offset)
        time_s = live.turn_time - self._offset - self._begin_s
        if time_s < 0:
            return
        if self.pictures == 0:
            time_s = 0.0
        self._film.add_picture(live.picture.i420, time_s)
        self.pictures += 1

    def _finish(self) -> None:
        try:
            if self._fault is None:
                self._write_sound()
        except PersonareError as error:
            self._fault = error
        try:
            if self._film is not None:
                self._film.close()
        except PersonareError as error:
            self._fault = self._fault or error
            log.warning("%s: %s", self._path, error)

    def _died(self, error: BaseException) -> None:
        self._fault = PersonareError(
            f"Recording stopped: {error}.", remedy="The log file has the details."
        )
