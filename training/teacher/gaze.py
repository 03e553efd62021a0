"""Where the eyes look: at the camera, away from it, and the small shifts in between.

Sources
  Lee, Badler and Badler, "Eyes alive", SIGGRAPH 2002 (frames of 1/30 s): talking, mutual 93.9 +-
    94.9, away 27.8 +- 24.0; listening, mutual 237.5 +- 47.1, away 13.0 +- 7.1. Size of a shift
    -6.9 ln(P / 15.7) degrees, P uniform to 15; shares of eight directions; lasting 25 ms + 2.4 ms
    a degree (the main sequence of Bahill, Clark and Stark, Math. Biosci. 1975).
  Kendon, "Some functions of gaze-direction in social interaction", Acta Psychol. 1967, and Argyle
    and Cook, "Gaze and mutual gaze", 1976: speakers look away as they begin and while they
    hesitate, and back at the listener as they end; listeners look longer than speakers.
  Glenberg, Schroeder and Robertson, Mem. Cogn. 1998; McCarthy et al., Q. J. Exp. Psychol. 2006:
    gaze is averted to think, mostly upwards and aside.
  Martinez-Conde, Macknik and Hubel, Nat. Rev. Neurosci. 2004: small shifts while fixating.
  Stahl, Exp. Brain Res. 1999: the head takes little of shifts below some 10-15 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.teacher.life_constants import (
    AWAY_LISTEN,
    AWAY_TALK,
    MUTUAL_LISTEN,
    MUTUAL_LISTEN_SD,
    MUTUAL_TALK,
    SACCADE_LARGEST,
    SACCADE_PERCENT,
    SACCADE_PERCENT_MAX,
    SACCADE_SCALE,
)
from training.teacher.scene import Scene
from training.teacher.shapes import RATE, Rng, Track, at, ease, runs, wander

_DIRECTIONS: Final = (15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79)
"""Percent of shifts to 0, 45, .. 315 degrees, 90 being up (Lee et al. 2002, table 1)."""
_AWAY_LISTEN_SD: Final = 7.1 / 30
_MUTUAL_IDLE: Final = 5.0
_AWAY_IDLE: Final = 1.6
_START_AWAY: Final = 0.6
_HESITATION: Final = 0.65
_HESITATION_AWAY: Final = 0.6
_REFIX: Final = 1.25
_REFIX_LEAST: Final = 0.3
_FACE_SPREAD: Final = (0.85, 0.55)
"""Degrees: the camera's lens and the faces just beside it."""
CUE_AWAY: Final = (17.0, 22.0)
_CUE_DELAY: Final = 0.02


@dataclass(slots=True)
class Look:
    """Gaze in the room (degrees from the camera, left and up positive), and the head's share.

    `shifts` are (seconds, degrees); `away_T` is 1 while not looking at the camera.
    """

    yaw_T: Track
    pitch_T: Track
    head_yaw_T: Track
    head_pitch_T: Track
    away_T: Track
    shifts: list[tuple[float, float]] = field(default_factory=list)

    def move(self, start: float, yaw: float, pitch: float, share: float) -> None:
        """A saccade to a new place, of which the head is to take `share`."""
        first = int(start * RATE)
        if first >= len(self.yaw_T) - 1:
            return
        before = float(self.yaw_T[first]), float(self.pitch_T[first])
        size = float(np.hypot(yaw - before[0], pitch - before[1]))
        takes = 0.025 + 0.0024 * size
        time = np.arange(first, min(first + 8, len(self.yaw_T))) / RATE
        part = ease((time - start) / takes)
        for track_T, old, new in ((self.yaw_T, before[0], yaw), (self.pitch_T, before[1], pitch)):
            track_T[first:] = new
            track_T[first : first + len(part)] = old + (new - old) * part
        self.head_yaw_T[first:] = share * yaw
        self.head_pitch_T[first:] = share * pitch
        self.shifts.append((start, size))


def look(scene: Scene, rng: Rng) -> Look:
    """All of a performance's gaze."""
    mode_T = _alternate(scene, rng)
    for start, end, away in _forced(scene, rng):
        mode_T[int(start * RATE) : int(end * RATE)] = away
    for start, end in runs(mode_T) + runs(~mode_T):
        if end - start < 5:
            mode_T[start:end] = mode_T[start - 1] if start else False
    cue_T = np.zeros(scene.size, bool)
    for time, _ in scene.cues("look_away"):
        cue_T[int((time + _CUE_DELAY) * RATE) : int((time + rng.uniform(1.05, 1.3)) * RATE)] = True
    away_T = mode_T | cue_T
    size = scene.size
    zero = [np.zeros(size) for _ in range(4)]
    gaze = Look(zero[0], zero[1], zero[2], zero[3], away_T.astype(np.float64))
    stretches = [(s, e, "cue") for s, e in runs(cue_T)]
    stretches += [(s, e, "away") for s, e in runs(mode_T & ~cue_T)]
    stretches += [(s, e, "mutual") for s, e in runs(~away_T)]
    for first, last, kind in sorted(stretches):
        _fixate(gaze, scene, first / RATE, last / RATE, kind, rng)
    gaze.yaw_T += 0.12 * wander(rng, size, 0.7)
    gaze.pitch_T += 0.1 * wander(rng, size, 0.7)
    return gaze


def _alternate(scene: Scene, rng: Rng) -> NDArray[np.bool_]:
    """Away or not, by the published durations; a change of who talks draws the rest anew."""
    state_T = np.where(scene.talk_T > 0.5, 2, np.where(scene.hear_T > 0.5, 1, 0))
    mode_T = np.zeros(scene.size, bool)
    averse_T = 1 + 0.6 * scene.mood("sad") + 1.1 * scene.mood("thinking")
    averse_T += -0.35 * scene.mood("serious") - 0.35 * scene.mood("angry")
    changes = np.flatnonzero(np.diff(state_T)) + 1
    now, away = 0, False
    while now < scene.size:
        averse = float(averse_T[now])
        takes = _dwell(int(state_T[now]), away, rng) * (averse**0.5 if away else 1 / averse)
        takes /= 0.8 + 0.4 * float(scene.lively_T[now]) if not away else 1.0
        end = now + max(int(takes * RATE), 4)
        later = changes[np.searchsorted(changes, now, side="right") :]
        if len(later) and later[0] < end and not away:
            # Looking goes on into the new state, with a new duration.
            mode_T[now : later[0]] = away
            now = int(later[0])
            continue
        mode_T[now:end] = away
        now, away = end, not away
    return mode_T


def _dwell(state: int, away: bool, rng: Rng) -> float:
    """Seconds of looking or looking away: state 2 talking, 1 listening, 0 neither."""
    if state == 2:
        if away:
            return 0.2 + float(rng.gamma(1.3, (AWAY_TALK - 0.2) / 1.3))
        return 0.3 + float(rng.exponential(MUTUAL_TALK * 1.25 - 0.3))
    if state == 1:
        if away:
            return max(float(rng.normal(AWAY_LISTEN, _AWAY_LISTEN_SD)), 0.2)
        return max(float(rng.normal(MUTUAL_LISTEN, MUTUAL_LISTEN_SD)), 2.0)
    if away:
        return 0.3 + float(rng.gamma(1.2, (_AWAY_IDLE - 0.3) / 1.2))
    return 0.8 + float(rng.gamma(1.6, (_MUTUAL_IDLE - 0.8) / 1.6))


def _forced(scene: Scene, rng: Rng) -> list[tuple[float, float, bool]]:
    """(start, end, away) that turns and hesitations ask for (Kendon 1967), in this order."""
    out: list[tuple[float, float, bool]] = []
    for start, end in scene.me.turns_N2:
        if end - start > 1.6 and rng.uniform() < _START_AWAY:
            begin = float(start) + float(rng.uniform(-0.15, 0.25))
            out.append((begin, begin + float(rng.gamma(3.0, 0.35)) + 0.3, True))
        back = float(end) - float(rng.uniform(0.2, 0.9))
        out.append((back, float(end) + float(rng.uniform(0.6, 1.6)), False))
    for start, end in hesitations(scene):
        chance = _HESITATION_AWAY + 0.3 * at(scene.mood("thinking"), start)
        if rng.uniform() < chance:
            begin = start + float(rng.uniform(0.12, 0.4))
            out.append((begin, end + float(rng.uniform(-0.2, 0.6)), True))
    for start, _ in scene.you.turns_N2:
        # Whoever begins to speak is looked at.
        if at(scene.talk_T, float(start)) < 0.5 and rng.uniform() < 0.7:
            begin = float(start) + float(rng.uniform(0.2, 0.5))
            out.append((begin, begin + 1.5, False))
    return [(max(s, 0.0), e, away) for s, e, away in out if e > s]


def hesitations(scene: Scene) -> list[tuple[float, float]]:
    """(start, end) of long pauses inside the user's own turns."""
    turns = scene.me.turns_N2
    return [
        (start, end)
        for start, end in scene.me.pauses(_HESITATION)
        if np.any((turns[:, 0] < start - 0.2) & (turns[:, 1] > end + 0.1))
    ]


def _fixate(gaze: Look, scene: Scene, start: float, end: float, kind: str, rng: Rng) -> None:
    """One stretch of looking somewhere, with the small shifts inside it."""
    if kind == "mutual":
        where, spread, share = np.zeros(2), np.array(_FACE_SPREAD), 0.0
    elif kind == "cue":
        where, spread, share = _cue_place(scene, rng), np.array([0.7, 0.5]), 0.5
    else:
        where = _place(scene, start, end - start, rng)
        spread = np.array([1.6, 1.1])
        share = 0.28 if end - start > 0.5 and np.hypot(*where) > 6 else 0.12
    now, first = start, True
    while now < end:
        target = where + (0.5 if first else 1.0) * spread * rng.standard_normal(2)
        gaze.move(now, float(target[0]), float(target[1]), share)
        slow = 1.0 if kind == "away" else 1.35 - 0.5 * at(scene.lively_T, now)
        now += _REFIX_LEAST + float(rng.exponential((_REFIX - _REFIX_LEAST) * slow))
        first = False


def _cue_place(scene: Scene, rng: Rng) -> NDArray[np.float64]:
    size = float(rng.uniform(*CUE_AWAY))
    side = 1.0 if rng.uniform() < 0.5 + 0.5 * scene.person.look_side else -1.0
    angle = float(rng.normal(0.1, 0.3))
    return size * np.array([side * np.cos(angle), 0.8 * np.sin(angle)])


def _place(scene: Scene, start: float, takes: float, rng: Rng) -> NDArray[np.float64]:
    """Degrees of a look away: size and direction as published, bent by mood and habit."""
    percent = float(rng.uniform(0.05, SACCADE_PERCENT))
    size = -SACCADE_SCALE * np.log(percent / SACCADE_PERCENT_MAX) + 3.0
    size = float(np.clip(size, 6.2, SACCADE_LARGEST)) * (0.9 + 0.2 * at(scene.lively_T, start))
    angle = rng.choice(8, p=np.array(_DIRECTIONS) / sum(_DIRECTIONS)) * np.pi / 4
    angle += rng.uniform(-0.35, 0.35)
    x, y = float(np.cos(angle)), float(np.sin(angle))
    thinks = at(scene.mood("thinking"), start) + (
        0.4 if takes > 0.9 and at(scene.talk_T, start) > 0.5 else 0
    )
    if rng.uniform() < thinks:
        y, x = abs(y) * 0.7 + 0.3, x + np.sign(x) * 0.5
    if rng.uniform() < 0.8 * at(scene.mood("sad"), start):
        y = -abs(y) - 0.4
    if rng.uniform() < abs(scene.person.look_side):
        x = abs(x) * float(np.sign(scene.person.look_side))
    return size * np.array([x, 0.8 * y]) / max(np.hypot(x, 0.8 * y), 0.8)
