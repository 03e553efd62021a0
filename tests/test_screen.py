"""Where no window can open the user reads why, and Qt is never left to end the process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app import screen
from app.cli import main as cli
from app.screen import NoWindowError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux names its screens")


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)


def test_without_a_display_it_says_so() -> None:
    with pytest.raises(NoWindowError, match=r"^There is no screen here\.$"):
        screen.check_window()


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_display_that_does_not_answer_is_named(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv(variable, ":987" if variable == "DISPLAY" else "nobody")
    reason = screen.why_no_window()
    # Where a system library is missing, that is said first.
    assert variable in reason or "system library" in reason


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")

    def load(name: str) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file")

    monkeypatch.setattr(screen.ctypes, "CDLL", load)
    assert "libxcb-cursor.so.0" in screen.why_no_window()


def test_personare_alone_makes_a_film_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(cli.sample, "run", lambda why: told.append(why) or 0)

    def open_window(choices: object) -> int:
        screen.check_window()
        raise AssertionError("no window can open here")

    assert cli.main([], open_window) == 0
    assert told == ["There is no screen here"]
