"""One piece of work beside another: for the second core, in a frame that has two independent parts.

ONNX Runtime, OpenCV and numpy let other threads run while they compute. The thread lives as long as
work keeps coming and ends by itself soon after: nothing has to be closed, nothing is started anew
for every frame.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Generic, TypeVar

T = TypeVar("T")
IDLE_S: Final = 0.5
"""Seconds without work after which the thread ends."""


class Task(Generic[T]):
    """Work under way. Leaving its `with` block, also by an error, waits until it is done, or drops
    it where nobody has begun it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._begun = threading.Lock()  # taken once, by whoever does the work

    def run(self) -> None:
        """Do the work, in the thread that calls this, unless somebody has begun it."""
        if not self._begun.acquire(blocking=False):
            return
        work, self._work = self._work, None
        try:
            if work is not None:
                self._result.append(work())
        except BaseException as error:  # noqa: BLE001  (raised again where the result is asked for)
            self._error = error
        finally:
            del work  # what it refers to must not live on with an idle thread
            self._done.set()

    def result(self) -> T:
        """What the work returned, waited for; raises what it raised."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result[0]

    def finish(self) -> T:
        """As `result`, but the caller does the work itself if nobody has begun it yet."""
        self.run()
        return self.result()

    def __enter__(self) -> Task[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._begun.acquire(blocking=False):
            self._work = None
            self._error = RuntimeError("this work was dropped")
            self._done.set()
        self._done.wait()


class Beside:
    """A thread that does one task after another."""

    def __init__(self, name: str, idle_s: float = IDLE_S) -> None:
        self._name, self._idle_s = name, idle_s
        self._tasks: queue.SimpleQueue[Task[object]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], T]) -> Task[T]:
        """Begin `work` as soon as the tasks before it are done."""
        task = Task(work)
        with self._lock:
            self._tasks.put(task)  # type: ignore[arg-type]  # the thread never looks at results
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
        return task

    def _serve(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=self._idle_s)
            except queue.Empty:
                with self._lock:
                    if self._tasks.empty():
                        self._thread = None
                        return
                continue
            task.run()
            del task
