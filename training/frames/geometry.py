"""Takes a rig person apart into layers, depth and motion bases: a character's `geometry.npz`.

    python -m training.frames.geometry --assets ASSETS --characters assets/characters

For every layer the rig renders the picture by itself, with what other layers hide, and per pixel
the depth, the share of the head's rotation and the displacement under each motion value. These maps
are continued smoothly beyond the layer's outline and over eyes and mouth, and brought to a coarse
grid. Depth is limited in slope towards the sides, so that turning the head never folds the warp.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_SIZE, Float32Array, UInt8Array
from inference.face_grids import (
    MARGIN,
    fill,
    layer_boxes,
    lip_line,
    lip_masks,
    pack_grid,
    premultiply,
    smoothstep,
    to_grid,
)
from inference.frame_generator_layers import FORMAT, SIZE
from inference.frame_generator_windows import WINDOW_SIZES
from training.frames.mouth_bank import bank_arrays
from training.frames.tight import encode_tightly
from training.rig.assets import RigAssets
from training.rig.base_mesh import LINEAR_NAMES
from training.rig.character_files import add_files
from training.rig.export_cast import cast_scene
from training.rig.layers import LAYERS
from training.rig.people import cast
from training.rig.person import Deformed, Person
from training.rig.pose import BODY_FOLLOWS
from training.rig.render import Renderer
from training.rig.scene import Scene

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
MAP_SIZE: Final = 256
SMALLEST_SHIFT: Final = 0.3
"""Bases that move nothing by more pixels than this are left out."""
OUTLINE: Final = 48.0
"""Pixels from a person's outline over which the two hair layers run into each other."""


def camera_of(scene: Scene) -> Float32Array:
    """The scene's projection (3, 4) to pixels; the third row gives the depth."""
    matrix = (scene.projection_44 @ scene.view_44).astype(np.float64)
    half, middle = SIZE / 2, (SIZE - 1) / 2
    rows = [half * matrix[0] + middle * matrix[3], middle * matrix[3] - half * matrix[1], matrix[3]]
    return np.stack(rows).astype(np.float32)


class LayerMaps:
    """Reads maps of one layer from the rig, at rest."""

    def __init__(self, renderer: Renderer, person: Person, scene: Scene, layer: str) -> None:
        self._renderer, self._person, self.scene, self._layer = renderer, person, scene, layer
        self.rest: Deformed = person.deform(np.zeros(MOTION_SIZE, np.float32))
        self.camera_34 = camera_of(scene)
        inner = ("eyes", "teeth", "tongue") if layer == "head" else ()
        self.parts = [
            name
            for name, part in person.parts.items()
            if layer in part.alpha
            and name not in inner
            and part.material not in ("brows", "lashes")
        ]
        self._hidden = self._neck() if layer == "head" else np.zeros((SIZE, SIZE), bool)
        self.joined: tuple[Float32Array, Float32Array] | None = None
        """Another depth and the share of it that `depth` takes."""

    def outline_share(self) -> Float32Array:
        """1 at the outline of the whole person, falling to 0 within OUTLINE pixels inside."""
        parts = self._person.parts
        ones = {name: np.ones((part.mesh.size, 1), np.float32) for name, part in parts.items()}
        _, seen = self._renderer.attributes(
            self._person, self.rest, ones, self.scene, None, MAP_SIZE
        )
        inside = cv.distanceTransform((seen > 0.5).astype(np.uint8), cv.DIST_L2, 5)
        return smoothstep(OUTLINE, 0.0, inside * (SIZE / MAP_SIZE))[..., None]

    def _neck(self) -> Any:
        """Frame pixels of the neck under the jaw.

        The jaw slides over them, which no smooth map can follow: there the maps are continued from
        the jaw to the neck's root instead, so that the skin between stretches.
        """
        weights = {n: self._person.parts[n].head_weight_N[:, None] for n in self.parts}
        drawn, known = self.raw(weights, SIZE)
        lips_y = self.scene.project(self.rest.points["skin"][[self._person.mouth.lower]])[0, 1]
        under = np.arange(SIZE)[:, None] > lips_y
        neck = (drawn[..., 0] > 0.5) & (drawn[..., 0] < 0.96) & (known > 0.5) & under
        grown = cv.dilate(neck.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return grown & (drawn[..., 0] > 0.5)

    def picture(self) -> UInt8Array:
        """Premultiplied RGBA over the frame with MARGIN on every side."""
        side = SIZE + 2 * MARGIN
        crop = (-MARGIN, -MARGIN, side, side)
        drawn = self._renderer.render(self._person, self.rest, self.scene, {self._layer}, crop)
        return premultiply(drawn)

    def raw(self, values: dict[str, Float32Array], size: int) -> tuple[Float32Array, Float32Array]:
        """A map (size, size, C) as the rig draws it, and where it is known."""
        chosen = {name: values[name] for name in self.parts}
        return self._renderer.attributes(
            self._person, self.rest, chosen, self.scene, {self._layer}, size
        )

    def read(
        self, values: dict[str, Float32Array], unknown: Any = None
    ) -> tuple[Float32Array, Float32Array]:
        """A map continued everywhere, and where it was really seen.

        Frame pixels in `unknown` are left out. Its size is the frame's where some are, or MAP_SIZE.
        """
        left_out = self._hidden if unknown is None else self._hidden | unknown
        drawn, known = self.raw(values, SIZE if left_out.any() else MAP_SIZE)
        sure = (known > 0.5).astype(np.float32)
        if left_out.any():
            sure *= ~left_out
        return fill(drawn, sure), known

    def depth(self, unknown: Any = None) -> Float32Array:
        """Distance from the camera along its axis."""
        row = self.camera_34[2]
        points = self.rest.points
        values = {n: (points[n] @ row[:3] + row[3])[:, None] for n in self.parts}
        depth = self.read(values, unknown)[0]
        if self.joined is not None:
            other, share = self.joined
            depth = depth * (1 - share) + other * share
        return depth

    def weight(self) -> Float32Array:
        """Share of the head's rotation."""
        parts = self._person.parts
        return self.read({n: parts[n].head_weight_N[:, None] for n in self.parts})[0]

    def shift(self, basis: dict[str, Float32Array]) -> float:
        """Largest movement in pixels under a basis."""
        scale = self.camera_34[0, 0] / float(self._pivot_depth())
        sizes = (np.abs(basis[n]).max() for n in self.parts if len(basis[n]))
        return float(max(sizes, default=0.0)) * float(scale)

    def _pivot_depth(self) -> float:
        row = self.camera_34[2]
        return float(self._person.pivot_3 @ row[:3] + row[3])


def _grid_arrays(
    maps: LayerMaps, person: Person, box_4: Float32Array, unknown: Any, limit: bool
) -> dict[str, Any]:
    """Depth and bases over a box, read without the `unknown` pixels."""
    depth_HW = to_grid(maps.depth(unknown), box_4)[..., 0]
    bases = (
        (name, to_grid(maps.read(basis, unknown)[0], box_4))
        for name in LINEAR_NAMES
        if maps.shift(basis := person.basis(name)) > SMALLEST_SHIFT
    )
    return pack_grid(depth_HW, bases, box_4, float(maps.camera_34[0, 0]), limit)


def _layer_arrays(maps: LayerMaps, person: Person, layer: str) -> dict[str, Any] | None:
    picture = maps.picture()
    (x, y, w, h), box_4 = layer_boxes(picture[..., 3], layer)
    if not w:
        return None
    cut = picture[y : y + h, x : x + w]
    weight_HW = to_grid(maps.weight(), box_4)[..., 0]
    return _grid_arrays(maps, person, box_4, None, limit=True) | {
        "colour": encode_tightly(cv.cvtColor(cut[..., :3], cv.COLOR_RGB2BGR)),
        "alpha": encode_tightly(cut[..., 3]),
        "corner": np.array([x - MARGIN, y - MARGIN], np.int32),
        "weight": np.rint(np.clip(weight_HW, 0, 1) * 255).astype(np.uint8),
    }


def mouth_arrays(maps: LayerMaps, person: Person, corner: tuple[int, int]) -> dict[str, Any]:
    """The two lips' maps over the mouth's window, and the line between the lips."""
    jaw = {name: -basis[:, 1:2] for name, basis in person.basis("jawOpen").items()}
    lips = maps.rest.points["skin"][[person.mouth.upper, person.mouth.lower]]
    x, y = maps.scene.project(lips).mean(0)
    line = lip_line(maps.raw(jaw, SIZE)[0][..., 0], (float(x), float(y)))
    below, lower_share = lip_masks(line, (SIZE, SIZE))
    width, height = WINDOW_SIZES["mouth"]
    left, top = corner
    window = (slice(top, top + height), slice(left, left + width))
    box_4 = np.array([left - 8, top - 8, width + 16, height + 16], np.float32)
    out = {
        "upper_lip_share": encode_tightly((~below[window]).astype(np.uint8) * 255),
        "lower_lip_share": encode_tightly(lower_share[window].astype(np.uint8) * 255),
    }
    for name, unknown in (("upper_lip", below), ("lower_lip", ~below)):
        found = _grid_arrays(maps, person, box_4, unknown, limit=False)
        out |= {f"{name}_{key}": value for key, value in found.items()}
    return out


def paint_windows(person: Person, scene: Scene) -> dict[str, tuple[int, int]]:
    """First pixels of the windows, from where eyes and lips stand at rest."""
    skin = person.deform(np.zeros(MOTION_SIZE, np.float32)).points["skin"]
    lips = scene.project(skin[[person.mouth.upper, person.mouth.lower]]).mean(0)
    left, right = scene.project(person.eyes_23.astype(np.float32))
    middle = (left[0] + right[0]) / 2
    width, height = WINDOW_SIZES["eye_left"]
    out = {"mouth": (round(middle - WINDOW_SIZES["mouth"][0] / 2), round(lips[1] - 32))}
    for name, eye in (("eye_left", left), ("eye_right", right)):
        out[name] = (round(eye[0] - width / 2), round(eye[1] - height / 2))
    return {name: (int(x), int(y)) for name, (x, y) in out.items()}


def _hangs(person: Person) -> bool:
    """Whether hair falls beside the face to the mouth, and so stands off the head there."""
    if "hair" not in person.parts or "hair_back" not in person.parts["hair"].alpha:
        return False  # no hair, or all of it in one layer, which has nothing to run into
    hair, skin = person.parts["hair"], person.parts["skin"].mesh.points(person.base_B3)
    front = hair.mesh.points(person.base_B3)[hair.alpha["hair_front"] > 0.5]
    return bool(front[:, 1].min() < skin[person.mouth.lower, 1])


def _join_hair(layers: dict[str, LayerMaps]) -> None:
    """Let the depths of the two hair layers run into each other at the person's outline.

    Front and back meet there in the round; as two pictures that pass each other they would open a
    gap towards the background as soon as the head turns.
    """
    front, back = layers["hair_front"], layers["hair_back"]
    mean = ((front.depth() + back.depth()) / 2).astype(np.float32)
    front.joined = back.joined = mean, front.outline_share()


def geometry_arrays(renderer: Renderer, person: Person, scene: Scene) -> dict[str, Any]:
    """Everything `geometry.npz` holds, by key; see `inference.frame_generator_layers`."""
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "camera": camera_of(scene),
        "place": np.array([*person.pivot_3, person.pupil_distance, BODY_FOLLOWS], np.float32),
    }
    names = []
    windows = paint_windows(person, scene)
    layers = {layer: LayerMaps(renderer, person, scene, layer) for layer in LAYERS}
    if _hangs(person):
        _join_hair(layers)
    for layer, maps in layers.items():
        if layer == "head":
            arrays |= mouth_arrays(maps, person, windows["mouth"])
            arrays |= bank_arrays(renderer, person, scene, windows["mouth"])
        found = _layer_arrays(maps, person, layer)
        if found is not None:
            names.append(layer)
            arrays |= {f"{layer}_{key}": value for key, value in found.items()}
    arrays["layers"] = np.array(names)
    arrays |= {k: np.array(v, np.int32) for k, v in windows.items()}
    return arrays


def geometry_file(renderer: Renderer, person: Person, scene: Scene) -> bytes:
    """The bytes of `geometry.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **geometry_arrays(renderer, person, scene))
    return buffer.getvalue()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--characters", type=Path, required=True, help="folder of characters")
    parser.add_argument("--only", nargs="*", default=None)
    arguments = parser.parse_args()
    assets, renderer = RigAssets(arguments.assets), Renderer(SIZE, 4)
    for name, spec in cast().items():
        folder = arguments.characters / name
        if folder.is_dir() and (arguments.only is None or name in arguments.only):
            person = Person(spec, assets)
            content = geometry_file(renderer, person, cast_scene(person))
            add_files(folder, {"geometry.npz": content}, geometry="geometry.npz")
            print(f"{name}: {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
