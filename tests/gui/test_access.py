"""Usable by everybody: keyboard alone, names for screen readers, contrast, small windows."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QListView,
    QScrollBar,
    QWidget,
)

from app.ui import icons
from app.ui.main_window import MainWindow
from app.ui.theme import DARK, LIGHT, Colors
from tests.gui.conftest import OpenWindow
from tests.gui.simulated_session import SimulatedSession, two_halves

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Key = Qt.Key


def walk(window: QWidget, key: Key = Key.Key_Tab) -> list[QWidget]:
    """The widgets that Tab visits, once round."""
    seen: list[QWidget] = []
    for _ in range(60):
        QTest.keyClick(QApplication.focusWidget() or window, key)
        focused = QApplication.focusWidget()
        assert focused is not None
        if seen and focused is seen[0]:
            return seen
        seen.append(focused)
    pytest.fail("Tab never comes back")


def test_tab_visits_every_control_and_comes_back(window: MainWindow) -> None:
    window.preview.show_frame(two_halves())  # its buttons come with the first picture
    seen = walk(window)
    for control in (
        window.gallery.view,
        window.controls.you.box,
        window.controls.others.box,
        window.controls.camera.box,
        window.controls.camera.camera_button,
        window.controls.camera.record_button,
        window.preview.mirror_button,
        window.preview.full_button,
        window.preferences_button,
        window.menu_button,
    ):
        assert control in seen, control.accessibleName()
    back = walk(window, Key.Key_Backtab)
    assert set(back) == set(seen)


def test_tab_order_follows_the_eye(window: MainWindow) -> None:
    seen = walk(window)
    start = seen.index(window.gallery.view)
    order = seen[start:] + seen[:start]
    rows = [
        window.gallery.view,
        window.preview,
        window.controls.you.box,
        window.controls.others.box,
        window.controls.camera.box,
        window.controls.camera.camera_button,
        window.controls.camera.record_button,
        window.preferences_button,
    ]
    places = [order.index(widget) for widget in rows]
    assert places == sorted(places)


def test_everything_by_keyboard_alone(
    window: MainWindow, session: SimulatedSession, qtbot: Any
) -> None:
    """Choose a character, a microphone, start the camera, open and close the preferences."""
    window.gallery.view.setFocus()
    QTest.keyClick(window.gallery.view, Key.Key_Right)
    qtbot.waitUntil(lambda: session.of("set_character") == ["bruno"], timeout=5000)
    while QApplication.focusWidget() is not window.controls.you.box:
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Tab)
    QTest.keyClick(window.controls.you.box, Key.Key_Down)
    assert session.of("set_microphone") == [None]
    while QApplication.focusWidget() is not window.controls.camera.camera_button:
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Tab)
    QTest.keyClick(window.controls.camera.camera_button, Key.Key_Space)
    assert session.of("set_camera") == [""]
    QTest.keyClick(window, Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = window.preferences
    assert dialog is not None
    dialog.pages.setFocus()
    QTest.keyClick(dialog.pages, Key.Key_Down)
    assert dialog.stack.currentIndex() == 1
    QTest.keyClick(dialog, Key.Key_Escape)
    assert window.preferences is None


def named(root: QWidget) -> list[QWidget]:
    kinds = (QAbstractButton, QComboBox, QAbstractSlider, QListView)
    return [
        widget
        for widget in root.findChildren(QWidget)
        if isinstance(widget, kinds)
        and not isinstance(widget, QScrollBar)
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not isinstance(widget.parent(), QComboBox)
        and not widget.objectName().startswith("qt_")
        and "PrivateContainer" not in (widget.parentWidget() or root).metaObject().className()
    ]


def test_every_control_has_a_name(window: MainWindow) -> None:
    window.open_preferences()
    window.show_help()
    assert window.preferences is not None
    controls = named(window) + named(window.preferences)
    assert len(controls) > 25
    nameless = [
        widget
        for widget in controls
        if not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours."""

    def light(color: str) -> float:
        parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(colors: Colors) -> None:
    grounds = (colors.window, colors.card, colors.field, colors.stage)
    pairs = list(itertools.product((colors.text, colors.muted), grounds))
    pairs.append((colors.on_accent, colors.accent))
    pairs.append((colors.on_accent, colors.accent_hover))
    pairs.append((colors.accent, colors.accent_soft))
    for tone in ("good", "warn", "bad"):
        pairs.append((getattr(colors, tone), getattr(colors, f"{tone}_soft")))
        pairs.append((colors.text, getattr(colors, f"{tone}_soft")))
    weak = [(a, b, round(contrast(a, b), 2)) for a, b in pairs if contrast(a, b) < 4.5]
    assert weak == []
    # The focus ring is no text: 3 is enough (1.4.11).
    assert contrast(colors.accent, colors.card) >= 3
    assert contrast(colors.accent, colors.window) >= 3


def test_a_focus_ring_is_painted(window: MainWindow) -> None:
    window.preview.show_frame(two_halves())
    for widget in (window.controls.you.box, window.controls.camera.record_button, window.preview):
        window.gallery.view.setFocus()
        without = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert widget.grab().toImage() != without, widget.accessibleName()


@pytest.mark.parametrize("size", [(1100, 700), (1400, 900)])
def test_nothing_is_cut_or_overlaps(open_window: OpenWindow, size: tuple[int, int]) -> None:
    window = open_window(window__welcomed=False)
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    for widget in named(window):
        if not widget.isVisible() or isinstance(widget, QListView):
            continue
        hint = widget.minimumSizeHint()
        assert widget.width() >= min(hint.width(), 8000), widget.accessibleName()
        assert widget.height() >= hint.height(), widget.accessibleName()
        place = widget.rect().translated(widget.mapTo(window, widget.rect().topLeft()))
        assert window.rect().contains(place), widget.accessibleName()
    cards = [window.gallery, window.preview, window.controls, window.status_line, window.banners]
    for one, other in itertools.combinations(cards, 2):
        rects = [w.rect().translated(w.mapTo(window, w.rect().topLeft())) for w in (one, other)]
        assert not rects[0].intersects(rects[1]), (one.accessibleName(), other.accessibleName())


def test_every_icon_draws_something() -> None:
    for name in icons._STROKES:
        image = icons.pixmap(name, "#ff0000", 24).toImage()
        colored = sum(image.pixelColor(x, y).alpha() > 100 for x in range(24) for y in range(24))
        assert 10 < colored < 400, name
