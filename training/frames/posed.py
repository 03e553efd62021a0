"""Whole frames of one character under motions of face and head: what `light.onnx` learns from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.character import Character
from inference.contract import Float32Array, UInt8Array
from inference.face_grids import premultiply
from inference.frame_generator import FrameGenerator, clean_motion
from inference.frame_generator_layers import Geometry
from inference.frame_generator_light import SmallFrame
from inference.frame_generator_windows import WINDOW_SIZES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
JUDGED: Final = 128
"""Pixels across the frames that are compared."""
FOLDER: Final = "posed"
"""Folder beside the packed windows."""


@dataclass(frozen=True, slots=True)
class Posed:
    """F motions of one character. Pictures are premultiplied RGBA."""

    id: str
    motion_FD: Float32Array
    seen_F: UInt8Array
    """What the network is given (F, COARSE, COARSE, 4)."""
    flow_F: NDArray[np.float16]
    """(F, 2, COARSE, COARSE), in units of FLOW_SCALE."""
    drawn_F: UInt8Array
    """What the package draws without the network (F, JUDGED, JUDGED, 4)."""
    truth_F: UInt8Array
    """The rig's, the same size."""
    face_4: Float32Array
    """Box of the face at rest (x, y, w, h) in frame pixels."""


def face_box(geometry: Geometry) -> Float32Array:
    """Eyes and mouth with what lies round them (x, y, w, h), in frame pixels."""
    corners = [(np.array(geometry.windows[k]), np.array(WINDOW_SIZES[k])) for k in WINDOW_SIZES]
    low = np.min([at for at, _ in corners], 0) - np.array([16, 32])
    high = np.max([at + size for at, size in corners], 0) + np.array([16, 24])
    return np.concatenate([low, high - low]).astype(np.float32)


def small(picture: UInt8Array) -> UInt8Array:
    """A premultiplied frame, averaged down to what is compared."""
    out: UInt8Array = cv.resize(picture, (JUDGED, JUDGED), interpolation=cv.INTER_AREA)
    return out


def posed_of(
    package: Path, character: Character, motion_FD: Float32Array, truth_F: UInt8Array
) -> Posed:
    """A character drawn under motions, beside the truth (F, JUDGED, JUDGED, 4)."""
    generator = FrameGenerator(package, character, threads=1, relight=False)
    small_frame = SmallFrame(generator.geometry.layers)
    motions = np.stack([clean_motion(motion_D) for motion_D in motion_FD])
    seen = [small_frame.draw(generator.placed(motion_D)) for motion_D in motions]
    drawn = [small(premultiply(generator.draw(motion_D))) for motion_D in motions]
    return Posed(
        character.id, motions, np.stack([picture for picture, _ in seen]),
        np.stack([flow for _, flow in seen]).astype(np.float16), np.stack(drawn), truth_F,
        face_box(generator.geometry),
    )  # fmt: skip


def save_posed(posed: Posed, folder: Path) -> Path:
    """Write `<id>.npz`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{posed.id}.npz"
    part = path.with_suffix(".part")  # training may read the folder while it grows
    arrays: dict[str, Any] = {
        "motion": posed.motion_FD, "seen": posed.seen_F, "flow": posed.flow_F,
        "drawn": posed.drawn_F, "truth": posed.truth_F, "face": posed.face_4,
    }  # fmt: skip
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(path)
    return path


def load_posed(path: Path) -> Posed:
    """Read what `save_posed` wrote."""
    with np.load(path, allow_pickle=False) as data:
        return Posed(
            path.stem, data["motion"], data["seen"], data["flow"], data["drawn"], data["truth"],
            data["face"],
        )  # fmt: skip
