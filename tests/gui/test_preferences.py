"""Preferences: every control changes its setting, reaches the session, and is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QColorDialog, QFileDialog, QLabel, QSlider

from app.session_contract import Background, OutputFormat, PartState, PartStatus
from app.settings.model import Settings
from app.settings.store import SettingsStore
from app.ui.character_page import CharacterPage
from app.ui.main_window import MainWindow
from app.ui.motion_choice import InUse
from app.ui.preference_pages import (
    AppearancePage,
    DevicesPage,
    PerformancePage,
    VideoPage,
)
from app.ui.preferences import PAGES, PreferencesDialog
from app.ui.theme import theme
from app.ui.widgets import ChoiceBox, Switch
from inference.contract import Controls
from tests.gui.conftest import OpenWindow, delete_now
from tests.gui.simulated_session import SimulatedSession

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def dialog(window: MainWindow) -> PreferencesDialog:
    window.open_preferences()
    assert window.preferences is not None
    return window.preferences


def pick(box: ChoiceBox, key: object) -> None:
    """Choose as a user does."""
    index = next(n for n in range(box.count()) if box.itemData(n) == key)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def page(dialog: PreferencesDialog, kind: type[Any]) -> Any:
    return dialog.findChild(kind)


def test_every_page_opens(dialog: PreferencesDialog) -> None:
    for row in range(len(PAGES)):
        dialog.pages.setCurrentRow(row)
        assert dialog.stack.currentIndex() == row
        shown = dialog.stack.widget(row)
        assert shown is not None
        assert shown.isVisible()


def test_everything_is_kept_over_a_restart(
    dialog: PreferencesDialog, window: MainWindow, session: SimulatedSession, store: SettingsStore
) -> None:
    devices, video = page(dialog, DevicesPage), page(dialog, VideoPage)
    performance, look = page(dialog, PerformancePage), page(dialog, AppearancePage)
    pick(devices.microphone, "mic-b")
    pick(devices.other, "monitor")
    pick(devices.camera, "/dev/video10")
    pick(performance.quality_box, "high")
    pick(performance.provider_box, "cuda")
    pick(page(dialog, CharacterPage).motion_box, "motion-performer")
    pick(video.size_box, "1920x1080")
    pick(video.rate_box, "60")
    pick(video.kind_box, "green")
    pick(look.theme_box, "dark")
    for slider, value in zip(dialog.findChildren(QSlider), (80, 20, 60), strict=True):
        slider.setValue(value)
    for switch in dialog.findChildren(Switch):
        switch.click()
    window.close()

    settings = store.load().settings
    assert settings.devices.model_dump() == {
        "microphone": "mic-b",
        "other": "monitor",
        "camera": "/dev/video10",
        "recordings": "",
    }
    assert settings.output() == OutputFormat(1920, 1080, 60)
    assert settings.background().kind == "green"
    assert settings.controls() == Controls(0.8, 0.2)
    assert settings.style.mood_strength == 0.6
    assert settings.performance.provider == "cuda"
    assert settings.performance.motion_model == "motion-performer"
    assert settings.window.theme == "dark"
    assert settings.video.mirror_preview is not Settings().video.mirror_preview
    assert (settings.start.live, settings.start.camera, settings.start.minimised) == (
        False,
        False,  # its switch was disabled by the first one
        True,
    )
    # And the session was told.
    assert session.of("set_output")[-1] == OutputFormat(1920, 1080, 60)
    assert session.of("set_background")[-1].kind == "green"
    assert session.of("set_controls")[-1] == Controls(0.8, 0.2)
    assert session.of("set_provider") == ["cuda"]
    assert session.of("set_quality") == ["high"]


def test_the_motion_model_is_chosen_by_what_it_can_do(
    dialog: PreferencesDialog, window: MainWindow, session: SimulatedSession
) -> None:
    box, line = page(dialog, CharacterPage).motion_box, dialog.findChild(InUse)
    assert [box.itemText(n) for n in range(box.count())] == [
        "Automatic (First light)",
        "First light: no moods, no cues",
        "Performer: moods and cues",
    ]
    assert box.key() == ""
    pick(box, "motion-performer")
    assert session.of("set_motion_model") == ["motion-performer"]
    assert window.keeper.settings.performance.motion_model == "motion-performer"
    assert line.text().startswith("In use now: Performer. It knows liveliness, warmth; moods: hap")
    session.models = session.models[:1]  # it was removed meanwhile
    box.showPopup()
    box.hidePopup()
    assert box.currentText() == "Performer: not installed"
    pick(box, "")
    assert session.of("set_motion_model")[-1] == ""
    assert line.text().startswith("In use now: First light.")
    dialog.close()
    delete_now()
    window.keeper.set("performance.motion_model", "motion-performer")
    window.bridge.ask_status()  # a closed dialog is not written to


def test_a_motion_model_that_is_gone_stays_chosen_and_is_said(open_window: OpenWindow) -> None:
    window = open_window(performance__motion_model="/home/me/motion-my_own")
    window.open_preferences()
    assert window.preferences is not None
    box = page(window.preferences, CharacterPage).motion_box
    assert box.currentText() == "My own: not installed"
    assert box.key() == "/home/me/motion-my_own"


def test_the_dialog_shows_what_was_stored(open_window: OpenWindow) -> None:
    window = open_window(video__size="1920x1080", window__theme="dark", style__liveliness=0.9)
    window.open_preferences()
    assert window.preferences is not None
    assert page(window.preferences, VideoPage).size_box.key() == "1920x1080"
    assert page(window.preferences, AppearancePage).theme_box.key() == "dark"
    assert window.preferences.findChildren(QSlider)[0].value() == 90


def test_dialog_and_window_agree(dialog: PreferencesDialog, window: MainWindow) -> None:
    pick(page(dialog, DevicesPage).microphone, "mic-b")
    assert window.controls.you.box.key() == "mic-b"
    window.keeper.set("devices.microphone", None)
    assert page(dialog, DevicesPage).microphone.key() is None


def test_size_and_rate_are_fixed_while_the_camera_is_on(
    dialog: PreferencesDialog, window: MainWindow
) -> None:
    video, performance = page(dialog, VideoPage), page(dialog, PerformancePage)
    assert video.size_box.isEnabled()
    window.toggle_camera()
    assert not video.size_box.isEnabled()
    assert not video.rate_box.isEnabled()
    assert not performance.quality_box.isEnabled()
    assert "Stop the camera" in video.fixed_hint.text()
    window.toggle_camera()
    assert video.size_box.isEnabled()


def test_the_limit_of_the_quality_is_said(dialog: PreferencesDialog, window: MainWindow) -> None:
    window.keeper.set("video.rate", "60")
    assert "30 per second" in page(dialog, VideoPage).fixed_hint.text()


def test_the_provider_in_use_is_shown(
    dialog: PreferencesDialog, window: MainWindow, session: SimulatedSession
) -> None:
    window.bridge.ask_status()
    assert page(dialog, PerformancePage).real.text() == "In use now: CPU."


def test_background_colour_and_picture(
    dialog: PreferencesDialog,
    session: SimulatedSession,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    video = page(dialog, VideoPage)
    dialog.pages.setCurrentRow(1)
    assert Settings().background().kind == "own"
    assert video.color_button.isVisible()  # nobody here has a background of its own
    assert "came without a background" in video.ground_hint.text()
    pick(video.kind_box, "color")
    assert not video.ground_hint.isVisible()
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(10, 20, 30))
    video.color_button.click()
    assert session.of("set_background")[-1] == Background("color", (10, 20, 30), "")
    pick(video.kind_box, "picture")
    assert video.picture_button.isVisible()
    assert not video.color_button.isVisible()
    picture = str(tmp_path / "room.jpg")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (picture, ""))
    video.picture_button.click()
    assert session.of("set_background")[-1] == Background("picture", (10, 20, 30), picture)
    # Cancelled dialogs change nothing.
    before = len(session.of("set_background"))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor())
    video.picture_button.click()
    video.color_button.click()
    assert len(session.of("set_background")) == before


def test_a_background_of_one_s_own_is_offered_to_whom_it_belongs(
    dialog: PreferencesDialog, window: MainWindow, session: SimulatedSession
) -> None:
    video = page(dialog, VideoPage)
    dialog.pages.setCurrentRow(1)
    cards = window.gallery.model.cards
    cards[1] = replace(cards[1], has_background=True)
    window.keeper.set("character", cards[1].id)
    assert not video.color_button.isVisible()
    assert "shows around the person" in video.ground_hint.text()
    window.keeper.set("character", cards[0].id)
    assert video.color_button.isVisible()
    assert cards[0].name in video.ground_hint.text()
    pick(video.kind_box, "green")
    pick(video.kind_box, "own")
    assert session.of("set_background")[-1].kind == "own"


def test_a_refused_wish_is_told(
    dialog: PreferencesDialog, window: MainWindow, session: SimulatedSession
) -> None:
    session.change(engine=PartStatus(PartState.ON, "cpu", "No NVIDIA card.", "Choose Automatic."))
    window.bridge.ask_status()
    said = "\n".join(label.text() for label in window.banners.findChildren(QLabel))
    assert "No NVIDIA card." in said
    assert "Choose Automatic." in said


def test_the_folder_for_films_is_chosen(
    dialog: PreferencesDialog, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    devices = page(dialog, DevicesPage)
    assert devices.folder.text().endswith("videos")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    QTest.mouseClick(
        next(b for b in dialog.findChildren(type(window.controls.camera.record_button))
             if b.accessibleName() == "Choose the folder for recordings"),
        Qt.MouseButton.LeftButton,
    )  # fmt: skip
    assert devices.folder.text() == str(tmp_path)
    assert window.keeper.settings.devices.recordings == str(tmp_path)


def test_the_theme_changes_at_once(dialog: PreferencesDialog, window: MainWindow) -> None:
    look = page(dialog, AppearancePage)
    pick(look.theme_box, "dark")
    assert theme().is_dark
    dark = window.grab().toImage().pixelColor(3, 3)
    pick(look.theme_box, "light")
    assert not theme().is_dark
    light = window.grab().toImage().pixelColor(3, 3)
    assert dark.lightness() < 60 < 200 < light.lightness()


def test_the_theme_follows_the_system_unless_chosen(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ui.theme.system_is_dark", lambda: True)
    hints = QApplication.styleHints()
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme().is_dark
    window.keeper.set("window.theme", "light")
    assert not theme().is_dark
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert not theme().is_dark
    monkeypatch.undo()
    window.keeper.set("window.theme", "system")
    assert not theme().is_dark


def test_a_wheel_does_not_change_a_choice(dialog: PreferencesDialog, window: MainWindow) -> None:
    box = page(dialog, DevicesPage).microphone
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(box.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert box.key() == ""
