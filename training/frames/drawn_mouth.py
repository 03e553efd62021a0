"""Mouths of drawn figures: clean lips, an opening that ends in the corners, an inside in ink.

The rig's teeth and tongue, seen through the few vertices of a drawn figure's small mouth, are white
and red splinters. Drawings show one dark colour, a band of teeth and a tongue instead
(`inference.face_mouth_drawn`), between lips whose line has no steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import encode
from inference.face_lips import smooth_cut
from inference.face_mouth import cut_of
from inference.face_mouth_drawn import drawn_bank
from inference.frame_generator_layers import GRID, cell_centres
from training.people.figure import Figure
from training.rig.scene import Scene

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LINE: Final = 4.0
"""Pixels over which the line between the lips is smoothed along itself."""
MAPS: Final = 2.5
"""Cells over which what lips do is smoothed."""
NEAR: Final = 14.0
"""Pixels above and below the line within which the lips meet at the corners."""
ROUND: Final = 3.0
"""How late lips begin to meet on the way to a corner: 2 is a lens, more is fuller."""
LIPS: Final = ("upper_lip", "lower_lip")


def drawn_mouth(
    arrays: Mapping[str, Any], figure: Figure, scene: Scene, portrait: UInt8Array
) -> dict[str, Any]:
    """The arrays of a mouth (see `training.frames.geometry.mouth_arrays` and `mouth_bank`) made
    anew for a drawn figure, from those that the rig gives; `portrait` is RGBA (512, 512, 4)."""
    corners = _corners(figure, scene) - arrays["mouth"]
    line = _line(arrays)
    out = dict(arrays) | _shares(arrays, line, corners)
    out |= smooth_cut(out)
    out |= _meeting(arrays, line, corners)
    return out | drawn_bank(out, out, portrait, cut_of(out))


def _corners(figure: Figure, scene: Scene) -> Float32Array:
    """Frame pixels (2, 2) of the mouth's corners at rest, the left one in the picture first."""
    rows = figure.marks.rows(figure, ["mouth_right", "mouth_left"])
    at = scene.project((rows @ figure.base_B3).astype(np.float32))
    return np.asarray(at[np.argsort(at[:, 0])], np.float32)


def _line(arrays: Mapping[str, Any]) -> Float32Array:
    """Row of the line between the lips in each column of the window, smooth."""
    upper = cv.imdecode(arrays["upper_lip_share"], cv.IMREAD_GRAYSCALE)
    rows = (upper > 0).sum(0).astype(np.float32)[None]
    smooth: Float32Array = cv.GaussianBlur(rows, (0, 0), LINE, borderType=cv.BORDER_REPLICATE)[0]
    return smooth


def _shares(
    arrays: Mapping[str, Any], line: Float32Array, corners_22: Float32Array
) -> dict[str, Any]:
    """Which pixels are whose: both lips' beside the corners."""
    height = len(cv.imdecode(arrays["upper_lip_share"], cv.IMREAD_GRAYSCALE))
    rows, columns = np.mgrid[:height, : len(line)].astype(np.float32)
    below = rows >= np.rint(line)
    beside = (columns < corners_22[0, 0]) | (columns > corners_22[1, 0])
    return {
        "upper_lip_share": encode((~below | beside).astype(np.uint8) * 255),
        "lower_lip_share": encode((below | beside).astype(np.uint8) * 255),
    }


def _meeting(
    arrays: Mapping[str, Any], line: Float32Array, corners_22: Float32Array
) -> dict[str, Any]:
    """The lips' bases, smooth, and alike at the corners."""
    bases = {lip: _bases(arrays, lip) for lip in LIPS}
    same = {
        int(index): (k, list(arrays["lower_lip_index"]).index(index))
        for k, index in enumerate(arrays["upper_lip_index"])
        if index in arrays["lower_lip_index"]
    }
    x, y = cell_centres(arrays["upper_lip_box"].astype(np.float32), GRID)
    x, y = x - arrays["mouth"][0], y - arrays["mouth"][1]
    middle, half = corners_22[:, 0].mean(), np.ptp(corners_22[:, 0]) / 2
    aside = np.minimum(np.abs(x - middle) / half, 1)
    row = np.interp(x, np.arange(len(line)), line)
    share = aside**ROUND * np.exp(-(((y - row) / NEAR) ** 2))
    for upper, lower in same.values():
        both = (bases["upper_lip"][upper] + bases["lower_lip"][lower]) / 2
        for lip, k in (("upper_lip", upper), ("lower_lip", lower)):
            bases[lip][k] += share * (both - bases[lip][k])
    out: dict[str, Any] = {}
    for lip, basis in bases.items():
        steps = arrays[f"{lip}_basis_step"].astype(np.float32)[:, None, None, None]
        out[f"{lip}_basis"] = np.rint(basis / steps).astype(np.int16)
    return out


def _bases(arrays: Mapping[str, Any], lip: str) -> Float32Array:
    """Displacements (K, 3, GRID, GRID) in dm, smooth."""
    steps = arrays[f"{lip}_basis_step"].astype(np.float32)
    basis = arrays[f"{lip}_basis"].astype(np.float32) * steps[:, None, None, None]
    for each in basis.reshape(-1, GRID, GRID):
        each[:] = cv.GaussianBlur(each, (0, 0), MAPS, borderType=cv.BORDER_REPLICATE)
    return np.asarray(basis, np.float32)
