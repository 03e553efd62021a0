"""Performances of the teacher in hindsight: who nodded had been asked to, and eyes jump whole.

When to answer with a nod is for a rule to say (`backchannel`), so the networks shall nod when asked
and not by themselves. `asked_answers` finds where a listener's nods and raised brows begin and sets
the clock of that cue there, as if it had been asked for (relabelling in hindsight: Andrychowicz et
al., "Hindsight experience replay", 2017). Such a cue begins at ANSWER, not at 1: answers are
gentler than what the user asks for.

A saccade mostly falls between two steps, so that it begins with a part of a step, and whoever knows
that waits for such a part before jumping. `whole_saccades` lets eyes jump in one step.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, percentile_filter

from inference.contract import CUES, Float32Array
from training.motion.performance import (
    CONTROLS,
    CUE_SECONDS,
    HEARD,
    PERFORMANCE_INDEX,
    PERFORMANCE_RATE,
)

ANSWER: Final = 0.6
"""Where the clock of an answer begins; that of a cue of the user begins at 1."""
_FALL: Final = 1 / (CUE_SECONDS * PERFORMANCE_RATE)
_NOD: Final = 0.9
"""Degrees of a dip of the head, less than what is counted as a nod (1.2): what is not asked for
then stays well below that."""
_NOD_STEPS: Final = 13
"""Half a second: within it the head goes down, and again it comes up by half."""
_STILL_UP: Final = 0.15
"""Part of the way down that may have gone by before a nod is said to begin."""
_BROW: Final = 0.055
"""Rise of the brows over where they mostly are, less than what is counted (0.07)."""
_USUAL_EVERY: Final = 5
_USUAL: Final = 40
"""Where brows mostly are: the third decile of eight seconds, looked at five times a second."""
_APART: Final = 20
"""Steps within which a second dip belongs to the same nod."""
_EARLY: Final = 2
"""Steps by which a cue comes before what it leads to, at most."""
_SACCADE: Final = 1.5
_MOVES: Final = 0.5
_LONGEST: Final = 4
"""A saccade: at least so many degrees; each step of it at least so many; at most so many steps."""
_EYE: Final = (30.0, 27.5)
"""Degrees that 1 of gazeYaw and gazePitch is, as `performance_data` takes them."""
Found = NDArray[np.bool_]


def asked_answers(
    heard_BTH: Float32Array, controls_BTC: Float32Array, performance_BTP: Float32Array, seed: int
) -> Float32Array:
    """The controls (B, T, C) with a cue where one who does not speak nods or raises the brows."""
    rng = np.random.default_rng(seed)
    out = controls_BTC.copy()
    quiet = heard_BTH[..., HEARD.index("selfSpeaking")] < 0.5
    for cue, begins_BT in (("nod", nods(performance_BTP)), ("raise_brows", brows(performance_BTP))):
        clocks = [CONTROLS.index(cue), CONTROLS.index("shake" if cue == "nod" else cue)]
        for row, begin in zip(*np.nonzero(begins_BT & quiet), strict=True):
            if (controls_BTC[row, begin, clocks] > 0).any():
                continue  # somebody did ask
            start = max(int(begin) - int(rng.integers(_EARLY + 1)), 0)
            clock = ANSWER - _FALL * np.arange(int(ANSWER / _FALL))
            clock = clock[: out.shape[1] - start]
            here = out[row, start : start + len(clock), clocks[0]]
            np.maximum(here, clock, out=here)
    return out


def nods(performance_BTP: Float32Array) -> Found:
    """Where quick dips of the head begin, down and up again: (B, T)."""
    pitch = np.degrees(performance_BTP[..., PERFORMANCE_INDEX["headPitch"]].astype(np.float64))
    pitch = gaussian_filter1d(pitch, 0.5) - gaussian_filter1d(pitch, 0.5 * PERFORMANCE_RATE)
    around = np.pad(pitch, ((0, 0), (_NOD_STEPS, _NOD_STEPS)), mode="edge")
    windows = sliding_window_view(around, _NOD_STEPS + 1, axis=1)
    before, after = windows[:, : pitch.shape[1]], windows[:, _NOD_STEPS:]
    down, up = before.max(-1) - pitch, after.max(-1) - pitch
    lowest = (pitch <= before[..., -4:].min(-1)) & (pitch <= after[..., :4].min(-1))
    # The last step that is still nearly as high as the highest; slow sway comes before it.
    high = before >= before.max(-1, keepdims=True) - _STILL_UP * down[..., None]
    top = np.arange(pitch.shape[1]) - high[..., ::-1].argmax(-1)
    found = np.zeros(pitch.shape, np.bool_)
    rows, steps = np.nonzero(lowest & (down >= _NOD) & (up >= down / 2))
    last_row, last_end = -1, 0
    for row, step in zip(rows.tolist(), steps.tolist(), strict=True):
        if row != last_row or top[row, step] - last_end > _APART:
            found[row, max(top[row, step], 0)] = True
        last_row, last_end = row, step
    return found


def brows(performance_BTP: Float32Array) -> Found:
    """Where both brows begin to rise quickly over where they mostly were: (B, T)."""
    names = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    brow = performance_BTP[..., [PERFORMANCE_INDEX[n] for n in names]].mean(-1).astype(np.float64)
    usual = percentile_filter(brow[:, ::_USUAL_EVERY], 30, size=(1, _USUAL))
    over = brow - np.repeat(usual, _USUAL_EVERY, axis=1)[:, : brow.shape[1]]
    found = np.zeros(brow.shape, np.bool_)
    rows, steps = np.nonzero((over[:, 1:] > _BROW) & (over[:, :-1] <= _BROW))
    for row, step in zip(rows.tolist(), steps.tolist(), strict=True):
        first = max(step - PERFORMANCE_RATE, 0)
        low = np.flatnonzero(over[row, first : step + 1] < _BROW / 3)
        if len(low):
            found[row, first + low[-1]] = True
    return found


def whole_saccades(performance_BTP: Float32Array) -> Float32Array:
    """The performances (B, T, P) with every saccade in one step, that with which it began."""
    out = performance_BTP.copy()
    eyes = [PERFORMANCE_INDEX[name] for name in ("gazeYaw", "gazePitch")]
    head = np.degrees(out[..., [PERFORMANCE_INDEX[name] for name in ("headYaw", "headPitch")]])
    room = out[..., eyes] * np.array(_EYE, np.float32) + head
    fast = np.linalg.norm(np.diff(room, axis=1), axis=-1) > _MOVES
    edges = np.diff(np.pad(fast, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        jump = float(np.linalg.norm(room[row, end] - room[row, start]))
        if 1 < end - start <= _LONGEST and jump >= _SACCADE:
            room[row, start + 1 : end] = room[row, end]
    out[..., eyes] = (room - head) / np.array(_EYE, np.float32)
    return out


assert {"nod", "shake", "raise_brows"} <= set(CUES)
