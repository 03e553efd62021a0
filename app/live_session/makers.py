"""How a live session comes by its concrete parts: filled in by `app.composition`, or by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.devices.contracts import AudioInputMaker, CameraMaker, Device
from app.live_session.loop import LivePicture, Performer
from app.realtime.clock import Clock
from app.realtime.latest_frame import LatestFrame
from app.session_contract import Background, DeviceInfo, OutputFormat
from inference.contract import Controls, Float32Array

Report = Callable[[str], None]
"""Told one sentence when a model starts to fail, and "" when it works again."""


@dataclass(frozen=True, slots=True)
class StageChoices:
    """What the stage is set up with."""

    character: str
    provider: str
    output: OutputFormat
    background: Background
    controls: Controls
    motion_model: str = ""
    """Name of a package; "" is the default one."""
    quality: str = "standard"
    """`eco`, `standard` or `high`."""


class Stage(Protocol):
    """The models and the canvas, loaded. Setters raise PersonareError and then change nothing.

    They are called by one thread while another one uses `performer`.
    """

    @property
    def performer(self) -> Performer:
        """The engine."""

    @property
    def provider(self) -> str:
        """What really computes, for people."""

    @property
    def notice(self) -> tuple[str, str]:
        """A sentence and a remedy about something that is not as wished; ("", "") if all is."""

    @property
    def character(self) -> str:
        """Id of the character on stage."""

    def set_character(self, character: str) -> None:
        """Load another character, then change over."""

    def set_quality(self, quality: str) -> None:
        """Load the character for another quality, then change over."""

    def set_output(self, output: OutputFormat) -> None:
        """Change the canvas."""

    def set_background(self, background: Background) -> None:
        """Change what stands behind."""

    def set_controls(self, controls: Controls) -> None:
        """Change the style."""

    def set_motion_model(self, name: str) -> None:
        """Load another motion model ("" is the default one), then change over."""

    @property
    def motion_model(self) -> str:
        """Name of the motion model's package."""

    @property
    def knows(self) -> frozenset[str]:
        """What the motion model can be asked for: `liveliness`, `warmth`, moods, cues."""


class RecorderDevice(Device, Protocol):
    """A file being recorded."""

    def add_sound(self, sound_N: Float32Array, rate: int, stream_s: float) -> None:
        """The next samples of the voice (mono), the last of them at `stream_s`; never waits."""


class RecorderMaker(Protocol):
    """Makes a recorder, not yet open, that takes its pictures from the slot."""

    def __call__(
        self, path: Path, output: OutputFormat, slot: LatestFrame[LivePicture]
    ) -> RecorderDevice:
        """`path` is overwritten."""


@dataclass(frozen=True, slots=True)
class LiveMakers:
    """Everything concrete."""

    clock: Clock
    make_stage: Callable[[StageChoices, Report], Stage]
    make_input: AudioInputMaker
    make_camera: CameraMaker
    make_recorder: RecorderMaker
    list_microphones: Callable[[], list[DeviceInfo]]
    list_loopbacks: Callable[[], list[DeviceInfo]]
    list_cameras: Callable[[], list[DeviceInfo]]
