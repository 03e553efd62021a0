"""Writes the ONNX graphs of a frame package and its `model.json`.

    python -m training.frames.export --checkpoint paint.pt --out PKG
    python -m training.frames.quantise --package PKG --characters assets/characters --out PKG

Without a checkpoint the package is empty, which is enough to warp. `quantise` splits the painting
graph into mouth and eyes and adds both in 8 bits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from inference.contract import MOTION_SIZE
from inference.frame_generator_light import COARSE, GRAPH
from training.frames.identity import EYE_VIEWS, MOUTH_VIEWS, Identity
from training.frames.paint import (
    CODE,
    EYE_SIZE,
    FEATURES,
    MOUTH_SIZE,
    UNSHUFFLE,
    Paint,
)
from training.frames.relight import Relight
from training.half_weights import halve_weights

OPSET = 17
VERSION = "1.5.0"


class LightGraph(nn.Module):
    """`light.onnx`: one frame in 0..255."""

    def __init__(self, relight: Relight) -> None:
        super().__init__()
        self.relight = relight

    def forward(self, frame: Tensor, flow: Tensor, motion_D: Tensor) -> Tensor:
        """Light (1, 3, COARSE, COARSE) in 0..255 units; see `Relight`."""
        return self.relight(frame / 255, flow, motion_D[None]) * 255


def _write(
    module: nn.Module,
    inputs: dict[str, Tensor],
    outputs: list[str],
    path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(str(path))


def _covered(count: int, height: int, width: int) -> Tensor:
    """Example windows in 0..255 whose layer covers them: elsewhere nothing is painted."""
    return (
        torch.cat([torch.rand(count, 3, height, width), torch.ones(count, 1, height, width)], 1)
        * 255
    )


def paint_inputs() -> dict[str, Tensor]:
    """Example inputs of `Paint`, in order."""
    (mw, mh), (ew, eh), u = MOUTH_SIZE, EYE_SIZE, UNSHUFFLE
    return {
        "mouth_cut": _covered(1, mh, mw),
        "mouth_warp": _covered(1, mh, mw),
        "mouth_flow": torch.randn(1, 4, mh // u, mw // u),
        "eyes_warp": _covered(2, eh, ew),
        "eyes_flow": torch.randn(2, 2, eh // u, ew // u),
        "motion": torch.rand(MOTION_SIZE),
        "mouth_feature": torch.randn(1, FEATURES, mh // u, mw // u),
        "mouth_code": torch.randn(1, CODE),
        "eyes_feature": torch.randn(2, FEATURES, eh // u, ew // u),
        "eyes_code": torch.randn(2, CODE),
    }


def identity_inputs() -> dict[str, Tensor]:
    """Example inputs of `Identity`, in order."""
    (mw, mh), (ew, eh) = MOUTH_SIZE, EYE_SIZE
    return {
        "mouth_views": torch.rand(1, 3 * len(MOUTH_VIEWS), mh, mw) * 255,
        "eyes_views": torch.rand(2, 3 * len(EYE_VIEWS), eh, ew) * 255,
    }


def light_inputs() -> dict[str, Tensor]:
    """Example inputs of the light's graph, in order."""
    return {
        "frame": torch.rand(1, 4, COARSE, COARSE) * 255,
        "flow": torch.randn(1, 2, COARSE, COARSE),
        "motion": torch.rand(MOTION_SIZE),
    }


def export_networks(
    folder: Path, paint: Paint, identity: Identity, light: Relight | None
) -> dict[str, str]:
    """Write the networks; returns graph name -> file."""
    _write(paint, paint_inputs(), ["mouth", "eyes"], folder / "paint.onnx")
    names = ["mouth_feature", "mouth_code", "eyes_feature", "eyes_code"]
    _write(identity, identity_inputs(), names, folder / "identity.onnx")
    graphs = {name: f"{name}.onnx" for name in ("paint", "identity")}
    if light is not None:
        graphs[GRAPH] = f"{GRAPH}.onnx"
        _write(LightGraph(light), light_inputs(), ["light"], folder / graphs[GRAPH])
    for file in graphs.values():
        halve_weights(folder / file)
    return graphs


def load_networks(checkpoints: list[Path]) -> tuple[Paint, Identity, Relight | None]:
    """Networks with the weights of one or more checkpoints, later ones winning, rounded to half
    precision, as they are stored; no light without its weights.
    """
    state: dict[str, Any] = {}
    for path in checkpoints:
        state |= torch.load(path, map_location="cpu", weights_only=True)
    networks: dict[str, Any] = {"paint": Paint(), "identity": Identity()}
    if GRAPH in state:
        networks[GRAPH] = Relight()
    for name, network in networks.items():
        network.load_state_dict(state[name])
        for parameter in network.parameters():
            parameter.data = parameter.data.half().float()
    return networks["paint"], networks["identity"], networks.get(GRAPH)


def write_manifest(folder: Path, graphs: dict[str, str], others: Sequence[str] = ()) -> None:
    """Write `model.json` with the hash of every file: the graphs and what they refer to."""
    manifest = {
        "format_version": 1,
        "name": folder.name,
        "version": VERSION,
        "kind": "frame",
        "licence": "Apache-2.0",
        "description": "Layers warped by motion bases; networks for mouth, eyes and light. "
        "Trained on pictures of the parametric head only.",
        "graphs": graphs,
        "files": {
            file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
            for file in sorted({*graphs.values(), *others})
        },
        "parameters": {"size": 512},
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    graphs = {}
    if arguments.checkpoint:
        graphs = export_networks(arguments.out, *load_networks(arguments.checkpoint))
    write_manifest(arguments.out, graphs)
    print(f"{arguments.out}: {', '.join(graphs)}")


if __name__ == "__main__":
    main()
