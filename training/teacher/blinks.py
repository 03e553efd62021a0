"""Blinks and the resting height of the lids.

Sources
  Bentivoglio et al., Mov. Disord. 1997: 17 blinks a minute at rest, 26 in conversation; Doughty,
    Optom. Vis. Sci. 2001, over many studies: 8-21 in primary gaze, 10.5-32.5 in conversation. The
    rates here lie between the two; listening lies between rest and talk.
  Caffier, Erdmann and Ullsperger, Eur. J. Appl. Physiol. 2003: a blink lasts about 0.2 s when
    alert, closing a third of it. VanderWerf et al., J. Neurophysiol. 2003: opening takes two to
    three times as long as closing.
  Nakano and Kitazawa, Exp. Brain Res. 2010: listeners blink 0.25-0.75 s after a speaker's pause
    begins, speakers at their own pauses.
  Evinger et al., Exp. Brain Res. 1994: blinks come with gaze shifts, the more the larger.
  Portello, Rosenfield and Chu, Optom. Vis. Sci. 2013: some 16% of blinks before a screen are
    incomplete. Ponder and Kennedy, Q. J. Exp. Physiol. 1927: intervals are skewed, irregular.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.teacher.life_constants import BLINK_PAUSE_GAIN, BLINK_PAUSE_WINDOW
from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import RATE, Rng, Track, lognormal, wander

RATE_REST: Final = 14.6
RATE_LISTEN: Final = 21.5
RATE_TALK: Final = 24.5
SHIFT_CHANCE_PER_DEGREE: Final = 0.022
PARTIAL: Final = 0.14
DOUBLE: Final = 0.05
_SHAPE: Final = 2.2
"""Of the gamma distribution of the intervals: 1 would be chance, larger is more even."""
_CLOSE: Final = 0.075
_SHUT: Final = 0.045
_OPEN: Final = 0.19


def blink(canvas: Canvas, scene: Scene, shifts: list[tuple[float, float]], rng: Rng) -> list[float]:
    """Write the lids; `shifts` are gaze shifts (seconds, degrees). Returns when blinks begin."""
    times = _times(scene, shifts, rng)
    left_T, right_T = np.zeros(scene.size), np.zeros(scene.size)
    for time in times:
        size = float(rng.uniform(0.4, 0.8)) if rng.uniform() < PARTIAL else 1.0
        slow = lognormal(rng, 1.0, 0.15) * (1 + 0.25 * _at(scene.mood("sad"), time))
        for track_T, share in ((left_T, 1.0), (right_T, float(rng.uniform(0.95, 1.0)))):
            _close(track_T, time, size * share, slow)
    droop_T = np.maximum(0.02 + 0.02 * wander(rng, scene.size, 6.0), 0)
    droop_T += 0.1 * scene.mood("sad") + 0.03 * scene.mood("thinking") + 0.02 * scene.mood("happy")
    droop_T *= 1 - scene.mood("surprised")
    canvas["blinkLeft"] = np.maximum(left_T, droop_T + (1 - droop_T) * left_T)
    canvas["blinkRight"] = np.maximum(right_T, droop_T + (1 - droop_T) * right_T)
    return times


def _times(scene: Scene, shifts: list[tuple[float, float]], rng: Rng) -> list[float]:
    """Moments at which lids begin to close."""
    rest_T = 1 - np.clip(scene.talk_T + scene.hear_T, 0, 1)
    rate_T = RATE_REST * rest_T + RATE_LISTEN * scene.hear_T + RATE_TALK * scene.talk_T
    with_gaze = [
        time - 0.02 for time, size in shifts if rng.uniform() < SHIFT_CHANCE_PER_DEGREE * size
    ]
    gain_T = _pause_gain(scene)
    # What gaze shifts and second blinks add is taken off, so that the published rates come out.
    share = len(with_gaze) * 60 / max(float(rate_T.sum()) / RATE, 1e-9)
    alone_T = rate_T / 60 * max(1 - 0.85 * share - DOUBLE, 0.2) * gain_T * scene.person.blink_rate
    alone_T *= 1 + 0.1 * (scene.lively_T - 0.5) - 0.25 * scene.mood("surprised")
    passed_T = np.concatenate([[0.0], np.cumsum(alone_T) / RATE])
    marks = np.cumsum(rng.gamma(_SHAPE, 1 / _SHAPE, int(passed_T[-1] * 1.5) + 20))
    marks = marks[marks < passed_T[-1]]
    by_chance = np.interp(marks, passed_T, np.arange(scene.size + 1) / RATE)
    times = _apart(sorted([*by_chance.tolist(), *with_gaze]), 0.45)
    doubles = [t + float(rng.uniform(0.34, 0.5)) for t in times if rng.uniform() < DOUBLE]
    winks = [time for time, _ in scene.cues("wink")]
    times = _apart(sorted([*times, *doubles]), 0.33)
    return [t for t in times if not any(-0.35 < t - wink < 1.0 for wink in winks)]


def _pause_gain(scene: Scene) -> Track:
    """Likelier in the window after a pause begins, of whoever has the floor; mean about 1."""
    gain_T = np.ones(scene.size)
    first, last = BLINK_PAUSE_WINDOW
    for side, part_T in ((scene.you, scene.hear_T), (scene.me, scene.talk_T)):
        lead = first if side is scene.you else -0.1
        for start, _ in side.pauses(0.2):
            where = slice(int(max(start + lead, 0) * RATE), int((start + last) * RATE))
            gain_T[where] = 1 + BLINK_PAUSE_GAIN * part_T[where]
    for part_T in (scene.hear_T, scene.talk_T):
        total = float(part_T.sum())
        if total > RATE:
            mean = float((gain_T * part_T).sum()) / total
            gain_T = gain_T * (1 + part_T * (1 / mean - 1))
    return gain_T


def _apart(times: list[float], least: float) -> list[float]:
    out: list[float] = []
    for time in times:
        if not out or time - out[-1] >= least:
            out.append(time)
    return out


def _close(track_T: Track, start: float, size: float, slow: float) -> None:
    """Fast shut, slow open with a tail; the peak falls on a step so that it is really shut."""
    peak = np.ceil((start + _CLOSE) * RATE) / RATE
    first, last = int((peak - 0.12) * RATE), int((peak + 0.6) * RATE) + 1
    first, last = max(first, 0), min(last, len(track_T))
    time = np.arange(first, last) / RATE - peak
    up = np.clip((time + _CLOSE) / _CLOSE, 0, 1)
    down = np.clip((time - _SHUT * slow) / (_OPEN * slow), 0, 1)
    closed = up * up * (3 - 2 * up) * (1 - down) ** 1.6
    track_T[first:last] = np.maximum(track_T[first:last], size * closed)


def _at(track_T: Track, time: float) -> float:
    return float(track_T[min(max(int(time * RATE), 0), len(track_T) - 1)])
