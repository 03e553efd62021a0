"""The live session: owns every device and thread, and keeps the character on camera.

Threads, one loop each: the audio callbacks (PortAudio's), `engine` (hears and draws), `camera`
(newest picture to the virtual camera), one keeper for each part (opens and reopens it), `studio`
(loads models and characters) and `catalog` (lists devices). They share only single-writer slots.
If one dies it is started again; the others do not notice.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from app.devices.contracts import AudioInput, CameraFrame, CameraSink
from app.live_session.catalog import DeviceLists
from app.live_session.feed import AudioFeed, Heard
from app.live_session.loop import LivePicture, PerformanceLoop
from app.live_session.makers import LiveMakers, RecorderDevice
from app.live_session.parts import KeptPart
from app.live_session.studio import Studio
from app.realtime.latest_frame import LatestFrame
from app.realtime.stats import StreamMeter, StreamStats
from app.realtime.worker import Worker
from app.session_contract import (
    Activity,
    Background,
    DeviceInfo,
    OutputFormat,
    PartState,
    PartStatus,
    SessionStatus,
)
from inference.contract import Controls, UInt8Array

_RESTART_SECONDS: Final = 0.3
_STOP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class LiveChoices:
    """What a session starts with; every field can be changed later by a setter of the session."""

    character: str = ""
    microphone: str | None = ""
    other: str | None = None
    camera: str | None = None
    output: OutputFormat = field(default_factory=OutputFormat)
    background: Background = field(default_factory=Background)
    controls: Controls = field(default_factory=Controls)
    direction: str = ""
    provider: str = "auto"
    motion_model: str = ""
    """Name of a package; "" is the default one."""
    quality: str = "standard"
    """`eco`, `standard` or `high`."""


class LiveSession:
    """Fulfils `app.session_contract.Session`. One `start`, one `stop`."""

    def __init__(self, makers: LiveMakers, choices: LiveChoices | None = None) -> None:
        choices = choices or LiveChoices()
        self._makers, self._clock = makers, makers.clock
        self._camera_meter = StreamMeter()
        self._camera_note: PartStatus | None = None
        self._output, self._controls = choices.output, choices.controls
        self._camera_key: str | None = None
        self._microphone: KeptPart[AudioInput] = KeptPart("microphone", self._clock)
        self._other: KeptPart[AudioInput] = KeptPart("other", self._clock)
        self._camera: KeptPart[CameraSink] = KeptPart("camera-keeper", self._clock)
        self._recorder: KeptPart[RecorderDevice] = KeptPart("recorder", self._clock, retry=False)
        self._slot: LatestFrame[LivePicture] = LatestFrame()
        self._feed = AudioFeed(
            self._clock, lambda: self._microphone.device, lambda: self._other.device
        )
        self._loop = PerformanceLoop(
            self._clock, self._feed, self._slot, self._output.fps, self._tap
        )
        self._studio = Studio(makers, self._loop, choices)
        self._lists = DeviceLists(makers)
        self._stopping = threading.Event()
        self._sent_sequence = 0
        self._engine_hurt = False
        self._workers: dict[str, Worker] = {}
        self.restarts: dict[str, int] = {}
        """How often each thread died and was started again."""
        self.set_microphone(choices.microphone)
        self.set_other(choices.other)
        self.set_camera(choices.camera)

    # -- life

    def start(self) -> None:
        """See `Session.start`."""
        for part in self._parts():
            part.start()
        self._studio.start()
        self._lists.start()
        self._spawn("engine")
        self._spawn("camera")

    def stop(self) -> None:
        """See `Session.stop`."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        deadline = time.perf_counter() + _STOP_SECONDS
        self._slot.close()
        for part in self._parts():
            part.ask_stop()
        self._studio.ask_stop()
        self._lists.ask_stop()
        for worker in self._workers.values():
            worker.stopping.set()

        def left() -> float:
            return max(0.1, deadline - time.perf_counter())

        for worker in self._workers.values():
            worker.stop(left())
        for part in self._parts():
            part.stop(left())
        self._studio.stop(left())
        self._lists.stop(left())

    def _parts(self) -> tuple[KeptPart[AudioInput], ...]:
        parts = (self._microphone, self._other, self._camera, self._recorder)
        return parts  # type: ignore[return-value]  # only what all kinds share is used

    def _spawn(self, name: str) -> None:
        step = {"engine": self._engine_step, "camera": self._camera_step}[name]
        worker = Worker(name, step, lambda error: self._died(name, error))
        self._workers[name] = worker
        worker.start()

    def _died(self, name: str, error: BaseException) -> None:
        """Runs on the dying thread: wait a little, then start its successor."""
        self.restarts[name] = self.restarts.get(name, 0) + 1
        if name == "engine":
            self._engine_hurt = True
            self._studio.report(f"The engine stopped: {error}.", "It is started again by itself.")
        if not self._stopping.wait(_RESTART_SECONDS):
            self._spawn(name)

    # -- loops

    def _engine_step(self) -> None:
        self._loop.step(self._stopping)
        if self._engine_hurt:
            self._engine_hurt = False
            self._studio.report("")

    def _camera_step(self) -> None:
        newer = self._slot.wait_newer(self._sent_sequence, 0.1)
        if newer is None:
            return
        self._sent_sequence, live = newer
        camera = self._camera.device
        if camera is None:
            return
        neutral = live.activity is Activity.IDLE
        capture_time = live.shown_time if live.live else None
        camera.send(CameraFrame(live.picture.i420, neutral, capture_time))
        handed = camera.handed_over()
        if handed is not None:
            self._camera_meter.add(*handed)

    def _tap(self, heard: Heard, stream_s: float) -> None:
        recorder = self._recorder.device
        if recorder is not None:
            recorder.add_sound(heard.raw_N, heard.raw_rate, stream_s)

    # -- what the window asks

    def status(self) -> SessionStatus:
        """See `Session.status`."""
        newest = self._slot.get()
        stats = self.stats()
        engine, performer = self._studio.status, self._loop.performer
        return SessionStatus(
            activity=Activity.IDLE if newest is None else newest[1].activity,
            fps=stats.fps,
            latency_ms=1000.0 * stats.latency_p50,
            controls=self._controls if performer is None else performer.controls,
            direction="" if performer is None else performer.direction,
            knows=self._studio.knows,
            motion_model=self._studio.motion_model,
            provider=self._studio.provider,
            character=self._studio.character,
            microphone_level_db=self._feed.self_level.db,
            other_level_db=self._feed.other_level.db,
            microphone=self._microphone.status,
            other=self._other.status,
            camera=self._camera_status(),
            recorder=self._recorder.status,
            engine=engine,
        )

    def stats(self) -> StreamStats:
        """Rate and delay of the pictures handed to the camera; without one, of those drawn."""
        now = self._clock.now()
        if self._camera.device is not None:
            return self._camera_meter.summary(now)
        return self._loop.meter.summary(now)

    def source_finished(self) -> bool:
        """Whether the microphone is a file that was read to its end."""
        device = self._microphone.device
        return device is not None and device.finished

    def _camera_status(self) -> PartStatus:
        status, note = self._camera.status, self._camera_note
        if note is not None and status.state in (PartState.ON, PartState.STARTING):
            return replace(status, message=note.message, remedy=note.remedy)
        return status

    def latest_frame(self) -> tuple[int, UInt8Array] | None:
        """See `Session.latest_frame`."""
        newest = self._slot.get()
        return None if newest is None else (newest[0], newest[1].picture.rgb)

    def microphones(self) -> list[DeviceInfo]:
        """See `Session.microphones`; the list is brought up to date in the background."""
        return self._lists.microphones()

    def loopbacks(self) -> list[DeviceInfo]:
        """See `Session.loopbacks`."""
        return self._lists.loopbacks()

    def cameras(self) -> list[DeviceInfo]:
        """See `Session.cameras`."""
        return self._lists.cameras()

    # -- what the window wants

    def set_microphone(self, key: str | None) -> None:
        """See `Session.set_microphone`."""
        make = None if key is None else lambda: self._makers.make_input(key)
        self._microphone.choose(make, self._lists.name_of(key))

    def set_other(self, key: str | None) -> None:
        """See `Session.set_other`."""
        make = None if key is None else lambda: self._makers.make_input(key)
        self._other.choose(make, self._lists.name_of(key))

    def set_camera(self, key: str | None) -> None:
        """See `Session.set_camera`."""
        self._camera_key, self._camera_note = key, None
        self._camera_meter = StreamMeter()
        output = self._output
        make = None if key is None else lambda: self._makers.make_camera(key, output)
        self._camera.choose(make, self._lists.name_of(key))

    def set_recording(self, path: str | None) -> None:
        """See `Session.set_recording`."""
        if path is None:
            self._recorder.choose(None)
            return
        output = self._output
        target = Path(path)
        self._recorder.choose(
            lambda: self._makers.make_recorder(target, output, self._slot), target.name
        )

    def set_character(self, character: str) -> None:
        """See `Session.set_character`."""
        self._studio.set_character(character)

    def set_quality(self, quality: str) -> None:
        """See `Session.set_quality`."""
        self._studio.set_quality(quality)

    def set_background(self, background: Background) -> None:
        """See `Session.set_background`."""
        self._studio.set_background(background)

    def set_output(self, output: OutputFormat) -> None:
        """See `Session.set_output`."""
        if output == self._output:
            return
        if self._camera_key is not None:
            self._camera_note = PartStatus(
                message="The picture's size and rate cannot change while the camera is on.",
                remedy="Turn the camera off first.",
            )
            return
        self._output = output
        self._studio.set_output(output)

    def set_controls(self, controls: Controls) -> None:
        """See `Session.set_controls`."""
        self._controls = controls
        self._studio.set_controls(controls)

    def cue(self, name: str) -> None:
        """See `Session.cue`."""
        performer = self._loop.performer
        if performer is not None:
            performer.cue(name)

    def direct(self, text: str) -> None:
        """See `Session.direct`."""
        self._studio.direct(text)

    def set_motion_model(self, name: str) -> None:
        """See `Session.set_motion_model`."""
        self._studio.set_motion_model(name)

    def set_provider(self, provider: str) -> None:
        """See `Session.set_provider`."""
        self._studio.set_provider(provider)
