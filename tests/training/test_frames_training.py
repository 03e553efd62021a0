"""The frame generator's training on tiny data: the warp, the losses, one step, export parity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inference.contract import (  # noqa: E402
    BLENDSHAPES,
    MOTION_INDEX,
    MOTION_SIZE,
    PersonareError,
)
from inference.model_package import load_model_package  # noqa: E402
from tests.training.repeatable import repeatable  # noqa: E402, F401
from training.frames import check_parity, export, motions, paint, shipped, train  # noqa: E402
from training.frames.flow import ExpressionFlow, LayerFlow, PoseFlow, cell_centres  # noqa: E402
from training.frames.identity import Identity, WindowEncoder  # noqa: E402
from training.frames.packed import Packed, Window, load_packed, save_packed  # noqa: E402
from training.frames.relight import Relight  # noqa: E402

PACKAGE = Path(__file__).parents[2] / "assets" / "models" / "frame-first-light"


def tiny_packed(name: str = "ada", count: int = 6) -> Packed:
    """A character whose truth is the warp with a red square in the middle."""
    rng = np.random.default_rng(len(name))
    windows = {}
    sizes = {"mouth": (96, 96, 4), "eye_left": (64, 48, 2), "eye_right": (64, 48, 2)}
    for key, (w, h, flows) in sizes.items():
        warp = np.full((count, h, w, 4), 160, np.uint8)
        warp[..., 3] = 255
        truth = warp.copy()
        truth[:, h // 4 : -h // 4, w // 4 : -w // 4, :3] = (200, 40, 40)
        flow = np.zeros((count, flows, h // 4, w // 4), np.float16)
        views = np.full((9 if key == "mouth" else 6, h, w), 150, np.uint8)
        windows[key] = Window(truth, warp, warp, flow, views)
    motion_MD = rng.random((count, MOTION_SIZE), np.float32)
    return Packed(name, motion_MD, windows)


def test_rest_motion_leaves_every_pixel_where_it_is() -> None:
    inputs = check_parity.flow_inputs()
    inputs["amount"] = torch.zeros(3)
    inputs["pose"] = torch.zeros(6)
    inputs["frame_box"] = inputs["grid_box"].clone()
    source = LayerFlow()(*inputs.values())
    canon = PoseFlow()(*(v for k, v in inputs.items() if k not in ("amount", "basis")))
    places = cell_centres(inputs["grid_box"])
    assert float((source - places).abs().max()) < 1e-3
    assert float((canon - places).abs().max()) < 1e-3


def test_flow_is_the_inverse_of_the_forward_map() -> None:
    inputs = check_parity.flow_inputs()
    inputs["basis"] = torch.zeros_like(inputs["basis"])
    inputs["pose"] = torch.tensor([0.0, 0.0, 0.0, 0.05, -0.03, 0.0])
    inputs["frame_box"] = inputs["grid_box"].clone()
    source = LayerFlow()(*inputs.values())
    places = cell_centres(inputs["grid_box"])
    depth = float(inputs["point"][2].mean())
    expected = 800 * 0.6 * torch.tensor([0.05, 0.03])[:, None, None] / depth
    inner = (slice(None), slice(8, -8), slice(8, -8))
    assert float(((places - source) - expected)[inner].abs().max()) < 1.0


def test_expression_flow_agrees_with_layer_flow_without_pose() -> None:
    inputs = check_parity.flow_inputs()
    inputs["pose"] = torch.zeros(6)
    inputs["frame_box"] = inputs["grid_box"].clone()
    source = LayerFlow()(*inputs.values())
    places = cell_centres(inputs["grid_box"])
    chosen = [inputs[k] for k in ("amount", "basis", "point", "camera", "grid_box")]
    again = ExpressionFlow()(*chosen, places)
    assert float((again - source).abs().max()) < 1e-3


def test_one_step_lowers_the_loss() -> None:
    batches = train.WindowBatches([tiny_packed()], "mouth", batch=3, seed=0)
    net = paint.CropPaint(*paint.MOUTH_SIZE, (16, 16, 16), flows=4)
    encoder = WindowEncoder(3)
    both = torch.nn.ModuleList([net, encoder])
    optimiser = torch.optim.AdamW(both.parameters(), lr=3e-3)
    batch = batches.draw()
    values = []
    for _ in range(6):
        optimiser.zero_grad()
        losses = train.paint_step(net, encoder, batch)
        total = sum(losses.values())
        total.backward()
        optimiser.step()
        values.append(float(total.detach()))
    assert values[-1] < 0.9 * values[0]


def test_paint_cannot_show_a_box_edge() -> None:
    net = paint.CropPaint(*paint.EYE_SIZE, (16, 16, 16)).eval()
    with torch.no_grad():
        _, mask = net(
            torch.rand(1, 4, 48, 64),
            torch.rand(1, 4, 48, 64),
            torch.randn(1, 2, 12, 16),
            torch.rand(1, MOTION_SIZE),
            torch.randn(1, paint.FEATURES, 12, 16),
            torch.randn(1, paint.CODE),
        )
    border = torch.cat([mask[..., 0, :].ravel(), mask[..., :, -1].ravel()])
    assert float(border.max()) < 0.02


def test_exported_graphs_agree_with_torch(tmp_path: Path) -> None:
    networks = {"paint": paint.Paint(), "identity": Identity(), "light": Relight()}
    checkpoint = tmp_path / "weights.pt"
    torch.save({name: net.state_dict() for name, net in networks.items()}, checkpoint)
    folder = tmp_path / "frame-test"
    folder.mkdir()
    graphs = export.export_networks(folder, *export.load_networks([checkpoint]))
    export.write_manifest(folder, graphs)
    for outputs in check_parity.compare_package(folder, [checkpoint]).values():
        assert max(outputs.values()) < check_parity.TOLERANCE


def test_the_package_itself_gives_torch_its_weights(tmp_path: Path) -> None:
    package = load_model_package(PACKAGE, "frame")
    found = check_parity.compare_package(package)
    assert found.keys() == {"warp", "paint", "identity", "light"}
    for outputs in found.values():
        assert max(outputs.values()) < check_parity.TOLERANCE
    # written as a checkpoint and read like one of training, they are the same networks
    checkpoint = tmp_path / "weights.pt"
    given = ["shipped", "--package", str(PACKAGE), "--out", str(checkpoint)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", given)
        shipped.main()
    pairs = zip(export.load_networks([checkpoint]), shipped.shipped_networks(package), strict=True)
    for one, other in pairs:
        assert one is not None
        assert other is not None
        for name, value in other.state_dict().items():
            # biases shorter than halving pays for are kept in single precision
            torch.testing.assert_close(one.state_dict()[name], value, rtol=1e-3, atol=1e-6)


def test_another_networks_weights_are_refused() -> None:
    net, other = WindowEncoder(2), WindowEncoder(3)
    weights = {name: value + 1 for name, value in net.state_dict().items()}
    fresh = WindowEncoder(2)
    shipped.fill(fresh, weights | {"/Constant_3": torch.zeros(2)}, "identity")
    assert torch.equal(fresh.state_dict()["code.bias"], weights["code.bias"])
    with pytest.raises(PersonareError, match=r"'identity' has enter.weight of shape"):
        shipped.fill(other, weights, "identity")
    with pytest.raises(PersonareError, match=r"no weight code.bias"):
        shipped.fill(net, {k: v for k, v in weights.items() if k != "code.bias"}, "identity")


def test_mirroring_twice_changes_nothing() -> None:
    mirror = paint.mirrored_names()
    assert [mirror[i] for i in mirror] == list(range(MOTION_SIZE))
    left = MOTION_INDEX["eyeLookInLeft"]
    assert mirror[left] == MOTION_INDEX["eyeLookInRight"]


def test_random_motions_stay_in_range_and_repeat() -> None:
    one = [motions.random_motion(np.random.default_rng(s), pose=True) for s in range(40)]
    again = [motions.random_motion(np.random.default_rng(s), pose=True) for s in range(40)]
    np.testing.assert_array_equal(one, again)
    shapes = np.stack(one)[:, : len(BLENDSHAPES)]
    assert shapes.min() >= 0
    assert shapes.max() <= 1
    assert (shapes.max(0) > 0).mean() > 0.7


def test_packed_data_survives_the_disk(tmp_path: Path) -> None:
    packed = tiny_packed()
    save_packed(packed, tmp_path)
    (again,) = load_packed(tmp_path)
    np.testing.assert_array_equal(again.motion_MD, packed.motion_MD)
    np.testing.assert_array_equal(again.windows["mouth"].truth, packed.windows["mouth"].truth)
    assert len(again.head(0.5).motion_MD) == 3
    assert len(again.tail(0.5).windows["eye_left"].warp) == 3
