"""What makes an import quick gives the same: smaller copies, crops, continued maps; its timer."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.characters import import_speed
from app.characters.importer import Request
from inference.face_grids import Filling, fill
from inference.face_raster import look
from inference.portrait_place import Place, crop_matrix, cut, shrunk, through


def textured(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    noise = rng.normal(128, 90, (height, width, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 2).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(400, 250), (123, 77), (900, 600), (1, 1)])
def test_a_smaller_copy_is_the_areas_mean(size: tuple[int, int]) -> None:
    picture = textured(600, 900)
    made = shrunk(picture, size)
    assert made.shape == (size[1], size[0], 3)
    direct = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    assert np.abs(made.astype(int) - direct.reshape(made.shape)).mean() < 1.5


@pytest.mark.parametrize(
    "place", [Place(500, 400, 60, 0.3), Place(20, 30, 90, -1), Place(-400, 900, 40, 2)]
)
def test_a_crop_of_a_large_picture_shows_what_is_there(place: Place) -> None:
    picture = textured(800, 1000)
    picture[..., 0] = np.linspace(0, 255, 1000)[None]
    matrix = crop_matrix(place, 96, 6.6)
    crop = cut(picture, matrix, 96)
    columns, rows = np.meshgrid(np.arange(96.0), np.arange(96.0))
    at = through(matrix, np.stack([columns.ravel(), rows.ravel()], 1))[:, 0]
    expected = np.interp(at, [0, 999], [0, 255]).reshape(96, 96)  # the border goes on beyond it
    assert np.abs(crop[..., 0] - expected).max() < 3


def test_a_map_is_continued_alike_for_all_values_of_the_same_pixels() -> None:
    rng = np.random.default_rng(2)
    known = np.zeros((64, 64), np.float32)
    known[20:40, 10:50] = 1
    filling = Filling(known)
    for channels in (1, 3, 1):
        value = rng.normal(0, 1, (64, 64, channels)).astype(np.float32)
        kept = value.copy()
        made = filling(value)
        np.testing.assert_array_equal(value, kept)
        np.testing.assert_allclose(made, fill(value, known), atol=1e-6)
        np.testing.assert_allclose(made[20:40, 10:50], value[20:40, 10:50], atol=1e-6)
    plain = filling(np.full((64, 64, 3), 5, np.float32))
    np.testing.assert_allclose(plain, 5, atol=1e-4)


def test_values_of_a_mesh_are_read_where_it_is_seen() -> None:
    place = np.array([[4, 4], [28, 4], [28, 28], [4, 28]], np.float32)
    seen = look(place, np.ones(4, np.float32), np.array([[0, 2, 1], [0, 3, 2]]), 32)
    values = np.column_stack([place, np.full(4, 7)]).astype(np.float32)
    read = seen.read(values)
    rows, columns = np.nonzero(seen.known_HW)
    np.testing.assert_allclose(read[rows, columns, 0], columns.clip(4, 28), atol=0.6)
    np.testing.assert_allclose(read[rows, columns, 1], rows.clip(4, 28), atol=0.6)
    np.testing.assert_allclose(read[rows, columns, 2], 7, atol=1e-5)
    assert not read[~seen.known_HW].any()


def test_imports_are_timed_by_size_and_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    class Importer:
        def __init__(self, *_: object) -> None:
            pass

        def run(self, request: Request) -> None:
            picture = cv2.imread(str(request.picture))
            assert picture is not None
            seen.append((request.picture.suffix, picture.shape))

    monkeypatch.setattr(import_speed, "Importer", Importer)
    monkeypatch.setattr(import_speed, "NetworkReader", lambda *_, **__: None)
    cv2.imwrite(str(tmp_path / "a.png"), textured(40, 80))
    out = tmp_path / "out.json"
    import_speed.main(
        [str(tmp_path / "a.png"), "--sides", "60", "160", "--runs", "2", "--json", str(out)]
    )
    assert seen[:4] == [(".png", (30, 60, 3))] * 2 + [(".jpg", (30, 60, 3))] * 2
    assert seen[-1] == (".jpg", (80, 160, 3))
    found = json.loads(out.read_text())
    assert {kind: len(spent) for kind, spent in found.items()} == {
        "60 png": 2, "60 jpg": 2, "160 png": 2, "160 jpg": 2,
    }  # fmt: skip
    assert capsys.readouterr().out.count("median") == 4
    with pytest.raises(SystemExit):
        import_speed.main([str(tmp_path / "none.png")])
