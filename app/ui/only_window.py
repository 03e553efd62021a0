"""One window at a time: a second start calls the first window to the front.

Two windows would fight for the microphone and the camera. A lock file (which names its process, so
that a crash leaves no lock) says who is first; a local socket carries the call.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal

try:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

    CAN_CALL = True
except ImportError:  # its system library (Kerberos) may be missing: then only the lock serves
    CAN_CALL = False

log = logging.getLogger(__name__)

_WAIT_MS: Final = 1000
_CLOSING_MS: Final = 4000
"""A window that is closing lets go of its devices, and of the lock, within this time."""
ALREADY_OPEN: Final = "Personare is already open."


class OnlyWindow(QObject):
    """The right to be the one window that uses `folder` (the settings' folder)."""

    called = Signal()
    """Another start asks for this window."""

    def __init__(self, folder: Path, parent: QObject | None = None):
        super().__init__(parent)
        self._lock = QLockFile(str(folder / "window.lock"))
        self._lock.setStaleLockTime(0)  # only a dead process makes a lock stale, not its age
        name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self._name = f"personare-{name}"
        self._server: QLocalServer | None = None
        if CAN_CALL:
            self._server = QLocalServer(self)
            self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
            self._server.newConnection.connect(self._answer)
        self._folder = folder
        self._reached = False

    def claim(self) -> bool:
        """Whether this is the first window; it then hears calls until `release`.

        If not, the first one was called to the front, as far as it can be reached.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.info("no lock against a second window: %s", error)
            return True
        if not self._lock.tryLock(0):
            taken = self._lock.error() is QLockFile.LockError.LockFailedError
            if taken and (self._call() or not self._lock.tryLock(_CLOSING_MS)):
                return False
            if not taken:
                log.info("no lock against a second window: %s", self._lock.error())
                return True
        if self._server is None:
            return True
        QLocalServer.removeServer(self._name)  # a socket that a crash left behind
        if not self._server.listen(self._name):
            log.info("a second start cannot call this window: %s", self._server.errorString())
        return True

    @property
    def reached(self) -> bool:
        """Whether the first window heard the call."""
        return self._reached

    def _call(self) -> bool:
        if not CAN_CALL:
            return False
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        self._reached = socket.waitForConnected(_WAIT_MS)
        socket.abort()
        return self._reached

    def refuse_calls(self) -> None:
        """The window is closing: who calls now waits for the lock instead."""
        if self._server is not None:
            self._server.close()

    def release(self) -> None:
        """Let the next one in."""
        self.refuse_calls()
        self._lock.unlock()

    def _answer(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.deleteLater()
            self.called.emit()
