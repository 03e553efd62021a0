"""How well a mouth follows speech whose phones are known.

Openness is compared with what the phones ask for (a table per Oculus viseme, smoothed by 30 ms),
inside speech only, so that telling speech from silence earns nothing; at the track's own delay and
at the best constant one. Closures: the lips count as shut when the aperture is at most 12% of the
clip's 95th percentile at any instant of the phone (10 ms more on either side); for p b m that is
right, for t d k g n l s z it is wrong. Phones beside a pause, and consonants beside p b m, are
left out. Rounding: how well pucker and funnel tell rounded sounds from the other vowels. Visemes
and lip groups are read from a viseme head and from the lip shape itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.stats import rankdata

from inference.contract import MOTION_INDEX, VISEMES, Float32Array
from training.evaluate.lip_shapes import LIP_GROUP, read_lips

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
ROUNDED: Final = frozenset({"UW", "UH", "OW", "AO", "OY", "W", "SH", "CH", "ZH", "JH"})
SPREAD: Final = frozenset({"AA", "AE", "AH", "AY", "EH", "EY", "IH", "IY"})
"""The other vowels; AW and ER, which are rounded in part, count for neither side."""
_LIPS: Final = frozenset("PBM")
_TONGUE: Final = frozenset("TDKGNLSZ")
_LAGS: Final = range(-20, 41)

ArpabetSegments = list[tuple[float, float, str]]
_OPEN_V: Final = np.array([OPENNESS[name] for name in VISEMES])


@dataclass(frozen=True, slots=True)
class MouthScore:
    """Everything is at the track's own delay unless it says `best` or `sync`.

    `lag_ms` is the constant delay at which the openness inside speech correlates best,
    `viseme_lag_ms` that at which the lips are read best; `sync` closures are at the latter.
    """

    openness: float
    openness_best: float
    lag_ms: int
    closed_lips: float
    closed_tongue: float
    viseme_accuracy: float
    lips_scored: int
    closed_lips_sync: float
    closed_tongue_sync: float
    viseme_lag_ms: int
    rounding: float
    rounding_best: float
    groups_by_head: float | None
    groups_by_shape: float | None


def aperture(motion_TD: Float32Array) -> NDArray[np.float64]:
    """Distance of the lips, >= 0, from a motion (T, 61)."""

    def both(name: str) -> NDArray[np.float64]:
        left, right = (motion_TD[:, MOTION_INDEX[f"{name}{side}"]] for side in ("Left", "Right"))
        return (left.astype(np.float64) + right) / 2

    opened = motion_TD[:, MOTION_INDEX["jawOpen"]] - motion_TD[:, MOTION_INDEX["mouthClose"]]
    opened = opened + 0.5 * both("mouthLowerDown") + 0.3 * both("mouthUpperUp")
    return np.maximum(0.0, opened - 0.3 * both("mouthPress"))


def rounding(motion_TD: Float32Array) -> NDArray[np.float64]:
    """How far the lips are rounded: pucker and funnel added."""
    pucker, funnel = (motion_TD[:, MOTION_INDEX[n]] for n in ("mouthPucker", "mouthFunnel"))
    return pucker.astype(np.float64) + funnel


def on_grid(
    time_T: NDArray[np.float64], values_T: NDArray[np.floating] | NDArray[np.int64], count: int
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
    return index_T, gaussian_filter1d(_OPEN_V[index_T], 3)


def advance(values_T: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Shift a track that is `steps` late (may be negative) back into place."""
    index = np.clip(np.arange(len(values_T)) + steps, 0, len(values_T) - 1)
    return values_T[index]


@dataclass(frozen=True, slots=True)
class ScoredClip:
    """One clip on the grid: phones, what they ask for, and what the track does.

    `guess_T` is read from a viseme head, `shape_T` from the lips; None where there is none.
    """

    phones: ArpabetSegments
    viseme_T: NDArray[np.int64]
    wanted_T: NDArray[np.float64]
    aperture_T: NDArray[np.float64]
    rounding_T: NDArray[np.float64]
    guess_T: NDArray[np.float64] | None
    shape_T: NDArray[np.float64] | None

    @property
    def inside_T(self) -> NDArray[np.bool_]:
        """Well inside speech."""
        return gaussian_filter1d((self.viseme_T > 0).astype(float), 3) > 0.9


def place(
    phones: ArpabetSegments, duration: float, time_T: NDArray[np.float64],
    motion_TD: Float32Array | None, viseme_TV: NDArray[np.floating] | None,
) -> ScoredClip:  # fmt: skip
    """Lay a track and its truth on the grid; a track without motion opens as its visemes do.

    Raises:
        ValueError: there is neither motion nor visemes.
    """
    count = int(duration / GRID_S)
    viseme_T, wanted_T = wanted(phones, count)
    guess_T = shape_T = None
    if viseme_TV is not None:
        guess_T = on_grid(time_T, viseme_TV.argmax(1), count)
        weight_TV = np.stack([on_grid(time_T, column, count) for column in viseme_TV.T], 1)
        aperture_T = weight_TV @ _OPEN_V
        rounding_T = weight_TV[:, [VISEMES.index(v) for v in ("O", "U", "CH")]].sum(1)
    if motion_TD is not None:
        shape_T = on_grid(time_T, read_lips(motion_TD), count)
        aperture_T = on_grid(time_T, aperture(motion_TD), count)
        rounding_T = on_grid(time_T, rounding(motion_TD), count)
    elif viseme_TV is None:
        raise ValueError("a track needs motion or visemes")
    return ScoredClip(phones, viseme_T, wanted_T, aperture_T, rounding_T, guess_T, shape_T)


def _closures(clip: ScoredClip, lag: int) -> tuple[list[bool], list[bool]]:
    lips: list[bool] = []
    tongue: list[bool] = []
    moved_T = advance(clip.aperture_T, lag)
    shut = moved_T <= SHUT_SHARE * max(float(np.percentile(moved_T, 95)), 1e-6)
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


def closures(clips: Sequence[ScoredClip], lag: int) -> tuple[float, float, int]:
    """Share of p b m shut, share of t d k g n l s z shut, and how many p b m were scored."""
    pairs = [_closures(clip, lag) for clip in clips]
    lips = [shut for pair in pairs for shut in pair[0]]
    tongue = [shut for pair in pairs for shut in pair[1]]
    return float(np.mean(lips or [False])), float(np.mean(tongue or [False])), len(lips)


def _correlation(clips: Sequence[ScoredClip], masks: list[NDArray[np.bool_]], lag: int) -> float:
    pairs = list(zip(clips, masks, strict=True))
    found = np.concatenate([advance(c.aperture_T, lag)[mask] for c, mask in pairs])
    truth = np.concatenate([c.wanted_T[mask] for c, mask in pairs])
    if found.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(found, truth)[0, 1])


def area_under_curve(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Chance that one of `high` exceeds one of `low`, ties half (Mann and Whitney's U)."""
    if not len(high) or not len(low):
        return 0.5
    rank = rankdata(np.concatenate([high, low]))[: len(high)]
    return float((rank.sum() - len(high) * (len(high) + 1) / 2) / (len(high) * len(low)))


def rounding_auc(clips: Sequence[ScoredClip], lag: int) -> float:
    """ROUNDED against SPREAD by the mean rounding in the middle half of each phone."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for clip in clips:
        moved_T = advance(clip.rounding_T, lag)
        for start, end, name in clip.phones:
            if name not in ROUNDED and name not in SPREAD:
                continue
            margin = (end - start) / 4
            first = int((start + margin) / GRID_S)
            last = max(first + 1, int(np.ceil((end - margin) / GRID_S)))
            if last <= len(moved_T):
                found[name in ROUNDED].append(float(moved_T[first:last].mean()))
    return area_under_curve(np.array(found[True]), np.array(found[False]))


def _readings(clips: Sequence[ScoredClip], head: bool) -> list[NDArray[np.float64]] | None:
    found = [c.guess_T if head else c.shape_T for c in clips]
    kept = [f for f in found if f is not None]
    return kept if len(kept) == len(found) else None


def _agreement(
    clips: Sequence[ScoredClip], readings: list[NDArray[np.float64]], lag: int, groups: bool
) -> float:
    """Share of the frames of speech whose viseme, or lip group, is read right."""
    read = np.concatenate([advance(r, lag) for r in readings]).astype(np.int64)
    truth = np.concatenate([c.viseme_T for c in clips])
    right = LIP_GROUP[read] == LIP_GROUP[truth] if groups else read == truth
    return float(right[truth > 0].mean())


def score(clips: Sequence[ScoredClip]) -> MouthScore:
    """Pool the clips of a test."""
    masks = [clip.inside_T for clip in clips]
    by_lag = {lag: _correlation(clips, masks, lag) for lag in _LAGS}
    best = max(by_lag, key=lambda lag: by_lag[lag])
    head, shape = _readings(clips, True), _readings(clips, False)
    # Lips are told by their shape where there is one, so that what is drawn is what is scored.
    lips = shape if shape is not None else head
    if lips is None:
        raise ValueError("some clips have motion and some only visemes")
    read = {lag: _agreement(clips, lips, lag, False) for lag in _LAGS}
    sync = max(read, key=lambda lag: read[lag])
    closed, closed_sync = closures(clips, 0), closures(clips, sync)
    return MouthScore(
        openness=by_lag[0],
        openness_best=by_lag[best],
        lag_ms=best * 10,
        closed_lips=closed[0],
        closed_tongue=closed[1],
        viseme_accuracy=read[0] if head is None else _agreement(clips, head, 0, False),
        lips_scored=closed[2],
        closed_lips_sync=closed_sync[0],
        closed_tongue_sync=closed_sync[1],
        viseme_lag_ms=sync * 10,
        rounding=rounding_auc(clips, 0),
        rounding_best=rounding_auc(clips, best),
        groups_by_head=None if head is None else _agreement(clips, head, 0, True),
        groups_by_shape=None if shape is None else _agreement(clips, shape, 0, True),
    )
