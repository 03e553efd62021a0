"""Distance of dlib's face embedding between pairs of pictures: is it still the same person?

    python -m training.imported.identity_distance FOLDER [--json FILE]

FOLDER holds NAME-frame.png and NAME-truth.png. dlib and its models are no part of this project's
environment: make another one, run this module with its Python, and install there

    pip install "numpy<2" dlib face_recognition_models "setuptools<81"

Distances under 0.6 are the same person by dlib's own bar (D. King, "High
quality face recognition with deep metric learning", 2017; the models are in the public domain).
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HINT: Final = (
    "dlib is missing here: run this with the Python of an environment that has it "
    '(pip install "numpy<2" dlib face_recognition_models "setuptools<81").'
)


class Embedder:
    """dlib's detector, five points and 128 numbers of a face."""

    def __init__(self) -> None:
        dlib: Any = import_module("dlib")
        models: Any = import_module("face_recognition_models")
        self._dlib = dlib
        self._faces = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(models.pose_predictor_five_point_model_location())
        self._net = dlib.face_recognition_model_v1(models.face_recognition_model_location())

    def face(self, picture: Any) -> Any:
        """The largest face's rectangle, or None."""
        found = self._faces(picture, 1)
        return max(found, key=lambda box: box.area(), default=None)

    def embedding(self, picture: Any, box: Any) -> Any:
        """128 numbers of the face in a rectangle."""
        return self._net.compute_face_descriptor(picture, self._points(picture, box), 2)

    def distance(self, frame: Path, truth: Path) -> float | None:
        """Between two pictures; the truth's rectangle is used for both, so that a different crop
        is not taken for a different person. None without a face in the truth."""
        one, other = (self._dlib.load_rgb_image(str(path)) for path in (frame, truth))
        box = self.face(other)
        if box is None:
            return None
        a, b = self.embedding(one, box), self.embedding(other, box)
        return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5)


def distances(folder: Path, embedder: Any) -> dict[str, float | None]:
    """Of every pair in a folder, by name."""
    out = {}
    for truth in sorted(folder.glob("*-truth.png")):
        name = truth.name.removesuffix("-truth.png")
        out[name] = embedder.distance(folder / f"{name}-frame.png", truth)
    return out


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="dlib's distance between pairs of faces.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    try:
        embedder = Embedder()
    except ImportError as error:
        print(f"{HINT} ({error})", file=sys.stderr)
        return 1
    found = distances(given.folder, embedder)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    known = sorted(value for value in found.values() if value is not None)
    for name, value in found.items():
        print(f"{name}: {'no face found' if value is None else f'{value:.3f}'}")
    if known:
        print(f"mean {sum(known) / len(known):.3f}, largest {known[-1]:.3f}, {len(known)} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
