"""A part of the session that is kept alive: opened, watched, closed, and opened again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from app.devices.contracts import Device
from app.realtime.clock import Clock
from app.realtime.worker import Worker
from app.session_contract import PartState, PartStatus
from inference.contract import PersonareError

log = logging.getLogger(__name__)

_WATCH_SECONDS: Final = 0.1
RETRY_SECONDS: Final = (0.3, 1.0, 2.0, 3.0)
"""Waits before the first, second, ... attempt to open a device again; the last one stays."""

D = TypeVar("D", bound=Device)


class KeptPart(Generic[D]):
    """Keeps the device alive that `choose` asked for, on a thread of its own.

    Opening and closing may take seconds and never happen on a caller's thread. `device` is None
    unless the device is open and well. After a fault it is opened again for as long as it takes;
    with `retry=False` a failure is final until the next `choose`.
    """

    def __init__(self, name: str, clock: Clock, retry: bool = True) -> None:
        self.device: D | None = None
        self._clock, self._retry = clock, retry
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._wanted: Callable[[], D] | None = None
        self._generation = 0  # counts `choose`; the worker follows
        self._followed = 0
        self._interrupt = threading.Event()  # the present attempt to open is out of date
        self._attempts = 0
        self._try_at = 0.0
        self._was_on = False
        self._status = PartStatus()
        self._worker = Worker(name, self._step, self._died, self._drop)

    @property
    def status(self) -> PartStatus:
        """How the part fares."""
        return self._status

    def start(self) -> None:
        """Begin to work; only once."""
        self._worker.start()

    def ask_stop(self) -> None:
        """Begin to end, without waiting."""
        self._worker.stopping.set()
        self._interrupt.set()
        self._wake.set()

    def stop(self, timeout: float = 2.0) -> bool:
        """End and wait until the device is closed."""
        self.ask_stop()
        return self._worker.stop(timeout)

    def choose(self, make: Callable[[], D] | None, name: str = "") -> None:
        """Want another device (made by `make`), or none. Returns at once."""
        with self._lock:
            self._wanted = make
            self._generation += 1
            state = PartState.OFF if make is None else PartState.STARTING
            self._status = PartStatus(state, name)
            self._interrupt.set()
        self._wake.set()

    def step(self) -> None:
        """One look at the device: for tests that work without the thread."""
        if self._followed != self._generation:
            self._follow()
        device, now = self.device, self._clock.now()
        if device is not None:
            fault = device.fault()
            if fault is not None:
                self._drop()
                self._note(fault, device.name)
                self._attempts = 0
                self._try_at = now + RETRY_SECONDS[0]
        elif self._wanted is not None and now >= self._try_at:
            self._try_open(self._wanted)

    def _follow(self) -> None:
        with self._lock:
            self._followed = self._generation
            self._interrupt.clear()
        self._drop()
        self._attempts, self._try_at, self._was_on = 0, 0.0, False

    def _try_open(self, make: Callable[[], D]) -> None:
        device: D | None = None
        try:
            device = make()
            device.open(self._interrupt)
        except PersonareError as error:
            wait = RETRY_SECONDS[min(self._attempts, len(RETRY_SECONDS) - 1)]
            self._attempts += 1
            self._try_at = self._clock.now() + wait if self._retry else float("inf")
            self._note(error, "" if device is None else device.name)
            return
        self._attempts, self._was_on = 0, True
        with self._lock:
            if self._followed == self._generation:
                self._status = PartStatus(PartState.ON, device.name)
                self.device = device
                return
        device.close()

    def _note(self, error: PersonareError, name: str) -> None:
        with self._lock:
            if self._followed != self._generation:
                return
            name = name or self._status.name
            state = PartState.RECOVERING if self._was_on and self._retry else PartState.FAILED
            told = PartStatus(state, name, str(error), error.remedy)
            if told != self._status:
                log.warning("%s: %s %s", self._worker.name, error, error.remedy)
            self._status = told

    def _drop(self) -> None:
        device, self.device = self.device, None
        if device is not None:
            device.close()

    def _step(self) -> None:
        self.step()
        self._wake.wait(_WATCH_SECONDS)
        self._wake.clear()

    def _died(self, error: BaseException) -> None:
        self._status = PartStatus(
            PartState.FAILED,
            self._status.name,
            f"Its thread ended: {error}.",
            "Choose it again, or start the session again.",
        )
