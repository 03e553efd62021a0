"""Light stand-ins for the models and makers, for tests of the live session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.devices.contracts import AudioInput, CameraSink
from app.devices.simulated import SimulatedCamera, SimulatedInput
from app.live_session.makers import LiveMakers, RecorderDevice, Report, StageChoices
from app.realtime.clock import Clock, SystemClock
from app.session_contract import Background, DeviceInfo, OutputFormat
from inference.contract import CUES, MOODS, Controls, PersonareError
from inference.direction import Direction

STEP = 320
KNOWS = frozenset(("liveliness", "warmth", *MOODS, *CUES)) - {"wink"}
KNOWN_BY = {"plain": frozenset(("liveliness", "warmth"))}
"""What the motion models of the tests know; any other one knows `KNOWS`."""


@dataclass
class StandInPicture:
    audio_time: float
    activity: str
    i420: np.ndarray

    @property
    def rgb(self) -> np.ndarray:
        height, width = self.i420.shape[0] * 2 // 3, self.i420.shape[1]
        return np.repeat(self.i420[:height, :width, None], 3, axis=2)


class StandInPerformer:
    """Whole 20 ms steps; the brightness of the picture is the loudness of the newest step."""

    def __init__(self, output: OutputFormat, clock: Clock, draw_seconds: float = 0.0) -> None:
        self.output, self.clock, self.draw_seconds = output, clock, draw_seconds
        self.fail_with: Exception | None = None
        self.heard = 0
        self.pending = np.zeros(0, np.float32)
        self.loudness = 0.0
        self.blocks: list[np.ndarray] = []
        self.others: list[np.ndarray] = []
        self.cues: list[str] = []
        self.direction = ""
        self.controls = Controls()

    def cue(self, name: str) -> None:
        self.cues.append(name)

    def direct(self, direction: Direction | None) -> None:
        self.direction = "" if direction is None else direction.text

    @property
    def heard_s(self) -> float:
        return self.heard / 16_000

    def hear(self, self_N: np.ndarray, other_N: np.ndarray | None = None) -> None:
        self.heard += len(self_N)
        self.blocks.append(self_N)
        if other_N is not None:
            self.others.append(other_N)
        self.pending = np.concatenate((self.pending, self_N))
        whole = len(self.pending) // STEP * STEP
        if whole:
            self.loudness = float(np.abs(self.pending[whole - STEP : whole]).max())
            self.pending = self.pending[whole:]

    def frame(self, time_s: float | None = None, live: bool = False) -> StandInPicture:
        if self.fail_with is not None:
            raise self.fail_with
        if self.draw_seconds:
            self.clock.sleep_until(self.clock.now() + self.draw_seconds)
        shape = (self.output.height * 3 // 2, self.output.width)
        i420 = np.full(shape, 16 + int(200 * min(1.0, self.loudness)), np.uint8)
        activity = "speaking" if self.loudness > 0.01 else "idle"
        return StandInPicture(self.heard // STEP * STEP / 16_000, activity, i420)


class StandInStage:
    def __init__(self, choices: StageChoices, performer: StandInPerformer) -> None:
        if choices.character == "nobody":
            raise PersonareError("There is no character nobody.", remedy="Choose another one.")
        self.performer = performer
        self.provider = choices.provider
        self.character = choices.character
        self.notice = ("", "")
        self.motion_model = choices.motion_model
        self.quality = choices.quality
        self.knows = KNOWN_BY.get(self.motion_model, KNOWS)
        self.background = choices.background
        self.controls = choices.controls

    def set_character(self, character: str) -> None:
        if character == "nobody":
            raise PersonareError("There is no character nobody.", remedy="Choose another one.")
        self.character = character

    def set_motion_model(self, name: str) -> None:
        if name == "nothing":
            raise PersonareError("There is no motion model 'nothing'.", remedy="Choose another.")
        if name == "cracked":
            raise RuntimeError("bad graph")
        self.motion_model = name
        self.knows = KNOWN_BY.get(name, KNOWS)

    def set_quality(self, quality: str) -> None:
        if quality == "broken":
            raise PersonareError("There is no quality 'broken'.", remedy="Choose another.")
        self.quality = quality
        self.notice = ("High is slow here.", "Choose standard.") if quality == "high" else ("", "")

    def set_output(self, output: OutputFormat) -> None:
        self.performer.output = output

    def set_background(self, background: Background) -> None:
        self.background = background

    def set_controls(self, controls: Controls) -> None:
        self.controls = self.performer.controls = controls


@dataclass
class World:
    """Everything simulated, and handles to make it fail."""

    clock: Clock = field(default_factory=SystemClock)
    draw_seconds: float = 0.0
    inputs: dict[str, SimulatedInput] = field(default_factory=dict)
    cameras: dict[str, SimulatedCamera] = field(default_factory=dict)
    performers: list[StandInPerformer] = field(default_factory=list)
    stages: list[StandInStage] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    make_camera: Callable[[str, OutputFormat], CameraSink] | None = None
    make_recorder: Callable[..., RecorderDevice] | None = None

    def input(self, key: str) -> AudioInput:
        return self.inputs.setdefault(key, SimulatedInput(self.clock, name=key or "default"))

    def camera(self, key: str, output: OutputFormat) -> CameraSink:
        if self.make_camera is not None:
            return self.make_camera(key, output)
        return self.cameras.setdefault(key, SimulatedCamera(self.clock, key or "first"))

    def stage(self, choices: StageChoices, report: Report) -> StandInStage:
        performer = StandInPerformer(choices.output, self.clock, self.draw_seconds)
        stage = StandInStage(choices, performer)
        self.performers.append(performer)
        self.stages.append(stage)
        self.reports.append(report)
        return stage

    def recorder(self, path: Path, output: OutputFormat, slot: object) -> RecorderDevice:
        if self.make_recorder is None:
            raise PersonareError("There is no recorder here.")
        return self.make_recorder(path, output, slot)

    def makers(self) -> LiveMakers:
        return LiveMakers(
            clock=self.clock,
            make_stage=self.stage,
            make_input=self.input,
            make_camera=self.camera,
            make_recorder=self.recorder,
            list_microphones=lambda: [DeviceInfo("mic", "Mic", True)],
            list_loopbacks=lambda: [DeviceInfo("loop", "Monitor of Speakers")],
            list_cameras=lambda: [DeviceInfo("cam", "Camera", True)],
        )
