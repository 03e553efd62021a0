"""Camera and light of a picture: a webcam's framing, one soft key light, and a room around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from inference.contract import Float32Array

if TYPE_CHECKING:
    from training.rig.person import Person

FRAME: Final = 512
"""Pixels that `Scene.project` and crops are counted in, whatever size is rendered."""
DISTANCE: Final = 8.5
"""Decimetres from the camera to the face, with HEAD_SHARE a webcam's mild perspective."""
HEAD_SHARE: Final = 0.53
"""Height of the head (chin to crown, with hair), as if in the plane of the eyes, in the frame;
the crown lies deeper, so that it shows as about 0.48."""
TOP_ROOM: Final = 0.11
"""Free share of the frame above the hair."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the camera sees and what lights it. Arrays are float32; matrices act on columns.

    `view_44` takes dm to camera space, `projection_44` to clip space. `key` and `rim` are
    directional lights (direction towards the light, linear RGB); `sky_93` are the room's
    irradiance as 9 real spherical harmonics times RGB (see `irradiance`).
    """

    eye_3: Float32Array
    view_44: Float32Array
    projection_44: Float32Array
    key_direction_3: Float32Array
    key_colour_3: Float32Array
    rim_direction_3: Float32Array
    rim_colour_3: Float32Array
    sky_93: Float32Array
    exposure: float
    focus_3: Float32Array

    def project(self, points_N3: Float32Array) -> Float32Array:
        """Pixels (n, 2) of points in dm: x right, y down, the first pixel's middle at (0, 0)."""
        matrix = self.projection_44 @ self.view_44
        clip = points_N3 @ matrix[:3, :3].T.astype(np.float32) + matrix[:3, 3]
        depth = points_N3 @ matrix[3, :3].astype(np.float32) + matrix[3, 3]
        x = (clip[:, 0] / depth * 0.5 + 0.5) * FRAME - 0.5
        y = (0.5 - clip[:, 1] / depth * 0.5) * FRAME - 0.5
        return np.stack([x, y], 1).astype(np.float32)


def direction(azimuth: float, elevation: float) -> Float32Array:
    """Unit vector (3,); degrees, azimuth 0 from the camera, positive to the character's left."""
    a, e = np.radians([azimuth, elevation])
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], np.float32)


def harmonics(direction_N3: Float32Array) -> Float32Array:
    """The 9 real spherical harmonics (n, 9) of unit vectors."""
    x, y, z = direction_N3[:, 0], direction_N3[:, 1], direction_N3[:, 2]
    return np.stack(
        [
            np.full_like(x, 0.282095),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        1,
    ).astype(np.float32)


def irradiance(directions_N3: Float32Array, colours_N3: Float32Array) -> Float32Array:
    """Harmonics (9, 3) of the light on a surface under far lights, relative to facing one.

    Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps",
    2001: the cosine lobe has band weights pi, 2 pi / 3, pi / 4.
    """
    bands = np.array([np.pi] + [2 * np.pi / 3] * 3 + [np.pi / 4] * 5)
    projected = harmonics(directions_N3).T @ colours_N3
    return (bands[:, None] * projected).astype(np.float32)


def studio(
    person: Person,
    *,
    key_azimuth: float = 35.0,
    key_elevation: float = 32.0,
    key: float = 1.0,
    warmth: float = 0.0,
    ambient: float = 1.0,
    rim: float = 1.0,
    exposure: float = 1.0,
    camera_height: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    head_share: float = HEAD_SHARE,
) -> Scene:
    """Soft daylight: a large window as key, a bright room, a faint rim from behind.

    Azimuths and elevations in degrees; `warmth` -1..1 from cool to warm key; `camera_height` is
    the camera's angle above the eyes in degrees; `shift` moves the frame's middle in frame sizes.
    """
    eye, view, projection, focus = _camera(person, camera_height, shift, head_share)
    side = 1.0 if key_azimuth >= 0 else -1.0
    key_colour = np.array([1.0 + 0.08 * warmth, 0.97, 0.93 - 0.12 * warmth]) * key
    room = [
        (direction(0, 80), (0.95, 1.0, 1.06), 0.42),
        (direction(-70 * side, 25), (0.93, 0.98, 1.06), 0.40),
        (direction(55 * side, 30), (1.03, 1.0, 0.96), 0.34),
        (direction(0, 15), (1.0, 1.0, 1.0), 0.30),
        (direction(0, -60), (1.05, 0.98, 0.92), 0.20),
        (direction(180, 20), (0.95, 1.0, 1.05), 0.16),
    ]
    directions = np.stack([d for d, _, _ in room])
    colours = np.array([np.array(c) * w * ambient for _, c, w in room])
    return Scene(
        eye,
        view,
        projection,
        direction(key_azimuth, key_elevation),
        key_colour.astype(np.float32),
        direction(-148 * side, 30),
        (np.array([0.95, 1.0, 1.05]) * 0.9 * rim).astype(np.float32),
        irradiance(directions, colours),
        exposure,
        focus,
    )


def random_scene(person: Person, rng: np.random.Generator) -> Scene:
    """A room somebody might sit in: light from anywhere in front, framing a little off."""
    return studio(
        person,
        key_azimuth=float(rng.uniform(-65, 65)),
        key_elevation=float(rng.uniform(5, 55)),
        key=float(rng.uniform(0.35, 1.3)),
        warmth=float(rng.uniform(-1, 1)),
        ambient=float(rng.uniform(0.7, 1.3)),
        rim=float(rng.uniform(0.0, 1.2)),
        exposure=float(rng.uniform(0.85, 1.15)),
        camera_height=float(rng.uniform(-8, 8)),
        shift=(float(rng.uniform(-0.04, 0.04)), float(rng.uniform(-0.02, 0.03))),
        head_share=float(rng.uniform(0.49, 0.56)),
    )


def _camera(
    person: Person, height: float, shift: tuple[float, float], head_share: float
) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """Eye, view, projection and the middle of the head; fixed by the rest pose."""
    crown, chin = person.crown_y, person.chin_y
    frame = (crown - chin) / head_share
    middle = crown + TOP_ROOM * frame - frame / 2
    target = np.array([0.0, middle, float(person.pivot_3[2]) + 0.3])
    target[:2] += np.array([shift[0], shift[1]]) * frame
    away = direction(0.0, height)
    face_depth = float(person.eyes_23[0, 2]) - target[2]
    eye = target + away * (DISTANCE + face_depth)
    forward = (target - eye) / np.linalg.norm(target - eye)
    view = look(eye, forward, np.array([0.0, 1.0, 0.0]))
    half = np.arctan(frame / 2 / DISTANCE)
    near, far, scale = 2.0, 30.0, 1 / np.tan(half)
    projection = np.zeros((4, 4))
    projection[0, 0] = projection[1, 1] = scale
    projection[2, 2] = (far + near) / (near - far)
    projection[2, 3] = 2 * far * near / (near - far)
    projection[3, 2] = -1
    focus = np.array([0.0, (crown + chin) / 2 - 0.9, float(person.pivot_3[2])])
    to32 = np.float32
    return eye.astype(to32), view.astype(to32), projection.astype(to32), focus.astype(to32)


def look(eye: np.ndarray, forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """View matrix (4, 4) from `eye` along the unit vector `forward`."""
    side = np.cross(forward, up)
    side /= np.linalg.norm(side)
    above = np.cross(side, forward)
    view = np.eye(4)
    view[0, :3], view[1, :3], view[2, :3] = side, above, -forward
    view[:3, 3] = -view[:3, :3] @ eye
    return view


def orthographic(centre_3: np.ndarray, towards_3: np.ndarray, radius: float) -> Float32Array:
    """View-projection (4, 4) of a far light's shadow map of this radius (dm) about a centre."""
    up = np.array([0.0, 1.0, 0.0]) if abs(towards_3[1]) < 0.95 else np.array([0.0, 0.0, 1.0])
    view = look(np.asarray(centre_3, float), -np.asarray(towards_3, float), up)
    projection = np.diag([1 / radius, 1 / radius, -1 / 6.0, 1.0])
    matrix: Float32Array = (projection @ view).astype(np.float32)
    return matrix
