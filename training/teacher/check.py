"""Measures the teacher's own performances against the published figures, and prints the table.

`python -m training.teacher.check CORPUS [--minutes 60]`. Everything is counted from the channels
alone, as one would from a video, except who is speaking, which the conversation tells.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array
from training.motion.performance import PERFORMANCE_INDEX
from training.speech.corpus import Corpus
from training.teacher.clip_facts import VoiceBook
from training.teacher.conversation import Conversation, converse
from training.teacher.direction import Direction, direct, steady
from training.teacher.performer import perform
from training.teacher.scene import Scene, some_person, stage
from training.teacher.shapes import RATE, Track, runs

AWAY_DEGREES: Final = 3.2
"""Gaze further than this from the camera is away."""
NOD_DEGREES: Final = 1.8
RAISE: Final = 0.1
NEAR_S: Final = 1.2

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Act:
    """A performance and what it was acted from."""

    scene: Scene
    performance_TP: Float32Array

    def channel(self, name: str) -> Track:
        """One channel as float64 (T,)."""
        return self.performance_TP[:, PERFORMANCE_INDEX[name]].astype(np.float64)

    def states(self) -> dict[str, Bools]:
        """Steps of speaking, listening and idling, without the half second around changes."""
        talk_T, hear_T = self.scene.talk_T > 0.9, self.scene.hear_T > 0.9
        rest_T = (self.scene.talk_T < 0.1) & (self.scene.hear_T < 0.1)
        return {"speaking": talk_T, "listening": hear_T, "idle": rest_T}

    def gaze_degrees(self) -> tuple[Track, Track]:
        """Gaze in the room: eyes in the head plus the head."""
        pitch_T = self.channel("gazePitch")
        eye_T = np.where(pitch_T > 0, 25 * pitch_T, 30 * pitch_T)
        return (
            30 * self.channel("gazeYaw") + np.degrees(self.channel("headYaw")),
            eye_T + np.degrees(self.channel("headPitch")),
        )


def blinks_of(act: Act) -> list[int]:
    """Steps at which both lids are at their lowest, having come down by 0.3 at least."""
    lid_T = np.minimum(act.channel("blinkLeft"), act.channel("blinkRight"))
    shut = runs(lid_T > 0.38)
    return [first + int(lid_T[first:last].argmax()) for first, last in shut]


def nods_of(act: Act) -> list[int]:
    """Steps at which quick downward swings of the head begin, one for each train of nods."""
    pitch_T = np.degrees(act.channel("headPitch"))
    slow = np.convolve(np.pad(pitch_T, 25, mode="edge"), np.ones(51) / 51, "valid")
    quick_T = np.convolve(pitch_T - slow, np.ones(3) / 3, "same")
    out: list[int] = []
    for first, last in runs(np.diff(quick_T, prepend=quick_T[:1]) < 0):
        drop = quick_T[max(first - 1, 0)] - quick_T[last - 1]
        if drop > NOD_DEGREES and last - first <= 12 and (not out or first - out[-1] > 25):
            out.append(first)
    return out


def raises_of(act: Act) -> list[int]:
    """Steps at which the brows begin to rise by RAISE within half a second."""
    brow_T = 0.5 * (act.channel("browOuterUpLeft") + act.channel("browOuterUpRight"))
    grown = np.concatenate([brow_T[12:] - brow_T[:-12], np.zeros(12)])
    out: list[int] = []
    for first, _ in runs(grown > RAISE):
        start = first + int(np.argmax(np.diff(brow_T[first : first + 14]) > 0.01))
        if not out or start - out[-1] > 20:
            out.append(start)
    return out


def share_near_pauses(act: Act, steps: list[int]) -> tuple[int, int]:
    """How many of the steps lie within NEAR_S after (or 0.2 s before) a pause, of how many."""
    starts = np.array([start for start, _ in act.scene.you.pauses(0.2)] or [-99.0])
    hits = 0
    for step in steps:
        after = step / RATE - starts
        hits += bool(np.any((after > -0.2) & (after < NEAR_S)))
    return hits, len(steps)


def _lengths(flag_T: Bools, inside_T: Bools) -> list[float]:
    """Durations in s of stretches of a flag that lie wholly inside a state."""
    return [(b - a) / RATE for a, b in runs(flag_T) if inside_T[a:b].all() and b - a > 3]


class Tally:
    """Counts over many acts, and the table of them."""

    def __init__(self) -> None:
        self.minutes = dict.fromkeys(("speaking", "listening", "idle"), 0.0)
        self.blinks = dict(self.minutes)
        self.shifts = dict(self.minutes)
        self.mutual: dict[str, list[float]] = {name: [] for name in self.minutes}
        self.away: dict[str, list[float]] = {name: [] for name in self.minutes}
        self.nods = self.raises = self.near = self.answers = 0

    def add(self, act: Act) -> None:
        """Count one act."""
        yaw_T, pitch_T = act.gaze_degrees()
        away_T = np.hypot(yaw_T, pitch_T) > AWAY_DEGREES
        speed_T = np.hypot(np.diff(yaw_T, prepend=yaw_T[0]), np.diff(pitch_T, prepend=pitch_T[0]))
        jumps = [first for first, _ in runs(speed_T > 1.0)]
        for name, inside_T in act.states().items():
            self.minutes[name] += float(inside_T.sum()) / RATE / 60
            self.blinks[name] += sum(bool(inside_T[i]) for i in blinks_of(act))
            self.shifts[name] += sum(bool(inside_T[i]) for i in jumps)
            self.mutual[name] += _lengths(~away_T, inside_T)
            self.away[name] += _lengths(away_T, inside_T)
        listening_T = act.scene.hear_T > 0.5
        nods = [i for i in nods_of(act) if listening_T[i]]
        raises = [i for i in raises_of(act) if listening_T[i]]
        self.nods, self.raises = self.nods + len(nods), self.raises + len(raises)
        hits, count = share_near_pauses(act, nods + raises)
        self.near, self.answers = self.near + hits, self.answers + count

    def rows(self) -> list[tuple[str, str, str]]:
        """(what, measured, published)."""
        rate = {
            "speaking": "26 (Bentivoglio 1997)", "listening": "between 17 and 26",
            "idle": "17 (Bentivoglio 1997)",
        }  # fmt: skip
        out = [
            (f"blinks a minute, {name}", f"{n / self.minutes[name]:.1f}", rate[name])
            for name, n in self.blinks.items()
        ]
        lee = {
            "speaking": ("3.13 +- 3.16", "0.93 +- 0.80"), "idle": ("none", "none"),
            "listening": ("7.92 +- 1.57", "0.43 +- 0.24"),
        }  # fmt: skip
        for name, (mutual, away) in lee.items():
            looks, aways = self.mutual[name] or [0.0], self.away[name] or [0.0]
            out.append((f"looking, s, {name}", _spread(looks), f"{mutual} (Lee 2002)"))
            out.append((f"looking away, s, {name}", _spread(aways), f"{away} (Lee 2002)"))
            per = self.shifts[name] / self.minutes[name]
            out.append((f"gaze shifts over 1 degree a minute, {name}", f"{per:.0f}", ""))
        heard = max(self.minutes["listening"], 1e-9)
        out.append(("nods a minute of listening", f"{self.nods / heard:.1f}", ""))
        out.append(("brow raises a minute of listening", f"{self.raises / heard:.1f}", ""))
        both = (self.nods + self.raises) / heard
        out.append(("both", f"{both:.1f}", "4-12"))
        near = self.near / max(self.answers, 1)
        out.append((f"of these within {NEAR_S} s of a pause", f"{near:.0%}", "60% or more"))
        return out


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.2f} +- {np.std(values):.2f}"


def measure(conversation: Conversation, direction: Direction, rng: np.random.Generator) -> Act:
    """Act out a conversation and keep what it was acted from."""
    person = some_person(rng)
    scene = stage(conversation, direction, person)
    return Act(scene, perform(conversation, direction, rng, person))


def main() -> None:
    """Read the command line, act, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--any-controls", action="store_true", help="as in the shards")
    parser.add_argument("--liveliness", type=float, default=0.5)
    parser.add_argument("--mood", default="neutral")
    options = parser.parse_args()
    book, tally = VoiceBook(Corpus(options.corpus)), Tally()
    rng = np.random.default_rng(options.seed)
    for _ in range(max(int(options.minutes / 10), 1)):
        calm = steady(600 * RATE, options.liveliness, 0.5, {options.mood: 1.0})
        direction = direct(rng, 600.0) if options.any_controls else calm
        tally.add(measure(converse(book, rng, 600.0), direction, rng))
    for what, got, published in tally.rows():
        print(f"{what:42s} {got:>16s}   {published}")


if __name__ == "__main__":
    main()
