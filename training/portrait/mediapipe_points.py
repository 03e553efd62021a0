"""MediaPipe's face mesh in a folder of pictures: the other half of `training.portrait.yardstick`.

    python -m training.portrait.mediapipe_points FOLDER --json FILE

MediaPipe needs an older numpy than this project: make another environment (Python 3.9 to 3.12),
run this module with its Python, and install there

    pip install mediapipe==0.10.21

which carries its models (Y. Kartynnik et al., "Real-time facial surface geometry from monocular
video on mobile GPUs", 2019; with refined lids, lips and irises: I. Grishchenko et al., "Attention
mesh", 2020). It is a yardstick alone: nothing here is trained on it or shipped with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HINT: Final = (
    "MediaPipe is missing here: run this with the Python of an environment that has it "
    "(pip install mediapipe==0.10.21; it needs an older numpy than Personare)."
)
FACES: Final = 4
"""Faces that are asked of one picture."""

Face = list[tuple[float, float]]
"""478 points in pixels, the first pixel's middle at (0, 0); the last ten are the irises'."""


class Mesh:
    """The face mesh for still pictures, finder and all, as its makers set it up."""

    def __init__(self) -> None:
        self._cv: Any = import_module("cv2")
        meshes: Any = import_module("mediapipe").solutions.face_mesh
        self._mesh = meshes.FaceMesh(
            static_image_mode=True, max_num_faces=FACES, refine_landmarks=True
        )

    def __call__(self, path: Path) -> list[Face]:
        """The faces of one picture."""
        bgr = self._cv.imread(str(path), self._cv.IMREAD_COLOR)
        height, width = bgr.shape[:2]
        found = self._mesh.process(self._cv.cvtColor(bgr, self._cv.COLOR_BGR2RGB))
        return [
            [(mark.x * width - 0.5, mark.y * height - 0.5) for mark in face.landmark]
            for face in found.multi_face_landmarks or ()
        ]


def meshes(folder: Path, mesh: Callable[[Path], list[Face]]) -> dict[str, list[Face]]:
    """The faces of every PNG of a folder by the picture's name."""
    return {path.stem: mesh(path) for path in sorted(folder.glob("*.png"))}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="MediaPipe's face mesh in a folder of PNG files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    try:
        mesh = Mesh()
    except ImportError as error:
        print(f"{HINT} ({error})", file=sys.stderr)
        return 1
    given.json.write_text(json.dumps(meshes(given.folder, mesh)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
