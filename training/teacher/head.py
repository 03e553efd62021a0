"""The head: posture, sway, the rhythm of speech, nods of listening; degrees and pupil distances.

Sources
  Hadar et al., Hum. Mov. Sci. 1983; Hadar, Steiner, Grant and Rose, Lang. Speech 1983/84: the head
    moves through most of speech and little in pauses, in slow (under 1.8 Hz), ordinary (1.8-3.7)
    and rapid movements; stressed syllables come with rapid ones.
  Munhall et al., Psychol. Sci. 2004; Graf, Cosatto, Strom and Huang, FG 2002: accents are marked by
    nods, by tilts and turns less often, some 60-150 ms after the syllable's onset; phrases begin
    with a new orientation.
  Hadar, Steiner and Rose, J. Nonverbal Behav. 1985: listening nods, 1-3 cycles, 1.8-3.7 Hz.
  McClave, J. Pragmat. 2000: speakers sweep the head sideways with inclusive words and change
    posture with topics. Duarte and Zatsiorsky 2000: sway is 1/f, with shifts every so often.
  Mehrabian, 1969; Bull, "Posture and gesture", 1987: interest leans forward and tilts the head.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.teacher.gaze import Look
from training.teacher.life_constants import POSTURE_SECONDS, SWAY_PITCH, SWAY_ROLL, SWAY_YAW
from training.teacher.listening import Answer
from training.teacher.scene import Scene
from training.teacher.shapes import Rng, Track, add_bump, at, ease, follow, glide, pink, span

YAW, PITCH, ROLL, X, Y, Z = range(6)
_SWAY: Final = (0.7 * SWAY_YAW, 0.7 * SWAY_PITCH, 0.7 * SWAY_ROLL, 0.03, 0.011, 0.03)
_POSTURE: Final = (2.1, 1.2, 1.6, 0.085, 0.018, 0.08)
_PHRASE: Final = (2.4, 1.1, 1.5, 0.02, 0.0, 0.02)
ACCENT_DEGREES: Final = 3.3
NOD_DEGREES: Final = 5.0
"""First swing of an ordinary listening nod, top to bottom."""
CUE_NOD: Final = (7.5, 10.5)
CUE_SHAKE: Final = (6.0, 9.0)
_CUE_DELAY: Final = 0.02


def move_head(scene: Scene, gaze: Look, replies: list[Answer], rng: Rng) -> Track:
    """(6, T): yaw left, pitch up, roll to the left shoulder in degrees; x, y, z."""
    scale_T = _scale(scene)
    head_DT = _posture(scene, rng) * (0.5 + 0.5 * scale_T)
    head_DT += _sway(scene, rng) * scale_T
    head_DT += _phrases(scene, rng) * scale_T
    head_DT[YAW] += follow(gaze.head_yaw_T, 9.0)
    head_DT[PITCH] += follow(gaze.head_pitch_T, 9.0)
    head_DT[ROLL] += 0.12 * follow(gaze.head_yaw_T, 5.0)
    _accents(head_DT, scene, rng)
    for reply in replies:
        if reply.nods:
            _listening_nod(head_DT, scene, reply, rng)
    _lean(head_DT, scene)
    for time, name in scene.cues("nod", "shake"):
        cycles, hertz = float(rng.choice([1.0, 1.5, 2.0, 2.5])), float(rng.uniform(1.5, 2.1))
        animated = 0.9 + 0.25 * at(scene.lively_T, time)
        if name == "nod":
            size = float(rng.uniform(*CUE_NOD)) * animated
            nod(head_DT, time + _CUE_DELAY, size, np.ceil(cycles), hertz, rng)
        else:
            size = float(rng.uniform(*CUE_SHAKE)) * animated
            shake(head_DT, time + _CUE_DELAY, size, max(cycles, 1.5), hertz, rng)
    # A tilting head rides on the neck and so goes sideways.
    head_DT[X] += 0.006 * head_DT[ROLL]
    return head_DT


def _scale(scene: Scene) -> Track:
    """How large and frequent movements are."""
    mood_T = 1 + 0.15 * scene.mood("happy") - 0.25 * scene.mood("serious")
    mood_T += 0.15 * scene.mood("surprised") - 0.35 * scene.mood("sad")
    mood_T += 0.1 * scene.mood("angry") - 0.2 * scene.mood("thinking")
    return (0.35 + 1.3 * scene.lively_T) * mood_T * scene.person.expressive


def _posture(scene: Scene, rng: Rng) -> Track:
    """A posture that changes now and then, and more often when the floor changes hands."""
    times, now = [], float(rng.exponential(POSTURE_SECONDS))
    while now < scene.seconds:
        times.append(now)
        now += 2.5 + float(rng.exponential(POSTURE_SECONDS - 2.5))
    for start, _ in np.concatenate([scene.me.turns_N2, scene.you.turns_N2]):
        if rng.uniform() < 0.35:
            times.append(float(start) + float(rng.uniform(-0.3, 0.8)))
    times = sorted(t for t in times if t > 0)
    takes = [float(rng.uniform(0.7, 1.9)) for _ in times]
    lasting = (scene.person.turned, 0.0, scene.person.tilt, 0.0, 0.0, 0.0)
    rows = []
    for base, spread in zip(lasting, _POSTURE, strict=True):
        # Each axis takes part in some of the changes only.
        changes = [
            (time, take, base + spread * float(np.clip(rng.standard_normal(), -2, 2)))
            for time, take in zip(times, takes, strict=True)
            if rng.uniform() < 0.7
        ]
        rows.append(glide(scene.size, base, changes))
    return np.stack(rows)


def _sway(scene: Scene, rng: Rng) -> Track:
    """1/f sway, livelier with speech; a faint quick part follows the voice (Hadar's rapid)."""
    rows = []
    for size in _SWAY:
        slow_T = pink(rng, scene.size, 12.0, 1.4)
        fast_T = pink(rng, scene.size, 1.1, 0.5)
        rows.append(
            size * (slow_T * (1 + 0.6 * scene.talk_T) + fast_T * (0.2 + 0.6 * scene.talk_T))
        )
    return np.stack(rows)


def _phrases(scene: Scene, rng: Rng) -> Track:
    """A new orientation with most phrases of the user's, back towards the middle at turn ends."""
    rows = []
    moves: list[tuple[float, float, bool]] = []
    ends = {round(float(e), 1) for _, e in scene.me.turns_N2}
    for start, end in scene.me.phrases_P2:
        if end - start < 0.5:
            continue
        now = float(start)
        while now < end - 0.4:
            moves.append(
                (now + float(rng.uniform(-0.1, 0.25)), float(rng.uniform(0.45, 0.9)), False)
            )
            now += float(rng.uniform(1.0, 2.6))
        if round(float(end), 1) in ends:
            moves.append((float(end) - float(rng.uniform(0.1, 0.4)), 0.9, True))
    for spread in _PHRASE:
        changes = [
            (
                time,
                takes,
                0.0 if home else spread * float(np.clip(rng.standard_normal(), -1.8, 1.8)),
            )
            for time, takes, home in moves
            if home or rng.uniform() < 0.75
        ]
        rows.append(glide(scene.size, 0.0, changes))
    return np.stack(rows)


def _accents(head_DT: Track, scene: Scene, rng: Rng) -> None:
    """A beat of the head on most accented syllables: usually down, sometimes up or aside."""
    for time, strength in scene.me.accents_A2:
        lively, angry = at(scene.lively_T, time), at(scene.mood("angry"), time)
        if rng.uniform() > 0.45 + 0.45 * lively:
            continue
        size = ACCENT_DEGREES * strength * (0.3 + 1.2 * lively) * (1 + 0.5 * angry)
        size *= float(np.clip(rng.normal(1, 0.35), 0.3, 1.9)) * scene.person.expressive
        size *= 1 - 0.4 * at(scene.mood("sad"), time)
        kind = rng.uniform()
        begin, up = float(time) - float(rng.uniform(0.02, 0.1)), float(rng.uniform(0.14, 0.22))
        down = float(rng.uniform(0.25, 0.5)) * (1 - 0.3 * angry)
        if kind < 0.62:
            add_bump(head_DT[PITCH], begin, up, 0.02, down, -size)
        elif kind < 0.77:
            add_bump(head_DT[PITCH], begin, up, 0.06, down, 0.8 * size)
        side = float(rng.choice([-1.0, 1.0]))
        aside, tilt = float(rng.uniform(0.0, 0.35)), float(rng.uniform(0.0, 0.35))
        if kind >= 0.77:
            aside, tilt = float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.2, 0.8))
        add_bump(head_DT[YAW], begin, up * 1.2, 0.04, down * 1.2, side * aside * size)
        add_bump(head_DT[ROLL], begin, up * 1.2, 0.04, down * 1.2, side * tilt * size)


def nod(head_DT: Track, start: float, size: float, cycles: float, hertz: float, rng: Rng) -> None:
    """Down and up `cycles` times, the first `size` degrees deep, each next one less."""
    length = cycles / hertz
    where, time = span(head_DT.shape[1], start, start + length)
    phase = (time - start) * hertz
    # The way down is quicker than the way up.
    bent = phase - 0.07 * np.sin(2 * np.pi * phase) / (2 * np.pi)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * bent)
    depth = size * float(rng.uniform(0.55, 0.75)) ** np.maximum(phase - 0.5, 0)
    head_DT[PITCH, where] -= depth * wave
    lean = float(rng.normal(0, 0.08))
    head_DT[ROLL, where] += lean * depth * wave
    head_DT[YAW, where] += float(rng.normal(0, 0.06)) * depth * wave
    head_DT[Y, where] -= 0.004 * depth * wave


def shake(head_DT: Track, start: float, size: float, cycles: float, hertz: float, rng: Rng) -> None:
    """Left and right, `size` degrees to each side at most, dying away."""
    length = cycles / hertz
    where, time = span(head_DT.shape[1], start, start + length)
    share = (time - start) / length
    envelope = ease(share / 0.18) * ease((1 - share) / 0.3) * (1 - 0.35 * share)
    side = float(rng.choice([-1.0, 1.0]))
    wave = np.sin(2 * np.pi * hertz * (time - start))
    head_DT[YAW, where] += side * size * envelope * wave
    head_DT[ROLL, where] += 0.12 * side * size * envelope * wave
    head_DT[PITCH, where] -= 0.15 * size * envelope


def _listening_nod(head_DT: Track, scene: Scene, reply: Answer, rng: Rng) -> None:
    """One to three cycles; single nods larger and slower, repeated ones smaller and quicker."""
    cycles = float(rng.choice([1.0, 2.0, 3.0], p=[0.42, 0.38, 0.2]))
    hertz = {1.0: 1.6, 2.0: 2.1, 3.0: 2.45}[cycles] * float(np.exp(0.1 * rng.standard_normal()))
    lively = at(scene.lively_T, reply.at)
    size = NOD_DEGREES * (0.62 + 0.76 * lively) * reply.strength * scene.person.nod_size
    size *= {1.0: 1.1, 2.0: 0.95, 3.0: 0.85}[cycles]
    if rng.uniform() < 0.3:
        add_bump(head_DT[PITCH], reply.at - 0.12, 0.14, 0.0, 0.2, 0.22 * size)
    nod(head_DT, reply.at, size, cycles, hertz, rng)


def _lean(head_DT: Track, scene: Scene) -> None:
    """Lasting colour of listening and of the moods."""
    keen_T = follow(scene.hear_T * (0.4 + 0.6 * scene.warm_T), 1.2)
    side = 1.0 if scene.person.tilt >= 0 else -1.0
    head_DT[ROLL] += side * (1.3 * keen_T + 3.0 * scene.mood("thinking") + 1.2 * scene.mood("sad"))
    head_DT[Z] += 0.05 * keen_T + 0.08 * scene.mood("angry") - 0.05 * scene.mood("surprised")
    pitch_T = 1.0 * scene.mood("happy") - 0.8 * scene.mood("serious") - 4.4 * scene.mood("sad")
    pitch_T += -3.0 * scene.mood("angry") + 2.0 * scene.mood("surprised")
    head_DT[PITCH] += pitch_T + 1.2 * scene.mood("thinking")
