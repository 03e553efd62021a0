"""Starting and finishing films from the window: where they go, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app import paths
from app.session_contract import PartState, SessionStatus
from app.settings.model import Settings
from app.ui.notifications import Notice, NoticeBoard
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from inference.contract import PersonareError


def film_path(settings: Settings, now: datetime) -> Path:
    """A new name in the folder for recordings, which is made if need be.

    Raises:
        PersonareError: the folder cannot be made.
    """
    folder = Path(settings.devices.recordings or paths.videos_dir())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PersonareError(
            f"The folder for recordings cannot be used ({error.strerror}).",
            f"Choose another folder than {folder} in Preferences, Devices.",
        ) from error
    return folder / f"Personare {now:%Y-%m-%d %H-%M-%S}.mp4"


class Recording(QObject):
    """The film that is running, if any."""

    def __init__(
        self,
        keeper: SettingsKeeper,
        bridge: SessionBridge,
        board: NoticeBoard,
        parent: QObject | None = None,
        now: Callable[[], datetime] = datetime.now,
    ):
        super().__init__(parent)
        self._keeper, self._bridge, self._board, self._now = keeper, bridge, board, now
        self._finishing: str | None = None
        bridge.status.connect(self._follow)

    @property
    def running(self) -> bool:
        """Whether a film is wanted now."""
        return self._bridge.recording_path is not None

    def toggle(self) -> None:
        """Start a film, or finish the running one."""
        if self.running:
            self._finishing = self._bridge.recording_path
            self._bridge.record_to(None)
            return
        try:
            path = film_path(self._keeper.settings, self._now())
        except PersonareError as error:
            self._board.post_error("recording-folder", error)
            return
        self._board.withdraw("recording-folder")
        self._board.withdraw("film")
        self._bridge.start()
        self._bridge.record_to(str(path))

    def _follow(self, status: SessionStatus) -> None:
        state = status.recorder.state
        if self.running and state is PartState.FAILED:
            # It ended by itself (a full disk, say): its banner tells why; the button starts anew.
            self._bridge.recording_path = None
        elif self._finishing is not None and state is PartState.OFF:
            self._tell(Path(self._finishing))
            self._finishing = None

    def _tell(self, film: Path) -> None:
        folder = QUrl.fromLocalFile(str(film.parent))
        self._board.post(
            Notice(
                "film",
                f"Your film is saved as “{film.name}”.",
                str(film.parent),
                "good",
                "Show folder",
                lambda: _open(folder),
            )
        )


def _open(folder: QUrl) -> None:
    QDesktopServices.openUrl(folder)
