"""The words every part of Personare shares: the motion vector, the rates, the errors.

A *motion* is what a face does at one instant: a float32 array of shape (MOTION_SIZE,), ordered as
MOTION_NAMES. The first 52 values are the ARKit blendshapes in [0, 1], left being the character's
own left; then head rotation in radians, head translation in pupil distances, breath in [-1, 1] and
shoulders in [0, 1]. All zero is the rest pose: relaxed, lips just closed, looking at the camera.
eyeLook* at 1.0 is 30 degrees sideways, 25 up, 30 down (Apple's ARFaceAnchor.BlendShapeLocation
names the blendshapes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]

BLENDSHAPES: Final[tuple[str, ...]] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft",
    "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
    "tongueOut",
)  # fmt: skip
POSE: Final[tuple[str, ...]] = (
    "headYaw", "headPitch", "headRoll", "headX", "headY", "headZ",
    "breath", "shoulderLeft", "shoulderRight",
)  # fmt: skip
MOTION_NAMES: Final[tuple[str, ...]] = BLENDSHAPES + POSE
MOTION_SIZE: Final[int] = len(MOTION_NAMES)
MOTION_INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(MOTION_NAMES)}
VISEMES: Final[tuple[str, ...]] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip

MOODS: Final[tuple[str, ...]] = (
    "neutral", "happy", "serious", "sad", "angry", "surprised", "thinking",
)  # fmt: skip
"""Lasting colours of a performance."""
CUES: Final[tuple[str, ...]] = ("nod", "shake", "smile", "raise_brows", "look_away", "wink")
"""Momentary acts that a performance can be asked for."""

AUDIO_RATE: Final[int] = 16_000
"""Samples per second of every audio stream the generators hear (mono, float32, -1..1)."""
STEP_SAMPLES: Final[int] = 320
"""Audio samples of one motion step: 20 ms."""
MOTION_RATE: Final[int] = AUDIO_RATE // STEP_SAMPLES
"""Motion steps per second: 50."""


class PersonareError(Exception):
    """A fault the user can understand: `str(error)` is one sentence, `remedy` says what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class MotionTrack:
    """Consecutive motion steps.

    `time_T` (float64) is the seconds of audio consumed when the step can be drawn (look-ahead
    counts); `motion_TD` is float32 of shape (T, MOTION_SIZE); `speaking_T` and `listening_T` are
    the probabilities that the user, and the others, are speaking; `viseme_TV` the 15 Oculus
    viseme scores (rows sum to 1).
    """

    time_T: NDArray[np.float64]
    motion_TD: Float32Array
    speaking_T: Float32Array
    listening_T: Float32Array
    viseme_TV: Float32Array

    def __len__(self) -> int:
        return len(self.time_T)


@dataclass(frozen=True, slots=True)
class Controls:
    """Style of the performance; may change at any step.

    `liveliness` (still .. animated) and `warmth` (neutral .. smiling) are in [0, 1], 0.5 is
    natural; `mood` is one of MOODS, mixed with neutral by `mood_strength` in [0, 1].
    """

    liveliness: float = 0.5
    warmth: float = 0.5
    mood: str = "neutral"
    mood_strength: float = 1.0


class MotionSource(Protocol):
    """Causal and streaming: pushing audio in pieces gives the same steps as pushing it whole."""

    controls: Controls

    def reset(self, seed: int = 0) -> None:
        """Forget everything heard; the same seed and audio give the same performance."""

    def cue(self, name: str) -> None:
        """Perform one of CUES from the next step on; a model that knows no cues goes on living."""

    def push(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        """Hear N samples at AUDIO_RATE of each stream (None is silence); return the new steps."""


class FrameSource(Protocol):
    """One character. It has no memory: the same motion always gives the same pixels."""

    @property
    def size(self) -> int:
        """Width and height of a frame in pixels."""

    def draw(self, motion_D: Float32Array) -> UInt8Array:
        """One frame: uint8 (size, size, 4), RGBA, straight alpha; valid until the next call."""
