"""Opens the window and returns when it is closed: what `app/__main__.py` calls."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app import paths
from app.logging_setup import log_file
from app.settings.model import Settings
from app.settings.store import SettingsStore
from app.ui.gallery import Library
from app.ui.main_window import MainWindow
from app.ui.motion_choice import MotionModels
from app.ui.notifications import ErrorFunnel
from app.ui.only_window import ALREADY_OPEN, OnlyWindow
from app.ui.session_bridge import SessionFactory
from app.ui.settings_keeper import SettingsKeeper
from app.ui.theme import theme
from inference.contract import PersonareError


def application() -> QApplication:
    """The QApplication, made at the first call."""
    present = QApplication.instance()
    if isinstance(present, QApplication):
        return present
    app = QApplication(sys.argv[:1])
    app.setApplicationName("personare")
    app.setApplicationDisplayName("Personare")
    app.setDesktopFileName("personare")
    app.setStyle("Fusion")  # the one style that our style sheet draws alike on every system
    theme().follow_system()
    return app


def application_icon() -> QIcon:
    """The icon from the assets; an empty one where they are missing."""
    try:
        folder = paths.assets_root() / "icons"
    except PersonareError:
        return QIcon()
    icon = QIcon()
    for size in (32, 64, 128, 256):
        icon.addFile(str(folder / f"personare-{size}.png"))
    return icon


def run_window(
    session_factory: SessionFactory,
    library: Library,
    store: SettingsStore,
    for_this_run: Callable[[Settings], Settings] | None = None,
    motion_models: MotionModels = list,
) -> int:
    """Show the window until it is closed; returns the exit status.

    `session_factory` makes a session from the settings (camera off, not started).
    `for_this_run` changes the stored settings for this run alone (the command line's wishes).
    `motion_models` looks which motion models are installed.
    Ctrl-C in the terminal closes the window as a click would.
    """
    app = application()
    only = OnlyWindow(store.path.parent)
    if not only.claim():
        return _point_to_the_first(only, with_wishes=for_this_run is not None)
    loaded = store.load()
    keeper = SettingsKeeper(
        store, loaded.settings, for_this_run(loaded.settings) if for_this_run else None
    )
    window = MainWindow(
        session_factory, library, keeper, loaded.notes, application_icon(), motion_models
    )
    funnel = ErrorFunnel(window.board, str(log_file()))
    funnel.install()
    only.called.connect(window.come_to_front)
    window.closing.connect(only.refuse_calls)
    try:
        with _closed_by_signals(window):
            if loaded.settings.start.minimised:
                window.showMinimized()
            else:
                window.show()
            # After the first paint: the window appears at once, the models load behind it.
            QTimer.singleShot(0, window, window.go_live)
            return app.exec()
    finally:
        funnel.remove()
        window.bridge.stop()
        window.deleteLater()
        only.release()
        only.deleteLater()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _point_to_the_first(only: OnlyWindow, with_wishes: bool) -> int:
    """Say that the open window was called to the front.

    Raises:
        PersonareError: it cannot be reached, or what the command line wished would be lost.
    """
    reached = only.reached
    only.deleteLater()
    if with_wishes:
        raise PersonareError(ALREADY_OPEN, "Close its window first, or change it there.")
    if not reached:
        raise PersonareError(
            ALREADY_OPEN, "Use its window; if it does not answer, end it and start again."
        )
    sys.stderr.write(f"{ALREADY_OPEN} Its window was brought to the front.\n")
    return 0


@contextlib.contextmanager
def _closed_by_signals(window: MainWindow) -> Iterator[None]:
    """Ctrl-C and a polite kill close the window, so that everything is released."""

    def close(_number: int, _frame: FrameType | None) -> None:
        QTimer.singleShot(0, window, window.close)

    numbers = [signal.SIGINT, signal.SIGTERM]
    old = {number: signal.signal(number, close) for number in numbers}
    # Python runs signal handlers only between its own instructions: give it some.
    pulse = QTimer()
    pulse.setTimerType(Qt.TimerType.CoarseTimer)
    pulse.start(500)
    pulse.timeout.connect(lambda: None)
    try:
        yield
    finally:
        pulse.stop()
        for number, handler in old.items():
            signal.signal(number, handler)
