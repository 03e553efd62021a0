"""What a text direction becomes: moments with their place in time, and what was not understood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from inference.contract import Controls
from inference.direction_words import (
    CUE_HOLD_SECONDS,
    CUE_SECONDS,
    LEVELS,
    MOMENT_SECONDS,
    STEPS,
    STRENGTHS,
    Degree,
    Level,
    Mood,
)

UNKNOWN: Final = "This word is not known."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not understood: the words, why (a sentence), the nearest known word."""

    words: str
    reason: str
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A new value of one field of `Controls`.

    `mood`: `mood` and `amount` (its strength). Levels: `amount` is the value, or with `by` what is
    added to the present one.
    """

    field: str
    amount: float
    mood: str = ""
    by: bool = False
    passing: bool = False
    """Whether it is taken back later."""

    def apply(self, controls: Controls) -> Controls:
        """The controls with this change made."""
        if self.field == "mood":
            return replace(controls, mood=self.mood, mood_strength=self.amount)
        now = float(getattr(controls, self.field))
        value = min(1.0, max(0.0, now + self.amount if self.by else self.amount))
        if self.field == "liveliness":
            return replace(controls, liveliness=value)
        return replace(controls, warmth=value)


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens together, from `start_s` on, counted from the direction's own start.

    `cues` are (seconds, name), counted the same. `passing` changes end with the moment, `lasting`
    ones stay.
    """

    start_s: float
    length_s: float
    cues: tuple[tuple[float, str], ...] = ()
    lasting: tuple[Change, ...] = ()
    passing: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Direction:
    """A text, and what of it was understood; with `problems` it must not be performed."""

    text: str
    moments: tuple[Moment, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def seconds(self) -> float:
        """From its start to the end of the last moment."""
        return max((moment.start_s + moment.length_s for moment in self.moments), default=0.0)

    @property
    def uses(self) -> frozenset[str]:
        """Everything it asks for: `liveliness`, `warmth`, moods and cues by name."""
        cues = {name for moment in self.moments for _, name in moment.cues}
        changes = [c for moment in self.moments for c in (*moment.lasting, *moment.passing)]
        return frozenset(cues | {change.mood or change.field for change in changes})


@dataclass(slots=True)
class Draft:
    """A moment while it is read."""

    cues: list[tuple[str, int]] = field(default_factory=list)
    """Name and repetitions; 0 is as often as the length allows."""
    lasting: list[Change] = field(default_factory=list)
    adverbs: list[Change] = field(default_factory=list)
    faces: list[Change] = field(default_factory=list)
    """What stands for, or goes with, a cue that was said with a degree; as long as the cue."""
    length_s: float | None = None
    wait_s: float = 0.0
    at_s: float | None = None
    waits: bool = False

    def empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return not (self.acts() or self.waits)

    def acts(self) -> bool:
        """Whether anything is to be seen in it."""
        return bool(self.cues or self.lasting or self.adverbs or self.faces)

    def changes(self) -> list[Change]:
        """All of its changes."""
        return [*self.lasting, *self.adverbs, *self.faces]


def change_of(meaning: Mood | Level, degree: Degree) -> Change:
    """What a mood or a level means, said with a degree."""
    if isinstance(meaning, Mood):
        if degree.share is not None:
            return Change("mood", degree.share, meaning.name)
        # "more" and "less" of a mood have nothing to be measured by: fully, and slightly.
        amount = {0: degree.amount, 1: 2, -1: 0}[degree.step]
        amount = min(2, amount + 1) if meaning.more else amount
        strength = 1.0 if meaning.name == "neutral" else STRENGTHS[amount]
        return Change("mood", strength, meaning.name)
    if degree.share is not None and not meaning.step:
        return Change(meaning.control, degree.share if meaning.up else 1.0 - degree.share)
    if meaning.step or degree.step:
        up = meaning.up if degree.step >= 0 else not meaning.up
        return Change(meaning.control, STEPS[degree.amount] * (1 if up else -1), by=True)
    return Change(meaning.control, LEVELS[meaning.up][degree.amount])


def place(draft: Draft, start_s: float) -> Moment:
    """The moment at its time: how long it takes, and when each of its cues begins."""
    length = draft.length_s
    lengths = [CUE_SECONDS[name] * max(1, n) for name, n in draft.cues]
    lengths += [CUE_SECONDS["smile"] for _ in draft.faces]
    natural = max(lengths, default=MOMENT_SECONDS)
    cues: list[tuple[float, str]] = []
    for name, count in draft.cues:
        seconds = CUE_SECONDS[name]
        gap = seconds if count else CUE_HOLD_SECONDS.get(name, seconds)
        if count == 0:
            count = 1 if length is None else 1 + max(0, int((length - seconds) / gap + 1e-9))
        cues += [(start_s + k * gap, name) for k in range(count)]
    lasting, passing = list(draft.lasting), draft.adverbs + draft.faces
    if not (draft.cues or draft.faces):
        lasting, passing = lasting + passing, []
    if length is not None:
        lasting, passing = [], lasting + passing
    return Moment(
        start_s,
        natural if length is None else length,
        tuple(sorted(cues)),
        tuple(lasting),
        tuple(passing),
    )
