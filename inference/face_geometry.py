"""Makes `geometry.npz` of an imported portrait: what `training.frames.geometry` makes of the rig.

From the fitted head come depth, displacement and share of the head's rotation, drawn as maps,
continued beyond each layer's outline and sampled to its grid; hair gets the head's, a little off.
The result is read by `inference.frame_generator_layers` like a bundled character's.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, MOTION_NAMES, Float32Array
from inference.face_fit import FaceFit
from inference.face_grids import (
    MARGIN,
    Filling,
    encode,
    fill,
    layer_boxes,
    lip_line,
    lip_masks,
    pack_grid,
    smoothstep,
    to_grid,
)
from inference.face_layers import LayerPicture
from inference.face_model import FaceModel
from inference.face_neck import neck_of
from inference.face_raster import Seen, look
from inference.face_view import view_of
from inference.frame_generator_layers import FORMAT, GRID, cell_centres
from inference.frame_generator_windows import WINDOW_SIZES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
BODY_FOLLOWS: Final = 0.45
"""Share of the head's translation that the body makes (training.rig.pose)."""
SMALLEST_SHIFT: Final = 0.3
"""Displacements that move nothing by more pixels than this are left out."""
BODY_WEIGHT: Final = 0.55
"""Most of the head's rotation that the body's layer follows: the neck's column."""
HAIR_OFF: Final = 0.15
"""Decimetres that hair stands off the head."""
HANGS: Final = 30.0
"""Pixels (standard deviation) over which a face's relief is smoothed, down the locks before it."""
OUTLINE: Final = 48.0
"""Pixels from a person's outline over which the two hair layers run into each other."""
ROUND: Final = 0.4
"""How far towards the hair behind it the outline of hair lies: what comes into view as it turns."""
NEAR_HEAD: Final = (60.0, 15.0)
"""Pixels beyond the head between which hair at the outline keeps to the head's depth."""
ENDS: Final = 8
"""Pixels below hair at which clothes begin where it ends there."""
ENDS_APART: Final = 24
"""Pixels to both sides that hair ends together."""
FALLS: Final = 60.0
"""Pixels over which hair passes from the head's motion to the shoulders'."""
BEHIND: Final = 0.2
"""How far (dm) behind the ears the hair behind a head lies."""
MAP: Final = 256
"""Pixels of the maps that are continued and sampled."""
LIPS_AROUND: Final = 48
"""Pixels around the mouth's window that the lips' maps reach."""


@dataclass(slots=True)
class _Maps:
    """Maps of the fitted head over the frame, or a part of it in full resolution."""

    model: FaceModel
    fit: FaceFit
    seen: Seen
    faced: Seen
    """The same with the eyeballs between the lids: for depth."""
    known: Float32Array
    corner: tuple[int, int]
    scale: float
    """The map's pixels per frame pixel."""

    def raw(self, values_NC: Float32Array) -> Float32Array:
        """Values as seen, 0 elsewhere."""
        return self.seen.read(values_NC)

    def over(self, values_NC: Float32Array, box_4: Float32Array, filling: Filling) -> Float32Array:
        """Values (GRID, GRID, C) continued from where they are known, over a frame box."""
        return self.sampled(filling(self.raw(values_NC)), box_4)

    def sampled(self, map_HWC: Float32Array, box_4: Float32Array) -> Float32Array:
        """A map of this place and scale at the cells of a frame box."""
        if not self.corner[0] and not self.corner[1]:
            return to_grid(map_HWC, box_4)
        place = cell_centres(box_4)
        x, y = place[0] - self.corner[0], place[1] - self.corner[1]
        found = cv.remap(map_HWC, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        return np.asarray(found.reshape(GRID, GRID, -1), np.float32)


def _maps(
    model: FaceModel, fit: FaceFit, low: float, high: float, corner: tuple[int, int] = (0, 0),
    size: int = MAP, scale: float = MAP / camera.SIZE, eyes: bool = False,
) -> _Maps:  # fmt: skip
    """Maps of the triangles whose points follow the head between two shares, with `eyes` if they
    show any."""
    weight = model.head_weight_N[model.triangles_F3]
    triangles = model.triangles_F3[(weight >= low).all(1) & (weight <= high).all(1)]
    places = fit.places_N2 - np.array(corner, np.float32)
    depth = -fit.points_N3[:, 2]
    seen = faced = look(places, depth, triangles, size, scale)
    if eyes:
        with_eyes = np.concatenate([triangles, _eyeballs(model)])
        faced = look(places, depth, with_eyes, size, scale)
    return _Maps(model, fit, seen, faced, seen.known_HW.astype(np.float32), corner, scale)


def _eyeballs(model: FaceModel) -> Any:
    """Triangles (F, 3) from the pupils to the lids' margins: without them sockets look hollow."""
    nearest = model.landmark_corners_L3[
        np.arange(len(model.landmarks)), model.landmark_shares_L3.argmax(1)
    ]
    out = []
    for side, turn in (("left", 1), ("right", -1)):
        names = [f"{side}_inner", *(f"{side}_upper_{k}" for k in range(1, 5)), f"{side}_outer"]
        names += [f"{side}_lower_{k}" for k in range(4, 0, -1)]
        pupil = nearest[model.landmarks.index(f"pupil_{side}")]
        ring = [nearest[model.landmarks.index(f"eye_{name}")] for name in names][::turn]
        pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
        out += [(pupil, other, one) for one, other in pairs]
    return np.array(out, np.int64)


def geometry_arrays(
    model: FaceModel, fit: FaceFit, layers: list[LayerPicture], roll: float = 0.0
) -> dict[str, Any]:
    """What `geometry.npz` holds, by key, but for the bank of insides of the mouth; `roll` as for
    `face_view.view_of`. Everything is in the axes of the picture's room."""
    windows = paint_windows(model, fit)
    view = view_of(model, fit, roll)
    eyes = fit.points_N3[list(model.eyes)]
    apart = float(np.linalg.norm(eyes[0] - eyes[1]))
    place = [*view.room(view.pivot_3), apart, BODY_FOLLOWS]
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "camera": view.camera(),
        "place": np.array(place, np.float32),
        "layers": np.array([layer.name for layer in layers]),
    }
    head, body = _maps(model, fit, 0.3, 1.0, eyes=True), _maps(model, fit, 0.0, 0.6)
    _hide_neck(head)
    hair, lies = _hair_depths(head, layers), _hair_lies(head, layers)
    for layer in layers:
        (x, y, w, h), box_4 = layer_boxes(layer.rgba[..., 3], layer.name)
        if layer.name in hair:
            grids = _hair_grids(head, hair[layer.name], lies, box_4)
        elif layer.name == "body":
            grids = _body_grids(body, box_4, layers)
        else:
            grids = _skin_grids(head, box_4, True) | _weights(head, box_4, 1.0)
        cut = layer.rgba[y : y + h, x : x + w]
        grids |= {
            "colour": encode(cv.cvtColor(np.ascontiguousarray(cut[..., :3]), cv.COLOR_RGB2BGR)),
            "alpha": encode(np.ascontiguousarray(cut[..., 3])),
            "corner": np.array([x - MARGIN, y - MARGIN], np.int32),
        }
        arrays |= {f"{layer.name}_{key}": value for key, value in grids.items()}
    arrays |= _mouth_arrays(model, fit, windows["mouth"])
    for key in [key for key in arrays if key.endswith("_basis")]:
        turned = np.einsum("kdhw,dc->kchw", arrays[key].astype(np.float32), view.axes_33)
        arrays[key] = np.rint(turned).astype(np.int16)
    return arrays | {name: np.array(corner, np.int32) for name, corner in windows.items()}


def geometry_file(arrays: Mapping[str, Any]) -> bytes:
    """The bytes of `geometry.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def paint_windows(model: FaceModel, fit: FaceFit) -> dict[str, tuple[int, int]]:
    """First pixels of the windows, from where eyes and lips stand."""
    places = fit.places_N2
    marks = dict(zip(model.landmarks, model.at_landmarks(places), strict=True))
    lips = (marks["lip_upper_in_mid"] + marks["lip_lower_in_mid"]) / 2
    left, right = (places[index] for index in model.eyes)
    # over the mouth itself: a turned face has it beside the middle of the eyes
    middle = float(marks["mouth_left"][0] + marks["mouth_right"][0]) / 2
    width, height = WINDOW_SIZES["eye_left"]
    out = {"mouth": (round(middle - WINDOW_SIZES["mouth"][0] / 2), round(float(lips[1]) - 32))}
    for name, eye in (("eye_left", left), ("eye_right", right)):
        out[name] = (round(float(eye[0]) - width / 2), round(float(eye[1]) - height / 2))
    return out


def _hide_neck(head: _Maps) -> None:
    """Forget the neck under the jaw, in place: the jaw slides over it, as in the rig's maps."""
    drawn = head.raw(head.model.head_weight_N[:, None])[..., 0]
    lips = head.model.landmarks.index("lip_lower_in_mid")
    lips_y = float(head.model.at_landmarks(head.fit.places_N2)[lips, 1]) * head.scale
    under = np.arange(len(drawn))[:, None] > lips_y
    neck = (drawn > 0.5) & (drawn < 0.96) & under & head.seen.known_HW
    grown = cv.dilate(neck.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    head.known = head.known * ~(grown & (drawn > 0.5))


def _moving(fit: FaceFit, model: FaceModel, points: Any) -> list[tuple[str, Float32Array]]:
    """The displacements that move any of the points visibly."""
    scale = camera.FOCAL / float(-fit.points_N3[model.pivot, 2])
    return [
        (MOTION_NAMES[int(index)], base)
        for index, base in zip(model.base_index_L, fit.bases_LN3, strict=True)
        if float(np.abs(base[points]).max(initial=0.0)) * scale > SMALLEST_SHIFT
    ]


def _skin_grids(
    maps: _Maps, box_4: Float32Array, limit: bool, known: Any = None, depth: Any = None
) -> dict[str, Any]:
    """Depth and displacements of the skin over a box; `depth` is a map that is known already."""
    used = np.unique(maps.seen.corners_P3)
    filling = Filling(maps.known if known is None else known)
    if depth is None:
        depth = filling(maps.faced.read(-maps.fit.points_N3[:, 2:]))[..., 0]
    depth = maps.sampled(depth[..., None], box_4)[..., 0]
    bases = (
        (name, maps.over(base, box_4, filling))
        for name, base in sorted(
            _moving(maps.fit, maps.model, used), key=lambda item: MOTION_INDEX[item[0]]
        )
    )
    return pack_grid(depth, bases, box_4, camera.FOCAL, limit)


def _body_grids(maps: _Maps, box_4: Float32Array, layers: list[LayerPicture]) -> dict[str, Any]:
    """The body's, whose neck goes on behind the jaw: with the depth it has below, and following the
    head more and more on its way to the skull; a collar beside it stays."""
    model, fit = maps.model, maps.fit
    neck = neck_of(model, fit).carried(MAP, MAP / camera.SIZE)
    values = np.column_stack([-fit.points_N3[:, 2], np.minimum(model.head_weight_N, BODY_WEIGHT)])
    known = fill(maps.raw(values.astype(np.float32)), maps.known)
    frame = slice(MARGIN, MARGIN + camera.SIZE)
    over = [layer.rgba[frame, frame, 3] for layer in layers if layer.name in ("head", "hair_front")]
    cover = cv.resize(np.max(over, axis=0), (MAP, MAP), interpolation=cv.INTER_AREA) / 255
    share = cv.GaussianBlur(neck.alpha * cover.astype(np.float32), (0, 0), 1.5)
    depth = known[..., 0] * (1 - share) + neck.up(known[..., 0]) * share
    ramp = BODY_WEIGHT + (1 - BODY_WEIGHT) * smoothstep(0, 1, neck.rise)
    weight = known[..., 1] * (1 - share) + np.maximum(known[..., 1], ramp) * share
    grids = _skin_grids(maps, box_4, True, depth=depth.astype(np.float32))
    weight = to_grid(weight.astype(np.float32)[..., None], box_4)[..., 0]
    return grids | {"weight": np.rint(np.clip(weight, 0, 1) * 255).astype(np.uint8)}


def _weights(maps: _Maps, box_4: Float32Array, most: float) -> dict[str, Any]:
    values = np.minimum(maps.model.head_weight_N, most)[:, None]
    weight = maps.over(values, box_4, Filling(maps.known))[..., 0]
    return {"weight": np.rint(np.clip(weight, 0, 1) * 255).astype(np.uint8)}


def _hair_depths(head: _Maps, layers: list[LayerPicture]) -> dict[str, Float32Array]:
    """Depth maps (MAP, MAP) of the two hair layers.

    The front lies on the head, the back in a plane behind the ears, where it goes on behind the
    head. At the person's outline the front keeps to the head's own depth, so that no skin looks out
    beside it in a turn; where hair stands far off, both run into each other, or a gap would open.
    """
    depth = -head.fit.points_N3[:, 2:]
    front = _straight_down(head, fill(head.raw(depth), head.known)[..., 0]) - HAIR_OFF
    ears = head.model.region("ears")
    back = np.full_like(front, float(depth[ears].mean()) + BEHIND)
    frame = slice(MARGIN, MARGIN + camera.SIZE)
    person = np.max([layer.rgba[frame, frame, 3] for layer in layers], axis=0)
    inside = cv.distanceTransform((person > 127).astype(np.uint8), cv.DIST_L2, 5)
    inside = cv.resize(inside, (MAP, MAP), interpolation=cv.INTER_AREA)
    beyond = cv.distanceTransform(1 - head.seen.known_HW.astype(np.uint8), cv.DIST_L2, 5)
    near = smoothstep(*NEAR_HEAD, beyond / head.scale)
    share = smoothstep(OUTLINE, 0.0, inside)
    away = share * (1 - near)
    hair = [layer.rgba[frame, frame, 3] for layer in layers if layer.name == "hair_front"]
    round_HW = np.zeros_like(front)
    if hair:
        over = cv.resize(hair[0], (MAP, MAP), interpolation=cv.INTER_AREA).astype(np.float32) / 255
        round_HW = ROUND * smoothstep(0.3, 0.6, cv.GaussianBlur(over, (0, 0), 6.0))
    mean = (front + back) / 2
    # one outline: a second one behind it would look out. It lies where hair comes round the head
    rim = front + HAIR_OFF + round_HW * (back - front - HAIR_OFF)
    front, back = (d + share * near * (rim - d) for d in (front, back))
    front, back = (d * (1 - away) + mean * away for d in (front, back))
    return {"hair_front": front.astype(np.float32), "hair_back": back.astype(np.float32)}


def _straight_down(head: _Maps, depth_HW: Float32Array) -> Float32Array:
    """A head's depth without the relief of the face that locks hang before: a turn would bend
    them."""
    smooth = cv.GaussianBlur(depth_HW, (1, 0), 0.1, None, HANGS * head.scale)
    marks = head.model.at_landmarks(head.fit.places_N2)
    brows, crown = (
        float(marks[[head.model.landmarks.index(name) for name in names], 1].mean()) * head.scale
        for names in (("brow_left_3", "brow_right_3"), ("crown",))
    )
    share = smoothstep(crown, brows, np.arange(len(depth_HW))[:, None])
    return np.asarray(depth_HW * (1 - share) + smooth * share, np.float32)


def _hair_grids(
    head: _Maps, depth_HW: Float32Array, lies_HW: Float32Array, box_4: Float32Array
) -> dict[str, Any]:
    """Hair turns with the head, and what lies on the shoulders stays with them; only the breath
    moves it besides."""
    depth = to_grid(depth_HW[..., None], box_4)[..., 0]
    breath = head.fit.bases_LN3[
        int(np.flatnonzero(head.model.base_index_L == MOTION_INDEX["breath"])[0])
    ]
    lift = breath[head.model.region("scalp")].mean(0)
    bases = [("breath", np.broadcast_to(lift, (GRID, GRID, 3)).astype(np.float32))]
    weight = to_grid((1 - lies_HW)[..., None], box_4)[..., 0]
    return pack_grid(depth, bases, box_4, camera.FOCAL, True) | {
        "weight": np.rint(np.clip(weight, 0, 1) * 255).astype(np.uint8)
    }


def _hair_lies(head: _Maps, layers: list[LayerPicture]) -> Float32Array:
    """1 where hair lies on the shoulders (MAP, MAP): from the shoulders' height on, or from where
    hair ends at clothes, for there its ends are the body's or hidden, and it would tear off."""
    marks = dict(
        zip(head.model.landmarks, head.model.at_landmarks(head.fit.places_N2), strict=True)
    )
    chin = float(marks["chin"][1])
    shoulders = max(float(marks[f"shoulder_{side}"][1]) for side in ("left", "right"))
    shoulders = max(shoulders, chin + 1.0)
    frame = slice(MARGIN, MARGIN + camera.SIZE)
    alpha = {layer.name: layer.rgba[frame, frame, 3] > 127 for layer in layers}
    none = np.zeros((camera.SIZE, camera.SIZE), bool)
    skull = alpha.get("head", none)
    hair = alpha.get("hair_front", none) | (alpha.get("hair_back", none) & ~skull)
    body = alpha.get("body", none) & ~skull & ~alpha.get("hair_front", none)
    below = np.zeros_like(body)
    below[:-ENDS] = body[ENDS:]  # hair here, the body a little further down
    rows = np.arange(camera.SIZE)[:, None]
    meets = hair & below & ~body & (rows > chin)
    ends = np.where(meets.any(0), meets.argmax(0), shoulders).astype(np.float32)
    ends = np.minimum(ends, shoulders)[None]
    wide = np.ones((1, 2 * ENDS_APART + 1), np.uint8)
    ends = cv.GaussianBlur(cv.erode(ends, wide), (0, 0), ENDS_APART / 2)
    first = np.minimum(chin, ends - FALLS)
    lies = smoothstep(0, 1, (rows - first) / np.maximum(ends - first, 1.0))
    return np.asarray(cv.resize(lies, (MAP, MAP), interpolation=cv.INTER_AREA), np.float32)


def _mouth_arrays(model: FaceModel, fit: FaceFit, corner: tuple[int, int]) -> dict[str, Any]:
    """The two lips' maps over the mouth's window, and the line between the lips."""
    width, height = WINDOW_SIZES["mouth"]
    left, top = corner[0] - LIPS_AROUND, corner[1] - LIPS_AROUND
    size = max(width, height) + 2 * LIPS_AROUND
    maps = _maps(model, fit, 0.9, 1.0, (left, top), size, 1.0)
    jaw = np.flatnonzero(model.base_index_L == MOTION_INDEX["jawOpen"])[0]
    drop = -maps.raw(fit.bases_LN3[jaw][:, 1:2])[..., 0]
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    middle = (marks["lip_upper_in_mid"] + marks["lip_lower_in_mid"]) / 2 - np.array([left, top])
    line = _between_lips(drop, (float(middle[0]), float(middle[1])), marks, (left, top))
    below, lower_share = lip_masks(line, (size, size))
    window = (slice(LIPS_AROUND, LIPS_AROUND + height), slice(LIPS_AROUND, LIPS_AROUND + width))
    box_4 = np.array([corner[0] - 8, corner[1] - 8, width + 16, height + 16], np.float32)
    out = {
        "upper_lip_share": encode((~below[window]).astype(np.uint8) * 255),
        "lower_lip_share": encode(lower_share[window].astype(np.uint8) * 255),
    }
    for name, hidden in (("upper_lip", below), ("lower_lip", ~below)):
        grids = _skin_grids(maps, box_4, False, maps.known * ~hidden)
        out |= {f"{name}_{key}": value for key, value in grids.items()}
    return out


def _between_lips(
    drop: Float32Array,
    middle: tuple[float, float],
    marks: Mapping[str, Float32Array],
    corner: tuple[int, int],
) -> dict[int, int]:
    """The line between the lips; through the marks where the maps do not show it."""
    line = lip_line(drop, middle)
    if len(line) >= 12:
        return line
    chain = sorted(
        ((marks[a] + marks[b]) / 2 for a, b in (
            ("mouth_left", "mouth_left"), ("lip_upper_in_left_1", "lip_lower_in_left_1"),
            ("lip_upper_in_mid", "lip_lower_in_mid"),
            ("lip_upper_in_right_1", "lip_lower_in_right_1"), ("mouth_right", "mouth_right"),
        )), key=lambda place: float(place[0]),
    )  # fmt: skip
    x, y = (np.array([place[k] for place in chain]) - corner[k] for k in (0, 1))
    columns = np.arange(round(float(x[0])) + 2, round(float(x[-1])) - 1)
    rows = np.interp(columns, x, y)
    return {int(c): round(float(r)) for c, r in zip(columns, rows, strict=True)}
