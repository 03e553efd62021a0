"""Everything a performer acts from: both sides, the controls, and who they are.

The mood is what the face shows, so it follows the controls within 0.5 to 1.5 s, the time a felt
expression takes to come up (Schmidt, Ambadar, Cohn and Reed, J. Nonverbal Behav. 2006; Hess and
Kleck, Eur. J. Soc. Psychol. 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import MOODS
from training.motion.performance import PERFORMANCE_INDEX, PERFORMANCE_SIZE
from training.teacher.conversation import Conversation, Side
from training.teacher.direction import Direction
from training.teacher.shapes import RATE, Rng, Track, follow, lognormal

MOOD_OMEGA: Final = 5.0
"""rad/s of the spring after a change of mood: 90% after 0.8 s."""


@dataclass(frozen=True, slots=True)
class Person:
    """What stays the same about somebody: factors about 1 and leanings in -1..1 or degrees.

    Faces and habits are lopsided in a lasting way (Borod, Haywood and Koff, "Neuropsychological
    aspects of facial asymmetry during emotional expression", Neuropsychol. Rev. 1997).
    """

    blink_rate: float
    nod_size: float
    expressive: float
    breath_rate: float
    smile_lean: float
    brow_lean: float
    look_side: float
    tilt: float
    turned: float


def some_person(rng: Rng) -> Person:
    """A random person."""
    lean = np.clip(rng.standard_normal(5), -2, 2)
    return Person(
        blink_rate=lognormal(rng, 1.0, 0.15), nod_size=lognormal(rng, 1.0, 0.12),
        expressive=lognormal(rng, 1.0, 0.1), breath_rate=lognormal(rng, 1.0, 0.08),
        smile_lean=0.09 * lean[0], brow_lean=0.07 * lean[1], look_side=0.35 * lean[2],
        tilt=0.9 * lean[3], turned=1.0 * lean[4],
    )  # fmt: skip


@dataclass(slots=True)
class Scene:
    """One performance to be acted. Tracks have RATE steps a second.

    `talk_T` is 1 in the user's own turns, pauses included, `hear_T` in those of the others while
    the user has none, both smoothed over some 0.3 s; `sound_T` is 1 only while the user sounds.
    """

    conversation: Conversation
    direction: Direction
    person: Person
    size: int
    talk_T: Track
    hear_T: Track
    sound_T: Track
    mood_TM: Track
    lively_T: Track
    warm_T: Track

    @property
    def seconds(self) -> float:
        """Length in s."""
        return self.size / RATE

    @property
    def me(self) -> Side:
        """The user's side."""
        return self.conversation.me

    @property
    def you(self) -> Side:
        """The others' side."""
        return self.conversation.you

    def mood(self, name: str) -> Track:
        """Weight of one mood over time."""
        return self.mood_TM[:, MOODS.index(name)]

    def cues(self, *names: str) -> list[tuple[float, str]]:
        """Cues of these names, (seconds, name)."""
        return [cue for cue in self.direction.cues if cue[1] in names]


def stage(conversation: Conversation, direction: Direction, person: Person) -> Scene:
    """Put a conversation, controls and a person together."""
    size = round(conversation.seconds * RATE)
    talk_T = _spans(conversation.me.turns_N2, size)
    hear_T = _spans(conversation.you.turns_N2, size) * (1 - talk_T)
    return Scene(
        conversation, direction, person, size,
        follow(talk_T, 10.0), follow(hear_T, 10.0),
        conversation.me.speaking_S[::2][:size].astype(np.float64),
        np.stack([follow(m, MOOD_OMEGA) for m in direction.mood_TM[:size].T], 1),
        follow(direction.liveliness_T[:size], 4.0), follow(direction.warmth_T[:size], 4.0),
    )  # fmt: skip


def _spans(pairs_N2: NDArray[np.float32], size: int) -> Track:
    out_T = np.zeros(size)
    for start, end in pairs_N2:
        out_T[int(start * RATE) : int(end * RATE)] = 1
    return out_T


class Canvas:
    """A performance being written: channels by name, (T, PERFORMANCE_SIZE), at first all zero."""

    def __init__(self, size: int) -> None:
        self.values_TP = np.zeros((size, PERFORMANCE_SIZE))

    def __getitem__(self, name: str) -> Track:
        return self.values_TP[:, PERFORMANCE_INDEX[name]]

    def __setitem__(self, name: str, track_T: Track) -> None:
        self.values_TP[:, PERFORMANCE_INDEX[name]] = track_T
