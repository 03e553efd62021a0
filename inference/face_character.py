"""From an aligned portrait, its landmarks and masks to the files of a character.

The last step of importing a picture: everything after the networks. What comes out is drawn by
`inference.frame_generator` like a bundled character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.character import Character
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_detail import detail_arrays
from inference.face_eyes import eye_arrays
from inference.face_fit import FaceFit
from inference.face_geometry import geometry_arrays, geometry_file
from inference.face_grids import MARGIN, QUICK_PNG, encode
from inference.face_layers import LayerPicture, take_apart
from inference.face_lips import (
    between_lips,
    closing_of,
    lip_gap,
    own_teeth,
    smooth_cut,
    with_lips_that_close,
)
from inference.face_model import FaceModel
from inference.face_mouth import borrow_bank, cut_of
from inference.face_mouth_drawn import drawn_bank, is_flat
from inference.face_parted import with_true_lips
from inference.face_points import FILE as LANDMARKS_FILE
from inference.face_points import Landmarks
from inference.face_raster import look
from inference.face_reference_eyes import ShutEyes, shut_eyes
from inference.face_reference_mouth import with_own_inside, with_portraits_inside
from inference.face_references import EYES, MOUTH, Face, Reference
from inference.face_shown import KEY, as_shown
from inference.face_sides import fit_head
from inference.face_tones import Tone, one_tone
from inference.face_view import with_own_reach
from inference.frame_generator_layers import WHOLE, Shown

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
THUMBNAIL: Final = 256
MEETING: Final = "lip_upper_in_mid"
OPEN: Final = 3.0
"""Mean pixels between the lips from which what they show tells the inside of the mouth."""


def character_files(
    model: FaceModel,
    picture: UInt8Array,
    landmarks: Landmarks,
    masks: Mapping[str, Float32Array],
    lenders: Iterable[Character],
    references: Sequence[Reference] = (),
    detail: UInt8Array | None = None,
    part: Callable[[UInt8Array], Shown] | None = None,
) -> dict[str, bytes]:
    """`portrait.png`, `thumbnail.png`, `eyes-shut.png`, `geometry.npz`, `landmarks.json` by name.

    `picture` is RGB over the frame and MARGIN (592, 592, 3), `masks` see `face_layers.MASKS`;
    `landmarks` are in frame pixels; `lenders` lend the inside of the mouth. The shut eyes are the
    picture's own lids, stretched: the paint network's reference. `detail` is the picture with
    `face_detail.FINE` times the pixels. `part` says of the portrait (512, 512, RGBA) which part of
    the frame is drawn (`face_shown`); without it, all of it is.

    Raises:
        PersonareError: the landmarks are no face's, or the masks show none.
    """
    sides = [reference.face.landmarks for reference in references if reference.measured]
    seen = with_true_lips(picture, landmarks)
    fit = with_own_reach(model, fit_head(model, seen, sides))
    fit = with_lips_that_close(model, fit)
    layers = take_apart(model, fit, picture, masks)
    portrait = composed(layers)
    face = Face(picture, seen, fit)
    lids = with_eyes_shut(model, fit, portrait)
    known = next((other.face for other in references if EYES in other.kinds), None)
    shut = None if known is None else shut_eyes(model, face, known)
    arrays = mouth_and_all(model, face, layers, portrait, lenders, references, shut)
    if detail is not None:
        arrays |= detail_arrays(arrays, layers, np.ascontiguousarray(detail[..., :3]))
    shown = WHOLE if part is None else part(portrait)
    if shown != WHOLE:
        arrays[KEY] = np.array(shown, np.float32)
    return {
        "portrait.png": png(portrait),
        "thumbnail.png": png(thumbnail(portrait, shown)),
        "eyes-shut.png": png(lids if shut is None else shut.over(lids)),
        "geometry.npz": geometry_file(arrays),
        LANDMARKS_FILE: landmarks.text().encode(),
    }


def mouth_and_all(
    model: FaceModel,
    face: Face,
    layers: list[LayerPicture],
    portrait: UInt8Array,
    lenders: Iterable[Character],
    references: Sequence[Reference] = (),
    shut: ShutEyes | None = None,
) -> dict[str, Any]:
    """The arrays of `geometry.npz`; the inside of the mouth is a reference's, or borrowed."""
    fit = face.fit
    tone = one_tone(portrait[portrait[..., 3] > 250][:, :3])
    arrays = geometry_arrays(model, fit, layers, face.landmarks.roll)
    arrays |= smooth_cut(arrays)
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    flat = is_flat(portrait, corner)
    head = next((layer for layer in layers if layer.name == "head"), None)
    arrays |= {} if head is None else eye_arrays(model, fit, head, shut, flat, portrait)
    cut, closing = cut_of(arrays), closing_of(model, fit)
    if closing is not None:  # where the lips would meet: the bank was made for shut ones
        marks = model.at_landmarks(camera.project(fit.points_N3 + closing).astype(np.float32))
        cut = replace(cut, y=float(marks[model.landmarks.index(MEETING), 1]) - corner[1])
    arrays |= borrow_bank(lenders, portrait, arrays, cut)
    if flat:
        arrays |= drawn_bank(arrays, arrays, portrait, cut)
    opened = [reference.face for reference in references if MOUTH in reference.kinds]
    arrays |= with_own_inside(model, face, opened, arrays)
    arrays |= _shown_between(model, face, arrays, portrait, cut.y, flat, bool(opened))
    return arrays if tone is None else arrays | _toned(arrays, tone)


def _shown_between(
    model: FaceModel, face: Face, arrays: Mapping[str, Any], portrait: UInt8Array, meeting: float,
    flat: bool, known: bool,
) -> dict[str, Any]:  # fmt: skip
    """The arrays that change where a picture shows parted lips; see `face_lips.own_teeth`. What is
    seen through them goes on when they part further, unless a reference tells it (`known`)."""
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    between = between_lips(model, face.fit, corner)
    wide = lip_gap(model, face.fit.places_N2) > OPEN and not known
    more = with_portraits_inside(model, face, arrays, between, meeting, flat) if wide else {}
    return more | own_teeth({**arrays, **more}, portrait, between, 1 if more else None)


def _toned(arrays: Mapping[str, Any], tone: Tone) -> dict[str, Any]:
    """The inside of the mouth in the tone of a portrait that has only one: black and white."""
    out = {}
    for name in ("mouth_colour", "tongue_colour"):
        if name in arrays:
            rgb = cv.cvtColor(cv.imdecode(arrays[name], cv.IMREAD_COLOR), cv.COLOR_BGR2RGB)
            toned = np.rint(tone(rgb)).astype(np.uint8)
            out[name] = encode(cv.cvtColor(toned, cv.COLOR_RGB2BGR))
    return out


def composed(layers: list[LayerPicture]) -> UInt8Array:
    """The layers over each other at rest: the frame (512, 512, 4), straight alpha."""
    canvas = np.zeros((camera.SIZE, camera.SIZE, 4), np.float32)
    frame = slice(MARGIN, MARGIN + camera.SIZE)
    for layer in layers:
        top = layer.rgba[frame, frame].astype(np.float32)
        canvas = top + canvas * (1 - top[..., 3:] / np.float32(255))
    canvas[..., :3] /= np.maximum(canvas[..., 3:], 1.0) / np.float32(255)
    return np.asarray(np.rint(canvas.clip(0, 255)), np.uint8)


def with_eyes_shut(model: FaceModel, fit: FaceFit, portrait: UInt8Array) -> UInt8Array:
    """The portrait (512, 512, 4) with its lids drawn over the eyes."""
    rows = [
        int(np.flatnonzero(model.base_index_L == MOTION_INDEX[f"eyeBlink{side}"])[0])
        for side in ("Left", "Right")
    ]
    shut = fit.points_N3 + fit.bases_LN3[rows].sum(0)
    # the whole skin is drawn, so that the lower lid hides what of the upper one passes it
    seen = look(
        camera.project(shut).astype(np.float32), -shut[:, 2], model.triangles_F3, camera.SIZE
    )
    source = seen.read(fit.places_N2)
    rows_HW, columns_HW = np.mgrid[: camera.SIZE, : camera.SIZE].astype(np.float32)
    moved = np.hypot(source[..., 0] - columns_HW, source[..., 1] - rows_HW) > 0.3
    moved = (moved & seen.known_HW).astype(np.uint8)
    drawn = cv.remap(portrait, source[..., 0], source[..., 1], cv.INTER_LINEAR)
    share = cv.GaussianBlur(moved.astype(np.float32), (0, 0), 0.7)[..., None] * moved[..., None]
    return np.asarray(np.rint(drawn * share + portrait * (1 - share)), np.uint8)


def thumbnail(portrait: UInt8Array, shown: Shown = WHOLE) -> UInt8Array:
    """The portrait's upper middle on a soft background, RGB (256, 256, 3); of a portrait of which
    only a part is drawn, that part."""
    portrait = as_shown(portrait, shown)
    side = portrait.shape[0]
    rows = np.linspace(0.93, 0.74, side, dtype=np.float32)[:, None, None] * 255
    alpha = portrait[..., 3:].astype(np.float32) / 255
    framed = portrait[..., :3] * alpha + rows * (1 - alpha)
    margin = side // 10 if shown == WHOLE else 0
    cut = framed[: side - 2 * margin, margin : side - margin]
    small = cv.resize(cut, (THUMBNAIL, THUMBNAIL), interpolation=cv.INTER_AREA)
    return np.asarray(np.rint(small), np.uint8)


def png(picture: UInt8Array) -> bytes:
    """A PNG file of an RGB or RGBA picture."""
    code = cv.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv.COLOR_RGB2BGR
    done, data = cv.imencode(".png", cv.cvtColor(picture, code), QUICK_PNG)
    if not done:
        raise ValueError("a picture could not be encoded")
    return bytes(data.tobytes())
