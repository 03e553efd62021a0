"""The rows about streaming: pieces against the whole, later input, and cost."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from inference.contract import AUDIO_RATE, STEP_SAMPLES, Float32Array, MotionSource
from training.evaluate.dialogue import Dialogue
from training.evaluate.prompts import perform
from training.evaluate.table import Row
from training.speech.augment import db

EXACT: Final = 1e-4
_PIECE: Final = AUDIO_RATE // 100


def largest_difference(one_TD: Float32Array, other_TD: Float32Array) -> float:
    """Of two tracks; infinite when they differ in length or one is not finite."""
    if one_TD.shape != other_TD.shape:
        return float("inf")
    difference = np.abs(one_TD.astype(np.float64) - other_TD).max(initial=0)
    return float(difference) if np.isfinite(difference) else float("inf")


def pieces_against_whole(performer: MotionSource, talk: Dialogue) -> float:
    """Largest difference of a track made in 10 ms pieces and one made in one call."""
    whole = perform(performer, talk.self_N, talk.other_N, 4, block=len(talk.self_N))
    pieces = perform(performer, talk.self_N, talk.other_N, 4, block=_PIECE)
    return largest_difference(whole.motion_TD, pieces.motion_TD)


def later_input(performer: MotionSource, talk: Dialogue, cuts: int = 5) -> float:
    """Largest difference before instants after which both streams become loud noise."""
    whole = perform(performer, talk.self_N, talk.other_N, 4, block=len(talk.self_N))
    rng = np.random.default_rng(2)
    worst = 0.0
    for share in np.linspace(0.2, 0.9, cuts):
        at = int(share * len(talk.self_N)) // STEP_SAMPLES * STEP_SAMPLES
        noise_2N = (rng.standard_normal((2, len(talk.self_N) - at)) * db(-12)).astype(np.float32)
        self_N = np.concatenate([talk.self_N[:at], noise_2N[0]])
        other_N = np.concatenate([talk.other_N[:at], noise_2N[1]])
        changed = perform(performer, self_N, other_N, 4, block=len(self_N))
        before = whole.time_T <= at / AUDIO_RATE + 1e-9
        worst = max(worst, largest_difference(whole.motion_TD[before], changed.motion_TD[before]))
    return worst


def cost(performer: MotionSource, talk: Dialogue, repeats: int = 5) -> float:
    """Median seconds of processor time per second of sound, in pushes of one step."""
    found = []
    for _ in range(repeats):
        began = time.process_time()
        perform(performer, talk.self_N, talk.other_N, 4, block=STEP_SAMPLES)
        found.append((time.process_time() - began) / (len(talk.self_N) / AUDIO_RATE))
    return float(np.median(found))


def streaming_rows(performer: MotionSource, talk: Dialogue) -> list[Row]:
    """`talk` is a conversation of about a minute."""
    split, later = pieces_against_whole(performer, talk), later_input(performer, talk)
    spent = cost(performer, talk)
    return [
        Row(
            "streaming in 10 ms pieces against the whole: largest difference",
            "1e-4", f"{split:.1e}", split <= EXACT, "", {"difference": split},
        ),
        Row(
            "later input replaced by noise: largest difference before it",
            "1e-4", f"{later:.1e}", later <= EXACT, "", {"difference": later},
        ),
        Row(
            "cost per second of audio, one core (processor time)",
            "5% or less", f"{spent * 100:.1f}%", spent <= 0.05,
            "wLipSync about 2% for the lips alone", {"cost": spent},
        ),
    ]  # fmt: skip
