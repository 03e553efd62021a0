"""Turns the convolutions of an ONNX graph into 8 bits, and lets graphs share their weights.

Static QDQ: activations in unsigned bytes with one range a tensor, weights in signed bytes with one
scale an output channel. What a plain quantisation of the painting networks lost (34 dB where 50 are
possible) came from three places, each mended here:

- The last convolution gives colours within +-3 and the mask's logits within +-13: with one range
  for both, a step of colour was 6 of 255. Its channels get a range each: the weights are divided by
  it, and a multiplication behind the convolution gives it back.
- Convolutions of what does not change (`remember`) or is tiny (`follow`, `shift`) reach -45 where
  sums of 0.06 decide, or move pixels: they stay in floating point, at 2% of the time.
- A ReLU behind a convolution was cut from a range that spent half its steps on negative numbers:
  the range is that behind the ReLU, which ONNX Runtime then leaves out.

Weights are rounded to the nearest step by nodes that ONNX Runtime folds when it opens the file, so
a graph in 8 bits needs no weights of its own: `save_sharing` stores those of all graphs once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, external_data_helper, helper, numpy_helper

Array = NDArray[np.float32]
Feed = dict[str, Any]
Runner = Callable[[Any, Sequence[Feed], Sequence[str]], dict[str, Array]]
"""Runs a graph over inputs; gives some of its tensors, all runs below each other."""

MARGIN: Final = 1.3
"""Ranges are this much wider than what was seen: unseen motions go further (measured: 1.0 loses 4
to 8 dB in the worst frames, 1.6 another 1 dB in the mean)."""
FLOAT: Final = ("remember", "follow", "shift")
"""Convolutions that stay in floating point, by a part of their name."""
OWN_RANGES: Final = ("/out/",)
"""Convolutions whose output channels get a range each."""
_FEWEST: Final = 256
"""Tensors with fewer numbers stay within their graph."""


@dataclass(frozen=True, slots=True)
class Range:
    """A tensor's step and the byte that stands for zero."""

    step: np.float32
    zero: np.uint8


def range_of(values: Array, positive: bool = False) -> Range:
    """The range of values seen, zero included, with MARGIN."""
    low = 0.0 if positive else min(float(values.min()), 0.0) * MARGIN
    high = max(float(values.max()), 0.0) * MARGIN
    step = max(high - low, 1e-6) / 255
    return Range(np.float32(step), np.uint8(np.clip(round(-low / step), 0, 255)))


def quantised(model: Any, feeds: Sequence[Feed], run: Runner) -> Any:
    """A copy of a graph whose convolutions compute in 8 bits, calibrated on inputs."""
    return _Quantiser(model, feeds, run).model


class _Quantiser:
    """Rewrites a graph node by node; `model` is the result."""

    def __init__(self, model: Any, feeds: Sequence[Feed], run: Runner) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        graph = self.model.graph
        self._weights = _weights(graph)
        users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                users.setdefault(name, []).append(node)
        chosen = [
            node
            for node in graph.node
            if node.op_type == "Conv" and not any(part in node.name for part in FLOAT)
        ]
        self._relu = {
            node.output[0]: users[node.output[0]][0].output[0]
            for node in chosen
            if [user.op_type for user in users.get(node.output[0], [])] == ["Relu"]
        }
        seen = sorted(
            {node.input[0] for node in chosen}
            | {self._relu.get(node.output[0], node.output[0]) for node in chosen}
        )
        self._seen = run(model, feeds, seen)
        gone = set(self._relu.values())
        nodes: list[Any] = []
        for node in list(graph.node):
            if node in chosen:
                nodes += self._rewritten(node)
            elif node.output[0] not in gone:
                nodes.append(node)
        del graph.node[:]
        graph.node.extend(nodes)
        onnx.checker.check_model(self.model)

    def _constant(self, name: str, value: Any) -> str:
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _rewritten(self, node: Any) -> list[Any]:
        """The nodes that stand for one convolution (and the ReLU behind it)."""
        name = node.name.strip("/").replace("/", ".")
        source, weight_name, bias_name = node.input
        rectified = node.output[0] in self._relu
        target = self._relu.get(node.output[0], node.output[0])
        weight, bias = self._weights[weight_name], self._weights[bias_name]
        given, made = self._seen[source], self._seen[target]
        own = np.ones(len(weight), np.float32)
        if any(part in node.name for part in OWN_RANGES):
            peak = np.abs(made).max((0, 2, 3))
            own = np.maximum(peak, max(1e-3 * float(peak.max()), 1e-6)).astype(np.float32)
        enter = range_of(given)
        leave = range_of(made / own[None, :, None, None], rectified)
        step = np.maximum(np.abs(weight).reshape(len(weight), -1).max(1), 1e-8) / 127
        bias_step = (step / own * enter.step).astype(np.float32)
        whole_bias = np.clip(np.rint(bias / own / bias_step), -(2**31) + 1, 2**31 - 1)
        make, constant = helper.make_node, self._constant
        zeros = np.zeros(len(weight), np.int8)
        nodes = [
            *self._through(source, f"{name}.given", enter),
            make("QuantizeLinear", [weight_name, constant(f"{name}.step", step.astype(np.float32)),
                 constant(f"{name}.zeros", zeros)], [f"{name}.bytes"], axis=0),
            make("DequantizeLinear", [f"{name}.bytes",
                 constant(f"{name}.own_step", (step / own).astype(np.float32)), f"{name}.zeros"],
                 [f"{name}.rounded"], axis=0),
            make("DequantizeLinear", [constant(f"{name}.whole_bias", whole_bias.astype(np.int32)),
                 constant(f"{name}.bias_step", bias_step),
                 constant(f"{name}.no_shift", zeros.astype(np.int32))], [f"{name}.bias"], axis=0),
        ]  # fmt: skip
        conv = make("Conv", [f"{name}.given", f"{name}.rounded", f"{name}.bias"], [f"{name}.conv"])
        conv.name = node.name
        conv.attribute.extend(node.attribute)
        nodes.append(conv)
        last = f"{name}.conv"
        if rectified:
            nodes.append(make("Relu", [last], [f"{name}.relu"]))
            last = f"{name}.relu"
        if (own == 1).all():
            return [*nodes, *self._through(last, target, leave)]
        nodes += self._through(last, f"{name}.left", leave)
        factor = constant(f"{name}.own", own.reshape(1, -1, 1, 1))
        return [*nodes, make("Mul", [f"{name}.left", factor], [target])]

    def _through(self, source: str, target: str, span: Range) -> list[Any]:
        """A tensor rounded to bytes and back."""
        step = self._constant(f"{target}.span", span.step)
        zero = self._constant(f"{target}.zero", span.zero)
        return [
            helper.make_node("QuantizeLinear", [source, step, zero], [f"{target}.bytes"]),
            helper.make_node("DequantizeLinear", [f"{target}.bytes", step, zero], [target]),
        ]


def _weights(graph: Any) -> dict[str, Array]:
    """The weights of a graph in single precision, also those stored as half floats."""
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    cast = {
        node.output[0]: stored[node.input[0]].astype(np.float32)
        for node in graph.node
        if node.op_type == "Cast" and node.input[0] in stored
    }
    return stored | cast


def _constants_as_weights(graph: Any) -> None:
    """Larger constants that are nodes become initializers: those can be shared."""
    nodes = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None and np.prod(value.dims) >= _FEWEST:
            graph.initializer.append(
                numpy_helper.from_array(numpy_helper.to_array(value), node.output[0])
            )
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def save_sharing(models: dict[Path, Any], weights: Path) -> None:
    """Write graphs into one folder, their larger tensors once into the file `weights`.

    Tensors with the same bytes share their place, whatever their names are.
    """
    places: dict[bytes, int] = {}
    stored = bytearray()
    for path, model in models.items():
        _constants_as_weights(model.graph)
        for tensor in model.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.size < _FEWEST:
                continue
            raw = values.tobytes()
            if raw not in places:
                stored += bytes(-len(stored) % 64)
                places[raw] = len(stored)
                stored += raw
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            external_data_helper.set_external_data(
                tensor, weights.name, offset=places[raw], length=len(raw)
            )
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
        onnx.save(model, str(path))
    weights.write_bytes(bytes(stored))
    for path in models:
        onnx.checker.check_model(str(path))
