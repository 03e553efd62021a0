"""Bad sound, live, on virtual time: the character goes on living.

Blocks of 3 ms and of 300 ms, values that are no numbers, a computer that slept, streams that are
missing or end: nothing freezes, nothing fails, and within a second all is as before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import soxr

from app import paths
from app.devices.contracts import Sound
from app.devices.simulated import SimulatedInput
from app.engine_builder import build_motion_engine
from app.live_session import LiveChoices, LiveSession
from app.live_session.feed import AudioFeed, Heard, Smoother, audible
from app.live_session.guard import SteadyMotion
from app.live_session.loop import LivePicture, PerformanceLoop
from app.media.sound_file import read_speech
from app.realtime.clock import SystemClock, VirtualClock
from app.realtime.latest_frame import LatestFrame
from app.session_contract import Activity, OutputFormat, PartState
from inference.contract import AUDIO_RATE, MOTION_INDEX, Controls, MotionSource
from inference.engine import Engine
from inference.motion_history import MotionMoment
from tests.realtime.stand_ins import World
from tests.realtime.waiting import wait_for
from tests.simulated import SimulatedMotion

NEVER = threading.Event()
TINY = OutputFormat(64, 32, 50)
JAW = MOTION_INDEX["jawOpen"]


@dataclass
class Drawn:
    """A picture that is only its motion."""

    moment: MotionMoment
    i420 = rgb = np.zeros((3, 2), np.uint8)

    @property
    def audio_time(self) -> float:
        return self.moment.audio_time

    @property
    def activity(self) -> str:
        return self.moment.activity


class MotionOnly(Engine):
    """An engine that draws nothing."""

    def frame(self, time_s: float | None = None, live: bool = False) -> Drawn:  # type: ignore[override]
        return Drawn(self.moment(time_s, live))


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return read_speech(paths.sample_speech())


class Scene:
    """A motion source in the live loop, on one virtual clock; 30 pictures per second."""

    def __init__(
        self, speech: np.ndarray, block: int = 160, motion: MotionSource | None = None
    ) -> None:
        self.speech, self.spoilt = speech, np.zeros(0)
        self.clock = VirtualClock()
        self.began = self.clock.now()
        self.microphone: SimulatedInput | None = SimulatedInput(self.clock, self.say, block=block)
        self.microphone.open(NEVER)
        self.other: SimulatedInput | None = None
        self.feed = AudioFeed(self.clock, lambda: self.microphone, lambda: self.other)
        self.slot: LatestFrame[LivePicture] = LatestFrame()
        self.heard: list[Heard] = []
        self.loop = PerformanceLoop(
            self.clock, self.feed, self.slot, 30, lambda heard, _: self.heard.append(heard)
        )
        self.loop.performer = MotionOnly(motion or SimulatedMotion(1))
        self.moments: list[MotionMoment] = []
        self.levels: list[float] = []

    def say(self, time_N: np.ndarray) -> np.ndarray:
        """The sample, again and again."""
        at_N = np.round(time_N * AUDIO_RATE).astype(int) % len(self.speech)
        return self.speech[at_N]

    def run(self, seconds: float) -> np.ndarray:
        """Motions of the pictures made: (pictures, MOTION_SIZE)."""
        end, first = self.clock.now() + seconds, len(self.moments)
        while self.clock.now() < end:
            before = self.slot.get()
            self.loop.step(NEVER)
            newest = self.slot.get()
            if newest is not None and newest != before:
                self.moments.append(newest[1].picture.moment)  # type: ignore[attr-defined]
                self.levels.append(self.feed.self_level.db)
        return np.stack([moment.motion_D for moment in self.moments[first:]])


def longest_freeze(motion_PD: np.ndarray) -> float:
    """Seconds for which not one value changed."""
    still = (np.abs(np.diff(motion_PD, axis=0)).max(axis=1) < 1e-6).astype(int)
    runs, run = 0, 0
    for one in still:
        run = run + 1 if one else 0
        runs = max(runs, run)
    return runs / 30


def speaks(motion_PD: np.ndarray) -> bool:
    return bool(motion_PD[:, JAW].max() > 0.15)


@pytest.fixture(scope="module")
def default_motion() -> Engine:
    return build_motion_engine(Controls())[0]


def steady(engine: Engine) -> SteadyMotion:
    """The real model as in a session, from its beginning; a failure fails the test."""

    def report(message: str) -> None:
        assert not message, message

    engine._motion.reset()
    return SteadyMotion(engine._motion, VirtualClock(), report)


def telephone(speech_N: np.ndarray) -> np.ndarray:
    """8 kHz and back."""
    low_N = soxr.resample(speech_N, AUDIO_RATE, AUDIO_RATE / 2)
    return np.resize(soxr.resample(low_N, AUDIO_RATE / 2, AUDIO_RATE), len(speech_N))


SPOILT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "clipped": lambda s: np.clip(30 * s, -1, 1),
    "offset": lambda s: s + 0.5,
    "telephone": telephone,
    "faint": lambda s: 0.03 * s,
    "no numbers": lambda s: np.full_like(s, np.nan),
    "zero": np.zeros_like,
    "only an offset": lambda s: np.full_like(s, 0.8),
    "hum": lambda s: 0.05 * np.sin(2 * np.pi * 50 * np.arange(len(s)) / AUDIO_RATE),
}
"""What becomes of the microphone's sound; the first four are still speech."""


@pytest.mark.parametrize(("fault", "block"), list(zip(SPOILT, [48, 4800] * 4, strict=True)))
def test_the_default_model_lives_through_a_spoilt_stretch(
    speech: np.ndarray, default_motion: Engine, fault: str, block: int
) -> None:
    scene = Scene(speech, block, steady(default_motion))
    assert speaks(scene.run(2.5))
    scene.speech = SPOILT[fault](speech).astype(np.float32)
    during = scene.run(2.0)
    assert np.isfinite(during).all()
    assert longest_freeze(during) <= 0.11
    assert speaks(during[24:]) is (fault in list(SPOILT)[:4])
    scene.speech = speech
    after = scene.run(1.5)
    assert longest_freeze(after) <= 0.11
    assert speaks(after[:42]), "it speaks again within a second (and the delay of the blocks)"


def test_streams_the_wrong_way_round_make_a_listener(
    speech: np.ndarray, default_motion: Engine
) -> None:
    scene = Scene(np.zeros(AUDIO_RATE, np.float32), motion=steady(default_motion))
    other = SimulatedInput(scene.clock, Scene(speech).say)
    other.open(NEVER)
    scene.other = other
    assert not speaks(scene.run(3.0))
    assert "listening" in {moment.activity for moment in scene.moments}
    assert "speaking" not in {moment.activity for moment in scene.moments}
    # And put right: the others fall silent, the user speaks.
    scene.other, scene.speech = None, speech
    assert speaks(scene.run(1.5)[:40])


class LeapingClock(SystemClock):
    """The real clock, on a computer that sleeps for hours in no time."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return super().now() + self.slept

    def sleep_until(self, when: float, stop: threading.Event | None = None) -> bool:
        while (left := when - self.now()) > 0:
            if stop is not None and stop.is_set():
                return False
            time.sleep(min(left, 0.02))
        return not (stop is not None and stop.is_set())


def test_a_whole_session_goes_on_after_two_hours_of_sleep() -> None:
    clock = LeapingClock()
    world = World(clock=clock)
    choices = LiveChoices(microphone="mic", other="loop", camera="cam", output=TINY)
    session = LiveSession(world.makers(), choices)
    session.start()
    try:
        wait_for(lambda: session.status().activity is Activity.SPEAKING)
        wait_for(lambda: len(world.cameras["cam"].arrivals) > 10)
        clock.slept += 2 * 3600.0
        woke = clock.now()
        wait_for(lambda: session._feed.lost_samples > 3600 * AUDIO_RATE)
        wait_for(lambda: world.cameras["cam"].arrivals[-1] > woke + 0.2)
        late = [at for at in world.cameras["cam"].arrivals if at > woke]
        assert len(late) <= TINY.fps * (late[-1] - woke) + 5, "no burst of late pictures"
        wait_for(lambda: session.status().activity is Activity.SPEAKING)
        wait_for(lambda: 0 < session.status().latency_ms < 500)
        heard = sum(map(len, world.performers[0].blocks)) / AUDIO_RATE
        assert heard < 30, "hours are not heard again"
        status = session.status()
        for part in (status.microphone, status.other, status.camera, status.engine):
            assert part.state is PartState.ON, part
        assert session.restarts == {}
    finally:
        session.stop()


@pytest.mark.parametrize("block", [48, 160, 480, 4800])
def test_the_mouth_follows_whatever_the_blocks(speech: np.ndarray, block: int) -> None:
    usual, scene = Scene(speech), Scene(speech, block)
    expected, found = usual.run(6.0), scene.run(6.0)
    assert longest_freeze(found[30:]) <= 0.11
    # The same performance, late by no more than two blocks and a picture.
    jaw, wanted = found[:, JAW], expected[:, JAW]
    fits = [
        float(np.corrcoef(jaw[45 + lag : 150 + lag], wanted[45:150])[0, 1]) for lag in range(24)
    ]
    best = int(np.argmax(fits))
    assert fits[best] > (0.9 if block < 4800 else 0.8), fits
    assert best / 30 <= 2 * block / AUDIO_RATE + 1 / 30
    heard = sum(len(one.self_N) for one in scene.heard)
    assert heard == pytest.approx(6 * AUDIO_RATE, abs=0.45 * AUDIO_RATE)


def test_large_blocks_are_neither_doubled_nor_cut_by_silence(speech: np.ndarray) -> None:
    scene = Scene(speech, 4800)
    scene.run(8.0)
    scene.heard = [one for one in scene.heard if one.end_time > scene.began + 1.0]
    sound_N = np.concatenate([one.self_N for one in scene.heard])
    assert all(one.live for one in scene.heard), "no stand-in silence between blocks"
    begin = round(
        (scene.heard[0].end_time - scene.began - len(scene.heard[0].self_N) / AUDIO_RATE)
        * AUDIO_RATE
    )
    expected_N = scene.say((begin + np.arange(len(sound_N))) / AUDIO_RATE)
    np.testing.assert_allclose(sound_N, expected_N, atol=1e-6)
    assert max(len(one.self_N) for one in scene.heard) <= 0.02 * AUDIO_RATE, "a smooth stream"


def test_a_microphone_whose_blocks_become_small_again_is_heard_at_once(speech: np.ndarray) -> None:
    scene = Scene(speech, 4800)
    scene.run(3.0)
    assert scene.microphone is not None
    scene.microphone._block = 160
    scene.run(1.0)
    assert scene.clock.now() - scene.heard[-1].end_time < 0.03
    assert scene.feed._smoother.longest == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_values_that_are_no_numbers_are_silence(speech: np.ndarray, bad: float) -> None:
    scene = Scene(speech)
    assert speaks(scene.run(3.0))
    good, scene.speech = scene.speech, np.full(AUDIO_RATE, bad, np.float32)
    during = scene.run(1.5)
    assert np.isfinite(during).all()
    assert longest_freeze(during) <= 0.11
    assert all(np.isfinite(one.self_N).all() for one in scene.heard)
    assert all(np.isfinite(one.raw_N).all() for one in scene.heard)
    scene.speech = good
    after = scene.run(2.0)
    assert np.isfinite(scene.levels).all(), "the meter is not stuck"
    assert scene.levels[-1] > -60
    assert speaks(after), "it speaks again"


@pytest.mark.parametrize("slept", [1.0, 60.0, 8 * 3600.0])
@pytest.mark.parametrize("with_microphone", [True, False])
def test_after_a_sleep_of_the_computer_it_goes_on_at_once(
    speech: np.ndarray, slept: float, with_microphone: bool
) -> None:
    scene = Scene(speech)
    scene.run(1.0)
    if not with_microphone:
        scene.microphone = None
    scene.clock.advance(slept)
    scene.heard.clear()
    after = scene.run(1.0)
    assert len(after) == pytest.approx(30, abs=3), "no burst and no pause"
    assert np.isfinite(after).all()
    assert longest_freeze(after) <= 0.15
    assert max(len(one.self_N) for one in scene.heard) <= 1.1 * AUDIO_RATE
    assert scene.clock.now() - scene.heard[-1].end_time < 0.05, "up to date again"


def test_the_other_stream_may_be_missing_break_and_come_back(speech: np.ndarray) -> None:
    scene = Scene(np.zeros(AUDIO_RATE, np.float32))
    talk = Scene(speech).say
    other = SimulatedInput(scene.clock, talk)
    other.open(NEVER)
    scene.other = other
    scene.run(2.0)
    assert "listening" in {moment.activity for moment in scene.moments}
    other._wave = lambda t: np.full(len(t), np.nan, np.float32)
    assert np.isfinite(scene.run(1.0)).all()
    scene.other = None
    quiet = scene.run(1.5)
    assert longest_freeze(quiet) <= 0.11
    assert scene.moments[-1].activity == "idle"
    assert np.isfinite(scene.feed.other_level.db)
    other._wave = talk
    scene.other = other
    scene.run(2.0)
    assert "listening" in {moment.activity for moment in scene.moments[-45:]}
    assert not speaks(quiet)


def test_smoothing_passes_small_blocks_at_once_and_loses_nothing() -> None:
    smoother, rng = Smoother(), np.random.default_rng(3)
    sent, got, raw = [], [], 0
    for count in [
        160,
        0,
        1600,
        160,
        160,
        4800,
        *[0] * 20,
        4800,
        *[0] * 400,
        160,
        160,
        160,
        160,
        160,
    ]:
        block = rng.normal(size=count).astype(np.float32)
        sent.append(block)
        passed = smoother.pass_on(Sound(block, 1.0, 0, np.repeat(block, 3), 48_000), 0.005)
        got.append(passed.samples_N)
        raw += len(passed.raw_N)
    np.testing.assert_array_equal(np.concatenate(got), np.concatenate(sent))
    assert raw == 3 * sum(map(len, sent))
    assert len(got[2]) == 1600, "one hiccup changes nothing"


def test_audible_leaves_good_sound_as_it_is() -> None:
    good = np.array([0.5, -1.5], np.float32)
    assert audible(good) is good
    bad = audible(np.array([np.nan, np.inf, 99.0, 0.25], np.float32))
    np.testing.assert_array_equal(bad, np.array([0, 0, 8, 0.25], np.float32))
