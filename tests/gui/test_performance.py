"""The strip of moods, cues and directions: what it asks for, what it shows, what it refuses."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui.direction_line import summary
from app.ui.main_window import MainWindow
from inference.contract import CUES, MOODS, Controls
from inference.direction import direction_of
from tests.gui.conftest import OpenWindow
from tests.gui.simulated_session import SimulatedSession, two_halves

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Key = Qt.Key
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


def write(window: MainWindow, text: str) -> None:
    """Type into the line of directions."""
    QTest.keyClick(window, Key.Key_D, CTRL)
    edit = window.performance.line.edit
    assert QApplication.focusWidget() is edit
    edit.clear()
    QTest.keyClicks(edit, text)


def test_a_mood_by_mouse_and_by_keyboard(window: MainWindow, session: SimulatedSession) -> None:
    moods = window.performance.moods.buttons
    assert list(moods) == list(MOODS)
    moods["happy"].click()
    assert session.of("set_controls")[-1] == Controls(0.5, 0.5, "happy", 0.8)
    QTest.keyClick(window, Key.Key_4, ALT)
    assert session.of("set_controls")[-1].mood == "sad"
    assert [name for name, button in moods.items() if button.isChecked()] == ["sad"]
    window.keeper.set("style.warmth", 0.9)
    assert session.of("set_controls")[-1] == Controls(0.5, 0.9, "sad", 0.8)
    window.keeper.set("style.mood_strength", 0.4)
    assert session.of("set_controls")[-1].mood_strength == 0.4


def test_a_mood_is_of_the_moment_and_not_stored(
    window: MainWindow, session: SimulatedSession
) -> None:
    window.performance.moods.buttons["angry"].click()
    window.keeper.save_now()
    assert "angry" not in window.keeper._store.path.read_text()


def test_a_mood_from_the_command_line_is_kept_when_the_style_changes(
    open_window: OpenWindow, session: SimulatedSession
) -> None:
    session.change(controls=Controls(mood="happy"))
    window = open_window()
    assert window.performance.moods.buttons["happy"].isChecked()
    window.keeper.set("style.warmth", 0.9)
    assert session.of("set_controls")[-1].mood == "happy"


def test_every_cue_has_a_button_and_a_key(window: MainWindow, session: SimulatedSession) -> None:
    buttons = window.performance.cues.buttons
    assert list(buttons) == list(CUES)
    for button in buttons.values():
        button.click()
    assert session.of("cue") == list(CUES)
    for key in (Key.Key_N, Key.Key_S, Key.Key_M, Key.Key_B, Key.Key_A, Key.Key_W):
        QTest.keyClick(window, key, ALT)
    assert session.of("cue")[6:] == list(CUES)


def test_a_direction_is_explained_while_written_and_performed_on_enter(
    window: MainWindow, session: SimulatedSession
) -> None:
    line = window.performance.line
    session.draw(two_halves())
    window.bridge.tick()
    write(window, "smile warmly and nod, then look thoughtful")
    assert line.bubble.isVisible()
    bubble = line.bubble.geometry()
    for button in (window.preview.mirror_button, window.preview.full_button):
        place = QRect(button.mapTo(window, QPoint(0, 0)), button.size())
        assert button.isVisible()
        assert not bubble.intersects(place), "the preview's buttons stay within reach"
    assert line.bubble.text.text() == (
        "0.0–2.5 s  nod, smile, warmth 80%   ·   2.5 s  thinking 80%"
    )
    QTest.keyClick(line.edit, Key.Key_Return)
    assert session.of("direct") == ["smile warmly and nod, then look thoughtful"]
    assert line.edit.text() == ""
    assert not line.bubble.isVisible()
    assert line.button.accessibleName() == "Stop the direction"
    line.button.click()
    assert session.of("direct")[-1] == ""
    assert line.button.accessibleName().startswith("Perform")
    QTest.keyClick(line.edit, Key.Key_Up)
    assert line.edit.text().startswith("smile warmly"), "the last one comes back"
    QTest.keyClick(line.edit, Key.Key_Down)
    assert line.edit.text() == ""


def test_unknown_words_are_told_and_nothing_is_performed(
    window: MainWindow, session: SimulatedSession
) -> None:
    line = window.performance.line
    write(window, "nod and smlie")
    assert "'smlie'" in line.bubble.text.text()
    assert "'smile' for 'smlie'" in line.bubble.text.text()
    assert line.edit.property("tone") == "warn"
    assert line.edit.accessibleDescription() == line.bubble.text.text()
    QTest.keyClick(line.edit, Key.Key_Return)
    assert session.of("direct") == []
    assert line.edit.text() == "nod and smlie", "still there to be mended"
    write(window, "nod and smile")
    assert line.edit.property("tone") == ""
    QTest.keyClick(line.edit, Key.Key_Escape)
    assert line.edit.text() == ""
    assert not line.bubble.isVisible()


def test_letters_and_spaces_in_the_line_are_text(
    window: MainWindow, session: SimulatedSession
) -> None:
    write(window, "nod now ")
    assert window.performance.line.edit.text() == "nod now "
    assert session.of("set_camera") == []


def test_a_model_that_knows_no_moods_disables_them_and_says_why(
    open_window: OpenWindow, session: SimulatedSession
) -> None:
    session.model_knows = frozenset(("liveliness", "warmth"))
    window = open_window()
    strip = window.performance
    for button in (*strip.moods.buttons.values(), *strip.cues.buttons.values()):
        assert not button.isEnabled()
        assert "does not know" in button.toolTip()
    QTest.keyClick(window, Key.Key_N, ALT)
    QTest.keyClick(window, Key.Key_2, ALT)
    assert session.of("cue") == []
    assert session.of("set_controls") == []
    write(window, "nod")
    assert "does not know nod" in strip.line.bubble.text.text()
    write(window, "more lively")
    assert strip.line.edit.property("tone") == ""
    assert strip.style_button.isEnabled()


def test_the_strip_follows_a_change_of_the_motion_model(
    window: MainWindow, session: SimulatedSession
) -> None:
    strip = window.performance
    strip.moods.buttons["sad"].click()
    write(window, "be sad, then nod")
    assert strip.line.edit.property("tone") == ""
    session.change(knows=frozenset(("liveliness", "warmth")), controls=Controls())
    window.bridge.ask_status()
    assert not strip.moods.buttons["sad"].isEnabled()
    assert strip.moods.buttons["neutral"].isChecked()
    assert not strip.cues.buttons["nod"].isEnabled()
    assert not strip.style_button.page.strength.isEnabled()
    assert strip.style_button.page.warmth.isEnabled()
    assert "livelier" in strip.line.edit.placeholderText()
    assert "does not know nod, sad" in strip.line.edit.accessibleDescription()
    assert "Preferences" in strip.line.edit.accessibleDescription()
    window.keeper.set("style.warmth", 0.8)
    assert session.of("set_controls")[-1] == Controls(warmth=0.8), "sad is over"
    session.change(knows=session.model_knows)
    window.bridge.ask_status()
    assert strip.style_button.page.strength.isEnabled()
    assert "nod" in strip.line.edit.placeholderText()
    assert strip.moods.buttons["sad"].isEnabled()
    assert strip.moods.buttons["neutral"].isChecked()


def test_before_the_character_is_awake_nothing_can_be_asked(open_window: OpenWindow) -> None:
    window = open_window(live=False)
    assert not window.performance.moods.buttons["happy"].isEnabled()
    assert not window.performance.line.edit.isEnabled()
    assert "awake" in window.performance.moods.buttons["happy"].toolTip()


def test_the_mood_on_show_is_the_present_one(window: MainWindow, session: SimulatedSession) -> None:
    session.change(controls=Controls(mood="surprised"))
    window.bridge.ask_status()
    assert window.performance.moods.buttons["surprised"].isChecked()
    assert session.of("set_controls") == [], "showing it asks for nothing"


def test_the_style_is_where_the_picture_is(window: MainWindow, session: SimulatedSession) -> None:
    page = window.performance.style_button.page
    page.liveliness.setValue(80)
    page.warmth.setValue(20)
    page.strength.setValue(50)
    style = window.keeper.settings.style
    assert (style.liveliness, style.warmth, style.mood_strength) == (0.8, 0.2, 0.5)
    assert session.of("set_controls")[-1] == Controls(0.8, 0.2)


def test_the_summary_of_a_direction() -> None:
    words = summary(direction_of("nod twice, be much livelier; be sad for 3 s; neutral"))
    assert words.split("   ·   ") == [
        "0.0 s  nod × 2",
        "2.4 s  liveliness +40%",
        "4.4–7.4 s  sad 80%",
        "7.4 s  neutral",
    ]
