"""The commands about model packages, and how a model is named in the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.simulated import make_model


def test_models_are_listed_added_and_removed(run: Run, assets: Path, tmp_path: Path) -> None:
    listed = json.loads(run("models", "list", "--json")[1])["models"]
    assert [(entry["name"], entry["default"]) for entry in listed] == [
        ("frame-first-light", True), ("motion-first-light", True),
    ]  # fmt: skip
    source = tmp_path / "other"
    (assets / "models" / "motion-first-light").rename(source)
    manifest = json.loads((source / "model.json").read_text())
    (source / "model.json").write_text(json.dumps(manifest | {"name": "mine"}))
    assert run("models", "add", source)[0] == 0
    assert "mine" in run("models", "list")[1]
    assert run("models", "remove", "mine")[0] == 0
    assert run("models", "remove", "mine")[0] == 1


def test_models_tell_what_they_can_do(run: Run, assets: Path) -> None:
    rich = ["liveliness", "warmth", "neutral", "happy", "nod", "raise_brows"]
    make_model(assets / "models", "motion-rich", "motion", parameters={"controls": rich})
    listed = json.loads(run("models", "list", "--json")[1])["models"]
    assert {entry["name"]: entry.get("knows") for entry in listed} == {
        "frame-first-light": None,
        "motion-first-light": ["liveliness", "warmth"],
        "motion-rich": sorted(rich),
    }
    assert run("models", "list")[1].splitlines()[1:] == [
        "motion-first-light  motion 1.0, used by default",
        "                    knows liveliness, warmth",
        "motion-rich         motion 1.0",
        "                    knows liveliness, warmth; moods: happy; cues: nod, raise brows",
    ]


@pytest.mark.parametrize(
    ("name", "said", "remedy"),
    [
        ("motion-frist-light", "There is no motion model 'motion-frist-light'.", "'motion-first-l"),
        ("zebra", "There is no motion model 'zebra'.", "Choose one of: motion-first-light."),
        ("frame-first-light", "is no motion model", "Choose one of: motion-first-light."),
        ("motion-cracked", "motion-cracked", "Get the model package again"),
        ("./nowhere", "There is no motion model './nowhere'.", "Choose one of"),
    ],
)
@pytest.mark.parametrize("command", ["run --headless", "perform", "render"])
def test_a_motion_model_that_cannot_be_used_is_one_sentence(
    run: Run, voice: Path, assets: Path, command: str, name: str, said: str, remedy: str
) -> None:
    if name == "motion-cracked":
        folder = make_model(assets / "models", name, "motion")
        (folder / "graph.onnx").write_bytes(b"something else")
    elif name == "zebra":
        make_model(assets / "models", "frame-zebra", "frame")
    files = () if command.startswith("run") else ("--voice", voice, "--out", "a.mp4")
    status, _, err = run(*command.split(), *files, "--motion-model", name)
    assert status == 1
    assert said in err
    assert remedy in err
    assert len(err.strip().splitlines()) == 2, err
    assert not Path("a.mp4").exists()


@pytest.mark.parametrize("able", [True, False])
def test_a_mood_names_the_model_that_knows_it(
    run: Run, voice: Path, assets: Path, able: bool
) -> None:
    knows = ["liveliness", "warmth", "sad", "nod"] if able else ["liveliness", "warmth", "nod"]
    make_model(assets / "models", "motion-rich", "motion", parameters={"controls": knows})
    words = ("--voice", voice, "--out", "a.mp4", "--mood", "sad", "--direct", "nod")
    status, _, err = run("perform", *words)
    assert status == 1
    assert "'motion-first-light' does not know nod, sad." in err
    assert ("Add --motion-model motion-rich" in err) is able
    assert ("No installed model" in err) is not able
