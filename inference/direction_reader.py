"""Reads the words of a direction; the grammar is in docs/directions.md."""

from __future__ import annotations

import difflib
import re
from typing import Final

from inference.direction_moments import (
    UNKNOWN,
    Change,
    Draft,
    Moment,
    Problem,
    change_of,
    place,
)
from inference.direction_words import (
    KNOWN_WORDS,
    LONGEST,
    PHRASES,
    SMILES,
    UNITS,
    Cue,
    Degree,
    Level,
    Meaning,
    Mood,
    Number,
    Part,
    Repeat,
    phrase_with,
)

_TOKEN: Final = re.compile(
    r"\d+(?::\d+)+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+(?:['-][^\W\d_]+)*|\S|\n"
)
_BREAKS: Final = frozenset(",;.!\n")
_SILENT: Final = frozenset("\"'“”‘’()[]–—-:?")


class DirectionReader:
    """One pass over the words, longest known phrase first."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(text.lower().replace("’", "'"))
        self._at = 0
        self._draft = Draft()
        self._degree: tuple[Degree, str] | None = None
        self._last: tuple[Mood | Level | Cue, str] | None = None
        self._count = 0  # "two nods"
        self._begins = True  # nothing was read since the last joint
        self._joins_next = False  # "while smiling, nod": the comma joins
        self._cursor_s = 0.0
        self.moments: list[Moment] = []
        self.problems: list[Problem] = []

    def read(self) -> None:
        """Read everything into `moments` and `problems`."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token in _BREAKS:
                self._at += 1
                self._break()
            elif token in _SILENT:
                self._at += 1
            elif not self._read_bare_time():
                self._read_phrase()
        self._close()
        self.moments.sort(key=lambda moment: moment.start_s)

    # -- words

    def _read_phrase(self) -> None:
        words, meaning = self._match()
        if meaning is None:
            word = self._tokens[self._at]
            self.problems.append(_unknown(word))
            self._at += 1
            self._begins = False
            return
        self._at += len(words)
        phrase = " ".join(words)
        match meaning:
            case Part():
                self._read_part(meaning, phrase)
                return
            case Degree():
                self._read_degree(meaning, phrase)
            case Repeat():
                self._repeat(meaning.count, phrase)
            case Number():
                self._read_number(meaning.value, phrase)
            case Mood() | Level() | Cue():
                self._add(meaning, phrase)
        self._begins = False

    def _match(self) -> tuple[tuple[str, ...], Meaning | None]:
        for length in range(min(LONGEST, len(self._tokens) - self._at), 0, -1):
            words = tuple(self._tokens[self._at : self._at + length])
            if words in PHRASES:
                return words, PHRASES[words]
        return (), None

    def _read_part(self, part: Part, phrase: str) -> None:
        if part is Part.THEN:
            self._close()
        elif part is Part.AND:
            self._joins_next = not self._draft.acts() and self._begins
            self._begins = True
        elif part in (Part.FOR, Part.AFTER, Part.AT):
            self._read_time_phrase(part, phrase)
            self._begins = False
        elif part is Part.WAIT:
            self._draft.waits = True
            self._begins = False
        elif part is Part.NOT:
            reason = f"'{phrase}' cannot be performed: say what to do instead."
            self.problems.append(Problem(phrase, reason))
        elif part is not Part.FILLER:
            self.problems.append(Problem(phrase, f"'{phrase}' needs a number before it."))

    def _read_degree(self, degree: Degree, phrase: str) -> None:
        following = self._peek()
        if isinstance(following, Mood | Level | Cue):
            self._degree = (degree, phrase)
        elif self._last is not None and not self._begins:
            self._degree = (degree, phrase)
            meaning, said = self._last
            self._take_back(meaning)
            self._add(meaning, said)
        else:
            self.problems.append(Problem(phrase, f"'{phrase}' says nothing here."))

    def _peek(self) -> Meaning | None:
        """The meaning that comes next, fillers aside."""
        at = self._at
        found: Meaning | None = Part.FILLER
        while found is Part.FILLER and self._at < len(self._tokens):
            words, found = self._match()
            self._at += len(words)
        self._at = at
        return found

    def _take_back(self, meaning: Mood | Level | Cue) -> None:
        """Undo the last `_add`, so that it can be made again with a degree."""
        draft = self._draft
        if isinstance(meaning, Cue):
            draft.cues.pop()
        else:
            (draft.adverbs if meaning.adverb else draft.lasting).pop()

    def _add(self, meaning: Mood | Level | Cue, phrase: str) -> None:
        degree, said = self._degree or (Degree(1), "")
        # One degree is enough: what has one is not to be said again with another.
        self._degree, self._last = None, None if said else (meaning, phrase)
        draft = self._draft
        if isinstance(meaning, Cue):
            self._add_cue(meaning, phrase, degree, said)
            return
        change = change_of(meaning, degree)
        self._check_alone(change, phrase)
        # Kept in any case, so that a degree after it finds it.
        (draft.adverbs if meaning.adverb else draft.lasting).append(change)

    def _add_cue(self, cue: Cue, phrase: str, degree: Degree, said: str) -> None:
        """A cue has no strength of its own; a smile has others that stand for it."""
        draft, count, self._count = self._draft, self._count, 0
        if not said:
            draft.cues.append((cue.name, count))
        elif cue.name == "smile" and degree.step:
            change = change_of(Level("warmth", True), degree)
            self._check_alone(change, phrase)
            draft.lasting.append(change)
        elif cue.name == "smile" and degree.amount in SMILES and degree.share is None:
            given, strength = SMILES[degree.amount]
            change = change_of(Mood("happy"), Degree(1, share=strength))
            self._check_alone(change, phrase)
            draft.faces.append(change)
            if given:
                draft.cues.append((cue.name, count))
        else:
            reason = f"'{said}' cannot be said of '{phrase}': it has no strength."
            self.problems.append(Problem(said, reason))
            draft.cues.append((cue.name, count))

    def _check_alone(self, change: Change, phrase: str) -> None:
        if any(other.field == change.field for other in self._draft.changes()):
            reason = f"'{phrase}' contradicts what is asked for at the same time; write 'then'."
            self.problems.append(Problem(phrase, reason))

    def _repeat(self, count: int, phrase: str) -> None:
        cues = self._draft.cues
        if not cues or not 1 <= count <= 20:
            self.problems.append(Problem(phrase, f"'{phrase}' fits a cue, and at most 20 times."))
            return
        cues[-1] = (cues[-1][0], count)

    # -- numbers and times

    def _read_number(self, value: float, phrase: str) -> None:
        if self._match()[1] is Part.TIMES:
            self._at += 1
            self._repeat(int(value) if value == int(value) else 0, f"{phrase} times")
            return
        if isinstance(self._peek(), Cue) and value in range(1, 21):
            self._count = int(value)
            return
        self.problems.append(
            Problem(phrase, f"'{phrase}' needs 'times' or a unit, as in 3 seconds.")
        )

    def _read_bare_time(self) -> bool:
        """A length that no "for" or "after" announces; whether there is one."""
        begin = self._at
        share = self._take_percent()
        if share is not None:
            phrase = " ".join(self._tokens[begin : self._at])
            if share <= 1.0:
                self._read_degree(Degree(1, share=share), phrase)
            else:
                self.problems.append(Problem(phrase, f"'{phrase}' is more than all."))
            self._begins = False
            return True
        if self._tokens[begin] == "in" and self._seconds_at(begin + 1) is not None:
            self._at += 1
            self._read_time_phrase(Part.AFTER, "in")
            self._begins = False
            return True
        seconds = self._take_seconds()
        if seconds is None:
            if self._tokens[begin][0].isdigit():
                self._at += 1
                self._read_number(_number(self._tokens[begin]), self._tokens[begin])
                return True
            return False
        phrase = " ".join(self._tokens[begin : self._at])
        if self._match()[1] is Part.LATER:
            self._at += 1
            self._wait(seconds)
        elif self._draft.waits:
            self._draft.length_s = seconds
        else:
            reason = f"Write 'for {phrase}' or 'after {phrase}'."
            self.problems.append(Problem(phrase, reason))
        self._begins = False
        return True

    def _read_time_phrase(self, part: Part, phrase: str) -> None:
        if part is Part.AT and self._percent_at(self._at) is not None:
            return  # "happy at 50%"
        seconds = self._take_clock() if part is Part.AT else None
        if seconds is None:
            seconds = self._take_seconds()
        if seconds is None:
            example = {Part.FOR: "3 seconds", Part.AFTER: "5 seconds", Part.AT: "0:12"}[part]
            reason = f"'{phrase}' needs a time, as in '{phrase} {example}'."
            self.problems.append(Problem(phrase, reason))
        elif part is Part.FOR:
            self._draft.length_s = seconds
        elif part is Part.AFTER:
            self._wait(seconds)
        else:
            self._open_at_joint()
            self._draft.at_s = seconds

    def _wait(self, seconds: float) -> None:
        self._open_at_joint()
        self._draft.wait_s += seconds

    def _open_at_joint(self) -> None:
        """A time that opens a part ("smile, and at 0:05 nod") begins a moment of its own."""
        if self._begins and self._draft.acts():
            self._close()

    def _take_clock(self) -> float | None:
        """`1:02` or `0:12.5` in seconds."""
        if self._at < len(self._tokens) and ":" in self._tokens[self._at]:
            parts = [float(part) for part in self._tokens[self._at].split(":")]
            if len(parts) <= 3 and all(part < 60 for part in parts[1:]):
                self._at += 1
                return sum(part * 60.0**k for k, part in enumerate(reversed(parts)))
        return None

    def _percent_at(self, at: int) -> float | None:
        """`50%` or `50 percent` as a share; None for anything else."""
        number, sign = (*self._tokens[at : at + 2], "", "")[:2]
        if sign not in ("%", "percent") or not number[0].isdigit() or ":" in number:
            return None
        return float(number) / 100

    def _take_percent(self) -> float | None:
        share = self._percent_at(self._at)
        if share is not None:
            self._at += 2
        return share

    def _take_seconds(self) -> float | None:
        found = self._seconds_at(self._at)
        if found is None:
            return None
        seconds, self._at = found
        return seconds

    def _seconds_at(self, at: int) -> tuple[float, int] | None:
        """A number and a unit: the seconds, and where the words go on."""
        tokens = self._tokens
        if at >= len(tokens):
            return None
        value: float | None = None
        if tokens[at][0].isdigit() and ":" not in tokens[at]:
            value, at = float(tokens[at]), at + 1
        else:
            for length in (3, 2, 1):
                meaning = PHRASES.get(tuple(tokens[at : at + length]))
                if isinstance(meaning, Number):
                    value, at = meaning.value, at + length
                    break
            if value is None and tokens[at] in ("a", "an"):
                value, at = 1.0, at + 1
        if value is None or at >= len(tokens) or tokens[at] not in UNITS:
            return None
        return value * UNITS[tokens[at]], at + 1

    # -- moments

    def _break(self) -> None:
        """A comma or a full stop: the next moment, unless a joining word follows or led in."""
        joined, self._joins_next = self._joins_next, False
        if not joined and self._peek() is not Part.AND:
            self._close()
        self._begins = True

    def _close(self) -> None:
        """The moment is complete: give it its place in time."""
        draft, self._draft = self._draft, Draft(wait_s=0.0)
        self._degree = self._last = None
        self._count = 0
        self._begins = True
        if draft.empty():
            # "after 5 seconds, nod": the time is for what follows.
            self._draft.wait_s, self._draft.at_s = draft.wait_s, draft.at_s
            return
        start = draft.at_s if draft.at_s is not None else self._cursor_s + draft.wait_s
        moment = place(draft, start)
        self._cursor_s = start + moment.length_s
        if draft.acts():
            self.moments.append(moment)


def _unknown(word: str) -> Problem:
    """A word without a meaning here: in which phrase it has one, or which known one is near."""
    phrase = phrase_with(word)
    if phrase:
        return Problem(word, f"'{word}' is known only in phrases such as '{phrase}'.", phrase)
    near = difflib.get_close_matches(word, KNOWN_WORDS, 1, cutoff=0.7)
    return Problem(word, UNKNOWN, near[0] if near else "")


def _number(token: str) -> float:
    return float(token) if ":" not in token else float("nan")
