"""A PortAudio input: the microphone, or any other device the user hears the others through."""

from __future__ import annotations

from threading import Event
from typing import Any, Final

from app.devices.catalog import AudioEndpoint, find_input, is_present, not_there
from app.devices.contracts import Sound
from app.devices.portaudio import portaudio
from app.devices.resampler import StreamingResampler
from app.realtime.audio_ring import AudioRing
from app.realtime.clock import Clock
from inference.contract import AUDIO_RATE, PersonareError

BLOCK_SECONDS: Final = 0.010
_RING_SECONDS: Final = 1.0
_FIRST_SOUND_SECONDS: Final = 6.0
"""Grace for the first block: sound servers wake sleeping devices, and PulseAudio's null sinks
start with a buffer of two seconds."""
_STALL_SECONDS: Final = 1.0
_PRESENCE_SECONDS: Final = 2.0
_REMEDY_GONE: Final = "Plug it in again or choose another one; it is taken up by itself."


class Microphone:
    """Records at the device's own rate in blocks of 10 ms; `read` gives mono sound at AUDIO_RATE.

    Fulfils `AudioInput`. A block that PortAudio reports as incomplete (xrun) is used all the same
    and counted in `xruns`.
    """

    finished = False

    def __init__(self, key: str, clock: Clock) -> None:
        self.xruns = 0
        self._key = key
        self._clock = clock
        self._name = key or "default"
        self._stream: Any = None
        self._ring: AudioRing | None = None
        self._resampler: StreamingResampler | None = None
        self._first_due = 0.0
        self._last_block = 0.0
        self._presence_checked = 0.0

    @property
    def name(self) -> str:
        """The device's own name once it is open."""
        return self._name

    def open(self, stop: Event) -> None:
        """See `Device.open`."""
        endpoint = find_input(self._key)
        self._name = endpoint.name
        rate, channels = endpoint.rate, min(endpoint.channels, 2)
        self._ring = AudioRing(round(rate * _RING_SECONDS), channels, rate)
        self._resampler = StreamingResampler(rate, AUDIO_RATE)
        self._last_block = 0.0
        try:
            self._stream = self._open_stream(endpoint, rate, channels)
        except PersonareError as error:
            raise PersonareError(
                f"{endpoint.name}: {error}", remedy=error.remedy or _remedy(str(error))
            ) from error
        self._presence_checked = self._clock.now()
        self._first_due = self._presence_checked + _FIRST_SOUND_SECONDS
        if stop.is_set():
            self.close()
            raise PersonareError(f"{endpoint.name} was not needed any more.")

    def _open_stream(self, endpoint: AudioEndpoint, rate: int, channels: int) -> Any:
        ring, now = self._ring, self._clock.now
        assert ring is not None

        def on_block(block_NC: Any, frames: int, time: Any, status: Any) -> None:
            """PortAudio's thread: note the time, copy, leave."""
            # The first sample's age by the device's clock; some drivers say nonsense, but a block
            # is at least as old as it is long.
            age = min(time.currentTime - time.inputBufferAdcTime, 0.2)
            arrived = now()
            ring.write(block_NC, arrived - max(0.0, age - frames / rate))
            self._last_block = arrived
            if status:
                self.xruns += 1

        return portaudio().open_stream(
            endpoint.environment,
            device=endpoint.index,
            samplerate=rate,
            channels=channels,
            blocksize=round(rate * BLOCK_SECONDS),
            dtype="float32",
            latency="low",
            callback=on_block,
        )

    def read(self) -> Sound:
        """See `AudioInput.read`."""
        ring, resampler = self._ring, self._resampler
        if ring is None or resampler is None:
            return Sound(end_time=self._clock.now())
        captured = ring.read()
        raw_N = captured.samples_NC.mean(axis=1)
        lost = round(captured.lost * AUDIO_RATE / ring.rate)
        end_time = captured.end_time - resampler.delay
        return Sound(resampler.process(raw_N), end_time, lost, raw_N, resampler.rate_in)

    def fault(self) -> PersonareError | None:
        """See `Device.fault`."""
        if self._stream is None:
            return None
        now = self._clock.now()
        if not self._stream.active:
            return PersonareError(f"{self._name} is gone.", remedy=_REMEDY_GONE)
        if self._last_block == 0.0:
            silent = now > self._first_due
        else:
            silent = now - self._last_block > _STALL_SECONDS
        if silent:
            return PersonareError(f"{self._name} delivers no sound.", remedy=_REMEDY_GONE)
        if now - self._presence_checked > _PRESENCE_SECONDS:
            # A sound server moves the recording of a vanished source to another one, unasked.
            self._presence_checked = now
            if not is_present(self._key):
                return not_there(self._key)
        return None

    def close(self) -> None:
        """See `Device.close`."""
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio().close_stream(stream, died=not stream.active)


def _remedy(reason: str) -> str:
    if "ermission" in reason:
        return "Allow microphone access in the system's privacy settings (Linux: group `audio`)."
    return "Close other programs that use it, or choose another one."
