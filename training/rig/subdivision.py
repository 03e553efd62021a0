"""One level of Catmull-Clark subdivision as a sparse matrix, so that it is applied by a product.

Rules: E. Catmull, J. Clark, "Recursively generated B-spline surfaces on arbitrary topological
meshes", 1978; boundary edges by cubic B-spline midpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from inference.contract import Float32Array
from training.rig.mesh_files import IntArray


@dataclass(frozen=True, slots=True)
class Subdivided:
    """`matrix` (M, N) makes fine vertices of coarse ones; faces and UVs are the result's."""

    matrix: sparse.csr_matrix
    faces_F4: IntArray
    uv_faces_F4: IntArray
    uvs_T2: Float32Array


def catmull_clark(
    faces_F4: IntArray, uv_faces_F4: IntArray, uvs_T2: Float32Array, vertex_count: int
) -> Subdivided:
    """Subdivide once. Fine vertices are ordered: moved old ones, edge points, face points."""
    faces, count = faces_F4, len(faces_F4)
    pairs = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1)
    keys, edge_of = np.unique(pairs[:, 0] * vertex_count + pairs[:, 1], return_inverse=True)
    edges_E2 = np.stack([keys // vertex_count, keys % vertex_count], 1)
    matrix = _matrix(faces, edges_E2, edge_of, vertex_count)
    quads = _split(faces, edge_of.reshape(count, 4), vertex_count, len(edges_E2))

    uv_count = len(uvs_T2)
    uv_pairs = np.sort(np.stack([uv_faces_F4, np.roll(uv_faces_F4, -1, 1)], -1).reshape(-1, 2), 1)
    uv_keys, uv_edge_of = np.unique(uv_pairs[:, 0] * uv_count + uv_pairs[:, 1], return_inverse=True)
    middles = (uvs_T2[uv_keys // uv_count] + uvs_T2[uv_keys % uv_count]) / 2
    uvs = np.concatenate([uvs_T2, middles, uvs_T2[uv_faces_F4].mean(1)]).astype(np.float32)
    uv_quads = _split(uv_faces_F4, uv_edge_of.reshape(count, 4), uv_count, len(uv_keys))
    return Subdivided(matrix, quads, uv_quads, uvs)


def _split(faces: IntArray, edge_of: IntArray, vertices: int, edges: int) -> IntArray:
    """Four quads per face: corner, next edge point, face point, previous edge point."""
    centre = vertices + edges + np.arange(len(faces))
    parts = [
        np.stack([faces[:, k], vertices + edge_of[:, k], centre, vertices + edge_of[:, k - 1]], 1)
        for k in range(4)
    ]
    return np.concatenate(parts)


def _counted(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)


def _row_sum(matrix: sparse.csr_matrix) -> Float32Array:
    return np.maximum(np.asarray(matrix.sum(1)).ravel(), 1)


def _matrix(
    faces: IntArray, edges_E2: IntArray, edge_of: IntArray, vertex_count: int
) -> sparse.csr_matrix:
    count, edge_count = len(faces), len(edges_E2)
    face_index = np.repeat(np.arange(count), 4)
    face_points = _counted(face_index, faces.ravel(), (count, vertex_count)) * 0.25
    edge_faces = _counted(edge_of, face_index, (edge_count, count))
    twice = np.repeat(np.arange(edge_count), 2)
    edge_middles = _counted(twice, edges_E2.ravel(), (edge_count, vertex_count)) * 0.5
    boundary_E = np.bincount(edge_of, minlength=edge_count) != 2
    inner = sparse.diags((~boundary_E).astype(float))
    outer = sparse.diags(boundary_E.astype(float))
    edge_points = inner @ (edge_middles * 0.5 + (edge_faces @ face_points) * 0.25)
    edge_points = edge_points + outer @ edge_middles

    valence = np.maximum(np.bincount(edges_E2.ravel(), minlength=vertex_count), 1).astype(float)
    near_faces = _counted(faces.ravel(), face_index, (vertex_count, count))
    near_edges = _counted(edges_E2.ravel(), twice, (vertex_count, edge_count))
    identity = sparse.identity(vertex_count, format="csr")
    per_valence = sparse.diags(1 / valence)
    smooth = per_valence @ (sparse.diags(1 / _row_sum(near_faces)) @ near_faces @ face_points)
    smooth = smooth + 2 * per_valence @ (per_valence @ near_edges @ edge_middles)
    smooth = smooth + sparse.diags((valence - 3) / valence) @ identity

    ring = edges_E2[boundary_E]
    ring_edges = _counted(
        ring.ravel(), np.repeat(np.nonzero(boundary_E)[0], 2), (vertex_count, edge_count)
    )
    border = identity * 0.5 + sparse.diags(0.5 / _row_sum(ring_edges)) @ ring_edges @ edge_middles
    on_border = np.zeros(vertex_count)
    on_border[ring.ravel()] = 1.0
    moved = sparse.diags(1 - on_border) @ smooth + sparse.diags(on_border) @ border
    return sparse.vstack([moved, edge_points, face_points]).tocsr()
