"""A person of the rig dressed for a look: bent, with generated hair, strokes, painted skin.

Everything that the rig's `Person` can do works on a figure: motions, layers, bases, true flow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array
from training.people import costumes, extras, locks, strokes
from training.people.bend import Bender
from training.people.pictures import FurPicture, PaintedEyes, PaintedSkin, Plain, Strands
from training.people.points import Landmarker
from training.people.skull import Skull
from training.people.spec import FigureSpec
from training.people.split import LOCK_HAIR, MESH_HAIR
from training.rig import layers
from training.rig.assets import RigAssets
from training.rig.base_mesh import LINEAR_NAMES
from training.rig.mesh import Mesh
from training.rig.people import Painted
from training.rig.person import Deformed, Part, Person

LOCKS: Final = frozenset((*LOCK_HAIR, "twintails", "hime", "mohawk"))
MESHES: Final = frozenset((*MESH_HAIR, "braid01"))


class Figure(Person):
    """A `FigureSpec` made of meshes. `pieces` numbers the locks of generated hair (by point)."""

    def __init__(self, spec: FigureSpec, assets: RigAssets, marks: Landmarker) -> None:
        self.figure, self.marks = spec, marks
        self._bender: Bender | None = None
        self._known_bases: dict[str, dict[str, Float32Array]] = {}
        self._hair_rng = np.random.default_rng(spec.hair.seed)
        style = spec.hair.style
        spec.person.hair = style if style in MESHES else None
        self.pieces: np.ndarray | None = None
        super().__init__(spec.person, assets)
        if self._bender is not None:
            self._eyeball = self._bender.eyeball()
        self.skull = Skull(self)
        if style in LOCKS:
            self._wear_locks(assets)
        self._wear_extras()
        if spec.costume is not None:
            anchors = (self._nearest("chin"), self._nearest("collar"))
            costumes.wear(self, spec.costume, self.skull, anchors)
        self._close_lids()
        if spec.look != "photo":
            self._dress()
        self._calm_normals = spec.look == "drawn"

    # --- shape ------------------------------------------------------------------------------

    def _bend(self, base_B3: Float32Array) -> Float32Array:
        if self._bender is None:
            self._bender = Bender(self.figure.bend, self.assets.base, base_B3)
        return self._bender(base_B3)

    def _close_lids(self) -> None:
        """Scale eyeBlink so that lids of these eyes just meet at 1.0, never less than the rig's."""
        rest = self._lid_gaps(0.0)
        shut = self._lid_gaps(1.0)
        for side, at_0, at_1 in zip(("Left", "Right"), rest, shut, strict=True):
            gain = float(np.clip((at_0 + 0.004) / max(at_0 - at_1, 1e-3), 0.9, 1.5))
            self.gain_L[LINEAR_NAMES.index(f"eyeBlink{side}")] = gain

    def _lid_gaps(self, blink: float) -> tuple[float, float]:
        """Mean height (dm) of both openings."""
        motion = np.zeros(MOTION_SIZE, np.float32)
        for side in ("Left", "Right"):
            motion[MOTION_INDEX[f"eyeBlink{side}"]] = blink
        base = self.base_under(motion)
        gaps = []
        for side in ("left", "right"):
            upper, lower = (
                self.marks.rows(self, [f"eye_{side}_{lid}_{k}" for k in (2, 3)]) @ base
                for lid in ("upper", "lower")
            )
            gaps.append(float((upper - lower)[:, 1].mean()))
        return gaps[0], gaps[1]

    def _restyle(self, points_N3: Float32Array) -> Float32Array:
        spec, rng = self.figure.hair, self._hair_rng
        out = points_N3.copy()
        eye = self.eyes_23.mean(0)
        middle = np.array([0.0, eye[1] + 0.3, float(self.pivot_3[2])], np.float32)
        offset = out - middle
        away = np.linalg.norm(offset, axis=1, keepdims=True)
        out += (spec.volume - 1) * offset * np.clip(away - 0.6, 0, 0.6) / 0.6
        low = np.clip(self.chin_y + 0.25 - out[:, 1], 0, None)
        out[:, 1] += (1 - spec.length) * low
        for _ in range(4):
            wave = rng.normal(0, 4.0, 3)
            phase = out @ wave + rng.uniform(0, 6)
            out += spec.noise * 0.5 * np.sin(phase)[:, None] * rng.normal(0, 1, 3)
        if spec.mirror:
            out[:, 0] *= -1
        return out.astype(np.float32)

    # --- hair and what is worn ---------------------------------------------------------------

    @property
    def _anchor(self) -> int:
        """The base vertex at the top of the head: it moves with the head and breath alone."""
        body = self.assets.base.obj.groups["body"]
        return int(body[np.argmax(self.base_B3[body, 1])])

    def _nearest(self, mark: str) -> int:
        """The base vertex nearest to a landmark."""
        body = self.assets.base.obj.groups["body"]
        place = self.marks.rows(self, [mark]) @ self.base_B3
        return int(body[np.argmin(((self.base_B3[body] - place) ** 2).sum(1))])

    def _wear_locks(self, assets: RigAssets) -> None:
        spec = self.figure
        mesh, self.pieces = locks.build(spec.hair, self.skull).mesh(self.base_B3, self._anchor)
        points = mesh.points(self.base_B3)
        picture = Strands(
            streaks=0.30 + 4 * spec.hair.noise,
            seed=spec.hair.seed % 6,
        )  # fmt: skip
        ear_z = float(self.assets.base.joint(self.base_B3, "head")[2]) - 0.10
        self._wear(mesh, points, picture, ear_z)
        self.parts["hair"].head_weight_N[:] = 1.0
        self._shade_scalp(mesh, points, assets)

    def _rigid(self, name: str, shape: locks.Shape, material: str, picture: Painted) -> Part:
        """A generated mesh that goes with the head, in the layer of the hair before the face."""
        mesh, _ = shape.mesh(self.base_B3, self._anchor)
        one = np.ones(mesh.size, np.float32)
        self._add(name, mesh, material, picture, alpha={"hair_front": one})
        self.parts[name].head_weight_N[:] = 1.0
        return self.parts[name]

    def _wear_extras(self) -> None:
        spec = self.figure
        beard = spec.beard
        if spec.costume is not None and spec.costume.beard > 0:
            beard = costumes.short_beard(spec.costume)
        if beard is not None:
            made = extras.beard(self, beard)
            if made is not None:
                picture = FurPicture(beard.shape, beard.density, beard.seed % 8)
                self._add("beard", made[0], "fur", picture, colour=beard.colour)
                self.parts["beard"].root_N = made[1]
                self.parts["beard"].uniforms = {"finish": (1.0, 0.35, 0.0, 0.0)}
        if spec.ears != "human":
            outer, inner = extras.ears(self.skull, spec.ears)
            self._rigid("ears_outer", outer, "gloss", Plain()).colour = spec.person.hair_colour
            self.parts["ears_outer"].uniforms = {"finish": (0.02, 0.6, 0.0, 0.0)}
            if inner.count:
                self._rigid("ears_inner", inner, "gloss", Plain()).colour = (0.75, 0.45, 0.42)
                self.parts["ears_inner"].uniforms = {"finish": (0.01, 0.7, 0.0, 0.0)}
        if spec.glasses is not None:
            frame, lenses = extras.spectacles(self, spec.glasses, self.skull)
            worn = self._rigid("frame", frame, "gloss", Plain())
            worn.colour, worn.uniforms = spec.glasses.colour, {
                "finish": (spec.glasses.gloss, 0.3, 0.0, 0.0)
            }  # fmt: skip
            glass = self._rigid("lens", lenses, "lens", Plain())
            glass.colour = spec.glasses.tint_colour
            glass.uniforms = {"finish": (0.09, spec.glasses.tint, 0.0, 0.0)}

    # --- figures that are not photographed -----------------------------------------------------

    def _dress(self) -> None:
        """Materials and pictures of the toon and the drawn look."""
        spec, ink = self.figure, self.figure.ink
        drawn = spec.look == "drawn"
        stroke = spec.person.brow_colour
        self._strokes(drawn, stroke)
        material = "drawn" if drawn else "toon"
        shared: dict[str, float | tuple[float, ...]] = {
            "ramp": (ink["edge"], ink["softness"], ink["steps"], ink["cast"]),
            "finish": (ink["gloss"], ink["rough"], ink["rim"], ink["texture"]),
            "cut": 0.0,
        }
        skin_shade = tuple(c ** ink["shade"] * 0.97 for c in _linear((0.93, 0.72, 0.72)))
        plain_shade = tuple(c ** ink["shade"] for c in _linear((0.80, 0.76, 0.86)))
        for name, part in self.parts.items():
            if part.material in ("lens", "fur", "gloss"):
                if drawn and part.material == "gloss":
                    part.material = "drawn"
                if part.material != "drawn":
                    continue
            elif name not in ("hair", "eyes", "lashes", "brows"):
                part.material = material
            part.uniforms = shared | {"shade": plain_shade, "scatter": (0.0, 0.0, 0.0)}
            if drawn:
                part.uniforms["finish"] = (0.0, ink["rim"], 0.0, ink["texture"])
        ramp = (ink["edge"], ink["softness"], ink["steps"], 0.0)
        self.parts["clothes"].uniforms["ramp"] = ramp  # sleeves lie too close upon arms
        drawing: dict[str, Any] = {key: ink[key] for key in _SKIN_INK}
        skin = PaintedSkin(
            spec.skin_colour,
            spec.lip_colour,
            **drawing,
            lid_colour=tuple(0.6 * c for c in spec.skin_colour),  # type: ignore[arg-type]
            stubble_colour=tuple(c ** (1 / 2.2) for c in spec.person.hair_colour),
            texels=spec.person.skin.texels,
            seed=spec.person.skin.seed % 16,
        )
        warm = (0.30 * ink["scatter"], 0.05 * ink["scatter"], 0.02 * ink["scatter"])
        for name in ("skin", "neck"):
            part = self.parts[name]
            part.texture, part.tint = skin, (1.0, 1.0, 1.0)
            part.colour = spec.person.hair_colour
            part.uniforms |= {"recolour": 0.0, "shade": skin_shade, "scatter": warm}
        self._dress_eyes(drawn)
        self._dress_hair(drawn)
        for name, colour in (("teeth", (0.95, 0.94, 0.92)), ("tongue", (0.80, 0.38, 0.38))):
            if drawn or name == "tongue":
                self.parts[name].texture = Plain(colour)
        if ink.get("lit_mouth", 0.0):  # flat teeth and tongue: the shade of a drawing is for skin
            for name in ("teeth", "tongue"):
                self.parts[name].uniforms["ramp"] = (-3.0, 0.02, 0.0, 0.0)
        if drawn:
            for part in self.parts.values():  # no light of a room in a drawing
                part.occlusion_N = np.ones(part.mesh.size, np.float32)

    def _strokes(self, drawn: bool, colour: tuple[float, float, float]) -> None:
        """Brows and lashes as ribbons in place of the assets' cards of single hairs."""
        ink, marks = self.figure.ink, self.marks
        size = float(np.sqrt(self._eyeball[1, 1]))
        if drawn or ink["thick_brows"] > 0:
            brow = strokes.brow_lines(
                self, marks, ink["brow_width"] * size, ink["brow_taper"], ink["brow_arch"],
                ink["brow_raised"] * size, bool(ink.get("plain_brows", 0.0)),
            )  # fmt: skip
            self._replace("brows", brow, colour)
        if drawn:
            upper = strokes.lash_lines(self, marks, ink["lash"] * size, ink["wing"] * size)
            self._replace("lashes", upper, self._line_colour())
            lower = strokes.lash_lines(self, marks, ink["lower_lash"] * size, 0.0, upper=False)
            self._replace("lower_lashes", lower, self._line_colour())
            seam = strokes.mouth_line(self, marks, ink["mouth_width"], ink.get("seam_lift", 0.022))
            self._replace("seam", seam, tuple(0.25 * c**2.2 for c in self.figure.lip_colour))

    def _line_colour(self) -> tuple[float, float, float]:
        r, g, b = _linear(self.figure.lines.colour) if self.figure.lines else (0.01, 0.008, 0.01)
        return r, g, b

    def _replace(self, name: str, mesh: Mesh, colour: tuple[float, float, float]) -> None:
        self.parts.pop(name, None)
        material = "drawn" if self.figure.look == "drawn" else "toon"
        self._add(name, mesh, material, Plain(), colour=colour)

    def _dress_eyes(self, drawn: bool) -> None:
        ink, part = self.figure.ink, self.parts["eyes"]
        part.material = "drawn_eye" if drawn else "toon_eye"
        part.texture = PaintedEyes(
            self.figure.eye_colour,
            size=ink["iris"],
            pupil=ink["pupil"],
            ring=ink["ring"],
            fibres=ink["fibres"],
            gradient=ink["gradient"],
            sparkle=ink["sparkle"],
            kind=int(ink["lights"]),
            seed=0,
        )
        part.tint, part.colour = (1.0, 1.0, 1.0), None
        finish = (1.0, 0.0, 0.0, 0.0) if drawn else (0.01, 0.2, 0.0, 0.0)
        ramp = (-0.6, 0.2, 0.0, 0.0) if drawn else (0.0, 1.0, 0.0, 0.4)
        part.uniforms |= {"cut": 0.5, "finish": finish, "ramp": ramp}

    def _dress_hair(self, drawn: bool) -> None:
        if "hair" not in self.parts:
            return
        ink, spec, part = self.figure.ink, self.figure, self.parts["hair"]
        part.material = "drawn_hair" if drawn else "toon_hair"
        shade = tuple(c ** ink["shade"] for c in _linear((0.70, 0.66, 0.80)))
        finish = (0.0, ink["rim"], 0.0, ink["texture"]) if drawn else (
            ink["hair_gloss"], 0.35, ink["rim"], ink["texture"])  # fmt: skip
        part.uniforms |= {"cut": 0.5, "shade": shade, "finish": finish}
        if self.pieces is not None:
            part.texture = Strands(
                spec.person.hair_colour,
                spec.tip_colour,
                streaks=ink["streaks"],
                band=ink["band"],
                seed=spec.hair.seed % 8,
            )
            part.colour = None
            part.uniforms["recolour"] = 0.0
            part.root_N = None

    # --- moving -------------------------------------------------------------------------------

    def deform(self, motion_D: Float32Array) -> Deformed:
        """As the rig's; a drawn face has the light of a smooth ball, not of every bump."""
        made = super().deform(motion_D)
        least = self.figure.ink.get("tooth_light", 0.0)
        made.light["teeth"] = least + (1 - least) * made.light["teeth"]
        if not self._calm_normals:
            return made
        for name in ("skin",):
            points, part = made.points[name], self.parts[name]
            head = part.head_weight_N > 0.9
            centre = points[head].mean(0) - np.array([0, 0.1, 0.35], np.float32)
            ball = points - centre
            ball /= np.maximum(np.linalg.norm(ball, axis=1, keepdims=True), 1e-6)
            share = (layers.smoothstep(0.75, 0.98, part.head_weight_N) * 0.8)[:, None]
            normal = made.normals[name] * (1 - share) + ball * share
            made.normals[name] = (
                normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
            ).astype(np.float32)
        return made

    def basis(self, name: str) -> dict[str, Float32Array]:
        """As the rig's, by difference: bent space is not linear."""
        if name in self._known_bases:
            return self._known_bases[name]
        motion = np.zeros(MOTION_SIZE, np.float32)
        rest = self.unposed(motion)
        motion[MOTION_INDEX[name]] = 1.0
        moved = self.unposed(motion)
        out = {key: (moved[key] - rest[key]).astype(np.float32) for key in rest}
        if name.startswith("eyeLook"):  # the balls turn, they do not move
            out["eyes"][:] = 0
        self._known_bases[name] = out
        return out


_SKIN_INK: Final = (
    "red_lips", "blush", "lids", "freckles", "stubble", "mouth_line", "nose_mark", "nose_red",
    "mottle",
)  # fmt: skip


def _linear(colour: tuple[float, float, float]) -> tuple[float, ...]:
    return tuple(float(c) ** 2.2 for c in colour)
