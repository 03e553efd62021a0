"""The bundled figures as they are made: bends of mascots, coats, ears, and files packed tightly."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.frames.tight import tight_file, tight_png, unpacked
from training.people.bend import Bender
from training.people.cast import bundled_figures
from training.people.mascots import COATS, EARS, EarShape, ear_pair
from training.people.pelts import MARKINGS
from training.people.spec import Bend

ROOT = Path(__file__).parent.parent.parent
CHARACTERS = ROOT / "assets" / "characters"


class _Base:
    """As much of a base mesh as a bend asks for: a ball of a head with eyes, nose and lips."""

    def __init__(self) -> None:
        from training.rig.base_mesh import VERTEX_COUNT

        rng = np.random.default_rng(0)
        way = rng.normal(size=(VERTEX_COUNT, 3))
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        self.points = (way * 0.9 + np.array([0.0, 7.2, 0.6])).astype(np.float32)
        self.obj = self
        self.groups = {"body": np.arange(13000)}
        self.head_weight_B = np.ones(VERTEX_COUNT, np.float32)

    def joint(self, vertices_B3: np.ndarray, name: str) -> np.ndarray:
        places = {"l-eye": (0.3, 7.28, 1.1), "r-eye": (-0.3, 7.28, 1.1), "neck": (0.0, 6.0, 0.4)}
        return np.array(places[name], np.float32)


def _bent(**values: float) -> tuple[np.ndarray, np.ndarray]:
    base = _Base()
    bender = Bender(Bend(**values), base, base.points)  # type: ignore[arg-type]
    return base.points, bender(base.points[:5000])


def test_a_muzzle_stands_out_and_leaves_the_back_of_the_head() -> None:
    plain, bent = _bent(muzzle=0.4)
    moved = bent - plain[:5000]
    assert moved[:, 2].max() > 0.3
    assert np.abs(moved[plain[:5000, 2] < 0.5]).max() < 1e-6
    assert np.abs(moved[:, :2]).max() < 1e-6


def test_a_curl_lifts_the_corners_of_the_mouth_alone() -> None:
    plain, bent = _bent(curl=0.1)
    moved = bent - plain[:5000]
    assert moved[:, 1].max() > 0.01
    assert np.abs(moved[plain[:5000, 1] > 7.5]).max() < 1e-6


def test_bundled_figures_are_described_and_have_their_coats() -> None:
    figures = bundled_figures()
    assert {spec.look for spec in figures.values()} == {"toon", "drawn"}
    for name, spec in figures.items():
        assert spec.person.id == name
        assert spec.person.description.endswith(".")
        assert spec.mascot == "" or spec.mascot in COATS
        assert (CHARACTERS / name / "character.json").exists()
    assert sum(bool(spec.mascot) for spec in figures.values()) >= 2
    assert {coat.kind for coat in COATS.values()} <= set(MARKINGS)


@pytest.mark.parametrize("kind", sorted(MARKINGS))
def test_markings_are_shares(kind: str) -> None:
    y, x = np.mgrid[6.0:8.4:60j, 0.0:0.9:40j].astype(np.float32)
    marks = MARKINGS[kind](x, y, np.full_like(x, 1.4))
    for name in ("light", "dark", "nose"):
        assert marks[name].shape == x.shape
        assert marks[name].min() >= 0
        assert marks[name].max() <= 1
    assert max(marks[name].max() for name in ("light", "dark")) > 0.5


class _Ball:
    """A skull that is a ball."""

    def at(self, theta: np.ndarray, phi: np.ndarray, lift: float) -> np.ndarray:
        way = np.array([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)])
        return way * (1.0 + lift)


@pytest.mark.parametrize("kind", sorted(EARS))
def test_ears_are_a_pair_and_stand_up(kind: str) -> None:
    spec: EarShape = EARS[kind]
    shell, lining = ear_pair(_Ball(), spec)  # type: ignore[arg-type]
    points = np.concatenate(shell.points)
    assert np.isfinite(points).all()
    assert np.allclose(points[:, 0].min(), -points[:, 0].max(), atol=1e-5)
    assert np.ptp(points[:, 1]) > 0.8 * spec.tall * np.cos(np.radians(spec.lean))
    assert max(p[:, 1].max() for p in lining.points) < points[:, 1].max()


def test_a_tight_geometry_is_the_same_and_smaller() -> None:
    rng = np.random.default_rng(1)
    smooth = np.cumsum(rng.integers(-2, 3, (4, 3, 64, 64)), -1).astype(np.int16)
    arrays = {
        "format": np.array(1),
        "layers": np.array(["head", "body"]),
        "head_basis": smooth,
        "head_depth": rng.integers(0, 65536, (64, 64)).astype(np.uint16),
    }
    packed = tight_file(arrays)
    assert packed == tight_file(arrays)
    back = unpacked(packed)
    assert back.keys() == arrays.keys()
    for key, value in arrays.items():
        assert np.array_equal(back[key], value)
        assert back[key].dtype == value.dtype
        assert back[key].shape == value.shape
    plain = io.BytesIO()
    np.savez_compressed(plain, **arrays)
    assert len(packed) < 0.9 * len(plain.getvalue())


def test_a_tight_picture_keeps_all_that_shows() -> None:
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, (40, 30, 4)).astype(np.uint8)
    pixels[:10, :, 3] = 0
    back = np.asarray(Image.open(io.BytesIO(tight_png(pixels))))
    assert np.array_equal(back[..., 3], pixels[..., 3])
    shown = pixels[..., 3] > 0
    assert np.array_equal(back[shown], pixels[shown])
    assert not back[~shown].any()
