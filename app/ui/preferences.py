"""The preferences: five pages, every change at work at once and saved by itself."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui import icons
from app.ui.character_page import CharacterPage
from app.ui.motion_choice import MotionModels
from app.ui.preference_pages import (
    AppearancePage,
    CardOf,
    DevicesPage,
    PerformancePage,
    VideoPage,
)
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from app.ui.theme import theme
from app.ui.widgets import Card, label

PAGES: Final = (
    ("Devices", "microphone"),
    ("Video", "picture"),
    ("Character", "person"),
    ("Performance", "speed"),
    ("Look and start-up", "look"),
)


class PreferencesDialog(QDialog):
    """Beside the window, not in its way: the preview shows every change."""

    def __init__(
        self,
        keeper: SettingsKeeper,
        bridge: SessionBridge,
        models: MotionModels,
        card_of: CardOf = lambda _character: None,
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(800, 640)
        self.setMinimumSize(640, 440)
        self.pages = QListWidget()
        self.pages.setObjectName("pages")
        self.pages.setAccessibleName("Pages of the preferences")
        self.pages.setIconSize(QSize(18, 18))
        self.pages.setFixedWidth(202)
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for name, _ in PAGES:
            self.pages.addItem(QListWidgetItem(name))
        self.stack = QStackedWidget()
        for page in (
            DevicesPage(keeper, bridge),
            VideoPage(keeper, bridge, card_of),
            CharacterPage(keeper, bridge, models),
            PerformancePage(keeper, bridge),
            AppearancePage(keeper),
        ):
            self.stack.addWidget(_scrolling(page))
        self.pages.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.pages.setCurrentRow(0)
        theme().changed.connect(self._draw_icons)
        self._draw_icons()
        self._lay_out()

    def _lay_out(self) -> None:
        side = Card("Pages")
        side_column = QVBoxLayout(side)
        side_column.setContentsMargins(6, 6, 6, 6)
        side_column.addWidget(self.pages)
        close = QPushButton("Done")
        close.setProperty("kind", "primary")
        close.setMinimumWidth(110)
        close.clicked.connect(self.accept)
        bottom = QHBoxLayout()
        bottom.addWidget(label("Changes are saved by themselves.", "small"), 1)
        bottom.addWidget(close)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(self.stack, 1)
        right.addLayout(bottom)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(16)
        row.addWidget(side)
        row.addLayout(right, 1)

    def _draw_icons(self) -> None:
        colors = theme().colors
        for row, (_, name) in enumerate(PAGES):
            picture = QIcon(icons.icon(name, colors.muted, 18))
            picture.addPixmap(
                icons.pixmap(name, colors.accent, 18, self.devicePixelRatioF()),
                QIcon.Mode.Selected,
            )
            self.pages.item(row).setIcon(picture)


def _scrolling(page: QWidget) -> QScrollArea:
    """A page that scrolls when the window is small."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.setObjectName("page")
    area.setWidget(page)
    return area
