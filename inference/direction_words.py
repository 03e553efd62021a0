"""The words of a direction ("smile warmly, then look thoughtful") and what each of them means.

One table of phrases; `inference/direction.py` reads a text with it, longest phrase first. What is
not in the table is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Part(Enum):
    """Words that shape the sentence."""

    THEN = "then"
    """What follows comes after what was said."""
    AND = "and"
    """What follows happens together with what was said."""
    FOR = "for"
    """A length follows."""
    AFTER = "after"
    """A wait follows."""
    LATER = "later"
    """A wait came before."""
    AT = "at"
    """A time of the clock follows."""
    WAIT = "wait"
    """Nothing new for a while."""
    TIMES = "times"
    """A number of repetitions came before."""
    FILLER = "filler"
    """Says nothing about the performance."""
    NOT = "not"
    """Turns a wish round; not understood, and never passed over."""


@dataclass(frozen=True, slots=True)
class Mood:
    """One of `inference.contract.MOODS`; an adverb ("sadly") colours the cues beside it only."""

    name: str
    adverb: bool = False
    more: bool = False
    """A comparative ("happier")."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One of `inference.contract.CUES`."""

    name: str


@dataclass(frozen=True, slots=True)
class Level:
    """Towards one end of `liveliness` or `warmth`: `up` or down, to a value or (`step`) by some."""

    control: str
    up: bool
    step: bool = False
    adverb: bool = False


@dataclass(frozen=True, slots=True)
class Degree:
    """How strongly: 0 slightly, 1 plainly, 2 very. `more` and `less` (`step`) compare with now."""

    amount: int
    step: int = 0
    share: float | None = None
    """Said in percent: 0..1 in place of `amount`."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """How many times."""

    count: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number written as a word."""

    value: float


Meaning = Part | Mood | Cue | Level | Degree | Repeat | Number

LEVELS: Final[dict[bool, tuple[float, float, float]]] = {
    True: (0.65, 0.8, 1.0),
    False: (0.35, 0.2, 0.0),
}
"""Value of liveliness or warmth for slightly, plainly, very; up and down. 0.5 is natural."""
STEPS: Final = (0.12, 0.25, 0.4)
"""How far "slightly more", "more" and "much more" go."""
STRENGTHS: Final = (0.4, 0.8, 1.0)
"""Strength of a mood for slightly, plainly, very."""
CUE_SECONDS: Final[dict[str, float]] = {
    "nod": 1.2, "shake": 1.6, "smile": 2.5, "raise_brows": 1.4, "look_away": 1.8, "wink": 0.8,
}  # fmt: skip
"""How long a cue lasts before the next words begin."""
CUE_HOLD_SECONDS: Final[dict[str, float]] = {"smile": 1.2, "raise_brows": 1.0, "look_away": 1.0}
"""A cue that is held for a length is given again this often, before the face goes back; others
follow each other. Measured on the performer: a smile given every 2.5 s falls to a third between."""
SMILES: Final = {0: (False, 0.4), 2: (True, 0.8)}
"""A slight and a broad smile: whether the cue is given, and the strength of the happy mood for as
long. Measured on the performer 0.3.0 (mean of both corners, six seeds): 0.31 and 0.57, held for
some seconds 0.73, where the cue alone reaches 0.57 for a second and a resting face has 0.2."""
MOMENT_SECONDS: Final = 2.0
"""The same for a mood or a level without a length of its own."""

UNITS: Final[dict[str, float]] = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "moment": 1.0, "moments": 1.0,
}  # fmt: skip
"""Seconds of each unit."""

_MOODS: Final[dict[str, str]] = {
    "neutral": (
        "neutral, normal, ordinary, as usual, as always, emotionless, back to normal, "
        "poker face, straight face, deadpan, expressionless"
    ),
    "happy": (
        "happy, cheerful, glad, joyful, joyous, delighted, pleased, merry, amused, content, jolly, "
        "in a good mood, cheery, cheer up, upbeat"
    ),
    "serious": "serious, earnest, solemn, stern, grave, businesslike, sober, formal, professional",
    "sad": (
        "sad, unhappy, sorrowful, gloomy, disappointed, melancholic, melancholy, downcast, "
        "mournful, depressed, miserable"
    ),
    "angry": "angry, annoyed, cross, furious, irritated, mad, outraged, grumpy, in a bad mood",
    "surprised": "surprised, astonished, amazed, startled, astounded, shocked, in surprise",
    "thinking": (
        "thinking, think, thoughtful, pensive, pondering, ponder, reflective, reflect, "
        "contemplative, in thought, lost in thought"
    ),
}
_MOOD_ADVERBS: Final[dict[str, str]] = {
    "neutral": "neutrally, normally",
    "happy": "happily, cheerfully, gladly, joyfully, merrily",
    "serious": "seriously, earnestly, solemnly, sternly, gravely",
    "sad": "sadly, unhappily, sorrowfully, gloomily",
    "angry": "angrily, furiously, grumpily",
    "surprised": "with surprise",
    "thinking": "thoughtfully, pensively",
}
_MOOD_COMPARATIVES: Final[dict[str, str]] = {
    "happy": "happier, gladder, cheerier",
    "sad": "sadder, gloomier",
    "angry": "angrier, grumpier",
}
_CUES: Final[dict[str, str]] = {
    "nod": (
        "nod, nods, nodding, nod your head, nod my head, nod the head, nod along, nodding along, "
        "nod yes, nod in agreement, nod your head yes, agree, say yes"
    ),
    "shake": (
        "shake, shakes, shaking, shake your head, shake my head, shake the head, shake head, "
        "shaking your head, shake your head no, shake no, head shake, headshake, head shakes, "
        "disagree, say no"
    ),
    "smile": "smile, smiles, smiling, a smile, grin, grins, grinning, beam",
    "raise_brows": (
        "brows up, eyebrows up, brow raise, eyebrow raise, raise both brows, raise both eyebrows, "
        "raise my brows, raise my eyebrows, "
        "raise brows, raise the brows, raise your brows, raise eyebrows, raise the eyebrows, "
        "raise your eyebrows, raising brows, raising your brows, raising eyebrows, "
        "raising your eyebrows, lift brows, lift your brows, lift eyebrows, lift your eyebrows"
    ),
    "look_away": (
        "look away, looks away, looking away, glance away, glancing away, look aside, "
        "glance aside, glance to the side, look to the side, avert your eyes, avert your gaze, "
        "turn your eyes away"
    ),
    "wink": "wink, winks, winking",
}
_LEVELS: Final[tuple[tuple[Level, str], ...]] = (
    (
        Level("liveliness", True),
        "lively, animated, energetic, active, excited, vivid, brisk, hyped, hyper, "
        "enthusiastic, bubbly, liveliness, energy",
    ),
    (Level("liveliness", True, adverb=True), "animatedly, energetically, excitedly, vividly"),
    (Level("liveliness", True, step=True), "livelier, liven up, perk up, wake up"),
    (
        Level("liveliness", False),
        "calm, still, keep still, hold still, stay still, quiet, relaxed, tranquil, "
        "laid-back, chill",
    ),
    (Level("liveliness", False, adverb=True), "calmly, quietly, relaxedly"),
    (
        Level("liveliness", False, step=True),
        "calmer, calm down, settle down, relax, quieter, chill out",
    ),
    (Level("warmth", True), "warm, friendly, kind, welcoming, kindhearted, keep smiling, warmth"),
    (Level("warmth", True, adverb=True), "warmly, kindly, in a friendly way, with warmth"),
    (Level("warmth", True, step=True), "warmer, friendlier, kinder, warm up"),
    (Level("warmth", False), "cool, cold, reserved, distant, unfriendly"),
    (Level("warmth", False, adverb=True), "coolly, coldly"),
    (Level("warmth", False, step=True), "cooler, colder, cool down"),
)
_DEGREES: Final[tuple[tuple[Degree, str], ...]] = (
    (
        Degree(0),
        (
            "slightly, slight, a little, a bit, a little bit, a tiny bit, a touch, somewhat, "
            "mildly, gently, faintly, faint, small, little, subtle, subtly, kind of, sort of"
        ),
    ),
    (Degree(1), "quite, fairly, rather, moderately"),
    (
        Degree(2),
        "very, really, extremely, strongly, totally, completely, deeply, highly, much, a lot, "
        "super, incredibly, absolutely, hard, firmly, big, broad, broadly, wide, widely",
    ),
    (Degree(1, 1), "more"),
    (Degree(0, 1), "slightly more, a little more, a bit more"),
    (Degree(2, 1), "much more, a lot more, far more"),
    (Degree(1, -1), "less"),
    (Degree(0, -1), "slightly less, a little less, a bit less"),
    (Degree(2, -1), "much less, a lot less, far less"),
)
_PARTS: Final[dict[Part, str]] = {
    Part.THEN: (
        "then, and then, but then, after that, afterwards, and after that, next, finally, "
        "and finally, later on, followed by, before, >, →"
    ),
    Part.AND: "and, while, with, plus, but, also, as well as, at the same time, meanwhile, &, +",
    Part.FOR: "for",
    Part.AFTER: "after",
    Part.LATER: "later",
    Part.AT: "at",
    Part.WAIT: "wait, pause, hold, hold a, hold the, stay, do nothing",
    Part.TIMES: "times, time, x",
    Part.FILLER: (
        "be, being, become, get, look, looking, seem, appear, act, feel, feeling, grow, go, turn, "
        "keep, start, speak, talk, a, an, the, your, you, yourself, his, her, their, please, now, "
        "again, first, to, first of all, so, just, in, mood, face, expression, about, of, way, "
        "into, bring, give, make, do, it, that, my, me, us, can, could, would, will, should, i, "
        "want, need, like, let's, try, show, put, set, on, thanks, thank you, ok, "
        "okay, pretend, right now, immediately, at once, for now, from now on, remain, "
        "at me, at us, at them, at everyone, at everybody, at the camera, to the camera, "
        "at the audience, at the viewers, at the others, at chat"
    ),
    Part.NOT: (
        "not, no, never, don't, dont, without, stop, stopping, neither, nor, isn't, unless, "
        "can't, cannot, won't, shouldn't, doesn't"
    ),
}
_REPEATS: Final[dict[int, str]] = {1: "once", 2: "twice", 3: "thrice"}
_NUMBERS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen",
)  # fmt: skip
_TENS: Final[dict[str, float]] = {
    "half a": 0.5, "half": 0.5,
    "a couple of": 2.0, "a couple": 2.0, "a few": 3.0,
    "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "sixty": 60.0,
}  # fmt: skip


def _build() -> dict[tuple[str, ...], Meaning]:
    table: dict[tuple[str, ...], Meaning] = {}

    def put(phrases: str, meaning: Meaning) -> None:
        for phrase in phrases.split(","):
            words = tuple(phrase.split())
            if words in table:
                raise ValueError(f"{phrase!r} has two meanings")
            table[words] = meaning

    for name, phrases in _MOODS.items():
        put(phrases, Mood(name))
    for name, phrases in _MOOD_ADVERBS.items():
        put(phrases, Mood(name, adverb=True))
    for name, phrases in _MOOD_COMPARATIVES.items():
        put(phrases, Mood(name, more=True))
    for name, phrases in _CUES.items():
        put(phrases, Cue(name))
    for level, phrases in _LEVELS:
        put(phrases, level)
    for degree, phrases in _DEGREES:
        put(phrases, degree)
    for part, phrases in _PARTS.items():
        put(phrases, part)
    for count, phrases in _REPEATS.items():
        put(phrases, Repeat(count))
    for value, word in enumerate(_NUMBERS):
        put(word, Number(float(value)))
    for word, tens in _TENS.items():
        put(word, Number(tens))
    return table


PHRASES: Final = _build()
"""Every phrase, as a tuple of words, and its meaning."""
LONGEST: Final = max(map(len, PHRASES))
"""Words of the longest phrase."""
KNOWN_WORDS: Final = sorted({word for phrase in PHRASES for word in phrase} | set(UNITS))
"""Every word of any phrase: the nearest one is offered for a word that is not known."""


def phrase_with(word: str) -> str:
    """The first phrase for something to perform that has this word among others; "" if none."""
    kinds = (Cue, Mood, Level)
    found = [p for p, meant in PHRASES.items() if word in p and isinstance(meant, kinds)]
    found.sort(key=lambda phrase: phrase[0] != word)
    return " ".join(found[0]) if found else ""


def phrases_of(meaning: type[Mood] | type[Cue] | type[Level]) -> dict[str, list[str]]:
    """The phrases for moods (by name), cues (by name) or levels (`warmth up`...), for help."""
    found: dict[str, list[str]] = {}
    for words, meant in PHRASES.items():
        if isinstance(meant, meaning):
            key = (
                f"{meant.control} {'up' if meant.up else 'down'}"
                if isinstance(meant, Level)
                else meant.name
            )
            found.setdefault(key, []).append(" ".join(words))
    return found
