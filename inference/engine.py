"""The engine: audio in, pictures of the living character out. The same live and offline.

It owns a motion source, a frame source and a compositor, and knows what time a picture shows. A
motion with track time t can be drawn once t seconds of audio were consumed, and shows the face as
it looks at audio time t - delay, the motion generator's own delay. So there are two ways to ask:

- Live: `frame()` shows the newest motion. The delay cannot be taken away, only kept short. Given
  the present time on the audio's clock, `frame(now, live=True)` carries head and gaze on along
  their last velocity for at most one step, so that they glide at any camera rate; the mouth never
  waits and never guesses.
- Offline: `frame(t)` shows audio time t exactly: it reads the track at t + delay, between two
  steps, so that mouth and sound of a rendered file agree. Feed `delay` seconds of silence at the
  end.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from inference.compositor import BackgroundLike, Compositor, rgb_to_i420
from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    VISEMES,
    Controls,
    Float32Array,
    FrameSource,
    MotionSource,
    MotionTrack,
    UInt8Array,
)

_GLIDING: Final = np.array(
    [name.startswith(("head", "shoulder", "breath", "eyeLook")) for name in MOTION_INDEX]
)
"""Channels that may be carried on by their velocity: slow, and no part of the mouth or the lids."""
_ON, _OFF = 0.5, 0.35
_HANG_S = 0.30
"""Speech is on above _ON and off after _HANG_S below _OFF, so that the state does not flicker."""


@dataclass(frozen=True, slots=True)
class MotionMoment:
    """The performance at one instant."""

    audio_time: float
    """Seconds of audio since the start that the face shows: track time less the model's delay."""
    motion_D: Float32Array
    speaking: float
    listening: float
    activity: str
    """`speaking`, `listening` or `idle`."""
    viseme_V: Float32Array


@dataclass(slots=True)
class EngineFrame:
    """One picture and what it shows. The arrays belong to the receiver."""

    moment: MotionMoment
    rgb: UInt8Array
    """uint8 RGB (height, width, 3)."""
    draw_ms: float = 0.0
    """Time of the frame generator."""
    compose_ms: float = 0.0
    """Time of the compositor."""
    _i420: UInt8Array | None = field(default=None, repr=False)

    @property
    def i420(self) -> UInt8Array:
        """uint8 (height*3/2, width), BT.601 limited; converted at the first call, then kept."""
        if self._i420 is None:
            start = time.perf_counter()
            self._i420 = rgb_to_i420(self.rgb)
            self.compose_ms += (time.perf_counter() - start) * 1000.0
        return self._i420

    @property
    def motion_D(self) -> Float32Array:
        """The motion drawn, float32 (MOTION_SIZE,)."""
        return self.moment.motion_D

    @property
    def audio_time(self) -> float:
        """Seconds of audio since the start that the face shows."""
        return self.moment.audio_time

    @property
    def activity(self) -> str:
        """`speaking`, `listening` or `idle`."""
        return self.moment.activity


class _Switch:
    """Turns a probability into on or off, with hysteresis and a hang-over."""

    def __init__(self) -> None:
        self.on = False
        self._last_s = -1e9

    def update(self, time_s: float, probability: float) -> bool:
        if probability >= (_OFF if self.on else _ON):
            self.on = True
            self._last_s = time_s
        elif time_s - self._last_s > _HANG_S:
            self.on = False
        return self.on


class MotionHistory:
    """The last steps of a track, readable at any time between them. Not locked."""

    def __init__(self, delay_s: float, keep_s: float) -> None:
        self.delay_s = delay_s
        self._steps: deque[tuple[float, MotionMoment]] = deque(maxlen=round(keep_s * MOTION_RATE))
        self._speaking = _Switch()
        self._listening = _Switch()

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def newest_s(self) -> float:
        """Track time of the newest step; minus infinity before the first."""
        return self._steps[-1][0] if self._steps else float("-inf")

    def add(self, track: MotionTrack) -> None:
        """Append new steps."""
        for k in range(len(track)):
            now = float(track.time_T[k])
            speaking, listening = float(track.speaking_T[k]), float(track.listening_T[k])
            is_speaking = self._speaking.update(now, speaking)
            is_listening = self._listening.update(now, listening)
            activity = "speaking" if is_speaking else "listening" if is_listening else "idle"
            moment = MotionMoment(
                now - self.delay_s,
                np.array(track.motion_TD[k], np.float32),
                speaking,
                listening,
                activity,
                np.array(track.viseme_TV[k], np.float32),
            )
            self._steps.append((now, moment))

    def rest(self) -> MotionMoment:
        """What is shown before anything was heard: the rest pose."""
        silence_V = np.zeros(len(VISEMES), np.float32)
        silence_V[0] = 1.0
        zero_D = np.zeros(MOTION_SIZE, np.float32)
        return MotionMoment(0.0, zero_D, 0.0, 0.0, "idle", silence_V)

    def newest(self) -> MotionMoment:
        """The newest step as it came."""
        return self._steps[-1][1] if self._steps else self.rest()

    def between(self, track_s: float) -> MotionMoment:
        """The motion at a track time, linear between steps, held beyond both ends."""
        if not self._steps:
            return self.rest()
        if track_s >= self._steps[-1][0]:
            return self._steps[-1][1]
        after = None
        for step_s, moment in reversed(self._steps):
            if step_s <= track_s:
                assert after is not None
                return _mix(moment, after[1], (track_s - step_s) / (after[0] - step_s))
            after = (step_s, moment)
        return self._steps[0][1]

    def carried_on(self, now_s: float) -> MotionMoment:
        """The newest step, head and gaze carried on by at most one step towards `now_s`."""
        newest = self.newest()
        if len(self._steps) < 2:
            return newest
        (before_s, before), (last_s, last) = self._steps[-2], self._steps[-1]
        ahead = min(max(now_s - last_s, 0.0), 1.0 / MOTION_RATE) / max(last_s - before_s, 1e-3)
        motion_D = last.motion_D.copy()
        step_D = last.motion_D - before.motion_D
        # A saccade is over in a step or two: carrying its speed on would overshoot the target.
        calm_D = _GLIDING & (np.abs(step_D) < 0.04)
        motion_D[calm_D] += np.float32(ahead) * step_D[calm_D]
        np.clip(motion_D[:52], 0.0, 1.0, out=motion_D[:52])
        return MotionMoment(
            last.audio_time, motion_D, last.speaking, last.listening, last.activity, last.viseme_V
        )


def _mix(a: MotionMoment, b: MotionMoment, share: float) -> MotionMoment:
    s = np.float32(share)
    nearer = b if share >= 0.5 else a
    return MotionMoment(
        a.audio_time + share * (b.audio_time - a.audio_time),
        a.motion_D + s * (b.motion_D - a.motion_D),
        a.speaking + share * (b.speaking - a.speaking),
        a.listening + share * (b.listening - a.listening),
        nearer.activity,
        a.viseme_V + s * (b.viseme_V - a.viseme_V),
    )


class Engine:
    """Audio in, pictures out. `hear` and `frame` may run in two threads, one each.

    Setters may be called from any thread and take effect at the next step or frame. `frames` may be
    None where only the motion is wanted.
    """

    def __init__(
        self,
        motion: MotionSource,
        frames: FrameSource | None = None,
        compositor: Compositor | None = None,
        delay_s: float | None = None,
        keep_s: float = 2.0,
    ) -> None:
        # Pictures of 512 are too small for OpenCV's threads: measured, they double the processor
        # time of a frame and save none. The setting is the whole process'.
        cv2.setNumThreads(1)
        self._motion = motion
        self._frames = frames
        self._compositor = compositor
        self._lock = threading.Lock()
        self._keep_s = keep_s
        if delay_s is None:
            delay_s = float(getattr(motion, "delay_s", 0.0))
        self.delay_s = delay_s
        """Seconds between a sound and the step that shows it: the motion generator's look-ahead."""
        self._history = MotionHistory(delay_s, keep_s)
        self._heard = 0
        self.motion_ms = 0.0
        """Time the last `hear` took."""

    @property
    def heard_s(self) -> float:
        """Seconds of audio consumed since the start or the last reset."""
        return self._heard / AUDIO_RATE

    def reset(self, seed: int = 0) -> None:
        """Forget everything heard, start again at time 0."""
        self._motion.reset(seed)
        with self._lock:
            self._history = MotionHistory(self.delay_s, self._keep_s)
            self._heard = 0

    def hear(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        """Hear N samples (16 kHz mono float32) of both streams; returns the new motion steps."""
        start = time.perf_counter()
        track = self._motion.push(self_N, other_N)
        with self._lock:
            self._history.add(track)
            self._heard += len(self_N)
        self.motion_ms = (time.perf_counter() - start) * 1000.0
        return track

    def moment(self, time_s: float | None = None, live: bool = False) -> MotionMoment:
        """The motion to draw; see `frame` for the times."""
        with self._lock:
            if time_s is None:
                return self._history.newest()
            if live:
                return self._history.carried_on(time_s)
            return self._history.between(time_s + self.delay_s)

    def ready(self, time_s: float) -> bool:
        """Whether enough was heard for `frame(time_s)` to be exact."""
        with self._lock:
            return self._history.newest_s >= time_s + self.delay_s - 1e-9

    def frame(self, time_s: float | None = None, live: bool = False) -> EngineFrame:
        """Draw one picture.

        None: the newest motion. With `live`, `time_s` is now, in seconds of audio captured since
        the start. Otherwise `time_s` is the audio time to show (within `keep_s` of the newest).
        """
        frames, compositor = self._frames, self._compositor
        if frames is None or compositor is None:
            raise RuntimeError("this engine was made without a frame source and a compositor")
        moment = self.moment(time_s, live)
        start = time.perf_counter()
        rgba = frames.draw(moment.motion_D)
        drawn = time.perf_counter()
        rgb = compositor.compose(rgba)
        done = time.perf_counter()
        return EngineFrame(moment, rgb, (drawn - start) * 1000.0, (done - drawn) * 1000.0)

    @property
    def compositor(self) -> Compositor | None:
        """The present canvas."""
        return self._compositor

    @property
    def frames(self) -> FrameSource | None:
        """The present character."""
        return self._frames

    def set_frames(self, frames: FrameSource) -> None:
        """Change the character; the next frame shows the new one, the motion goes on."""
        self._frames = frames

    def set_compositor(self, compositor: Compositor) -> None:
        """Change the canvas."""
        self._compositor = compositor

    def set_background(self, background: BackgroundLike) -> None:
        """Change the background.

        Raises:
            PersonareError: the picture cannot be read; the old one stays.
        """
        if self._compositor is not None:
            self._compositor.set_background(background)

    def set_controls(self, controls: Controls) -> None:
        """Change liveliness and warmth from the next step on."""
        self._motion.controls = controls
