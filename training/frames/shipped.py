"""The networks of a frame package as torch modules, with the weights of its graphs.

    python -m training.frames.shipped --package assets/models/frame-first-light --out weights.pt

The exporter keeps the names that weights have in the modules, so nothing but the package is needed:
to compare torch with what draws (`training.frames.check_parity`), or to train on from what is
shipped (`weights.pt` is a checkpoint like those of training, in half precision). Graphs of another
source tree are refused.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from inference.contract import PersonareError
from inference.frame_generator_light import GRAPH
from inference.frame_generator_paint import painting_graphs
from inference.model_package import ModelPackage, load_model_package
from training.frames.export import LightGraph
from training.frames.identity import Identity
from training.frames.paint import Paint
from training.frames.relight import Relight
from training.half_weights import HALF

REMEDY: Final = "Use the source tree that the package was exported from."


def stored_weights(graphs: Sequence[Path]) -> dict[str, Tensor]:
    """The tensors of some graphs by their names in the modules, in single precision."""
    found: dict[str, Tensor] = {}
    for path in graphs:
        for weight in onnx.load(str(path)).graph.initializer:  # with the weights outside the file
            values = numpy_helper.to_array(weight, base_dir=str(path.parent))
            found[weight.name.removesuffix(HALF)] = torch.tensor(values).float()
    return found


def fill(network: nn.Module, weights: Mapping[str, Tensor], what: str) -> None:
    """Give a network its weights; what else `weights` holds (constants of the graph) is left alone.

    Raises:
        PersonareError: one is missing, or has another shape.
    """
    state = network.state_dict()
    for name, value in state.items():
        if name not in weights:
            raise PersonareError(f"The graph '{what}' has no weight {name}.", REMEDY)
        if weights[name].shape != value.shape:
            shapes = f"{tuple(weights[name].shape)}, not {tuple(value.shape)}"
            raise PersonareError(f"The graph '{what}' has {name} of shape {shapes}.", REMEDY)
    network.load_state_dict({name: weights[name] for name in state})


def shipped_networks(package: ModelPackage) -> tuple[Paint, Identity, Relight | None]:
    """Networks with the weights of a package's graphs; no light where it has none.

    Raises:
        PersonareError: it paints nothing, or is of another source tree.
    """
    painting = painting_graphs(package, eyes=True, int8=False)
    if not painting:
        raise PersonareError("The package has no painting graphs.", "Choose another package.")
    paint, identity = Paint(), Identity()
    fill(paint, stored_weights([package.path(name) for name in painting]), "paint")
    fill(identity, stored_weights([package.path("identity")]), "identity")
    if GRAPH not in package.manifest.graphs:
        return paint, identity, None
    light = LightGraph(Relight())
    fill(light, stored_weights([package.path(GRAPH)]), GRAPH)
    return paint, identity, light.relight


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    paint, identity, light = shipped_networks(load_model_package(arguments.package, "frame"))
    state: dict[str, Any] = {"paint": paint.state_dict(), "identity": identity.state_dict()}
    if light is not None:
        state[GRAPH] = light.state_dict()
    torch.save(state, arguments.out)
    print(f"{arguments.out}: {', '.join(state)}")


if __name__ == "__main__":
    main()
