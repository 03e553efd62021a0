"""`run_window` from start to exit, broken settings, uncaught exceptions."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel

from app.__main__ import with_choices
from app.characters.library import CharacterLibrary
from app.live_session import LiveChoices
from app.session_contract import OutputFormat
from app.settings.store import SettingsStore
from app.ui import only_window
from app.ui.application import run_window
from app.ui.main_window import MainWindow
from app.ui.notifications import ErrorFunnel
from app.ui.only_window import OnlyWindow
from inference.contract import Controls, PersonareError
from tests.gui.conftest import delete_now, running_timers
from tests.gui.simulated_session import SimulatedSession

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def the_window() -> MainWindow:
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))


def said(window: MainWindow) -> str:
    banners = window.banners.banners()
    return "\n".join(label.text() for one in banners for label in one.findChildren(QLabel))


def shut(window: MainWindow) -> None:
    window.close()


def run_and(
    act: Callable[[MainWindow], None],
    session: SimulatedSession,
    library: CharacterLibrary,
    store: SettingsStore,
) -> int:
    """Run the program, act once it is there."""
    QTimer.singleShot(150, lambda: act(the_window()))
    return run_window(lambda _: session, library, store)


def test_it_opens_runs_and_ends_cleanly(
    qapp: QApplication, session: SimulatedSession, library: CharacterLibrary, store: SettingsStore
) -> None:
    hooks = (sys.excepthook, threading.excepthook, signal.getsignal(signal.SIGINT))
    timers = running_timers()
    seen: list[bool] = []

    def act(window: MainWindow) -> None:
        seen.append(session.running and window.isVisible())
        window.close()

    assert run_and(act, session, library, store) == 0
    assert seen == [True]
    assert session.stops == 1
    assert (sys.excepthook, threading.excepthook, signal.getsignal(signal.SIGINT)) == hooks
    assert running_timers() == timers
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
    assert store.load().settings.character == "ada"


def test_the_command_lines_wishes_are_shown_but_not_stored(
    qapp: QApplication, session: SimulatedSession, library: CharacterLibrary, store: SettingsStore
) -> None:
    choices = LiveChoices(
        character="chidi",
        microphone="file:/voices/anna.wav",
        other="monitor",
        output=OutputFormat(1000, 700, 60),
        controls=Controls(0.9, 0.1),
    )
    shown: list[object] = []

    def act(window: MainWindow) -> None:
        window.bridge.tick()
        shown.append(window.gallery.view.currentIndex().data())
        shown.append(window.controls.you.box.currentText())
        shown.append(window.controls.others.box.currentText())
        shown.append(window.keeper.settings.controls())
        shown.append(window.keeper.settings.output().fps)
        window.keeper.set("style.warmth", 0.7)
        window.close()

    QTimer.singleShot(150, lambda: act(the_window()))
    assert (
        run_window(lambda _: session, library, store, lambda stored: with_choices(stored, choices))
        == 0
    )
    assert shown == ["Chidi", "Recording anna.wav", "Monitor of Headset", Controls(0.9, 0.1), 60]
    settings = store.load().settings
    assert settings.style.warmth == 0.7  # changed by hand in this run
    assert settings.style.liveliness == 0.5
    assert settings.devices.microphone == ""
    assert settings.character == ""


def test_a_second_start_brings_the_first_window_to_the_front(
    qapp: QApplication,
    session: SimulatedSession,
    library: CharacterLibrary,
    store: SettingsStore,
    capsys: pytest.CaptureFixture[str],
    qtbot: Any,
) -> None:
    second = SimulatedSession()
    statuses: list[object] = []

    def act(window: MainWindow) -> None:
        window.showMinimized()
        statuses.append(run_window(lambda _: second, library, store))
        qtbot.waitUntil(lambda: not window.isMinimized(), timeout=5000)
        with pytest.raises(PersonareError, match="already open") as caught:
            run_window(lambda _: second, library, store, lambda stored: stored)
        statuses.append(caught.value.remedy)
        window.close()

    assert run_and(act, session, library, store) == 0
    assert statuses[0] == 0
    assert "Close its window" in str(statuses[1])
    assert "already open" in capsys.readouterr().err
    assert second.calls == [], "the second start touches no device"
    assert run_and(shut, second, library, store) == 0, "the lock is gone"


def test_a_window_that_is_closing_is_waited_for(qapp: QApplication, tmp_path: Path) -> None:
    first, second = OnlyWindow(tmp_path), OnlyWindow(tmp_path)
    assert first.claim()
    assert not second.claim()
    assert second.reached
    first.refuse_calls()
    timer = threading.Timer(0.3, first._lock.unlock)
    timer.start()
    assert second.claim()
    timer.join()
    second.release()


def test_without_a_way_to_call_the_lock_still_serves(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(only_window, "CAN_CALL", False)
    monkeypatch.setattr(only_window, "_CLOSING_MS", 50)
    first, second = OnlyWindow(tmp_path), OnlyWindow(tmp_path)
    assert first.claim()
    assert not second.claim()
    assert not second.reached
    first.release()
    assert second.claim()
    second.release()


def test_a_lock_whose_process_died_is_no_lock(qapp: QApplication, tmp_path: Path) -> None:
    code = (
        "import sys, os; from pathlib import Path; from app.ui.only_window import OnlyWindow;"
        "from PySide6.QtCore import QCoreApplication; app = QCoreApplication([]);"
        "only = OnlyWindow(Path(sys.argv[1])); print(only.claim(), flush=True); os._exit(1)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ended.stdout.strip() == "True", ended.stderr
    only = OnlyWindow(tmp_path)
    assert only.claim()
    only.release()


def test_ctrl_c_closes_it_in_order(
    qapp: QApplication, session: SimulatedSession, library: CharacterLibrary, store: SettingsStore
) -> None:
    assert run_and(lambda _: os.kill(os.getpid(), signal.SIGINT), session, library, store) == 0
    assert session.stops == 1
    assert store.path.exists()


def test_broken_settings_are_kept_aside_and_told(
    qapp: QApplication, session: SimulatedSession, library: CharacterLibrary, store: SettingsStore
) -> None:
    store.path.write_text("{ not json", encoding="utf-8")
    told: list[str] = []

    def act(window: MainWindow) -> None:
        told.append(said(window))
        window.close()

    assert run_and(act, session, library, store) == 0
    (aside,) = store.path.parent.glob("settings.json.broken-*")
    assert aside.read_text(encoding="utf-8") == "{ not json"
    assert "defaults are used" in told[0]
    assert aside.name in told[0]
    assert store.load().notes == ()


def test_settings_that_cannot_be_saved_are_told_once(
    qapp: QApplication,
    session: SimulatedSession,
    library: CharacterLibrary,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    told: list[str] = []

    def act(window: MainWindow) -> None:
        window.keeper.set("style.warmth", 0.9)
        window.keeper.save_now()
        told.append(said(window))
        window.board.dismiss("settings-save")
        window.keeper.save_now()
        told.append(said(window))
        window.close()

    run_and(act, session, library, store)
    assert "could not be saved" in told[0]
    assert "could not be saved" not in told[1]


def test_an_exception_nobody_caught_becomes_a_notice(
    window: MainWindow, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    funnel = ErrorFunnel(window.board, "/logs/personare.log")
    funnel.install()
    try:
        with caplog.at_level(logging.ERROR):
            thread = threading.Thread(target=lambda: [].pop())
            thread.start()
            thread.join()
            qtbot.waitUntil(lambda: "IndexError" in said(window), timeout=5000)
        assert "/logs/personare.log" in said(window)
        assert "pop from empty list" in caplog.text
        window.board.withdraw("unexpected")
        error = PersonareError("The disk is full.", "Make room.")
        sys.excepthook(PersonareError, error, None)
        qtbot.waitUntil(lambda: "Make room." in said(window), timeout=5000)
    finally:
        funnel.remove()
    assert sys.excepthook is not funnel._on_exception


def test_many_windows_leave_nothing(
    qapp: QApplication, library: CharacterLibrary, store: SettingsStore
) -> None:
    def close(window: MainWindow) -> None:
        window.close()

    def once() -> None:
        session = SimulatedSession()
        assert run_and(close, session, library, store) == 0
        delete_now()

    once()
    timers, widgets = running_timers(), len(QApplication.allWidgets())
    for _ in range(2):
        once()
    assert running_timers() == timers
    assert len(QApplication.allWidgets()) <= widgets
