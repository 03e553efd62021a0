"""The Qt style sheet, written from the colour tokens of `app/ui/theme.py`."""

from __future__ import annotations

from dataclasses import asdict
from string import Template
from typing import Final

from app.ui.theme import RADIUS, Colors

_TEMPLATE: Final = Template("""
* { font-size: ${base}px; }
QWidget { color: $text; }
QMainWindow, QDialog, QWidget#page { background: $window; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[role="brand"] { font-size: ${brand}px; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: ${small}px; }
QToolTip {
  background: $card; color: $text; border: 1px solid $border; padding: 6px 8px;
}
QFrame[role="card"] {
  background: $card; border: 1px solid $border; border-radius: ${radius}px;
}
QFrame[role="line"] { background: $border; border: none; max-height: 1px; min-height: 1px; }

QLabel[chip] {
  font-size: ${small}px; font-weight: 600; border-radius: 9px; padding: 1px 9px; min-height: 18px;
}
QLabel[chip="off"] { color: $muted; background: $field; }
QLabel[chip="good"] { color: $good; background: $good_soft; }
QLabel[chip="warn"] { color: $warn; background: $warn_soft; }
QLabel[chip="bad"] { color: $bad; background: $bad_soft; }

QPushButton {
  background: $field; color: $text; border: 2px solid $field; border-radius: 10px;
  padding: 7px 14px; font-weight: 600; min-height: 20px;
}
QPushButton:hover { background: $field_hover; border-color: $field_hover; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[kind="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="stop"] { background: $bad_soft; color: $bad; border-color: $bad_soft; }
QPushButton[kind="stop"]:hover, QPushButton[kind="stop"]:focus { border-color: $bad; }
QWidget[role="segments"] { background: $field; border-radius: 11px; }
QPushButton[kind="segment"] {
  background: transparent; border-color: transparent; border-radius: 9px; padding: 2px 11px;
  color: $muted;
}
QPushButton[kind="segment"]:hover { background: $field_hover; color: $text; }
QPushButton[kind="segment"]:checked { background: $card; color: $accent; }
QPushButton[kind="segment"]:disabled { color: $faint; background: transparent; }
QPushButton[kind="segment"]:focus { border-color: $accent; }
QPushButton[kind="cue"] { padding: 3px 11px; font-weight: 500; }
QToolButton[kind="text"] { padding: 4px 8px; font-weight: 600; color: $muted; }
QFrame[role="bubble"] {
  background: $card; border: 1px solid $border; border-radius: 10px;
}
QFrame[role="bubble"][tone="warn"] { background: $warn_soft; border-color: $warn; }
QFrame[role="bubble"][tone="warn"] QLabel { color: $text; }
QLineEdit[tone="warn"], QLineEdit[tone="warn"]:focus { border-color: $warn; }
QPushButton[kind="link"] {
  background: transparent; border-color: transparent; color: $accent; padding: 3px 6px;
}
QPushButton[kind="link"]:hover { color: $accent_hover; }
QPushButton[kind="link"]:focus { border-color: $accent; }
QToolButton {
  background: transparent; border: 2px solid transparent; border-radius: 10px; padding: 5px;
}
QToolButton:hover { background: $field_hover; }
QToolButton:focus { border-color: $accent; }
QToolButton::menu-indicator { image: none; }
QToolButton[kind="stage"] { background: rgba(12, 15, 24, 150); border-radius: 10px; }
QToolButton[kind="stage"]:hover { background: rgba(12, 15, 24, 215); }
QToolButton[kind="stage"]:checked { background: #3b57d6; }
QToolButton[kind="stage"]:focus { border-color: #ffffff; }

QComboBox, QLineEdit {
  background: $field; border: 2px solid $field; border-radius: 10px; padding: 5px 10px;
  min-height: 22px; selection-background-color: $accent; selection-color: $on_accent;
}
QComboBox { padding-right: 2px; }
QComboBox:hover { background: $field_hover; border-color: $field_hover; }
QComboBox:focus, QLineEdit:focus { border-color: $accent; }
QComboBox:disabled, QLineEdit:disabled { color: $faint; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView {
  background: $card; border: 1px solid $border; padding: 4px; outline: none;
  selection-background-color: $accent_soft; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 30px; padding: 0 8px; }
QComboBox QAbstractItemView::item:selected { background: $accent_soft; color: $text; }

QMenu { background: $card; border: 1px solid $border; padding: 6px; }
QMenu::item { padding: 7px 26px 7px 12px; border-radius: 7px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::separator { height: 1px; background: $border; margin: 5px 8px; }

QSlider { min-height: 26px; background: transparent; border-radius: 8px; }
QSlider::groove:horizontal { height: 6px; border-radius: 3px; background: $field_hover; }
QSlider::sub-page:horizontal { border-radius: 3px; background: $accent; }
QSlider::handle:horizontal {
  width: 16px; height: 16px; margin: -7px 0; border-radius: 10px; background: $card;
  border: 2px solid $accent;
}
QSlider::handle:horizontal:focus, QSlider::handle:horizontal:hover { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $faint; }
QSlider::handle:horizontal:disabled { background: $field; border-color: $faint; }

QListView { background: transparent; border: none; outline: none; }
QListWidget#pages { background: transparent; border: none; outline: none; padding: 4px; }
QListWidget#pages::item {
  padding: 9px 10px; border-radius: 10px; border: 2px solid transparent; color: $muted;
  font-weight: 600;
}
QListWidget#pages::item:selected { background: $accent_soft; color: $accent; }
QListWidget#pages::item:selected:focus { border-color: $accent; }
QListWidget#pages::item:hover:!selected { background: $field; }
QTextBrowser { background: $card; border: 1px solid $border; border-radius: 10px; padding: 8px; }
QTextBrowser:focus { border-color: $accent; }
QScrollArea, QScrollArea > QWidget > QWidget#page { background: transparent; border: none; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar::handle:vertical { background: $border; border-radius: 3px; min-height: 30px; }
QScrollBar::handle:vertical:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: none; border: none; height: 0; width: 0;
}

QFrame[notice] { border-radius: 12px; border: 1px solid transparent; }
QFrame[notice="info"] { background: $accent_soft; }
QFrame[notice="good"] { background: $good_soft; }
QFrame[notice="warn"] { background: $warn_soft; }
QFrame[notice="bad"] { background: $bad_soft; }
QFrame[notice] QLabel[role="heading"] { color: $text; }
QFrame[notice] QLabel[role="remedy"] { color: $text; }
QFrame[notice] QPushButton { background: transparent; border-color: transparent; color: $accent; }
QFrame[notice] QPushButton:focus, QFrame[notice] QPushButton:hover { border-color: $accent; }
""")


def build_stylesheet(colors: Colors, base: int) -> str:
    """The whole style sheet for one look; `base` is the size of plain text in pixels."""
    sizes = {"base": base, "small": base - 1, "brand": base + 3, "title": base + 7}
    return _TEMPLATE.substitute(asdict(colors), radius=RADIUS, **sizes)
