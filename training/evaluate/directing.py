"""Rows about direction: are cues obeyed at once, and can moods be told apart?

A performance with a cue is compared with the same performance, same seed and sound, without it,
so that every difference is the cue's doing. A mood is told by the mean and spread of the face over
half a minute: the nearest mean of the moods' performances with other seeds, all else the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import (
    AUDIO_RATE,
    CUES,
    MOODS,
    MOTION_INDEX,
    MOTION_RATE,
    Controls,
    Float32Array,
    MotionSource,
)
from training.evaluate.dialogue import Dialogue
from training.evaluate.events import gaze
from training.evaluate.prompts import perform
from training.evaluate.table import Row

WITHIN_S: Final = 0.5
CUE_BAR: Final = 0.9
MOOD_BAR: Final = 0.8
_BEFORE_S: Final = 8.0
_FACE: Final = [
    i for name, i in MOTION_INDEX.items()
    if name.startswith(("brow", "mouth", "cheek", "nose", "eyeSquint", "eyeWide", "head"))
]  # fmt: skip


def _column(motion_TD: Float32Array, *names: str) -> NDArray[np.float64]:
    found: NDArray[np.float64] = motion_TD[:, [MOTION_INDEX[n] for n in names]].mean(1)
    return found.astype(np.float64)


def _wink(with_TD: Float32Array, without_TD: Float32Array) -> NDArray[np.float64]:
    def sides(motion_TD: Float32Array) -> NDArray[np.float64]:
        left, right = (_column(motion_TD, f"eyeBlink{side}") for side in ("Left", "Right"))
        return left - right

    return np.abs(sides(with_TD) - sides(without_TD)) / 0.5


Seen = Callable[[Float32Array, Float32Array], NDArray[np.float64]]
SEEN: Final[dict[str, Seen]] = {
    "nod": lambda a, b: np.abs(
        np.degrees(_column(a, "headPitch") - _column(b, "headPitch"))) / 1.5,
    "shake": lambda a, b: np.abs(np.degrees(_column(a, "headYaw") - _column(b, "headYaw"))) / 1.5,
    "smile": lambda a, b: (_column(a, "mouthSmileLeft", "mouthSmileRight")
                           - _column(b, "mouthSmileLeft", "mouthSmileRight")) / 0.1,
    "raise_brows": lambda a, b: (_column(a, "browInnerUp", "browOuterUpLeft", "browOuterUpRight")
                                 - _column(b, "browInnerUp", "browOuterUpLeft",
                                           "browOuterUpRight")) / 0.1,
    "look_away": lambda a, b: (np.linalg.norm(gaze(a), axis=1)
                               - np.linalg.norm(gaze(b), axis=1)) / 4.0,
    "wink": _wink,
}  # fmt: skip
"""How far a cue shows, 1 being plainly: degrees of head and gaze, and weights of shapes."""


def cue_delays(
    performer: MotionSource, talk: Dialogue, at_s: float, seed: int
) -> dict[str, float | None]:
    """Seconds from asking to seeing, to the end of a step; None for a cue not seen in 2 s.

    The conversation is heard from _BEFORE_S before the asking on.
    """
    begin, at, end = (
        max(0, int(s * MOTION_RATE)) * AUDIO_RATE // MOTION_RATE
        for s in (at_s - _BEFORE_S, at_s, at_s + 2)
    )
    tracks: dict[str, Float32Array] = {}
    for cue in ("", *CUES):
        performer.reset(seed)
        performer.push(talk.self_N[begin:at], talk.other_N[begin:at])
        if cue:
            performer.cue(cue)
        tracks[cue] = performer.push(talk.self_N[at:end], talk.other_N[at:end]).motion_TD
    delays: dict[str, float | None] = {}
    for cue in CUES:
        seen = np.flatnonzero(SEEN[cue](tracks[cue], tracks[""]) >= 1)
        delays[cue] = float(seen[0] + 1) / MOTION_RATE if len(seen) else None
    return delays


def cue_row(performer: MotionSource, talk: Dialogue, times_S: Sequence[float]) -> Row:
    """Share of cues seen within WITHIN_S, each asked at several instants of a conversation."""
    shares, slow = {}, {}
    tried = [cue_delays(performer, talk, at, seed) for seed, at in enumerate(times_S)]
    for cue in CUES:
        found = [delays[cue] for delays in tried]
        shares[cue] = float(np.mean([d is not None and d <= WITHIN_S for d in found]))
        slow[cue] = float(np.median([2.0 if d is None else d for d in found]))
    told = ", ".join(f"{cue} {s * 100:.0f}% ({slow[cue]:.2f} s)" for cue, s in shares.items())
    return Row(
        f"cues seen within 0.5 s, share of {len(times_S)} (median delay)",
        "90% of each (our own)",
        told,
        min(shares.values()) >= CUE_BAR,
        "",
        {"shares": shares, "delays": slow},
    )


def mood_features(
    performer: MotionSource, mood: str, talk: Dialogue, seed: int
) -> NDArray[np.float64]:
    """Mean and spread of the face (2 F,) under a mood."""
    usual = performer.controls
    performer.controls = Controls(mood=mood)
    try:
        face_TF = perform(performer, talk.self_N, talk.other_N, seed).motion_TD[:, _FACE]
    finally:
        performer.controls = usual
    wide = face_TF.astype(np.float64)
    return np.concatenate([wide.mean(0), wide.std(0)])


def mood_row(performer: MotionSource, talk: Dialogue, seeds: int) -> Row:
    """Share of performances whose mood is the nearest of the other seeds' means."""
    found = np.array([
        [mood_features(performer, mood, talk, seed) for seed in range(seeds)] for mood in MOODS
    ])  # fmt: skip
    within = found.std(axis=1).mean(axis=0) + 1e-4
    right, pairs = [], []
    for seed in range(seeds):
        rest = np.delete(found, seed, axis=1).mean(axis=1)
        for number, mood in enumerate(MOODS):
            nearest = int((((found[number, seed] - rest) / within) ** 2).sum(1).argmin())
            right.append(nearest == number)
            if nearest != number:
                pairs.append(f"{mood} taken for {MOODS[nearest]}")
    share = float(np.mean(right))
    wrong = f"; {', '.join(sorted(set(pairs))[:4])}" if pairs else ""
    return Row(
        f"moods told apart by the face ({len(MOODS)} moods, {seeds} seeds, chance 14%)",
        "80% (our own)",
        f"{share * 100:.0f}%{wrong}",
        share >= MOOD_BAR,
        "",
        {"share": share},
    )


def half_of(audio_N: Float32Array) -> Float32Array:
    """The first half of a recording."""
    return audio_N[: len(audio_N) // 2]


def direction_rows(performer: MotionSource, talk: Dialogue, quick: bool) -> list[Row]:
    """Cues and moods in a conversation of a minute; moods in half of it."""
    times = np.linspace(6, len(talk.self_N) / AUDIO_RATE - 3, 6 if quick else 15)
    half = replace(talk, self_N=half_of(talk.self_N), other_N=half_of(talk.other_N))
    return [
        cue_row(performer, talk, times.tolist()),
        mood_row(performer, half, 3 if quick else 5),
    ]
