"""The window on a simulated session: what the user does reaches it, what it says is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.session_contract import Activity, PartState, PartStatus, SessionStatus
from app.settings.store import SettingsStore
from app.ui.main_window import MainWindow
from app.ui.status_line import ActivityHold
from tests.gui.conftest import OpenWindow, delete_now, running_timers
from tests.gui.simulated_session import SimulatedSession, speaking

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Key = Qt.Key
NO_DEVICE = PartStatus(
    PartState.FAILED, "", "No virtual camera was found.", "Install v4l2loopback and try again."
)


def words(widget: QWidget) -> str:
    """Everything the labels of a widget say."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def press(window: MainWindow, key: Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)


# -- sound


def test_the_meter_moves_with_the_voice(
    window: MainWindow, session: SimulatedSession, qtbot: Any
) -> None:
    meter = window.controls.you.meter
    assert meter.shown == 0.0
    session.change(**speaking(microphone_level_db=-12.0))
    qtbot.waitUntil(lambda: meter.shown > 0.7, timeout=5000)
    assert window.controls.others.meter.shown < 0.45
    session.change(microphone_level_db=-100.0)
    qtbot.waitUntil(lambda: meter.shown < 0.1, timeout=5000)


def test_microphone_and_others_are_chosen(window: MainWindow, session: SimulatedSession) -> None:
    you, others = window.controls.you.box, window.controls.others.box
    you.activated.emit(you.findData("mic-b"))
    others.activated.emit(others.findData("monitor"))
    you.activated.emit(you.findData(None))
    assert session.of("set_microphone") == ["mic-b", None]
    assert session.of("set_other") == ["monitor"]
    assert "Off" in window.controls.you.chip.text()


def test_a_device_that_is_gone_stays_chosen_and_comes_back(
    window: MainWindow, session: SimulatedSession
) -> None:
    box = window.controls.you.box
    window.keeper.set("devices.microphone", "mic-b")
    assert box.currentText() == "Webcam microphone"
    del session.microphone_list[1]
    window.bridge.ask_devices()
    assert box.currentText() == "Not connected now"
    session.microphone_list.append(SimulatedSession().microphone_list[1])
    window.bridge.ask_devices()
    assert box.currentText() == "Webcam microphone"
    assert session.of("set_microphone") == ["mic-b"]


# -- camera and recorder


def test_the_camera_button_turns_it_on_and_off(
    window: MainWindow, session: SimulatedSession
) -> None:
    card = window.controls.camera
    assert card.camera_button.text().strip() == "Start camera"
    assert card.camera_button.property("kind") == "primary"
    QTest.mouseClick(card.camera_button, Qt.MouseButton.LeftButton)
    assert session.of("set_camera") == [""]
    assert card.camera_button.text().strip() == "Stop camera"
    assert card.camera_button.property("kind") == "stop"
    assert card.chip.text() == "On air"
    assert "Personare Camera" in words(window.status_line)
    window.keeper.set("devices.camera", "/dev/video10")
    QTest.mouseClick(card.camera_button, Qt.MouseButton.LeftButton)
    assert session.of("set_camera") == ["", "/dev/video10", None]
    assert card.camera_button.text().strip() == "Start camera"


def test_space_toggles_the_camera_unless_a_control_needs_it(
    window: MainWindow, session: SimulatedSession
) -> None:
    window.gallery.view.setFocus()
    press(window, Key.Key_Space)
    assert session.of("set_camera") == [""]
    window.controls.camera.record_button.setFocus()
    press(window, Key.Key_Space)
    assert session.of("set_camera") == [""]
    assert len(session.of("set_recording")) == 1


def test_a_camera_that_refuses_is_told_with_its_remedy(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.camera_answer = NO_DEVICE
    window.toggle_camera()
    (banner,) = window.banners.banners()
    assert NO_DEVICE.message in words(banner)
    assert NO_DEVICE.remedy in words(banner)
    assert window.controls.camera.chip.text() == "Not working"
    assert window.controls.camera.camera_button.text().strip() == "Stop trying"
    # It comes back: the banner goes by itself.
    session.change(camera=PartStatus(PartState.ON, "Personare Camera"))
    window.bridge.ask_status()
    assert window.banners.banners() == []
    assert not window.banners.isVisible()


def test_a_dismissed_fault_stays_away_until_it_is_new(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.change(microphone=NO_DEVICE)
    window.bridge.ask_status()
    window.board.dismiss("microphone")
    window.bridge.ask_status()
    assert window.banners.banners() == []
    session.change(microphone=PartStatus(PartState.ON))
    window.bridge.ask_status()
    session.change(microphone=NO_DEVICE)
    window.bridge.ask_status()
    assert len(window.banners.banners()) == 1


def test_more_faults_than_room(window: MainWindow, session: SimulatedSession) -> None:
    session.change(microphone=NO_DEVICE, other=NO_DEVICE, camera=NO_DEVICE, engine=NO_DEVICE)
    window.bridge.ask_status()
    assert len(window.banners.banners()) == 2
    assert "and 2 more" in words(window.banners)


def test_news_wait_while_something_is_wrong(
    open_window: OpenWindow, session: SimulatedSession
) -> None:
    window = open_window(window__welcomed=False)
    session.change(camera=NO_DEVICE)
    window.bridge.ask_status()
    assert [banner.notice.key for banner in window.banners.banners()] == ["camera"]
    session.change(camera=PartStatus())
    window.bridge.ask_status()
    assert [banner.notice.key for banner in window.banners.banners()] == ["welcome"]
    window.toggle_full()
    assert window.banners.banners() == []
    window.toggle_full()
    assert len(window.banners.banners()) == 1


def test_where_the_film_is_stands_above_faults(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.change(camera=NO_DEVICE)
    window.bridge.ask_status()
    press(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    press(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    tones = [banner.notice.tone for banner in window.banners.banners()]
    assert tones == ["good", "bad"]


def test_recording_starts_stops_and_says_where_the_film_is(
    window: MainWindow, session: SimulatedSession, personare_home: Path
) -> None:
    press(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    (film,) = session.of("set_recording")
    assert Path(film).parent == personare_home / "videos"
    assert Path(film).suffix == ".mp4"
    assert Path(film).parent.is_dir()
    assert window.controls.camera.record_button.text().strip().startswith("Stop 0:0")
    press(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert session.of("set_recording") == [film, None]
    assert Path(film).name in words(window.banners)


def test_a_film_that_ends_by_itself_is_told(window: MainWindow, session: SimulatedSession) -> None:
    window.toggle_recording()
    session.change(
        recorder=PartStatus(PartState.FAILED, "", "The disk is full.", "The film so far is kept.")
    )
    window.bridge.ask_status()
    assert "The film so far is kept." in words(window.banners)
    assert window.controls.camera.record_button.text().strip() == "Record"
    window.toggle_recording()
    assert len(session.of("set_recording")) == 2


def test_a_folder_for_films_that_cannot_be_made_is_told(
    window: MainWindow, session: SimulatedSession, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    window.keeper.set("devices.recordings", str(tmp_path / "file" / "films"))
    window.toggle_recording()
    assert session.of("set_recording") == []
    assert "Choose another folder" in words(window.banners)


# -- state line


def test_the_state_line_tells_activity_rate_delay_and_provider(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.change(**speaking(fps=29.6, latency_ms=61.7))
    window.bridge.ask_status()
    line = words(window.status_line)
    for expected in ("Speaking", "30 fps", "62 ms", "CPU"):
        assert expected in line
    session.change(activity=Activity.LISTENING, fps=15.0, latency_ms=180.0)
    window.bridge.ask_status()
    line = words(window.status_line)
    for expected in ("Listening", "15 fps of 30", "180 ms delay (late)"):
        assert expected in line


def test_the_word_does_not_flicker_between_words() -> None:
    now = [10.0]
    hold = ActivityHold(lambda: now[0])

    def shown(activity: Activity, after: float) -> Activity:
        now[0] += after
        return hold.calm(SessionStatus(activity=activity)).activity

    assert shown(Activity.IDLE, 0.0) is Activity.IDLE
    assert shown(Activity.SPEAKING, 0.2) is Activity.SPEAKING
    assert shown(Activity.IDLE, 0.2) is Activity.SPEAKING
    assert shown(Activity.LISTENING, 0.2) is Activity.LISTENING
    assert shown(Activity.IDLE, 0.6) is Activity.LISTENING
    assert shown(Activity.IDLE, 0.2) is Activity.IDLE


def test_a_very_late_mouth_is_told_in_seconds(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.change(**speaking(latency_ms=2440.0))
    window.bridge.ask_status()
    assert "2.4 s delay (late)" in words(window.status_line)


def test_a_failed_engine_is_told_in_preview_line_and_banner(
    window: MainWindow, session: SimulatedSession
) -> None:
    session.change(engine=PartStatus(PartState.FAILED, "", "The model is damaged.", "Reinstall."))
    window.bridge.ask_status()
    assert "No character" in words(window.status_line)
    assert "The model is damaged." in words(window.banners)
    assert "Reinstall." in window.preview.accessibleDescription()


# -- life


def test_without_live_start_nothing_runs_until_asked(
    open_window: OpenWindow, session: SimulatedSession
) -> None:
    window = open_window(live=False)
    assert not session.running
    assert window.preview.start_button.isVisible()
    QTest.mouseClick(window.preview.start_button, Qt.MouseButton.LeftButton)
    assert session.running
    assert not window.preview.start_button.isVisible()


def test_the_camera_can_start_by_itself(open_window: OpenWindow, session: SimulatedSession) -> None:
    open_window(start__camera=True)
    assert session.of("set_camera") == [""]


def test_the_first_start_says_what_to_do_once(
    open_window: OpenWindow, session: SimulatedSession, store: SettingsStore
) -> None:
    window = open_window(window__welcomed=False)
    assert "pick that camera in your call" in words(window.banners)
    window.board.dismiss("welcome")
    assert window.banners.banners() == []
    window.close()
    assert store.load().settings.window.welcomed


def test_a_minimised_window_leaves_the_pictures_alone(
    window: MainWindow, session: SimulatedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(session, "latest_frame", lambda: asked.append(1))
    window.bridge.set_visible(False)
    for _ in range(10):
        window.bridge.tick()
    assert asked == []
    window.bridge.set_visible(True)
    window.bridge.tick()
    assert asked == [1]


def test_closing_stops_everything_and_remembers_the_place(
    open_window: OpenWindow, session: SimulatedSession, store: SettingsStore
) -> None:
    timers = running_timers()
    window = open_window()
    window.resize(1180, 760)
    window.open_preferences()
    window.toggle_recording()
    window.close()
    assert session.stops == 1
    assert not session.running
    assert session.of("set_recording")[-1] is None
    assert running_timers() == timers
    settings = store.load().settings
    assert (settings.window.width, settings.window.height) == (1180, 760)


def test_no_widget_outlives_the_window(open_window: OpenWindow) -> None:
    window = open_window()
    window.open_preferences()
    window.open_about()
    before = {type(w).__name__ for w in QApplication.topLevelWidgets() if w.isVisible()}
    assert {"MainWindow", "PreferencesDialog", "AboutDialog"} <= before
    window.close()
    window.deleteLater()
    delete_now()
    left = {type(w).__name__ for w in QApplication.topLevelWidgets()}
    assert not left & {"MainWindow", "PreferencesDialog", "AboutDialog"}
