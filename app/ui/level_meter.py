"""A level meter that glides: quick up, slow down, painted only when a pixel of it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import theme

FLOOR_DB: Final = -60.0
LOUD_DB: Final = -6.0
"""Above this the sound is about to clip; the bar's end is drawn in the warning colour."""
_RISE_PER_SECOND: Final = 18.0
_FALL_PER_SECOND: Final = 5.0
"""Rates of the two exponential glides: some 55 ms up and 200 ms down."""


def share_of(level_db: float) -> float:
    """Part of the bar, 0..1, that a level in dBFS fills."""
    return min(1.0, max(0.0, 1.0 - level_db / FLOOR_DB))


class LevelMeter(QWidget):
    """Shows one level in dBFS; feed `show_level` steadily."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._clock = clock
        self._shown = 0.0
        self._at = clock()
        theme().changed.connect(self.update)

    @property
    def shown(self) -> float:
        """Part of the bar that is filled now, 0..1."""
        return self._shown

    def sizeHint(self) -> QSize:
        """A thin bar."""
        return QSize(120, 8)

    def show_level(self, level_db: float) -> None:
        """Glide towards a level."""
        now = self._clock()
        step = min(0.5, max(0.0, now - self._at))
        self._at = now
        target = share_of(level_db)
        rate = _RISE_PER_SECOND if target > self._shown else _FALL_PER_SECOND
        before = round(self._shown * self.width())
        self._shown += (target - self._shown) * min(1.0, rate * step)
        if round(self._shown * self.width()) != before:
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The groove, the bar, and its loud end."""
        colors = theme().colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0, 0, self.width(), self.height())
        path = QPainterPath()
        path.addRoundedRect(bar, bar.height() / 2, bar.height() / 2)
        painter.setClipPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(bar, QColor(colors.field_hover))
        filled, loud = self._shown * bar.width(), share_of(LOUD_DB) * bar.width()
        painter.fillRect(QRectF(0, 0, min(filled, loud), bar.height()), QColor(colors.accent))
        if filled > loud:
            painter.fillRect(QRectF(loud, 0, filled - loud, bar.height()), QColor(colors.warn))
        painter.end()
