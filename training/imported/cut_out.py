"""How well people are cut out of their pictures, and whether the picture comes out again at rest.

    python -m training.imported.cut_out --cases DIR [--assets assets]

`--cases` is the folder of case files that `training.imported.evaluate` keeps in its work folder:
people, hair and looks never trained on. Printed for each: mean error of the person's share (of 100)
within 16 pixels of the true outline, of that near hair, over the whole frame, and its root mean
square, first without and then with the second look by colour; then PSNR (dB) at rest before the
character's own background, as stored, against the picture: everywhere, and at soft edges.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.compositor import Backdrop, Compositor
from inference.contract import Float32Array, UInt8Array
from inference.face_background import LEFT, WIDTH, jpeg, own_background
from inference.face_camera import SIZE
from inference.face_character import composed
from inference.face_fit import fit_face
from inference.face_frame import Framed, framed
from inference.face_grids import MARGIN
from inference.face_layers import take_apart
from inference.face_model import FaceModel, load_face_model
from inference.own_background import Outline, OwnBackground
from inference.portrait_reader import NetworkReader
from training.imported.bring import _true_masks
from training.imported.cases import Case, read_case

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
NEAR: Final = 16
"""Pixels around the true outline that count as near it."""
STILL: Final = Outline(np.eye(3, 4, dtype=np.float32), np.zeros(5, np.float32),
                       np.concatenate([np.ones((64, 114, 1)), np.zeros((64, 114, 11))], 2)
                       .astype(np.float32))  # fmt: skip
"""An outline that moves nothing: only rest is looked at."""


def share_errors(
    found: dict[str, Float32Array], true: dict[str, Float32Array]
) -> tuple[float, float, float, float]:
    """Mean error (of 100) near the outline, near hair, everywhere; root mean square near it."""
    frame = slice(MARGIN, MARGIN + SIZE)
    share, wanted = (np.clip(sum(m.values()), 0, 1)[frame, frame] for m in (found, true))
    person = (np.asarray(wanted) > 0.5).astype(np.uint8)
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * NEAR + 1, 2 * NEAR + 1))
    near = (cv.dilate(person, disc) > 0) & (cv.erode(person, disc) == 0)
    hair = ((true["hair_front"] + true["hair_back"])[frame, frame] > 0.3).astype(np.uint8)
    near_hair = near & (cv.dilate(hair, disc) > 0)
    off = 100 * np.abs(share - wanted)
    of_hair = float(off[near_hair].mean()) if near_hair.any() else float("nan")
    return (
        float(off[near].mean()), of_hair, float(off.mean()), float(np.sqrt((off[near] ** 2).mean()))
    )  # fmt: skip


def at_rest(
    model: FaceModel, case: Case, placed: Framed, masks: dict[str, Float32Array]
) -> tuple[float, float]:
    """PSNR of a character at rest before its own background: everywhere, at soft edges."""
    rgb = np.ascontiguousarray(placed.picture[..., :3])
    portrait = composed(take_apart(model, fit_face(model, placed.landmarks), rgb, masks))
    made = own_background(opaque(case.picture), placed.matrix_23, portrait)
    if made is None:
        return float("nan"), float("nan")
    stored = cv.imdecode(np.frombuffer(jpeg(made), np.uint8), cv.IMREAD_COLOR)
    own = OwnBackground(cv.cvtColor(stored, cv.COLOR_BGR2RGB), STILL)
    canvas = Compositor(WIDTH, SIZE, Backdrop("own"), own).compose(portrait)
    frame = slice(MARGIN, MARGIN + SIZE)
    off = (canvas[:, LEFT : LEFT + SIZE].astype(float) - rgb[frame, frame]) ** 2
    shown = np.ones(case.picture.shape[:2], np.uint8)
    inside = cv.warpAffine(shown, placed.matrix_23, (SIZE, SIZE)) > 0
    soft = ((portrait[..., 3] > 4) & (portrait[..., 3] < 251)).astype(np.uint8)
    edge = cv.dilate(soft, np.ones((5, 5), np.uint8)) > 0
    return psnr(off[inside]), psnr(off[inside & edge])


def psnr(squares: Any) -> float:
    """Of squared errors in 0..255."""
    return float(10 * np.log10(255**2 / max(float(squares.mean()), 1e-9)))


def opaque(rgb: UInt8Array) -> UInt8Array:
    """RGBA of a photograph."""
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def measured(model: FaceModel, reader: NetworkReader, case: Case) -> list[float]:
    """A row of the table."""
    placed = framed(model, opaque(case.picture), case.landmarks)
    true = _true_masks(case, placed)
    first = share_errors(reader.masks(placed.picture, by_colour=False), true)
    masks = reader.masks(placed.picture)
    return [*first, *share_errors(masks, true), *at_rest(model, case, placed, masks)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--assets", type=Path, default=Path("assets"))
    options = parser.parse_args()
    cv.setNumThreads(1)
    model = load_face_model(options.assets / "face" / "face-model.npz")
    reader = NetworkReader(options.assets / "models" / "portrait-reader", threads=1)
    rows = []
    for path in sorted(options.cases.glob("case-*.npz")):
        case = read_case(path)
        rows.append(measured(model, reader, case))
        print(f"| {case.name} | " + " | ".join(f"{v:.2f}" for v in rows[-1]) + " |", flush=True)
    print("| mean | " + " | ".join(f"{v:.2f}" for v in np.nanmean(np.array(rows), 0)) + " |")


if __name__ == "__main__":
    main()
