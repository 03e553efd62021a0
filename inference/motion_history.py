"""The last steps of a motion track: read between them, carried on, with the activity made out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import (
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    VISEMES,
    Float32Array,
    MotionTrack,
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


def joined(tracks: list[MotionTrack]) -> MotionTrack:
    """Tracks one after the other as one."""
    return MotionTrack(
        np.concatenate([track.time_T for track in tracks]),
        np.concatenate([track.motion_TD for track in tracks]),
        np.concatenate([track.speaking_T for track in tracks]),
        np.concatenate([track.listening_T for track in tracks]),
        np.concatenate([track.viseme_TV for track in tracks]),
    )
