"""Ambient occlusion, baked once per person: how much of the room each point sees at rest."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array
from training.rig.gpu import CUT_OF, Gpu, GpuPerson
from training.rig.scene import orthographic
from training.rig.textures import LARGEST

DIRECTIONS = 48
MAP_SIZE = 512
RADIUS = 2.6
UNSHADED = ("brows", "lashes", "eye", "toon_eye", "drawn_eye", "lens")


@dataclass(frozen=True, slots=True)
class Fineness:
    """From how many sides occlusion is measured, on maps of how many pixels; and the largest side
    of the assets' pictures on the card."""

    directions: int = DIRECTIONS
    map_size: int = MAP_SIZE
    texels: int = LARGEST


def sphere(count: int) -> Float32Array:
    """Directions (count, 3) spread evenly over the upper three quarters of the sphere."""
    index = np.arange(count)
    y = 1 - 1.5 * (index + 0.5) / count
    radius = np.sqrt(1 - y * y)
    turn = np.pi * (3 - np.sqrt(5)) * index
    return np.stack([np.cos(turn) * radius, y, np.sin(turn) * radius], 1).astype(np.float32)


def bake(gpu: Gpu, held: GpuPerson, fineness: Fineness = Fineness()) -> None:
    """Fill `occlusion_N` (0 hidden .. 1 open) of all parts and send it to the card."""
    person, context, size = held.person, gpu.context, fineness.map_size
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[MOTION_INDEX["jawOpen"]] = 0.12
    deformed = person.deform(motion)
    gpu.write(held, deformed)
    depth = context.depth_texture((size, size))
    target = context.framebuffer(depth_attachment=depth)
    centre = person.pivot_3 + np.array([0, -0.3, 0.2], np.float32)
    seen = {n: np.zeros(p.mesh.size, np.float32) for n, p in person.parts.items()}
    weight = {n: np.full(p.mesh.size, 1e-6, np.float32) for n, p in person.parts.items()}
    lifted = {n: deformed.points[n] + 0.03 * deformed.normals[n] for n in person.parts}
    gpu.depth["select"].value = (0.0, 0.0, 0.0, 0.0)
    for towards in sphere(fineness.directions):
        matrix = orthographic(centre, towards, RADIUS)
        target.use()
        target.clear(depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        gpu.depth["matrix"].write(np.ascontiguousarray(matrix.T).tobytes())
        for part in held.parts.values():
            if part.part.in_full and part.part.material not in UNSHADED:
                part.texture.use(0)
                gpu.depth["cut"].value = CUT_OF.get(part.part.material, 0.0)
                part.arrays["depth"].render()
        nearest = np.frombuffer(depth.read(), np.float32).reshape(size, size)
        for name in held.parts:
            at = (lifted[name] @ matrix[:3, :3].T + matrix[:3, 3]) * 0.5 + 0.5
            xy = np.clip((at[:, :2] * size).astype(np.int32), 0, size - 1)
            open_sky = at[:, 2] - 0.003 <= nearest[xy[:, 1], xy[:, 0]]
            cosine = deformed.normals[name] @ towards
            if name == "hair":
                w = np.abs(cosine) * 0.5 + 0.5
            else:
                w = np.clip((cosine + 0.2) / 1.2, 0, 1)
            seen[name] += w * open_sky
            weight[name] += w
    for name, part in held.parts.items():
        share = (seen[name] / weight[name]) ** 0.9 * 0.9 + 0.06
        if part.part.material in UNSHADED:
            share[:] = 1.0
        if name == "neck":
            ring = float(np.median(share[np.abs(person.column_share - 0.1) < 0.1]))
            share += person.column_share * (ring - share)
        part.part.occlusion_N = share.astype(np.float32)
        gpu.write_still(part)
    target.release()
    depth.release()
