"""How well a mouth follows speech whose phones are known.

Openness is compared with what the phones ask for (a table per Oculus viseme, smoothed by 30 ms),
inside speech only, so that telling speech from silence earns nothing; at the track's own delay and
at the best constant one. Closures: the lips count as shut when the aperture is at most 12% of the
clip's 95th percentile at any instant of the phone (10 ms more on either side); for p b m that is
right, for t d k g n l s z it is wrong. Phones beside a pause, and consonants beside p b m, are
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from inference.contract import MOTION_INDEX, VISEMES, Float32Array

GRID_S: Final = 0.01
SHUT_SHARE: Final = 0.12
OPENNESS: Final[dict[str, float]] = {
    "sil": 0.0, "PP": 0.0, "FF": 0.1, "TH": 0.25, "DD": 0.25, "kk": 0.25, "CH": 0.2, "SS": 0.15,
    "nn": 0.25, "RR": 0.25, "aa": 1.0, "E": 0.6, "I": 0.35, "O": 0.6, "U": 0.3,
}  # fmt: skip
VISEME_OF_ARPABET: Final[dict[str, str]] = {
    "AA": "aa", "AE": "aa", "AH": "E", "AO": "O", "AW": "aa", "AY": "aa", "B": "PP", "CH": "CH",
    "D": "DD", "DH": "TH", "EH": "E", "ER": "RR", "EY": "E", "F": "FF", "G": "kk", "IH": "I",
    "IY": "I", "JH": "CH", "K": "kk", "L": "nn", "M": "PP", "N": "nn", "NG": "nn", "OW": "O",
    "OY": "O", "P": "PP", "R": "RR", "S": "SS", "SH": "CH", "T": "DD", "TH": "TH", "UH": "U",
    "UW": "U", "V": "FF", "W": "U", "Y": "I", "Z": "SS", "ZH": "CH", "SIL": "sil",
}  # fmt: skip
_LIPS: Final = frozenset("PBM")
_TONGUE: Final = frozenset("TDKGNLSZ")
_LAGS: Final = range(-20, 41)

ArpabetSegments = list[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class MouthScore:
    """Bars are on `openness`, `closed_lips` and `closed_tongue`, all at the track's own delay."""

    openness: float
    openness_best: float
    lag_ms: int
    closed_lips: float
    closed_tongue: float
    viseme_accuracy: float
    lips_scored: int


def aperture(motion_TD: Float32Array) -> NDArray[np.float64]:
    """Distance of the lips, >= 0, from a motion (T, 61)."""

    def both(name: str) -> NDArray[np.float64]:
        left, right = (motion_TD[:, MOTION_INDEX[f"{name}{side}"]] for side in ("Left", "Right"))
        return (left.astype(np.float64) + right) / 2

    opened = motion_TD[:, MOTION_INDEX["jawOpen"]] - motion_TD[:, MOTION_INDEX["mouthClose"]]
    opened = opened + 0.5 * both("mouthLowerDown") + 0.3 * both("mouthUpperUp")
    return np.maximum(0.0, opened - 0.3 * both("mouthPress"))


def on_grid(
    time_T: NDArray[np.float64], values_T: NDArray[np.floating], count: int
) -> NDArray[np.float64]:
    """Hold each value from its time on; `count` points every GRID_S; 0 before the first."""
    at = np.searchsorted(time_T, np.arange(count) * GRID_S + 1e-6, side="right") - 1
    held = values_T[np.maximum(at, 0)].astype(np.float64)
    held[at < 0] = 0
    return held


def wanted(phones: ArpabetSegments, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Viseme index and smoothed openness that the phones ask for, every GRID_S."""
    index_T = np.zeros(count, np.int64)
    for i, (start, end, name) in enumerate(phones):
        shape = VISEME_OF_ARPABET.get(name, "sil")
        if name == "HH":
            following = phones[i + 1][2] if i + 1 < len(phones) else "EH"
            shape = VISEME_OF_ARPABET.get(following, "E")
        index_T[round(start / GRID_S) : min(round(end / GRID_S), count)] = VISEMES.index(shape)
    open_T = np.array([OPENNESS[name] for name in VISEMES])[index_T]
    return index_T, gaussian_filter1d(open_T, 3)


def advance(values_T: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Shift a track that is `steps` late (may be negative) back into place."""
    index = np.clip(np.arange(len(values_T)) + steps, 0, len(values_T) - 1)
    return values_T[index]


@dataclass(frozen=True, slots=True)
class ScoredClip:
    """One clip on the grid: phones, what they ask for, and what the track does."""

    phones: ArpabetSegments
    viseme_T: NDArray[np.int64]
    wanted_T: NDArray[np.float64]
    aperture_T: NDArray[np.float64]
    guess_T: NDArray[np.int64]

    @property
    def inside_T(self) -> NDArray[np.bool_]:
        """Well inside speech."""
        return gaussian_filter1d((self.viseme_T > 0).astype(float), 3) > 0.9


def place(
    phones: ArpabetSegments, duration: float, time_T: NDArray[np.float64],
    motion_TD: Float32Array, viseme_TV: Float32Array,
) -> ScoredClip:  # fmt: skip
    """Lay a track and its truth on the grid."""
    count = int(duration / GRID_S)
    viseme_T, wanted_T = wanted(phones, count)
    guess_T = on_grid(time_T, viseme_TV.argmax(1), count).astype(np.int64)
    return ScoredClip(
        phones, viseme_T, wanted_T, on_grid(time_T, aperture(motion_TD), count), guess_T
    )


def _closures(clip: ScoredClip) -> tuple[list[bool], list[bool]]:
    lips: list[bool] = []
    tongue: list[bool] = []
    shut = clip.aperture_T <= SHUT_SHARE * max(float(np.percentile(clip.aperture_T, 95)), 1e-6)
    for before, (start, end, name), after in zip(
        clip.phones[:-2], clip.phones[1:-1], clip.phones[2:], strict=True
    ):
        if "SIL" in (before[2], after[2]):
            continue
        first = int((start - 0.01) / GRID_S)
        last = min(int(np.ceil((end + 0.01) / GRID_S)), len(shut))
        if last <= first:
            continue
        if name in _LIPS:
            lips.append(bool(shut[first:last].any()))
        elif name in _TONGUE and not {before[2], after[2]} & _LIPS:
            tongue.append(bool(shut[first:last].any()))
    return lips, tongue


def _correlation(clips: list[ScoredClip], masks: list[NDArray[np.bool_]], lag: int) -> float:
    pairs = list(zip(clips, masks, strict=True))
    found = np.concatenate([advance(c.aperture_T, lag)[mask] for c, mask in pairs])
    truth = np.concatenate([c.wanted_T[mask] for c, mask in pairs])
    if found.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(found, truth)[0, 1])


def score(clips: list[ScoredClip]) -> MouthScore:
    """Pool the clips of a test."""
    masks = [clip.inside_T for clip in clips]
    by_lag = {lag: _correlation(clips, masks, lag) for lag in _LAGS}
    best = max(by_lag, key=lambda lag: by_lag[lag])
    lips: list[bool] = []
    tongue: list[bool] = []
    for clip in clips:
        more_lips, more_tongue = _closures(clip)
        lips += more_lips
        tongue += more_tongue
    right = np.concatenate([(c.guess_T == c.viseme_T)[c.viseme_T > 0] for c in clips])
    return MouthScore(
        openness=by_lag[0],
        openness_best=by_lag[best],
        lag_ms=best * 10,
        closed_lips=float(np.mean(lips)) if lips else 0.0,
        closed_tongue=float(np.mean(tongue)) if tongue else 0.0,
        viseme_accuracy=float(right.mean()),
        lips_scored=len(lips),
    )
