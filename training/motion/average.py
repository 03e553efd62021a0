"""Mean of checkpoints: `python -m training.motion.average OUT A=0.5 B=0.5`.

Runs that share a beginning lie in one valley, and the middle of it hears unknown voices better
than its ends (Izmailov et al., "Averaging weights leads to wider optima and better generalization",
2018).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def average(checkpoints: dict[Path, float]) -> dict[str, torch.Tensor]:
    """Weighted mean of the weights; the shares need not add up to 1."""
    total = sum(checkpoints.values())
    mean: dict[str, torch.Tensor] = {}
    for file, share in checkpoints.items():
        for name, value in torch.load(file, weights_only=True).items():
            mean[name] = mean.get(name, torch.zeros_like(value)) + share / total * value
    return mean


def main() -> None:
    """Read the command line and write the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("parts", nargs="+", help="checkpoint=share")
    options = parser.parse_args()
    pairs = [part.rsplit("=", 1) for part in options.parts]
    torch.save(average({Path(file): float(share) for file, share in pairs}), options.out)


if __name__ == "__main__":
    main()
