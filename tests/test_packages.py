"""Characters and model packages: nothing is used before it is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.characters.library import CharacterLibrary
from app.models.library import ModelLibrary, fetch_from_hub
from inference.character import load_character
from inference.contract import PersonareError
from inference.model_package import load_model_package
from tests.simulated import make_character, make_model


def test_a_good_character_loads(tmp_path: Path) -> None:
    character = load_character(make_character(tmp_path, "ada", author="Somebody"))
    assert (character.id, character.name) == ("ada", "Ada")
    assert character.portrait_path.is_file()
    assert character.manifest.author == "Somebody"
    assert character.geometry_path is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "format version 2"),
        ({"format_version": None}, "format version None"),
        ({"id": "other"}, "calls itself 'other'"),
        ({"portrait": "../../etc/passwd"}, "stay inside"),
        ({"portrait": "/etc/passwd"}, "stay inside"),
        ({"portrait": "C:\\face.png"}, "stay inside"),
        ({"consent": {"kind": "unknown"}}, "consent.kind"),
        ({"geometry": "geometry.npz"}, "no hash"),
        (
            {"files": {"portrait.png": "0" * 64, "thumbnail.png": "0" * 64}},
            "damaged or was changed",
        ),
        ({"name": ""}, "name"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    folder = make_character(tmp_path, "ada", **changes)
    with pytest.raises(PersonareError, match=words) as caught:
        load_character(folder)
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", "nonsense", "\x00"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    folder = make_character(tmp_path)
    (folder / "character.json").write_text(text)
    with pytest.raises(PersonareError):
        load_character(folder)


def test_missing_and_changed_files_are_named(tmp_path: Path) -> None:
    folder = make_character(tmp_path)
    with (folder / "portrait.png").open("ab") as file:
        file.write(b"x")
    with pytest.raises(PersonareError, match=r"portrait\.png .* hash is wrong"):
        load_character(folder)
    (folder / "portrait.png").unlink()
    with pytest.raises(PersonareError, match=r"lacks its file portrait\.png"):
        load_character(folder)
    assert load_character(folder, check=False).id == "ada"
    with pytest.raises(PersonareError, match="no character 'eve'"):
        load_character(tmp_path / "eve")


def test_a_model_package_gives_its_graphs(tmp_path: Path) -> None:
    package = load_model_package(make_model(tmp_path, "m", "motion", delay_ms=30.0), "motion")
    assert package.path("step").is_file()
    assert package.delay_s == pytest.approx(0.03)
    with pytest.raises(PersonareError, match="no graph 'other'"):
        package.path("other")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "voice"}, "kind"),
        ({"kind": "frame"}, "is a frame model, not a motion model"),
        ({"graphs": {"step": "more.onnx"}}, "no hash"),
        ({"delay_ms": -1}, "delay_ms"),
        ({"files": {"graph.onnx": "0" * 64}}, "hash is wrong"),
    ],
)
def test_a_bad_model_package_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(PersonareError, match=words):
        load_model_package(make_model(tmp_path, "m", "motion", **changes), "motion")


def test_the_character_library_lists_faulty_ones_too(tmp_path: Path) -> None:
    make_character(tmp_path / "bundled", "ben")
    make_character(tmp_path / "bundled", "ada", format_version=9)
    mine = make_character(tmp_path / "own", "cleo")
    library = CharacterLibrary(tmp_path / "bundled", tmp_path / "own")
    entries = {entry.id: entry for entry in library.list()}
    assert list(entries) == ["ada", "ben", "cleo"]
    assert "format version 9" in entries["ada"].fault
    assert entries["ben"].bundled
    assert not entries["cleo"].bundled
    assert library.default_id() == "ben"
    assert library.load("").id == "ben"
    with pytest.raises(PersonareError, match="no character 'bem'") as caught:
        library.load("bem")
    assert "'ben'" in caught.value.remedy
    with pytest.raises(PersonareError, match="came with Personare"):
        library.remove("ben")
    library.remove("cleo")
    assert not mine.exists()


def test_a_users_character_hides_a_bundled_namesake(tmp_path: Path) -> None:
    make_character(tmp_path / "bundled", "ada", author="theirs")
    make_character(tmp_path / "own", "ada", author="mine")
    library = CharacterLibrary(tmp_path / "bundled", tmp_path / "own")
    assert library.load("ada").manifest.author == "mine"


def test_models_are_added_whole_or_not_at_all(tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path / "bundled", tmp_path / "own")
    source = make_model(tmp_path / "elsewhere", "other-motion", "motion")
    assert library.add(str(source)).folder == tmp_path / "own" / "other-motion"
    assert library.add(str(source)).name == "other-motion"  # again: replaced
    assert library.load("motion", "other-motion").kind == "motion"
    bad = make_model(tmp_path / "elsewhere", "bad", "motion", files={"graph.onnx": "0" * 64})
    with pytest.raises(PersonareError, match="hash is wrong"):
        library.add(str(bad))
    assert [entry.id for entry in library.list()] == ["other-motion"]
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["other-motion"]
    library.remove("other-motion")
    assert library.list() == []
    with pytest.raises(PersonareError, match="no motion model"):
        library.load("motion")


@pytest.mark.parametrize("source", ["nothing", "a/b/c", "/", "@main"])
def test_a_source_that_is_neither_folder_nor_hub_name_is_refused(source: str) -> None:
    with pytest.raises(PersonareError, match="neither a folder nor a name"):
        fetch_from_hub(source)


@pytest.mark.parametrize(
    ("source", "sentence", "remedy"),
    [
        ("nobody/nothing@v1", "switched off", "HF_HUB_OFFLINE"),  # as the tests are run
        ("no body/nothing", "no name on the model hub", "OWNER/NAME"),
    ],
)
def test_the_hub_out_of_reach_is_one_sentence(source: str, sentence: str, remedy: str) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(PersonareError, match=sentence) as caught:
        fetch_from_hub(source)
    assert source in str(caught.value)
    assert remedy in caught.value.remedy


def test_a_hub_that_does_not_answer_is_told_without_the_clients_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    snapshot = hub.snapshot_download
    nobody = "http://127.0.0.1:1"  # nothing listens there
    monkeypatch.setattr(
        hub,
        "snapshot_download",
        lambda *names, **options: snapshot(
            *names, endpoint=nobody, cache_dir=tmp_path, etag_timeout=1, **options
        ),
    )
    with pytest.raises(PersonareError, match="cannot be reached") as caught:
        fetch_from_hub("nobody/nothing")
    assert "network" in caught.value.remedy
    for jargon in ("127.0.0.1", "cache", "revision", "Errno"):
        assert jargon not in str(caught.value) + caught.value.remedy


def test_only_models_of_the_kind_are_suggested(tmp_path: Path) -> None:
    make_model(tmp_path / "bundled", "motion-one", "motion")
    make_model(tmp_path / "bundled", "frame-one", "frame")
    library = ModelLibrary(tmp_path / "bundled", tmp_path / "own")
    for wrong in ("zzz", "frame-one"):
        with pytest.raises(PersonareError) as caught:
            library.load("motion", wrong)
        assert "motion-one" in caught.value.remedy
        assert "frame-one" not in caught.value.remedy
    make_model(tmp_path / "own", "motion-first-light", "motion")
    assert library.default("motion") == "motion-first-light"
    make_model(tmp_path / "bundled", "motion-performer", "motion")
    assert library.load("motion").name == "motion-performer"


def test_unknown_keys_are_ignored_so_that_manifests_may_grow(tmp_path: Path) -> None:
    folder = make_character(tmp_path)
    manifest = json.loads((folder / "character.json").read_text())
    manifest["favourite_colour"] = "green"
    (folder / "character.json").write_text(json.dumps(manifest))
    assert load_character(folder).id == "ada"
