"""The rows about listening, blinking and looking, from conversations of voices never trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_RATE, MotionSource, MotionTrack
from training.evaluate import events
from training.evaluate.dialogue import Dialogue
from training.evaluate.prompts import perform
from training.evaluate.published import BLINKS, LOOKS, SACCADE_SIZE
from training.evaluate.table import Row

ANSWER_S: Final = 1.2
"""A nod or brow raise answers a pause or phrase end when it begins within this time after it."""
_SHUFFLES: Final = 200
STATES: Final = ("listening", "idle", "speaking")


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation and how it was performed."""

    dialogue: Dialogue
    track: MotionTrack

    def mask(self, state: str) -> NDArray[np.bool_]:
        """(T,): the steps in one of STATES."""
        masks = {
            "listening": self.dialogue.listening_T,
            "idle": self.dialogue.idle_T,
            "speaking": self.dialogue.speaking_T,
        }
        return masks[state][: len(self.track)]


def perform_dialogues(performer: MotionSource, dialogues: Sequence[Dialogue]) -> list[Scene]:
    """Each with a seed of its own."""
    return [
        Scene(d, perform(performer, d.self_N, d.other_N, seed)) for seed, d in enumerate(dialogues)
    ]


def minutes(scenes: Sequence[Scene], state: str) -> float:
    """Minutes spent in a state."""
    return sum(int(s.mask(state).sum()) for s in scenes) / MOTION_RATE / 60


def _answers(scene: Scene, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """The events in the other's turns, or just after them, when the last phrase is answered."""
    heard = scene.mask("listening")
    tail = int(ANSWER_S * MOTION_RATE)
    near = np.convolve(heard, np.ones(tail + 1))[: len(heard)] > 0
    speaking = scene.mask("speaking")
    return np.array([t for t in found if near[t] and not speaking[t]], np.int64)


def answered(steps_E: NDArray[np.int64], pauses_S: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which events (steps) begin within ANSWER_S after a pause begins."""
    at_E = np.asarray(steps_E, np.float64) / MOTION_RATE
    if not len(pauses_S):
        return np.zeros(len(at_E), np.bool_)
    before = np.searchsorted(pauses_S, at_E, side="right") - 1
    since = at_E - pauses_S[np.maximum(before, 0)]
    return (before >= 0) & (since <= ANSWER_S)


def chance(scenes: Sequence[Scene], counts: Sequence[int]) -> float:
    """The share that events at random instants of the same spans would have."""
    rng = np.random.default_rng(9)
    hits = total = 0
    for scene, count in zip(scenes, counts, strict=True):
        where = _answers(scene, np.arange(len(scene.track)))
        if not count or not len(where):
            continue
        random = rng.choice(where, (_SHUFFLES, count)).reshape(-1)
        hits += int(answered(random, scene.dialogue.pauses_S).sum())
        total += len(random)
    return hits / total if total else 0.0


def listening_row(scenes: Sequence[Scene]) -> Row:
    """Nods and brow raises while the other speaks, and how many answer a pause."""
    nods = [_answers(s, events.nods(s.track.motion_TD)) for s in scenes]
    brows = [_answers(s, events.brow_raises(s.track.motion_TD)) for s in scenes]
    both = [np.concatenate(pair) for pair in zip(nods, brows, strict=True)]
    time = minutes(scenes, "listening")
    rates = [sum(map(len, kind)) / time if time else 0.0 for kind in (nods, brows)]
    hits = sum(
        int(answered(e, s.dialogue.pauses_S).sum()) for s, e in zip(scenes, both, strict=True)
    )
    count = sum(map(len, both))
    share = hits / count if count else 0.0
    random = chance(scenes, [len(e) for e in both])
    return Row(
        "listening: nods and brow raises per minute while the other speaks; "
        "share within 1.2 s after a pause or phrase end",
        "4-12; 60%",
        f"{sum(rates):.1f} (nods {rates[0]:.1f}, brows {rates[1]:.1f}); {share * 100:.0f}% "
        f"(at random times {random * 100:.0f}%), {time:.0f} min",
        4 <= sum(rates) <= 12 and share >= 0.6 and share > random,
        "none listen",
        {"nods": rates[0], "brow_raises": rates[1], "share": share, "chance": random},
    )


def blink_rates(scenes: Sequence[Scene]) -> dict[str, float]:
    """Blinks per minute in each state."""
    rates = {}
    for state in STATES:
        count = sum(int(s.mask(state)[events.blinks(s.track.motion_TD)].sum()) for s in scenes)
        rates[state] = count / max(minutes(scenes, state), 1e-9)
    return rates


def blink_rows(scenes: Sequence[Scene]) -> list[Row]:
    """Blinks per minute, against the published ones."""
    return [
        Row(
            f"blinks per minute, {state}",
            str(BLINKS[state]),
            f"{rate:.1f} ({minutes(scenes, state):.0f} min)",
            BLINKS[state].holds(rate),
            "",
            {"blinks_per_minute": rate},
        )
        for state, rate in blink_rates(scenes).items()
    ]


def look_seconds(scenes: Sequence[Scene], state: str, away: bool) -> list[float]:
    """Lengths of the looks that lie, by their middle, in a state."""
    found = []
    for scene in scenes:
        mask = scene.mask(state)
        for start, end, is_away in events.looks(scene.track.motion_TD):
            if is_away == away and mask[(start + end) // 2]:
                found.append((end - start) / MOTION_RATE)
    return found


def _shift_rate(scenes: Sequence[Scene], state: str) -> tuple[float, float, list[float]]:
    """Looks away and saccades per minute in a state, and the saccades' sizes."""
    away = saccades = 0
    sizes: list[float] = []
    for scene in scenes:
        mask = scene.mask(state)
        away += sum(
            int(mask[start]) for start, _, gone in events.looks(scene.track.motion_TD) if gone
        )
        at, size = events.saccades(scene.track.motion_TD)
        saccades += int(mask[at].sum())
        sizes += size[mask[at]].tolist()
    time = max(minutes(scenes, state), 1e-9)
    return away / time, saccades / time, sizes


def gaze_rows(scenes: Sequence[Scene]) -> list[Row]:
    """Mean length of looks at and away, their rate, and the saccades."""
    rows = []
    for (state, kind), published in LOOKS.items():
        found = look_seconds(scenes, state, kind == "away")
        mean = float(np.mean(found)) if found else 0.0
        rows.append(
            Row(
                f"gaze, {state}: mean seconds of {'a look away' if kind == 'away' else 'contact'}",
                str(published),
                f"{mean:.2f} ({len(found)} looks)",
                bool(found) and published.holds(mean),
                "",
                {"seconds": mean, "looks": len(found)},
            )
        )
    rates = {state: _shift_rate(scenes, state) for state in STATES}
    sizes = [size for rate in rates.values() for size in rate[2]]
    mean = float(np.mean(sizes)) if sizes else 0.0
    rows.append(
        Row(
            "saccades: mean size in degrees",
            str(SACCADE_SIZE),
            f"{mean:.1f} ({len(sizes)} of 1° or more)",
            bool(sizes) and SACCADE_SIZE.holds(mean),
            "",
            {"degrees": mean},
        )
    )
    told = ", ".join(f"{s} {away:.1f} / {all_:.0f}" for s, (away, all_, _) in rates.items())
    implied = ", ".join(f"{s} {implied_shifts(s):.1f}" for s in ("listening", "speaking"))
    rows.append(
        Row(
            "gaze shifts away / saccades of 1° or more, per minute",
            f"shifts implied by the looks of Lee et al.: {implied}; none found for saccades",
            told,
            None,
            "",
            {s: {"away": away, "saccades": all_} for s, (away, all_, _) in rates.items()},
        )
    )
    return rows


def implied_shifts(state: str) -> float:
    """Looks away per minute that follow from the published mean lengths of looks."""
    return 60 / (LOOKS[state, "mutual"].mean + LOOKS[state, "away"].mean)
