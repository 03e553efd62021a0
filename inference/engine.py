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

import math
import threading
import time
from dataclasses import dataclass, field

import cv2

from inference.compositor import BackgroundLike, Compositor, OwnBackgroundLike, rgb_to_i420
from inference.contract import (
    AUDIO_RATE,
    CUES,
    Controls,
    Float32Array,
    FrameSource,
    MotionSource,
    MotionTrack,
    UInt8Array,
)
from inference.direction import Direction, Director
from inference.motion_history import MotionHistory, MotionMoment, joined


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
        self._scene: tuple[FrameSource | None, Compositor | None] = (frames, compositor)
        self._lock = threading.Lock()
        self._keep_s = keep_s
        self._delay_s = delay_s
        self._history = MotionHistory(self.delay_s, keep_s)
        self._heard = 0
        self._director = Director(motion.controls)
        self._cues: list[str] = []  # asked for, not yet begun
        self.motion_ms = 0.0
        """Time the last `hear` took."""

    @property
    def delay_s(self) -> float:
        """Seconds between a sound and the step that shows it: the motion generator's look-ahead.

        Asked anew for every step: behind a live motion source the model may change.
        """
        own = float(getattr(self._motion, "delay_s", 0.0))
        return own if self._delay_s is None else self._delay_s

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
            self._director.end()
            self._cues.clear()

    def hear(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        """Hear N samples (16 kHz mono float32) of both streams; returns the new motion steps.

        A direction takes effect at the very sample, however the sound is cut into blocks.
        """
        start = time.perf_counter()
        tracks: list[MotionTrack] = []
        done = 0
        while done < len(self_N) or not tracks:
            piece = slice(done, done + self._until_next_act())
            track = self._motion.push(self_N[piece], None if other_N is None else other_N[piece])
            with self._lock:
                self._history.delay_s = self.delay_s
                self._history.add(track)
                self._heard += len(self_N[piece])
            done = piece.stop
            tracks.append(track)
        self.motion_ms = (time.perf_counter() - start) * 1000.0
        return tracks[0] if len(tracks) == 1 else joined(tracks)

    def _until_next_act(self) -> int:
        """Ask the motion generator for what is due now; samples until something else is."""
        with self._lock:
            now_s = self._heard / AUDIO_RATE
            cues = self._cues + self._director.act(now_s + 1e-9)
            self._cues = []
            self._motion.controls = self._director.controls
            left_s = self._director.next_s - now_s
        for name in cues:
            self._motion.cue(name)
        return max(1, math.ceil(min(left_s, 3600.0) * AUDIO_RATE - 1e-6))

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
        frames, compositor = self._scene
        if frames is None or compositor is None:
            raise RuntimeError("this engine was made without a frame source and a compositor")
        moment = self.moment(time_s, live)
        start = time.perf_counter()
        rgba = frames.draw(moment.motion_D)
        drawn = time.perf_counter()
        rgb = compositor.compose(rgba, moment.motion_D)
        done = time.perf_counter()
        return EngineFrame(moment, rgb, (drawn - start) * 1000.0, (done - drawn) * 1000.0)

    @property
    def compositor(self) -> Compositor | None:
        """The present canvas."""
        return self._scene[1]

    @property
    def frames(self) -> FrameSource | None:
        """The present character."""
        return self._scene[0]

    def set_frames(self, frames: FrameSource, own: OwnBackgroundLike | None = None) -> None:
        """Change the character; the next frame shows the new one, the motion goes on.

        `own` is its own background, for a canvas that shows it.
        """
        compositor = self._scene[1]
        self._scene = (frames, None if compositor is None else compositor.behind(own))

    def set_compositor(self, compositor: Compositor) -> None:
        """Change the canvas."""
        self._scene = (self._scene[0], compositor)

    def set_background(self, background: BackgroundLike) -> None:
        """Change the background.

        Raises:
            PersonareError: the picture cannot be read; the old one stays.
        """
        compositor = self._scene[1]
        if compositor is not None:
            compositor.set_background(background)

    def set_controls(self, controls: Controls) -> None:
        """Change the style from the next step on."""
        with self._lock:
            self._director.set_controls(controls)

    @property
    def controls(self) -> Controls:
        """The present style, as a direction may have changed it."""
        return self._director.controls

    def cue(self, name: str) -> None:
        """Perform one of CUES from the next step on.

        Raises:
            ValueError: `name` is none of them.
        """
        if name not in CUES:
            raise ValueError(f"unknown cue {name!r}")
        with self._lock:
            self._cues.append(name)

    def direct(self, direction: Direction | None) -> None:
        """Perform a direction from now on, in place of a running one; None ends it.

        Raises:
            ValueError: it has words that were not understood.
        """
        if direction is not None and direction.problems:
            raise ValueError(f"not understood: {direction.problems[0].words!r}")
        with self._lock:
            if direction is None:
                self._director.end()
            else:
                self._director.begin(direction, self._heard / AUDIO_RATE)

    @property
    def direction(self) -> str:
        """The text of the direction that is being performed; "" when none is."""
        return self._director.text
