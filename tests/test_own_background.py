"""A character's own background: at rest it is the picture again, in motion it gives way, and
nothing of the person stays in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.character import load_character
from inference.compositor import EDGE, Backdrop, Compositor
from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, PersonareError, UInt8Array
from inference.face_background import (
    FILE,
    LEFT,
    MOST_BYTES,
    WIDTH,
    background_files,
    jpeg,
    own_background,
)
from inference.face_settle import settle
from inference.frame_generator_layers import SIZE, load_geometry
from inference.own_background import OwnBackground, load_own_background, outline_of

LENA = Path(__file__).parent.parent / "assets" / "characters" / "lena"
IN_PLACE = np.array([[1, 0, -LEFT], [0, 1, 0]], np.float32)
"""From a picture as wide as the canvas to the frame."""


def portrait() -> UInt8Array:
    bgra = cv2.imread(str(LENA / "portrait.png"), cv2.IMREAD_UNCHANGED)
    return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA), np.uint8)


def room(width: int = WIDTH, seed: int = 3) -> UInt8Array:
    """A busy background: coarse blotches and a fine pattern."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(0, 255, (16, 28, 3)).astype(np.float32), (width, SIZE))
    fine = cv2.GaussianBlur(rng.normal(0, 25, (SIZE, width, 3)).astype(np.float32), (0, 0), 2.0)
    return np.asarray(np.clip(coarse + 2 * fine, 0, 255), np.uint8)


def before(person: UInt8Array, behind: UInt8Array) -> UInt8Array:
    """A photograph, RGBA and opaque: the person in the middle of a room."""
    out = np.dstack([behind, np.full(behind.shape[:2], 255, np.uint8)])
    left = (behind.shape[1] - SIZE) // 2
    alpha = person[..., 3:].astype(np.float32) / 255
    place = out[:, left : left + SIZE, :3]
    place[...] = np.rint(person[..., :3] * alpha + place * (1 - alpha))
    return out


def psnr(a: UInt8Array, b: UInt8Array, where: np.ndarray | None = None) -> float:
    off = (a.astype(float) - b) ** 2
    return float(
        10 * np.log10(255**2 / max(off.mean() if where is None else off[where].mean(), 1e-9))
    )


def motion(**values: float) -> Float32Array:
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        out[MOTION_INDEX[name]] = value
    return out


@pytest.fixture(scope="module")
def person() -> UInt8Array:
    return portrait()


@pytest.fixture(scope="module")
def photo(person: UInt8Array) -> UInt8Array:
    return before(person, room())


@pytest.fixture(scope="module")
def own(person: UInt8Array, photo: UInt8Array) -> OwnBackground:
    made = own_background(photo, IN_PLACE, person)
    assert made is not None
    stored = cv2.imdecode(np.frombuffer(jpeg(made), np.uint8), cv2.IMREAD_COLOR)
    rgb = np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)
    return OwnBackground(rgb, outline_of(load_geometry(LENA / "geometry.npz")))


def test_at_rest_it_is_the_picture_again(
    person: UInt8Array, photo: UInt8Array, own: OwnBackground
) -> None:
    canvas = Compositor(WIDTH, SIZE, Backdrop("own"), own)
    edge = np.zeros((SIZE, WIDTH), np.uint8)
    soft = (person[..., 3] > 4) & (person[..., 3] < 251)
    edge[:, LEFT : LEFT + SIZE] = cv2.dilate(soft.astype(np.uint8), np.ones((5, 5), np.uint8))
    for drawn in (canvas.compose(person), canvas.compose(person, motion())):
        assert psnr(drawn, photo[..., :3]) > 38
        assert psnr(drawn, photo[..., :3], edge > 0) > 38


def test_a_bad_cut_out_is_not_seen_at_rest(person: UInt8Array, photo: UInt8Array) -> None:
    """The mask lost a bite of the hair, has a tuft of the room, and is soft where it should not be:
    the layers' colours are settled so that the picture comes out all the same."""
    alpha = person[..., 3].astype(np.float32) / 255
    cv2.circle(alpha, (200, 100), 30, 0.0, -1)
    cv2.circle(alpha, (400, 140), 25, 1.0, -1)
    alpha[150:260, 120:400] *= 0.6
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 3.0), np.float32)
    framed = np.ascontiguousarray(photo[:, LEFT : LEFT + SIZE, :3])
    colour = {"head": np.full((SIZE, SIZE, 3), 90, np.float32)}
    settle(framed, {"head": alpha}, colour)
    cut = np.dstack([colour["head"], 255 * alpha])
    cut_out = np.asarray(np.rint(cut), np.uint8)
    made = own_background(photo, IN_PLACE, cut_out)
    assert made is not None
    outline = outline_of(load_geometry(LENA / "geometry.npz"))
    drawn = Compositor(WIDTH, SIZE, Backdrop("own"), OwnBackground(made, outline)).compose(cut_out)
    assert psnr(drawn[:, LEFT : LEFT + SIZE], framed) > 38


def test_nothing_of_the_person_stays(person: UInt8Array) -> None:
    behind = np.full((SIZE, WIDTH, 3), (70, 110, 140), np.uint8)
    behind += np.random.default_rng(0).integers(0, 8, behind.shape, np.uint8)
    painted = person.copy()
    painted[..., :3] = (255, 0, 255)
    made = own_background(before(painted, behind), IN_PLACE, painted)
    assert made is not None
    inside = slice(LEFT + round(2 * EDGE * SIZE), LEFT + SIZE - round(2 * EDGE * SIZE))
    assert np.abs(made[:, inside].astype(int) - (73, 113, 143)).max() < 25


def test_beyond_the_picture_it_goes_on_calmly(person: UInt8Array) -> None:
    narrow = before(person, room(560, 5))
    made = own_background(narrow, np.array([[1, 0, -24], [0, 1, 0]], np.float32), person)
    assert made is not None
    assert made.shape == (SIZE, WIDTH, 3)
    fine = np.abs(np.diff(made.astype(float), axis=0)).mean((0, 2))
    across = np.abs(np.diff(made.astype(float), axis=1)).mean((0, 2))
    start = LEFT - 24
    ends = (slice(0, 40), slice(-40, None))
    nears = (slice(start - 40, start - 10), slice(WIDTH - start + 10, WIDTH - start + 40))
    for end, near in zip(ends, nears, strict=True):
        assert fine[end].mean() < 0.25 * fine[start : start + 60].mean()
        assert fine[end].mean() < fine[near].mean()
        assert across[end].mean() < 2 * fine[end].mean() + 0.5  # no stripes
    jump = np.abs(made[:, start - 1].astype(float) - made[:, start]).mean()
    assert jump < 3 * np.abs(made[:, start + 1].astype(float) - made[:, start]).mean() + 2
    assert len(jpeg(made)) <= MOST_BYTES


def test_a_picture_of_the_person_alone_has_none(person: UInt8Array) -> None:
    cut_out = np.zeros((SIZE, WIDTH, 4), np.uint8)
    cut_out[:, LEFT : LEFT + SIZE] = person
    png = cv2.imencode(".png", person)[1].tobytes()
    assert background_files(cut_out, IN_PLACE, png) == {}
    cut_out[300:, LEFT + 20 : LEFT + 60] = (90, 60, 30, 255)  # a staff beside the person
    cut_out[200:, : LEFT - 60] = (90, 60, 30, 255)  # and a horse
    assert background_files(cut_out, IN_PLACE, png) == {}
    noise = np.random.default_rng(1).integers(0, 255, (SIZE, WIDTH, 4)).astype(np.uint8)
    noise[..., 3] = 255
    files = background_files(noise, IN_PLACE, png)
    assert len(files[FILE]) <= MOST_BYTES  # the worst there is


@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (512, 512), (360, 640), (1600, 400)])
def test_it_lies_where_the_frame_lies(
    size: tuple[int, int], person: UInt8Array, photo: UInt8Array, own: OwnBackground
) -> None:
    width, height = size
    drawn = Compositor(width, height, Backdrop("own"), own).compose(person, motion())
    assert drawn.shape == (height, width, 3)
    side = min(width, height)
    x, y = (width - side) // 2, height - side
    wanted = cv2.resize(
        photo[:, LEFT : LEFT + SIZE, :3], (side, side),
        interpolation=cv2.INTER_CUBIC if side > SIZE else cv2.INTER_AREA,
    )  # fmt: skip
    assert psnr(drawn[y : y + side, x : x + side], np.asarray(wanted, np.uint8)) > 33


def test_near_the_head_it_goes_along_and_far_away_it_stands(person: UInt8Array) -> None:
    geometry = load_geometry(LENA / "geometry.npz")
    row = 200
    side = LEFT + int(np.flatnonzero(person[row, :, 3] > 128)[-1]) + 8
    dotted = np.zeros((SIZE, WIDTH, 3), np.uint8)
    places = ((side, row), (LEFT + SIZE + 120, row), (20, 60))
    for x, y in places:
        cv2.circle(dotted, (x, y), 5, (255, 255, 255), -1)
    canvas = OwnBackground(dotted, outline_of(geometry)).on(WIDTH, SIZE)
    rest, moved = canvas.draw(None), canvas.draw(motion(headX=0.25))
    np.testing.assert_array_equal(rest, canvas.draw(motion()))

    def shift(x: int) -> float:
        """How far the dot at `x` went."""
        was, now = (cv2.moments(p[:, x - 40 : x + 40, 0]) for p in (rest, moved))
        return now["m10"] / now["m00"] - was["m10"] / was["m00"]

    head = geometry.layer("head")
    depth = geometry.camera_34[2, :3] @ head.point_3HW.reshape(3, -1) + geometry.camera_34[2, 3]
    whole = 0.25 * geometry.place_5[3] * geometry.camera_34[0, 0] / depth.mean()
    assert abs(whole) > 10
    assert 0.8 < shift(side) / whole < 1.05
    assert 0 <= shift(places[1][0]) / whole < 0.25
    np.testing.assert_array_equal(rest[:, :40], moved[:, :40])


def test_no_motion_opens_a_hole(own: OwnBackground) -> None:
    """What is black is a hole: the room is made bright, and everything must stay so."""
    bright = OwnBackground(
        np.full((SIZE, WIDTH, 3), 200, np.uint8), outline_of(load_geometry(LENA / "geometry.npz"))
    ).on(640, 360)
    for values in ({"headX": 1.0, "headZ": 1.0}, {"headY": -1.0, "headPitch": 0.3}, {"headX": -1.0},
                   {"headZ": -1.0, "breath": 1.0, "shoulderLeft": 1.0}):  # fmt: skip
        assert bright.draw(motion(**values)).min() == 200
    own.on(640, 360).draw(np.full(MOTION_SIZE, np.nan, np.float32))  # is rest, and no fault


def test_whoever_has_none_stands_before_the_colour(own: OwnBackground) -> None:
    frame = np.zeros((64, 64, 4), np.uint8)
    canvas = Compositor(64, 64, Backdrop("own", (10, 200, 10)))
    plain = Compositor(64, 64, Backdrop("color", (10, 200, 10))).compose(frame)
    np.testing.assert_array_equal(canvas.compose(frame), plain)
    other = canvas.behind(own)
    assert np.abs(other.compose(frame).astype(int) - plain).mean() > 20
    np.testing.assert_array_equal(other.behind(None).compose(frame), plain)
    other.set_background(Backdrop("green"))
    assert (other.compose(frame) == (0, 255, 0)).all()
    other.set_background(Backdrop("own"))
    assert (other.compose(frame) != (0, 255, 0)).any()
    assert load_own_background(load_character(LENA)) is None


def test_it_can_be_asked_for_by_name() -> None:
    from app.cli.arguments import background
    from app.session_contract import Background
    from app.settings.model import BackgroundKind

    assert background("own") == Background() == Background("own")
    assert {"own", "color", "picture", "green"} == {kind.value for kind in BackgroundKind}


def test_a_damaged_background_is_a_sentence(own: OwnBackground, tmp_path: Path) -> None:
    from dataclasses import replace

    lena = load_character(LENA)
    (tmp_path / FILE).write_bytes(b"no picture")
    (tmp_path / "geometry.npz").write_bytes((LENA / "geometry.npz").read_bytes())
    manifest = lena.manifest.model_copy(update={"background": FILE})
    with pytest.raises(PersonareError):
        load_own_background(replace(lena, folder=tmp_path, manifest=manifest))
