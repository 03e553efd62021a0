"""Mood, levels and directions on the command line: what reaches the model, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import engine_builder
from inference.contract import (
    CUES,
    MOODS,
    Controls,
    MotionTrack,
)
from tests.cli.conftest import Run
from tests.simulated import (
    SimulatedMotion,
)

STYLE = ("--mood", "happy:0.5", "--liveliness", "0.7", "--warmth", "0.2")


@pytest.mark.parametrize("command", ["render", "perform"])
def test_style_and_direction_reach_the_motion_model(
    run: Run, voice: Path, assets: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    made = SimulatedMotion()
    styles: list[Controls] = []
    push = made.push

    def watch(self_N: Any, other_N: Any = None) -> MotionTrack:
        styles.append(made.controls)
        return push(self_N, other_N)

    monkeypatch.setattr(made, "push", watch)
    monkeypatch.setattr(engine_builder, "make_motion", lambda *rest: made)
    words = (command, "--voice", voice, "--out", "a.mp4", *STYLE)
    direct = ("--direct", "smile and nod; at 0:00.5 look thoughtful")
    status, _, err = run(*words, *direct)
    assert status == 1
    assert "does not know happy, nod, smile, thinking" in err
    assert not Path("a.mp4").exists()
    teach(assets)
    assert run(*words, *direct)[0] == 0
    assert styles[0] == Controls(0.7, 0.2, "happy", 0.5)
    assert styles[-1] == Controls(0.7, 0.2, "thinking", 0.8)
    assert sorted(made.cues) == ["nod", "smile"]


def teach(assets: Path) -> None:
    """The motion package of the tests knows everything from now on."""
    file = assets / "models" / "motion-first-light" / "model.json"
    manifest = json.loads(file.read_text())
    manifest.setdefault("parameters", {})["controls"] = ["liveliness", "warmth", *MOODS, *CUES]
    file.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mood", "hapy"), "did you mean happy?"),
        (("--mood", "dotty"), "choose one of neutral, happy"),
        (("--mood", "happy:2"), "not between 0 and 1"),
        (("--mood", "happy:x"), "write happy:0.5"),
        (("--warmth", "2"), "not between 0 and 1"),
        (("--direct", "smlie and nod"), "'smile' for 'smlie'"),
        (("--direct", ""), "asks for nothing"),
    ],
)
@pytest.mark.parametrize("command", ["render", "perform", "run"])
def test_a_style_that_is_not_understood_is_wrong_use(
    run: Run, command: str, words: tuple[str, str], said: str
) -> None:
    files = () if command == "run" else ("--voice", "a.wav", "--out", "a.mp4")
    status, _, err = run(command, *files, *words)
    assert status == 2
    assert said in " ".join(err.split())
