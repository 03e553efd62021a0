"""Faults and news inside the window: one funnel, one sentence, one remedy, never a dialog.

`NoticeBoard` holds what there is to say; `Banners` shows it above the preview. A notice has a key:
a new one of the same key replaces the old, and a part that is well again takes its notice away.
`ErrorFunnel` brings exceptions nobody caught, of any thread, to the same board and to the log.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.session_contract import PartState, PartStatus, SessionStatus
from app.ui.widgets import IconButton, IconLabel, label
from inference.contract import PersonareError

log = logging.getLogger(__name__)

MOST_BANNERS: Final = 2
_TONES: Final = {"info": "accent", "good": "good", "warn": "warn", "bad": "bad"}
PARTS: Final = ("engine", "camera", "microphone", "other", "recorder")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say. `tone` is info, good, warn or bad; `action` an optional button."""

    key: str
    message: str
    remedy: str = ""
    tone: str = "info"
    action: str = ""
    act: Callable[[], None] | None = None


class NoticeBoard(QObject):
    """What there is to say, most urgent first."""

    changed = Signal()
    dismissed = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._notices: dict[str, Notice] = {}
        self._hushed: dict[str, str] = {}  # key -> message the user has closed

    def notices(self) -> list[Notice]:
        """Faults before news, older before newer."""
        order = list(reversed(_TONES))
        return sorted(self._notices.values(), key=lambda notice: order.index(notice.tone))

    def newest(self, notices: list[Notice]) -> list[Notice]:
        """The one of `notices` that was posted last; empty when there is none."""
        keys = [notice.key for notice in notices]
        return [notice for key, notice in self._notices.items() if key in keys][-1:]

    def post(self, notice: Notice) -> None:
        """Say something; the same words again, once closed, stay closed until withdrawn."""
        same = self._notices.get(notice.key)
        if self._hushed.get(notice.key) == notice.message:
            return
        if same is not None and (same.message, same.remedy) == (notice.message, notice.remedy):
            return
        self._notices[notice.key] = notice
        self.changed.emit()

    def post_error(self, key: str, error: PersonareError) -> None:
        """Say a fault."""
        self.post(Notice(key, str(error), error.remedy, "bad"))

    def withdraw(self, key: str) -> None:
        """It is over: take it away, and say it again when it comes back."""
        self._hushed.pop(key, None)
        if self._notices.pop(key, None) is not None:
            self.changed.emit()

    def dismiss(self, key: str) -> None:
        """The user has read it."""
        notice = self._notices.pop(key, None)
        if notice is not None:
            self._hushed[key] = notice.message
            self.changed.emit()
            self.dismissed.emit(key)

    def follow(self, status: SessionStatus) -> None:
        """Say what a session's parts have to tell, and take back what is over."""
        for part in PARTS:
            state: PartStatus = getattr(status, part)
            if state.message:
                tone = "bad" if state.state is PartState.FAILED else "warn"
                self.post(Notice(part, state.message, state.remedy, tone))
            elif state.state in (PartState.ON, PartState.OFF):
                self.withdraw(part)


class Banner(QFrame):
    """One notice: icon, sentence, remedy, an optional action, and a button to close it."""

    def __init__(self, board: NoticeBoard, notice: Notice):
        super().__init__()
        self.notice = notice
        self.setProperty("notice", notice.tone)
        self.setAccessibleName(f"{notice.message} {notice.remedy}".strip())
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 8, 10)
        row.setSpacing(12)
        name = "info" if notice.tone == "info" else "good" if notice.tone == "good" else "warn"
        row.addWidget(IconLabel(name, 20, _TONES[notice.tone]), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(notice.message, "heading", wrap=True))
        if notice.remedy:
            words.addWidget(label(notice.remedy, "remedy", wrap=True))
        row.addLayout(words, 1)
        if notice.act is not None:
            button = QPushButton(notice.action)
            button.clicked.connect(notice.act)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        close = IconButton("close", "Dismiss")
        close.clicked.connect(lambda: board.dismiss(notice.key))
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        for text in self.findChildren(QLabel):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)


class Banners(QWidget):
    """The most urgent notices, stacked; takes no room while there is nothing to say."""

    def __init__(self, board: NoticeBoard):
        super().__init__()
        self._board = board
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._more = label("", "small")
        self._column.addWidget(self._more)
        self._shown: dict[str, Banner] = {}
        self._quiet = False
        board.changed.connect(self.refresh)
        self.refresh()

    def banners(self) -> list[Banner]:
        """The banners on show, top first."""
        return list(self._shown.values())

    def set_quiet(self, quiet: bool) -> None:
        """Show faults only (in the full preview)."""
        self._quiet = quiet
        self.refresh()

    def refresh(self) -> None:
        """Show what the board holds now."""
        notices = self._board.notices()
        faults = [notice for notice in notices if notice.tone in ("warn", "bad")]
        # One piece of news at a time, the newest: the preview should stay large. While something
        # is wrong only good news is told, above the faults: whoever has no camera records films.
        told = [n for n in notices if n.tone == "good" or (n.tone == "info" and not faults)]
        notices = ([] if self._quiet else self._board.newest(told)) + faults
        top = notices[:MOST_BANNERS]
        for key, banner in list(self._shown.items()):
            if banner.notice not in top:
                del self._shown[key]
                self._column.removeWidget(banner)
                banner.hide()
                banner.deleteLater()
        for place, notice in enumerate(top):
            if notice.key not in self._shown:
                banner = Banner(self._board, notice)
                self._column.insertWidget(place, banner)
                self._shown[notice.key] = banner
                if QAccessible.isActive():  # a screen reader says it at once
                    alert = QAccessibleEvent(banner, QAccessible.Event.Alert)
                    QAccessible.updateAccessibility(alert)
        self._shown = {notice.key: self._shown[notice.key] for notice in top}
        more = len(notices) - len(top)
        self._more.setText(f"and {more} more" if more else "")
        self._more.setVisible(more > 0)
        self.setVisible(bool(notices))


class ErrorFunnel(QObject):
    """While installed, an exception nobody caught goes to the log and becomes a notice."""

    _caught = Signal(str, str)

    def __init__(self, board: NoticeBoard, log_place: str):
        super().__init__(board)
        self._board, self._log_place = board, log_place
        self._old_hook = sys.excepthook
        self._old_thread_hook = threading.excepthook
        # Queued: an exception of a worker thread must reach the board on the window's thread.
        self._caught.connect(self._post, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over both hooks."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def remove(self) -> None:
        """Give them back."""
        sys.excepthook = self._old_hook
        threading.excepthook = self._old_thread_hook

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._old_hook(kind, error, trace)
            return
        log.error("uncaught", exc_info=(kind, error, trace))
        if isinstance(error, PersonareError):
            self._caught.emit(str(error), error.remedy)
        else:
            remedy = f"Personare goes on. The log has the details: {self._log_place}"
            self._caught.emit(f"Something unexpected went wrong ({kind.__name__}).", remedy)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def _post(self, message: str, remedy: str) -> None:
        self._board.post(Notice("unexpected", message, remedy, "bad"))
