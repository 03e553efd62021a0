"""Points of two readers of faces beside each other: pairs, offsets and errors.

The pure part of `training.portrait.yardstick`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array
from inference.portrait_place import Place, flattened
from inference.portrait_reader import FRAME_SIZE

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
GROUPS: Final = {
    "corners of eyes": ("eye_left_inner", "eye_left_outer", "eye_right_inner", "eye_right_outer"),
    "lids": ("eye_",),
    "pupils": ("pupil",),
    "brows": ("brow",),
    "nose": ("nose",),
    "lips": ("lip", "mouth"),
    "chin": ("chin",),
    "jaw": ("jaw",),
}
"""The points that both have, by how their names begin; the first group that fits counts."""
MESH: Final = 468
"""Points of the mesh before those of the irises."""
IRISES: Final = {"pupil_right": 468, "pupil_left": 473}
"""Middles of the irises in the refined mesh."""
MEAN_COUNTS: Final = 0.25
"""How much of a mean offset counts beside its variation when points are paired."""
FAR: Final = 1.5
"""Head sizes between middles from which a mesh is another face's, as in `evaluate.chosen`."""
OURS, THEIRS = "ours", "MediaPipe"
SIDES: Final = (OURS, THEIRS)


@dataclass(slots=True)
class Case:
    """A picture of one known face: true points (L, 2) that both have and what was read of them."""

    name: str
    split: str
    look: str
    true: Any
    place: Place
    inside: Any
    """Which points lie in the picture (L,)."""
    read: dict[str, Any] = field(default_factory=dict)
    """Points (L, 2) by who read them; the mesh's own (478, 2) until it is paired."""

    @property
    def pixels(self) -> float:
        """Pixels of the frame of 512 for one of the picture's."""
        return FRAME_SIZE / max(self.place.size, 1e-6)


def group_of(name: str) -> str | None:
    """The group of a point that both have, or None."""
    return next((g for g, begins in GROUPS.items() if name.startswith(begins)), None)


def shared(names: Sequence[str]) -> tuple[str, ...]:
    """The points that both have."""
    return tuple(name for name in names if group_of(name) is not None)


def upright(offset_L2: Any, place: Place) -> Any:
    """Offsets in a picture as head sizes of an upright head (L, 2)."""
    turned = (offset_L2[:, 0] + 1j * offset_L2[:, 1]) * np.exp(-1j * place.roll) / place.size
    return np.stack([turned.real, turned.imag], 1)


def laid(offset_L2: Any, place: Place) -> Any:
    """The inverse of `upright`."""
    turned = (offset_L2[:, 0] + 1j * offset_L2[:, 1]) * np.exp(1j * place.roll) * place.size
    return np.stack([turned.real, turned.imag], 1)


def pairs(cases: Iterable[Case], names: Sequence[str]) -> Any:
    """Of each of our points the index of the mesh's point that is most alike (L,): whose offset
    from it varies least, counted with a little of the mean offset, by which neighbours differ."""
    seen = [case for case in cases if THEIRS in case.read]
    if not seen:
        raise PersonareError("MediaPipe found none of the training split's faces.", "Draw more.")
    out = []
    for row in range(len(names)):
        off = np.stack(
            [upright(c.read[THEIRS][:MESH] - c.true[row], c.place) for c in seen if c.inside[row]]
        )
        mean = off.mean(0)
        spread = np.linalg.norm(off - mean, axis=2).mean(0)
        out.append(int((spread + MEAN_COUNTS * np.linalg.norm(mean, axis=1)).argmin()))
    return np.array([IRISES.get(name, index) for name, index in zip(names, out, strict=True)])


def offsets(cases: Iterable[Case], side: str) -> Any:
    """The mean offset of each point (L, 2), upright in head sizes; points outside do not count."""
    off, seen = [], []
    for case in cases:
        if side in case.read:
            off.append(upright(case.read[side] - case.true, case.place))
            seen.append(case.inside)
    if not off:
        return 0.0
    weight = np.stack(seen).astype(float)[..., None]
    return (np.stack(off) * weight).sum(0) / np.maximum(weight.sum(0), 1)


def errors(case: Case, side: str, offset_L2: Any = None) -> Any:
    """Distances (L,) from the truth in pixels of the frame of 512; NaN outside the picture."""
    off = upright(case.read[side] - case.true, case.place)
    if offset_L2 is not None:
        off = off - offset_L2
    return np.where(case.inside, np.linalg.norm(off, axis=1) * FRAME_SIZE, np.nan)


def nearest(faces: Sequence[Any], place: Place) -> Any:
    """The mesh (478, 2) of the face at a place, or None."""
    best, least = None, FAR * place.size
    for face in (np.asarray(each, float) for each in faces):
        low, high = face[:MESH].min(0), face[:MESH].max(0)
        away = float(np.hypot(*((low + high) / 2 - (place.x, place.y))))
        if away < least:
            best, least = face, away
    return best


def paired(cases: Iterable[Case], index_L: Any) -> None:
    """Leave of every mesh the points that ours are paired with, in our order."""
    for case in cases:
        if THEIRS in case.read:
            case.read[THEIRS] = case.read[THEIRS][index_L]


def save(picture: UInt8Array, path: Path) -> None:
    """Write an RGBA picture over grey, as both sides see it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv.imwrite(str(path), cv.cvtColor(flattened(picture), cv.COLOR_RGB2BGR)):
        raise PersonareError(f"{path} cannot be written.", "Check the folder.")


def meshes(python: Path, folder: Path) -> dict[str, list[Any]]:
    """The faces that MediaPipe finds in a folder, run by the Python that has it."""
    module, found = Path(__file__).with_name("mediapipe_points.py"), folder / "meshes.json"
    done = subprocess.run(
        [str(python), str(module), str(folder), "--json", str(found)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise PersonareError(f"MediaPipe did not run: {lines[-1]}", "See --mediapipe-python.")
    read: dict[str, list[Any]] = json.loads(found.read_text(encoding="utf-8"))
    return read
