"""The line at the bottom: what the character does, and how well the computer keeps up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.session_contract import Activity, OutputFormat, PartState, SessionStatus
from app.ui.theme import theme
from app.ui.widgets import label

LATE_MS: Final = 125.0
"""From here on viewers notice a mouth that is late (ITU-R BT.1359)."""
IDLE_AFTER_SECONDS: Final = 0.7
_WORDS: Final[dict[Activity, tuple[str, str]]] = {
    Activity.SPEAKING: ("Speaking", "accent"),
    Activity.LISTENING: ("Listening", "warn"),
    Activity.IDLE: ("Idle", "faint"),
}


class ActivityHold:
    """Keeps the word from flickering: idle is shown only when it lasts (words have pauses)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._shown = Activity.IDLE
        self._busy_at = -IDLE_AFTER_SECONDS

    def calm(self, status: SessionStatus) -> SessionStatus:
        """The status with the activity to show."""
        now = self._clock()
        if status.activity is not Activity.IDLE:
            self._shown, self._busy_at = status.activity, now
        elif now - self._busy_at >= IDLE_AFTER_SECONDS:
            self._shown = Activity.IDLE
        return replace(status, activity=self._shown)


class _Dot(QWidget):
    """A coloured dot; its colour is a token."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "faint"
        self.setFixedSize(QSize(10, 10))
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme().colors, self.token)))
        painter.drawEllipse(1, 1, 8, 8)
        painter.end()


class StatusLine(QWidget):
    """What the character does; real fps, delay of the mouth, provider; the camera at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("State")
        self._dot = _Dot()
        self.activity = label("Not started", "heading")
        self.activity.setMinimumWidth(66)
        self.fps = self._figure("Pictures per second really handed on")
        self.latency = self._figure(
            "Delay of the mouth: from a sound at the microphone to its picture (median)"
        )
        self.provider = self._figure("What runs the models")
        self.camera = label("", "small")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 4, 2)
        row.setSpacing(8)
        row.addWidget(self._dot)
        row.addWidget(self.activity)
        for figure in (self.fps, self.latency, self.provider):
            row.addSpacing(10)
            row.addWidget(figure)
        row.addStretch(1)
        row.addWidget(self.camera)

    @staticmethod
    def _figure(meaning: str) -> QLabel:
        made = label("", "small")
        made.setToolTip(meaning)
        return made

    def show_status(self, status: SessionStatus, output: OutputFormat, running: bool) -> None:
        """Bring the line up to date."""
        word, token = _WORDS[status.activity]
        if not running:
            word, token = "Not started", "faint"
        elif status.engine.state is PartState.STARTING:
            word, token = "Waking up", "faint"
        elif status.engine.state is PartState.FAILED:
            word, token = "No character", "bad"
        _put(self.activity, word)
        if self._dot.token != token:
            self._dot.token = token
            self._dot.update()
        flowing = running and status.fps > 0
        slow = flowing and status.fps < 0.8 * output.fps
        _put(self.fps, f"{status.fps:.0f} fps" + (f" of {output.fps}" if slow else ""), flowing)
        late = " (late)" if status.latency_ms > LATE_MS else ""
        delay = status.latency_ms
        words = f"{delay:.0f} ms" if delay < 1000 else f"{delay / 1000:.1f} s"
        _put(self.latency, f"{words} delay{late}", running and delay > 0)
        _put(self.provider, status.provider.upper(), bool(status.provider))
        _put(self.camera, _camera_words(status, output))


def _camera_words(status: SessionStatus, output: OutputFormat) -> str:
    size = f"{output.width} × {output.height}"
    if status.camera.state is PartState.ON:
        name = status.camera.name or "the virtual camera"
        return f"On air as “{name}”  ·  {size}"
    return f"Camera off  ·  {size}"


def _put(target: QLabel, text: str, shown: bool = True) -> None:
    """Set a text only if it is new: setText repaints and re-lays out."""
    text = text if shown else ""
    if target.text() != text:
        target.setText(text)
