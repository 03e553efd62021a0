"""What every pixel shows: one label each, at twice a picture's size."""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.people.figure import Figure
from training.rig.surface import Surface

LABELS: Final = (
    "background", "clothes", "body", "face", "ears", "lids", "white", "iris", "brows", "lashes",
    "lips", "mouth", "teeth", "tongue", "hair_back", "hair_front", "beard", "glasses",
)  # fmt: skip
"""`body` is skin below the head; `lids` the skin of the eyelids; `mouth` its inner walls;
`glasses` frames (lenses are clear: what is behind them has its own label); cat's ears, horns
and hats count as hair before the face."""
LABEL_INDEX: Final = {name: k for k, name in enumerate(LABELS)}
_OF_PART: Final = {
    "clothes": "clothes", "neck": "body", "skin": "face", "eyes": "white", "brows": "brows",
    "lashes": "lashes", "lower_lashes": "lashes", "teeth": "teeth", "tongue": "tongue",
    "seam": "lips", "hair": "hair_back", "beard": "beard", "frame": "glasses",
    "ears_outer": "hair_front", "ears_inner": "hair_front", "hat": "hair_front",
    "collar": "clothes", "long_beard": "beard",
}  # fmt: skip
IRIS_RADIUS: Final = 0.115
"""Of a human iris, in the eye mesh's texture."""


def labels(figure: Figure, seen: Surface) -> UInt8Array:
    """Label (h, w) of each pixel of a surface drawn with `training.people.studio.label_values`."""
    out = np.zeros(seen.part_HW.shape, np.uint8)
    for number, name in enumerate(seen.parts):
        if name in _OF_PART:
            out[seen.part_HW == number] = LABEL_INDEX[_OF_PART[name]]
    skin = seen.of("skin")
    lips, lids, inside, head = (seen.values_HW4[..., k] for k in range(4))
    ear_N = figure.regions["ears"]
    corners = figure.parts["skin"].mesh.point_triangles_F3[seen.triangle_HW[skin]]
    ear = np.zeros(skin.shape, bool)
    ear[skin] = (ear_N[corners] > 0.5).sum(1) >= 2
    out[skin & (head < 0.9)] = LABEL_INDEX["body"]
    out[skin & ear] = LABEL_INDEX["ears"]
    out[skin & (lids > 0.5)] = LABEL_INDEX["lids"]
    out[skin & (lips > 0.5)] = LABEL_INDEX["lips"]
    out[skin & (inside > 0.5)] = LABEL_INDEX["mouth"]
    size = figure.figure.ink.get("iris", 1.0)
    out[seen.of("eyes") & (seen.values_HW4[..., 0] < IRIS_RADIUS * size)] = LABEL_INDEX["iris"]
    out[seen.of("hair") & (seen.values_HW4[..., 0] > 0.5)] = LABEL_INDEX["hair_front"]
    return out


def soft_masks(labels_HW: UInt8Array, names: tuple[str, ...]) -> Float32Array:
    """Masks (len(names), h / 2, w / 2) in 0..1 of labels at twice the size."""
    height, width = labels_HW.shape
    blocks = labels_HW.reshape(height // 2, 2, width // 2, 2)
    return np.stack(
        [(blocks == LABEL_INDEX[name]).mean((1, 3), dtype=np.float32) for name in names]
    )
