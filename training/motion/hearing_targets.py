"""What the hearing network should tell, from the phones of a shard.

Step t is drawn when its sound has been heard, (t + 1) * 20 ms, and held for 20 ms; so the targets
are those of the middle of that time. Nothing waits: what cannot be known yet is learned as a mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.contract import VISEMES, Float32Array
from training.motion.conversations import PHONE_GRID_S
from training.motion.network import LATER_MS
from training.speech.phones import PHONE_INDEX, PHONES, Segments
from training.teacher.mouth import mouth_track, openness_track, speech_track, viseme_track

STEP_S: Final = 0.02
HELD_S: Final = 0.01
"""From the end of a step to the middle of the time for which it is seen."""
CONTACT_S: Final = 0.01
_LIPS: Final = (PHONE_INDEX["PB"], PHONE_INDEX["M"])
ROUND: Final = ("OO", "UU", "YY", "OE", "W", "SH")
"""Phones with rounded lips, as scored."""
LIP_GROUPS: Final[dict[str, int]] = {
    "sil": 0, "PP": 1, "FF": 2, "TH": 3, "DD": 3, "kk": 3, "CH": 3, "SS": 3, "nn": 3, "RR": 3,
    "aa": 4, "E": 4, "I": 5, "O": 6, "U": 6,
}  # fmt: skip
"""Visemes that look alike on the lips."""

Batch = dict[str, torch.Tensor]


def group_matrix() -> torch.Tensor:
    """Which group every viseme belongs to: (len(VISEMES), groups)."""
    matrix = torch.zeros(len(VISEMES), max(LIP_GROUPS.values()) + 1)
    for i, name in enumerate(VISEMES):
        matrix[i, LIP_GROUPS[name]] = 1
    return matrix


def segments_of(phone_P: NDArray[np.uint8]) -> Segments:
    """Phones on their grid as segments."""
    edges = np.flatnonzero(np.diff(phone_P)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(phone_P)]])
    return [
        (a * PHONE_GRID_S, b * PHONE_GRID_S, PHONES[phone_P[a]])
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def targets_of(phone_P: NDArray[np.uint8], steps: int) -> dict[str, NDArray[np.generic]]:
    """Tracks of `steps` steps: mouth_TK, viseme_T, openness_T, closure_T, round_T, speaking_T and
    later_TL, the phones at the ages LATER_MS."""
    seen_T = np.arange(1, steps + 1, dtype=np.float64) * STEP_S + HELD_S
    phones = segments_of(phone_P)
    at_T = np.minimum((seen_T / PHONE_GRID_S).astype(int), len(phone_P) - 1)
    near = round(CONTACT_S / PHONE_GRID_S)
    closed_P = np.isin(phone_P, _LIPS)
    closure_T = np.zeros(steps, np.bool_)
    for offset in range(-near, near + 1):
        closure_T |= closed_P[np.clip(at_T + offset, 0, len(phone_P) - 1)]
    later_TL = np.stack([phone_P[at_T - round(ms / 1000 / PHONE_GRID_S)] for ms in LATER_MS], 1)
    return {
        "mouth_TK": mouth_track(phones, seen_T),
        "viseme_T": viseme_track(phones, seen_T).astype(np.uint8),
        "openness_T": openness_track(phones, seen_T),
        "closure_T": closure_T.astype(np.float32),
        "round_T": np.isin(phone_P[at_T], [PHONE_INDEX[n] for n in ROUND]).astype(np.float32),
        "speaking_T": speech_track(phones, seen_T),
        "later_TL": later_TL,
    }


def shard_targets(data: dict[str, NDArray[np.generic]], steps: int) -> Batch:
    """Targets of all examples of a shard, floats halved."""
    phone_NP = data["phone_P"]
    every = [targets_of(np.asarray(phone_P, np.uint8), steps) for phone_P in phone_NP]
    batch: Batch = {}
    for name in every[0]:
        stacked = torch.from_numpy(np.stack([e[name] for e in every]))
        batch[name] = stacked.half() if stacked.is_floating_point() else stacked
    for name in ("listening_T", "accent_T"):
        track: Float32Array = data[name].astype(np.float32)
        batch[name] = torch.from_numpy(track[:, 1 : steps + 1]).half()
    return batch
