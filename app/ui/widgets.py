"""Small parts every view uses: card, chip, choice box, switch, labels, style properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFrame,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from app.ui import icons
from app.ui.theme import theme


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Set a property the style sheet selects by, and let the style look again."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def label(text: str, role: str = "", wrap: bool = False) -> QLabel:
    """A label in one of the style sheet's roles."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


class Card(QFrame):
    """A rounded, bordered ground for one group of controls."""

    def __init__(self, name: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName(name)


class Chip(QLabel):
    """A word in a pill, coloured by its tone: off, good, warn, bad."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("chip", "off")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_word(self, word: str, tone: str) -> None:
        """Change word and tone."""
        if self.text() != word:
            self.setText(word)
        restyle(self, "chip", tone)


class IconLabel(QLabel):
    """An icon that follows the theme's muted colour, or a fixed token."""

    def __init__(self, name: str, size: int = 18, token: str = "muted"):
        super().__init__()
        self._name, self._size, self._token = name, size, token
        self.setFixedSize(size, size)
        theme().changed.connect(self._draw)
        self._draw()

    def show_icon(self, name: str, token: str) -> None:
        """Another icon or colour."""
        self._name, self._token = name, token
        self._draw()

    def _draw(self) -> None:
        color = getattr(theme().colors, self._token)
        self.setPixmap(icons.pixmap(self._name, color, self._size, self.devicePixelRatioF()))


class IconButton(QToolButton):
    """A button that is only an icon; its name is read out and shown as a tooltip."""

    def __init__(self, icon_name: str, name: str, on_stage: bool = False):
        super().__init__()
        self._icon_name, self._on_stage = icon_name, on_stage
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setIconSize(QSize(20, 20))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if on_stage:
            self.setProperty("kind", "stage")
        theme().changed.connect(self._draw)
        self._draw()

    def show_icon(self, icon_name: str) -> None:
        """Another icon."""
        self._icon_name = icon_name
        self._draw()

    def _draw(self) -> None:
        color = "#ffffff" if self._on_stage else theme().colors.muted
        self.setIcon(icons.icon(self._icon_name, color))


class ChoiceBox(QComboBox):
    """A choice among (key, text) pairs; `chosen` tells only what the user picked.

    A key that is not among the options (a device that is gone) is shown as `missing` and kept.
    """

    chosen = Signal(object)
    SEPARATOR: Final = object()

    def __init__(self, name: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(14)
        # A wheel over a box inside a scrolling page must scroll the page, not change the choice.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._options: list[tuple[object, str]] = []
        self.activated.connect(self._tell)

    def show_options(
        self, options: Sequence[tuple[object, str]], key: object, missing: str = ""
    ) -> None:
        """Fill the box and select `key`; does not tell `chosen`."""
        wanted = list(options)
        if all(option != key for option, _ in wanted):
            wanted.append((key, missing or str(key)))
        if wanted != self._options:
            self._options = wanted
            self.clear()
            for index, (option, text) in enumerate(wanted):
                self.addItem(text, option)
                self.setItemData(index, text, Qt.ItemDataRole.ToolTipRole)
            self._widen_popup()
        index = next(i for i, (option, _) in enumerate(wanted) if option == key)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        self.setToolTip(wanted[index][1])

    def key(self) -> object:
        """The selected key."""
        return self.currentData()

    def _widen_popup(self) -> None:
        metrics = QFontMetrics(self.font())
        widest = max((metrics.horizontalAdvance(text) for _, text in self._options), default=0)
        self.view().setMinimumWidth(min(widest + 48, 520))

    def _tell(self, index: int) -> None:
        self.setToolTip(self.itemText(index))
        self.chosen.emit(self.itemData(index))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to whatever scrolls around the box."""
        event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The styled box, its text cut with an ellipsis, and our chevron (not one from a file)."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, field.width() - 8
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        colors = theme().colors
        color = colors.muted if self.isEnabled() else colors.faint
        arrow = icons.pixmap("chevron", color, 18, self.devicePixelRatioF())
        painter.drawPixmap(self.width() - 26, (self.height() - 18) // 2, arrow)
        painter.end()


class Switch(QAbstractButton):
    """An on/off switch with its text at the left; Space and Enter turn it."""

    def __init__(self, text: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Room for the text and the switch."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 62, 30)

    def minimumSizeHint(self) -> QSize:
        """The same: the text is never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Text, track and knob."""
        colors = theme().colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colors.text if self.isEnabled() else colors.faint))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect().adjusted(0, 0, -52, 0), flags, self.text())
        track = QRectF(self.width() - 43.0, (self.height() - 22.0) / 2, 40.0, 22.0)
        on = self.isChecked()
        painter.setPen(Qt.PenStyle.NoPen)
        ground = colors.accent if on else colors.faint
        painter.setBrush(QColor(ground if self.isEnabled() else colors.field_hover))
        painter.drawRoundedRect(track, 11, 11)
        painter.setBrush(QColor(colors.on_accent if on else colors.card))
        left = track.right() - 19 if on else track.left() + 3
        painter.drawEllipse(QRectF(left, track.top() + 3, 16, 16))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colors.accent), 2))
            painter.drawRoundedRect(track.adjusted(-2.5, -2.5, 2.5, 2.5), 13.5, 13.5)
        painter.end()
