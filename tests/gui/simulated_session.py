"""A `Session` without devices, threads or models: what it shows and says is set by the test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.models.motion_choices import MotionChoice
from app.session_contract import (
    Activity,
    Background,
    DeviceInfo,
    OutputFormat,
    PartState,
    PartStatus,
    SessionStatus,
)
from inference.contract import CUES, MOODS, Controls, UInt8Array

ON = PartStatus(PartState.ON, "On")
FIRST_LIGHT = MotionChoice(
    "motion-first-light", "First light", frozenset(("liveliness", "warmth")), "Calm.", True
)
PERFORMER = MotionChoice(
    "motion-performer",
    "Performer",
    frozenset(("liveliness", "warmth", *MOODS, *CUES)),
    "Acts.",
    False,
)


@dataclass
class SimulatedSession:
    """Fulfils `Session`; `calls` records every wish, `state` is what `status()` answers."""

    state: SessionStatus = field(default_factory=SessionStatus)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    camera_answer: PartStatus = field(
        default_factory=lambda: PartStatus(PartState.ON, "Personare Camera")
    )
    model_knows: frozenset[str] = frozenset(("liveliness", "warmth", *MOODS, *CUES))
    models: list[MotionChoice] = field(default_factory=lambda: [FIRST_LIGHT, PERFORMER])
    running: bool = False
    stops: int = 0
    frame: UInt8Array | None = None
    sequence: int = 0
    microphone_list: list[DeviceInfo] = field(
        default_factory=lambda: [
            DeviceInfo("mic-a", "Headset microphone", True),
            DeviceInfo("mic-b", "Webcam microphone"),
        ]
    )
    loopback_list: list[DeviceInfo] = field(
        default_factory=lambda: [DeviceInfo("monitor", "Monitor of Headset")]
    )
    camera_list: list[DeviceInfo] = field(
        default_factory=lambda: [DeviceInfo("/dev/video10", "Personare Camera")]
    )

    def change(self, **parts: Any) -> None:
        """Replace parts of the status."""
        self.state = replace(self.state, **parts)

    def draw(self, frame: UInt8Array) -> None:
        """Make a picture the newest one."""
        self.frame = frame
        self.sequence += 1

    def of(self, name: str) -> list[Any]:
        """Arguments of every call of one method."""
        return [argument for call, argument in self.calls if call == name]

    def start(self) -> None:
        self.running = True
        self.calls.append(("start", None))
        self.change(engine=ON, microphone=ON, provider="cpu", fps=30.0, latency_ms=62.0)
        self.change(knows=self.model_knows, motion_model="motion-first-light")

    def stop(self) -> None:
        self.running = False
        self.stops += 1

    def status(self) -> SessionStatus:
        return self.state

    def latest_frame(self) -> tuple[int, UInt8Array] | None:
        return None if self.frame is None else (self.sequence, self.frame)

    def microphones(self) -> list[DeviceInfo]:
        return list(self.microphone_list)

    def loopbacks(self) -> list[DeviceInfo]:
        return list(self.loopback_list)

    def cameras(self) -> list[DeviceInfo]:
        return list(self.camera_list)

    def set_character(self, character: str) -> None:
        self.calls.append(("set_character", character))
        self.change(character=character)

    def set_microphone(self, key: str | None) -> None:
        self.calls.append(("set_microphone", key))
        self.change(microphone=PartStatus() if key is None else ON)

    def set_other(self, key: str | None) -> None:
        self.calls.append(("set_other", key))
        self.change(other=PartStatus() if key is None else ON)

    def set_camera(self, key: str | None) -> None:
        self.calls.append(("set_camera", key))
        self.change(camera=PartStatus() if key is None else self.camera_answer)

    def set_recording(self, path: str | None) -> None:
        self.calls.append(("set_recording", path))
        self.change(recorder=PartStatus() if path is None else ON)

    def set_background(self, background: Background) -> None:
        self.calls.append(("set_background", background))

    def set_output(self, output: OutputFormat) -> None:
        self.calls.append(("set_output", output))

    def set_controls(self, controls: Controls) -> None:
        self.calls.append(("set_controls", controls))
        self.change(controls=controls)

    def cue(self, name: str) -> None:
        self.calls.append(("cue", name))

    def direct(self, text: str) -> None:
        self.calls.append(("direct", text))
        self.change(direction=text)

    def set_quality(self, quality: str) -> None:
        self.calls.append(("set_quality", quality))

    def set_motion_model(self, name: str) -> None:
        self.calls.append(("set_motion_model", name))
        self.change(motion_model=name or "motion-first-light")

    def set_provider(self, provider: str) -> None:
        self.calls.append(("set_provider", provider))
        self.change(provider="cpu")


def two_halves(width: int = 1280, height: int = 720) -> UInt8Array:
    """A picture whose left half is red and right half blue."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[:, : width // 2, 0] = 220
    frame[:, width // 2 :, 2] = 220
    return frame


def speaking(**parts: Any) -> dict[str, Any]:
    """Status of a session in full swing."""
    return {
        "activity": Activity.SPEAKING,
        "fps": 30.0,
        "latency_ms": 62.0,
        "provider": "cpu",
        "microphone_level_db": -18.0,
        "other_level_db": -38.0,
        **parts,
    }
