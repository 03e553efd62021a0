"""The graphics context and what it holds of each person: programs, textures, vertex buffers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from inference.contract import Float32Array, UInt8Array
from training.rig import shaders
from training.rig.layers import LAYERS
from training.rig.mesh import Mesh
from training.rig.people import SkinSpec
from training.rig.person import Deformed, Part, Person
from training.rig.skin_paint import paint_skin
from training.rig.textures import detail_noise, load_picture

MOVING = "3f 3f 1f"
STILL = "2f 4f 1f 1f"
CUT_OF = {"hair": 0.5, "toon_hair": 0.5, "drawn_hair": 0.5, "fur": 0.5}
"""Alpha below which a material lets light through (shadows, occlusion)."""
SEEN_FROM = {**CUT_OF, "hair": 0.3, "eye": 0.5, "toon_eye": 0.5, "drawn_eye": 0.5}
"""Alpha from which a material counts as what is seen at a pixel."""
PROGRAMS = {
    "hair": ("hair_solid", "hair_soft"),
    "eye": ("eye", "cornea"),
    "toon_eye": ("toon", "cornea"),
    "drawn_eye": ("drawn",),
    "toon_hair": ("toon",),
    "drawn_hair": ("drawn",),
}
"""Programs of the materials that do not have just their own."""


@dataclass(slots=True)
class GpuPart:
    """Vertex buffers of a part: `moving` is point, normal, light; `still` is uv, layer alpha,
    baked occlusion, root; `faces` may be re-sorted."""

    part: Part
    moving: moderngl.Buffer
    still: moderngl.Buffer
    faces: moderngl.Buffer
    tangents: moderngl.Buffer | None
    arrays: dict[str, moderngl.VertexArray]
    texture: moderngl.Texture
    brightness: float
    order_F: NDArray[np.int64] | None = None
    """How `faces` is sorted: the triangle drawn at each place; None if as in the mesh."""
    values: moderngl.Buffer | None = None
    """Kept for `training.rig.surface`: the label values of each vertex."""


@dataclass(slots=True)
class GpuPerson:
    """All parts of one person on the card."""

    person: Person
    parts: dict[str, GpuPart] = field(default_factory=dict)


class Gpu:
    """One EGL context with compiled programs; it keeps a few people's buffers."""

    KEPT = 3

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self.context = moderngl.create_context(standalone=True, backend="egl")  # type: ignore[arg-type]
        c = self.context
        self.programs: dict[str, Any] = {}
        for name, (vertex, fragment) in shaders.material_programs().items():
            self.programs[name] = c.program(vertex_shader=vertex, fragment_shader=fragment)
        self.depth: Any = self._plain("depth")
        self.values: Any = self._plain("values")
        self.ids: Any = self._plain("ids", "values")
        self._textures: dict[Any, tuple[moderngl.Texture, float]] = {}
        self._people: dict[int, GpuPerson] = {}
        self.detail = self._texture(detail_noise())
        self.detail.repeat_x = self.detail.repeat_y = True

    def _plain(self, name: str, vertex_name: str = "") -> moderngl.Program:
        vertex, fragment = shaders.plain_program(name, vertex_name or name)
        return self.context.program(vertex_shader=vertex, fragment_shader=fragment)

    def _texture(self, pixels: UInt8Array) -> moderngl.Texture:
        height, width = pixels.shape[:2]
        texture = self.context.texture((width, height), 4, np.ascontiguousarray(pixels).tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture

    def _picture(self, person: Person, part: Part) -> tuple[moderngl.Texture, float]:
        key = part.texture
        if key not in self._textures:
            if isinstance(key, SkinSpec):
                made = (self._texture(paint_skin(key, person.assets)), 1.0)
            elif isinstance(key, Path):
                pixels, bright = load_picture(key, self._largest)
                made = (self._texture(pixels), bright)
            else:
                made = (self._texture(key.paint(person.assets)), key.brightness)
            self._textures[key] = made
            self._forget_textures()
        self._textures[key] = self._textures.pop(key)
        return self._textures[key]

    def _forget_textures(self) -> None:
        """Release the pictures longest unused, but none that somebody still wears."""
        worn = {id(part.texture) for held in self._people.values() for part in held.parts.values()}
        old = [key for key, made in self._textures.items() if id(made[0]) not in worn]
        for key in old[: max(len(self._textures) - 60, 0)]:
            self._textures.pop(key)[0].release()

    def person(self, person: Person) -> GpuPerson:
        """The buffers of a person, made at first sight; the least recent person is released."""
        found = self._people.pop(id(person), None)
        if found is None:
            found = GpuPerson(person, {n: self._part(person, p) for n, p in person.parts.items()})
        self._people[id(person)] = found
        while len(self._people) > self.KEPT:
            self._release(self._people.pop(next(iter(self._people))))
        return found

    def _release(self, old: GpuPerson) -> None:
        for part in old.parts.values():
            for array in part.arrays.values():
                array.release()
            for buffer in (part.moving, part.still, part.faces, part.tangents, part.values):
                if buffer is not None:
                    buffer.release()

    def _part(self, person: Person, part: Part) -> GpuPart:
        c, mesh = self.context, part.mesh
        count = len(mesh.uv_V2)
        moving = c.buffer(reserve=count * 28, dynamic=True)
        still = c.buffer(_still(part).tobytes())
        faces = c.buffer(mesh.triangles_F3.astype(np.int32).tobytes(), dynamic=True)
        tangents = c.buffer(reserve=count * 12) if part.material == "hair" else None
        texture, brightness = self._picture(person, part)
        arrays = {}
        for name in PROGRAMS.get(part.material, (part.material,)):
            arrays[name] = self._array(self.programs[name], moving, still, faces, tangents)
        arrays["depth"] = self._array(self.depth, moving, still, faces, None)
        return GpuPart(part, moving, still, faces, tangents, arrays, texture, brightness)

    def _array(
        self,
        program: moderngl.Program,
        moving: moderngl.Buffer,
        still: moderngl.Buffer,
        faces: moderngl.Buffer,
        tangents: moderngl.Buffer | None,
    ) -> moderngl.VertexArray:
        content = [
            _bind(program, moving, MOVING, ("point", "normal", "light")),
            _bind(program, still, STILL, ("uv", "layer_alpha", "occlusion", "root")),
        ]
        if tangents is not None:
            content.append((tangents, "3f", "tangent"))
        return self.context.vertex_array(program, content, faces, index_element_size=4)

    def values_array(
        self, held: GpuPart, values: moderngl.Buffer, program: Any = None
    ) -> moderngl.VertexArray:
        """The part as `values` (or `ids`) draws it, with a buffer of 4 floats a vertex."""
        program = program or self.values
        content = [
            _bind(program, held.moving, MOVING, ("point", "normal", "light")),
            _bind(program, held.still, STILL, ("uv", "layer_alpha", "occlusion", "root")),
            (values, "4f", "value"),
        ]
        return self.context.vertex_array(program, content, held.faces, index_element_size=4)

    def write_still(self, held: GpuPart) -> None:
        """Send uv, layer alpha and baked occlusion again."""
        held.still.write(_still(held.part).tobytes())

    def write(self, held: GpuPerson, deformed: Deformed) -> None:
        """Send a deformation."""
        for name, gpu_part in held.parts.items():
            mesh = gpu_part.part.mesh
            block = np.ones((mesh.size, 7), np.float32)
            block[:, :3] = deformed.points[name]
            block[:, 3:6] = deformed.normals[name]
            if name in deformed.light:
                block[:, 6] = deformed.light[name]
            gpu_part.moving.write(block[mesh.point_of_V].tobytes())
            if gpu_part.tangents is not None:
                gpu_part.tangents.write(_tangents(mesh, deformed.points[name]).tobytes())


def _bind(
    program: moderngl.Program, buffer: moderngl.Buffer, layout: str, names: tuple[str, ...]
) -> tuple[Any, ...]:
    """A buffer's layout with the attributes this program does not use skipped."""
    words, used = [], []
    for word, name in zip(layout.split(), names, strict=True):
        if name in program:
            words.append(word)
            used.append(name)
        else:
            words.append(f"{int(word[0]) * 4}x")
    return (buffer, " ".join(words), *used)


def _still(part: Part) -> Float32Array:
    mesh = part.mesh
    block = np.ones((mesh.size, 6), np.float32)
    for k, layer in enumerate(LAYERS):
        block[:, k] = part.alpha.get(layer, 0.0)
    block[:, 4] = 1.0 if part.occlusion_N is None else part.occlusion_N
    if part.root_N is not None:
        block[:, 5] = part.root_N
    wide = np.concatenate([mesh.uv_V2, block[mesh.point_of_V]], 1)
    return np.ascontiguousarray(wide, np.float32)


_TANGENT_CACHE: dict[int, tuple[Mesh, Float32Array, Float32Array, Any]] = {}


def _tangents(mesh: Mesh, points_N3: Float32Array) -> Float32Array:
    """Direction of growing v (along the strands) at each drawn vertex, (v, 3), not normalised."""
    if id(mesh) not in _TANGENT_CACHE:
        tri, uv = mesh.triangles_F3, mesh.uv_V2
        first, second = uv[tri[:, 1]] - uv[tri[:, 0]], uv[tri[:, 2]] - uv[tri[:, 0]]
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        area = np.where(np.abs(area) < 1e-9, 1e-9, area)
        spread = sparse.csr_matrix(
            (np.ones(len(tri) * 3, np.float32), (tri.ravel(), np.repeat(np.arange(len(tri)), 3))),
            (len(uv), len(tri)),
        )
        if len(_TANGENT_CACHE) > 4:
            _TANGENT_CACHE.clear()
        _TANGENT_CACHE[id(mesh)] = (mesh, -second[:, 0] / area, first[:, 0] / area, spread)
    _, a, b, spread = _TANGENT_CACHE[id(mesh)]
    tri = mesh.point_triangles_F3
    corner = points_N3[tri[:, 0]]
    t = (points_N3[tri[:, 1]] - corner) * a[:, None] + (points_N3[tri[:, 2]] - corner) * b[:, None]
    t /= np.maximum(np.linalg.norm(t, axis=1, keepdims=True), 1e-9)
    return np.ascontiguousarray(spread @ t, np.float32)
