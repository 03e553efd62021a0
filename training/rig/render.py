"""The renderer: a deformed person in a scene, whole or layer by layer, to RGBA; or any values.

Works on a graphics card through EGL and on Mesa's llvmpipe. Pictures have a transparent background
and straight alpha; crops are cut from the 512-pixel frame by a shifted projection.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Final

import moderngl
import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.rig.gpu import CUT_OF, PROGRAMS, SEEN_FROM, Gpu, GpuPart, GpuPerson
from training.rig.layers import LAYERS
from training.rig.occlusion import Fineness, bake
from training.rig.person import Deformed, Person
from training.rig.scene import FRAME, Scene, orthographic

Crop = tuple[int, int, int, int]
SHADOW_SIZE: Final = 512
SHADOW_RADIUS: Final = 3.1
OCCLUDERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "hair_back": (),
    "body": (("hair", "hair_front"),),
    "head": (("hair", "hair_front"), ("clothes", "")),
    "hair_front": (("skin", ""), ("clothes", "")),
}
"""For each layer, the parts of others that cut it; of hair, what is not wholly in this layer."""
ONE_SIDED: Final = ("skin", "eyes", "teeth")
"""Parts whose inside is never seen: half of their triangles need not be drawn."""
SOFT: Final = ("brows", "lashes", "lens")
"""Materials that are blended over the rest."""
_SCENE_FLOATS: Final = 32 + 4 * (5 + 9 + 2)


def selector(layer: str) -> tuple[float, float, float, float]:
    """One-hot vec4 of a layer; all zero for the empty name."""
    a, b, c, d = (float(name == layer) for name in LAYERS)
    return a, b, c, d


def over(upper: UInt8Array, lower: UInt8Array) -> UInt8Array:
    """One straight-alpha RGBA picture laid over another."""
    a, b = upper[..., 3:] / 255.0, lower[..., 3:] / 255.0
    alpha = a + b * (1 - a)
    colour = upper[..., :3] * a + lower[..., :3] * b * (1 - a)
    colour /= np.maximum(alpha, 1e-6)
    return np.rint(np.concatenate([colour, alpha * 255], -1)).astype(np.uint8)


class Renderer:
    """Draws people. `size` is the full frame's width in pixels, `samples` the multisampling;
    `fineness` says how finely occlusion is baked."""

    def __init__(self, size: int = 512, samples: int = 4, fineness: Fineness | None = None) -> None:
        self.size, self.samples = size, samples
        self._fineness = fineness or Fineness()
        self._gpu = Gpu(self._fineness.texels)
        c = self._gpu.context
        self._shadow = c.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self._shadow.compare_func = "<="
        self._shadow.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_target = c.framebuffer(depth_attachment=self._shadow)
        self._scene_block = c.buffer(reserve=_SCENE_FLOATS * 4, dynamic=True)
        self._targets: dict[tuple[int, int], tuple[moderngl.Framebuffer, ...]] = {}
        self._value_targets: dict[tuple[int, int], moderngl.Framebuffer] = {}
        self.id_targets: dict[tuple[int, int], Any] = {}  # of training.rig.surface
        self._current: tuple[Person, Deformed, Scene] | None = None
        self._shadow_matrix = np.eye(4, dtype=np.float32)
        for program in self._gpu.programs.values():
            program["Scene"].binding = 0
            for name, unit in (("image", 0), ("shadow_map", 1), ("detail", 2)):
                if name in program:
                    program[name].value = unit

    @property
    def card(self) -> str:
        """What draws: the name of the graphics card, or llvmpipe."""
        return str(self._gpu.context.info["GL_RENDERER"])

    def close(self) -> None:
        """Release the context; the renderer is of no use afterwards."""
        self._gpu.context.release()

    # --- pictures ---------------------------------------------------------------------------

    def render(
        self,
        person: Person,
        deformed: Deformed,
        scene: Scene,
        layers: AbstractSet[str] | None = None,
        crop: Crop | None = None,
    ) -> UInt8Array:
        """RGBA (h, w, 4), straight alpha. `layers` draws only some (light and shadow stay those of
        the whole person); `crop` (x, y, w, h) in 512-frame pixels draws only that window."""
        held = self._prepare(person, deformed, scene)
        if layers is None:
            return self._draw(held, scene, "", crop)
        picture: UInt8Array | None = None
        for layer in LAYERS:
            if layer in layers:
                drawn = self._draw(held, scene, layer, crop)
                picture = drawn if picture is None else over(drawn, picture)
        if picture is None:
            raise ValueError(f"no known layer in {layers}: choose from {LAYERS}")
        return picture

    def _prepare(self, person: Person, deformed: Deformed, scene: Scene) -> GpuPerson:
        """Upload the deformation and draw the shadow map, unless it was the last one drawn."""
        held = self._gpu.person(person)
        if person.parts["skin"].occlusion_N is None:
            bake(self._gpu, held, self._fineness)
            self._current = None
        now = (person, deformed, scene)
        if self._current is None or any(
            a is not b for a, b in zip(self._current, now, strict=True)
        ):
            self._gpu.write(held, deformed)
            self._draw_shadow(held, scene)
            self._current = now
        return held

    def _draw_shadow(self, held: GpuPerson, scene: Scene) -> None:
        context, depth = self._gpu.context, self._gpu.depth
        self._shadow_matrix = orthographic(scene.focus_3, scene.key_direction_3, SHADOW_RADIUS)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        depth["matrix"].write(np.ascontiguousarray(self._shadow_matrix.T).tobytes())
        depth["select"].value = selector("")
        for name in ("skin", "clothes", "hair"):
            if name in held.parts:
                self._draw_depth(held.parts[name])

    def _draw_depth(self, part: GpuPart) -> None:
        part.texture.use(0)
        self._gpu.depth["cut"].value = CUT_OF.get(part.part.material, 0.0)
        part.arrays["depth"].render()

    def _draw(self, held: GpuPerson, scene: Scene, layer: str, crop: Crop | None) -> UInt8Array:
        width, height, camera = self._window(scene, crop)
        target, resolved = self._target(width, height)
        context = self._gpu.context
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        self._write_scene(scene, camera, layer)
        self._scene_block.bind_to_uniform_block(0)
        self._occlude(held, camera, layer)
        self._shadow.use(1)
        self._gpu.detail.use(2)
        self._draw_solid(held, layer)
        self._draw_soft(held, target, scene, layer)
        context.copy_framebuffer(resolved, target)
        raw = np.frombuffer(resolved.read(components=4), np.uint8).reshape(height, width, 4)[::-1]
        return _straight(raw)

    def _window(self, scene: Scene, crop: Crop | None) -> tuple[int, int, Float32Array]:
        """Pixels across and down, and the matrix to clip space, of a crop of the frame."""
        camera = scene.projection_44 @ scene.view_44
        if crop is None:
            return self.size, self.size, camera
        x, y, w, h = crop
        scale = self.size / FRAME
        zoom = np.eye(4, dtype=np.float32)
        zoom[0, 0], zoom[1, 1] = FRAME / w, FRAME / h
        zoom[0, 3] = (FRAME - 2 * x) / w - 1
        zoom[1, 3] = 1 - (FRAME - 2 * y) / h
        return round(w * scale), round(h * scale), (zoom @ camera).astype(np.float32)

    def _target(self, width: int, height: int) -> tuple[moderngl.Framebuffer, ...]:
        key = (width, height)
        if key not in self._targets:
            c, n = self._gpu.context, self.samples
            if n > 1:
                colour = c.renderbuffer(key, 4, samples=n)
                target = c.framebuffer([colour], c.depth_renderbuffer(key, samples=n))
            else:
                target = c.framebuffer([c.renderbuffer(key, 4)], c.depth_renderbuffer(key))
            self._targets[key] = (target, c.framebuffer([c.texture(key, 4)]))
        return self._targets[key]

    def _write_scene(self, scene: Scene, camera: Float32Array, layer: str) -> None:
        block = np.zeros(_SCENE_FLOATS, np.float32)
        block[:16] = camera.T.ravel()
        block[16:32] = self._shadow_matrix.T.ravel()
        rows = block[32:].reshape(-1, 4)
        vectors = (
            scene.eye_3,
            scene.key_direction_3,
            scene.key_colour_3,
            scene.rim_direction_3,
            scene.rim_colour_3,
        )
        for row, vector in zip(rows, vectors, strict=False):
            row[:3] = vector
        rows[5:14, :3] = scene.sky_93
        rows[14] = selector(layer)
        rows[15, :2] = scene.exposure, float(layer == "")
        self._scene_block.write(block.tobytes())

    def _occlude(self, held: GpuPerson, camera: Float32Array, layer: str) -> None:
        """Write the depth (and no colour) of what lies before this layer in other layers."""
        self._gpu.depth["matrix"].write(np.ascontiguousarray(camera.T).tobytes())
        for name, unless in OCCLUDERS.get(layer, ()):
            if name in held.parts:
                self._gpu.depth["select"].value = selector(unless)
                self._draw_depth(held.parts[name])

    def _draws(self, held: GpuPerson, name: str, layer: str) -> bool:
        part = held.parts.get(name)
        return part is not None and (part.part.in_full if not layer else layer in part.part.alpha)

    def _draw_part(self, part: GpuPart, program_name: str) -> None:
        program, spec = self._gpu.programs[program_name], part.part
        part.texture.use(0)
        for name, value in (
            ("tint", spec.tint),
            ("colour", spec.colour or (1.0, 1.0, 1.0)),
            ("recolour", 0.0 if spec.colour is None else 1.0),
            ("brightness", part.brightness),
        ):
            if name in program:
                program[name].value = value
        for name, uniform in spec.uniforms.items():
            if name in program:
                program[name].value = uniform
        part.arrays[program_name].render()

    def _draw_solid(self, held: GpuPerson, layer: str) -> None:
        for name, part in held.parts.items():
            material = part.part.material
            if material not in SOFT and self._draws(held, name, layer):
                if name in ONE_SIDED:
                    self._gpu.context.enable(moderngl.CULL_FACE)
                self._draw_part(part, PROGRAMS.get(material, (material,))[0])
                self._gpu.context.disable(moderngl.CULL_FACE)

    def _draw_soft(
        self, held: GpuPerson, target: moderngl.Framebuffer, scene: Scene, layer: str
    ) -> None:
        """Catchlights, brows, lashes and the hair's fringe, blended over what is there."""
        context = self._gpu.context
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        target.depth_mask = False
        if self._draws(held, "eyes", layer) and "cornea" in held.parts["eyes"].arrays:
            self._draw_part(held.parts["eyes"], "cornea")
        for name, part in held.parts.items():
            if part.part.material in SOFT and self._draws(held, name, layer):
                self._draw_part(part, part.part.material)
        if self._draws(held, "hair", layer) and "hair_soft" in held.parts["hair"].arrays:
            self._sort(held.parts["hair"], scene)
            self._draw_part(held.parts["hair"], "hair_soft")
        target.depth_mask = True
        context.disable(moderngl.BLEND)

    def _sort(self, part: GpuPart, scene: Scene) -> None:
        """Order the hair's triangles from far to near."""
        assert self._current is not None
        points = self._current[1].points["hair"]
        depth = points @ scene.view_44[2, :3]
        mesh = part.part.mesh
        part.order_F = order = np.argsort(depth[mesh.point_triangles_F3].sum(1))
        part.faces.write(mesh.triangles_F3[order].astype(np.int32).tobytes())

    # --- values -----------------------------------------------------------------------------

    def attributes(
        self,
        person: Person,
        deformed: Deformed,
        values: dict[str, Float32Array],
        scene: Scene,
        layers: AbstractSet[str] | None = None,
        size: int | None = None,
    ) -> tuple[Float32Array, Float32Array]:
        """Interpolate per-point values (n, k <= 4) over what is visible, without multisampling.

        Returns values (size, size, k) and coverage (size, size), 1 where a mesh in `values` is
        seen; parts without values hide what is behind them. At most one layer may be named.
        """
        held = self._prepare(person, deformed, scene)
        if layers is not None and len(layers) != 1:
            raise ValueError("attributes() draws the whole person or one layer")
        layer = "" if layers is None else next(iter(layers))
        pixels = size or self.size
        target = self._value_target(pixels)
        context, program = self._gpu.context, self._gpu.values
        camera = scene.projection_44 @ scene.view_44
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        self._occlude(held, camera, layer)
        program["matrix"].write(np.ascontiguousarray(camera.T).tobytes())
        program["select"].value = selector(layer)
        program["whole"].value = float(layer == "")
        channels = max((v.shape[1] for v in values.values()), default=1)
        for name, part in held.parts.items():
            if self._draws(held, name, layer) and part.part.material not in SOFT:
                self._draw_values(part, values.get(name))
        shape = (pixels, pixels, 4)
        drawn = np.frombuffer(target.read(components=4, dtype="f4"), np.float32).reshape(shape)
        cover = np.frombuffer(
            target.read(components=1, attachment=1, dtype="f4"), np.float32
        ).reshape(pixels, pixels)
        return drawn[::-1, :, :channels].copy(), cover[::-1].copy()

    def _value_target(self, pixels: int) -> moderngl.Framebuffer:
        key = (pixels, pixels)
        if key not in self._value_targets:
            c = self._gpu.context
            textures = [c.texture(key, 4, dtype="f4"), c.texture(key, 1, dtype="f4")]
            self._value_targets[key] = c.framebuffer(textures, c.depth_renderbuffer(key))
        return self._value_targets[key]

    def _draw_values(self, part: GpuPart, values: Float32Array | None) -> None:
        program, mesh = self._gpu.values, part.part.mesh
        block = np.zeros((len(mesh.uv_V2), 4), np.float32)
        if values is not None:
            block[:, : values.shape[1]] = values[mesh.point_of_V]
        part.texture.use(0)
        program["cut"].value = SEEN_FROM.get(part.part.material, 0.0)
        program["given"].value = float(values is not None)
        buffer = self._gpu.context.buffer(block.tobytes())
        array = self._gpu.values_array(part, buffer)
        array.render()
        array.release()
        buffer.release()


def _straight(premultiplied: UInt8Array) -> UInt8Array:
    """Premultiplied to straight alpha; pixels of alpha 0 become black."""
    out = premultiplied.copy()
    alpha = out[..., 3]
    partly = (alpha > 0) & (alpha < 255)
    if partly.any():
        a = alpha[partly].astype(np.float32)[:, None]
        colour = out[partly][:, :3] * (255.0 / a)
        out[partly, :3] = np.clip(np.rint(colour), 0, 255).astype(np.uint8)
    return out
