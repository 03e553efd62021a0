"""Gallery and preview of the window, on a simulated session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.ui.main_window import MainWindow
from tests.gui.conftest import OpenWindow
from tests.gui.simulated_session import SimulatedSession, two_halves

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Key = Qt.Key


def words(widget: QWidget) -> str:
    """Everything the labels of a widget say."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def press(window: MainWindow, key: Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)


# -- gallery


def test_the_gallery_shows_every_character_and_chooses_by_click(
    window: MainWindow, session: SimulatedSession, qtbot: Any
) -> None:
    view = window.gallery.view
    assert window.gallery.ids() == ["ada", "bruno", "chidi"]
    # The first one is chosen at the first start; the factory got it, nobody had to ask again.
    assert window.keeper.settings.character == "ada"
    assert session.of("set_character") == []
    place = view.visualRect(window.gallery.model.index(1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert session.of("set_character") == ["bruno"]
    assert window.keeper.settings.character == "bruno"


def test_tiles_stand_in_two_columns(window: MainWindow) -> None:
    rects = [window.gallery.view.visualRect(window.gallery.model.index(n)) for n in range(3)]
    assert rects[0].top() == rects[1].top() < rects[2].top()
    assert rects[0].left() == rects[2].left() < rects[1].left()
    assert rects[1].right() <= window.gallery.view.viewport().width()


def test_arrows_load_only_the_last_character(
    window: MainWindow, session: SimulatedSession, qtbot: Any
) -> None:
    window.gallery.view.setFocus()
    press(window, Key.Key_Right)
    press(window, Key.Key_Left)
    press(window, Key.Key_Down)
    qtbot.waitUntil(lambda: bool(session.of("set_character")), timeout=5000)
    assert session.of("set_character") == ["chidi"]


def test_ctrl_number_chooses_a_character(window: MainWindow, session: SimulatedSession) -> None:
    press(window, Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    press(window, Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    assert session.of("set_character") == ["chidi"]


def test_a_character_that_is_gone_is_replaced(open_window: OpenWindow) -> None:
    assert open_window(character="zoe").keeper.settings.character == "ada"


def test_a_damaged_character_is_told(open_window: OpenWindow, tmp_path: Path) -> None:
    (tmp_path / "own" / "broken").mkdir(parents=True)
    (tmp_path / "own" / "broken" / "character.json").write_text("{")
    window = open_window()
    assert window.gallery.ids() == ["ada", "bruno", "chidi"]
    assert "broken" in words(window.banners)


# -- preview


def test_the_preview_keeps_the_proportions_and_mirrors_only_itself(
    window: MainWindow, session: SimulatedSession, qtbot: Any
) -> None:
    assert not window.preview.has_picture()
    frame = two_halves()
    before = frame.copy()
    session.draw(frame)
    qtbot.waitUntil(window.preview.has_picture, timeout=5000)
    size = window.preview.picture_size()
    assert size.width() / size.height() == pytest.approx(16 / 9, abs=0.01)

    def left_is() -> str:
        image: QImage = window.preview.grab().toImage()
        color = image.pixelColor(image.width() // 4, size.height() // 2)
        return "red" if color.red() > color.blue() else "blue"

    window.keeper.set("video.mirror_preview", False)
    session.draw(frame)
    window.bridge.tick()
    assert left_is() == "red"
    QTest.mouseClick(window.preview.mirror_button, Qt.MouseButton.LeftButton)
    session.draw(frame)
    window.bridge.tick()
    assert left_is() == "blue"
    assert window.keeper.settings.video.mirror_preview is True
    assert np.array_equal(frame, before)


def test_the_preview_allocates_nothing_while_its_size_stays(
    window: MainWindow, session: SimulatedSession
) -> None:
    window.preview.show_frame(two_halves())
    pixels, image = window.preview._pixels, window.preview._image
    window.preview.show_frame(two_halves(640, 360))
    assert window.preview._pixels is pixels
    assert window.preview._image is image


def test_a_portrait_picture_fits(window: MainWindow) -> None:
    window.preview.show_frame(two_halves(512, 512))
    size = window.preview.picture_size()
    assert abs(size.width() - size.height()) <= 1
    assert size.height() <= window.preview.height()


def test_the_full_preview_hides_everything_else(window: MainWindow) -> None:
    press(window, Key.Key_F11)
    assert window.isFullScreen()
    assert not window.gallery.isVisible()
    assert not window.controls.isVisible()
    press(window, Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.gallery.isVisible()
    assert window.controls.isVisible()
