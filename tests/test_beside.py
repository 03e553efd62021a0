"""Work beside other work: results, errors on either side, and a thread that ends by itself."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from inference.beside import Beside, Task

WAIT_S = 20.0
"""Long enough for any machine; never waited in full."""


def the_thread(name: str) -> threading.Thread:
    return next(thread for thread in threading.enumerate() if thread.name == name)


def test_results_come_back_from_one_thread_that_is_kept() -> None:
    beside = Beside("kept", idle_s=WAIT_S / 10)
    first = beside.start(threading.get_ident).result()
    assert first != threading.get_ident()
    assert [beside.start(threading.get_ident).result() for _ in range(20)] == [first] * 20
    the_thread("kept").join(WAIT_S)


def test_an_error_is_raised_where_the_result_is_asked_for_and_work_goes_on() -> None:
    beside = Beside("faulty", idle_s=0.01)
    task = beside.start(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        task.result()
    assert beside.start(lambda: 7).result() == 7


def test_an_error_in_the_block_waits_for_the_work() -> None:
    beside, going, ended = Beside("waited", idle_s=0.01), threading.Event(), []
    begun = threading.Event()

    def work() -> None:
        begun.set()
        going.wait(WAIT_S)
        ended.append(True)

    def fail() -> None:
        with beside.start(work):
            begun.wait(WAIT_S)
            threading.Timer(0.02, going.set).start()
            raise OSError("the other half failed")

    with pytest.raises(OSError, match="other half"):
        fail()
    assert ended == [True]


def test_work_that_nobody_has_begun_is_done_where_it_is_asked_for() -> None:
    beside, going, ran = Beside("busy", idle_s=0.01), threading.Event(), []

    def work() -> int:
        ran.append(threading.get_ident())
        return 7

    with beside.start(lambda: going.wait(WAIT_S)) as first, beside.start(work) as second:
        assert second.finish() == 7
        going.set()
        assert first.finish()
        assert second.finish() == second.result() == 7
    assert beside.start(lambda: 3).result() == 3  # past the task that was taken from it
    assert ran == [threading.get_ident()]


def test_work_that_nobody_has_begun_is_dropped_by_an_error() -> None:
    beside, going, ran = Beside("dropped", idle_s=0.01), threading.Event(), []

    def fail() -> None:
        with (
            beside.start(lambda: going.wait(WAIT_S)),
            beside.start(lambda: ran.append(True)) as task,
        ):
            threading.Timer(0.02, going.set).start()
            dropped.append(task)
            raise OSError("the other half failed")

    dropped: list[Task[None]] = []
    with pytest.raises(OSError, match="other half"):
        fail()
    with pytest.raises(RuntimeError, match="dropped"):
        dropped[0].finish()
    assert beside.start(lambda: 3).result() == 3
    assert not ran


def test_the_thread_ends_when_idle_and_a_new_one_starts() -> None:
    beside = Beside("idle", idle_s=0.01)
    assert beside.start(lambda: 1).result() == 1
    for thread in [t for t in threading.enumerate() if t.name == "idle"]:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    assert beside.start(lambda: 2).result() == 2


def test_an_idle_thread_keeps_nothing_alive() -> None:
    class Held:
        def size(self) -> int:
            return 3

    beside, held = Beside("light", idle_s=WAIT_S / 10), Held()
    gone = weakref.ref(held)
    assert beside.start(held.size).result() == 3
    del held
    gc.collect()
    assert gone() is None
    the_thread("light").join(WAIT_S)
