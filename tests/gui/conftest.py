"""A window around a simulated session, and a look that closing it leaves nothing."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication

from app.characters.library import CharacterLibrary
from app.settings.model import Settings, changed
from app.settings.store import SettingsStore
from app.ui.application import application
from app.ui.main_window import MainWindow
from app.ui.settings_keeper import SettingsKeeper
from app.ui.theme import theme
from tests.gui.simulated_session import SimulatedSession

NAMES = ("Ada", "Bruno", "Chidi")


def write_character(folder: Path, name: str) -> None:
    """A character good enough for the gallery."""
    place = folder / name.lower()
    place.mkdir(parents=True)
    for file in ("portrait.png", "thumbnail.png"):
        cv2.imwrite(str(place / file), np.full((64, 64, 4), 160, np.uint8))
    manifest = {
        "format_version": 1,
        "id": name.lower(),
        "name": name,
        "licence": "CC0-1.0",
        "author": "Personare",
        "description": f"{name}, in a test",
        "consent": {"kind": "synthetic"},
        "portrait": "portrait.png",
        "thumbnail": "thumbnail.png",
        "files": dict.fromkeys(("portrait.png", "thumbnail.png"), "0" * 64),
    }
    (place / "character.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture(scope="session")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characters")
    for name in NAMES:
        write_character(folder, name)
    return folder


@pytest.fixture
def library(characters: Path, tmp_path: Path) -> CharacterLibrary:
    return CharacterLibrary(characters, tmp_path / "own")


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as the program makes it, style and all."""
    return application()


@pytest.fixture
def session() -> SimulatedSession:
    return SimulatedSession()


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.json")


def delete_now() -> None:
    """What `deleteLater` promised."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()


OpenWindow = Callable[..., MainWindow]


def running_timers() -> int:
    """How many timers of living objects run."""
    gc.collect()
    return sum(
        1
        for thing in gc.get_objects()
        # Not isinstance: it reads __class__, at which lazy objects of other packages do things.
        if issubclass(type(thing), QTimer) and shiboken6.isValid(thing) and thing.isActive()
    )


@pytest.fixture
def open_window(
    qtbot: Any, session: SimulatedSession, library: CharacterLibrary, store: SettingsStore
) -> Iterator[OpenWindow]:
    """Opens a window; `welcomed` and any setting by its path may be given."""
    windows: list[MainWindow] = []

    def make(live: bool = True, **paths: Any) -> MainWindow:
        loaded = store.load()
        settings: Settings = changed(loaded.settings, "window.welcomed", True)
        settings = changed(settings, "start.live", live)
        for path, value in paths.items():
            settings = changed(settings, path.replace("__", "."), value)
        keeper = SettingsKeeper(store, settings)
        window = MainWindow(
            lambda _: session, library, keeper, loaded.notes, motion_models=lambda: session.models
        )
        windows.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        window.go_live()
        return window

    yield make
    for window in filter(shiboken6.isValid, windows):
        window.close()
        window.deleteLater()
    windows.clear()
    delete_now()
    theme().choose(Settings().window.theme)


@pytest.fixture
def window(open_window: OpenWindow) -> MainWindow:
    return open_window()
