"""Light and camera of a picture by chance: keys of any colour, a room, framing, focal length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inference.contract import Float32Array
from training.people.spec import FigureSpec
from training.rig.person import Person
from training.rig.scene import DISTANCE, HEAD_SHARE, Scene, direction, irradiance, studio


def _tone(rng: np.random.Generator, spread: float) -> Float32Array:
    """A colour of light round white, (3,), mean 1."""
    kelvin = float(rng.normal(0, spread))
    tone = np.array([1 + kelvin, 1.0, 1 - kelvin]) * np.exp(rng.normal(0, spread * 0.25, 3))
    return (tone / tone.mean()).astype(np.float32)


def draw_scene(person: Person, figure: FigureSpec, rng: np.random.Generator) -> Scene:
    """A room, a street at night, a studio: light from anywhere in front, seldom from behind."""
    drawn = figure.look == "drawn"
    scene = studio(
        person,
        key_azimuth=float(rng.uniform(-75, 75)),
        key_elevation=float(rng.uniform(0, 60)),
        rim=float(rng.uniform(0.0, 1.5)),
        camera_height=float(rng.uniform(-10, 10)),
        shift=(float(rng.uniform(-0.07, 0.07)), float(rng.uniform(-0.05, 0.05))),
        head_share=float(HEAD_SHARE * rng.uniform(0.82, 1.28)),
    )
    key = float(rng.uniform(0.15, 1.5))
    lights = [(direction(0, 10), 0.25 + 0.6 * float(rng.random()))]
    for _ in range(int(rng.integers(3, 7))):
        way = direction(float(rng.uniform(-180, 180)), float(rng.uniform(-50, 80)))
        lights.append((way, float(rng.gamma(1.2, 0.28))))
    spread = 0.16 if rng.random() < 0.8 else 0.45
    ways = np.stack([way for way, _ in lights])
    colours = np.stack([_tone(rng, spread) * strength for _, strength in lights])
    colours[0] = colours[0].mean() * _tone(rng, 0.08)
    total = key * 0.75 + float(np.clip(ways[:, 2], 0, 1) @ colours.mean(1)) * 0.75
    exposure = float(np.clip(1.30 / max(total, 0.2), 0.6, 2.2) * np.exp(rng.normal(0, 0.13)))
    if drawn:
        exposure = float(rng.uniform(0.88, 1.08))
    elif figure.look == "toon":
        exposure *= 0.82
    eye, view, projection = _dolly(scene, float(np.exp(rng.uniform(np.log(0.6), np.log(2.0)))))
    return replace(
        scene,
        eye_3=eye,
        view_44=view,
        projection_44=projection,
        key_colour_3=key * _tone(rng, spread),
        rim_colour_3=scene.rim_colour_3 * _tone(rng, 1.8 * spread),
        sky_93=irradiance(ways, colours),
        exposure=exposure,
    )


def _dolly(scene: Scene, factor: float) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Eye, view and projection from `factor` times as far, the face kept as large."""
    forward = -scene.view_44[2, :3]
    eye = scene.eye_3 - forward * DISTANCE * (factor - 1)
    view, projection = scene.view_44.copy(), scene.projection_44.copy()
    view[:3, 3] = -view[:3, :3] @ eye
    projection[0, 0] *= factor
    projection[1, 1] *= factor
    return eye.astype(np.float32), view.astype(np.float32), projection.astype(np.float32)
