"""Bad input: the character goes on living, speaks only when spoken through, and recovers.

Every case is clean speech, then something bad, then clean speech. Looked at: how often the mouth
is open outside speech; whether lids, gaze and head went on moving while it was bad; whether, from
one second after it on, the mouth follows clean speech again as it does when nothing bad came
before; and how well it follows the spoiled speech, where the bad thing is speech.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import soxr

from inference.contract import AUDIO_RATE, MOTION_INDEX, Float32Array, MotionSource, MotionTrack
from training.evaluate.mouth_score import GRID_S, ArpabetSegments, aperture, on_grid, wanted
from training.evaluate.prompts import OPEN_SHARE, Prompt, perform
from training.evaluate.table import Row
from training.speech.augment import db, music

OPEN_BAR: Final = 0.005
FOLLOWS: Final = 0.8
"""Of the openness correlation without the bad part."""
_GAP_S: Final = 0.5
_CLOSING_S: Final = 0.4
"""After a word the mouth may take this long to come to rest."""
_ALIVE: Final = ("headYaw", "headPitch", "eyeLookInLeft", "eyeLookOutLeft", "eyeBlinkLeft")

Spoil = Callable[[Float32Array], Float32Array]


@dataclass(frozen=True, slots=True)
class Talk:
    """Speech with its phones: audio (N,) and ARPABET segments, silences included."""

    audio_N: Float32Array
    phones: ArpabetSegments

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.audio_N) / AUDIO_RATE


@dataclass(slots=True)
class Case:
    """A stream, its true phones, where it is bad, and in which blocks it is delivered."""

    name: str
    parts: list[Float32Array] = field(default_factory=list)
    phones: ArpabetSegments = field(default_factory=list)
    bad: tuple[float, float] = (0.0, 0.0)
    block: int = AUDIO_RATE
    other_N: Float32Array | None = None
    spoiled_speech: bool = False

    @property
    def seconds(self) -> float:
        """So far."""
        return sum(map(len, self.parts)) / AUDIO_RATE

    def add(
        self, audio_N: Float32Array, phones: Sequence[tuple[float, float, str]] = ()
    ) -> tuple[float, float]:
        """Append sound with its phones; where it lies."""
        began = self.seconds
        self.phones += [(began + a, began + b, name) for a, b, name in phones]
        self.parts.append(audio_N)
        return began, self.seconds


def _hiss(seconds: float, level_db: float = -75.0) -> Float32Array:
    rng = np.random.default_rng(int(seconds * 1000))
    return (rng.standard_normal(int(seconds * AUDIO_RATE)) * db(level_db)).astype(np.float32)


def join_talk(prompts: Sequence[Prompt]) -> Talk:
    """Prompts one after another with a little hiss between."""
    parts: list[Float32Array] = []
    phones: ArpabetSegments = []
    at = 0.0
    for prompt in prompts:
        rest_N = _hiss(_GAP_S)
        parts += [rest_N, prompt.audio_N]
        at += len(rest_N) / AUDIO_RATE
        phones += [(at + a, at + b, name) for a, b, name in prompt.phones]
        at += len(prompt.audio_N) / AUDIO_RATE
    return Talk(np.concatenate(parts), phones)


def _through(rate: float, quality: str) -> Spoil:
    def spoil(audio_N: Float32Array) -> Float32Array:
        there = soxr.resample(audio_N, AUDIO_RATE, rate, quality)
        back = soxr.resample(there, rate, AUDIO_RATE, quality)
        return np.resize(back, len(audio_N)).astype(np.float32)

    return spoil


SPOILED: Final[dict[str, Spoil]] = {
    "clipped (26 dB too loud)": lambda a: np.clip(a * 20, -1, 1).astype(np.float32),
    "DC offset of 0.3": lambda a: np.clip(a + 0.3, -1, 1).astype(np.float32),
    "8 kHz": _through(8_000, "HQ"),
    "resampled by way of 44.1 kHz, badly": _through(44_100, "QQ"),
}
"""Speech spoiled, (N,) -> (N,)."""


def cases(prompts: Sequence[Prompt], others_N: Float32Array) -> Iterator[Case]:
    """All cases; `others_N` is what somebody else says (N,), at least 30 s."""
    longest = sorted(prompts, key=lambda p: -p.duration)
    before, middle, after = (join_talk(longest[i::3][:4]) for i in range(3))

    def start(name: str) -> Case:
        case = Case(name)
        case.add(_hiss(1.5))
        case.add(before.audio_N, before.phones)
        case.add(_hiss(1.0))
        return case

    def finish(case: Case) -> Case:
        case.add(_hiss(1.0))
        case.add(after.audio_N, after.phones)
        return case

    rng = np.random.default_rng(4)
    seconds = 15
    count = seconds * AUDIO_RATE
    for name, bad_N in (
        ("silent (-90 dB)", _hiss(seconds, -90.0)),
        ("all zero", np.zeros(count, np.float32)),
        ("NaN", np.full(count, np.nan, np.float32)),
        ("infinite", np.tile(np.array([np.inf, -np.inf], np.float32), count // 2)),
        ("music only", music(count, rng) * np.float32(db(-24))),
    ):
        case = start(name)
        case.bad = case.add(bad_N)
        yield finish(case)
    for name, spoil in SPOILED.items():
        case = start(name)
        case.bad = case.add(spoil(middle.audio_N), middle.phones)
        case.spoiled_speech = True
        yield finish(case)
    yield _swapped(start, finish, middle, others_N)
    yield from _delivered(start, finish, middle)
    case = start("time jump (a word cut off, 30 s lost)")
    # Into the middle of a word, and from there into silence.
    cut = middle.audio_N[: int(0.45 * len(middle.audio_N))]
    case.bad = case.add(cut, [p for p in middle.phones if p[1] <= len(cut) / AUDIO_RATE])
    case.bad = case.add(_hiss(5.0))
    yield finish(case)


def _swapped(
    start: Callable[[str], Case], finish: Callable[[Case], Case], middle: Talk,
    others_N: Float32Array,
) -> Case:  # fmt: skip
    """The user's words arrive as the others', and theirs as the user's; then it is put right."""
    case = start("stereo swapped (self and other)")
    lead = int(case.seconds * AUDIO_RATE)
    swapped_N = np.resize(others_N, len(middle.audio_N)).astype(np.float32)
    # The mouth is then right to speak the others' words: no phones are known for them.
    case.bad = case.add(swapped_N, [(0.0, middle.seconds, "?")])
    finish(case)
    tail = int(case.seconds * AUDIO_RATE) - lead - len(middle.audio_N)
    case.other_N = np.concatenate(
        [np.zeros(lead, np.float32), middle.audio_N, np.zeros(tail, np.float32)]
    )
    return case


def _delivered(
    start: Callable[[str], Case], finish: Callable[[Case], Case], middle: Talk
) -> Iterator[Case]:
    """Odd blocks, and an other stream that goes missing."""
    for name, block in (("3 ms blocks", 48), ("300 ms blocks", 4800)):
        case = start(name)
        case.block = block
        case.bad = case.add(middle.audio_N, middle.phones)
        case.spoiled_speech = True
        yield finish(case)
    case = start("other stream missing")
    case.bad = case.add(middle.audio_N, middle.phones)
    case.spoiled_speech = True
    yield finish(case)


def _correlation(track: MotionTrack, case: Case, start: float, end: float) -> float:
    """Of openness inside speech between two instants."""
    count = int(case.seconds / GRID_S)
    phones = [p for p in case.phones if p[2] != "?"]
    index_T, wanted_T = wanted(phones, count)
    open_T = on_grid(track.time_T, aperture(track.motion_TD), count)
    time_T = np.arange(count) * GRID_S
    inside = (index_T > 0) & (time_T >= start) & (time_T < end)
    if inside.sum() < 10 or open_T[inside].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(open_T[inside], wanted_T[inside])[0, 1])


def _open_outside(track: MotionTrack, case: Case, peak: float) -> float:
    """Share of the steps outside speech with the mouth more than OPEN_SHARE of `peak` open."""
    quiet_T = track.time_T > 0
    for start, end, name in case.phones:
        if name != "SIL":
            quiet_T &= (track.time_T < start - 0.1) | (track.time_T > end + _CLOSING_S)
    open_T = aperture(track.motion_TD) > OPEN_SHARE * peak
    return float(open_T[quiet_T].mean()) if quiet_T.any() else 0.0


def _alive(track: MotionTrack, case: Case) -> bool:
    """Everything finite, and something of lids, gaze and head moves while it is bad."""
    during = (track.time_T >= case.bad[0]) & (track.time_T < case.bad[1])
    moved = track.motion_TD[during][:, [MOTION_INDEX[name] for name in _ALIVE]]
    finite = bool(np.isfinite(track.motion_TD).all())
    return finite and bool(len(moved)) and bool((np.ptp(moved, axis=0) > 1e-3).sum() >= 3)


def bad_input_rows(
    performer: MotionSource, prompts: Sequence[Prompt], others_N: Float32Array, peak: float
) -> list[Row]:
    """One row per case."""
    rows = []
    for case in cases(prompts, others_N):
        self_N = np.concatenate(case.parts)
        track = perform(performer, self_N, case.other_N, 6, case.block)
        calm = perform(performer, self_N[int(case.bad[1] * AUDIO_RATE) :], None, 6)
        shifted = MotionTrack(
            calm.time_T + case.bad[1], calm.motion_TD, calm.speaking_T, calm.listening_T,
            calm.viseme_TV,
        )  # fmt: skip
        span = (case.bad[1] + 1.0 + _GAP_S, case.seconds)
        after, usual = (_correlation(t, case, *span) for t in (track, shifted))
        during = _correlation(track, case, *case.bad) if case.spoiled_speech else None
        opened, alive = _open_outside(track, case, peak), _alive(track, case)
        told = f"open outside speech {opened * 100:.2f}%; afterwards {after:.2f} ({usual:.2f} if "
        told += f"nothing came before); {'alive' if alive else 'NOT alive'}"
        if during is not None:
            told += f"; openness during it {during:.2f}"
        rows.append(
            Row(
                f"bad input: {case.name}",
                "mouth shut outside speech (0.5%), follows within 1 s, alive",
                told,
                alive and opened <= OPEN_BAR and after > 0.2 and after >= FOLLOWS * usual,
                "",
                {"open": opened, "after": after, "usual": usual, "during": during, "alive": alive},
            )
        )
    return rows
