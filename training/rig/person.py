"""A person made of meshes, and their deformation by a motion."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

from inference.contract import MOTION_INDEX, Float32Array
from training.rig import layers
from training.rig.assets import RigAssets
from training.rig.base_mesh import LINEAR_NAMES, VERTEX_COUNT
from training.rig.face_landmarks import EyeOpening, MouthOpening
from training.rig.hair_shape import (
    COMBED,
    SOFT_HAIRLINE,
    SWEPT,
    buzz_shade,
    comb_aside,
    root_distance,
    scalp_shade,
    sweep_aside,
)
from training.rig.mesh import Mesh, build_mesh, subset
from training.rig.mesh_files import MhcloFit
from training.rig.people import Colour, Painted, PersonSpec, SkinSpec
from training.rig.pose import turn_head
from training.rig.skin_paint import skin_tone
from training.rig.subdivision import catmull_clark
from training.rig.textures import region_masks
from training.rig.tongue import Tongue

BUST = 4.6
"""How far (dm) below the eyes a person is built: well under the picture's lower edge."""
GAZE_SIDE, GAZE_UP, GAZE_DOWN = np.radians([30.0, 25.0, 30.0])
"""Eye rotation at eyeLook 1.0 (the contract's)."""

IRIS_TINT: dict[str, Colour] = {
    "brown": (0.92, 0.78, 0.48),
    "green": (1.0, 0.92, 0.92),
    "grey": (0.45, 0.50, 0.55),
}
"""Correction of eye pictures whose colour is too strong or too pale."""


@dataclass(slots=True)
class Part:
    """One mesh of a person. `material` names its shader; `alpha` gives, for each layer it is in,
    the alpha of its points; parts not `in_full` are drawn only when layers are asked for;
    `uniforms` are further values for the shader."""

    mesh: Mesh
    material: str
    texture: Path | SkinSpec | Painted
    head_weight_N: Float32Array
    alpha: dict[str, Float32Array]
    colour: Colour | None = None
    tint: Colour = (1.0, 1.0, 1.0)
    in_full: bool = True
    occlusion_N: Float32Array | None = None
    root_N: Float32Array | None = None
    uniforms: dict[str, float | tuple[float, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Deformed:
    """A person under one motion: per part, points (n, 3) in dm, unit normals (n, 3), and the share
    of light (n,) that reaches the inside of the mouth and the eyeballs."""

    motion_D: Float32Array
    points: dict[str, Float32Array]
    normals: dict[str, Float32Array]
    light: dict[str, Float32Array] = field(default_factory=dict)


class Person:
    """Meshes and bases of a person; building one takes about a second."""

    def __init__(self, spec: PersonSpec, assets: RigAssets, fine: bool = False) -> None:
        self._fine = fine
        self.spec, self.assets = spec, assets
        self._eyeball = np.eye(3, dtype=np.float32)  # what bending makes of a round eyeball
        base = assets.base
        self._bases = base.bases_LB3
        vertices = base.identity(spec.shape)
        for name, weight in spec.rest.items():
            vertices += weight * self._bases[LINEAR_NAMES.index(name)]
        self._plain_B3 = self._close_lips(vertices.astype(np.float32), assets)
        self.base_B3, vertices = self._bend(self._plain_B3), self._bend(vertices)
        self.eyes_23 = np.stack([base.joint(vertices, n) for n in ("l-eye", "r-eye")])
        self.pupil_distance = float(self.eyes_23[0, 0] - self.eyes_23[1, 0])
        neck, head = base.joint(vertices, "neck"), base.joint(vertices, "head")
        self.pivot_3 = (0.45 * neck + 0.55 * head).astype(np.float32)
        self.parts: dict[str, Part] = {}
        self._add_skin(assets)
        self._add_face(assets)
        if spec.hair:
            self._add_hair(assets, spec.hair, ear_z=float(head[2]) - 0.10)
        elif spec.skin.buzz:
            skin = self.parts["skin"]
            place = skin.mesh.points(base.obj.vertices_N3)
            skin.root_N = 1 - spec.skin.buzz * buzz_shade(place, self.regions["ears"])
            skin.colour = spec.hair_colour
        self._linear_index = np.array([MOTION_INDEX[name] for name in LINEAR_NAMES])
        self.gain_L = np.ones(len(LINEAR_NAMES), np.float32)

    def _close_lips(self, base_B3: Float32Array, assets: RigAssets) -> Float32Array:
        """Raise the jaw until the lips just touch in the middle, for faces that leave a gap."""
        obj = assets.base.obj
        body = obj.groups["body"]
        jaw = self._bases[LINEAR_NAMES.index("jawOpen")]
        mouth = MouthOpening(base_B3[body], jaw[body], np.zeros(len(body), np.float32))
        gap = mouth.gap(base_B3[body]) + 0.022
        drop = float(jaw[body][mouth.upper, 1] - jaw[body][mouth.lower, 1])
        return base_B3 - max(gap, 0.0) / drop * jaw

    def _bend(self, base_B3: Float32Array) -> Float32Array:
        """Base vertices in the space of this person; the exaggerated ones of
        `training.people` bend it."""
        return base_B3

    def _restyle(self, points_N3: Float32Array) -> Float32Array:
        """Hair points at rest as this person wears them."""
        return points_N3

    # --- building ---------------------------------------------------------------------------

    def _add(  # type: ignore[no-untyped-def]
        self, name: str, mesh: Mesh, material: str, texture: Path | SkinSpec | Painted, **more
    ) -> None:
        weight = np.clip(mesh.weights @ self._head_weight, 0, 1).astype(np.float32)
        alpha = more.pop("alpha", None) or {"head": np.ones(mesh.size, np.float32)}
        self.parts[name] = Part(mesh, material, texture, weight, alpha, **more)

    def _proxy(
        self,
        assets: RigAssets,
        kind: str,
        name: str,
        cut: float | None = None,
        smooth: bool = False,
    ) -> Mesh:
        """A proxy mesh fitted to this person, without what lies below `cut`; or subdivided."""
        fit, obj = assets.fit(kind, name)
        count = len(obj.vertices_N3)
        weights = sparse.csr_matrix(
            (fit.weights_N3.ravel(), (np.repeat(np.arange(count), 3), fit.corners_N3.ravel())),
            (count, VERTEX_COUNT),
        )
        faces, uv_faces = obj.faces_F4, obj.uv_faces_F4
        if cut is not None:
            keep = obj.vertices_N3[faces][:, :, 1].max(1) > cut
            faces, uv_faces = faces[keep], uv_faces[keep]
        offsets = fit.offsets_N3 * _scale(fit, self.base_B3)
        if smooth:
            fine = catmull_clark(faces, uv_faces, obj.uvs_T2, count)
            weights, offsets = fine.matrix @ weights, fine.matrix @ offsets
            return build_mesh(weights, offsets, fine.faces_F4, fine.uv_faces_F4, fine.uvs_T2)
        return build_mesh(weights, offsets, faces, uv_faces, obj.uvs_T2)

    def _add_skin(self, assets: RigAssets) -> None:
        base, obj = assets.base, assets.base.obj
        self._head_weight = base.head_weight_B
        clothes_fit, _ = assets.fit("clothes", self.spec.clothes)
        clothes = self._proxy(
            assets, "clothes", self.spec.clothes, cut=self.eyes_23[0, 1] - BUST - 0.4
        )
        is_body = np.array([group == "body" for group in obj.face_groups])
        keep = is_body & (self.base_B3[obj.faces_F4][:, :, 1].min(1) > self.eyes_23[0, 1] - BUST)
        hidden = np.zeros(VERTEX_COUNT, bool)
        hidden[list(clothes_fit.hidden)] = True
        keep &= ~hidden[obj.faces_F4].all(1)
        faces, uv_faces = obj.faces_F4[keep], obj.uv_faces_F4[keep]
        fine = catmull_clark(faces, uv_faces, obj.uvs_T2, VERTEX_COUNT)
        if self._fine:
            skin = build_mesh(fine.matrix, None, fine.faces_F4, fine.uv_faces_F4, fine.uvs_T2)
        else:
            smooth = fine.matrix[:VERTEX_COUNT]
            skin = build_mesh(smooth, None, faces, uv_faces, obj.uvs_T2)
        weight = np.clip(skin.weights @ self._head_weight, 0, 1).astype(np.float32)
        facing = skin.normals(skin.points(self.base_B3))
        alpha = {"head": layers.head_alpha(weight, facing)}
        tint = self.spec.skin.tint
        self._add("skin", skin, "skin", self.spec.skin, alpha=alpha, tint=tint)
        self.regions = region_masks(skin, assets)
        self._add_neck(skin, weight)
        ones = np.ones(clothes.size, np.float32)
        texture = assets.texture("clothes", self.spec.clothes)
        colour = self.spec.clothes_colour
        self._add("clothes", clothes, "cloth", texture, colour=colour, alpha={"body": ones})
        coarse = skin.points(self.base_B3)
        jaw = skin.weights @ self._bases[LINEAR_NAMES.index("jawOpen")]
        self.mouth = MouthOpening(coarse, jaw, self.regions["inside-mouth"])
        self.lids = tuple(
            EyeOpening(coarse, skin.weights @ self._bases[LINEAR_NAMES.index(f"eyeBlink{side}")])
            for side in ("Left", "Right")
        )

    def _add_neck(self, skin: Mesh, weight: Float32Array) -> None:
        """The body layer's skin: as the real one, but going straight up behind the jaw."""
        points = skin.points(self.base_B3)
        share, place, alpha = layers.column(points, weight)
        neck = subset(skin, (alpha > 0) & (self.regions["inside-mouth"] < 0.5))
        index = np.searchsorted(skin.source_N, neck.source_N)
        self.column_share, self._column_place = share[index], place[index]
        self._add(
            "neck",
            neck,
            "skin",
            self.spec.skin,
            alpha={"body": alpha[index]},
            in_full=False,
            tint=self.spec.skin.tint,
        )
        part = self.parts["neck"]
        ring = (weight[index] > 0.44) & (self.column_share < 0.02)
        layers.carry_skin_up(neck, points[index], self.column_share, ring)
        part.head_weight_N = np.minimum(part.head_weight_N, layers.COLUMN_FADE[0])

    def _add_face(self, assets: RigAssets) -> None:
        spec = self.spec
        eyes = self._proxy(assets, "eyes", "high-poly")
        iris = assets.path(f"eyes/materials/{spec.eyes}_eye.png")
        self._add("eyes", eyes, "eye", iris, tint=IRIS_TINT.get(spec.eyes, (1.0, 1.0, 1.0)))
        self._left_eye = eyes.points(self.base_B3)[:, 0] > 0
        teeth = assets.path("teeth/materials/teeth.png")
        self._add("teeth", self._proxy(assets, "teeth", spec.teeth), "teeth", teeth)
        tongue = self._proxy(assets, "tongue", "tongue01", smooth=True)
        self._add("tongue", tongue, "tongue", assets.texture("tongue", "tongue01"))
        inside = self.parts["teeth"].mesh
        self._tongue = Tongue(
            tongue.points(self.base_B3),
            inside.points(self.base_B3),
            inside.weights @ self._bases[LINEAR_NAMES.index("jawOpen")],
            (self.mouth.upper, self.mouth.lower),
        )
        for name, kind, which, colour in (
            ("brows", "eyebrows", spec.brows, spec.brow_colour),
            ("lashes", "eyelashes", spec.lashes, None),
        ):
            mesh = self._proxy(assets, kind, which)
            self._add(name, mesh, name, assets.texture(kind, which), colour=colour)

    def _add_hair(self, assets: RigAssets, style: str, ear_z: float) -> None:
        mesh = self._proxy(assets, "hair", style)
        points = mesh.points(self.base_B3)
        combed = points
        if style in COMBED:
            combed = comb_aside(points, self.eyes_23, COMBED[style])
        elif style in SWEPT:
            combed = sweep_aside(points, self.eyes_23, SWEPT[style])
        combed = self._restyle(combed)
        if mesh.offsets_N3 is not None:
            mesh.offsets_N3 += combed - points
            points = combed
        self._wear(mesh, points, assets.texture("hair", style), ear_z)
        skin = self.parts["skin"].mesh.points(self.base_B3)
        if style in SOFT_HAIRLINE:
            self.parts["hair"].root_N = root_distance(mesh, points, skin, self.eyes_23)
        self._shade_scalp(mesh, points, assets)

    def _wear(
        self, mesh: Mesh, points: Float32Array, texture: Path | Painted, ear_z: float
    ) -> None:
        """Divide hair into what is in front and behind, and add it."""
        body = np.concatenate(
            [self.parts[n].mesh.points(self.base_B3) for n in ("neck", "clothes")]
        )
        share = layers.hair_share(points, body, ear_z, self.chin_y)
        one = np.float32(1)
        alpha = {
            "hair_back": one - layers.smoothstep(1.0, 1.5, share),
            "hair_front": layers.smoothstep(0.0, 1.0, share),
        }
        self._add("hair", mesh, "hair", texture, colour=self.spec.hair_colour, alpha=alpha)

    def _shade_scalp(self, mesh: Mesh, points: Float32Array, assets: RigAssets) -> None:
        """Colour the skin under the hair and a little before it."""
        skin = self.parts["skin"].mesh.points(self.base_B3)
        # pale hair hardly shades the scalp, where dark roots would look like dots
        shade = 1 - 0.85 * min(1.0, max(self.spec.hair_colour) / 0.30)
        self.parts["skin"].root_N = 1 - shade * scalp_shade(skin, mesh, points, self.eyes_23)
        tone = skin_tone(self.spec.skin, assets)
        r, g, b = (min(h, 0.55 * t) for h, t in zip(self.spec.hair_colour, tone, strict=True))
        self.parts["skin"].colour = (r, g, b)

    @property
    def chin_y(self) -> float:
        """Height (dm) of the lowest point of the jaw at rest."""
        part = self.parts["skin"]
        points = part.mesh.points(self.base_B3)
        front = (part.head_weight_N > 0.95) & (points[:, 2] > self.eyes_23[0, 2] - 0.2)
        return float(points[front][:, 1].min())

    @property
    def crown_y(self) -> float:
        """Height (dm) of the top of the head or the hair at rest."""
        tops = [
            self.parts[n].mesh.points(self.base_B3)[:, 1].max()
            for n in ("skin", "hair")
            if n in self.parts
        ]
        return float(max(tops))

    # --- moving -----------------------------------------------------------------------------

    def _column(self, base_B3: Float32Array) -> Float32Array:
        """Points of the neck part: real ones below the jaw, the column above."""
        points = self.parts["neck"].mesh.points(base_B3)
        share = self.column_share[:, None]
        return (points * (1 - share) + self._column_place * share).astype(np.float32)

    def base_under(self, motion_D: Float32Array) -> Float32Array:
        """Base vertices (19158, 3) under a motion's displacements."""
        values = motion_D[self._linear_index].astype(np.float32) * self.gain_L
        used = np.nonzero(values)[0]
        if not len(used):
            return self.base_B3
        moved = values[used] @ self._bases[used].reshape(len(used), -1)
        return self._bend(self._plain_B3 + moved.reshape(-1, 3))

    def unposed(self, motion_D: Float32Array) -> dict[str, Float32Array]:
        """Points of every part after displacement and gaze, before the head turns."""
        base = self.base_under(motion_D)
        points = {
            name: self._column(base) if name == "neck" else part.mesh.points(base)
            for name, part in self.parts.items()
        }
        self._turn_eyes(points["eyes"], motion_D)
        out = float(motion_D[MOTION_INDEX["tongueOut"]])
        points["tongue"] = self._tongue.place(
            points["tongue"], points["teeth"], points["skin"], out
        )
        return points

    def _turn_eyes(self, points_N3: Float32Array, motion_D: Float32Array) -> None:
        for index, side in enumerate(("Left", "Right")):
            at = {d: float(motion_D[MOTION_INDEX[f"eyeLook{d}{side}"]]) for d in _LOOKS}
            outwards = (at["Out"] - at["In"]) * GAZE_SIDE
            yaw = outwards if side == "Left" else -outwards
            pitch = at["Up"] * GAZE_UP - at["Down"] * GAZE_DOWN
            if yaw or pitch:
                mine = self._left_eye if side == "Left" else ~self._left_eye
                centre = self.eyes_23[index]
                turn = self._eyeball @ _gaze(yaw, pitch) @ np.linalg.inv(self._eyeball)
                points_N3[mine] = (points_N3[mine] - centre) @ turn.T.astype(np.float32) + centre

    def deform(self, motion_D: Float32Array) -> Deformed:
        """The person under a motion (MOTION_SIZE values of the contract)."""
        motion = np.asarray(motion_D, np.float32)
        points = self.unposed(motion)
        light = {"teeth": self.mouth.light(points["teeth"], points["skin"])}
        light["tongue"] = self.mouth.light(points["tongue"], points["skin"])
        light["eyes"] = np.minimum(
            *(lid.light(points["eyes"], points["skin"], self.eyes_23) for lid in self.lids)
        )
        light["skin"] = self.mouth.skin_light(points["skin"])
        posed = {
            name: turn_head(
                points[name], part.head_weight_N, motion, self.pivot_3, self.pupil_distance
            )
            for name, part in self.parts.items()
        }
        normals = {name: part.mesh.normals(posed[name]) for name, part in self.parts.items()}
        return Deformed(motion, posed, normals, light)

    def basis(self, name: str) -> dict[str, Float32Array]:
        """Displacement (n, 3) of each part's points under one LINEAR_NAMES value at 1.0."""
        row = LINEAR_NAMES.index(name)
        base = self._bases[row] * self.gain_L[row]
        out = {
            key: (part.mesh.weights @ base).astype(np.float32) for key, part in self.parts.items()
        }
        out["neck"] *= 1 - self.column_share[:, None]
        return out


_LOOKS = ("Out", "In", "Up", "Down")


def _scale(fit: MhcloFit, base_B3: Float32Array) -> Float32Array:
    """Scale (3,) of a proxy's offsets on this base mesh."""
    scale = np.ones(3, np.float32)
    for k, axis in enumerate("xyz"):
        if axis in fit.scale_axes:
            first, second, length = fit.scale_axes[axis]
            scale[k] = abs(base_B3[first, k] - base_B3[second, k]) / length
    return scale


def _gaze(yaw: float, pitch: float) -> Float32Array:
    """Rotation matrix: pitch (up) about x, then yaw (to +x) about y; radians."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return (about_y @ about_x).astype(np.float32)
