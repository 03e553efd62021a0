"""The layers a portrait is taken apart into, and how much of each point belongs to which.

Layers lie over each other in the order of LAYERS. Where the layer of a surface changes, the upper
one fades out over the lower one, which shows the same surface, so that the layers recompose to the
picture; and each goes on behind what covers it: the neck as a column behind the jaw, the hair
behind the face, the forehead under the fringe.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from inference.contract import Float32Array
from training.rig.mesh import Mesh

LAYERS: Final = ("hair_back", "body", "head", "hair_front")
"""From the back to the front."""

NECK_FADE: Final = (0.30, 0.50)
"""Head weights between which the head's neck fades out over the body's."""
COLUMN_FADE: Final = (0.55, 0.80)
"""Head weights between which the body's neck leaves the jaw and goes straight up."""

COLUMN_TOP: Final = (0.85, 1.25)
"""Heights (dm above the jaw) between which the column fades out, behind the ears: lower, the
background would show beneath the ear of a turned head."""


def smoothstep(low: float, high: float, x: Any) -> Float32Array:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def head_alpha(head_weight_N: Float32Array, normal_N3: Float32Array) -> Float32Array:
    """Alpha of skin in the head layer.

    Under the jaw the sides of the neck are left to the body's: the outline that they have from the
    front would show as a line down the neck as soon as the head turns.
    """
    neck = smoothstep(0.985, 0.93, head_weight_N)
    aside = smoothstep(0.80, 0.50, normal_N3[:, 2])
    alpha: Float32Array = smoothstep(*NECK_FADE, head_weight_N) * (1 - neck * aside)
    return alpha


def column(
    points_N3: Float32Array, head_weight_N: Float32Array
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """The neck's column: share (n,) of each point that is column, its place (n, 3), alpha (n,).

    The ring where the neck meets the jaw (head weight about 0.55) is carried straight up; points
    beyond it are drawn onto that tube at their own height, and fade out above the chin.
    """
    ring = points_N3[(head_weight_N > 0.47) & (head_weight_N < 0.63)]
    centre = np.array([0.0, 0.0, (ring[:, 2].min() + ring[:, 2].max()) / 2])
    angle, radius = _polar(ring - centre)
    waves = np.stack([np.cos(k * angle) for k in range(4)], 1)
    fit, *_ = np.linalg.lstsq(waves, radius, rcond=None)
    angle, distance = _polar(points_N3 - centre)
    tube = np.minimum(np.stack([np.cos(k * angle) for k in range(4)], 1) @ fit, distance)
    place = points_N3.copy()
    place[:, 0] = tube * np.sin(angle)
    place[:, 2] = centre[2] + tube * np.cos(angle)
    share = smoothstep(*COLUMN_FADE, head_weight_N)
    jaw = points_N3[(head_weight_N > 0.95) & (points_N3[:, 2] > centre[2] + 0.5)][:, 1].min()
    alpha = 1 - smoothstep(jaw + COLUMN_TOP[0], jaw + COLUMN_TOP[1], points_N3[:, 1])
    return share, place.astype(np.float32), alpha


def carry_skin_up(
    neck: Mesh, points_N3: Float32Array, share_N: Float32Array, ring_N: NDArray[np.bool_]
) -> None:
    """Give the column the skin of the ring it stands on, in place of the face's own.

    Lips and beard on the side of a neck would give it away as soon as the head turns.
    """
    angle_N = np.arctan2(points_N3[:, 0], points_N3[:, 2] - points_N3[ring_N, 2].mean())
    on_ring_V = ring_N[neck.point_of_V]
    angle_R, uv_R = angle_N[neck.point_of_V[on_ring_V]], neck.uv_V2[on_ring_V]
    count = min(5, len(angle_R))
    distance, near = cKDTree(angle_R[:, None]).query(angle_N[neck.point_of_V][:, None], k=count)
    pull = 1 / (distance.reshape(-1, count) + 0.02)
    mean_V2 = (uv_R[near.reshape(-1, count)] * pull[..., None]).sum(1) / pull.sum(1)[:, None]
    part_V = smoothstep(0.0, 0.15, share_N)[neck.point_of_V][:, None]
    neck.uv_V2 = (neck.uv_V2 * (1 - part_V) + mean_V2 * part_V).astype(np.float32)


def _polar(offset_N3: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Angle about y (0 to the front) and distance from the axis."""
    return np.arctan2(offset_N3[:, 0], offset_N3[:, 2]), np.hypot(offset_N3[:, 0], offset_N3[:, 2])


def hair_share(
    hair_N3: Float32Array, body_M3: Float32Array, ear_z: float, chin_y: float
) -> Float32Array:
    """How far in front each hair point is: 0 behind the face, 1 in front; between, both; up to 2.

    Hair before the ears is in front, and so is what falls before neck, shoulders and chest.
    """
    by_depth = (hair_N3[:, 2] - ear_z) / 0.25
    tree = cKDTree(body_M3[:, :2])
    _, near = tree.query(hair_N3[:, :2], k=6)
    ahead = hair_N3[:, 2] - body_M3[near, 2].max(1)
    below = smoothstep(chin_y + 0.2, chin_y - 0.3, hair_N3[:, 1])
    by_body = below * np.clip(ahead / 0.10 + 0.5, 0, 2)
    return np.clip(np.maximum(by_depth, by_body), 0, 2).astype(np.float32)
