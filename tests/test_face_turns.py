"""What a turned head uncovers: the neck behind the jaw, skin under locks, hair behind hair; and
what lies beyond a cropped picture's border."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.face_border import continued
from inference.face_fit import FaceFit, fit_face
from inference.face_geometry import geometry_arrays
from inference.face_grids import MARGIN
from inference.face_layers import MASKS, SIDE, LayerPicture, take_apart
from inference.face_model import FILE, FaceModel, load_face_model
from inference.face_points import Landmarks, Mark
from inference.face_raster import look
from inference.face_strands import strands_whole
from inference.frame_generator_flow import GridFlow
from inference.frame_generator_layers import Geometry, load_geometry
from inference.frame_generator_pictures import enlarged, fitted, lay_over

MODEL = Path(__file__).parent.parent / "assets" / "face" / FILE
SKIN, SHADE, SHIRT, HAIR = (205, 160, 140), (90, 60, 50), (40, 60, 160), (70, 50, 40)
FRAME = slice(MARGIN, MARGIN + camera.SIZE)


@dataclass
class Person:
    model: FaceModel
    fit: FaceFit
    weight: Float32Array
    """Share of the head's rotation at every pixel of the picture, -1 beside the person."""
    picture: UInt8Array
    masks: dict[str, Float32Array]
    marks: dict[str, Any]
    """Places in the picture with its margin."""


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


@pytest.fixture(scope="module")
def person(model: FaceModel) -> Person:
    """The mean head in a shirt, with a dark shadow under the jaw and a lock before the brow."""
    points = model.mean_N3.astype(np.float64) + np.array([0.0, 0.3, -camera.DISTANCE])
    places = camera.project(points).astype(np.float32)
    marks = dict(zip(model.landmarks, model.at_landmarks(places), strict=True))
    given = {n: Mark(float(x), float(y), "hand") for n, (x, y) in marks.items()}
    fit = fit_face(model, Landmarks(given, (512, 512)))
    seen = look(fit.places_N2 + MARGIN, -fit.points_N3[:, 2], model.triangles_F3, SIDE)
    weight = np.where(seen.known_HW, seen.read(model.head_weight_N[:, None])[..., 0], -1)
    shirt = seen.known_HW & (weight < 0.12)
    picture = np.full((SIDE, SIDE, 3), 190, np.uint8)
    picture[seen.known_HW] = SKIN
    low = np.arange(SIDE)[:, None] > marks["lip_lower_mid"][1] + MARGIN
    picture[low & (weight > 0.62) & (weight < 0.97)] = SHADE
    picture[shirt] = SHIRT
    masks = {name: np.zeros((SIDE, SIDE), np.float32) for name in MASKS}
    masks["skin"] = (seen.known_HW & ~shirt).astype(np.float32)
    masks["clothes"] = shirt.astype(np.float32)
    placed = {name: place + MARGIN for name, place in marks.items()}
    return Person(model, fit, weight.astype(np.float32), picture, masks, placed)


@pytest.fixture(scope="module")
def layers(person: Person) -> dict[str, LayerPicture]:
    return layers_of(person)


@pytest.fixture(scope="module")
def geometry(
    person: Person, layers: dict[str, LayerPicture], tmp_path_factory: pytest.TempPathFactory
) -> Geometry:
    return geometry_of(person, list(layers.values()), tmp_path_factory.mktemp("turned"))


@pytest.fixture(scope="module")
def fringe(person: Person) -> Person:
    return with_fringe(person)


@pytest.fixture(scope="module")
def fringe_layers(fringe: Person) -> dict[str, LayerPicture]:
    return layers_of(fringe)


def layers_of(person: Person) -> dict[str, LayerPicture]:
    made = take_apart(person.model, person.fit, person.picture, person.masks)
    return {layer.name: layer for layer in made}


def straight(layer: LayerPicture) -> Float32Array:
    rgba = layer.rgba.astype(np.float32)
    return np.asarray(rgba[..., :3] / np.maximum(rgba[..., 3:] / 255, 1e-3), np.float32)


def geometry_of(person: Person, layers: list[LayerPicture], folder: Path) -> Geometry:
    arrays = geometry_arrays(person.model, person.fit, layers)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path = folder / "geometry.npz"
    path.write_bytes(buffer.getvalue())
    return load_geometry(path)


def drawn(geometry: Geometry, yaw: float = 0, pitch: float = 0) -> UInt8Array:
    """Premultiplied RGBA (512, 512, 4) of the bare warp, degrees."""
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[MOTION_INDEX["headYaw"]], motion[MOTION_INDEX["headPitch"]] = np.radians([yaw, pitch])
    whole = np.array([0, 0, 512, 512])
    view = (slice(0, 512), slice(0, 512))
    canvas = np.zeros((512, 512, 4), np.uint8)
    for layer in geometry.layers:
        flow = GridFlow(layer, geometry.camera_34, geometry.place_5)
        picture = fitted(layer, 1.0)
        source = flow.whole(motion, whole.astype(np.float32))
        x, y = enlarged(picture.places(source), whole, view)
        edge = cv2.BORDER_CONSTANT if layer.follows_head else cv2.BORDER_REPLICATE
        moved: Any = cv2.remap(picture.pixels, x, y, cv2.INTER_LINEAR, borderMode=edge)
        lay_over(canvas, moved)
    return canvas


def test_the_neck_goes_on_behind_the_jaw_without_its_shadow(
    person: Person, layers: dict[str, LayerPicture]
) -> None:
    body = layers["body"]
    chin, lobe = (float(person.marks[n][1]) for n in ("chin", "ear_left_lobe"))
    column = (person.weight > 0.7) & (body.rgba[..., 3] > 250)
    rows = np.flatnonzero(column.any(1))
    assert rows.min() < lobe + 15 < chin  # up to behind the ears
    away = np.abs(straight(body)[column] - SKIN).max(1)
    assert np.percentile(away, 95) < 40  # the shadow is 100 darker
    assert np.percentile(away, 50) < 35


def test_a_collar_called_skin_gives_the_neck_no_colour(person: Person) -> None:
    picture = person.picture.copy()
    middle = float(person.marks["chin"][0])
    columns = np.abs(np.arange(SIDE)[None] - middle) > 12
    collar = columns & (person.weight > 0.12) & (person.weight < 0.55)
    picture[collar] = (245, 247, 250)
    dressed = Person(person.model, person.fit, person.weight, picture, person.masks, person.marks)
    body = layers_of(dressed)["body"]
    column = (person.weight > 0.97) & (body.rgba[..., 3] > 250)
    assert column.sum() > 500
    red, blue = (straight(body)[column][:, k].mean() for k in (0, 2))
    assert red - blue > 30  # a white collar has none


def test_a_turned_head_leaves_no_gap_and_no_step_at_the_neck(
    person: Person, geometry: Geometry
) -> None:
    rest = drawn(geometry)
    assert np.abs(rest[..., :3].astype(int) - person.picture[FRAME, FRAME])[
        person.weight[FRAME, FRAME] > 0.1
    ].mean() < 2  # fmt: skip
    chin = person.marks["chin"] - MARGIN
    top, bottom = int(chin[1]) - 20, int(chin[1]) + 25
    across = slice(int(chin[0]) - 25, int(chin[0]) + 26)
    for way in ({"pitch": 15}, {"pitch": -15}, {"yaw": 20}, {"yaw": -20}):
        frame = drawn(geometry, **way)
        assert frame[top:bottom, across, 3].min() > 250, way
    for way, most in (({"pitch": 15}, 0.03), ({"yaw": 20}, 0.1), ({"yaw": -20}, 0.1)):
        frame = drawn(geometry, **way)[top - 40 : bottom + 20]
        dark = np.abs(frame[..., :3].astype(int) - SHADE).max(2) < 45
        part = dark[:, int(chin[0]) - 45 : int(chin[0]) + 46]
        begun = (np.diff(part.astype(int), axis=0) > 0).sum(0)
        assert (begun > 1).mean() < most, way  # one shadow, not a second below it


def test_the_neck_follows_the_head_more_and_more_and_a_shoulder_does_not(
    person: Person, geometry: Geometry
) -> None:
    body = geometry.layer("body")
    x, y, w, h = body.box_4

    def weight(place: Any) -> float:
        column, row = (place[0] - MARGIN - x) / w * 64, (place[1] - MARGIN - y) / h * 64
        return float(body.weight_HW[int(row), int(column)])

    middle = (person.marks["ear_left_lobe"] + person.marks["ear_right_lobe"]) / 2
    assert weight(middle) > 0.9
    assert weight((middle + person.marks["chin"]) / 2) > weight(person.marks["collar"]) + 0.2
    assert weight(person.marks["shoulder_left"]) < 0.1


def with_fringe(person: Person) -> Person:
    """With hair over the crown, a lock before the brow in a dark outline, and a horn."""
    picture, masks = person.picture.copy(), {n: m.copy() for n, m in person.masks.items()}
    x, brow = (round(float(v)) for v in person.marks["forehead"])
    hair = np.zeros((SIDE, SIDE), np.uint8)
    crown = round(float(person.marks["crown"][1]))
    top = (person.weight > 0.9) & (np.arange(SIDE)[:, None] < (crown + brow) / 2)
    hair[top] = 1
    cv2.fillConvexPoly(hair, np.array([[x - 9, crown], [x + 9, crown], [x, brow + 25]]), 1)
    lock = round(float(person.marks["pupil_left"][0])) + 12
    low = round(float(person.marks["cheek_left_1"][1])) + 20
    cv2.fillConvexPoly(
        hair, np.array([[lock - 5, crown + 20], [lock + 5, crown + 20], [lock, low]]), 1
    )
    horn = np.array([[x - 5, crown + 6], [x + 5, crown + 6], [x, crown - 40]])
    cv2.fillConvexPoly(hair, horn, 1)
    rim = cv2.dilate(hair, np.ones((5, 5), np.uint8)) > hair
    picture[hair > 0] = HAIR
    picture[rim & (person.weight > 0)] = (25, 15, 10)  # as inked; the mask calls it skin
    for name in ("skin", "clothes"):
        masks[name][hair > 0] = 0
    masks["hair_front"] = hair.astype(np.float32)
    return Person(person.model, person.fit, person.weight, picture, masks, person.marks)


def test_no_ghost_of_a_lock_stays_on_the_forehead(
    fringe: Person, fringe_layers: dict[str, LayerPicture]
) -> None:
    person, layers = fringe, fringe_layers
    x, y = (round(float(v)) for v in person.marks["forehead"])
    skin = straight(layers["head"])[y - 5 : y + 25, x - 25 : x + 26]
    assert np.abs(skin - SKIN).max(2).mean() < 12
    assert np.percentile(np.abs(skin - SKIN).max(2), 98) < 60
    # and together they give the picture
    canvas: Any = np.zeros((SIDE, SIDE, 4))
    for layer in layers.values():
        canvas = layer.rgba + canvas * (1 - layer.rgba[..., 3:].astype(np.float32) / 255)
    part = (slice(y - 5, y + 25), slice(x - 25, x + 26))
    assert np.abs(canvas[part][..., :3] - person.picture[part]).mean() < 3


def test_hair_behind_has_no_second_horn(
    person: Person, fringe_layers: dict[str, LayerPicture]
) -> None:
    layers = fringe_layers
    x = round(float(person.marks["forehead"][0]))
    crown = round(float(person.marks["crown"][1]))
    assert layers["hair_front"].rgba[crown - 25, x, 3] > 200
    behind = layers.get("hair_back")
    if behind is not None:
        assert behind.rgba[crown - 25, x, 3] < 30


def test_moles_and_eyes_are_no_hair() -> None:
    picture = np.full((80, 80, 3), 200, np.uint8)
    front = np.zeros((80, 80), np.float32)
    front[:, 20:26] = 1
    picture[:, 20:26] = 40
    picture[:, 26:28] = 20  # the lock's outline
    picture[30:36, 50:56] = 40  # a mole
    picture[60:70, 26:40] = 30  # an eye
    where = np.ones((80, 80), np.float32)
    where[56:74, 24:44] = 0
    share = {"hair_front": front, "skin": 1 - front}
    strands_whole(share, picture, where)
    assert share["hair_front"][10:50, 26:28].min() > 0.9
    assert share["hair_front"][30:36, 50:56].max() < 0.01
    assert share["hair_front"][60:70, 28:40].max() < 0.01
    assert np.allclose(share["hair_front"] + share["skin"], 1)


def test_locks_hang_straight_before_the_face(
    person: Person, fringe_layers: dict[str, LayerPicture], tmp_path: Path
) -> None:
    geometry = geometry_of(person, list(fringe_layers.values()), tmp_path)
    hair, head = geometry.layer("hair_front"), geometry.layer("head")

    def relief(layer: Any) -> float:
        """How much depth bends down the middle of the face, from brows to lips."""
        x, y, w, h = layer.box_4
        column = int((person.marks["pupil_left"][0] - MARGIN - x) / w * 64)
        rows = [(person.marks[n][1] - MARGIN - y) / h * 64 for n in ("brow_left_3", "cheek_left_1")]
        depth = layer.point_3HW[2][:, min(column, 63)]
        at = np.linspace(rows[0], min(rows[1], 63), 9)
        return float(np.abs(np.diff(np.interp(at, np.arange(64), depth), 2)).max())

    assert relief(hair) < 0.6 * relief(head)


def cropped(stripes: int) -> tuple[UInt8Array, UInt8Array]:
    """A cut (SIDE, SIDE, 4) that shows a picture above row 400 and below row 120; it ends in
    stripes, which are repeated."""
    picture = np.full((SIDE, SIDE, 4), 255, np.uint8)
    picture[..., :3] = (90, 140, 90)
    picture[:, 200:400, :3] = np.where((np.arange(200) // stripes % 2)[None, :, None], 220, 60)
    inside = np.zeros((SIDE, SIDE), np.uint8)
    inside[120:400] = 1
    return picture, inside


def test_stripes_do_not_run_on_and_the_picture_stays(model: FaceModel) -> None:
    picture, inside = cropped(4)
    places = camera.project(model.mean_N3 + np.array([0.0, 0.3, -camera.DISTANCE])) + MARGIN
    chin = float(model.at_landmarks(places.astype(np.float32))[model.landmarks.index("chin"), 1])
    done = continued(picture, picture[::-1], inside, places, model.triangles_F3, chin)
    assert (done[inside > 0] == picture[inside > 0]).all()

    def ripple(row: int) -> float:
        return float(np.abs(np.diff(done[row, 240:360, 0].astype(int))).mean())

    assert ripple(399) > 15
    assert ripple(425) < 4  # the mirror image near the border, ever more blurred
    assert ripple(455) < 1
    assert np.abs(done[20, 300, :3].astype(int) - (90, 140, 90)).max() < 25  # no chimney
    assert abs(int(done[560, 300, 0]) - 140) < 40  # the body goes on in its own colour
    whole = np.ones_like(inside)
    assert continued(picture, picture, whole, places, model.triangles_F3, chin) is picture


def test_locks_on_the_shoulders_stay_there(fringe: Person, tmp_path: Path) -> None:
    marks = fringe.marks
    side, low = (round(float(v)) for v in marks["shoulder_left"])
    lock = np.zeros((SIDE, SIDE), np.uint8)
    left = round((float(marks["temple_left"][0]) + side) / 2)
    lock[round(float(marks["temple_left"][1])) : low + 20, left - 12 : left + 12] = 1
    picture, masks = fringe.picture.copy(), {n: m.copy() for n, m in fringe.masks.items()}
    picture[lock > 0] = HAIR
    for name in masks:
        masks[name] = np.where(lock > 0, float(name == "hair_front"), masks[name]).astype(
            np.float32
        )
    long = Person(fringe.model, fringe.fit, fringe.weight, picture, masks, marks)
    geometry = geometry_of(long, list(layers_of(long).values()), tmp_path)
    hair = geometry.layer("hair_front")
    rows = hair.box_4[1] + (np.arange(64) + 0.5) / 64 * hair.box_4[3] + MARGIN
    assert (hair.weight_HW[rows < marks["chin"][1]] > 0.98).all()
    assert (hair.weight_HW[rows > low + 4] < 0.02).all()
    assert (np.diff(hair.weight_HW, axis=0) <= 0).all()
    still, turned = (drawn(geometry, yaw).astype(float) for yaw in (0, 20))
    lowest = slice(low - MARGIN, low - MARGIN + 16), slice(left - MARGIN - 20, left - MARGIN + 20)
    assert np.abs(still - turned)[lowest].mean() < 4  # the shirt beside it is not uncovered
