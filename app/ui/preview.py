"""The large live picture: right proportions, rounded corners, mirror, badges, placeholder.

A frame is scaled once with OpenCV to the pixels it will cover, in buffers that are kept, and Qt
paints those very bytes (QImage wraps the array): no picture is allocated while the size stays.
Only the preview is mirrored; what the camera sends never is.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app.session_contract import Activity
from app.ui.theme import RADIUS, theme
from app.ui.widgets import IconButton
from inference.contract import UInt8Array

_BADGE_GROUND: Final = QColor(12, 15, 24, 165)
_BADGE_TEXT: Final = QColor("#ffffff")
_DOTS: Final = {
    Activity.SPEAKING: QColor("#8fa4ff"),
    Activity.LISTENING: QColor("#f0b84f"),
    Activity.IDLE: QColor("#b9c0d0"),
}
_SPIN_MS: Final = 60

MIRROR_TIP: Final = (
    "Mirror my view: only your own preview is mirrored, as calls do it too.\n"
    "The others always see the picture the right way round."
)


class Preview(QWidget):
    """Shows the newest frame given to `show_frame`, or says why there is none."""

    mirror_toggled = Signal(bool)
    full_toggled = Signal()
    start_clicked = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setAccessibleName("Preview of your character")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 180)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._aspect = 16 / 9
        self._mirror = False
        self._full = False
        self._image: QImage | None = None
        self._scaled: UInt8Array = np.empty((0, 0, 3), np.uint8)
        self._pixels: UInt8Array = np.empty((0, 0, 4), np.uint8)
        self._title, self._text = "", ""
        self._thumbnail = QPixmap()
        self._waiting = False
        self._spin = 0
        self._badge: tuple[str, QColor] | None = None
        self._live = ""
        self._spinner = QTimer(self)
        self._spinner.setInterval(_SPIN_MS)
        self._spinner.timeout.connect(self._turn)
        self._make_buttons()
        theme().changed.connect(self.update)

    def _make_buttons(self) -> None:
        self.mirror_button = IconButton("mirror", "Mirror my view", on_stage=True)
        self.mirror_button.setToolTip(MIRROR_TIP)
        self.mirror_button.setCheckable(True)
        self.mirror_button.clicked.connect(self.mirror_toggled)
        self.full_button = IconButton("expand", "Full preview (F11)", on_stage=True)
        self.full_button.clicked.connect(self.full_toggled)
        self._buttons = QWidget(self)
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.mirror_button)
        row.addWidget(self.full_button)
        self.start_button = QPushButton("Start", self)
        self.start_button.setProperty("kind", "primary")
        self.start_button.setAccessibleName("Start the character")
        self.start_button.clicked.connect(self.start_clicked)
        self.start_button.hide()

    # -- what to show

    def show_frame(self, frame: UInt8Array) -> None:
        """Show a picture: uint8 RGB (height, width, 3). It is not kept after this call."""
        height, width = frame.shape[:2]
        aspect = width / height
        if abs(aspect - self._aspect) > 1e-3:
            self._aspect = aspect
            self._place()
        target = self._picture_rect()
        ratio = self.devicePixelRatioF()
        columns, rows = round(target.width() * ratio), round(target.height() * ratio)
        if columns < 1 or rows < 1:
            return
        self._scale(frame, columns, rows)
        if self._waiting or self._title:
            self.show_placeholder("", "")
        self.update(target)

    def _scale(self, frame: UInt8Array, columns: int, rows: int) -> None:
        if self._pixels.shape[:2] != (rows, columns) or self._image is None:
            self._scaled = np.empty((rows, columns, 3), np.uint8)
            self._pixels = np.empty((rows, columns, 4), np.uint8)
            self._image = QImage(
                self._pixels.data, columns, rows, columns * 4, QImage.Format.Format_RGB32
            )
        # Halving and more would alias with plain bilinear sampling.
        smaller = frame.shape[0] > 1.9 * rows
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        cv2.resize(frame, (columns, rows), dst=self._scaled, interpolation=method)
        if self._mirror:
            cv2.flip(self._scaled, 1, dst=self._scaled)
        cv2.cvtColor(self._scaled, cv2.COLOR_RGB2BGRA, dst=self._pixels)

    def has_picture(self) -> bool:
        """Whether a frame is on show."""
        return self._image is not None and not self._title

    def picture_size(self) -> QSize:
        """Size of the picture on show, in device pixels; empty without one."""
        return self._image.size() if self._image is not None else QSize()

    def show_placeholder(
        self,
        title: str,
        text: str,
        thumbnail: QPixmap | None = None,
        waiting: bool = False,
        can_start: bool = False,
    ) -> None:
        """Say why there is no picture; an empty title takes the placeholder away."""
        if thumbnail is not None:
            self._thumbnail = thumbnail
        self._title, self._text, self._waiting = title, text, waiting
        if waiting and not self._spinner.isActive():
            self._spinner.start()
        elif not waiting:
            self._spinner.stop()
        self.start_button.setVisible(can_start)
        self._buttons.setVisible(not title)
        self.setAccessibleDescription(f"{title} {text}".strip())
        self._place()
        self.update()

    def show_activity(self, activity: Activity | None) -> None:
        """The badge in the corner; None takes it away."""
        badge = None if activity is None else (activity.value.capitalize(), _DOTS[activity])
        if badge != self._badge:
            self._badge = badge
            self.update()

    def show_live(self, word: str) -> None:
        """The red badge: "On camera", "Recording 0:12"; empty takes it away."""
        if word != self._live:
            self._live = word
            self.update()

    def set_mirror(self, on: bool) -> None:
        """Mirror this view (never the camera)."""
        self._mirror = on
        self.mirror_button.setChecked(on)

    def set_full(self, on: bool) -> None:
        """Fill the widget without rounded corners, and offer the way back."""
        self._full = on
        name = "Leave full preview (Esc)" if on else "Full preview (F11)"
        self.full_button.show_icon("shrink" if on else "expand")
        self.full_button.setToolTip(name)
        self.full_button.setAccessibleName(name)
        self._place()
        self.update()

    # -- geometry and painting

    def _picture_rect(self) -> QRect:
        """The largest centred rectangle of the picture's proportions."""
        width, height = self.width(), self.height()
        if width > height * self._aspect:
            width = round(height * self._aspect)
        else:
            height = round(width / self._aspect)
        # In the window it begins where the gallery begins; alone on the screen it is centred.
        top = (self.height() - height) // 2 if self._full else 0
        return QRect((self.width() - width) // 2, top, width, height)

    def _place(self) -> None:
        rect = self._picture_rect()
        self._buttons.adjustSize()
        self._buttons.move(
            rect.right() - self._buttons.width() - 11, rect.bottom() - self._buttons.height() - 11
        )
        self.start_button.adjustSize()
        self.start_button.resize(max(120, self.start_button.width()), self.start_button.height())
        self.start_button.move(
            rect.center().x() - self.start_button.width() // 2, rect.center().y() + 76
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the buttons in the picture's corner."""
        super().resizeEvent(event)
        self._place()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """A double click fills the screen."""
        self.full_toggled.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The picture or the placeholder, the corners, the badges."""
        painter = QPainter(self)
        rect = QRectF(self._picture_rect())
        if self._full:
            painter.fillRect(self.rect(), QColor("#000000"))
        if self._image is not None and not self._title:
            painter.drawImage(rect, self._image)
        else:
            self._paint_placeholder(painter, rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._full:
            self._paint_corners(painter, rect)
        if not self._title:
            self._paint_badges(painter, rect)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme().colors.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def _paint_corners(self, painter: QPainter, rect: QRectF) -> None:
        """Cover the corners with the ground: cheaper than clipping every frame."""
        outside, inside = QPainterPath(), QPainterPath()
        outside.addRect(rect.adjusted(-1, -1, 1, 1))
        inside.addRoundedRect(rect, RADIUS, RADIUS)
        painter.fillPath(outside.subtracted(inside), QColor(theme().colors.window))

    def _paint_placeholder(self, painter: QPainter, rect: QRectF) -> None:
        colors = theme().colors
        ground = QLinearGradient(rect.topLeft(), rect.bottomLeft())
        ground.setColorAt(0.0, QColor(colors.stage))
        ground.setColorAt(1.0, QColor(colors.field_hover))
        painter.fillRect(rect, ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        radius = 52.0
        centre = QPointF(rect.center().x(), rect.center().y() - 52)
        disc = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        path = QPainterPath()
        path.addEllipse(disc)
        painter.fillPath(path, QColor(colors.field_hover))
        if not self._thumbnail.isNull():
            painter.save()
            painter.setClipPath(path)
            painter.setOpacity(0.55 if self._waiting else 1.0)
            painter.drawPixmap(disc.toRect(), self._thumbnail)
            painter.restore()
        if self._waiting:
            painter.setPen(
                QPen(QColor(colors.accent), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawArc(disc.adjusted(-7, -7, 7, 7), -self._spin * 16, 100 * 16)
        self._paint_words(painter, rect, centre.y() + radius + 16)

    def _paint_words(self, painter: QPainter, rect: QRectF, top: float) -> None:
        colors = theme().colors
        font = QFont(self.font())
        font.setPixelSize(theme().text_size + 4)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        line = QRectF(rect.left() + 24, top, rect.width() - 48, 26)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._title)
        font.setPixelSize(theme().text_size)
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colors.muted))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        words = QRectF(line.left(), line.bottom() + 2, line.width(), 60)
        painter.drawText(words, int(flags) | int(Qt.TextFlag.TextWordWrap), self._text)

    def _paint_badges(self, painter: QPainter, rect: QRectF) -> None:
        left = rect.left() + 12
        if self._badge is not None:
            left = self._paint_badge(painter, left, rect.top() + 12, *self._badge) + 8
        if self._live:
            self._paint_badge(painter, left, rect.top() + 12, self._live, QColor("#ff5a65"))

    def _paint_badge(
        self, painter: QPainter, left: float, top: float, word: str, dot: QColor
    ) -> float:
        """A pill with a dot and a word; returns its right edge."""
        font = QFont(self.font())
        font.setPixelSize(theme().text_size - 1)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(word) + 34
        pill = QRectF(left, top, width, 26)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BADGE_GROUND)
        painter.drawRoundedRect(pill, 13, 13)
        painter.setBrush(dot)
        painter.drawEllipse(QPointF(left + 14, top + 13), 4, 4)
        painter.setPen(_BADGE_TEXT)
        painter.drawText(pill.adjusted(24, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), word)
        return pill.right()

    def stop(self) -> None:
        """No more turning wheel: the window closes."""
        self._spinner.stop()

    def _turn(self) -> None:
        self._spin = (self._spin + 18) % 360
        self.update()
