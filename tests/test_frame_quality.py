"""The quality ladder: sizes, likeness of its steps, pictures finer than the frame, 8 bits."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.engine_builder import quality_notice
from inference import frame_generator_light, frame_generator_paint
from inference.beside import Beside, Task
from inference.compositor import Compositor
from inference.contract import PersonareError
from inference.frame_generator import QUALITIES, FrameGenerator
from inference.frame_generator_layers import load_geometry
from inference.frame_generator_overlay import find_windows, put_windows
from inference.frame_generator_paint import INT8, painting_graphs
from inference.frame_generator_pictures import LARGE, fitted, scaled_box, shrunk
from inference.frame_generator_windows import WindowPlace, WindowSource
from inference.model_package import ModelPackage, load_model_package
from tests.another_device import Device
from tests.motions import motion

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assets" / "models" / "frame-first-light"
CHARACTERS = ROOT / "assets" / "characters"


SPEAKING = motion(
    jawOpen=0.4, mouthLowerDownLeft=0.3, mouthLowerDownRight=0.3, headYaw=0.15, breath=0.5
)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def on_canvas(generator: FrameGenerator, motion_D: np.ndarray) -> np.ndarray:
    return Compositor(512, 512).compose(generator.draw(motion_D))


@pytest.fixture(scope="module")
def ladder() -> dict[str, FrameGenerator]:
    return {
        quality: FrameGenerator(PACKAGE, CHARACTERS / "lena", threads=1, quality=quality)
        for quality in QUALITIES
    }


def test_each_quality_has_its_size_and_says_so(ladder: dict[str, FrameGenerator]) -> None:
    sizes = {}
    for quality, generator in ladder.items():
        frame = generator.draw(SPEAKING)
        assert frame.shape == (generator.size, generator.size, 4)
        assert generator.quality == quality
        sizes[quality] = generator.size
    assert sizes["eco"] == sizes["standard"] == 512 < 720 <= sizes["high"]
    assert [ladder[quality].precision for quality in QUALITIES] == ["int8", "fp32", "fp32"]


@pytest.mark.parametrize(("quality", "least"), [("eco", 42), ("high", 33)])
def test_all_qualities_show_the_same(
    ladder: dict[str, FrameGenerator], quality: str, least: float
) -> None:
    for motion_D in (motion(), SPEAKING, motion(headYaw=-0.3, headRoll=0.2, eyeBlinkLeft=1.0)):
        reference = on_canvas(ladder["standard"], motion_D)
        assert psnr(on_canvas(ladder[quality], motion_D), reference) > least
    # nothing is out of place by a part of a pixel: shifted by one, the pictures are less alike
    reference = on_canvas(ladder["standard"], SPEAKING)
    drawn = on_canvas(ladder[quality], SPEAKING)
    there, left, right = (psnr(np.roll(drawn, shift, 1), reference) for shift in (0, -1, 1))
    assert there > max(left, right) + 3


def test_the_same_motion_gives_the_same_pixels(ladder: dict[str, FrameGenerator]) -> None:
    for generator in ladder.values():
        first = generator.draw(SPEAKING).copy()
        generator.draw(motion(headPitch=-0.2, tongueOut=1.0))
        np.testing.assert_array_equal(generator.draw(SPEAKING), first)


def test_one_thread_or_two_draw_the_same_pixels(
    ladder: dict[str, FrameGenerator], monkeypatch: pytest.MonkeyPatch
) -> None:
    for generator in ladder.values():
        beside = generator.draw(SPEAKING).copy()
        with monkeypatch.context() as patch:
            # nothing is ever begun by another thread: all of it is done where it is asked for
            patch.setattr(Beside, "start", lambda self, work: Task(work))
            np.testing.assert_array_equal(generator.draw(SPEAKING), beside)


def test_a_graphics_card_draws_the_same(
    ladder: dict[str, FrameGenerator], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(monkeypatch)
    for module in (frame_generator_paint, frame_generator_light):
        monkeypatch.setattr(module, "open_session", device.open)
    generator = FrameGenerator(PACKAGE, CHARACTERS / "lena", "cuda", threads=1, quality="eco")
    assert (generator.provider, generator.precision) == ("cuda", "fp32")  # 8 bits are slower there
    assert set(device.placed) == {"cuda"}
    for motion_D in (SPEAKING, motion(headYaw=-0.2, eyeBlinkLeft=1.0), motion()):
        np.testing.assert_array_equal(generator.draw(motion_D), ladder["standard"].draw(motion_D))


def without_int8() -> ModelPackage:
    package = load_model_package(PACKAGE)
    graphs = {k: v for k, v in package.manifest.graphs.items() if not k.endswith(INT8)}
    return ModelPackage(package.folder, package.manifest.model_copy(update={"graphs": graphs}))


def test_eight_bits_cannot_be_seen(ladder: dict[str, FrameGenerator]) -> None:
    exact = FrameGenerator(without_int8(), CHARACTERS / "lena", threads=1, quality="eco")
    assert exact.precision == "fp32"
    for motion_D in (SPEAKING, motion(eyeBlinkLeft=0.7, mouthSmileLeft=0.8, mouthSmileRight=0.8)):
        assert psnr(on_canvas(exact, motion_D), on_canvas(ladder["eco"], motion_D)) > 48


def test_a_drawn_character_needs_no_network_at_any_quality() -> None:
    generator = FrameGenerator(PACKAGE, CHARACTERS / "airi", threads=1, quality="eco")
    assert generator.precision == ""
    assert generator.draw(SPEAKING)[..., 3].max() == 255


def test_an_unknown_quality_is_refused() -> None:
    with pytest.raises(PersonareError, match="no quality 'ultra'") as caught:
        FrameGenerator(PACKAGE, CHARACTERS / "lena", quality="ultra")
    assert "eco, standard, high" in caught.value.remedy


def test_graphs_are_chosen_by_precision_and_need() -> None:
    package = load_model_package(PACKAGE)
    assert painting_graphs(package, True, True) == ("paint_mouth_int8", "paint_eyes_int8")
    assert painting_graphs(package, False, False) == ("paint_mouth",)
    assert painting_graphs(without_int8(), True, True) == ("paint_mouth", "paint_eyes")


def test_high_quality_without_a_graphics_card_is_said() -> None:
    sentence, remedy = quality_notice("high", "cpu")
    assert "processor" in sentence
    assert remedy
    assert quality_notice("high", "cuda") == quality_notice("eco", "cpu") == ("", "")


def finer(folder: Path, scale: float) -> Path:
    """A copy of a character whose pictures were drawn `scale` times as large, with fine stripes."""
    target = folder / "lena"
    shutil.copytree(CHARACTERS / "lena", target)
    with np.load(target / "geometry.npz") as data:
        arrays: dict[str, Any] = {key: data[key] for key in data.files}
    for layer in arrays["layers"]:
        for part in ("colour", "alpha"):
            flag = cv2.IMREAD_COLOR if part == "colour" else cv2.IMREAD_GRAYSCALE
            picture = cv2.imdecode(arrays[f"{layer}_{part}"], flag)
            height, width = (round(side * scale) for side in picture.shape[:2])
            large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
            if part == "colour" and layer == "head":
                stripe = np.where(np.arange(width) % 2 == 0, 1.25, 0.5)
                large = np.clip(large * stripe[None, :, None], 0, 255).astype(np.uint8)
            arrays[f"{layer}_{part}"] = cv2.imencode(".png", large)[1].ravel()
    path = target / "geometry.npz"
    np.savez(path, **arrays, picture_scale=np.float64(scale))
    manifest = json.loads((target / "character.json").read_text())
    manifest["files"]["geometry.npz"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (target / "character.json").write_text(json.dumps(manifest))
    return target


def test_finer_pictures_show_in_high_quality_alone(tmp_path: Path) -> None:
    folder = finer(tmp_path, 2.0)
    plain, fine = (
        load_geometry(CHARACTERS / "lena" / "geometry.npz"),
        load_geometry(folder / "geometry.npz"),
    )
    for before, after in zip(plain.layers, fine.layers, strict=True):
        assert after.image.shape == before.image.shape
        assert after.detail is not None
        assert after.detail.shape[:2] == tuple(2 * side for side in before.image.shape[:2])
        assert before.detail is None
    stripes = {}
    for quality in ("standard", "high"):
        generator = FrameGenerator(PACKAGE, folder, threads=1, paint=False, quality=quality)
        frame = generator.draw(motion())
        scale = generator.size / 512
        x, y = plain.windows["mouth"]
        box = [round(v * scale) for v in (y + 70, y + 90, x + 20, x + 70)]  # the chin
        chin = frame[box[0] : box[1], box[2] : box[3], 1].astype(float)
        stripes[quality] = float(np.abs(np.diff(chin, axis=1)).mean())
    assert stripes["high"] > 4 * stripes["standard"]
    one, other = (
        FrameGenerator(PACKAGE, path, threads=1, paint=False).draw(SPEAKING).copy()
        for path in (folder, CHARACTERS / "lena")
    )
    solid = (one[..., 3] > 250) & (other[..., 3] > 250)
    assert np.abs(one.astype(float) - other)[solid].mean() < 8  # stripes average to nearly the same


def test_paint_keeps_the_detail_of_what_it_leaves_alone() -> None:
    # a head of 64 x 64 frame pixels drawn at twice the size: stripes that a window cannot hold
    striped = np.full((128, 128, 4), 255, np.uint8)
    striped[:, ::2, :3], striped[:, 1::2, :3] = 110, 90
    grid = np.stack(np.meshgrid(np.arange(64.0), np.arange(64.0))).astype(np.float32)
    mask = np.full((32, 32), 255, np.uint8)
    left = {}
    for name, value in (("alike", 100), ("new", 200)):
        colour = np.full((32, 32, 4), 255, np.uint8)
        colour[..., :3] = value
        region = striped.copy()
        view = (slice(0, 128), slice(0, 128))
        window = WindowSource((16, 16), colour, mask)
        looks = find_windows(
            [WindowPlace((16, 16), (32, 32))], grid, np.array([0, 0, 128, 128]), view
        )
        put_windows(region, looks, [window], 2.0)
        np.testing.assert_array_equal(region[:28], striped[:28])
        inner = region[40:88, 40:88, 0].astype(float)
        assert abs(inner.mean() - value) < 2
        left[name] = float(np.abs(np.diff(inner, axis=1)).mean())
    assert left["alike"] > 15  # of 20
    assert left["new"] < 1


@pytest.mark.parametrize("scale", [0.5, 5.0, np.nan])
def test_an_impossible_picture_scale_is_refused(tmp_path: Path, scale: float) -> None:
    with np.load(CHARACTERS / "airi" / "geometry.npz") as data:
        arrays: dict[str, Any] = {key: data[key] for key in data.files}
    np.savez(tmp_path / "geometry.npz", **arrays, picture_scale=np.float64(scale))
    with pytest.raises(PersonareError, match="damaged"):
        load_geometry(tmp_path / "geometry.npz")


def test_a_picture_made_to_size_keeps_its_place() -> None:
    geometry = load_geometry(CHARACTERS / "airi" / "geometry.npz")
    for layer in geometry.layers:
        places = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0))).astype(np.float32) + 200
        for scale in (0.75, 1.0, 1.40625):
            picture = fitted(layer, scale)
            found = picture.places(places)
            edge = np.array(picture.corner)[:, None, None]
            expected = (places + 0.5 - edge) * np.array(picture.scale)[:, None, None] - 0.5
            np.testing.assert_allclose(found, expected, atol=1e-3)
            assert abs(picture.scale[0] - (scale if scale <= 1 else LARGE)) < 0.01
            # premultiplied: no colour brighter than its cover
            assert (picture.pixels[..., :3] <= picture.pixels[..., 3:]).all()


def test_boxes_and_small_pictures() -> None:
    box = np.array([10, -7, 33, 21])
    assert scaled_box(box, 1.0) is box
    np.testing.assert_array_equal(scaled_box(box, 2.0), 2 * box)
    for size in (384, 512, 720):
        flat = np.full((size, size, 4), 77, np.uint8)
        assert (shrunk(flat, 64) == 77).all()
        assert shrunk(flat, 64).shape == (64, 64, 4)
