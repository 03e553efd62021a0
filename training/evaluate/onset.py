"""How long after the first sound of speech the mouth moves.

Every prompt is put after a second or so of faint hiss. Its onset is the first 10 ms frame within
35 dB of its loud frames that two like it follow; the mouth moves when one of the shapes that speech
drives (not smiles or frowns, which come by themselves) has changed by MOVED since 60 ms before
the onset. Early movements count from 60 ms before; none within half a second counts as that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.contract import AUDIO_RATE, MOTION_INDEX, Float32Array, MotionSource
from training.evaluate.prompts import Prompt, perform
from training.evaluate.table import Row
from training.speech.augment import db

MOVED: Final = 0.05
_BEFORE_S: Final = 0.06
_WITHIN_S: Final = 0.5
_LIPS: Final = [
    MOTION_INDEX[name]
    for name in (
        "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper",
        "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
        "mouthUpperUpLeft", "mouthUpperUpRight", "mouthStretchLeft", "mouthStretchRight",
    )
]  # fmt: skip


def sound_onset(audio_N: Float32Array) -> float | None:
    """Seconds to the start of speech; None if nothing stands out."""
    hop = AUDIO_RATE // 100
    frames = audio_N[: len(audio_N) // hop * hop].reshape(-1, hop)
    level_T = 10 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-10)
    loud = level_T > np.percentile(level_T, 95) - 35
    run = loud[:-2] & loud[1:-1] & loud[2:]
    return float(run.argmax()) * 0.01 if run.any() else None


def reaction(motion_TD: Float32Array, time_T: np.ndarray, onset_s: float) -> float:
    """Seconds from the onset to the first movement of the lips."""
    started = max(0, int(np.searchsorted(time_T, onset_s - _BEFORE_S)) - 1)
    moved_T = np.abs(motion_TD[:, _LIPS] - motion_TD[started, _LIPS]).max(1) > MOVED
    window = (time_T > onset_s - _BEFORE_S) & (time_T <= onset_s + _WITHIN_S)
    found = np.flatnonzero(moved_T & window)
    return float(time_T[found[0]] - onset_s) if len(found) else _WITHIN_S


def onset_row(performer: MotionSource, prompts: Sequence[Prompt]) -> Row:
    """Median and 90th percentile over the prompts."""
    rng = np.random.default_rng(8)
    delays = []
    for prompt in prompts:
        onset_s = sound_onset(prompt.audio_N)
        if onset_s is None:
            continue
        lead = int(rng.uniform(0.9, 1.5) * AUDIO_RATE)
        hiss_N = rng.standard_normal(lead) * db(-75)
        audio_N = np.concatenate([hiss_N.astype(np.float32), prompt.audio_N])
        track = perform(performer, audio_N)
        delays.append(reaction(track.motion_TD, track.time_T, onset_s + lead / AUDIO_RATE))
    median, slow = (float(np.percentile(delays, q)) * 1000 for q in (50, 90))
    return Row(
        "speech onset to mouth moving (median; 90%)",
        "80 ms or less",
        f"{median:.0f} ms; {slow:.0f} ms ({len(delays)} prompts)",
        median <= 80,
        "",
        {"median_ms": median, "p90_ms": slow, "prompts": len(delays)},
    )
