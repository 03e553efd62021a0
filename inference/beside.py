"""One piece of work beside another: for the second core, in a frame that has two independent parts.

A thread is started for each call, so that nothing has to be closed; ONNX Runtime,
OpenCV and numpy let other threads run while they compute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """Starts `work` at once; `result` waits for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="personare-beside", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001  (raised again where the result is asked for)
            self._error = error

    def result(self) -> T:
        """What `work` returned; raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]
