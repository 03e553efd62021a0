"""The rows about drift, streaming, direction and bad input see what they are there to see."""

from __future__ import annotations

import mmap

import numpy as np
import pytest

from inference.contract import (
    AUDIO_RATE,
    CUES,
    MOODS,
    MOTION_INDEX,
    MOTION_SIZE,
    Float32Array,
    MotionTrack,
)
from tests.training.evaluate_fakes import FakePerformer, column, level_of
from tests.training.test_evaluate_mouth import PROMPTS, spoken
from training.evaluate import base_row
from training.evaluate.bad_input import bad_input_rows, cases
from training.evaluate.dialogue import Dialogue, make_dialogue
from training.evaluate.directing import cue_row, mood_row
from training.evaluate.stamina import compare, resident_mb, stamina_rows
from training.evaluate.streaming import cost, later_input, pieces_against_whole, streaming_rows
from training.evaluate.table import Row, markdown

TALK_N = np.concatenate([p.audio_N for p in PROMPTS])


@pytest.fixture(scope="module")
def talk() -> Dialogue:
    return make_dialogue([p.audio_N for p in PROMPTS], [TALK_N[: 3 * AUDIO_RATE]], 24.0, seed=0)


class Lively(FakePerformer):
    """A jaw that follows the level, and a head, eyes and lids that wander with the seed."""

    drift = 0.0
    broken = False

    def __init__(self) -> None:
        super().__init__(self._draw)

    def _draw(self, self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
        motion_TD = np.zeros((len(self_TS), MOTION_SIZE), np.float32)
        at_T = first + np.arange(len(self_TS))
        for name in ("headYaw", "headPitch", "eyeLookInLeft", "eyeBlinkLeft", "mouthSmileLeft"):
            phase = self.seed + MOTION_INDEX[name]
            # What chance does at a step is known by its number: pieces equal the whole, and
            # every block of a talk is like the one before.
            noise_T = np.sin(at_T % 1200 * 12.9898 + phase * 78.233) * 43758.5453 % 1
            wave_T = np.sin(at_T * 2 * np.pi / 200 + phase)
            column(motion_TD, name)[:] = 0.1 + 0.05 * wave_T + 0.05 * noise_T
        column(motion_TD, "jawOpen")[:] = np.minimum(0.5, 2 * level_of(self_TS))
        column(motion_TD, "headZ")[:] = self.drift * at_T
        if self.broken and first > 500:
            motion_TD[:1] = np.nan
        return motion_TD


def test_drift_and_nan_are_seen(talk: Dialogue) -> None:
    steady = stamina_rows(Lively(), talk, blocks=3, seeds=3)
    assert steady[0].met
    assert steady[0].figures["finite"]
    drifting = Lively()
    drifting.drift = 1e-4
    row = stamina_rows(drifting, talk, blocks=3, seeds=3)[0]
    assert any("headZ" in name for name in row.figures["beyond"])
    broken = Lively()
    broken.broken = True
    assert not stamina_rows(broken, talk, blocks=3, seeds=2)[0].met


def test_the_distance_grows_with_drift() -> None:
    rng = np.random.default_rng(0)
    usual = rng.normal(size=122)
    seeds = [usual + rng.normal(0, 0.1, 122) for _ in range(6)]
    same, between, _ = compare(seeds[0], usual + rng.normal(0, 0.1, 122), seeds)
    gone, _, beyond = compare(seeds[0], usual + 0.5, seeds)
    assert same < 1.2 * between
    assert gone > 2 * between
    assert len(beyond) > 60


def test_memory_that_grows_is_seen(talk: Dialogue) -> None:
    if not resident_mb():
        pytest.skip("no /proc")
    hoard: list[mmap.mmap] = []

    class Hoarder(Lively):
        def push(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
            # pages of its own: an array could lie in memory that earlier tests gave back
            hoard.append(mmap.mmap(-1, 240_000))
            hoard[-1].write(bytes(range(1, 241)) * 1000)
            return super().push(self_N, other_N)

    row = stamina_rows(Hoarder(), talk, blocks=2, seeds=1)[1]
    assert not row.met
    assert row.figures["memory_mb"] > 20
    for pages in hoard:
        pages.close()


def test_streaming_rows_pass_an_honest_performer(talk: Dialogue) -> None:
    rows = streaming_rows(Lively(), talk)
    assert [row.met for row in rows[:2]] == [True, True]
    assert rows[2].figures["cost"] > 0


def test_a_performer_that_looks_ahead_or_at_blocks_is_found(talk: Dialogue) -> None:
    def ahead(self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
        motion_TD = np.zeros((len(self_TS), MOTION_SIZE), np.float32)
        column(motion_TD, "jawOpen")[:-1] = level_of(self_TS + other_TS)[1:]
        return motion_TD

    assert later_input(FakePerformer(ahead), talk) > 1e-3
    assert pieces_against_whole(FakePerformer(ahead), talk) > 1e-3
    assert cost(FakePerformer(), talk, repeats=1) < 1


class Obedient(Lively):
    """Shows every cue and mood, `late` steps after it was asked for."""

    late = 5

    def _draw(self, self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
        motion_TD = super()._draw(self_TS, other_TS, first)
        shapes = {
            "nod": ("headPitch",), "shake": ("headYaw",), "wink": ("eyeBlinkLeft",),
            "smile": ("mouthSmileLeft", "mouthSmileRight"),
            "raise_brows": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
            "look_away": ("eyeLookUpLeft", "eyeLookUpRight"),
        }  # fmt: skip
        for cue, when in self.asked:
            for name in shapes[cue]:
                column(motion_TD, name)[max(0, when + self.late - first) :] += 0.6
        if self.controls.mood in MOODS[1:]:
            motion_TD[:, MOTION_INDEX["browDownLeft"] + MOODS.index(self.controls.mood)] += 0.3
        return motion_TD


def test_cues_are_seen_when_obeyed_in_time(talk: Dialogue) -> None:
    times = [6.0, 12.0]
    prompt = cue_row(Obedient(), talk, times)
    assert prompt.met
    assert set(prompt.figures["shares"]) == set(CUES)
    assert prompt.figures["delays"]["nod"] == pytest.approx(0.12)
    late = Obedient()
    late.late = 40
    assert not cue_row(late, talk, times).met
    deaf = cue_row(Lively(), talk, times)
    assert not deaf.met
    assert max(deaf.figures["shares"].values()) == 0


def test_moods_are_told_apart_when_they_differ(talk: Dialogue) -> None:
    assert mood_row(Obedient(), talk, 2).met
    assert not mood_row(Lively(), talk, 2).met
    assert mood_row(Lively(), talk, 2).figures["share"] < 0.5


class Tracking(Lively):
    """Opens by the phones' own shares of level, with the level as it is."""

    opens_to = 0.01
    deaf_after_nan = False

    def reset(self, seed: int = 0) -> None:
        super().reset(seed)
        self.deaf = False

    def _draw(self, self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
        motion_TD = super()._draw(self_TS, other_TS, first)
        if self.deaf_after_nan and not np.isfinite(self_TS).all():
            self.deaf = True
        heard_TS = np.where(np.isfinite(self_TS), self_TS, 0)
        level_T = level_of(heard_TS - heard_TS.mean(1, keepdims=True))
        jaw_T = np.where(level_T > self.opens_to, 2 * level_T, 0)
        column(motion_TD, "jawOpen")[:] = 0 if self.deaf else jaw_T
        return motion_TD


def voiced(seed: int) -> object:
    """A prompt whose level is what its phones ask for, so that a jaw can follow it."""
    from dataclasses import replace

    from training.evaluate.mouth_score import GRID_S, wanted

    prompt = spoken(seed)
    count = int(prompt.duration / GRID_S)
    open_T = wanted(prompt.phones, count)[1]
    gain_N = np.repeat(open_T, int(GRID_S * AUDIO_RATE))
    wave_N = np.sin(2 * np.pi * 200 * np.arange(len(gain_N)) / AUDIO_RATE)
    return replace(prompt, audio_N=(0.3 * gain_N * wave_N).astype(np.float32))


@pytest.fixture(scope="module")
def rows_of_the_good() -> list[Row]:
    return bad_input_rows(Tracking(), [voiced(s) for s in range(6)], TALK_N, 0.5)


def test_bad_input_rows_pass_one_who_follows_speech(rows_of_the_good: list[Row]) -> None:
    failed = [row.what for row in rows_of_the_good if not row.met]
    # It follows level alone: music opens its mouth, and so does the step of an offset.
    assert "bad input: music only" in failed
    assert "bad input: NaN" not in failed
    assert "bad input: all zero" not in failed
    assert "bad input: 3 ms blocks" not in failed
    assert len(rows_of_the_good) == 14


def test_bad_input_rows_fail_the_frozen_and_the_deafened() -> None:
    prompts = [voiced(s) for s in range(6)]
    frozen = bad_input_rows(FakePerformer(), prompts, TALK_N, 0.5)
    assert not any(row.met for row in frozen)
    deaf = Tracking()
    deaf.deaf_after_nan = True
    verdict = {row.what: row.met for row in bad_input_rows(deaf, prompts, TALK_N, 0.5)}
    assert not verdict["bad input: NaN"]


def test_the_cases_are_what_they_are_called() -> None:
    made = {case.name: case for case in cases([spoken(s) for s in range(6)], TALK_N)}
    assert made["3 ms blocks"].block == 48
    nan = made["NaN"]
    start, end = (int(s * AUDIO_RATE) for s in nan.bad)
    assert np.isnan(np.concatenate(nan.parts)[start:end]).all()
    swapped = made["stereo swapped (self and other)"]
    assert swapped.other_N is not None
    assert len(swapped.other_N) == sum(map(len, swapped.parts))
    clipped = np.concatenate(made["clipped (26 dB too loud)"].parts)
    assert np.abs(clipped).max() == 1


def test_the_table_is_markdown() -> None:
    table = markdown([Row("a", "1", "2", True, "p"), Row("b", "", "x", None)])
    assert table.splitlines()[2] == "| a | 1 | 2 | p | met |"
    assert table.splitlines()[3].endswith("| - |")


def test_the_student_is_held_against_the_base() -> None:
    def found(student: float) -> dict[str, dict[str, float]]:
        return {"Base, student": {"all": student}, "Base, other seed": {"all": 0.02}}

    assert base_row.judge(found(0.028)).met
    assert not base_row.judge(found(0.04)).met
    assert base_row.base_row(None, None, None, 1).met is None
