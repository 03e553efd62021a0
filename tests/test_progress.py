"""The progress of long work, on a terminal and in a log."""

from __future__ import annotations

import pytest

from app.cli import progress


def test_a_progress_bar_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Progress("work", 10) as bar:
        bar.update(5)
    assert capsys.readouterr() == ("", "")


def test_long_work_is_told_in_a_log_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    with progress.Progress("work", 10) as bar:
        for done in range(1, 11):
            now = done * 7.0
            bar.update(done)
    assert capsys.readouterr().err == "work: 30%\nwork: 60%\nwork: 90%\n"


def test_a_progress_bar_fills_and_vanishes() -> None:
    class Terminal:
        encoding = "utf-8"
        written = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            self.written += text
            return len(text)

        def flush(self) -> None:
            pass

    terminal = Terminal()
    with progress.Progress("work", 10, terminal) as bar:  # type: ignore[arg-type]
        bar.update(5)
        bar.update(10)
    assert "50%" in terminal.written
    assert "100%" in terminal.written
    assert terminal.written.endswith("\r")
