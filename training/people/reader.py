"""Samples as torch tensors: one item is a portrait and one of its targets."""

from __future__ import annotations

import bisect
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import Dataset

from inference.contract import UInt8Array
from training.people.labels import LABELS, soft_masks
from training.people.sample import over_picture
from training.people.shards import Shard

MASKS: Final[dict[str, tuple[str, ...]]] = {
    "body": ("body", "clothes"),
    "face": ("face", "lids", "lips", "beard"),
    "ears": ("ears",),
    "eyes": ("lids", "white", "iris", "lashes"),
    "brows": ("brows",),
    "lips": ("lips",),
    "mouth": ("mouth", "teeth", "tongue"),
    "hair_front": ("hair_front",),
    "hair_back": ("hair_back",),
    "glasses": ("glasses",),
}
"""Masks made of labels, in this order in `masks_KHW`; background is what remains."""


class PeoplePairs(Dataset[dict[str, torch.Tensor]]):
    """All (portrait, target) pairs of a folder of shards.

    An item: `source_3HW` as a user's file, `clean_4HW` the same person without background, noise
    and JPEG, `target_3HW` over the same background, `target_4HW` with alpha (all 0..1),
    `source_masks_KHW`, `target_masks_KHW` (MASKS), `motion_D` and `source_motion_D`, `flow_2HW`
    (pixels, source to target) and `visible_1HW`, `inverse_2HW` (target to source) and
    `inverse_visible_1HW`, `landmarks_L5` of both with `..._seen_L`, `rest_3HW`, `weight_1HW`,
    `camera_44`, `identity`; with `layers`, `layers_R4HW`. Maps are half the picture's size.
    """

    def __init__(self, folder: Path | str, layers: bool = False, kept: int = 16) -> None:
        self._paths = sorted(Path(folder).glob("people-*.zip"))
        self._layers, self._kept = layers, kept
        self._open: dict[int, Shard] = {}
        self._index: list[tuple[int, int, int]] = []
        for number, path in enumerate(self._paths):
            shard = Shard(path)
            for person in range(len(shard)):
                for target in range(len(shard.facts(person)["kinds"])):
                    self._index.append((number, person, target))
            shard.close()

    def __len__(self) -> int:
        return len(self._index)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": {}}  # workers open their own files

    def of_shard(self, number: int) -> range:
        """Items of one shard: reading these together is quicker."""
        first = bisect.bisect_left(self._index, (number, 0, 0))
        return range(first, bisect.bisect_left(self._index, (number + 1, 0, 0)))

    def _shard(self, number: int) -> Shard:
        if number not in self._open:
            if len(self._open) >= self._kept:
                self._open.pop(next(iter(self._open))).close()
            self._open[number] = Shard(self._paths[number])
        return self._open[number]

    def facts(self, item: int) -> dict[str, Any]:
        """Look, variant, hair and so on of an item's person, and the `kind` of its motion."""
        number, person, target = self._index[item]
        facts = self._shard(number).facts(person)
        return facts | {"kind": facts["kinds"][target]}

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        number, person, target = self._index[item]
        shard = self._shard(number)
        arrays = shard.arrays(person)
        behind = shard.picture(person, "behind")
        drawn = shard.picture(person, f"target_{target}")
        out = {
            "source_3HW": _picture(shard.picture(person, "source")),
            "clean_4HW": _picture(shard.picture(person, "clean")),
            "target_4HW": _picture(drawn),
            "target_3HW": _picture(over_picture(drawn, behind)),
            "source_masks_KHW": _masks(shard.picture(person, "labels")),
            "target_masks_KHW": _masks(shard.picture(person, f"target_{target}_labels")),
            "source_motion_D": torch.from_numpy(arrays["motion_D"]),
            "motion_D": torch.from_numpy(arrays["targets_motion"][target]),
            "rest_3HW": _map(arrays["rest_HW3"]),
            "weight_1HW": _map(arrays["weight_HW"][..., None] / np.float32(255)),
            "source_landmarks_L5": torch.from_numpy(arrays["landmarks_L5"]),
            "source_landmarks_seen_L": torch.from_numpy(arrays["landmarks_seen_L"]),
        }
        for name, key in (("flow_2HW", "flow_HW2"), ("inverse_2HW", "inverse_HW2")):
            out[name] = _map(arrays[f"targets_{key}"][target])
        for name in ("visible", "inverse_visible"):
            out[f"{name}_1HW"] = _map(arrays[f"targets_{name}_HW"][target][..., None])
        for name in ("landmarks_L5", "landmarks_seen_L"):
            out[name] = torch.from_numpy(arrays[f"targets_{name}"][target])
        for name in ("camera_44", "identity", "pivot_3", "pupil_distance"):
            out[name] = torch.from_numpy(np.asarray(arrays[name], np.float32))
        if self._layers:
            names = ("hair_back", "body", "head", "hair_front")
            out["layers_R4HW"] = torch.stack(
                [_picture(shard.picture(person, f"layer_{name}")) for name in names]
            )
            out["layers_rest_R3HW"] = torch.stack([_map(m) for m in arrays["layers_rest_RHW3"]])
        return out

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()


def _picture(picture: UInt8Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).float() / 255


def _map(values_HWK: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values_HWK.transpose(2, 0, 1), np.float32))


def _masks(labels_HW: UInt8Array) -> torch.Tensor:
    every = dict(zip(LABELS, soft_masks(labels_HW, LABELS), strict=True))
    return torch.from_numpy(np.stack([sum(every[n] for n in names) for names in MASKS.values()]))
