"""What every test gets: a home of its own, no screen, no network, and a look for what it left.

- The user's settings are never read or written: `PERSONARE_HOME` is a new empty folder per test.
- Qt draws offscreen unless `QT_QPA_PLATFORM` says otherwise.
- A thread, process or visible window that a test leaves running fails that test.
- Tests in `tests/gui` are skipped, with the reason, where Qt cannot be loaded (its system libraries
  are missing), and those in `tests/training` where torch is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
GRACE_SECONDS = 2.0
"""How long a thread or process may take to end after its test."""


def _why_qt_cannot_load() -> str:
    """Empty when Qt can draw a window here, else one sentence."""
    try:
        for name in ("QtCore", "QtGui", "QtWidgets", "QtTest"):
            importlib.import_module(f"PySide6.{name}")
    except ImportError as error:
        return f"Qt cannot be loaded here ({error}); the README lists the system libraries"
    return ""


def _why_training_cannot_run() -> str:
    """Empty when the training rooms' packages are here, else one sentence."""
    missing = [name for name in ("torch", "onnx", "scipy") if not importlib.util.find_spec(name)]
    return f"needs the `training` extra (missing: {', '.join(missing)})" if missing else ""


def _prepare_environment() -> None:
    """Set, before Qt or the hub client is imported, what they read at import or first use."""
    scratch = Path(tempfile.mkdtemp(prefix="personare-tests-"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Small networks on two cores are slowed by threads that wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["HF_HOME"] = str(scratch / "hub")
    os.environ["PERSONARE_HOME"] = str(scratch / "home")
    if "XDG_RUNTIME_DIR" not in os.environ and sys.platform == "linux":
        runtime = scratch / "run"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)


_prepare_environment()
QT_FAULT = _why_qt_cannot_load()
# pyproject.toml keeps pytest-qt from loading itself: without Qt it would end the whole run.
pytest_plugins = [] if QT_FAULT else ["pytestqt.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Without pytest-qt its options in pyproject.toml still have to be known."""
    if QT_FAULT:
        parser.addini("qt_api", "read by pytest-qt, which is not loaded")
        parser.addini("qt_log_level_fail", "read by pytest-qt, which is not loaded")


class _SkippedModule(pytest.Module):
    """A test module that is not even imported; the report says why."""

    reason = ""

    def collect(self) -> list[Any]:
        pytest.skip(self.reason, allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip what cannot run here before it is imported."""
    room = module_path.relative_to(TESTS).parts[0] if module_path.is_relative_to(TESTS) else ""
    reason = {"gui": QT_FAULT, "training": _why_training_cannot_run()}.get(room, "")
    if not reason:
        return None
    module: _SkippedModule = _SkippedModule.from_parent(parent, path=module_path)
    module.reason = reason
    return module


class _SkippedRoom(pytest.File):
    """A whole folder, skipped before its conftest.py is imported."""

    def collect(self) -> list[Any]:
        pytest.skip(QT_FAULT, allow_module_level=True)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Without Qt the window's tests cannot even be prepared."""
    if QT_FAULT and path == TESTS / "gui":
        room: _SkippedRoom = _SkippedRoom.from_parent(parent, path=path)
        return room
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in `tests/gui` and `tests/training` carry their room as a marker."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            room = item.path.relative_to(TESTS).parts[0]
            if room in ("gui", "training"):
                item.add_marker(room)


@pytest.fixture(autouse=True)
def personare_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder this test's settings, characters, models and logs go to; empty at the start."""
    home = tmp_path_factory.mktemp("personare-home")
    monkeypatch.setenv("PERSONARE_HOME", str(home))
    return home


def _threads() -> set[threading.Thread]:
    # A dummy thread stands for one that Python did not start (Qt, PortAudio): not ours to end.
    return {
        thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)
    }


def _processes() -> set[tuple[int, str]]:
    """Living children of this process as (pid, command line); empty where /proc is missing."""
    found = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in children.read_text().split():
                # A child that ended but was not waited for has no command line.
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                # Shared memory starts one resource tracker, which lives as long as we do.
                if command and b"multiprocessing.resource_tracker" not in command:
                    found.add((int(pid), command.decode(errors="replace").strip()))
    return found


def _windows() -> set[Any]:
    """Visible top-level widgets, when a test has made a Qt application."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    app = widgets.QApplication.instance() if widgets else None
    if app is None or widgets is None:
        return set()
    app.processEvents()
    return {widget for widget in widgets.QApplication.topLevelWidgets() if widget.isVisible()}


def _left_over(look: Callable[[], set[Any]], before: set[Any]) -> set[Any]:
    """What `look` finds beyond `before`, once the grace time is over."""
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := look() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail the test that leaves a thread, a process or a visible window behind."""
    before = [(look, look()) for look in (_threads, _processes, _windows)]
    yield
    for look, seen in before:
        left = _left_over(look, seen)
        if left:
            pytest.fail(f"left running: {', '.join(map(str, left))}", pytrace=False)
