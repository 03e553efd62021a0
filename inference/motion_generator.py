"""The streaming motion generator: sound of both sides in, motion out, 50 steps per second.

A thin loop around one ONNX graph with explicit state (`training/motion` makes it): features are
computed as samples arrive, and every 20 ms the graph makes one step. It adapts to the microphone
by itself and never needs the whole recording.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.audio_features import HOP, MEL_BANDS, LogMel, Prosody, clean
from inference.contract import (
    CUES,
    MOODS,
    MOTION_RATE,
    MOTION_SIZE,
    STEP_SAMPLES,
    VISEMES,
    Controls,
    Float32Array,
    MotionTrack,
    PersonareError,
)
from inference.execution_providers import ProviderReport
from inference.model_package import REMEDY, ModelPackage, load_model_package
from inference.onnx_session import open_session

_FRAMES: Final = STEP_SAMPLES // HOP


class MotionGenerator:
    """One performance. Not thread-safe: one thread pushes.

    Implements `inference.contract.MotionSource`. `push` may be given blocks of any length, and the
    two streams keep step by count of samples. NaN and infinities are heard as silence.
    """

    def __init__(
        self, package: ModelPackage | Path | str, provider: ProviderReport | str = "cpu"
    ) -> None:
        """Open a motion package.

        Raises:
            PersonareError: the package is damaged, of another kind, or made for other features.
        """
        if not isinstance(package, ModelPackage):
            package = load_model_package(package, "motion")
        if package.parameters.get("mel_bands") != MEL_BANDS:
            raise PersonareError(
                f"The motion model '{package.name}' was made for another release.", REMEDY
            )
        self.package = package
        self.controls = Controls()
        states = {name: f"{name}_next" for name in package.parameters["states"]}
        self._controls = tuple(package.parameters.get("controls", ("liveliness", "warmth")))
        self._noise_size = int(package.parameters["noise_size"])
        self._session = open_session(package.path("step"), provider, threads=1, state=states)
        self._hearing, self._prosody = LogMel(), Prosody()
        self._hears_voices = "self_voice" in self._session.inputs
        self.reset()

    @property
    def delay_s(self) -> float:
        """Seconds from a sound to the mouth shape that belongs to it, as measured in evaluation.

        Counted from the end of the step that holds the sound; the drawing is not included.
        """
        return self.package.delay_s

    @property
    def provider(self) -> str:
        """Where the graph really runs: `cpu`, `cuda` or `directml`."""
        return self._session.provider

    def reset(self, seed: int = 0) -> None:
        """Forget everything heard; the same seed and audio give the same performance."""
        self._noise = np.random.default_rng(seed)
        self._session.reset()
        self._hearing.reset()
        self._prosody.reset()
        self._waiting_2N = np.zeros((2, 0), np.float32)
        self._steps = 0
        self._asked: set[str] = set()
        self._plain: tuple[object, Float32Array] = (None, np.zeros(0, np.float32))

    def cue(self, name: str) -> None:
        """Perform one of CUES from the next step on.

        Raises:
            ValueError: `name` is none of them.
        """
        if name not in CUES:
            raise ValueError(f"unknown cue {name!r}")
        self._asked.add(name)

    def push(
        self, self_N: NDArray[np.floating], other_N: NDArray[np.floating] | None = None
    ) -> MotionTrack:
        """Hear N samples at AUDIO_RATE of each stream (None is silence); return the new steps.

        Raises:
            ValueError: the two streams have different lengths.
        """
        heard_N = clean(self_N)
        others_N = np.zeros_like(heard_N) if other_N is None else clean(other_N)
        if len(heard_N) != len(others_N):
            raise ValueError(f"self has {len(heard_N)} samples and other has {len(others_N)}")
        both_2N = np.concatenate([self._waiting_2N, np.stack([heard_N, others_N])], 1)
        count = both_2N.shape[1] // STEP_SAMPLES
        whole_2N = both_2N[:, : count * STEP_SAMPLES]
        self._waiting_2N = both_2N[:, count * STEP_SAMPLES :].copy()
        track = MotionTrack(
            time_T=(self._steps + 1 + np.arange(count, dtype=np.float64)) / MOTION_RATE,
            motion_TD=np.zeros((count, MOTION_SIZE), np.float32),
            speaking_T=np.zeros(count, np.float32),
            listening_T=np.zeros(count, np.float32),
            viseme_TV=np.zeros((count, len(VISEMES)), np.float32),
        )
        if count:
            heard = self._features(whole_2N)
            for step in range(count):
                self._step(track, step, {name: h[step : step + 1] for name, h in heard.items()})
        self._steps += count
        return track

    def _style(self) -> Float32Array:
        """The graph's controls of this step, by the names in the manifest; cues are given once."""
        style = self.controls
        key = (style.liveliness, style.warmth, style.mood, style.mood_strength)
        if not self._asked and self._plain[0] == key:
            return self._plain[1]
        value = dict.fromkeys(MOODS, 0.0)
        strength = style.mood_strength if style.mood in MOODS else 0.0
        value[style.mood] = strength
        value["neutral"] += 1.0 - strength
        value |= {"liveliness": style.liveliness, "warmth": style.warmth}
        value |= {name: float(name in self._asked) for name in CUES}
        numbers = np.array([[value[name] for name in self._controls]], np.float32)
        controls = np.clip(np.nan_to_num(numbers, nan=0.5), 0, 1)
        self._plain = (None if self._asked else key, controls)
        self._asked.clear()
        return controls

    def _features(self, audio_2N: Float32Array) -> dict[str, Float32Array]:
        """The graph's inputs that come from whole steps of sound, by name: (S, ...)."""
        mel_2FM = self._hearing.hear(audio_2N)
        sides = ("self", "other")
        heard = {
            f"{side}_mel": mel_2FM[i].reshape(-1, _FRAMES, MEL_BANDS)
            for i, side in enumerate(sides)
        }
        if self._hears_voices:
            voices_2SV = np.stack(self._prosody.hear(audio_2N), -1)
            heard |= {f"{side}_voice": voices_2SV[i] for i, side in enumerate(sides)}
        return heard

    def _step(self, track: MotionTrack, step: int, heard: dict[str, Float32Array]) -> None:
        """Run the graph once and put its outputs into row `step` of the track."""
        noise = self._noise.random((1, self._noise_size), np.float32)
        out = self._session.run({**heard, "controls": self._style(), "noise": noise})
        track.motion_TD[step] = out["motion"][0]
        track.speaking_T[step], track.listening_T[step] = out["activity"][0]
        track.viseme_TV[step] = out["visemes"][0]
