"""The window around the real live session (its threads, its keepers), on simulated devices."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from app.characters.library import CharacterLibrary
from app.devices.contracts import CameraSink
from app.live_session import LiveSession
from app.session_contract import OutputFormat, PartState
from app.settings.model import Settings, changed
from app.settings.store import SettingsStore
from app.ui.main_window import MainWindow
from app.ui.settings_keeper import SettingsKeeper
from inference.contract import PersonareError
from tests.gui.conftest import delete_now
from tests.realtime.stand_ins import World

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def refuse(_key: str, _output: OutputFormat) -> CameraSink:
    raise PersonareError("No virtual camera is here.", remedy="Install one.")


def test_from_start_to_close(qtbot: Any, library: CharacterLibrary, store: SettingsStore) -> None:
    from app.__main__ import choices_of

    world = World()
    world.make_camera = refuse
    settings = changed(Settings(), "window.welcomed", True)
    sessions: list[LiveSession] = []

    def factory(settings: Settings) -> LiveSession:
        sessions.append(LiveSession(world.makers(), choices_of(settings)))
        return sessions[-1]

    window = MainWindow(factory, library, SettingsKeeper(store, settings))
    window.show()
    window.go_live()
    qtbot.waitUntil(window.preview.has_picture, timeout=5000)
    qtbot.waitUntil(lambda: window.status_line.fps.text() != "", timeout=5000)
    box = window.controls.you.box
    qtbot.waitUntil(lambda: box.findData("mic") >= 0, timeout=5000)

    window.gallery.choose(2)
    qtbot.waitUntil(lambda: window.bridge.last_status.character == "chidi", timeout=5000)

    window.toggle_camera()
    qtbot.waitUntil(lambda: bool(window.banners.banners()), timeout=5000)
    said = [label.text() for label in window.banners.banners()[0].findChildren(QLabel)]
    assert "No virtual camera is here." in said
    assert "Install one." in said
    world.make_camera = None  # it is plugged in: the session takes it up by itself
    qtbot.waitUntil(lambda: window.bridge.last_status.camera.state is PartState.ON, timeout=5000)
    qtbot.waitUntil(lambda: not window.banners.banners(), timeout=5000)
    assert window.controls.camera.chip.text() == "On air"

    window.close()
    assert not window.bridge.running
    window.deleteLater()
    delete_now()
    # conftest.py fails this test if a thread of the session is still there.


def test_a_session_that_comes_with_its_camera_on_can_be_turned_off(
    qtbot: Any, library: CharacterLibrary, store: SettingsStore
) -> None:
    from app.live_session import LiveChoices

    world = World()
    choices = LiveChoices(character="bruno", camera="")
    keeper = SettingsKeeper(store, changed(Settings(), "window.welcomed", True))
    window = MainWindow(lambda _: LiveSession(world.makers(), choices), library, keeper)
    window.show()
    window.go_live()
    qtbot.waitUntil(lambda: window.bridge.last_status.camera.state is PartState.ON, timeout=5000)
    assert window.controls.camera.camera_button.text().strip() == "Stop camera"
    qtbot.waitUntil(lambda: window.gallery.view.currentIndex().row() == 1, timeout=5000)
    window.toggle_camera()
    qtbot.waitUntil(lambda: window.bridge.last_status.camera.state is PartState.OFF, timeout=5000)
    window.close()
    window.deleteLater()
    delete_now()
