"""ONNX sessions and providers, on graphs encoded by hand: no `onnx` package is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inference import execution_providers, reference_convolution
from inference.contract import PersonareError
from inference.execution_providers import choose_provider, time_reference
from inference.onnx_session import open_session
from inference.reference_convolution import _message, _number, _tensor_info
from tests.another_device import Device


def accumulator(width: int | None = 3) -> bytes:
    """A graph with a state: total = x + state; y = total; state_next = total. None: any width."""
    nodes = (("Add", ("x", "state"), "state_next"), ("Identity", ("state_next",), "y"))
    graph = b"".join(
        _message(1, b"".join(_message(1, i) for i in ins) + _message(2, out) + _message(4, op))
        for op, ins, out in nodes
    ) + _message(2, "accumulator")
    if width is None:
        free = _message(1, _number(1, 1) + _message(2, _message(1, _message(2, "n"))))
        x_info, y_info = (_message(1, name) + _message(2, free) for name in "xy")
    else:
        x_info, y_info = (_tensor_info(name, (width,)) for name in "xy")
    graph += _message(11, x_info) + _message(11, _tensor_info("state", (width or 3,)))
    graph += _message(12, y_info) + _message(12, _tensor_info("state_next", (width or 3,)))
    return _number(1, 8) + _message(7, graph) + _message(8, _message(1, "") + _number(2, 17))


@pytest.fixture(params=[3, None], ids=["fixed", "free"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    path = tmp_path / "graph.onnx"
    path.write_bytes(accumulator(request.param))
    return open_session(path, state={"state": "state_next"})


def test_state_is_carried_and_reset(session: Any) -> None:
    x = np.array([1, 2, 3], np.float32)
    for k in range(1, 6):
        np.testing.assert_array_equal(session.run({"x": x})["y"], k * x)
    session.reset()
    np.testing.assert_array_equal(session.run({"x": x})["y"], x)


def test_state_can_be_kept_and_put_back(session: Any) -> None:
    x = np.ones(3, np.float32)
    session.run({"x": x})
    kept = session.state()
    session.run({"x": x})
    session.run({"x": x})
    session.set_state(kept)
    np.testing.assert_array_equal(session.run({"x": x})["y"], 2 * x)


def test_a_wrong_shape_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(accumulator())
    session = open_session(path, state={"state": "state_next"})
    with pytest.raises(ValueError, match="input x has shape"):
        session.run({"x": np.ones(1, np.float32)})


@pytest.mark.parametrize("content", [b"", b"nonsense", accumulator()[:40]])
def test_a_damaged_graph_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(content)
    with pytest.raises(PersonareError, match=r"graph\.onnx cannot be opened"):
        open_session(path)
    with pytest.raises(PersonareError, match="missing"):
        open_session(tmp_path / "none.onnx")


def test_the_reference_convolution_computes_what_numpy_does() -> None:
    session = onnxruntime.InferenceSession(
        reference_convolution.model_bytes(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(None, {"x": reference_convolution.example_input()})
    assert y.shape == (1, 64, 128, 128)
    np.testing.assert_allclose(
        y[0, :, 1, 1], reference_convolution.expected_corner(), rtol=1e-4, atol=1e-4
    )
    assert time_reference("cpu", runs=1) > 0


def test_a_provider_that_is_not_there_falls_back_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    report = choose_provider("cuda")
    assert report.name == "cpu"
    assert "cuda cannot be used" in report.message
    assert report.remedy
    assert report.onnx_providers == ["CPUExecutionProvider"]
    silent = choose_provider("auto")
    assert (silent.name, silent.message) == ("cpu", "")


def test_a_provider_that_is_listed_but_does_not_run_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    real = onnxruntime.InferenceSession

    def without_libraries(model: Any, options: Any, providers: list[str]) -> Any:
        return real(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "InferenceSession", without_libraries)
    report = choose_provider("cuda")
    assert report.name == "cpu"
    assert "did not start cuda" in report.message


def test_a_slow_or_wrong_provider_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"cpu": 5.0, "cuda": 9.0}

    def timed(name: str, threads: int = 1, runs: int = 5) -> float:
        if name == "directml":
            raise PersonareError("directml computed wrong values in its test")
        return times[name]

    monkeypatch.setattr(execution_providers, "time_reference", timed)
    report = choose_provider("auto")
    assert report.name == "cpu"
    assert dict(report.tried)["cuda"].startswith("slower than the CPU")
    assert "wrong values" in choose_provider("directml").message
    times["cuda"] = 1.0
    assert choose_provider("auto").name == "cuda"
    assert choose_provider("cuda").onnx_providers[0] == "CUDAExecutionProvider"
    assert choose_provider("cpu").name == "cpu"


def test_an_unknown_provider_is_an_error() -> None:
    with pytest.raises(PersonareError, match="no execution provider 'abacus'"):
        choose_provider("abacus")


def test_a_fixed_input_is_given_once(tmp_path: Path) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(accumulator())
    session = open_session(path)
    x, state = np.array([1, 2, 3], np.float32), np.array([10, 20, 30], np.float32)
    session.fix({"state": state})
    state[:] = 0  # ours no more
    for k in (1, 2):
        np.testing.assert_array_equal(session.run({"x": k * x})["y"], k * x + [10, 20, 30])
    session.fix({"state": np.ones(3)})
    np.testing.assert_array_equal(session.run({"x": x})["y"], x + 1)
    with pytest.raises(ValueError, match="input state has shape"):
        session.fix({"state": np.ones(2, np.float32)})


@pytest.mark.parametrize("name", ["cuda", "directml"])
def test_a_device_with_its_own_memory_sees_every_input(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(accumulator())
    device = Device(monkeypatch)
    session = device.open(path, name, state={"state": "state_next"})
    assert session.provider == name
    total = np.zeros(3, np.float32)
    for k in range(1, 5):
        x = np.array([k, 1, -k], np.float32)
        total += x
        np.testing.assert_array_equal(session.run({"x": x})["y"], total)
    session.reset()
    np.testing.assert_array_equal(session.run({"x": total})["y"], total)
    keeping = device.open(path, name)
    keeping.fix({"state": np.full(3, 5.0, np.float32)})
    for k in range(3):
        np.testing.assert_array_equal(keeping.run({"x": k * total})["y"], k * total + 5)
    assert device.placed == ["cuda" if name == "cuda" else "cpu"]


def test_a_graph_of_free_shapes_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(accumulator(None))
    with pytest.raises(ValueError, match="fixed shapes"):
        open_session(path).fix({"state": np.ones(3, np.float32)})
