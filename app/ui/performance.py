"""The strip under the picture: mood, cues, style, and a line that tells the character what to do.

Every mood and cue has a key of its own (Alt). What the motion model in use does not know is
disabled and says why. The mood on show is the present one, also while a direction changes it.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from app.session_contract import SessionStatus
from app.ui import icons
from app.ui.character_page import CharacterPage
from app.ui.direction_line import DirectionLine
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from app.ui.theme import theme
from app.ui.widgets import Card
from inference.contract import CUES, MOODS

MOOD_WORDS: Final[dict[str, str]] = {
    "neutral": "Neutral",
    "happy": "Happy",
    "serious": "Serious",
    "sad": "Sad",
    "angry": "Angry",
    "surprised": "Surprised",
    "thinking": "Thinking",
}
CUE_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "nod": ("Nod", "Alt+N", "Nod"),
    "shake": ("Shake", "Alt+S", "Shake the head"),
    "smile": ("Smile", "Alt+M", "Smile"),
    "raise_brows": ("Brows", "Alt+B", "Raise the brows"),
    "look_away": ("Look away", "Alt+A", "Look away for a moment"),
    "wink": ("Wink", "Alt+W", "Wink"),
}
"""Word on the button, key, what it does."""
UNKNOWN: Final = "The motion model in use does not know this."
WAITING: Final = "Once the character is awake."


class MoodRow(QWidget):
    """One of the moods is on; arrows move within the row, Alt and a digit choose from anywhere."""

    def __init__(self, bridge: SessionBridge):
        super().__init__()
        self.setAccessibleName("Mood")
        self.setProperty("role", "segments")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for number, name in enumerate(MOODS, 1):
            button = QPushButton(MOOD_WORDS[name])
            button.setCheckable(True)
            button.setChecked(name == "neutral")
            button.setProperty("kind", "segment")
            button.setAccessibleName(f"Mood: {MOOD_WORDS[name]}")
            button.clicked.connect(lambda _=False, name=name: bridge.set_mood(name))
            self._group.addButton(button)
            row.addWidget(button)
            self.buttons[name] = button
            shortcut = QShortcut(QKeySequence(f"Alt+{number}"), self)
            shortcut.activated.connect(button.click)

    def show_mood(self, name: str) -> None:
        """Mark the present mood; nothing is asked for."""
        self.buttons[name].setChecked(True)


class CueRow(QWidget):
    """A button for each cue."""

    def __init__(self, bridge: SessionBridge):
        super().__init__()
        self.setAccessibleName("Cues")
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for name in CUES:
            word, key, _ = CUE_WORDS[name]
            button = QPushButton(word)
            button.setProperty("kind", "cue")
            button.setAccessibleName(CUE_WORDS[name][2])
            button.clicked.connect(lambda _=False, name=name: bridge.cue(name))
            row.addWidget(button)
            self.buttons[name] = button
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(button.click)


class StyleButton(QToolButton):
    """Opens liveliness, warmth and the strength of moods right where they are seen."""

    def __init__(self, keeper: SettingsKeeper):
        super().__init__()
        self.setText("Style")
        self.setAccessibleName("Style: liveliness, warmth, strength of moods")
        self.setToolTip("Liveliness, warmth, strength of moods (Alt+L)")
        self.setProperty("kind", "text")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(18, 18))
        menu = QMenu(self)
        self.page = CharacterPage(keeper)
        self.page.setFixedWidth(400)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(self.page)
        menu.addAction(holder)
        menu.aboutToShow.connect(self.page.liveliness.setFocus)
        self.setMenu(menu)
        QShortcut(QKeySequence("Alt+L"), self).activated.connect(self.showMenu)
        theme().changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        self.setIcon(icons.icon("gear", theme().colors.muted))


class Performance(Card):
    """Both rows, bound to the session."""

    def __init__(self, keeper: SettingsKeeper, bridge: SessionBridge):
        super().__init__("Performance")
        self.moods = MoodRow(bridge)
        self.cues = CueRow(bridge)
        self.style_button = StyleButton(keeper)
        self.line = DirectionLine(bridge)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        upper.addWidget(self.moods)
        upper.addStretch(1)
        upper.addWidget(self.style_button)
        lower.setSpacing(12)
        lower.addWidget(self.cues)
        lower.addWidget(self.line, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(upper)
        column.addLayout(lower)
        bridge.status.connect(self.show_status)
        self.show_status(SessionStatus())

    def show_status(self, status: SessionStatus) -> None:
        """The present mood, the running direction, and what the model knows."""
        self.moods.show_mood(status.controls.mood)
        why = UNKNOWN if status.knows else WAITING
        for number, (name, button) in enumerate(self.moods.buttons.items(), 1):
            _enable(button, name in status.knows, f"{MOOD_WORDS[name]} (Alt+{number})", why)
        for name, button in self.cues.buttons.items():
            _, key, meaning = CUE_WORDS[name]
            _enable(button, name in status.knows, f"{meaning} ({key})", why)
        self.style_button.page.show_known(status.knows)
        self.line.show_status(status.direction, status.knows)


def _enable(button: QPushButton, on: bool, tip: str, why: str) -> None:
    if button.isEnabled() != on:
        button.setEnabled(on)
    text = tip if on else why
    if button.toolTip() != text:
        button.setToolTip(text)
