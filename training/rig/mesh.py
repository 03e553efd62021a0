"""A mesh that follows the base mesh: a sparse matrix makes its vertices, another its normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from inference.contract import Float32Array
from training.rig.mesh_files import IntArray


def triangles(faces_F4: IntArray, uv_faces_F4: IntArray) -> tuple[IntArray, IntArray]:
    """Split quads into triangles, dropping the empty ones a repeated corner makes."""
    tri = np.concatenate([faces_F4[:, [0, 1, 2]], faces_F4[:, [0, 2, 3]]])
    uv = np.concatenate([uv_faces_F4[:, [0, 1, 2]], uv_faces_F4[:, [0, 2, 3]]])
    full = (tri[:, 0] != tri[:, 1]) & (tri[:, 1] != tri[:, 2]) & (tri[:, 0] != tri[:, 2])
    return tri[full], uv[full]


@dataclass(slots=True)
class Mesh:
    """Geometry and its two index spaces.

    `weights` (n, base vertices) and `offsets_N3` give the n points from base vertices. The GPU
    draws v >= n vertices, one for each (point, uv): `point_of_V` maps them back, `uv_V2` are their
    texture coordinates (v downwards), `triangles_F3` indexes them, `point_triangles_F3` the points.
    """

    weights: sparse.csr_matrix
    offsets_N3: Float32Array | None
    point_of_V: IntArray
    uv_V2: Float32Array
    triangles_F3: IntArray
    point_triangles_F3: IntArray
    corner_sum: sparse.csr_matrix
    source_N: IntArray

    @property
    def size(self) -> int:
        """Number of points n."""
        return len(self.source_N)

    def points(self, base_B3: Float32Array) -> Float32Array:
        """Points (n, 3) on this base mesh."""
        points: Float32Array = self.weights @ base_B3
        return points if self.offsets_N3 is None else points + self.offsets_N3

    def normals(self, points_N3: Float32Array) -> Float32Array:
        """Unit normals (n, 3), area-weighted over the triangles round each point."""
        a, b, c = (points_N3[self.point_triangles_F3[:, k]] for k in range(3))
        summed = self.corner_sum @ _cross(b - a, c - a)
        length = np.sqrt(np.einsum("ij,ij->i", summed, summed))[:, None]
        return (summed / np.maximum(length, 1e-9)).astype(np.float32)


def _cross(a: Float32Array, b: Float32Array) -> Float32Array:
    """Row-wise cross product; numpy's own is several times slower."""
    out = np.empty_like(a)
    out[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    out[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    out[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return out


def build_mesh(
    weights: sparse.csr_matrix,
    offsets_N3: Float32Array | None,
    faces_F4: IntArray,
    uv_faces_F4: IntArray,
    uvs_T2: Float32Array,
) -> Mesh:
    """Split points on UV seams and drop the points no triangle uses."""
    tri, tri_uv = triangles(faces_F4, uv_faces_F4)
    uv_count = len(uvs_T2)
    keys, corner_of = np.unique((tri * uv_count + tri_uv).ravel(), return_inverse=True)
    source, point_of = np.unique(keys // uv_count, return_inverse=True)
    corners = corner_of.reshape(-1, 3)
    point_triangles = point_of[corners]
    count = len(tri)
    corner_sum = sparse.csr_matrix(
        (
            np.ones(count * 3, np.float32),
            (point_triangles.ravel(), np.repeat(np.arange(count), 3)),
        ),
        (len(source), count),
    )
    uv = uvs_T2[keys % uv_count].astype(np.float32)
    uv[:, 1] = 1 - uv[:, 1]
    return Mesh(
        weights[source].tocsr().astype(np.float32),
        None if offsets_N3 is None else offsets_N3[source].astype(np.float32),
        point_of,
        uv,
        corners,
        point_triangles,
        corner_sum,
        source,
    )


def subset(mesh: Mesh, keep_N: np.ndarray) -> Mesh:
    """The part of a mesh whose triangles have all their points in `keep_N` (bool)."""
    inside = keep_N[mesh.point_triangles_F3].all(1)
    used_V, corners = np.unique(mesh.triangles_F3[inside], return_inverse=True)
    used_N, point_of = np.unique(mesh.point_of_V[used_V], return_inverse=True)
    tri = corners.reshape(-1, 3)
    point_tri = point_of[tri]
    count = len(tri)
    corner_sum = sparse.csr_matrix(
        (np.ones(count * 3, np.float32), (point_tri.ravel(), np.repeat(np.arange(count), 3))),
        (len(used_N), count),
    )
    return Mesh(
        mesh.weights[used_N],
        None if mesh.offsets_N3 is None else mesh.offsets_N3[used_N],
        point_of,
        mesh.uv_V2[used_V],
        tri,
        point_tri,
        corner_sum,
        mesh.source_N[used_N],
    )
