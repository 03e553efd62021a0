"""Model packages: a folder with `model.json` and the ONNX graphs it names.

Nothing of a package is used before its manifest is valid and every file has its hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from inference.contract import PersonareError
from inference.package_files import Manifest, RelativeFile, Slug, read_folder

MANIFEST_NAME = "model.json"
REMEDY = "Get the model package again, or install Personare again if it came with it."


class ModelManifest(Manifest):
    """The content of `model.json`."""

    name: Slug
    version: str
    kind: Literal["motion", "frame", "portrait"]
    licence: str
    description: str = ""
    rates: dict[str, float] = Field(default_factory=dict)
    """Rates the graphs work at, in Hz, by name (such as `audio`, `motion`)."""
    delay_ms: float = Field(default=0.0, ge=0.0, le=2000.0)
    """How far the output lies behind the input: the look-ahead a motion model was trained with."""
    graphs: dict[str, RelativeFile]
    """ONNX file of each graph, by the graph's name."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Whatever else this kind of model needs; its generator knows the meaning."""

    def used_files(self) -> list[str]:
        """See `Manifest.used_files`."""
        return list(self.graphs.values())


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A validated package on disk."""

    folder: Path
    manifest: ModelManifest

    @property
    def name(self) -> str:
        """The package's name."""
        return self.manifest.name

    @property
    def kind(self) -> str:
        """`motion`, `frame` or `portrait`."""
        return self.manifest.kind

    @property
    def delay_s(self) -> float:
        """Seconds the output lies behind the input."""
        return self.manifest.delay_ms / 1000.0

    @property
    def parameters(self) -> dict[str, Any]:
        """The manifest's kind-specific parameters."""
        return self.manifest.parameters

    def path(self, graph: str) -> Path:
        """The ONNX file of a graph.

        Raises:
            PersonareError: the package has no graph of this name.
        """
        try:
            return self.folder / self.manifest.graphs[graph]
        except KeyError:
            raise PersonareError(
                f"The model package '{self.name}' has no graph '{graph}'.", REMEDY
            ) from None


def load_model_package(folder: Path | str, kind: str | None = None) -> ModelPackage:
    """Read a package and check every file of it.

    `kind` asks for `motion`, `frame` or `portrait`.

    Raises:
        PersonareError: the folder or a file is missing, damaged, changed, or of the wrong kind.
    """
    folder = Path(folder)
    what = f"model package '{folder.name}'"
    manifest = read_folder(folder, MANIFEST_NAME, ModelManifest, what, REMEDY)
    if kind is not None and manifest.kind != kind:
        raise PersonareError(
            f"The {what} is a {manifest.kind} model, not a {kind} model.",
            f"Choose a {kind} model package.",
        )
    return ModelPackage(folder, manifest)
