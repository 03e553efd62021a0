"""Which triangle is seen at every pixel: from it follows all that is known about the pixel.

One cheap pass draws the number of part and triangle; where a point of that triangle lies under any
motion, its rest place or weight, are then a product with barycentric shares, without drawing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from training.rig.gpu import SEEN_FROM, Gpu, GpuPart
from training.rig.person import Deformed, Person
from training.rig.render import Crop, Renderer, selector
from training.rig.scene import FRAME, Scene

NEAR, FAR = 2.0, 30.0
"""Clip distances of `training.rig.scene` (dm)."""
NOTHING: Final = 255


@dataclass(slots=True)
class Surface:
    """What a camera sees. `part_HW` indexes `parts` (NOTHING: background), `triangle_HW` that
    part's triangles, `depth_HW` is the distance (dm; FAR where nothing is), `values_HW4` the
    interpolated per-point values that were asked for."""

    parts: tuple[str, ...]
    part_HW: UInt8Array
    triangle_HW: NDArray[np.int32]
    depth_HW: Float32Array
    values_HW4: Float32Array

    @property
    def size(self) -> int:
        """Pixels across."""
        return len(self.part_HW)

    def of(self, name: str) -> NDArray[np.bool_]:
        """Where a part is seen (h, w)."""
        seen: NDArray[np.bool_] = self.part_HW == (
            self.parts.index(name) if name in self.parts else NOTHING - 1
        )
        return seen

    def every(self, step: int) -> Surface:
        """Every `step`-th pixel, from the middle of the first block on."""
        cut = (slice(step // 2, None, step),) * 2
        return Surface(
            self.parts, self.part_HW[cut], self.triangle_HW[cut], self.depth_HW[cut],
            self.values_HW4[cut],
        )  # fmt: skip


def see(
    renderer: Renderer,
    person: Person,
    deformed: Deformed,
    scene: Scene,
    size: int,
    values: dict[str, Float32Array] | None = None,
    layer: str = "",
    crop: Crop | None = None,
    fading: bool = True,
) -> Surface:
    """Draw the numbers of parts and triangles, of the whole person or of one layer.

    `size` is the frame's width in pixels, `crop` (x, y, w, h) in pixels of a 512 frame a window of
    it; without `fading`, parts of a layer are drawn where they fade out, too. `values` (n, 4) per
    part are interpolated; they are kept on the card with the person, so the same must be given for
    the same person every time.
    """
    held = renderer._prepare(person, deformed, scene)
    gpu = renderer._gpu
    zoom = size / renderer.size
    across, down, camera = renderer._window(scene, crop)
    width, height = round(across * zoom), round(down * zoom)
    target, depth_map = _target(renderer, (width, height))
    target.use()
    target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
    gpu.context.enable_only(gpu.context.DEPTH_TEST)
    renderer._occlude(held, camera, layer)
    # the occluders wrote zeros: marks are part + 1, so that nothing is zero
    program = gpu.ids
    program["matrix"].write(np.ascontiguousarray(camera.T).tobytes())
    program["select"].value = selector(layer)
    program["whole"].value = float(layer == "" or not fading)
    names = tuple(held.parts)
    for number, (name, part) in enumerate(held.parts.items()):
        if renderer._draws(held, name, layer) and part.part.material != "lens":
            _draw(gpu, part, number + 1, (values or {}).get(name))
    shape = (height, width)
    ids = np.frombuffer(target.read(components=2, dtype="f4"), np.float32).reshape(*shape, 2)
    shown = np.frombuffer(target.read(components=4, attachment=1, dtype="f4"), np.float32).reshape(
        *shape, 4
    )
    ndc = np.frombuffer(depth_map.read(), np.float32).reshape(shape) * 2 - 1
    depth = 2 * FAR * NEAR / (FAR + NEAR - ndc * (FAR - NEAR))
    part_HW = (ids[::-1, :, 0] - 1).astype(np.int32)
    triangle_HW = ids[::-1, :, 1].astype(np.int32)
    for number, name in enumerate(names):
        order = held.parts[name].order_F
        if order is not None:
            mine = part_HW == number
            triangle_HW[mine] = order[triangle_HW[mine]]
    part_HW[part_HW < 0] = NOTHING
    return Surface(names, part_HW.astype(np.uint8), triangle_HW, depth[::-1].copy(), shown[::-1])


def _target(renderer: Renderer, key: tuple[int, int]) -> Any:
    kept = renderer.id_targets
    if key not in kept:
        c = renderer._gpu.context
        depth = c.depth_texture(key)
        textures = [c.texture(key, 2, dtype="f4"), c.texture(key, 4, dtype="f4")]
        kept[key] = (c.framebuffer(textures, depth), depth)
    return kept[key]


def _draw(gpu: Gpu, part: GpuPart, number: int, values: Float32Array | None) -> None:
    program, mesh = gpu.ids, part.part.mesh
    if part.values is None:
        block = np.zeros((len(mesh.uv_V2), 4), np.float32)
        if values is not None:
            block[:, : values.shape[1]] = values[mesh.point_of_V]
        part.values = gpu.context.buffer(block.tobytes())
        part.arrays["ids"] = gpu.values_array(part, part.values, program)
    part.texture.use(0)
    if "cut" in program:
        program["cut"].value = SEEN_FROM.get(
            part.part.material, _THREADS.get(part.part.material, 0.0)
        )
    program["part"].value = float(number)
    part.arrays["ids"].render()


_THREADS: Final = {"brows": 0.35, "lashes": 0.45}


def shares(
    surface: Surface, name: str, points_N3: Float32Array, person: Person, scene: Scene
) -> tuple[NDArray[np.bool_], NDArray[np.int64], Float32Array]:
    """Where a part is seen (h, w), and there the corners (m, 3) and barycentric shares (m, 3).

    `points_N3` are the part's points under the motion that was drawn. The shares are exact for
    the middle of the pixel, perspective included.
    """
    where = surface.of(name)
    row, column = np.nonzero(where)
    corners = person.parts[name].mesh.point_triangles_F3[surface.triangle_HW[where]]
    seen = ((points_N3 - scene.eye_3) @ scene.view_44[:3, :3].T).astype(np.float32)
    a, b, c = (seen[corners[:, k]] for k in range(3))
    tangent = 1 / scene.projection_44[0, 0]
    half = surface.size / 2
    ray = np.stack(
        [(column + 0.5 - half) / half * tangent, (half - row - 0.5) / half * tangent,
         -np.ones(len(row))], 1,
    ).astype(np.float32)  # fmt: skip
    bary = np.stack([_triple(ray, b, c), _triple(ray, c, a), _triple(ray, a, b)], 1)
    total = bary.sum(1, keepdims=True)
    bary = cast("Float32Array", bary / np.where(np.abs(total) < 1e-12, 1e-12, total))
    bary = np.clip(bary, -0.2, 1.2)
    bary /= bary.sum(1, keepdims=True)
    return where, corners.astype(np.int64), bary.astype(np.float32)


def _triple(a: Float32Array, b: Float32Array, c: Float32Array) -> Float32Array:
    """a . (b x c), row by row."""
    out: Float32Array = (
        a[:, 0] * (b[:, 1] * c[:, 2] - b[:, 2] * c[:, 1])
        + a[:, 1] * (b[:, 2] * c[:, 0] - b[:, 0] * c[:, 2])
        + a[:, 2] * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    )
    return out


@dataclass(slots=True)
class Footing:
    """The shares of every pixel of a surface, ready to carry any per-point values to pixels."""

    size: int
    parts: dict[str, tuple[NDArray[np.bool_], NDArray[np.int64], Float32Array]]

    def carry(self, values: dict[str, Float32Array]) -> Float32Array:
        """Per-point values (n, k) of the parts at each pixel (h, w, k); 0 where nothing is."""
        width = next(iter(values.values())).shape[1]
        out = np.zeros((self.size, self.size, width), np.float32)
        for name, (where, corners, bary) in self.parts.items():
            if name in values:
                table = values[name]
                out[where] = sum(table[corners[:, k]] * bary[:, k : k + 1] for k in range(3))
        return out

    @property
    def covered_HW(self) -> NDArray[np.bool_]:
        """Where anything is seen."""
        out = np.zeros((self.size, self.size), bool)
        for where, _, _ in self.parts.values():
            out |= where
        return out


def footing(surface: Surface, deformed: Deformed, person: Person, scene: Scene) -> Footing:
    """Barycentric shares for all parts seen."""
    present = [surface.parts[k] for k in np.unique(surface.part_HW) if k != NOTHING]
    return Footing(
        surface.size,
        {name: shares(surface, name, deformed.points[name], person, scene) for name in present},
    )


def places(points_N3: Float32Array, scene: Scene, size: int) -> Float32Array:
    """Pixels (n, 2) of a picture of this size; the first pixel's middle is (0, 0)."""
    return ((scene.project(points_N3) + 0.5) * (size / FRAME) - 0.5).astype(np.float32)
