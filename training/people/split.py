"""Who is for training and who is held out, by construction.

A person is (split, index). The split decides the seed, the hair styles and the looks' variants that
may be drawn, so nothing held out can appear in training:

- `train`: any index; TRAIN hair, TRAIN variants.
- `test-people`: the same ingredients, other people.
- `test-hair`: HELD_OUT_HAIR only.
- `test-look`: HELD_OUT_VARIANTS only.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

Split = Literal["train", "test-people", "test-hair", "test-look"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
Look = Literal["photo", "toon", "drawn"]
LOOKS: Final[tuple[Look, ...]] = get_args(Look)

MESH_HAIR: Final = ("long01", "bob02", "ponytail01", "short01", "short02", "short03", "short04")
"""Hair meshes of the rig's assets used in training; `braid01` is held out."""
LOCK_HAIR: Final = ("crop", "bob", "curtains", "long", "spiky", "slick", "tail", "buns", "waves")
"""Styles of `training.people.locks` used in training."""
HELD_OUT_HAIR: Final = ("braid01", "twintails", "hime", "mohawk")
VARIANTS: Final[dict[Look, tuple[str, ...]]] = {
    "photo": ("webcam", "studio"),
    "toon": ("film", "clay", "cel"),
    "drawn": ("anime", "soft", "flat"),
}
HELD_OUT_VARIANTS: Final[dict[Look, tuple[str, ...]]] = {
    "photo": ("black-and-white",),
    "toon": ("vinyl",),
    "drawn": ("ink",),
}


def seed_of(split: Split, look: Look, index: int) -> np.random.SeedSequence:
    """The seed of one person; splits and looks have separate streams."""
    return np.random.SeedSequence([7 + SPLITS.index(split), 11 + LOOKS.index(look), index])


def hair_of(split: Split) -> tuple[str, ...]:
    """The hair styles a split may use."""
    return HELD_OUT_HAIR if split == "test-hair" else (*MESH_HAIR, *LOCK_HAIR)


def variants_of(split: Split, look: Look) -> tuple[str, ...]:
    """The variants of a look that a split may use."""
    return HELD_OUT_VARIANTS[look] if split == "test-look" else VARIANTS[look]
