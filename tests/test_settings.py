"""Settings: limits, lenient reading, files kept aside, stepwise migration, atomic writing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.session_contract import OutputFormat
from app.settings.migrations import migrate
from app.settings.model import VERSION, Settings, changed
from app.settings.store import SettingsStore
from inference.contract import Controls, PersonareError

NOON = datetime(2030, 1, 2, 12, 0, 0)


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "config" / "settings.json", clock=lambda: NOON)


def write(store: SettingsStore, content: Any) -> None:
    store.path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    store.path.write_text(text, encoding="utf-8")


def test_every_field_is_documented() -> None:
    source = Path(__file__).parents[1] / "app" / "settings" / "model.py"
    lines = source.read_text(encoding="utf-8").splitlines()
    fields = [
        number
        for number, line in enumerate(lines)
        if line.startswith("    ") and ": " in line and " = " in line and "(" not in line[:5]
        if line.split(":")[0].strip().isidentifier()
    ]
    assert len(fields) >= 25
    undocumented = [lines[n] for n in fields if not lines[n + 1].strip().startswith('"""')]
    assert undocumented == []


def test_a_missing_file_gives_defaults_without_a_note(store: SettingsStore) -> None:
    assert store.load().settings == Settings()
    assert store.load().notes == ()
    assert not store.path.exists()


def test_what_is_saved_comes_back(store: SettingsStore) -> None:
    settings = changed(Settings(), "video.color", (1, 2, 3))
    settings = changed(settings, "devices.other", "monitor of Ünïcode")
    settings = changed(settings, "style.liveliness", 0.25)
    store.save(settings)
    assert store.load().settings == settings
    assert store.load().notes == ()
    assert [file.name for file in store.path.parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "\x00\x01", "[1, 2]", '{"version": "two"}', '{"version": true}', "[" * 100_000],
)
def test_a_broken_file_is_kept_aside(store: SettingsStore, content: str) -> None:
    write(store, content)
    loaded = store.load()
    assert loaded.settings == Settings()
    (note,) = loaded.notes
    assert "defaults are used" in note.message
    aside = store.path.with_name("settings.json.broken-20300102-120000")
    assert aside.name in note.remedy
    assert aside.read_text(encoding="utf-8") == content
    assert not store.path.exists()
    # Another broken file in the same second does not overwrite the first.
    write(store, "{{")
    store.load()
    assert aside.read_text(encoding="utf-8") == content
    assert aside.with_name(aside.name + "-2").read_text(encoding="utf-8") == "{{"


def test_undecodable_bytes_are_kept_aside(store: SettingsStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(b'{"character": "\xff\xfe"}')
    assert len(store.load().notes) == 1
    assert len(list(store.path.parent.glob("*.broken-*"))) == 1


def test_an_unreadable_path_gives_defaults_and_says_so(store: SettingsStore) -> None:
    store.path.mkdir(parents=True)  # a folder where the file should be
    loaded = store.load()
    assert loaded.settings == Settings()
    assert "cannot be read" in loaded.notes[0].message
    assert loaded.notes[0].remedy


def test_bad_keys_are_dropped_one_by_one(store: SettingsStore) -> None:
    content = Settings().model_dump(mode="json")
    content["character"] = "ada"
    content["style"]["liveliness"] = 7
    content["colour"] = "unknown key"
    content["video"]["rate"] = "31"
    content["video"]["color"] = [1, 2, 999]
    content["video"]["mirror_preview"] = False
    content["devices"] = "none of them"
    write(store, content)
    loaded = store.load()
    assert loaded.settings == changed(
        changed(Settings(), "character", "ada"), "video.mirror_preview", False
    )
    (note,) = loaded.notes
    for key in ("style.liveliness", "colour", "video.rate", "video.color", "devices"):
        assert key in note.message
    assert "mirror" not in note.message
    assert store.path.exists()


def test_a_file_without_a_motion_model_has_the_default_one(store: SettingsStore) -> None:
    content = Settings().model_dump(mode="json")
    del content["performance"]["motion_model"]
    content["performance"]["quality"] = "eco"
    write(store, content)
    loaded = store.load()
    assert loaded.notes == ()
    assert loaded.settings.performance.motion_model == ""
    assert loaded.settings.performance.quality == "eco"
    # A name is only a name: whether such a model is installed may change every day.
    store.save(changed(loaded.settings, "performance.motion_model", "motion-gone"))
    assert store.load().settings.performance.motion_model == "motion-gone"


def test_a_newer_file_is_copied_before_it_is_used(store: SettingsStore) -> None:
    write(store, {"version": VERSION + 5, "character": "ada", "hologram": True})
    loaded = store.load()
    assert loaded.settings.character == "ada"
    assert "newer" in loaded.notes[0].message
    copy = store.path.with_name(f"settings.json.version-{VERSION + 5}")
    assert json.loads(copy.read_text())["hologram"] is True


def test_migration_goes_step_by_step_and_leaves_its_input_alone() -> None:
    old = {"version": 1, "name": "ada"}
    steps = {
        1: lambda c: {**c, "name": c["name"].upper()},
        2: lambda c: {"who": c["name"]},
    }
    assert migrate(old, steps, target=3) == ({"version": 3, "who": "ADA"}, 1)
    assert old == {"version": 1, "name": "ada"}


def test_a_failing_or_missing_step_is_told() -> None:
    with pytest.raises(ValueError, match="no way from version 1 to 2"):
        migrate({"version": 1}, {}, target=2)
    with pytest.raises(ValueError, match="version 1 could not be read"):
        migrate({"version": 1}, {1: lambda c: {"x": c["missing"]}}, target=2)


def test_a_failed_write_keeps_the_old_file(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(changed(Settings(), "character", "ada"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.settings.store.os.fsync", full)
    with pytest.raises(PersonareError, match="No space left") as fault:
        store.save(changed(Settings(), "character", "bob"))
    assert fault.value.remedy
    monkeypatch.undo()
    assert store.load().settings.character == "ada"
    assert [file.name for file in store.path.parent.iterdir()] == ["settings.json"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PersonareError, match="could not be saved"):
        SettingsStore(tmp_path / "file" / "settings.json").save(Settings())


def test_quality_limits_the_rate() -> None:
    settings = changed(Settings(), "video.rate", "60")
    assert settings.output() == OutputFormat(1280, 720, 30)
    settings = changed(settings, "performance.quality", "high")
    assert settings.output() == OutputFormat(1280, 720, 60)
    settings = changed(settings, "video.size", "1920x1080")
    settings = changed(settings, "performance.quality", "eco")
    assert settings.output() == OutputFormat(1920, 1080, 24)


def test_changed_refuses_bad_values_and_unknown_keys() -> None:
    settings = Settings()
    assert changed(settings, "style.warmth", 1.0).controls() == Controls(0.5, 1.0)
    assert settings.style.warmth == 0.5
    with pytest.raises(ValidationError):
        changed(settings, "style.warmth", 1.1)
    with pytest.raises(KeyError):
        changed(settings, "video.depth", 1)


def test_version_1_had_the_style_at_the_top(store: SettingsStore) -> None:
    old = {"version": 1, "character": "ada", "liveliness": 0.25, "warmth": 0.75}
    write(store, old)
    loaded = store.load()
    assert loaded.notes == ()
    assert loaded.settings.controls() == Controls(0.25, 0.75)
    assert loaded.settings.character == "ada"
    store.save(loaded.settings)
    assert json.loads(store.path.read_text())["version"] == VERSION
    write(store, {"version": 1, "liveliness": "a lot"})
    loaded = store.load()
    assert "style.liveliness" in loaded.notes[0].message
    write(store, {"version": 1, "character": "ada"})
    assert store.load().settings.controls() == Controls()


def test_version_2_knew_no_background_of_a_character_s_own(store: SettingsStore) -> None:
    for video, kind in (
        ({"background": "color", "color": [38, 42, 51]}, "own"),  # what stood in every file
        ({"background": "color"}, "own"),
        ({"background": "color", "color": [38, 42, 52]}, "color"),
        ({"background": "green", "color": [38, 42, 51]}, "green"),
        ({"background": "picture", "picture": "room.jpg"}, "picture"),
        ({}, "own"),
    ):
        write(store, {"version": 2, "video": {**video, "mirror_preview": False}})
        loaded = store.load()
        assert loaded.notes == ()
        assert loaded.settings.background().kind == kind
        assert not loaded.settings.video.mirror_preview
    write(store, {"version": 2, "video": "wide"})
    assert store.load().settings.background().kind == "own"


def test_a_mood_takes_its_strength_from_the_settings() -> None:
    settings = changed(Settings(), "style.mood_strength", 0.3)
    assert settings.controls("happy") == Controls(0.5, 0.5, "happy", 0.3)
    assert settings.controls() == Controls()
