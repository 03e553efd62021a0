"""The gallery: the library's characters as tiles, chosen by mouse, arrows or Ctrl+1..9."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.library_shelf import Listed
from app.ui.theme import theme
from app.ui.widgets import Card, label
from inference.character import Character

Index = QModelIndex | QPersistentModelIndex

_SETTLE_MS: Final = 200  # arrow keys may run over several tiles; only the last one is loaded
_NAME_HEIGHT: Final = 26
_COLUMNS: Final = 2


@dataclass(frozen=True, slots=True)
class CharacterCard:
    """What the gallery needs to know of a character."""

    id: str
    name: str
    thumbnail: Path
    description: str = ""
    licence: str = ""
    has_background: bool = False
    """Whether its picture came with a background."""


class Library(Protocol):
    """Where the characters come from (`app.characters.library.CharacterLibrary`)."""

    def list(self, check: bool = False) -> list[Listed[Character]]:
        """Every character in the order to show them; a damaged one carries its fault."""


def cards_of(entries: Sequence[Listed[Character]]) -> list[CharacterCard]:
    """Cards of the usable characters."""
    return [
        CharacterCard(
            entry.id,
            entry.item.name,
            entry.item.thumbnail_path,
            entry.item.manifest.description,
            entry.item.manifest.licence,
            entry.item.background_path is not None,
        )
        for entry in entries
        if entry.item is not None
    ]


class GalleryModel(QAbstractListModel):
    """The cards as a Qt model; thumbnails are read when first shown, and kept."""

    def __init__(self, cards: Sequence[CharacterCard], parent: QObject | None = None):
        super().__init__(parent)
        self.cards = list(cards)
        self._pictures: dict[str, QImage] = {}

    def rowCount(self, _parent: Index | None = None) -> int:
        """How many characters there are."""
        return len(self.cards)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name, tooltip, picture and what a screen reader says."""
        if not index.isValid():
            return None
        card = self.cards[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return card.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._describe(index.row())
        if role == Qt.ItemDataRole.DecorationRole:
            if card.id not in self._pictures:
                self._pictures[card.id] = QImage(str(card.thumbnail))
            return self._pictures[card.id]
        return None

    def _describe(self, row: int) -> str:
        card = self.cards[row]
        lines = [card.description or card.name]
        if card.licence:
            lines.append(f"Licence: {card.licence}")
        if row < 9:
            lines.append(f"Ctrl+{row + 1}")
        return "\n".join(lines)


class _TilePainter(QStyledItemDelegate):
    """Paints a tile: rounded thumbnail, name, ring when chosen."""

    def __init__(self, view: QListView):
        super().__init__(view)
        self._view = view
        self._scaled: dict[tuple[int, int, float], QPixmap] = {}

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Two tiles in a row."""
        # QListView lays out as if the scroll bar were always there.
        bar = self._view.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        edge = (self._view.maximumViewportSize().width() - bar - 1) // _COLUMNS
        return QSize(edge, edge + _NAME_HEIGHT - 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One tile."""
        colors = theme().colors
        state = option.state
        rect = QRectF(option.rect)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        edge = rect.width() - 12
        tile = QRectF(rect.left() + 6, rect.top() + 6, edge, edge)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        path = QPainterPath()
        path.addRoundedRect(tile, 12, 12)
        painter.fillPath(path, QColor(colors.field_hover if hovered else colors.stage))
        painter.setClipPath(path)
        painter.drawPixmap(tile.topLeft(), self._picture(index, round(edge)))
        painter.setClipping(False)
        if chosen or hovered:
            ring = QPen(QColor(colors.accent if chosen else colors.faint), 3 if chosen else 1.5)
            painter.setPen(ring)
            grow = 2.5 if chosen else 0.5
            painter.drawRoundedRect(tile.adjusted(-grow, -grow, grow, grow), 13.5, 13.5)
        if chosen and self._view.hasFocus():
            painter.setPen(QPen(QColor(colors.text), 1.2))
            painter.drawRoundedRect(tile.adjusted(-4.6, -4.6, 4.6, 4.6), 15.5, 15.5)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colors.text if chosen else colors.muted))
        name = QRectF(rect.left() + 3, tile.bottom() + 3, rect.width() - 6, _NAME_HEIGHT - 6)
        text = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(name.width())
        )
        painter.drawText(name, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _picture(self, index: Index, edge: int) -> QPixmap:
        ratio = self._view.devicePixelRatioF()
        key = (index.row(), edge, ratio)
        if key not in self._scaled:
            image: QImage = index.data(Qt.ItemDataRole.DecorationRole)
            pixels = max(1, round(edge * ratio))
            made = QPixmap(pixels, pixels)
            made.fill(Qt.GlobalColor.transparent)
            if not image.isNull():
                scaled = image.scaled(
                    pixels,
                    pixels,
                    Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                    Qt.TransformationMode.SmoothTransformation,
                )
                made = QPixmap.fromImage(scaled)
            made.setDevicePixelRatio(ratio)
            if len(self._scaled) > 200:  # a window dragged through many sizes
                self._scaled.clear()
            self._scaled[key] = made
        return self._scaled[key]


class _TileView(QListView):
    """Two columns of tiles that keep their width; keys it does not use go on to the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tiles' size depends on ours."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space is not needed here (arrows choose): the window has a use for it."""
        if event.key() == Qt.Key.Key_Space:
            event.ignore()
            return
        super().keyPressEvent(event)


class Gallery(Card):
    """The card at the left; `chosen` tells the id of a character the user picked."""

    chosen = Signal(str)

    def __init__(self, cards: Sequence[CharacterCard], parent: QWidget | None = None):
        super().__init__("Characters", parent)
        self.model = GalleryModel(cards, self)
        self.view = _TileView()
        self.view.setAccessibleName("Characters")
        self.view.setAccessibleDescription("Arrow keys choose who appears on camera")
        self.view.setModel(self.model)
        self.view.setItemDelegate(_TilePainter(self.view))
        theme().changed.connect(self.view.viewport().update)
        self._empty = label(
            "No characters found.\n\nInstall Personare again, or import one with "
            "“personare characters import”.",
            "muted",
            wrap=True,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(15, 14, 2, 8)
        column.setSpacing(8)
        heading = label("Characters", "heading")
        heading.setContentsMargins(6, 0, 0, 0)
        column.addWidget(heading)
        column.addWidget(self.view, 1)
        column.addWidget(self._empty)
        column.addStretch(0)
        self.view.setVisible(bool(self.model.cards))
        self._empty.setVisible(not self.model.cards)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._tell)
        self._told = ""
        self.view.selectionModel().currentChanged.connect(lambda *_: self._settle.start())
        self.view.clicked.connect(lambda *_: self._tell())

    def ids(self) -> list[str]:
        """Ids of the characters on show."""
        return [card.id for card in self.model.cards]

    def card(self, character: str) -> CharacterCard | None:
        """The card of a character."""
        return next((card for card in self.model.cards if card.id == character), None)

    def select(self, character: str) -> None:
        """Show a character as chosen, without telling `chosen`."""
        if character in self.ids():
            self._told = character
            self.view.setCurrentIndex(self.model.index(self.ids().index(character)))
            self._settle.stop()

    def choose(self, row: int) -> None:
        """Choose by place, as Ctrl+1..9 does."""
        if 0 <= row < len(self.model.cards):
            self.view.setCurrentIndex(self.model.index(row))
            self._tell()

    def _tell(self) -> None:
        self._settle.stop()
        index = self.view.currentIndex()
        if index.isValid() and self.model.cards[index.row()].id != self._told:
            self._told = self.model.cards[index.row()].id
            self.chosen.emit(self._told)
