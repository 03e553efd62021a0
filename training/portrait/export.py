"""Writes the portrait reader's package: two ONNX graphs with weights of 8 bits, and `model.json`.

    python -m training.portrait.export --portrait W/portrait.pt --finder W/finder.pt \
        --out assets/models/portrait-reader

A weight is stored as a whole number times one scale for each output channel, and made a float again
when the graph is opened: a quarter of the size, and floats in the computing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import warnings
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from training.portrait.losses import PART_WEIGHTS
from training.portrait.network import FinderNetwork, PortraitNetwork

OPSET: Final = 17
VERSION: Final = "1.1.0"
LEVEL: Final = 0.5
"""The power of `losses.PART_WEIGHTS` that is taken back: a part whose pixels count several times
over in training seems likelier than it is. Of 0, 1/2 and 1 this parts held-out people best."""
SMALLEST: Final = 1024
"""Weights with fewer numbers are kept as floats."""


def load(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """A checkpoint's network, ready to be used, and what else the checkpoint holds."""
    kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    portrait = kept["kind"] == "portrait"
    net: nn.Module = PortraitNetwork(len(kept["names"])) if portrait else FinderNetwork()
    net.load_state_dict(kept["network"])
    return net.eval(), kept


def level_parts(net: PortraitNetwork) -> None:
    """Make parts that counted more in training less likely again."""
    with torch.no_grad():
        cast("Tensor", net.part.bias).sub_(LEVEL * torch.tensor(PART_WEIGHTS).log())


def write_graph(module: nn.Module, outputs: list[str], path: Path) -> None:
    """Write one network as a graph of any picture size."""
    example: Tensor = torch.zeros(1, 3, 192, 192)
    axes: dict[str, dict[int, str]] = {"picture": {2: "height", 3: "width"}}
    for name in outputs:
        if name != "sure":
            axes[name] = {2: f"{name}_height", 3: f"{name}_width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            module, (example,), str(path), input_names=["picture"], output_names=outputs,
            opset_version=OPSET, dynamic_axes=axes, dynamo=False,
        )  # fmt: skip
    shorten(path)
    onnx.checker.check_model(str(path))


def shorten(path: Path) -> None:
    """Store the large weights of a graph in 8 bits."""
    model = onnx.load(str(path))
    graph = model.graph
    kept, nodes = [], []
    for tensor in graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.size < SMALLEST or value.ndim < 2:
            kept.append(tensor)
            continue
        axes = tuple(range(1, value.ndim))
        scale = np.maximum(np.abs(value).max(axes, keepdims=True) / 127, 1e-12).astype(np.float32)
        short = np.rint(value / scale).astype(np.int8)
        name = tensor.name
        kept.append(numpy_helper.from_array(short, f"{name}_short"))
        kept.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes.append(
            helper.make_node(
                "Cast", [f"{name}_short"], [f"{name}_float"], to=onnx.TensorProto.FLOAT
            )
        )
        nodes.append(helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]))
    rest = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*nodes, *rest])
    onnx.save(model, str(path))


def export(portrait: Path, finder: Path, out: Path) -> None:
    """Write the package."""
    out.mkdir(parents=True, exist_ok=True)
    net, kept = load(portrait)
    level_parts(cast("PortraitNetwork", net))
    write_graph(net, ["heat", "sure", "parts"], out / "portrait.onnx")
    write_graph(load(finder)[0], ["faces"], out / "finder.onnx")
    template = {
        str(name): [round(float(v), 4) for v in at]
        for name, at in zip(kept["names"], kept["template"], strict=True)
    }
    files = ("finder.onnx", "portrait.onnx")
    manifest = {
        "format_version": 1,
        "name": "portrait-reader",
        "version": VERSION,
        "kind": "portrait",
        "licence": "Apache-2.0",
        "description": "Finds faces, their points and parts in photographs, paintings, drawings. "
        "Trained on pictures of the parametric head and of cartoons drawn by code only.",
        "graphs": {"finder": "finder.onnx", "portrait": "portrait.onnx"},
        "files": {f: hashlib.sha256((out / f).read_bytes()).hexdigest() for f in files},
        "parameters": {"template": template},
    }
    (out / "model.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Writes the portrait reader's package.")
    parser.add_argument("--portrait", type=Path, required=True, help="checkpoint")
    parser.add_argument("--finder", type=Path, required=True, help="checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    export(given.portrait, given.finder, given.out)


if __name__ == "__main__":
    main()
