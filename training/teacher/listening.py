"""When somebody who listens answers without words, and how: nods, raised brows, smiles.

Sources
  Ward and Tsukahara, J. Pragmat. 2000: answers come some 0.7 s after a cue at a phrase's end, once
    the speaker has talked for at least 0.7 s.
  Hadar, Steiner and Rose, J. Nonverbal Behav. 1985: listeners' nods have 1 to 3 cycles at 1.8 to
    3.7 Hz, and most fall at the speaker's pauses; few come while a phrase is going on.
  Dittmann and Llewellyn, J. Pers. Soc. Psychol. 1968: nods and "mm-hm" come at the ends of
    phonemic clauses, in the juncture pauses.
  Bavelas, Coates and Johnson, J. Pers. Soc. Psychol. 2000: specific responses (a smile, raised
    brows) are fewer than generic ones (nods).
  Poggi, D'Errico and Vincze, LREC 2010; Allwood and Cerrato, 2003: single nods are larger and
    slower than repeated ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from training.teacher.scene import Scene
from training.teacher.shapes import RATE, Rng, at

LEAST_TALK: Final = 0.7
PAUSE: Final = 0.2
AT_PAUSES: Final = 0.92
"""Share of the answers that fall to a pause; the rest go to accents in mid-phrase."""
ANSWERS_STILL: Final = 5.0
ANSWERS_PER_LIVELINESS: Final = 5.6
"""Answers a minute of listening: 5 when still, 7.8 naturally, 10.6 when animated."""
APART: Final = 1.5
_BROW_SHARE: Final = 0.27
_BOTH_SHARE: Final = 0.07


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that begins at `at` s: a nod, raised brows, either or both, perhaps a smile."""

    at: float
    nods: bool
    raises: bool
    smiles: bool
    strength: float


def answers(scene: Scene, rng: Rng) -> list[Answer]:
    """All answers given while listening, in order; those to the user's own "mm-hm" included."""
    wanted = [(time, True, False) for time in _with_own_words(scene, rng)]
    pauses = _pauses_heard(scene)
    heard = float(scene.hear_T.sum()) / RATE / 60
    lively = float((scene.lively_T * scene.hear_T).sum() / max(scene.hear_T.sum(), 1e-9))
    rate = ANSWERS_STILL + ANSWERS_PER_LIVELINESS * lively
    chance = min(AT_PAUSES * rate * heard / max(len(pauses), 1), 0.8)
    for time, rise in pauses:
        # Livelier moments answer more; a question asks for an answer.
        share = (ANSWERS_STILL + ANSWERS_PER_LIVELINESS * at(scene.lively_T, time)) / rate
        share *= 1.25 if rise > 0.12 else 1.0
        if rng.uniform() < chance * share * _eager(scene, time):
            wanted.append((time + _latency(rng), False, rise > 0.12))
    accents = [float(t) for t, s in scene.you.accents_A2 if s > 0.6 and at(scene.hear_T, t) > 0.6]
    middle = (1 - AT_PAUSES) * rate * heard / max(len(accents), 1)
    wanted += [(t + 0.25, False, False) for t in accents if rng.uniform() < middle]
    return _choose(scene, sorted(wanted), rng)


def _pauses_heard(scene: Scene) -> list[tuple[float, float]]:
    """Times at which the others fall silent after some talk while the user listens, and the
    rise of their pitch there."""
    side = scene.you
    ends = {round(start, 3) for start, _ in side.pauses(PAUSE)}
    out = []
    talk_from = -9.0
    for i, (start, end) in enumerate(side.phrases_P2):
        if i == 0 or start - side.phrases_P2[i - 1, 1] > 1.0:
            talk_from = float(start)
        listened = end - talk_from > LEAST_TALK and at(scene.hear_T, float(end) - 0.1) > 0.5
        if listened and round(float(end), 3) in ends and float(end) < scene.seconds - 1:
            out.append((float(end), float(side.rises_P[i])))
    return out


def _latency(rng: Rng) -> float:
    """From the beginning of the pause to that of the answer; its middle is some 0.3 s later."""
    return float(np.clip(rng.normal(0.36, 0.17), 0.08, 0.8))


def _eager(scene: Scene, time: float) -> float:
    """Moods make answers rarer or more frequent."""
    return float(
        1 + 0.15 * at(scene.mood("happy"), time) - 0.3 * at(scene.mood("sad"), time)
        - 0.15 * at(scene.mood("angry"), time) - 0.2 * at(scene.mood("thinking"), time)
    )  # fmt: skip


def _with_own_words(scene: Scene, rng: Rng) -> list[float]:
    """Most people nod as they say "mm-hm"."""
    return [float(s) + 0.02 for s, _ in scene.me.backchannels_N2 if rng.uniform() < 0.8]


def _choose(scene: Scene, wanted: list[tuple[float, bool, bool]], rng: Rng) -> list[Answer]:
    """Give each moment its answer, leaving APART s between them and none during a cue."""
    busy = [time for time, _ in scene.direction.cues]
    out: list[Answer] = []
    for time, own, asked in wanted:
        if out and time - out[-1].at < APART:
            continue
        if any(-1.0 < time - cue < 1.6 for cue in busy):
            continue
        kind = rng.uniform()
        share = _BROW_SHARE * (1.6 if asked else 1.0) + 0.25 * at(scene.mood("surprised"), time)
        raises = not own and kind < share
        both = not raises and rng.uniform() < _BOTH_SHARE
        warm = at(scene.warm_T, time) * (1 + 0.5 * at(scene.mood("happy"), time))
        smiles = rng.uniform() < 0.42 * warm
        strength = float(np.clip(rng.normal(1.0, 0.25), 0.6, 1.6))
        out.append(Answer(time, not raises, raises or both, bool(smiles), strength))
    return out
