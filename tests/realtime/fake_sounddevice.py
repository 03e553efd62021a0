"""Takes the place of the module `sounddevice`: devices are a list, blocks are pushed by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    pass


class FakeStream:
    def __init__(self, owner: FakeSoundDevice, options: dict[str, Any]) -> None:
        self.owner, self.options = owner, options
        self.active = False
        self.closed = False

    def start(self) -> None:
        self.active = True

    def abort(self, ignore_errors: bool = True) -> None:
        self.active = False

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True

    def push(self, block_NC: np.ndarray, age: float = 0.010, status: str = "") -> None:
        """What PortAudio does with a block: the real callback's four arguments."""
        time = SimpleNamespace(currentTime=1000.0, inputBufferAdcTime=1000.0 - age)
        self.options["callback"](block_NC, len(block_NC), time, status)


class FakeSoundDevice:
    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.present = [self.device("USB Mic", 2, 44_100), self.device("Speakers", 0, 48_000)]
        self.seen: list[dict[str, Any]] = []
        self.initialised = 0
        self.refusal = ""
        self.streams: list[FakeStream] = []
        self._initialize()

    @staticmethod
    def device(name: str, channels: int, rate: int, api: int = 0) -> dict[str, Any]:
        return {
            "name": name,
            "max_input_channels": channels,
            "default_samplerate": float(rate),
            "hostapi": api,
        }

    def _initialize(self) -> None:
        self.seen = list(self.present)
        self.initialised += 1

    def _terminate(self) -> None:
        assert all(stream.closed for stream in self.streams), "a stream is open"

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "CoreSound"}, {"name": "Other API"}]

    def query_devices(self, kind: str | None = None) -> Any:
        if kind is None:
            return self.seen
        inputs = [i for i, d in enumerate(self.seen) if d["max_input_channels"]]
        if not inputs:
            raise PortAudioError("Error querying device -1")
        return {"index": inputs[0]}

    def InputStream(self, **options: Any) -> FakeStream:
        if self.refusal:
            raise PortAudioError(f"Error opening InputStream: {self.refusal} [PaErrorCode -9985]")
        self.streams.append(FakeStream(self, options))
        return self.streams[-1]
