"""Half the bytes, nearly the same outputs, and a weight that does not fit is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.half_weights import halve_weights


def graph_with(weight: np.ndarray, file: Path) -> Path:
    """x (1, 64) times a weight (64, 64), plus a bias."""
    size = weight.shape[0]
    bias = np.linspace(-1, 1, size, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, size])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(file))
    return file


def run(file: Path, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def test_halves_the_file_and_keeps_the_outputs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((64, 64)).astype(np.float32)
    file = graph_with(weight, tmp_path / "graph.onnx")
    x = rng.standard_normal((1, 64)).astype(np.float32)
    before, size = run(file, x), file.stat().st_size
    halve_weights(file)
    assert file.stat().st_size < 0.6 * size
    after = run(file, x)
    assert 0 < np.abs(after - before).max() < 0.01
    small = [t.name for t in onnx.load(str(file)).graph.initializer if t.data_type == 1]
    assert small == ["b"], "few numbers stay single"


def test_a_weight_that_is_too_large_is_told(tmp_path: Path) -> None:
    file = graph_with(np.full((64, 64), 1e6, np.float32), tmp_path / "graph.onnx")
    with pytest.raises(ValueError, match="w does not fit"):
        halve_weights(file)


def test_weights_within_branches_are_halved_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    inner = onnx.load(
        str(graph_with(rng.standard_normal((64, 64)).astype(np.float32), tmp_path / "a"))
    )
    branch = helper.make_graph(
        inner.graph.node, "branch", [], inner.graph.output, list(inner.graph.initializer)
    )
    other = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "other", [], inner.graph.output
    )
    choice = helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=other)
    graph = helper.make_graph(
        [choice],
        "outer",
        [inner.graph.input[0], helper.make_tensor_value_info("yes", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 64])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file = tmp_path / "outer.onnx"
    onnx.save(model, str(file))
    x, size = rng.standard_normal((1, 64)).astype(np.float32), file.stat().st_size

    def outputs() -> np.ndarray:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"x": x, "yes": np.array(True)})[0])

    before = outputs()
    halve_weights(file)
    assert file.stat().st_size < 0.6 * size
    assert 0 < np.abs(outputs() - before).max() < 0.01
