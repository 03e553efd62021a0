"""A thread with one loop, one stop, and a death that is always reported."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_LAST_WAIT_SECONDS: Final = 10.0
"""How long the end of the process waits for a thread that did not stop in time."""


class Worker:
    """Calls `step` again and again until `stop`.

    `step` must return within a fraction of a second and may look at `stopping`. If it raises, the
    thread ends and `on_death` hears of it (on the dying thread); `finish`, if given, always runs
    last, on the thread.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        on_death: Callable[[BaseException], None],
        finish: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.stopping = threading.Event()
        self.death: BaseException | None = None
        self._step = step
        self._on_death = on_death
        self._finish = finish
        self._thread = threading.Thread(target=self._run, name=f"personare-{name}", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; only once."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """Ask the loop to end and wait; False if it did not within `timeout` seconds."""
        self.stopping.set()
        if self._thread.ident is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("thread %s did not stop within %.1f s", self.name, timeout)
            # Ending the process under a thread that computes in native code would abort it.
            atexit.register(self._thread.join, _LAST_WAIT_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                self._step()
        except BaseException as error:
            self.death = error
            log.exception("thread %s died", self.name)
            self._on_death(error)
        finally:
            if self._finish is not None:
                try:
                    self._finish()
                except Exception:
                    log.exception("thread %s could not finish cleanly", self.name)
