"""Text direction: "smile warmly and nod, then look thoughtful" becomes controls and cues over time.

The grammar, in short (docs/directions.md has it with examples): moments follow each other at
commas, full stops and "then"; "and", "with", "while" join what happens in one moment. A moment has
cues (nod), a mood (happy) and levels (lively, warmer), each with a degree (slightly, very); "for 3
seconds" gives it a length, "after 5 seconds" a wait, "at 0:12" a time. Words that are not known
are reported with the nearest known one; they are never guessed and never passed over, and a
direction with such words is not performed at all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

from inference.contract import Controls, PersonareError
from inference.direction_moments import UNKNOWN, Change, Direction, Moment, Problem
from inference.direction_reader import DirectionReader

__all__ = [
    "Change",
    "Direction",
    "Director",
    "Moment",
    "Problem",
    "direction_of",
    "parse_direction",
    "tell_problems",
]

MOST_CHARACTERS: Final = 2000
_HELP: Final = (
    "Use moods (happy, serious, sad, angry, surprised, thoughtful, neutral), cues (nod, shake your "
    "head, smile, raise your brows, look away, wink) and words such as livelier, calmer, warmer."
)


def parse_direction(text: str) -> Direction:
    """Read a direction; never raises. Look at `problems` before performing it."""
    if len(text) > MOST_CHARACTERS:
        reason = f"A direction has at most {MOST_CHARACTERS} characters."
        return Direction(text[:MOST_CHARACTERS], problems=(Problem("", reason),))
    reader = DirectionReader(text)
    reader.read()
    if not reader.moments and not reader.problems:
        reader.problems.append(Problem(text.strip(), "It asks for nothing."))
    return Direction(text, tuple(reader.moments), tuple(reader.problems))


def direction_of(text: str) -> Direction:
    """Read a direction that is to be performed.

    Raises:
        PersonareError: some of it was not understood; the remedy has the nearest known words.
    """
    direction = parse_direction(text)
    if direction.problems:
        raise PersonareError(*tell_problems(direction.problems))
    return direction


def tell_problems(problems: tuple[Problem, ...]) -> tuple[str, str]:
    """A sentence and a remedy for people."""
    unknown = [problem for problem in problems if problem.reason == UNKNOWN]
    others = [problem for problem in problems if problem.reason != UNKNOWN]
    if not unknown:
        return f"The direction was not understood: {others[0].reason}", _HELP
    words = ", ".join(f"'{problem.words}'" for problem in unknown)
    nearest = [f"'{p.nearest}' for '{p.words}'" for p in unknown if p.nearest]
    remedy = f"Perhaps you meant {', '.join(nearest)}." if nearest else _HELP
    return f"The direction has words that are not known: {words}.", remedy


@dataclass(order=True, slots=True)
class _Act:
    """Something that is due: at one time endings come first, cues last."""

    at_s: float
    order: int
    moment: int
    change: Change | None = field(default=None, compare=False)
    cue: str = field(default="", compare=False)


class Director:
    """Carries a direction out over audio time. Not locked: one thread, or a lock around it.

    What the user sets meanwhile (`set_controls`) holds until the direction changes the same thing
    again; a passing change takes back only what nobody has changed since.
    """

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        """The present ones."""
        self.text = ""
        """The direction that is being performed; "" when none is."""
        self._acts: deque[_Act] = deque()
        self._before: dict[str, tuple[int, Change]] = {}  # what a passing change took the place of

    def begin(self, direction: Direction, now_s: float) -> None:
        """Perform a direction from `now_s` on, in place of one that is being performed."""
        self.end()
        self.text = direction.text.strip()
        acts = [_Act(now_s + direction.seconds, 3, len(direction.moments))]
        for number, moment in enumerate(direction.moments):
            begin_s = now_s + moment.start_s
            acts += [_Act(begin_s, 1, number, change) for change in moment.lasting]
            for change in moment.passing:
                acts.append(_Act(begin_s, 1, number, replace(change, passing=True)))
                acts.append(_Act(begin_s + moment.length_s, 0, number, change))
            acts += [_Act(now_s + at_s, 2, number, cue=name) for at_s, name in moment.cues]
        self._acts = deque(sorted(acts))

    def end(self) -> None:
        """Stop performing a direction; what it changed in passing goes back."""
        for _, former in list(self._before.values()):
            self.controls = former.apply(self.controls)
        self._before.clear()
        self._acts.clear()
        self.text = ""

    def set_controls(self, controls: Controls) -> None:
        """The user's own wish."""
        for name in ("mood", "liveliness", "warmth"):
            if _value(controls, name) != _value(self.controls, name):
                self._before.pop(name, None)
        self.controls = controls

    @property
    def next_s(self) -> float:
        """Audio time at which something is due; infinity when nothing is."""
        return self._acts[0].at_s if self._acts else float("inf")

    def act(self, now_s: float) -> list[str]:
        """Change `controls` as is due until `now_s`; returns the cues that begin now."""
        cues: list[str] = []
        while self._acts and self._acts[0].at_s <= now_s:
            act = self._acts.popleft()
            if act.cue:
                cues.append(act.cue)
            elif act.change is None:
                self.text = ""
            elif act.order == 0:
                self._take_back(act.moment, act.change.field)
            else:
                self._make(act.moment, act.change)
        return cues

    def _make(self, moment: int, change: Change) -> None:
        former = self._before.pop(change.field, None)
        if change.passing:
            # A passing change upon a passing one goes back to what was before both.
            present = _value(self.controls, change.field)
            self._before[change.field] = (moment, former[1] if former else present)
        self.controls = change.apply(self.controls)

    def _take_back(self, moment: int, name: str) -> None:
        owner, former = self._before.get(name, (-1, None))
        if owner == moment and former is not None:
            self.controls = former.apply(self.controls)
            del self._before[name]


def _value(controls: Controls, name: str) -> Change:
    """The present value of a field, as the change that would bring it back."""
    if name == "mood":
        return Change(name, controls.mood_strength, controls.mood)
    return Change(name, float(getattr(controls, name)))
