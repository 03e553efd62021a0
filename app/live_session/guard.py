"""Models that may fail, or be changed for others, without the character freezing.

`SteadyMotion` goes on with plain idle life while a motion generator raises, `SteadyFrames` with the
last picture while a frame generator does; both try the model again every second. This is an edge
where foreign code (a runtime, a driver, a downloaded model) can raise anything, so everything is
caught and reported.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from app.realtime.clock import Clock
from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    STEP_SAMPLES,
    VISEMES,
    Controls,
    Float32Array,
    FrameSource,
    MotionSource,
    MotionTrack,
    UInt8Array,
)
from inference.motion_history import joined

log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 1.0
_FADE_STEPS: Final = 10
"""Steps (0.2 s) over which the face passes from one source of motion to the other."""
_BLINK_S: Final = (0.0, 0.08, 0.12, 0.28)
"""Closing, closed, opening: about 0.3 s in all (Caffier et al. 2003, Eur J Appl Physiol 89)."""

Report = Callable[[str], None]
"""Called with one sentence when the model starts to fail, with "" when it works again."""


class IdleMotion:
    """Blinks, breath and a slightly moving head, by formula: the last resort, never a freeze."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._blink_at = 1.0

    def at(self, seconds: float) -> Float32Array:
        """The motion, float32 (MOTION_SIZE,); call with rising times."""
        motion_D = np.zeros(MOTION_SIZE, np.float32)
        if seconds > self._blink_at + _BLINK_S[-1]:
            # 17 blinks a minute at rest (Bentivoglio et al. 1997, Mov Disord 12), irregular.
            self._blink_at = seconds + 1.0 + float(self._random.exponential(2.5))
        lid = float(np.interp(seconds - self._blink_at, _BLINK_S, (0.0, 1.0, 1.0, 0.0)))
        wave = 2 * np.pi * seconds
        values = {
            "eyeBlinkLeft": lid,
            "eyeBlinkRight": lid,
            "headYaw": 0.020 * np.sin(wave * 0.11) + 0.012 * np.sin(wave * 0.23 + 1),
            "headPitch": 0.012 * np.sin(wave * 0.17 + 2),
            "headRoll": 0.008 * np.sin(wave * 0.07 + 3),
            "breath": 0.6 * np.sin(wave * 0.24),  # 14 breaths a minute
        }
        for name, value in values.items():
            motion_D[MOTION_INDEX[name]] = value
        return motion_D


class SteadyMotion:
    """A `MotionSource` that never raises; see the module."""

    def __init__(self, inner: MotionSource, clock: Clock, report: Report) -> None:
        self._successors: deque[MotionSource] = deque()  # filled by any thread
        self._inner, self._clock, self._report = inner, clock, report
        self._idle = IdleMotion()
        self._heard = 0  # samples since the start
        self._emitted = 0  # idle steps are due at whole steps of the samples heard
        self._offset_s = 0.0  # stream time at which the inner source was last reset
        self._broken = False
        self._on_trial = False  # broken, but heard again and about to make its first step
        self._retry_at = 0.0  # when broken: when to try the inner source again
        self._last_D: Float32Array | None = None
        self._from_D: Float32Array | None = None
        self._fade = 0

    @property
    def delay_s(self) -> float:
        """Seconds between a sound and its step: the present source's own."""
        return float(getattr(self._inner, "delay_s", 0.0))

    @property
    def controls(self) -> Controls:
        """Style, passed on."""
        return self._inner.controls

    @controls.setter
    def controls(self, controls: Controls) -> None:
        self._inner.controls = controls

    def cue(self, name: str) -> None:
        """Passed on."""
        self._inner.cue(name)

    def reset(self, seed: int = 0) -> None:
        """See `MotionSource.reset`."""
        self._heard = self._emitted = 0
        self._offset_s, self._last_D, self._from_D = 0.0, None, None
        self._idle = IdleMotion(seed)
        self._try_inner(lambda: self._inner.reset(seed))

    def take_over(self, successor: MotionSource) -> None:
        """Let another source go on from the next whole step; any thread, never waits.

        It has heard nothing yet; the face passes over to it within 0.2 s.
        """
        self._successors.append(successor)

    def push(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        """See `MotionSource.push`."""
        skip = -self._heard % STEP_SAMPLES
        if not self._successors or len(self_N) <= skip:
            return self._hear(self_N, other_N)
        before = self._hear(self_N[:skip], None if other_N is None else other_N[:skip])
        while self._successors:
            successor = self._successors.popleft()
        self._begin(successor)
        after = self._hear(self_N[skip:], None if other_N is None else other_N[skip:])
        return joined([before, after])

    def _begin(self, successor: MotionSource) -> None:
        successor.controls = self._inner.controls
        self._inner = successor
        self._offset_s = self._heard / AUDIO_RATE
        self._on_trial = self._broken  # its first step will show that all is well again
        self._switch()

    def _hear(self, self_N: Float32Array, other_N: Float32Array | None) -> MotionTrack:
        skip = self._begin_trial(len(self_N))
        self._heard += len(self_N)
        self_N, other_N = self_N[skip:], None if other_N is None else other_N[skip:]
        track: MotionTrack | None = None
        if self._on_trial or not self._broken:
            track = self._push_inner(self_N, other_N)
        if self._on_trial and track is not None and len(track):
            self._broken = self._on_trial = False
            self._switch()
            self._report("")
        if track is None:
            track = self._idle_track()
        self._emitted = self._heard // STEP_SAMPLES
        return self._faded(track)

    def _begin_trial(self, coming: int) -> int:
        """Perhaps let a broken source begin again; samples to withhold from it first.

        It begins at a whole step, so that old and new steps fall on one grid.
        """
        skip = -self._heard % STEP_SAMPLES
        due = self._broken and not self._on_trial and self._clock.now() >= self._retry_at
        if not due or coming <= skip or not self._try_inner(self._inner.reset):
            return 0
        self._on_trial = True
        self._offset_s = (self._heard + skip) / AUDIO_RATE
        return skip

    def _push_inner(self, self_N: Float32Array, other_N: Float32Array | None) -> MotionTrack | None:
        made: list[MotionTrack] = []
        if not self._try_inner(lambda: made.append(self._inner.push(self_N, other_N))):
            return None
        track = made[0]
        if not np.isfinite(track.motion_TD).all():
            self._failed("it made values that are no numbers")
            return None
        return MotionTrack(
            track.time_T + self._offset_s,
            track.motion_TD,
            track.speaking_T,
            track.listening_T,
            track.viseme_TV,
        )

    def _try_inner(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - see the module: the edge to foreign code
            self._failed(f"{type(error).__name__}: {error}")
            return False
        return True

    def _failed(self, reason: str) -> None:
        if not self._broken:
            self._broken = True
            log.error("the motion generator failed: %s", reason, exc_info=True)
            self._switch()
            self._report("The motion generator failed; the character idles until it works again.")
        self._on_trial = False
        self._retry_at = self._clock.now() + _RETRY_SECONDS

    def _switch(self) -> None:
        self._from_D, self._fade = self._last_D, 0

    def _idle_track(self) -> MotionTrack:
        steps = range(self._emitted + 1, self._heard // STEP_SAMPLES + 1)
        time_T = np.array([step / MOTION_RATE for step in steps], np.float64)
        motion_TD = np.zeros((len(time_T), MOTION_SIZE), np.float32)
        for k, seconds in enumerate(time_T):
            motion_TD[k] = self._idle.at(float(seconds))
        viseme_TV = np.zeros((len(time_T), len(VISEMES)), np.float32)
        viseme_TV[:, 0] = 1.0
        zero_T = np.zeros(len(time_T), np.float32)
        return MotionTrack(time_T, motion_TD, zero_T, zero_T, viseme_TV)

    def _faded(self, track: MotionTrack) -> MotionTrack:
        for k in range(len(track)):
            if self._from_D is not None:
                self._fade += 1
                share = min(1.0, self._fade / _FADE_STEPS)
                track.motion_TD[k] = (1 - share) * self._from_D + share * track.motion_TD[k]
                if share >= 1.0:
                    self._from_D = None
            self._last_D = track.motion_TD[k].copy()
        return track


class SteadyFrames:
    """A `FrameSource` that never raises; see the module."""

    def __init__(self, inner: FrameSource, clock: Clock, report: Report) -> None:
        self._inner, self._clock, self._report = inner, clock, report
        self._retry_at: float | None = None
        self._last_HWC: UInt8Array = np.zeros((inner.size, inner.size, 4), np.uint8)

    @property
    def size(self) -> int:
        """See `FrameSource.size`."""
        return self._inner.size

    def draw(self, motion_D: Float32Array) -> UInt8Array:
        """See `FrameSource.draw`; the last picture (empty at first) while the model fails."""
        if self._retry_at is not None and self._clock.now() < self._retry_at:
            return self._last_HWC
        try:
            frame_HWC = self._inner.draw(motion_D)
        except Exception as error:
            if self._retry_at is None:
                log.exception("the frame generator failed: %s", error)
                self._report("The frame generator failed; the last picture stays for the moment.")
            self._retry_at = self._clock.now() + _RETRY_SECONDS
            return self._last_HWC
        if self._retry_at is not None:
            self._retry_at = None
            self._report("")
        np.copyto(self._last_HWC, frame_HWC)
        return self._last_HWC
