"""Stand-ins for both models, fast and exactly known, and an assets folder to find them in."""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    STEP_SAMPLES,
    VISEMES,
    Controls,
    Float32Array,
    MotionTrack,
    UInt8Array,
)

JAW = MOTION_INDEX["jawOpen"]
YAW = MOTION_INDEX["headYaw"]


class SimulatedMotion:
    """Opens the jaw with the loudness of the voice, `delay_steps` of 20 ms late; turns slowly."""

    def __init__(self, delay_steps: int = 2) -> None:
        self.controls = Controls()
        self.cues: list[str] = []
        self.delay_s = delay_steps / MOTION_RATE
        self._delay_steps = delay_steps
        self.reset()

    def cue(self, name: str) -> None:
        """Remembered for the test."""
        self.cues.append(name)

    def reset(self, seed: int = 0) -> None:
        self.seed = seed
        self._waiting_N = np.zeros((2, 0), np.float32)
        self._loudness: list[tuple[float, float]] = [(0.0, 0.0)] * self._delay_steps
        self._steps = 0

    def push(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        other_N = np.zeros_like(self_N) if other_N is None else other_N
        waiting_N = np.concatenate((self._waiting_N, np.stack((self_N, other_N))), axis=1)
        count = waiting_N.shape[1] // STEP_SAMPLES
        motion_TD = np.zeros((count, MOTION_SIZE), np.float32)
        heard_T2 = np.zeros((count, 2), np.float32)
        for k in range(count):
            piece_N = waiting_N[:, k * STEP_SAMPLES : (k + 1) * STEP_SAMPLES]
            loud = np.minimum(1.0, 4 * np.sqrt(np.mean(np.square(piece_N), axis=1)))
            self._loudness.append((float(loud[0]), float(loud[1])))
            heard_T2[k] = self._loudness.pop(0)
            motion_TD[k, JAW] = heard_T2[k, 0]
            motion_TD[k, YAW] = 0.1 * np.sin((self._steps + k) / MOTION_RATE + self.seed)
        self._waiting_N = waiting_N[:, count * STEP_SAMPLES :]
        time_T = (self._steps + 1 + np.arange(count)) / MOTION_RATE
        self._steps += count
        viseme_TV = np.zeros((count, len(VISEMES)), np.float32)
        viseme_TV[:, 0] = 1 - heard_T2[:, 0]
        viseme_TV[:, 10] = heard_T2[:, 0]
        return MotionTrack(time_T, motion_TD, heard_T2[:, 0], heard_T2[:, 1], viseme_TV)


class SimulatedFrames:
    """A skin-coloured disc whose mouth, a black rectangle, is as high as the jaw is open."""

    MOUTH = (slice(150, 200), slice(108, 148))

    def __init__(self, on_draw: Callable[[int], None] | None = None) -> None:
        self.drawn = 0
        self._on_draw = on_draw

    @property
    def size(self) -> int:
        return 256

    def draw(self, motion_D: Float32Array) -> UInt8Array:
        self.drawn += 1
        if self._on_draw is not None:
            self._on_draw(self.drawn)
        frame = np.zeros((256, 256, 4), np.uint8)
        cv2.circle(frame, (128, 128), 100, (220, 180, 150, 255), -1)
        rows = round(50 * float(motion_D[JAW]))
        frame[150 : 150 + rows, 108:148, :3] = 0
        return frame


def mouth_openness(rgb: UInt8Array) -> float:
    """How far the simulated mouth is open in a square picture of 256."""
    return float(np.mean(rgb[SimulatedFrames.MOUTH].max(axis=2) < 60))


def write_wav(
    path: Path, samples: Any, rate: int = AUDIO_RATE, channels: int = 1, width: int = 2
) -> Path:
    """Write samples (frames, channels) or (frames,) in -1..1 as PCM; 8 or 16 bit."""
    scaled = np.clip(np.asarray(samples), -1, 1)
    data = (scaled * 32767).astype("<i2") if width == 2 else (scaled * 127 + 128).astype(np.uint8)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return path


def tone(
    seconds: float, begin: float = 0.0, end: float | None = None, rate: int = AUDIO_RATE
) -> Any:
    """A tone of 220 Hz from `begin` to `end`, silence around it."""
    time_N = np.arange(round(seconds * rate)) / rate
    inside_N = (time_N >= begin) & (time_N < (seconds if end is None else end))
    return 0.5 * np.sin(2 * np.pi * 220 * time_N) * inside_N


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_character(shelf: Path, name: str = "ada", /, **changes: Any) -> Path:
    """Write a valid character folder; `changes` replace keys of the manifest."""
    folder = shelf / name
    folder.mkdir(parents=True)
    picture = np.full((8, 8, 4), 255, np.uint8)
    for file in ("portrait.png", "thumbnail.png"):
        cv2.imwrite(str(folder / file), picture)
    manifest = {
        "format_version": 1, "id": name, "name": name.title(), "licence": "CC0-1.0",
        "author": "tests", "consent": {"kind": "synthetic"}, "description": "A test.",
        "portrait": "portrait.png", "thumbnail": "thumbnail.png",
        "files": {f: _sha256(folder / f) for f in ("portrait.png", "thumbnail.png")},
    }  # fmt: skip
    (folder / "character.json").write_text(json.dumps(manifest | changes))
    return folder


def make_model(shelf: Path, name: str, kind: str, /, **changes: Any) -> Path:
    """Write a valid model package whose one graph is no graph; `changes` replace keys."""
    folder = shelf / name
    folder.mkdir(parents=True)
    (folder / "graph.onnx").write_bytes(b"not a graph")
    manifest = {
        "format_version": 1, "name": name, "version": "1.0", "kind": kind, "licence": "CC0-1.0",
        "graphs": {"step": "graph.onnx"}, "files": {"graph.onnx": _sha256(folder / "graph.onnx")},
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(manifest | changes))
    return folder


def make_assets(root: Path) -> Path:
    """An assets folder with two characters, both models and a second of sample speech."""
    for name in ("ada", "ben"):
        make_character(root / "characters", name)
    make_model(root / "models", "motion-first-light", "motion")
    make_model(root / "models", "frame-first-light", "frame")
    (root / "speech").mkdir()
    write_wav(root / "speech" / "hello.wav", tone(1.0, 0.3, 0.6))
    return root
