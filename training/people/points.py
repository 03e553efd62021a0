"""Named points on a person: the landmarks of the face model, on any figure of the rig.

Names and places are those of `training.face_model`, so what is learnt here fits what the importer
reads. Points hidden under clothes do not exist on that person.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from inference.contract import Float32Array
from training.face_model.build import landmark_arrays, topology
from training.rig.assets import RigAssets
from training.rig.base_mesh import VERTEX_COUNT
from training.rig.person import Deformed, Person

PUPILS = ("pupil_left", "pupil_right")


class Landmarker:
    """Finds the landmarks once; about a second."""

    def __init__(self, assets: RigAssets) -> None:
        shared = topology(assets)
        arrays = landmark_arrays(shared, assets)
        names = [str(name) for name in arrays["landmark_names"]]
        keep = [k for k, name in enumerate(names) if name not in PUPILS]
        self.names = (*(names[k] for k in keep), *PUPILS)
        self._corners = shared.skin.source_N[arrays["landmark_corners"][keep]]
        self._shares = arrays["landmark_shares"][keep]
        self._smooth = shared.skin.weights
        self._of_source = np.full(VERTEX_COUNT, -1, np.int64)
        self._of_source[shared.skin.source_N] = np.arange(len(shared.skin.source_N))

    def rows(self, person: Person, names: list[str]) -> sparse.csr_matrix:
        """Weights (names, base vertices) of points of the smooth skin."""
        index = [self.names.index(name) for name in names]
        corners = self._of_source[self._corners[index]]
        count = len(index)
        pick = sparse.csr_matrix(
            (self._shares[index].ravel(), (np.repeat(np.arange(count), 3), corners.ravel())),
            (count, self._smooth.shape[0]),
        )
        return (pick @ self._smooth).tocsr().astype(np.float32)

    def places(self, person: Person, deformed: Deformed) -> Float32Array:
        """Points (L, 3) in dm under a motion; NaN for those the person's clothes hide."""
        skin = person.parts["skin"].mesh
        where = np.searchsorted(skin.source_N, self._corners)
        where = np.minimum(where, skin.size - 1)
        there = (skin.source_N[where] == self._corners) | (self._shares == 0)
        points = deformed.points["skin"][where]
        out = (points * self._shares[..., None]).sum(1)
        out[~there.all(1)] = np.nan
        return np.concatenate([out, pupils(person, deformed)]).astype(np.float32)


def pupils(person: Person, deformed: Deformed) -> Float32Array:
    """The foremost point of each eyeball (2, 3), left first: the middle of the cornea at rest."""
    rest = person.parts["eyes"].mesh.points(person.base_B3)
    out = []
    for index, left in enumerate((True, False)):
        mine = np.flatnonzero((rest[:, 0] > 0) == left)
        offset = rest[mine] - person.eyes_23[index]
        out.append(deformed.points["eyes"][mine[np.argmax(offset[:, 2])]])
    return np.stack(out)
