"""Clocks, ring, slot, worker, pacer and meters, one by one, on virtual time."""

import threading

import numpy as np
import pytest

from app.realtime.audio_ring import AudioRing
from app.realtime.clock import SystemClock, VirtualClock
from app.realtime.latest_frame import LatestFrame
from app.realtime.pacer import Pacer
from app.realtime.stats import StreamMeter
from app.realtime.worker import Worker


def ramp(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)[:, None]


class TestVirtualClock:
    def test_plans_run_in_order_at_their_time(self) -> None:
        clock, seen = VirtualClock(0.0), []
        clock.at(2.0, lambda: seen.append(("b", clock.now())))
        clock.at(1.0, lambda: seen.append(("a", clock.now())))
        clock.at(9.0, lambda: seen.append(("late", clock.now())))
        clock.advance(5.0)
        assert seen == [("a", 1.0), ("b", 2.0)]
        assert clock.now() == 5.0

    def test_a_stop_during_the_sleep_ends_it(self) -> None:
        clock, stop = VirtualClock(0.0), threading.Event()
        clock.at(1.0, stop.set)
        assert not clock.sleep_until(10.0, stop)
        assert clock.now() == 1.0


def test_system_clock_notices_a_stop_quickly() -> None:
    clock, stop = SystemClock(), threading.Event()
    timer = threading.Timer(0.05, stop.set)
    timer.start()
    start = clock.now()
    assert not clock.sleep_until(start + 30, stop)
    assert clock.now() - start < 1.0
    timer.join()


class TestAudioRing:
    def test_pieces_come_out_as_they_went_in(self) -> None:
        ring = AudioRing(capacity=100, channels=1, rate=1000)
        out = []
        position = 0
        for size in (7, 30, 1, 64, 99, 100, 3):
            ring.write(ramp(position, size), 0.0)
            position += size
            out.append(ring.read().samples_NC)
        assert np.array_equal(np.concatenate(out), ramp(0, position))
        assert ring.lost_total == 0

    def test_every_sample_knows_when_it_was_captured(self) -> None:
        ring = AudioRing(capacity=100, channels=1, rate=1000)
        ring.write(ramp(0, 20), 5.020)
        ring.write(ramp(20, 20), 5.041)  # the device's clock runs a little slow
        first = ring.read(most=30)
        assert len(first.samples_NC) == 30
        assert first.end_time == pytest.approx(5.031)
        assert ring.read().end_time == pytest.approx(5.041)

    def test_a_slow_reader_loses_the_oldest_and_it_is_counted(self) -> None:
        ring = AudioRing(capacity=50, channels=2, rate=1000)
        for k in range(12):
            ring.write(np.repeat(ramp(10 * k, 10), 2, axis=1), 0.0)
        got = ring.read()
        assert got.lost == 70
        assert np.array_equal(got.samples_NC[:, 1], np.arange(70, 120))
        assert ring.lost_total == 70

    def test_a_block_longer_than_the_ring_keeps_its_end(self) -> None:
        ring = AudioRing(capacity=10, channels=1, rate=1000)
        ring.write(ramp(0, 25), 1.0)
        got = ring.read()
        assert np.array_equal(got.samples_NC[:, 0], np.arange(15, 25))
        assert got.lost == 15

    def test_two_threads_lose_nothing_and_mix_nothing_up(self) -> None:
        ring = AudioRing(capacity=4096, channels=1, rate=48_000)
        total, block = 400 * 480, 480

        def produce() -> None:
            for k in range(0, total, block):
                while ring.available > 3000:
                    pass
                ring.write(ramp(k, block), k / 48_000)

        thread = threading.Thread(target=produce)
        thread.start()
        got = 0
        while got < total:
            samples = ring.read().samples_NC[:, 0]
            assert np.array_equal(samples, np.arange(got, got + len(samples)))
            got += len(samples)
        thread.join()
        assert ring.lost_total == 0


class TestLatestFrame:
    def test_a_slow_consumer_gets_only_the_newest(self) -> None:
        slot: LatestFrame[str] = LatestFrame()
        assert slot.get() is None
        for item in "abc":
            slot.put(item)
        assert slot.wait_newer(1, timeout=0) == (3, "c")
        assert slot.wait_newer(3, timeout=0) is None

    def test_a_waiting_consumer_wakes(self) -> None:
        slot: LatestFrame[str] = LatestFrame()
        timer = threading.Timer(0.02, slot.put, ["x"])
        timer.start()
        assert slot.wait_newer(0, timeout=5) == (1, "x")
        timer.join()

    def test_close_wakes_everyone(self) -> None:
        slot: LatestFrame[str] = LatestFrame()
        timer = threading.Timer(0.02, slot.close)
        timer.start()
        assert slot.wait_newer(0, timeout=30) is None
        timer.join()


class TestWorker:
    def test_its_death_is_reported_and_it_still_finishes(self) -> None:
        deaths, finished = [], []

        def step() -> None:
            raise RuntimeError("boom")

        worker = Worker("doomed", step, deaths.append, lambda: finished.append(True))
        worker.start()
        assert worker.stop()
        assert [str(error) for error in deaths] == ["boom"]
        assert worker.death is deaths[0]
        assert finished == [True]

    def test_stop_ends_the_loop_and_is_no_death(self) -> None:
        steps, deaths = [], []
        worker = Worker("busy", lambda: steps.append(1), deaths.append)
        worker.start()
        while len(steps) < 3:
            pass
        assert worker.stop()
        assert not worker.alive
        assert deaths == []

    def test_a_worker_that_never_started_can_be_stopped(self) -> None:
        assert Worker("idle", lambda: None, lambda error: None).stop()


class TestPacer:
    def test_ticks_do_not_drift(self) -> None:
        clock = VirtualClock(0.0)
        pacer = Pacer(clock, 30)
        for k in range(3000):
            assert pacer.wait() == pytest.approx(k / 30)
            clock.advance(0.020)  # the work of each tick
        assert clock.now() == pytest.approx(2999 / 30 + 0.020)
        assert pacer.skipped == 0

    def test_a_late_tick_does_not_delay_the_next(self) -> None:
        clock = VirtualClock(0.0)
        pacer = Pacer(clock, 10)
        pacer.wait()
        clock.advance(0.15)  # half a period late
        assert pacer.wait() == pytest.approx(0.1)
        assert pacer.wait() == pytest.approx(0.2)
        assert clock.now() == pytest.approx(0.2)

    def test_after_a_stall_missed_ticks_are_skipped_not_made_up_for(self) -> None:
        clock = VirtualClock(0.0)
        pacer = Pacer(clock, 10)
        pacer.wait()
        clock.advance(60.0)
        ticks = []
        for _ in range(5):
            pacer.wait()
            ticks.append(clock.now())
        assert ticks == pytest.approx([60.0, 60.0, 60.1, 60.2, 60.3])  # the late one, then in step
        assert pacer.skipped in (598, 599)

    def test_stop_is_told(self) -> None:
        clock, stop = VirtualClock(0.0), threading.Event()
        pacer = Pacer(clock, 10)
        pacer.wait(stop)
        stop.set()
        assert pacer.wait(stop) is None


class TestStreamMeter:
    def test_rate_and_percentiles_of_the_recent_window(self) -> None:
        meter = StreamMeter(window=2.0)
        for k in range(300):
            meter.add(k / 30, 0.050 if k % 10 else 0.100)
        stats = meter.summary(299 / 30)
        assert stats.fps == pytest.approx(30, rel=0.01)
        assert stats.latency_p50 == pytest.approx(0.050)
        assert stats.latency_p95 == pytest.approx(0.100)
        assert stats.frames == 300

    def test_a_stalled_stream_does_not_show_its_old_pace(self) -> None:
        meter = StreamMeter(window=2.0)
        for k in range(60):
            meter.add(k / 30)
        assert meter.summary(3.5).fps < 10
        assert meter.summary(10.0).fps == 0

    def test_nothing_measured(self) -> None:
        assert StreamMeter().summary(1.0).latency_p95 == 0
