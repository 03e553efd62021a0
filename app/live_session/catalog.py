"""The lists of devices, kept up to date in the background so that asking for them never waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from app.live_session.makers import LiveMakers
from app.realtime.worker import Worker
from app.session_contract import DeviceInfo
from inference.contract import PersonareError

log = logging.getLogger(__name__)

_FRESH_SECONDS: Final = 2.0


class DeviceLists:
    """Looks once at the start and again whenever someone asks and the last look is stale."""

    def __init__(self, makers: LiveMakers) -> None:
        self._makers = makers
        self._asked = threading.Event()
        self._looked_at: float | None = None
        self._microphones: list[DeviceInfo] = []
        self._loopbacks: list[DeviceInfo] = []
        self._cameras: list[DeviceInfo] = []
        self._worker = Worker("catalog", self._step, self._died)

    def start(self) -> None:
        """Begin with a first look."""
        self._asked.set()
        self._worker.start()

    def ask_stop(self) -> None:
        """Begin to end, without waiting."""
        self._worker.stopping.set()
        self._asked.set()

    def stop(self, timeout: float) -> bool:
        """End."""
        self.ask_stop()
        return self._worker.stop(timeout)

    def microphones(self) -> list[DeviceInfo]:
        """As of the last look; asks for a new one."""
        self._ask()
        return list(self._microphones)

    def loopbacks(self) -> list[DeviceInfo]:
        """As of the last look; asks for a new one."""
        self._ask()
        return list(self._loopbacks)

    def cameras(self) -> list[DeviceInfo]:
        """As of the last look; asks for a new one."""
        self._ask()
        return list(self._cameras)

    def name_of(self, key: str | None) -> str:
        """A device's name for people, as far as it is known."""
        known = (*self._microphones, *self._loopbacks, *self._cameras)
        return next((info.name for info in known if info.key == key), key or "")

    def _ask(self) -> None:
        now = self._makers.clock.now()
        if self._looked_at is None or now - self._looked_at > _FRESH_SECONDS:
            self._asked.set()

    def _step(self) -> None:
        if not self._asked.wait(0.5):
            return
        self._asked.clear()
        if self._worker.stopping.is_set():
            return
        self._microphones = _look(self._makers.list_microphones, self._microphones)
        self._loopbacks = _look(self._makers.list_loopbacks, self._loopbacks)
        self._cameras = _look(self._makers.list_cameras, self._cameras)
        self._looked_at = self._makers.clock.now()

    def _died(self, error: BaseException) -> None:
        log.error("the lists of devices are no longer kept: %s", error)


def _look(ask: Callable[[], list[DeviceInfo]], before: list[DeviceInfo]) -> list[DeviceInfo]:
    try:
        return ask()
    except PersonareError as error:
        log.info("devices cannot be listed: %s", error)
        return before
