"""Command lines with stand-ins for both models: `run`, the assets they find, a voice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import engine_builder
from app.__main__ import main
from tests.simulated import (
    SimulatedFrames,
    SimulatedMotion,
    make_assets,
    tone,
    write_wav,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Assets of the tests, and stand-ins for the models."""
    root = make_assets(tmp_path / "assets")
    monkeypatch.setenv("PERSONARE_ASSETS", str(root))
    monkeypatch.setattr(engine_builder, "make_motion", lambda *rest: SimulatedMotion())
    monkeypatch.setattr(engine_builder, "make_frames", lambda *rest: SimulatedFrames())
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return root


@pytest.fixture
def run(assets: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line: (status, stdout, stderr). No output ever shows a stack trace."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return call


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "voice.wav", tone(1.0, 0.4, 0.7))
