"""Readers of the three text formats the rig's sources use: OBJ meshes, targets, MHCLO fits."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ObjMesh:
    """A quad mesh: triangles are quads whose last corner is repeated.

    `vertices_N3`, `uvs_T2` (v upwards, as in the file), `faces_F4` and `uv_faces_F4` index them;
    `groups` maps a group's name to the sorted vertex indices its faces use; `face_groups` names
    the group of each face.
    """

    vertices_N3: Float32Array
    uvs_T2: Float32Array
    faces_F4: IntArray
    uv_faces_F4: IntArray
    groups: dict[str, IntArray]
    face_groups: list[str]


def read_obj(path: Path) -> ObjMesh:
    """Read an OBJ file of triangles and quads; units and axes stay as in the file."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    faces: list[list[int]] = []
    uv_faces: list[list[int]] = []
    face_groups: list[str] = []
    members: dict[str, set[int]] = {}
    group = ""
    for line in path.read_text(encoding="utf8", errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(x) for x in words[1:4]])
        elif words[0] == "vt":
            uvs.append([float(x) for x in words[1:3]])
        elif words[0] == "g":
            group = words[1] if len(words) > 1 else ""
        elif words[0] == "f":
            corners = [word.split("/") for word in words[1:5]]
            corners += corners[-1:] * (4 - len(corners))
            face = [int(c[0]) - 1 for c in corners]
            faces.append(face)
            uv_faces.append([int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners])
            face_groups.append(group)
            members.setdefault(group, set()).update(face)
    return ObjMesh(
        np.array(vertices, np.float32),
        np.array(uvs or [[0.0, 0.0]], np.float32),
        np.array(faces, np.int64),
        np.array(uv_faces, np.int64),
        {name: np.array(sorted(used), np.int64) for name, used in members.items()},
        face_groups,
    )


def read_target(path: Path) -> tuple[IntArray, Float32Array]:
    """Read a morph target (.target or .target.gz): vertex indices (K,) and offsets (K, 3)."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf8", "replace")
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] not in '#"']
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, 3), np.float32)
    table = np.array(rows, np.float64)
    return table[:, 0].astype(np.int64), table[:, 1:4].astype(np.float32)


@dataclass(slots=True)
class MhcloFit:
    """How a proxy (clothes, hair, teeth ...) hangs on the base mesh.

    Vertex i of the proxy is sum(weights_N3[i] * base[corners_N3[i]]) + offsets_N3[i] * scale;
    `scale_axes` gives for x, y, z the two base vertices whose distance on that axis, divided by
    the third number, is the scale. `hidden` base vertices lie under the proxy.
    """

    corners_N3: IntArray
    weights_N3: Float32Array
    offsets_N3: Float32Array
    obj_file: str
    scale_axes: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)


def read_mhclo(path: Path) -> MhcloFit:
    """Read a .mhclo fit. Lines of 'verts' hold one index, or 3 indices, 3 weights, 3 offsets."""
    rows: list[list[float]] = []
    scale_axes: dict[str, tuple[int, int, float]] = {}
    hidden: set[int] = set()
    obj_file = ""
    section = ""
    for line in path.read_text(encoding="utf8", errors="replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scale_axes[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] == "obj_file":
            obj_file = words[1]
        elif words[0] in ("verts", "delete_verts"):
            section = words[0]
        elif words[0][0].isdigit() and section == "verts":
            rows.append([float(word) for word in words])
        elif words[0][0].isdigit() and section == "delete_verts":
            hidden.update(_ranges(line))
    count = len(rows)
    corners = np.zeros((count, 3), np.int64)
    weights = np.zeros((count, 3), np.float32)
    offsets = np.zeros((count, 3), np.float32)
    for i, row in enumerate(rows):
        if len(row) == 1:
            corners[i], weights[i] = int(row[0]), (1.0, 0.0, 0.0)
        else:
            corners[i], weights[i] = np.array(row[:3], np.int64), row[3:6]
            offsets[i] = row[6:9] if len(row) >= 9 else 0.0
    return MhcloFit(corners, weights, offsets, obj_file, scale_axes, hidden)


def _ranges(line: str) -> set[int]:
    """Indices of a line such as `12 15 - 18 40`."""
    words = line.replace("-", " - ").split()
    found: set[int] = set()
    i = 0
    while i < len(words):
        if i + 2 < len(words) and words[i + 1] == "-":
            found.update(range(int(words[i]), int(words[i + 2]) + 1))
            i += 3
        else:
            found.add(int(words[i]))
            i += 1
    return found
