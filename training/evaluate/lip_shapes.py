"""Which viseme a lip shape looks like, and which visemes look alike to a lip reader.

The templates are ARKit weights of a plain rendering of the 15 Oculus visemes; a mouth is read as
the nearest (squared distance over the shapes that any template uses).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_INDEX, VISEMES, Float32Array

_BOTH: Final = ("Left", "Right")


def _sides(name: str, value: float) -> dict[str, float]:
    return {f"{name}{side}": value for side in _BOTH}


TEMPLATES: Final[dict[str, dict[str, float]]] = {
    "sil": {},
    "PP": {"mouthClose": 0.1, "mouthRollLower": 0.3, "mouthRollUpper": 0.2}
    | _sides("mouthPress", 0.4),
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.5} | _sides("mouthUpperUp", 0.2),
    "TH": {"jawOpen": 0.2, "tongueOut": 0.3} | _sides("mouthLowerDown", 0.15),
    "DD": {"jawOpen": 0.2} | _sides("mouthLowerDown", 0.2),
    "kk": {"jawOpen": 0.25},
    "CH": {"jawOpen": 0.12, "mouthFunnel": 0.4, "mouthPucker": 0.2},
    "SS": {"jawOpen": 0.08} | _sides("mouthStretch", 0.25) | _sides("mouthLowerDown", 0.2),
    "nn": {"jawOpen": 0.2} | _sides("mouthLowerDown", 0.1),
    "RR": {"jawOpen": 0.2, "mouthFunnel": 0.25, "mouthPucker": 0.15},
    "aa": {"jawOpen": 0.65} | _sides("mouthLowerDown", 0.2),
    "E": {"jawOpen": 0.4} | _sides("mouthStretch", 0.2),
    "I": {"jawOpen": 0.22} | _sides("mouthSmile", 0.25) | _sides("mouthStretch", 0.2),
    "O": {"jawOpen": 0.45, "mouthFunnel": 0.5, "mouthPucker": 0.2},
    "U": {"jawOpen": 0.2, "mouthFunnel": 0.3, "mouthPucker": 0.6},
}
"""ARKit weights of each viseme."""

_GROUP_OF: Final[dict[str, int]] = {
    "sil": 0, "PP": 1, "FF": 2, "TH": 3, "DD": 3, "kk": 3, "CH": 3, "SS": 3, "nn": 3, "RR": 3,
    "aa": 4, "E": 4, "I": 5, "O": 6, "U": 6,
}  # fmt: skip
LIP_GROUP: Final[NDArray[np.int64]] = np.array([_GROUP_OF[name] for name in VISEMES])
"""Group of each viseme: silence; p b m; f v; inner mouth; open; spread; rounded."""

_KEYS: Final = sorted({key for shape in TEMPLATES.values() for key in shape})
_COLUMNS: Final = [MOTION_INDEX[key] for key in _KEYS]
_TEMPLATE_VK: Final = np.array(
    [[TEMPLATES[name].get(key, 0.0) for key in _KEYS] for name in VISEMES]
)


def read_lips(motion_TD: Float32Array) -> NDArray[np.int64]:
    """Index in VISEMES of the nearest template, (T,), of a motion (T, 61)."""
    shape_TK = motion_TD[:, _COLUMNS].astype(np.float64)
    # |a - b|^2 without |a|^2, which is the same for every template.
    cost_TV = (_TEMPLATE_VK**2).sum(1) - 2 * shape_TK @ _TEMPLATE_VK.T
    return np.asarray(cost_TV.argmin(1), np.int64)
