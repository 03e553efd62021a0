"""The rig's files: readers, subdivision, pose, manifest, character folders. No assets needed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from inference.character import load_character
from inference.contract import PersonareError

pytest.importorskip("scipy")
pytest.importorskip("PIL")

from training.rig.assets import MANIFEST, RigAssets
from training.rig.character_files import add_files, read_manifest
from training.rig.mesh_files import read_mhclo, read_obj, read_target
from training.rig.motions import motion
from training.rig.people import cast, random_person
from training.rig.pose import BODY_FOLLOWS, turn_head
from training.rig.subdivision import catmull_clark

BUNDLED = Path(__file__).resolve().parents[2] / "assets" / "characters"


def test_obj_keeps_triangles_as_quads_with_a_repeated_corner(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_text(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\ng one\nf 1/1 2/2 3/1 4/2\n"
        "g two\nf 1/1 2/2 3/1\n"
    )
    mesh = read_obj(path)
    assert mesh.faces_F4.tolist() == [[0, 1, 2, 3], [0, 1, 2, 2]]
    assert mesh.uv_faces_F4.tolist() == [[0, 1, 0, 1], [0, 1, 0, 0]]
    assert mesh.face_groups == ["one", "two"]
    assert mesh.groups["two"].tolist() == [0, 1, 2]


def test_mhclo_reads_short_and_long_lines_and_ranges(tmp_path: Path) -> None:
    path = tmp_path / "a.mhclo"
    path.write_text(
        "# comment\nobj_file a.obj\nx_scale 5 7 2.0\nverts 0\nmaterial a.mhmat\n"
        "12\n1 2 3 0.5 0.25 0.25 0.1 0.2 0.3\ndelete_verts\n4 6 - 8 11\n"
    )
    fit = read_mhclo(path)
    assert fit.obj_file == "a.obj"
    assert fit.corners_N3[0, 0] == 12
    assert fit.weights_N3[0].tolist() == [1, 0, 0]
    np.testing.assert_allclose(fit.offsets_N3[1], [0.1, 0.2, 0.3], rtol=1e-6)
    assert fit.scale_axes == {"x": (5, 7, 2.0)}
    assert fit.hidden == {4, 6, 7, 8, 11}


def test_target_skips_comments(tmp_path: Path) -> None:
    path = tmp_path / "a.target"
    path.write_text("# a target\n3 0.5 0 -1\n9 0 1 0\n")
    index, offset = read_target(path)
    assert index.tolist() == [3, 9]
    assert offset.tolist() == [[0.5, 0, -1], [0, 1, 0]]


def test_subdivided_cube_is_rounder_and_closed() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    faces = np.array(
        [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    )
    fine = catmull_clark(faces, faces, np.zeros((8, 2), np.float32), 8)
    points = fine.matrix @ corners
    assert len(points) == 8 + 12 + 6
    assert len(fine.faces_F4) == 24
    np.testing.assert_allclose(np.asarray(fine.matrix.sum(1)).ravel(), 1, atol=1e-9)
    # A cube's corner goes to (1 - 4/9) of its place: (F + 2E + (n - 3)P) / n for valence 3.
    np.testing.assert_allclose(np.abs(points[:8]), 5 / 9, atol=1e-6)


def test_head_turns_about_its_pivot_by_its_weight() -> None:
    pivot = np.array([0.0, 7.0, 0.2], np.float32)
    points = np.array([[0, 7, 1.2], [0, 7, 1.2], [0, 8, 0.2]], np.float32)
    weight = np.array([1.0, 0.5, 1.0], np.float32)
    yaw = turn_head(points, weight, motion(headYaw=np.pi / 2), pivot, 0.6)
    np.testing.assert_allclose(yaw[0], [1, 7, 0.2], atol=1e-6)
    np.testing.assert_allclose(yaw[1], [np.sqrt(0.5), 7, 0.2 + np.sqrt(0.5)], atol=1e-6)
    pitch = turn_head(points, weight, motion(headPitch=0.3), pivot, 0.6)
    assert pitch[0, 1] > 7.2
    roll = turn_head(points, weight, motion(headRoll=0.3), pivot, 0.6)
    assert roll[2, 0] > 0.2
    moved = turn_head(points, weight, motion(headX=1.0), pivot, 0.6)
    np.testing.assert_allclose(moved[0] - points[0], [0.6, 0, 0], atol=1e-6)
    share = BODY_FOLLOWS + (1 - BODY_FOLLOWS) * 0.5
    np.testing.assert_allclose(moved[1] - points[1], [0.6 * share, 0, 0], atol=1e-6)


def test_manifest_names_a_free_licence_for_every_file() -> None:
    files = json.loads(MANIFEST.read_text())["files"]
    assert len(files) > 100
    for name, entry in files.items():
        assert entry["licence"] in ("CC0-1.0", "public domain"), name
        assert len(entry["sha256"]) == 64
        assert "female" not in name or not name.startswith("skins/")


def test_a_missing_or_changed_asset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonareError, match="lacks"):
        RigAssets(tmp_path)
    for name in json.loads(MANIFEST.read_text())["files"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(PersonareError, match="licence"):
        RigAssets(tmp_path)


def test_added_files_and_hashes_change_together(tmp_path: Path) -> None:
    folder = tmp_path / "somebody"
    add_files(folder, {"a.png": b"one", "b.png": b"two"}, id="somebody")
    add_files(folder, {"a.png": b"three"}, geometry="a.png")
    manifest = read_manifest(folder)
    assert manifest["id"] == "somebody"
    assert manifest["geometry"] == "a.png"
    assert manifest["files"] == {
        "a.png": hashlib.sha256(b"three").hexdigest(),
        "b.png": hashlib.sha256(b"two").hexdigest(),
    }
    assert not list(folder.glob("*.new"))


def test_random_people_repeat_and_differ() -> None:
    first, again, other = (random_person(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == again
    assert first.shape != other.shape


@pytest.mark.parametrize("name", sorted(cast()))
def test_bundled_characters_are_whole(name: str) -> None:
    character = load_character(BUNDLED / name)
    assert character.name == cast()[name].name
    assert character.manifest.licence == "Apache-2.0"
    assert character.manifest.consent.kind == "synthetic"
    for kind in ("teeth", "eyes-shut", "left", "right"):
        assert len(character.reference_paths(kind)) == 1
