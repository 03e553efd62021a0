"""What the live session promises to its window, its command line and its tests.

The window knows only this module: `LiveSession` fulfils it with real devices, `SimulatedSession`
in the tests without any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from inference.contract import Controls, UInt8Array


class Activity(StrEnum):
    """What the character is doing now."""

    SPEAKING = "speaking"
    LISTENING = "listening"
    IDLE = "idle"


class PartState(StrEnum):
    """How one part of the session (microphone, other audio, camera, recorder, engine) fares."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    RECOVERING = "recovering"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part: its state, and in FAILED or RECOVERING one sentence and a remedy for the user."""

    state: PartState = PartState.OFF
    name: str = ""
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A snapshot for the state line; taken at any time, from any thread.

    `fps` is frames per second really handed on, `latency_ms` the median delay of the mouth
    (microphone to camera, DESIGN section 7), levels are RMS in dBFS (-100 is digital silence).
    `controls` is the present style and `direction` the text being performed ("" is none); `knows`
    has what the motion model can be asked for: `liveliness`, `warmth`, moods and cues by name;
    `motion_model` is its package's name, "" until it is loaded.
    """

    activity: Activity = Activity.IDLE
    fps: float = 0.0
    latency_ms: float = 0.0
    controls: Controls = field(default_factory=Controls)
    direction: str = ""
    knows: frozenset[str] = frozenset()
    motion_model: str = ""
    provider: str = ""
    character: str = ""
    microphone_level_db: float = -100.0
    other_level_db: float = -100.0
    microphone: PartStatus = field(default_factory=PartStatus)
    other: PartStatus = field(default_factory=PartStatus)
    camera: PartStatus = field(default_factory=PartStatus)
    recorder: PartStatus = field(default_factory=PartStatus)
    engine: PartStatus = field(default_factory=PartStatus)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A microphone, loopback or camera the user can choose; `key` is stable across restarts."""

    key: str
    name: str
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind the character: its own background, a colour, a picture or green."""

    kind: str = "own"
    """`own`, `color`, `picture` or `green`; a character without a background of its own has the
    colour instead."""
    color: tuple[int, int, int] = (38, 42, 51)
    """sRGB, 0..255."""
    picture: str = ""
    """Path of a picture file, for `kind == "picture"`."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The camera's picture: fixed while the camera is on (readers cannot follow a change)."""

    width: int = 1280
    height: int = 720
    fps: int = 30


class Session(Protocol):
    """The live loop. Every method returns at once and may be called from any one thread.

    Faults never raise from here: they appear in `status()` and the part recovers when it can.
    """

    def start(self) -> None:
        """Start the engine, microphone, and whatever was chosen."""

    def stop(self) -> None:
        """Stop all threads and release every device; returns when they are gone (2 s at most)."""

    def status(self) -> SessionStatus:
        """The present state of every part."""

    def latest_frame(self) -> tuple[int, UInt8Array] | None:
        """Sequence number and newest picture, uint8 RGB (height, width, 3); None before any."""

    def microphones(self) -> list[DeviceInfo]:
        """Inputs present now (hot-plug included)."""

    def loopbacks(self) -> list[DeviceInfo]:
        """Inputs that carry what the others say (monitor, loopback and ordinary inputs)."""

    def cameras(self) -> list[DeviceInfo]:
        """Virtual cameras present now."""

    def set_character(self, character: str) -> None:
        """Change the character by id; the old one stays on camera until the new one is ready."""

    def set_microphone(self, key: str | None) -> None:
        """Choose by key; "" is the system's default, None is off."""

    def set_other(self, key: str | None) -> None:
        """Choose the input that carries the others; None is off."""

    def set_camera(self, key: str | None) -> None:
        """Turn the virtual camera on ("" is the first one found) or off (None)."""

    def set_recording(self, path: str | None) -> None:
        """Record an MP4 to `path`, or stop and finish the file (None)."""

    def set_background(self, background: Background) -> None:
        """Change what stands behind the character."""

    def set_output(self, output: OutputFormat) -> None:
        """Change size and rate; refused with a message in `status()` while the camera is on."""

    def set_quality(self, quality: str) -> None:
        """Draw in `eco`, `standard` or `high`; the picture's size on camera stays the same.

        The present pictures go on until the new ones are ready.
        """

    def set_controls(self, controls: Controls) -> None:
        """Liveliness, warmth and mood; a running direction may change them again."""

    def cue(self, name: str) -> None:
        """Perform one of `inference.contract.CUES` now; a model that knows none lives on."""

    def direct(self, text: str) -> None:
        """Perform a text direction from now on ("" ends a running one).

        What is not understood, or not known to the model, is said in `status().engine` and nothing
        of the text is performed.
        """

    def set_motion_model(self, name: str) -> None:
        """Change the motion model by its package's name; "" is the default one.

        The present one goes on until the new one is ready, and for good if it cannot be used. A
        mood or direction that the new one does not know ends.
        """

    def set_provider(self, provider: str) -> None:
        """Ask for `auto`, `cpu`, `cuda` or `directml`; what was got is in `status().provider`."""
