"""Measures the teacher's own performances against the published figures, and prints the table.

`python -m training.teacher.check CORPUS [--minutes 60]`. Events are counted in the composed motion
by the same counters that judge the student (`training.evaluate.events`); only who is speaking is
taken from the conversation.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.contract import MOTION_RATE, Float32Array
from training.evaluate import events
from training.evaluate.published import BLINKS, LOOKS, SACCADE_SIZE
from training.motion.compose import Compose
from training.speech.corpus import Corpus
from training.teacher.clip_facts import VoiceBook
from training.teacher.conversation import Conversation, converse
from training.teacher.direction import Direction, direct, steady
from training.teacher.mouth import MOUTH
from training.teacher.performer import perform
from training.teacher.scene import Scene, some_person, stage
from training.teacher.shapes import RATE, Rng

NEAR_S: Final = 1.2
_TWO: Final = MOTION_RATE // RATE
STATES: Final = ("speaking", "listening", "idle")

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Act:
    """A performance and what it was acted from."""

    scene: Scene
    performance_TP: Float32Array

    def motion(self) -> Float32Array:
        """The motion with the mouth left at rest, MOTION_RATE steps a second."""
        steps = len(self.performance_TP)
        time = np.minimum(np.arange(steps * _TWO) / _TWO, steps - 1)
        face = [np.interp(time, np.arange(steps), track) for track in self.performance_TP.T]
        face_TP = torch.from_numpy(np.stack(face, 1).astype(np.float32))
        motion_TD = Compose()(torch.zeros(len(face_TP), len(MOUTH)), face_TP)
        return np.asarray(motion_TD.detach().numpy(), np.float32)

    def states(self) -> dict[str, Bools]:
        """Steps of MOTION_RATE spent in each of STATES, without those around changes."""
        talk_T, hear_T = (np.repeat(t, _TWO) for t in (self.scene.talk_T, self.scene.hear_T))
        rest_T = (talk_T < 0.02) & (hear_T < 0.02)
        return {"speaking": talk_T > 0.5, "listening": hear_T > 0.5, "idle": rest_T}


class Tally:
    """Counts over many acts, and the table of them."""

    def __init__(self) -> None:
        self.minutes = dict.fromkeys(STATES, 0.0)
        self.blinks = dict.fromkeys(STATES, 0.0)
        self.shifts = dict.fromkeys(STATES, 0.0)
        self.looks: dict[tuple[str, str], list[float]] = {key: [] for key in LOOKS}
        self.sizes: list[float] = []
        self.nods = self.raises = self.near = self.answers = 0

    def add(self, act: Act) -> None:
        """Count one act."""
        motion_TD = act.motion()
        blinks = events.blinks(motion_TD)
        saccades, size = events.saccades(motion_TD)
        self.sizes += size.tolist()
        looks = events.looks(motion_TD)
        for name, inside_T in act.states().items():
            self.minutes[name] += float(inside_T.sum()) / MOTION_RATE / 60
            self.blinks[name] += float(inside_T[blinks].sum())
            self.shifts[name] += float(inside_T[saccades].sum())
            for start, end, away in looks:
                kind = (name, "away" if away else "mutual")
                if kind in self.looks and inside_T[(start + end) // 2]:
                    self.looks[kind].append((end - start) / MOTION_RATE)
        listening_T = act.states()["listening"]
        nods = events.nods(motion_TD)
        raises = events.brow_raises(motion_TD)
        nods, raises = nods[listening_T[nods]], raises[listening_T[raises]]
        self.nods, self.raises = self.nods + len(nods), self.raises + len(raises)
        self.answers += len(nods) + len(raises)
        self.near += near_pauses(act, np.concatenate([nods, raises]) / MOTION_RATE)

    def answers_a_minute(self) -> float:
        """Nods and brow raises a minute of listening."""
        return (self.nods + self.raises) / max(self.minutes["listening"], 1e-9)

    def blink_rate(self, state: str) -> float:
        """Blinks a minute in one of STATES."""
        return self.blinks[state] / max(self.minutes[state], 1e-9)

    def rows(self) -> list[tuple[str, str, str]]:
        """(what, measured, published)."""
        out = [
            (f"blinks a minute, {name}", f"{self.blink_rate(name):.1f}", str(BLINKS[name]))
            for name in STATES
        ]
        for (name, kind), found in LOOKS.items():
            seconds = self.looks[name, kind] or [0.0]
            told = f"{np.mean(seconds):.2f} +- {np.std(seconds):.2f}"
            what = "looking, s" if kind == "mutual" else "looking away, s"
            out.append((f"{what}, {name}", told, str(found)))
        for name in STATES:
            rate = self.shifts[name] / max(self.minutes[name], 1e-9)
            out.append((f"saccades of 1 degree or more a minute, {name}", f"{rate:.0f}", ""))
        size = f"{np.mean(self.sizes or [0.0]):.1f}"
        out.append(("mean size of saccades, degrees", size, str(SACCADE_SIZE)))
        heard = max(self.minutes["listening"], 1e-9)
        out.append(("nods a minute of listening", f"{self.nods / heard:.1f}", ""))
        out.append(("brow raises a minute of listening", f"{self.raises / heard:.1f}", ""))
        out.append(("both", f"{self.answers_a_minute():.1f}", "4-12"))
        near = self.near / max(self.answers, 1)
        out.append((f"of these within {NEAR_S} s after a pause begins", f"{near:.0%}", "60%"))
        return out


def near_pauses(act: Act, seconds_E: NDArray[np.float64]) -> int:
    """How many events begin within NEAR_S after the others fall silent for 0.2 s or more."""
    starts = np.array([start for start, _ in act.scene.you.pauses(0.2)])
    if not len(starts) or not len(seconds_E):
        return 0
    after = seconds_E[:, None] - starts
    return int(((after >= 0) & (after <= NEAR_S)).any(1).sum())


def measure(conversation: Conversation, direction: Direction, rng: Rng) -> Act:
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
    torch.set_num_threads(1)
    book, tally = VoiceBook(Corpus(options.corpus)), Tally()
    rng = np.random.default_rng(options.seed)
    for _ in range(max(int(options.minutes / 10), 1)):
        calm = steady(600 * RATE, options.liveliness, 0.5, {options.mood: 1.0})
        direction = direct(rng, 600.0) if options.any_controls else calm
        tally.add(measure(converse(book, rng, 600.0), direction, rng))
    for what, got, published in tally.rows():
        print(f"{what:48s} {got:>14s}   {published}")


if __name__ == "__main__":
    main()
