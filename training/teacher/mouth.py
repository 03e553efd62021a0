"""Phones to mouth shapes with coarticulation.

Every phone asks for a pose of MOUTH; each channel of each phone has a dominance that falls off
exponentially around the phone, and the shape at any instant is the dominance-weighted mean of the
poses (Cohen and Massaro, "Modeling coarticulation in synthetic visual speech", 1993; the idea of
overlapping gestures is Lofqvist's, 1990). Dominance alone does not guarantee contact, so
closures (p b m, and lip to teeth for f v) are then laid over the result and really close.

Amplitudes are those of relaxed talk, about 0.65 of the poses in which a viseme is unmistakable:
in speech the jaw uses only part of its range. "Aperture" weighs the lips as
jawOpen + .5 mouthLowerDown + .3 mouthUpperUp - mouthClose - .3 mouthPress.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from inference.contract import MOTION_INDEX, VISEMES, Float32Array
from training.speech.phones import VOWELS, Segments

MOUTH: Final[tuple[str, ...]] = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthSmile", "mouthStretch",
    "mouthRollLower", "mouthRollUpper", "mouthPress", "mouthLowerDown", "mouthUpperUp",
    "tongueOut", "jawForward",
)  # fmt: skip
"""Channels of the teacher; those with a left and a right are driven alike."""
APERTURE: Final[dict[str, float]] = {
    "jawOpen": 1.0, "mouthLowerDown": 0.5, "mouthUpperUp": 0.3, "mouthClose": -1.0,
    "mouthPress": -0.3,
}  # fmt: skip

_J, _C, _F, _P, _S, _T, _RL, _RU, _PR, _LD, _UU, _TO, _JF = range(len(MOUTH))
_POSES: Final[dict[str, dict[int, float]]] = {
    "SIL": {},
    "PB": {_J: 0.04, _C: 0.06, _PR: 0.32, _RL: 0.22, _RU: 0.14},
    "M": {_J: 0.03, _C: 0.05, _PR: 0.26, _RL: 0.16, _RU: 0.12},
    "FV": {_J: 0.03, _RL: 0.38, _UU: 0.12, _LD: 0.02},
    "TH": {_J: 0.11, _LD: 0.10, _UU: 0.03, _TO: 0.22},
    "TD": {_J: 0.095, _LD: 0.12, _UU: 0.02},
    "SZ": {_J: 0.055, _LD: 0.10, _T: 0.08, _UU: 0.03},
    "SH": {_J: 0.075, _F: 0.36, _P: 0.22, _LD: 0.05, _UU: 0.06, _JF: 0.1},
    "N": {_J: 0.10, _LD: 0.08},
    "L": {_J: 0.12, _LD: 0.09},
    "R": {_J: 0.11, _F: 0.17, _P: 0.12, _LD: 0.02},
    "K": {_J: 0.14, _LD: 0.05},
    "NG": {_J: 0.14, _LD: 0.05},
    "HH": {_J: 0.2, _LD: 0.08},
    "J": {_J: 0.14, _S: 0.08, _T: 0.10, _LD: 0.08},
    "W": {_J: 0.12, _F: 0.26, _P: 0.56},
    "AA": {_J: 0.44, _LD: 0.16, _UU: 0.08},
    "AE": {_J: 0.38, _LD: 0.20, _UU: 0.10, _T: 0.10},
    "EH": {_J: 0.26, _LD: 0.16, _UU: 0.06, _T: 0.10, _S: 0.02},
    "AX": {_J: 0.24, _LD: 0.12, _UU: 0.04},
    "ER": {_J: 0.13, _F: 0.20, _P: 0.12, _LD: 0.04},
    "IH": {_J: 0.16, _LD: 0.13, _T: 0.10, _S: 0.05, _UU: 0.03},
    "IY": {_J: 0.12, _LD: 0.14, _T: 0.16, _S: 0.10, _UU: 0.04},
    "OO": {_J: 0.29, _F: 0.42, _P: 0.30, _LD: 0.04},
    "UU": {_J: 0.15, _F: 0.30, _P: 0.56, _LD: 0.02},
    "YY": {_J: 0.14, _F: 0.30, _P: 0.50, _LD: 0.03},
    "OE": {_J: 0.24, _F: 0.36, _P: 0.34, _LD: 0.05},
}
_VOWEL_STRENGTH: Final = 1.0
_WEAK: Final[dict[str, float]] = {"K": 0.7, "NG": 0.7, "HH": 0.08, "L": 0.9}
"""Consonants made far back leave jaw and lips to their neighbours."""
_ROUNDED: Final = frozenset({"W", "UU", "YY", "OO", "OE", "SH", "R", "ER"})
_REACH_S: Final = 0.035
"""Time constant of dominance before and after a phone."""
_ROUND_REACH_S: Final = 0.07
"""Rounding is anticipated further ahead (Benguerel and Cowan 1974 saw it 4-6 phones ahead)."""
SHORT_PAUSE_S: Final = 0.18
"""Pauses shorter than this do not shut the mouth fully."""

VISEME_OF: Final[dict[str, str]] = {
    "SIL": "sil", "PB": "PP", "M": "PP", "FV": "FF", "TH": "TH", "TD": "DD", "SZ": "SS",
    "SH": "CH", "N": "nn", "L": "nn", "NG": "nn", "R": "RR", "ER": "RR", "K": "kk", "J": "I",
    "W": "U", "AA": "aa", "AE": "aa", "EH": "E", "AX": "E", "IH": "I", "IY": "I", "OO": "O",
    "OE": "O", "UU": "U", "YY": "U", "HH": "E",
}  # fmt: skip


OPENNESS: Final[dict[str, float]] = {
    "SIL": 0.0, "PB": 0.0, "M": 0.0, "FV": 0.1, "TH": 0.25, "TD": 0.25, "SZ": 0.15, "SH": 0.2,
    "N": 0.25, "L": 0.25, "R": 0.25, "K": 0.25, "NG": 0.25, "HH": 0.6, "J": 0.35, "W": 0.3,
    "AA": 1.0, "AE": 1.0, "EH": 0.6, "AX": 0.6, "ER": 0.25, "IH": 0.35, "IY": 0.35, "OO": 0.6,
    "UU": 0.3, "YY": 0.3, "OE": 0.6,
}  # fmt: skip
"""How far apart a phone wants the lips, of an open vowel."""
OPENNESS_SMOOTH_S: Final = 0.03


def openness_track(phones: Segments, time_T: NDArray[np.float64]) -> Float32Array:
    """Openness that the phones ask for, smoothed by OPENNESS_SMOOTH_S: float32 (T,) in [0, 1].

    What the aperture follows when coarticulation is left aside: each phone's OPENNESS held for its
    time and convolved with a Gaussian, in closed form. h takes that of the phone after it.
    """
    openness_T = np.zeros(len(time_T))
    for i, (start, end, name) in enumerate(phones):
        following = phones[i + 1][2] if i + 1 < len(phones) else "SIL"
        value = OPENNESS[following if name == "HH" and following != "SIL" else name]
        if value > 0:
            before_T, after_T = (ndtr((time_T - edge) / OPENNESS_SMOOTH_S) for edge in (start, end))
            openness_T += value * (before_T - after_T)
    return openness_T.astype(np.float32)


def pose(phone: str) -> Float32Array:
    """The mouth a phone asks for when alone: float32 (len(MOUTH),)."""
    values = np.zeros(len(MOUTH), np.float32)
    for channel, value in _POSES[phone].items():
        values[channel] = value
    return values


def viseme_poses() -> Float32Array:
    """The mouth of each of VISEMES, the mean over its phones: float32 (15, len(MOUTH))."""
    poses = [
        np.mean([pose(phone) for phone, name in VISEME_OF.items() if name == viseme], axis=0)
        for viseme in VISEMES
    ]
    return np.stack(poses).astype(np.float32)


def aperture(mouth_TK: Float32Array) -> Float32Array:
    """How far the lips are apart, >= 0, from mouth channels (T, len(MOUTH))."""
    total = sum(w * mouth_TK[:, MOUTH.index(n)] for n, w in APERTURE.items())
    return np.maximum(0, total).astype(np.float32)


def motion_columns(channel: str) -> list[int]:
    """Indices of a mouth channel in the motion vector: one, or its left and right."""
    if channel in MOTION_INDEX:
        return [MOTION_INDEX[channel]]
    return [MOTION_INDEX[f"{channel}Left"], MOTION_INDEX[f"{channel}Right"]]


def _strengths(phones: Segments) -> NDArray[np.float64]:
    """Dominance amplitude (S, K): how strongly each phone insists on each channel."""
    strength_SK = np.full((len(phones), len(MOUTH)), _VOWEL_STRENGTH)
    for i, (start, end, name) in enumerate(phones):
        strength_SK[i] *= _WEAK.get(name, 1.0)
        if name == "SIL":
            strength_SK[i] *= 0.35 if end - start < SHORT_PAUSE_S else 1.6
        for channel in (_F, _P):
            strength_SK[i, channel] = 1.4 if name in _ROUNDED else 0.45
        if name == "SZ":
            strength_SK[i, _J] = 1.3
    return strength_SK


def mouth_track(phones: Segments, time_T: NDArray[np.float64]) -> Float32Array:
    """Mouth channels at the given times in seconds: float32 (T, len(MOUTH)) in [0, 1]."""
    start_S = np.array([p[0] for p in phones])
    end_S = np.array([p[1] for p in phones])
    pose_SK = np.stack([pose(p[2]) for p in phones]).astype(np.float64)
    distance_TS = np.maximum(start_S + 0.012 - time_T[:, None], time_T[:, None] - end_S + 0.012)
    edge_S = 0.5 * (end_S - start_S)
    outside_TS = np.maximum(distance_TS, -0.6 * edge_S)
    near_TS, wide_TS = (np.exp(-outside_TS / reach) for reach in (_REACH_S, _ROUND_REACH_S))
    strength_SK = _strengths(phones)
    mouth_TK = np.empty((len(time_T), len(MOUTH)))
    for channel in range(len(MOUTH)):
        dominance_TS = (wide_TS if channel in (_F, _P) else near_TS) ** 1.6
        weight_TS = dominance_TS * strength_SK[:, channel] + 1e-12
        mouth_TK[:, channel] = (weight_TS @ pose_SK[:, channel]) / weight_TS.sum(1)
    _lay_contacts(mouth_TK, phones, time_T)
    return np.clip(mouth_TK, 0, 1).astype(np.float32)


def _lay_contacts(
    mouth_TK: NDArray[np.float64], phones: Segments, time_T: NDArray[np.float64]
) -> None:
    """Make lips meet on p b m and lip meet teeth on f v, and shut the mouth in long pauses.

    Lips close 30-60 ms before the burst and part within 20 ms of it; rounding passes through.
    """
    keep = [_F, _P]
    for start, end, name in phones:
        if name in ("PB", "M", "FV"):
            target = pose(name).astype(np.float64)
            rise, fall, strength = 0.05, 0.05, 0.85 if name == "FV" else 1.0
            lead, lag = 0.0, 0.018
        elif name == "SIL" and end - start >= SHORT_PAUSE_S:
            target = np.zeros(len(MOUTH))
            rise, fall, strength = 0.12, 0.08, 1.0
            lead, lag = -0.10, -0.02
        else:
            continue
        up_T = np.clip((time_T - (start - lead - rise)) / rise, 0, 1)
        down_T = np.clip(((end - lag + fall) - time_T) / fall, 0, 1)
        ramp_T = np.minimum(up_T, down_T)
        weight_T = strength * ramp_T * ramp_T * (3 - 2 * ramp_T)
        saved_TK = mouth_TK[:, keep].copy()
        mouth_TK += weight_T[:, None] * (target - mouth_TK)
        if name != "SIL":
            mouth_TK[:, keep] = saved_TK


def viseme_track(phones: Segments, time_T: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index into VISEMES at each time; h takes the shape of the vowel after it."""
    names = [name for _, _, name in phones]
    resolved = [
        names[i + 1] if name == "HH" and i + 1 < len(names) and names[i + 1] != "SIL" else name
        for i, name in enumerate(names)
    ]
    index_S = np.array([VISEMES.index(VISEME_OF[name]) for name in resolved])
    ends = np.array([end for _, end, _ in phones])
    at_T = np.minimum(np.searchsorted(ends, time_T, side="right"), len(phones) - 1)
    return index_S[at_T]


def speech_track(phones: Segments, time_T: NDArray[np.float64]) -> Float32Array:
    """1 while speaking, pauses under SHORT_PAUSE_S included; 0 otherwise."""
    speaking_T = np.zeros(len(time_T), np.float32)
    for start, end, name in phones:
        if name != "SIL" or (end - start < SHORT_PAUSE_S and start > 0):
            speaking_T[(time_T >= start) & (time_T < end)] = 1
    return speaking_T


def accent_track(
    phones: Segments, level_F: Float32Array, time_T: NDArray[np.float64]
) -> Float32Array:
    """Prominence in [0, 1]: bumps on vowels that are long and loud for their utterance.

    `level_F` is the level in dB every 10 ms. Head and brow movements mark such syllables (Hadar
    et al. 1983; Munhall et al. 2004; Krahmer and Swerts 2007); a bump spans about 300 ms, the
    length of an accent gesture.
    """
    vowels = [(s, e) for s, e, n in phones if n in VOWELS and e - s > 0.05]
    accent_T = np.zeros(len(time_T), np.float32)
    if len(vowels) < 3:
        return accent_T
    length = np.log([e - s for s, e in vowels])
    loud = np.array(
        [level_F[int(s * 100) : int(e * 100) + 1].max(initial=-90.0) for s, e in vowels]
    )
    score = (length - length.mean()) / (length.std() + 0.1) + (loud - loud.mean()) / (
        loud.std() + 1
    )
    for (start, end), value in zip(vowels, score, strict=True):
        if value > 0.8:
            phase_T = np.clip((time_T - 0.5 * (start + end)) / 0.15, -1, 1)
            bump_T = (0.5 + 0.5 * np.cos(np.pi * phase_T)) * min(1.0, 0.3 + 0.25 * value)
            accent_T = np.maximum(accent_T, bump_T.astype(np.float32))
    return accent_T
