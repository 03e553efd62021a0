"""A line of text that directs the character, with an answer to every word while it is written."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.known_controls import check_known
from app.ui import icons
from app.ui.session_bridge import SessionBridge
from app.ui.theme import theme
from app.ui.widgets import Card, label, restyle
from inference.contract import PersonareError
from inference.direction import Direction, direction_of

PLACEHOLDER: Final = "Direct: smile and nod, then look thoughtful"
PLAIN_PLACEHOLDER: Final = "Direct: be livelier, then calm down"
"""For a motion model without moods or cues."""
_TIP: Final = (
    "Tell the character what to do (Ctrl+D), then press Enter. Example:\n"
    "be happy for 5 seconds, then calm down; nod twice and wink"
)
_WORDS: Final = {"raise_brows": "raise brows", "look_away": "look away"}


def summary(direction: Direction) -> str:
    """A direction that was understood, as a time table in one line."""
    parts = []
    for moment in direction.moments:
        what = []
        for name in dict.fromkeys(name for _, name in moment.cues):
            count = sum(1 for _, other in moment.cues if other == name)
            what.append(_WORDS.get(name, name) + (f" × {count}" if count > 1 else ""))
        for change in (*moment.lasting, *moment.passing):
            percent = round(100 * change.amount)
            if change.mood:
                share = "" if change.mood == "neutral" else f" {percent}%"
                what.append(f"{change.mood}{share}")
            else:
                what.append(f"{change.field} {f'{percent:+d}' if change.by else percent}%")
        end = f"–{moment.start_s + moment.length_s:.1f}" if moment.passing else ""
        parts.append(f"{moment.start_s:.1f}{end} s  {', '.join(what)}")
    return "   ·   ".join(parts)


class DirectionLine(QWidget):
    """The line, its button (perform, or stop), and a bubble that says what was understood."""

    def __init__(self, bridge: SessionBridge):
        super().__init__()
        self._bridge = bridge
        self._known: frozenset[str] = frozenset()
        self._running = ""
        self._history: list[str] = []
        self._back = 0
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(PLACEHOLDER)
        self.edit.setAccessibleName("Direction: what the character shall do")
        self.edit.setToolTip(_TIP)
        self.edit.setMaxLength(2000)
        self.edit.setEnabled(False)  # until the model says what it knows
        self.edit.textChanged.connect(self._answer)
        self.edit.returnPressed.connect(self._perform)
        self.edit.installEventFilter(self)
        self.button = QToolButton()
        self.button.setIconSize(QSize(18, 18))
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.clicked.connect(self._press)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.edit, 1)
        row.addWidget(self.button)
        self.keep_clear: QWidget | None = None
        """A control over the picture that the bubble must not hide, nor what is right of it."""
        self.bubble = _Bubble(self)
        shortcut = QShortcut(QKeySequence("Ctrl+D"), self)
        shortcut.activated.connect(lambda: self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason))
        theme().changed.connect(self._draw)
        self._draw()

    def show_status(self, running: str, known: frozenset[str]) -> None:
        """What is being performed, and what the motion model knows."""
        if known != self._known:
            self._known = known
            self.edit.setEnabled(bool(known))
            plain = bool(known) and not {"smile", "nod", "thinking"} <= known
            self.edit.setPlaceholderText(PLAIN_PLACEHOLDER if plain else PLACEHOLDER)
            self._answer()
        if running != self._running:
            self._running = running
            self._draw()

    def _draw(self) -> None:
        performing = bool(self._running)
        name = "Stop the direction" if performing else "Perform the direction (Enter)"
        colors = theme().colors
        self.button.setIcon(
            icons.icon("stop", colors.bad) if performing else icons.icon("play", colors.accent)
        )
        self.button.setAccessibleName(name)
        self.button.setToolTip(f"Performing: {self._running}" if performing else name)
        self.button.setEnabled(performing or bool(self.edit.text().strip()))

    def _understood(self) -> Direction:
        direction = direction_of(self.edit.text())
        check_known(direction.uses, self._known)
        return direction

    def _answer(self) -> None:
        """Say below the words, while they are written, what they mean."""
        self._draw()
        if not self.edit.text().strip():
            self.bubble.hide()
            restyle(self.edit, "tone", "")
            return
        try:
            text, tone = summary(self._understood()), "good"
        except PersonareError as error:
            text, tone = f"{error} {error.remedy}", "warn"
        restyle(self.edit, "tone", tone if tone == "warn" else "")
        self.edit.setAccessibleDescription(text)
        if self.edit.hasFocus():
            self.bubble.say(text, tone)

    def _press(self) -> None:
        if self._running:
            self._bridge.direct("")
        else:
            self._perform()

    def _perform(self) -> None:
        text = self.edit.text().strip()
        if not text:
            return
        try:
            self._understood()
        except PersonareError:
            self.edit.setFocus()
            self._answer()  # never performed in part
            return
        self._history.append(text)
        self._back = 0
        self.edit.clear()
        self._bridge.direct(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The bubble lives as long as the line has the focus; Up brings former directions back."""
        if event.type() == QEvent.Type.FocusOut:
            self.bubble.hide()
        elif event.type() == QEvent.Type.FocusIn:
            self._answer()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
            if step and self._history:
                self._back = min(max(self._back + step, 0), len(self._history))
                self.edit.setText(self._history[-self._back] if self._back else "")
                return True
            if event.key() == Qt.Key.Key_Escape and self.edit.text():
                self.edit.clear()
                return True
        return super().eventFilter(watched, event)


class _Bubble(Card):
    """Floats over the picture above the line, so that nothing moves while one writes."""

    def __init__(self, line: DirectionLine):
        super().__init__("What was understood", line)
        self._line = line
        self.setProperty("role", "bubble")
        self.text: QLabel = label("", "small", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.text)
        self.hide()

    def say(self, words: str, tone: str) -> None:
        """Show words in a tone (good, warn)."""
        window = self._line.window()
        self.setParent(window)
        restyle(self, "tone", tone)
        self.text.setText(words)
        width = max(280, self._line.width())
        self.setFixedWidth(width)
        self.setFixedHeight(self.text.heightForWidth(width - 24) + 18)
        corner = self._line.mapTo(window, QPoint(0, 0))
        above = self._line.parentWidget() or self._line
        top = above.mapTo(window, QPoint(0, 0)).y()
        left, clear = corner.x(), self._line.keep_clear
        if clear is not None and clear.isVisible():
            left = min(left, clear.mapTo(window, QPoint(0, 0)).x() - 8 - width)
        self.move(max(8, left), top - self.height() - 6)
        self.show()
        self.raise_()
