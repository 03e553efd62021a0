"""Blinks, nods, brow raises and looks are found where they were put, and the rows judge them."""

from __future__ import annotations

import numpy as np
import pytest

from inference.contract import AUDIO_RATE, MOTION_INDEX, MOTION_RATE, MOTION_SIZE, Float32Array
from tests.training.evaluate_fakes import FakePerformer, column
from training.evaluate import events, plots
from training.evaluate.dialogue import Dialogue, make_dialogue, pauses, trim
from training.evaluate.life_rows import (
    Scene,
    answered,
    blink_rows,
    gaze_rows,
    implied_shifts,
    listening_row,
    perform_dialogues,
)
from training.evaluate.published import BLINKS, LOOKS, SACCADE_SIZE, Published

MINUTE = 60 * MOTION_RATE


def rest(steps: int = MINUTE, sway: bool = True) -> Float32Array:
    """A living face without events: the head sways by 0.9 degrees over seconds, eyes drift."""
    rng = np.random.default_rng(3)
    motion_TD = np.zeros((steps, MOTION_SIZE), np.float32)
    if sway:
        for name, size in (("headPitch", 0.9), ("headYaw", 1.3)):
            slow = np.interp(
                np.arange(steps), np.arange(0, steps + 80, 80),
                rng.normal(0, np.radians(size), len(range(0, steps + 80, 80))),
            )  # fmt: skip
            column(motion_TD, name)[:] = slow
            # The eyes hold their target.
        column(motion_TD, "eyeLookOutLeft")[:] = np.maximum(
            0, -np.degrees(column(motion_TD, "headYaw")) / 30
        )
        column(motion_TD, "eyeLookInRight")[:] = column(motion_TD, "eyeLookOutLeft")
    return motion_TD


def bump(motion_TD: Float32Array, name: str, at: int, steps: int, size: float) -> None:
    """Add a smooth hill of `steps`."""
    hill = size * np.sin(np.pi * np.arange(steps) / steps) ** 2
    end = min(at + steps, len(motion_TD))
    column(motion_TD, name)[at:end] += hill[: end - at].astype(np.float32)


def put_nod(motion_TD: Float32Array, at: int, cycles: int = 2, degrees: float = 4.5) -> None:
    """Dips at 2.2 Hz, each smaller."""
    for cycle in range(cycles):
        bump(motion_TD, "headPitch", at + 23 * cycle, 23, -np.radians(degrees) * 0.7**cycle)


def put_blink(motion_TD: Float32Array, at: int) -> None:
    for side in ("Left", "Right"):
        bump(motion_TD, f"eyeBlink{side}", at, 15, 1.0)


def put_brows(motion_TD: Float32Array, at: int) -> None:
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        bump(motion_TD, name, at, 40, 0.3)


WHERE = np.arange(200, MINUTE - 200, 290)


def close(found: np.ndarray, steps: int = 12) -> None:
    assert len(found) == len(WHERE)
    assert np.abs(found - WHERE).max() <= steps


@pytest.mark.parametrize("cycles", [1, 2, 3])
def test_nods_are_counted_once_each_and_sway_is_none(cycles: int) -> None:
    motion_TD = rest()
    assert len(events.nods(motion_TD)) <= 1
    for at in WHERE:
        put_nod(motion_TD, int(at), cycles)
    close(events.nods(motion_TD))


def test_a_slow_bow_and_a_look_up_are_no_nods() -> None:
    motion_TD = rest(sway=False)
    bump(motion_TD, "headPitch", 500, 150, -np.radians(6))
    bump(motion_TD, "headPitch", 1500, 120, np.radians(6))
    assert not len(events.nods(motion_TD))


def test_brow_raises_are_found_over_a_mood() -> None:
    motion_TD = rest()
    assert not len(events.brow_raises(motion_TD))
    for at in WHERE:
        put_brows(motion_TD, int(at))
    column(motion_TD, "browInnerUp")[:] += 0.2
    close(events.brow_raises(motion_TD))


def test_blinks_are_found_and_winks_and_squints_are_none() -> None:
    motion_TD = rest()
    for at in WHERE:
        put_blink(motion_TD, int(at))
    close(events.blinks(motion_TD))
    bump(motion_TD, "eyeBlinkLeft", 300, 30, 1.0)  # a wink
    column(motion_TD, "eyeBlinkLeft")[:] += 0.1
    column(motion_TD, "eyeBlinkRight")[:] += 0.1
    assert len(events.blinks(motion_TD)) == len(WHERE)


def test_gaze_counts_shifts_in_the_world_alone() -> None:
    motion_TD = rest(sway=False)
    # Eyes that hold their target while the head turns do not shift.
    yaw = np.radians(10 * np.sin(np.arange(MINUTE) / 40)).astype(np.float32)
    column(motion_TD, "headYaw")[:] = yaw
    for left, right, sign in (("Out", "In", -1), ("In", "Out", 1)):
        held = np.maximum(0, sign * np.degrees(yaw) / 30)
        column(motion_TD, f"eyeLook{left}Left")[:] = held
        column(motion_TD, f"eyeLook{right}Right")[:] = held
    assert np.abs(events.gaze(motion_TD)).max() < 1e-3
    assert not len(events.saccades(motion_TD)[0])
    for name in ("eyeLookUpLeft", "eyeLookUpRight"):
        column(motion_TD, name)[1000:1060] = 0.4  # 10 degrees up, for 1.2 s
    at, size = events.saccades(motion_TD)
    assert at.tolist() == [999, 1059]
    assert size == pytest.approx([10, 10], abs=0.01)
    looks = events.looks(motion_TD)
    assert [(start, end) for start, end, away in looks if away] == [(1000, 1060)]
    assert looks[0] == (0, 1000, False)


def tone(seconds: float) -> Float32Array:
    t = np.arange(int(seconds * AUDIO_RATE)) / AUDIO_RATE
    return (0.2 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)


@pytest.fixture(scope="module")
def dialogue() -> Dialogue:
    return make_dialogue([tone(2.0), tone(3.1)], [tone(1.5), tone(2.5)], 240.0, seed=1)


def test_a_dialogue_has_turns_pauses_and_rests(dialogue: Dialogue) -> None:
    states = (dialogue.speaking_T, dialogue.listening_T, dialogue.idle_T)
    assert all(state.sum() > 20 * MOTION_RATE for state in states)
    assert not (dialogue.speaking_T & dialogue.listening_T).any()
    loud = np.abs(dialogue.self_N[: len(dialogue.speaking_T) * 320].reshape(-1, 320)).max(1) > 0.01
    assert dialogue.speaking_T[loud].mean() > 0.99
    assert not (loud & dialogue.idle_T).any()
    assert 5 < len(dialogue.pauses_S) < 80
    again = make_dialogue([tone(2.0), tone(3.1)], [tone(1.5), tone(2.5)], 240.0, seed=1)
    assert np.array_equal(again.other_N, dialogue.other_N)


def test_pauses_are_where_sound_stops() -> None:
    gap = np.zeros(AUDIO_RATE // 2, np.float32)
    audio_N = np.concatenate([gap, tone(1.0), gap, tone(1.0), gap[: AUDIO_RATE // 10], tone(1.0)])
    assert pauses(audio_N) == pytest.approx([1.5, 4.1], abs=0.02)
    assert len(trim(audio_N[: 2 * AUDIO_RATE])) == pytest.approx(AUDIO_RATE, abs=0.1 * AUDIO_RATE)


def test_answers_come_after_pauses() -> None:
    steps = np.array([40, 60, 105, 111, 300])
    assert answered(steps, np.array([1.0])).tolist() == [False, True, True, False, False]
    assert not answered(steps, np.zeros(0)).any()


def scene(dialogue: Dialogue, motion_TD: Float32Array) -> Scene:
    return perform_dialogues(
        FakePerformer(lambda a, b, first: motion_TD[first : first + len(a)]), [dialogue]
    )[0]


def heard_pauses(dialogue: Dialogue) -> list[int]:
    """Steps at which the other pauses within a turn."""
    steps = (dialogue.pauses_S * MOTION_RATE).astype(int)
    return [int(t) for t in steps if dialogue.listening_T[max(0, t - 2)]]


def test_listening_is_told_from_nodding_at_random(dialogue: Dialogue) -> None:
    steps = len(dialogue.idle_T)
    minutes = dialogue.listening_T.sum() / MINUTE
    some = heard_pauses(dialogue)[:: max(1, int(len(heard_pauses(dialogue)) / (8 * minutes)))]
    attentive, random = rest(steps), rest(steps)
    for at in some:
        put_nod(attentive, at + 15)
    free = np.flatnonzero(dialogue.listening_T)
    for at in np.random.default_rng(0).choice(free, len(some), replace=False):
        put_nod(random, int(at))
    rows = {
        name: listening_row([scene(dialogue, motion_TD)])
        for name, motion_TD in
        (("attentive", attentive), ("random", random), ("frozen", rest(steps, False)))
    }  # fmt: skip
    assert rows["attentive"].met
    assert rows["attentive"].figures["share"] > 0.8
    assert not rows["random"].met
    assert rows["random"].figures["share"] < rows["attentive"].figures["share"] - 0.2
    assert 0.05 < rows["random"].figures["chance"] < 0.6
    assert not rows["frozen"].met
    assert rows["frozen"].figures["nods"] == 0


def test_blink_and_gaze_rows_hold_to_the_studies(dialogue: Dialogue) -> None:
    steps = len(dialogue.idle_T)
    motion_TD = rest(steps, sway=False)
    rng = np.random.default_rng(1)
    at = 50
    while at < steps - 20:
        put_blink(motion_TD, at)
        at += int(60 / 19 * MOTION_RATE * rng.uniform(0.7, 1.3))
    at = 100
    while at < steps:  # looks away of 0.6 s every 5 s
        for name in ("eyeLookUpLeft", "eyeLookUpRight"):
            column(motion_TD, name)[at : at + 30] = 0.35
        at += int(5 * MOTION_RATE)
    lively, frozen = scene(dialogue, motion_TD), scene(dialogue, rest(steps, False))
    rows = {row.what: row for row in blink_rows([lively]) + gaze_rows([lively])}
    assert rows["blinks per minute, speaking"].met
    assert rows["blinks per minute, listening"].met
    assert rows["gaze, speaking: mean seconds of a look away"].met
    assert rows["saccades: mean size in degrees"].met
    verdicts = [row.met for row in blink_rows([frozen]) + gaze_rows([frozen])]
    assert not any(verdicts[:3])
    assert True not in verdicts[3:] or verdicts.count(True) <= 1  # unbroken contact may fit


def test_published_figures_are_what_the_studies_say() -> None:
    assert BLINKS["idle"].mean == pytest.approx(14.5)
    assert BLINKS["idle"].sd == pytest.approx(3.3, abs=0.05)
    assert BLINKS["speaking"].mean == pytest.approx(21.5)
    assert LOOKS["listening", "mutual"].mean == pytest.approx(7.92, abs=0.01)
    assert SACCADE_SIZE.mean == pytest.approx(7.2, abs=0.05)
    assert Published(10, 2, "").holds(12)
    assert not Published(10, 2, "").holds(12.1)
    assert implied_shifts("speaking") == pytest.approx(14.8, abs=0.1)


def test_the_plots_are_drawn(dialogue: Dialogue, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    steps = len(dialogue.idle_T)
    motion_TD = rest(steps)
    for at in WHERE:
        put_nod(motion_TD, int(at))
        put_blink(motion_TD, int(at) + 60)
    played = scene(dialogue, motion_TD)
    plots.plot_listening(played, folder / "listening.png", rows=1)
    plots.plot_life([played], folder / "life.png")
    for name in ("listening.png", "life.png"):
        assert (folder / name).stat().st_size > 10_000
    assert motion_TD[:, MOTION_INDEX["headPitch"]].min() < 0
