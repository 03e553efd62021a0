"""Closely cropped pictures: which part of the frame is drawn, and that all agree on it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.characters.importer import Importer, Request
from app.characters.library import CharacterLibrary
from app.characters.pictures import read_picture
from inference.character import Character
from inference.compositor import GREEN, Backdrop, Compositor
from inference.contract import MOTION_INDEX, MOTION_SIZE, PersonareError, UInt8Array
from inference.face_border import unmirrored
from inference.face_frame import corners_of, inside_of
from inference.face_shown import as_shown, shown_matrix, shown_of, stored_shown
from inference.frame_generator import FrameGenerator
from inference.frame_generator_layers import SIZE, WHOLE, Shown, load_geometry
from inference.frame_generator_pictures import enlarged, scaled_box, visible
from inference.own_background import load_own_background
from tests.importing import ASSETS, LENA, POINTS

MODEL = ASSETS / "models" / "frame-first-light"
CUT = (slice(110, 372), slice(110, 400))
"""Rows and columns of Lena's portrait: no top of the head, no chest, shoulders cut."""


def person() -> UInt8Array:
    """Head and shoulders in the frame, RGBA."""
    out = np.zeros((SIZE, SIZE, 4), np.uint8)
    out[60:330, 170:340] = 255
    out[320:, 60:450] = 255
    return out


def shown(
    left: int, top: int, right: int, bottom: int, portrait: UInt8Array | None = None
) -> Shown:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return shown_of(corners, person() if portrait is None else portrait)


def test_a_picture_that_cuts_nobody_is_drawn_whole() -> None:
    assert shown(-50, -50, 600, 600) == WHOLE
    assert shown(20, 10, 490, 600) == WHOLE  # nobody stands at these borders
    assert shown(-50, -50, 600, 500) == WHOLE  # a few rows of the chest go on unseen
    assert shown(100, -50, 420, 600) == WHOLE  # shoulders fade away beside the frame


@pytest.mark.parametrize(
    "border",
    [
        (-50, -50, 600, 400), (-50, -50, 600, 340), (-50, 140, 600, 600), (-50, 110, 600, 400),
        (120, 110, 400, 360), (190, -50, 600, 600),
    ],
)  # fmt: skip
def test_the_frame_ends_where_the_picture_cuts_somebody(border: tuple[int, int, int, int]) -> None:
    part = shown(*border)
    left, top, right, bottom = border
    slack, chin = 3, 12  # a chin is wanted with something below it
    assert part != WHOLE
    assert part.x >= max(left - slack, 0)
    assert part.y >= max(top - slack, 0)
    assert part.x + part.side <= min(right + slack, SIZE)
    assert part.y + part.side <= min(bottom + max(slack, chin), SIZE)


def test_a_head_that_is_cut_out_does_not_hang_in_the_air() -> None:
    head = person()
    head[360:] = 0
    part = shown(-100, -100, 700, 700, head)
    assert part.y + part.side <= 360
    assert part.y + part.side > 330  # the chin is there


def test_a_figure_that_stands_on_its_feet_is_drawn_whole() -> None:
    figure = person()
    figure[360:, :180], figure[360:, 200:310], figure[360:, 330:] = 0, 0, 0
    assert shown(-100, -100, 700, 700, figure) == WHOLE


def test_a_frame_never_shows_more_than_it_has() -> None:
    part = shown(215, 130, 300, 290)  # far too tight
    assert part.side >= 200
    assert 0 <= part.x <= SIZE - part.side
    assert 0 <= part.y <= SIZE - part.side


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Character, UInt8Array]:
    """A character of a closely cropped photograph, and the photograph."""
    home = tmp_path_factory.mktemp("home")
    rgba, _ = read_picture(LENA)
    share = rgba[..., 3:] / 255
    grey = np.rint(rgba[..., :3] * share + 150 * (1 - share)).astype(np.uint8)
    photo = np.ascontiguousarray(grey[CUT])
    path = home / "tight.png"
    cv2.imwrite(str(path), photo[..., ::-1])
    top, left = CUT[0].start, CUT[1].start
    moved = {name: [x - left, y - top] for name, (x, y) in POINTS.items()}
    points = home / "points.json"
    size = [photo.shape[1], photo.shape[0]]
    points.write_text(json.dumps({"format_version": 1, "size": size, "points": moved}))
    own = home / "characters"
    maker = Importer(CharacterLibrary(ASSETS / "characters", own), ASSETS, own, None)
    return maker.run(Request(path, "Tight", "own", points)), photo


def test_at_rest_the_part_is_the_portraits(tight: tuple[Character, UInt8Array]) -> None:
    character, _ = tight
    generator = FrameGenerator(MODEL, character, threads=1)
    part = generator.geometry.shown
    assert part.side < 330
    bgra = cv2.imread(str(character.portrait_path), cv2.IMREAD_UNCHANGED)
    wanted = as_shown(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA), part)
    rest = generator.draw(np.zeros(MOTION_SIZE, np.float32)).copy()
    solid = (wanted[..., 3] > 250) & (rest[..., 3] > 250)
    assert solid.mean() > 0.3
    assert np.abs(rest[solid].astype(int) - wanted[solid]).mean() < 2
    assert np.abs(rest[..., 3].astype(int) - wanted[..., 3]).mean() < 2
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[MOTION_INDEX["jawOpen"]] = 0.6
    x, y = generator.geometry.windows["mouth"]
    scale = SIZE / part.side
    mouth = [round((v - c) * scale) for v, c in ((x, part.x), (y, part.y))]
    change = np.abs(generator.draw(motion).astype(int) - rest)[..., :3].sum(2)
    end = [v + round(96 * scale) for v in mouth]
    assert change[mouth[1] : end[1], mouth[0] : end[0]].mean() > 20
    assert change[: mouth[1] - round(60 * scale)].mean() < 3


def test_before_its_own_background_the_picture_comes_out(
    tight: tuple[Character, UInt8Array],
) -> None:
    character, photo = tight
    part = load_geometry(character.geometry_path or Path()).shown
    facts = json.loads((character.folder / "character.json").read_text())
    matrix = np.array(facts["frame_from_picture"])
    assert facts["picture_size"] == [photo.shape[1], photo.shape[0]]
    onto = (np.vstack([shown_matrix(part), [0, 0, 1]]) @ np.vstack([matrix, [0, 0, 1]]))[:2]
    wanted = cv2.warpAffine(photo, onto, (SIZE, SIZE), flags=cv2.INTER_CUBIC).astype(float)
    inside = cv2.warpAffine(np.ones(photo.shape[:2]), onto, (SIZE, SIZE)) > 0.99
    assert inside.mean() > 0.97  # hardly anything is made up
    generator = FrameGenerator(MODEL, character, threads=1)
    rest = np.zeros(MOTION_SIZE, np.float32)
    canvas = Compositor(910, SIZE, Backdrop("own"), load_own_background(character))
    seen = canvas.compose(generator.draw(rest), rest)[:, 199:711].astype(float)
    off = ((seen - wanted) ** 2).mean(2)[inside].mean()
    assert off < 255**2 / 10**3.2  # 32 dB: enlarged in other ways
    assert character.thumbnail_path.is_file()


def test_points_set_by_hand_keep_the_part(tight: tuple[Character, UInt8Array]) -> None:
    character, _ = tight
    own = character.folder.parent
    before = (character.folder / "geometry.npz").read_bytes()
    background = (character.folder / "background.jpg").read_bytes()
    maker = Importer(CharacterLibrary(ASSETS / "characters", own), ASSETS, own, None)
    again = maker.again("tight", {"mouth_left": (300.0, 290.0)})
    after = (again.folder / "geometry.npz").read_bytes()
    assert stored_shown(after) == stored_shown(before) != WHOLE
    assert (again.folder / "background.jpg").read_bytes() == background


@pytest.mark.parametrize("part", [(0, 0, 600), (-1, 0, 300), (0, 0, 20), (300, 0, 300)])
def test_a_part_beyond_the_frame_is_refused(
    tight: tuple[Character, UInt8Array], tmp_path: Path, part: tuple[int, int, int]
) -> None:
    with np.load(tight[0].folder / "geometry.npz") as archive:
        arrays = {key: archive[key] for key in archive.files}
    arrays["shown"] = np.array(part, np.float32)
    np.savez(tmp_path / "geometry.npz", **arrays)
    with pytest.raises(PersonareError, match="damaged"):
        load_geometry(tmp_path / "geometry.npz")


def test_networks_see_no_mirror_image() -> None:
    picture = np.zeros((592, 592, 4), np.uint8)
    picture[..., 3] = 255
    inside = inside_of(corners_of((512, 300), np.array([[1, 0, 0], [0, 1, 0]], np.float32)))
    picture[inside > 0, :3] = 90
    picture[inside == 0, :3] = 200  # as if something bright were mirrored
    seen = unmirrored(picture, inside)
    assert np.array_equal(seen[inside > 0], picture[inside > 0])
    border = int(np.flatnonzero(inside[:, 296])[-1])
    assert abs(int(seen[border + 10, 296, 0]) - 90) <= 1
    assert seen[border + 80, 296, 0] == 200


def body(first: int) -> UInt8Array:
    """A frame with a body that begins at a column."""
    frame = np.zeros((SIZE, SIZE, 4), np.uint8)
    frame[300:, first:400] = (200, 40, 40, 255)
    return frame


def test_a_body_cut_by_the_frames_side_fades_away() -> None:
    canvas = Compositor(910, SIZE, Backdrop("color", (0, 0, 0)))
    row = canvas.compose(body(0))[450, 199:, 0].astype(int)
    assert row[0] < 20
    assert np.all(np.diff(row[:60]) >= -1)
    assert np.diff(row[:60]).max() < 12
    assert abs(int(row[80]) - 200) <= 2
    # a sleeve that ends within the frame has its own edge, and a key colour must not shine through
    assert abs(int(canvas.compose(body(40))[450, 199 + 45, 0]) - 200) <= 2
    keyed = Compositor(910, SIZE, Backdrop("green")).compose(body(0))
    assert tuple(keyed[450, 199]) != GREEN
    assert abs(int(keyed[450, 199, 0]) - 200) <= 2


def test_of_a_grid_only_what_is_seen_is_enlarged() -> None:
    map_2HW = np.random.default_rng(3).random((2, 64, 64)).astype(np.float32)
    box = scaled_box(np.array([40, 50, 300, 330]), 2.5, (150.0, 120.0))
    assert (box[2:] % 64 == 0).all()
    assert np.abs(box[:2] + box[2:] / 2 - [100, 237.5]).max() <= 1  # its middle stays
    view = visible(box, 512)
    assert view is not None
    whole = [cv2.resize(part, (int(box[2]), int(box[3]))) for part in map_2HW]
    rows, columns = (
        slice(part.start - int(first), part.stop - int(first))
        for part, first in zip(view, box[1::-1], strict=True)
    )
    for found, wanted in zip(enlarged(map_2HW, box, view), whole, strict=True):
        np.testing.assert_allclose(found, wanted[rows, columns], atol=1e-5)
