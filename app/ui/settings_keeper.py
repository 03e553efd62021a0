"""The settings while the window is open: one value changed at a time, told to all, then saved.

Widgets never talk to each other: they set a value here, and whoever shows or uses it hears of it.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.settings.model import Settings, changed
from app.settings.store import SettingsStore
from inference.contract import PersonareError

_SAVE_MS: Final = 600  # a dragged slider is one write, not fifty


class SettingsKeeper(QObject):
    """Present settings; `changed` carries the key (`group.key`) whose value is new.

    `session` are settings for this run alone (from the command line): they are shown and used, but
    only what is changed from then on is saved, on top of the stored ones.
    """

    changed = Signal(str)
    save_failed = Signal(object)
    """The PersonareError of a failed save; told once until a save succeeds again."""

    def __init__(
        self,
        store: SettingsStore,
        settings: Settings,
        session: Settings | None = None,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._store = store
        self._stored = settings
        self._settings = session or settings
        self._failing = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_MS)
        self._timer.timeout.connect(self.save_now)

    @property
    def settings(self) -> Settings:
        """The present settings (immutable)."""
        return self._settings

    def value(self, path: str) -> object:
        """The value of a key such as `video.size`."""
        place: object = self._settings
        for part in path.split("."):
            place = getattr(place, part)
        return place

    def set(self, path: str, value: object) -> None:
        """Change one key; nothing happens if it has this value already."""
        if self.value(path) == value:
            return
        self._settings = changed(self._settings, path, value)
        self._stored = changed(self._stored, path, value)
        self._timer.start()
        self.changed.emit(path)

    def save_now(self) -> None:
        """Write the file now. A failure is told by `save_failed`, never raised."""
        self._timer.stop()
        try:
            self._store.save(self._stored)
        except PersonareError as error:
            if not self._failing:
                self._failing = True
                self.save_failed.emit(error)
        else:
            self._failing = False
