"""Graphs in 8 bits: near the exact ones where plain quantisation is not, weights stored once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from training.frames import eight_bits  # noqa: E402
from training.frames.eight_bits import quantised, range_of, save_sharing  # noqa: E402
from training.frames.quantise import part_of, run_graph  # noqa: E402

CHANNELS = 16


def network() -> Any:
    """Two convolutions; the second gives small numbers and, in its last channels, large ones."""
    rng = np.random.default_rng(0)
    first = rng.standard_normal((CHANNELS, 3, 3, 3)).astype(np.float32) * 0.3
    second = rng.standard_normal((CHANNELS, CHANNELS, 3, 3)).astype(np.float32) * 0.05
    second[8:] *= 40
    zero = np.zeros(CHANNELS, np.float32)
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    half = numpy_helper.from_array(second.astype(np.float16), "second_half")
    nodes = [
        helper.make_node("Conv", ["x", "first", "zero"], ["a"], name="/top/Conv", **same),
        helper.make_node("Relu", ["a"], ["b"], name="/top/Relu"),
        helper.make_node("Cast", ["second_half"], ["second"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["b", "second", "zero"], ["y"], name="/out/Conv", **same),
        helper.make_node("Conv", ["b", "first2", "zero"], ["z"], name="/remember/Conv", **same),
    ]
    weights = [
        numpy_helper.from_array(first, "first"),
        half,
        numpy_helper.from_array(second.astype(np.float16).astype(np.float32), "first2"),
        numpy_helper.from_array(zero, "zero"),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [info("x", TensorProto.FLOAT, [1, 3, 20, 20])],
        [info(name, TensorProto.FLOAT, [1, CHANNELS, 20, 20]) for name in "yz"],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model


def feeds(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [{"x": rng.random((1, 3, 20, 20), dtype=np.float32)} for _ in range(6)]


def worst_db(exact: Any, other: Any) -> float:
    """Least signal to noise ratio of a channel of `y`."""
    one, two = (run_graph(model, feeds(1), ["y"])["y"] for model in (exact, other))
    noise = ((one - two) ** 2).mean((0, 2, 3))
    return float(10 * np.log10(((one**2).mean((0, 2, 3)) / noise).min()))


def test_small_channels_beside_large_ones_keep_their_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = network()
    assert worst_db(model, quantised(model, feeds(0), run_graph)) > 30
    monkeypatch.setattr(eight_bits, "OWN_RANGES", ())
    assert worst_db(model, quantised(model, feeds(0), run_graph)) < 25


def test_what_is_to_stay_exact_does(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    kinds = [node.op_type for node in quantised(model, feeds(0), run_graph).graph.node]
    assert kinds.count("Conv") == 3
    # one a weight, and before and behind both convolutions that are chosen
    assert kinds.count("QuantizeLinear") == 2 + 4
    monkeypatch.setattr(eight_bits, "FLOAT", ("remember", "top", "out"))
    untouched = quantised(model, feeds(0), run_graph)
    assert "QuantizeLinear" not in [node.op_type for node in untouched.graph.node]


def test_ranges_hold_zero_and_a_margin() -> None:
    span = range_of(np.array([2.0, 5.0], np.float32))
    assert span.zero == 0
    assert float(span.step) * 255 == pytest.approx(5.0 * eight_bits.MARGIN, rel=1e-5)
    both = range_of(np.array([-1.0, 3.0], np.float32))
    assert both.zero == 64
    assert range_of(np.array([-1.0, 3.0], np.float32), positive=True).zero == 0
    assert range_of(np.zeros(3, np.float32)).step > 0


def test_weights_are_stored_once(tmp_path: Path) -> None:
    model = network()
    models = {
        tmp_path / "exact.onnx": model,
        tmp_path / "small.onnx": quantised(model, feeds(0), run_graph),
    }
    before = {path.name: run_graph(each, feeds(2), ["y"])["y"] for path, each in models.items()}
    save_sharing(models, tmp_path / "shared.weights")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    count = CHANNELS * 9 * (3 * 4 + CHANNELS * 2 + CHANNELS * 4)
    assert count <= sizes["shared.weights"] < count + 3 * 64
    assert sizes["exact.onnx"] < 2000
    for path in models:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        drawn = np.concatenate([session.run(["y"], feed)[0] for feed in feeds(2)])
        np.testing.assert_allclose(drawn, before[path.name], atol=0.05)
        again = onnx.load(str(path))
        assert {each.name for each in again.graph.initializer} >= {"first", "second_half"}


def test_a_graph_is_cut_down_to_one_output() -> None:
    part = part_of(network(), "z")
    assert [value.name for value in part.graph.output] == ["z"]
    assert [node.name for node in part.graph.node] == ["/top/Conv", "/top/Relu", "/remember/Conv"]
    assert {each.name for each in part.graph.initializer} == {"first", "first2", "zero"}
