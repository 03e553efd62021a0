"""The engine's loop, the feed and the guards on virtual time: delay, pace, faults."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app.devices.simulated import SimulatedInput, tone
from app.live_session.feed import AudioFeed, Heard
from app.live_session.guard import IdleMotion, SteadyFrames, SteadyMotion
from app.live_session.loop import LivePicture, PerformanceLoop
from app.realtime.clock import VirtualClock
from app.realtime.latest_frame import LatestFrame
from app.session_contract import OutputFormat
from inference.contract import MOTION_INDEX, MOTION_SIZE, Controls, MotionTrack
from tests.realtime.stand_ins import StandInPerformer

SMALL = OutputFormat(32, 16, 30)
NEVER = threading.Event()


class Rig:
    """Loop, feed and simulated inputs on one virtual clock."""

    def __init__(self, draw_seconds: float = 0.0, fps: int = 30) -> None:
        self.clock = VirtualClock()
        self.microphone: SimulatedInput | None = SimulatedInput(self.clock)
        self.microphone.open(NEVER)
        self.other: SimulatedInput | None = None
        self.feed = AudioFeed(self.clock, lambda: self.microphone, lambda: self.other)
        self.slot: LatestFrame[LivePicture] = LatestFrame()
        self.tapped: list[tuple[Heard, float]] = []
        self.loop = PerformanceLoop(
            self.clock, self.feed, self.slot, fps, lambda *tap: self.tapped.append(tap)
        )
        self.performer = StandInPerformer(SMALL, self.clock, draw_seconds)
        self.loop.performer = self.performer

    def run(self, seconds: float) -> list[tuple[float, LivePicture]]:
        end, made = self.clock.now() + seconds, []
        while self.clock.now() < end:
            before = self.slot.get()
            self.loop.step(NEVER)
            newest = self.slot.get()
            if newest is not None and newest != before:
                made.append((self.clock.now(), newest[1]))
        return made


class TestLoop:
    @pytest.mark.parametrize("fps", [24, 25, 30, 60])
    def test_pictures_leave_at_the_asked_rate(self, fps: int) -> None:
        made = Rig(draw_seconds=0.010, fps=fps).run(10.0)
        assert len(made) == pytest.approx(10 * fps, abs=2)

    def test_the_mouth_shows_the_newest_step_when_drawing_begins(self) -> None:
        rig = Rig(draw_seconds=0.025)
        made = rig.run(10.0)[10:]
        delays = np.array([when - live.shown_time for when, live in made])
        # 25 ms of drawing, and at most one step and one look at the microphone.
        assert delays.min() >= 0.025
        assert np.percentile(delays, 95) <= 0.025 + 0.020
        assert rig.loop.meter.summary(rig.clock.now()).latency_p95 <= 0.045

    def test_a_slow_engine_drops_pictures_instead_of_falling_behind(self) -> None:
        rig = Rig(draw_seconds=0.050)
        made = rig.run(10.0)
        assert rig.loop.meter.summary(rig.clock.now()).dropped > 50
        assert made[-1][0] - made[-1][1].shown_time < 0.090

    def test_after_a_long_sleep_it_goes_on_at_once_without_a_burst(self) -> None:
        rig = Rig()
        rig.run(1.0)
        rig.clock.advance(100.0)
        made = rig.run(1.0)
        assert len(made) == pytest.approx(30, abs=2)

    def test_a_machine_that_cannot_keep_up_skips_sound_and_stays_bounded(self) -> None:
        rig = Rig(draw_seconds=0.0)
        assert rig.microphone is not None
        rig.microphone.ring_s = 60.0  # the loop itself skips, before a ring overflows
        rig.run(1.0)
        hear = rig.performer.hear

        def slow_hear(self_N: np.ndarray, other_N: np.ndarray | None = None) -> None:
            rig.clock.advance(3 * len(self_N) / 16_000)
            hear(self_N, other_N)

        rig.performer.hear = slow_hear  # type: ignore[method-assign]
        made = rig.run(60.0)
        assert rig.loop.skipped_samples > 20 * 16_000
        gaps = np.diff([when for when, _ in made])
        assert gaps.max() < 3.2, "turns do not get longer and longer"
        stream = [live.stream_s for _, live in made]
        assert stream[-1] - stream[0] == pytest.approx(made[-1][0] - made[0][0], abs=3.5)

    def test_everything_heard_is_tapped_once_and_in_order(self) -> None:
        rig = Rig()
        rig.run(3.0)
        sound = np.concatenate([heard.self_N for heard, _ in rig.tapped])
        expected = tone((np.arange(len(sound)) / 16_000).astype(np.float32))
        assert np.allclose(sound, expected, atol=1e-4)
        assert rig.tapped[-1][1] == pytest.approx(len(sound) / 16_000)

    def test_a_new_performer_continues_the_stream(self) -> None:
        rig = Rig()
        before = rig.run(1.0)[-1][1].stream_s
        rig.loop.performer = StandInPerformer(SMALL, rig.clock)
        after = rig.run(1.0)[-1][1].stream_s
        assert after == pytest.approx(before + 1.0, abs=0.05)


class TestFeed:
    def test_without_a_microphone_silence_keeps_the_clocks_pace(self) -> None:
        rig = Rig()
        rig.microphone = None
        made = rig.run(5.0)
        assert rig.performer.heard_s == pytest.approx(5.0, abs=0.05)
        assert not made[-1][1].live
        assert made[-1][1].picture.activity == "idle"
        assert rig.feed.self_level.db == -100.0

    def test_a_microphone_that_freezes_turns_into_silence_and_comes_back(self) -> None:
        rig = Rig()
        rig.run(1.0)
        assert rig.feed.self_level.db == pytest.approx(-23, abs=1)
        rig.microphone.frozen = True
        rig.run(2.0)
        assert rig.feed.self_level.db < -60
        heard = rig.performer.heard_s
        assert heard == pytest.approx(3.0, abs=0.2)
        rig.microphone.frozen = False
        assert rig.run(1.0)[-1][1].live
        assert rig.feed.self_level.db == pytest.approx(-23, abs=1)

    def test_the_others_stream_is_as_long_as_the_own_and_unbroken(self) -> None:
        rig = Rig()
        rig.other = SimulatedInput(rig.clock)
        rig.clock.advance(0.003)  # out of step with the microphone
        rig.other.open(NEVER)
        rig.run(5.0)
        other = np.concatenate(rig.performer.others)
        assert len(other) == rig.performer.heard
        begin = int(np.flatnonzero(other)[0])
        steps = np.abs(np.diff(other[begin:]))
        assert steps.max() < 0.1 * 2 * np.pi * 220 / 16_000 * 1.1  # a gap would jump

    def test_a_fast_clock_on_the_other_side_does_not_pile_up(self) -> None:
        rig = Rig()
        rig.other = SimulatedInput(rig.clock)
        rig.other.open(NEVER)
        rig.run(0.5)
        rig.other._given -= 16_000  # a second of sound comes at once
        rig.run(0.2)
        assert len(rig.feed._waiting_N) <= 0.13 * 16_000


class FragileMotion:
    """20 ms steps with an open jaw; raises while `broken`."""

    delay_s = 0.02

    def __init__(self) -> None:
        self.controls = Controls()
        self.cues: list[str] = []
        self.broken: Exception | None = None
        self.not_a_number = False
        self.open = 1.0
        self.heard = 0

    def cue(self, name: str) -> None:
        """Remembered for the test."""
        self.cues.append(name)

    def reset(self, seed: int = 0) -> None:
        self.heard = 0
        if self.broken:
            raise self.broken

    def push(self, self_N: np.ndarray, other_N: np.ndarray | None = None) -> MotionTrack:
        if self.broken:
            raise self.broken
        first = self.heard // 320 + 1
        self.heard += len(self_N)
        count = self.heard // 320 + 1 - first
        motion = np.zeros((count, MOTION_SIZE), np.float32)
        motion[:, MOTION_INDEX["jawOpen"]] = np.nan if self.not_a_number else self.open
        time_T = (first + np.arange(count)) / 50
        zero = np.zeros(count, np.float32)
        return MotionTrack(time_T, motion, zero, zero, np.zeros((count, 15), np.float32))


class TestSteadyMotion:
    def setup_method(self) -> None:
        self.clock, self.inner, self.told = VirtualClock(), FragileMotion(), []
        self.steady = SteadyMotion(self.inner, self.clock, self.told.append)
        self.times: list[float] = []
        self.jaw: list[float] = []
        self.lid: list[float] = []

    def push(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.01)):
            self.clock.advance(0.01)
            track = self.steady.push(np.zeros(160, np.float32))
            self.times += track.time_T.tolist()
            self.jaw += track.motion_TD[:, MOTION_INDEX["jawOpen"]].tolist()
            self.lid += track.motion_TD[:, MOTION_INDEX["eyeBlinkLeft"]].tolist()

    @pytest.mark.parametrize("how", ["raises", "not_a_number"])
    def test_it_idles_while_the_model_fails_and_takes_it_up_again(self, how: str) -> None:
        self.push(2.0)
        assert self.jaw[-1] == 1.0
        if how == "raises":
            self.inner.broken = RuntimeError("no memory")
        else:
            self.inner.not_a_number = True
        self.push(20.0)
        assert self.jaw[-1] == 0.0
        assert max(self.lid[150:]) == 1.0, "an idling character blinks"
        assert "failed" in self.told[0]
        self.inner.broken, self.inner.not_a_number = None, False
        self.push(3.0)
        assert self.jaw[-1] == 1.0
        assert self.told[-1] == ""
        assert np.allclose(np.diff(self.times), 0.02), "the track has no gap and no step twice"
        assert np.abs(np.diff(self.jaw)).max() < 0.11, "no jump of the face"

    def test_the_look_ahead_is_the_models(self) -> None:
        assert self.steady.delay_s == 0.02
        slower = FragileMotion()
        slower.delay_s = 0.06
        self.steady.take_over(slower)
        self.push(0.1)
        assert self.steady.delay_s == 0.06

    @pytest.mark.parametrize("broken", [False, True])
    @pytest.mark.parametrize("blocks", [7, 160, 320, 4800])
    def test_another_model_takes_over_in_the_middle_of_a_step(
        self, blocks: int, broken: bool
    ) -> None:
        self.inner.broken = RuntimeError("worn out") if broken else None
        self.steady.controls = style = Controls(warmth=0.9)
        times: list[float] = []
        jaw: list[float] = []
        successor = FragileMotion()
        successor.open = 0.25
        unused = FragileMotion()
        for at in range(0, 4 * 16_000, blocks):
            if at <= 16_050 < at + blocks:
                self.steady.take_over(unused)  # the user thinks again
                self.steady.take_over(successor)
            self.clock.advance(blocks / 16_000)
            track = self.steady.push(np.zeros(blocks, np.float32))
            times += track.time_T.tolist()
            jaw += track.motion_TD[:, MOTION_INDEX["jawOpen"]].tolist()
        assert np.allclose(np.diff(times), 0.02), "no gap, no step twice"
        assert jaw[40] == (0.0 if broken else 1.0)
        assert jaw[-1] == 0.25
        assert np.abs(np.diff(jaw[40:])).max() < 0.11, "no jump of the face"
        assert unused.heard == 0
        assert successor.controls == style
        assert (self.told[-1:] == [""]) is broken

    def test_idle_motion_stays_in_range(self) -> None:
        idle = IdleMotion(seed=3)
        motion = np.stack([idle.at(k / 50) for k in range(50 * 120)])
        assert motion[:, :52].min() >= 0
        assert motion[:, :52].max() <= 1
        lids = motion[:, MOTION_INDEX["eyeBlinkLeft"]] > 0.5
        blinks = np.flatnonzero(np.diff(lids.astype(int)) == 1)
        assert 20 <= len(blinks) <= 50, "10 to 25 a minute"


class FragileFrames:
    size = 4

    def __init__(self) -> None:
        self.broken = False
        self.value = 0

    def draw(self, motion_D: np.ndarray) -> np.ndarray:
        if self.broken:
            raise RuntimeError("driver lost")
        self.value += 1
        return np.full((4, 4, 4), self.value, np.uint8)


def test_steady_frames_hold_the_last_picture() -> None:
    clock, inner, told = VirtualClock(), FragileFrames(), []
    steady = SteadyFrames(inner, clock, told.append)
    rest = np.zeros(MOTION_SIZE, np.float32)
    assert steady.draw(rest)[0, 0, 0] == 1
    inner.broken = True
    assert [steady.draw(rest)[0, 0, 0] for _ in range(3)] == [1, 1, 1]
    inner.broken = False
    clock.advance(1.1)
    assert steady.draw(rest)[0, 0, 0] == 2
    assert [bool(message) for message in told] == [True, False]
