"""Two-sided conversations laid out on a time line from clips of single voices.

Sources
  Stivers et al., "Universals and cultural variation in turn-taking in conversation", PNAS 2009:
    answers come 208 ms after a question on average, the mode between 0 and 200 ms.
  Heldner and Edlund, "Pauses, gaps and overlaps in conversations", J. Phon. 2010: about four in
    ten changes of speaker overlap, most by little; gaps have a long right tail.
  Levinson and Torreira, "Timing in turn-taking", Front. Psychol. 2015: gaps about 200 ms, under 5%
    of the time both speak; turns two seconds on average, with long ones.
  Campione and Veronis, "A large-scale multilingual study of silent pause duration", Speech Prosody
    2002: pauses inside a turn are brief (under 0.2 s), medium (0.2-1 s, log-normal) or long.
  Ward and Tsukahara, J. Pragmat. 2000; Jurafsky et al. 1997 (Switchboard): some 19% of utterances
    are backchannels, given in the speaker's pauses and at phrase ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_RATE, Float32Array
from training.teacher.clip_facts import ClipFacts, VoiceBook
from training.teacher.shapes import RATE, Rng

QUIET_DB: Final = -75.0
_SPEECH_DB: Final = -23.0
_GAP_MEAN: Final = 0.2
_GAP_SPREAD: Final = 0.24
_GAP_TAIL: Final = 0.7
_GAP_TAIL_SHARE: Final = 0.2
_LAPSE_SHARE: Final = 0.06
_HEARD_PAUSE: Final = 0.22
"""Pauses from which a listener may answer: those that are heard as one (Campione and Veronis)."""

KINDS: Final[dict[str, float]] = {
    "dialogue": 0.46, "presenting": 0.17, "listening": 0.19, "nobody": 0.18,
}  # fmt: skip
"""Share of scenes: equal talk; one long turn of the user's; of the others'; silence."""
_CLIPS_A_TURN: Final = {"dialogue": (2.2, 2.2), "presenting": (9.0, 1.4), "listening": (1.4, 8.0)}
"""Mean clips in a turn of the user's and of the others', each clip some 2.7 s."""
_SELF_TURNS: Final = {"dialogue": 0.5, "presenting": 0.92, "listening": 0.08}
_BACKCHANNEL: Final = {"dialogue": (0.2, 0.2), "presenting": (0.2, 0.06), "listening": (0.1, 0.2)}
"""Chance that the user, and the others, say "mm-hm" in a pause of the other side."""
_SCENE_S: Final = {
    "dialogue": 70.0, "presenting": 60.0, "listening": 60.0, "nobody": 35.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip on the time line: spoken `tempo` times as fast, and as much higher."""

    start: float
    facts: ClipFacts
    tempo: float
    gain_db: float


@dataclass(slots=True)
class Side:
    """All that one side says. Tracks have MOTION_RATE steps a second; times are in s.

    `speaking_S` is 1 inside phrases; `level_S` dB; `pitch_S` Hz, 0 when unvoiced. `phrases_P2` are
    (start, end), `rises_P` octaves of their ends above the mean; `turns_N2` turns without
    backchannels, `backchannels_N2` those; `accents_A2` (time, strength).
    """

    speaking_S: Float32Array
    level_S: Float32Array
    pitch_S: Float32Array
    phrases_P2: Float32Array
    rises_P: Float32Array
    turns_N2: Float32Array
    backchannels_N2: Float32Array
    accents_A2: Float32Array
    utterances: list[Utterance]

    def pauses(self, least: float) -> list[tuple[float, float]]:
        """(start, end) of silences of this side of at least `least` s after a phrase."""
        out = []
        for i, (_, end) in enumerate(self.phrases_P2):
            after = float(self.phrases_P2[i + 1, 0]) if i + 1 < len(self.phrases_P2) else 1e9
            if after - end >= least:
                out.append((float(end), after))
        return out


@dataclass(frozen=True, slots=True)
class Conversation:
    """Both sides over `seconds`."""

    seconds: float
    me: Side
    you: Side


@dataclass(slots=True)
class _Writer:
    """One side being written; it may hold several people who take turns."""

    book: VoiceBook
    voices: list[str]
    tempi: list[float]
    size: int
    utterances: list[Utterance] = field(default_factory=list)
    turns: list[tuple[float, float]] = field(default_factory=list)
    backchannels: list[tuple[float, float]] = field(default_factory=list)

    def say(self, facts: ClipFacts, who: int, start: float, rng: Rng) -> float:
        """Lay a clip down; returns when it ends."""
        gain = _SPEECH_DB + float(rng.normal(0, 2)) - facts.loudness
        tempo = self.tempi[who] * float(np.exp(0.03 * rng.standard_normal()))
        self.utterances.append(Utterance(start, facts, tempo, gain))
        return start + facts.duration / tempo

    def turn(
        self, start: float, mean_clips: float, rng: Rng, limit: float
    ) -> tuple[float, list[float]]:
        """A turn of several clips; returns its end, and where the pauses inside it begin."""
        who = int(rng.integers(len(self.voices)))
        breaks: list[float] = []
        now = end = start
        for _ in range(int(rng.geometric(1 / mean_clips))):
            end = self.say(self.book.facts(self.voices[who], rng), who, now, rng)
            if end > limit:
                break
            now = end + _pause(rng)
            if now - end > _HEARD_PAUSE:
                breaks.append(end)
        self.turns.append((start, end))
        return end, [at for at in breaks if at < end]

    def answer(self, at: float, rng: Rng) -> None:
        """A backchannel."""
        who = int(rng.integers(len(self.voices)))
        end = self.say(self.book.short(self.voices[who], rng), who, at, rng)
        self.backchannels.append((at, end))

    def side(self) -> Side:
        """Everything said, as tracks and lists."""
        speaking_S = np.zeros(self.size, np.float32)
        level_S = np.full(self.size, QUIET_DB, np.float32)
        pitch_S = np.zeros(self.size, np.float32)
        phrases: list[tuple[float, float, float]] = []
        accents: list[tuple[float, float]] = []
        for said in sorted(self.utterances, key=lambda u: u.start):
            _lay(said, level_S, pitch_S)
            facts, start, tempo = said.facts, said.start, said.tempo
            for (first, last), rise in zip(facts.phrases_P2, facts.rises_P, strict=True):
                phrases.append((start + first / tempo, start + last / tempo, float(rise)))
            accents += [(start + float(a) / tempo, float(s)) for a, s in facts.accents_A2]
        joined = _join(phrases)
        for first, last, _ in joined:
            speaking_S[int(first * MOTION_RATE) : int(last * MOTION_RATE)] = 1
        both = np.array(joined, np.float32).reshape(-1, 3)
        return Side(
            speaking_S, level_S, pitch_S, both[:, :2], both[:, 2], _pairs(self.turns),
            _pairs(self.backchannels), _pairs(accents), self.utterances,
        )  # fmt: skip


def _pairs(values: list[tuple[float, float]]) -> Float32Array:
    return np.array(sorted(values), np.float32).reshape(-1, 2)


def _join(phrases: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Phrases of one side with those that touch or overlap made one."""
    out: list[tuple[float, float, float]] = []
    for start, end, rise in sorted(phrases):
        if out and start - out[-1][1] < 0.15:
            out[-1] = (out[-1][0], max(end, out[-1][1]), rise)
        else:
            out.append((start, end, rise))
    return out


def _lay(said: Utterance, level_S: Float32Array, pitch_S: Float32Array) -> None:
    """Write an utterance's level and pitch into the tracks, the louder winning."""
    first = int(said.start * MOTION_RATE)
    size = min(int(said.facts.duration / said.tempo * MOTION_RATE) + 1, len(level_S) - first)
    if size <= 0:
        return
    frames = np.arange(size) * (100 / MOTION_RATE * said.tempo)
    index: NDArray[np.int64] = np.minimum(frames.astype(np.int64), len(said.facts.level_F) - 1)
    after = np.minimum(index + 1, len(said.facts.level_F) - 1)
    level = np.maximum(said.facts.level_F[index], said.facts.level_F[after]) + said.gain_db
    where = slice(first, first + size)
    louder = level > level_S[where]
    level_S[where] = np.where(louder, level, level_S[where])
    pitch_S[where] = np.where(louder, said.facts.pitch_F[index] * said.tempo, pitch_S[where])


def _pause(rng: Rng) -> float:
    """Silence between two clips of a turn (Campione and Veronis 2002)."""
    kind = rng.uniform()
    if kind < 0.25:
        return float(rng.uniform(0.05, 0.2))
    if kind < 0.85:
        return float(np.clip(0.48 * np.exp(0.4 * rng.standard_normal()), 0.2, 1.0))
    return float(rng.uniform(1.0, 2.6))


def _gap(rng: Rng) -> float:
    """From the end of a turn to the next; negative when they overlap."""
    if rng.uniform() < _LAPSE_SHARE:
        return float(rng.uniform(1.5, 6.0))
    gap = rng.normal(_GAP_MEAN - _GAP_TAIL * _GAP_TAIL_SHARE * 0.5, _GAP_SPREAD)
    if rng.uniform() < _GAP_TAIL_SHARE:
        gap += rng.exponential(_GAP_TAIL)
    return float(max(gap, -0.8))


def converse(book: VoiceBook, rng: Rng, seconds: float) -> Conversation:
    """A random call: scenes of dialogue, presenting, listening and silence in any order."""
    size = round(seconds * RATE) * (MOTION_RATE // RATE)
    people = 1 if rng.uniform() < 0.6 else int(rng.integers(2, 5))
    sides = []
    for count in (1, people):
        tempi = [float(np.clip(np.exp(0.09 * rng.standard_normal()), 0.82, 1.2))] * count
        sides.append(_Writer(book, [book.voice(rng) for _ in range(count)], tempi, size))
    now = float(rng.uniform(0, 4))
    while now < seconds:
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        until = now + _SCENE_S[kind] * float(rng.uniform(0.4, 1.7))
        now = until if kind == "nobody" else _scene(kind, sides, now, min(until, seconds), rng)
    return Conversation(seconds, sides[0].side(), sides[1].side())


def _scene(kind: str, sides: list[_Writer], now: float, until: float, rng: Rng) -> float:
    """Write turns until `until`; returns when the last has ended."""
    speaker = int(rng.uniform() > _SELF_TURNS[kind])
    while now < until:
        end, breaks = sides[speaker].turn(now, _CLIPS_A_TURN[kind][speaker], rng, until)
        for at in breaks:
            if rng.uniform() < _BACKCHANNEL[kind][1 - speaker]:
                sides[1 - speaker].answer(at + float(rng.uniform(0.0, 0.45)), rng)
        now = max(end + _gap(rng), now + 0.3)
        mine = _SELF_TURNS[kind]
        chance = 0.9 if kind == "dialogue" else mine if speaker == 1 else 1 - mine
        speaker = 1 - speaker if rng.uniform() < chance else speaker
    return now
