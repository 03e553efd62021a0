"""The one place for colours and measures: tokens of the light and the dark look.

Widgets that paint themselves ask `theme().colors`; the rest is styled by `app/ui/stylesheet.py`.
Text on its ground keeps a contrast of at least 4.5 (WCAG 2.2, 1.4.3); `tests/gui` measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from app.settings.model import Theme as Choice


@dataclass(frozen=True, slots=True)
class Colors:
    """Colour tokens, as `#rrggbb`. A `_soft` colour is the ground for text of its colour."""

    window: str
    card: str
    field: str
    field_hover: str
    border: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    stage: str
    """Behind the character while there is no picture."""


LIGHT: Final = Colors(
    window="#f3f4f8",
    card="#ffffff",
    field="#f1f3f8",
    field_hover="#e7eaf2",
    border="#dde1ea",
    text="#181c27",
    muted="#586076",
    faint="#98a0b2",
    accent="#3b57d6",
    accent_hover="#2f49bf",
    on_accent="#ffffff",
    accent_soft="#e8ecfd",
    good="#1a7a4c",
    good_soft="#e0f4e9",
    warn="#8a5800",
    warn_soft="#fdf1d8",
    bad="#b92733",
    bad_soft="#fce9ea",
    stage="#e3e7f0",
)
DARK: Final = Colors(
    window="#11141b",
    card="#1a1e28",
    field="#242937",
    field_hover="#2c3344",
    border="#2d3446",
    text="#eef1f8",
    muted="#a4adc2",
    faint="#667086",
    accent="#8fa4ff",
    accent_hover="#a6b7ff",
    on_accent="#0d1433",
    accent_soft="#272f52",
    good="#5ad49a",
    good_soft="#173528",
    warn="#f0b84f",
    warn_soft="#392d13",
    bad="#ff8088",
    bad_soft="#3f1f25",
    stage="#202635",
)

RADIUS: Final = 14
"""Corner of a card and of the preview, in pixels."""
GAP: Final = 12
"""Space between cards."""
MARGIN: Final = 16
"""Space around the window's content."""


class ThemeKeeper(QObject):
    """Holds the present colours; `changed` tells widgets that paint themselves."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colors = LIGHT
        self.text_size = 13
        """Plain text in pixels; follows the system's font, so that large text stays large."""
        self._choice = Choice.SYSTEM

    @property
    def is_dark(self) -> bool:
        """Whether the dark look is on."""
        return self.colors is DARK

    def choose(self, choice: Choice) -> None:
        """Light, dark, or whatever the system says (now, and when it changes its mind)."""
        self._choice = choice
        self._refresh()

    def follow_system(self) -> None:
        """Listen to the system's colour scheme; needs the QApplication."""
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._refresh, Qt.ConnectionType.UniqueConnection)

    def _refresh(self) -> None:
        dark = self._choice is Choice.DARK
        if self._choice is Choice.SYSTEM:
            dark = system_is_dark()
        self.colors = DARK if dark else LIGHT
        app = QApplication.instance()
        if isinstance(app, QApplication):
            from app.ui.stylesheet import build_stylesheet

            self.text_size = max(12, QFontInfo(app.font()).pixelSize())
            app.setPalette(_qt_palette(self.colors))
            app.setStyleSheet(build_stylesheet(self.colors, self.text_size))
        self.changed.emit()


def system_is_dark() -> bool:
    """What the system asks for; light where it does not say."""
    return QApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def _qt_palette(colors: Colors) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colors.window,
        QPalette.ColorRole.WindowText: colors.text,
        QPalette.ColorRole.Base: colors.card,
        QPalette.ColorRole.AlternateBase: colors.field,
        QPalette.ColorRole.Text: colors.text,
        QPalette.ColorRole.Button: colors.field,
        QPalette.ColorRole.ButtonText: colors.text,
        QPalette.ColorRole.BrightText: colors.on_accent,
        QPalette.ColorRole.Highlight: colors.accent,
        QPalette.ColorRole.HighlightedText: colors.on_accent,
        QPalette.ColorRole.PlaceholderText: colors.muted,
        QPalette.ColorRole.ToolTipBase: colors.card,
        QPalette.ColorRole.ToolTipText: colors.text,
        QPalette.ColorRole.Link: colors.accent,
        QPalette.ColorRole.Accent: colors.accent,
    }
    for role, value in roles.items():
        palette.setColor(role, QColor(value))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.faint))
    return palette


_KEEPERS: list[ThemeKeeper] = []


def theme() -> ThemeKeeper:
    """The application's theme, made at the first call."""
    if not _KEEPERS:
        _KEEPERS.append(ThemeKeeper())
    return _KEEPERS[0]
