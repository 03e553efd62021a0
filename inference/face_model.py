"""The linear face model: any head as a mean and a few dozen shapes, and how it moves.

Made by `training.face_model.build` from the rig and read here with numpy alone. Units are the rig's
decimetres, x to the person's left, y up, z towards the camera, the origin between the eyes. Arrays
hold skin points (head, neck, shoulders) and then five points without triangles: the neck's pivot,
the eyes' middles, the pupils.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import BLENDSHAPES, MOTION_INDEX, Float32Array, PersonareError

FORMAT: Final = 1
FILE: Final = "face-model.npz"
POINT_STEP: Final = 1e-4
"""Rounding of points on disk, in dm."""
BASIS_STEP: Final = 5e-4
"""Rounding of displacements on disk, in dm: a twentieth of a pixel."""
LONGEST: Final = 2.5
"""Longest edge of the skin's triangles, in dm."""
REGIONS: Final = ("face", "lips", "lids", "ears", "scalp", "neck", "bust", "inside", "none")
REMEDY: Final = "Install Personare again."


@dataclass(frozen=True, slots=True)
class ViewLaw:
    """Linear law of `inference.face_view`: features F, targets T."""

    mean_F: Float32Array
    spread_F: Float32Array
    weights_FT: Float32Array
    """Per standard deviation of a feature."""
    offset_T: Float32Array


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Heads of N points: `mean + coefficients @ shapes`, coefficients about N(0, 1)."""

    mean_N3: Float32Array
    shapes_KN3: Float32Array
    """Shape at one standard deviation."""
    bases_LN3: Float32Array
    """Displacement under each motion value of `base_index_L` at 1.0; the same for everybody."""
    base_index_L: NDArray[np.int64]
    triangles_F3: NDArray[np.int64]
    """Counter-clockwise as seen from outside."""
    head_weight_N: Float32Array
    """Share of the head's rotation that each point follows."""
    region_N: NDArray[np.uint8]
    """Index into REGIONS."""
    landmarks: tuple[str, ...]
    landmark_corners_L3: NDArray[np.int64]
    landmark_shares_L3: Float32Array
    view_law: ViewLaw | None = None
    """How camera and neck follow from the points, where the file tells."""

    @property
    def pivot(self) -> int:
        """Index of the point about which the head turns; then eyes, then pupils, left first."""
        return len(self.mean_N3) - 5

    @property
    def eyes(self) -> tuple[int, int]:
        """Indices of the eyeballs' middles, left and right."""
        return self.pivot + 1, self.pivot + 2

    def head(self, coefficients_K: Float32Array) -> Float32Array:
        """Points (N, 3) of a head at rest."""
        count = len(coefficients_K)
        offset = np.tensordot(coefficients_K.astype(np.float32), self.shapes_KN3[:count], 1)
        points: Float32Array = self.mean_N3 + offset
        return points

    def at_landmarks(self, values_N: Float32Array) -> Float32Array:
        """Values (L, ...) of the landmarks from values (N, ...) of the points."""
        shares = self.landmark_shares_L3
        picked = values_N[self.landmark_corners_L3]
        return np.asarray(np.einsum("lk,lk...->l...", shares, picked), np.float32)

    def base(self, name: str) -> Float32Array:
        """Displacement (N, 3) under a motion value at 1.0."""
        row = int(np.flatnonzero(self.base_index_L == MOTION_INDEX[name])[0])
        base: Float32Array = self.bases_LN3[row]
        return base

    def region(self, *names: str) -> NDArray[np.bool_]:
        """Which points (N,) lie in any of the regions."""
        return np.isin(self.region_N, [REGIONS.index(name) for name in names])


@lru_cache(maxsize=2)
def load_face_model(path: Path) -> FaceModel:
    """Read the model's file.

    Raises:
        PersonareError: it is missing, damaged, or of another format.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
        if int(data["format"]) != FORMAT:
            raise ValueError(f"format {int(data['format'])}, not {FORMAT}")
        steps = data["shape_step"].astype(np.float32)
        names = tuple(str(name) for name in data["base_names"])
        model = FaceModel(
            data["mean"].astype(np.float32) * np.float32(POINT_STEP),
            data["shapes"].astype(np.float32) * steps[:, None, None],
            data["bases"].astype(np.float32) * np.float32(BASIS_STEP),
            np.array([MOTION_INDEX[name] for name in names]),
            _short(data["triangles"].astype(np.int64), data["mean"] * POINT_STEP),
            data["head_weight"].astype(np.float32) / 255,
            data["regions"],
            tuple(str(name) for name in data["landmark_names"]),
            data["landmark_corners"].astype(np.int64),
            data["landmark_shares"].astype(np.float32),
            _law(data),
        )
        _check(model, names)
    except FileNotFoundError:
        raise PersonareError(f"The face model {path} is missing.", REMEDY) from None
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise PersonareError(f"The face model {path} is damaged: {error}.", REMEDY) from error
    return model


def _law(data: dict[str, Any]) -> ViewLaw | None:
    if "view_weights" not in data:
        return None
    names = ("view_mean", "view_spread", "view_weights", "view_offset")
    law = ViewLaw(*(data[name].astype(np.float32) for name in names))
    if law.weights_FT.shape != (len(law.mean_F), len(law.offset_T)):
        raise ValueError("the law of the view has the wrong size")
    return law


def _short(triangles_F3: NDArray[np.int64], points_N3: Float32Array) -> NDArray[np.int64]:
    """The triangles without those that only close the mesh where it was cut off: from the front
    they stand like a wall behind the person."""
    corners = points_N3[triangles_F3[:, [0, 1, 2, 0]]]
    longest = np.linalg.norm(np.diff(corners, axis=1), axis=2).max(1)
    kept: NDArray[np.int64] = triangles_F3[longest < LONGEST]
    return kept


def _check(model: FaceModel, names: tuple[str, ...]) -> None:
    count = len(model.mean_N3)
    shapes = (model.mean_N3.shape, model.shapes_KN3.shape[1:], model.bases_LN3.shape[1:])
    if any(shape != (count, 3) for shape in shapes) or not set(BLENDSHAPES) <= set(names):
        raise ValueError("its parts do not fit")
    if model.triangles_F3.max() >= count or model.landmark_corners_L3.max() >= count:
        raise ValueError("it names points it does not have")
    if len(model.head_weight_N) != count or len(model.region_N) != count:
        raise ValueError("its parts do not fit")
