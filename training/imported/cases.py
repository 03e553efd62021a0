"""Strangers to measure imports by: a user's picture, and what the rig knows of the same person.

A case is a figure of a held-out split: its picture before a background, true landmarks and parts,
and true frames under a list of motions, with what each pixel shows. Cases are kept in files, since
drawing them is what takes the time. People with an odd index smile in their picture with their
lips apart; the others have a calm face. Nobody looks straight ahead.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.face_points import Landmarks, Mark
from training.frames.motions import named_motions, put, random_motion, shape
from training.people.backgrounds import background
from training.people.camera import draw_grade, draw_wear
from training.people.figure import Figure
from training.people.labels import labels
from training.people.motions import portrait_motion
from training.people.sample import View, graded, over_picture, true_flow
from training.people.scenes import draw_scene
from training.people.split import LOOKS, Look, Split
from training.people.studio import Studio, chance
from training.portrait.data import masks_of, points_of
from training.rig.scene import Scene
from training.rig.surface import footing, places

SIZE: Final = 512
"""Pixels across a picture."""
HELD_OUT: Final[tuple[Split, ...]] = ("test-people", "test-hair", "test-look")
NAMED: Final = (
    "rest", "aa", "E", "O", "U", "PP", "FF", "smile", "grin", "frown", "surprise", "wide", "blink",
    "half blink", "look left", "look up", "yaw 5", "yaw 10", "yaw 20", "yaw -10", "pitch 8",
    "roll 10", "turn and talk",
)  # fmt: skip
"""With one random posed motion the 24 of the sheets."""
QUICK: Final = (
    "rest", "aa", "PP", "smile", "blink", "look left", "yaw 10", "yaw 20", "random",
)  # fmt: skip
TURNED: Final = (
    "yaw 10", "yaw -10", "yaw 20", "yaw -20", "pitch 10", "pitch -10", "pitch 15", "pitch -15",
    "roll 10", "roll 15", "roll -15",
)  # fmt: skip
"""Motions that the one-layer warp is compared at, and whose true flow is kept."""
CLOSING: Final = ("PP", "shut")
"""Motions that close the lips, whatever the picture's do."""
SEED: Final = 424
_HEAD: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headZ"] + 1)
_MOUTH: Final = slice(MOTION_INDEX["jawForward"], MOTION_INDEX["mouthUpperUpRight"] + 1)


def turns() -> dict[str, Float32Array]:
    """Head turns to the ends of what is asked for, alone and together."""
    ways = {
        "yaw -20": (-20, 0, 0), "pitch 10": (0, 10, 0), "pitch -10": (0, -10, 0),
        "pitch 15": (0, 15, 0), "pitch -15": (0, -15, 0), "roll 15": (0, 0, 15),
        "roll -15": (0, 0, -15), "all ways": (20, -10, 12), "all back": (-20, 10, -12),
    }  # fmt: skip
    out = {}
    for name, way in ways.items():
        out[name] = np.zeros(MOTION_SIZE, np.float32)
        out[name][_HEAD][:3] = np.radians(way)
    return out


def motions(extra: int, quick: bool = False) -> dict[str, Float32Array]:
    """What everybody does, counted from the portrait: the 24, the turns, `extra` random ones, half
    of them with the head still. `quick`: a third of it."""
    named = named_motions()
    rng = np.random.default_rng(SEED)
    out = {name: named[name] for name in NAMED} | {"random": random_motion(rng, pose=True)}
    if quick:
        return {name: out[name] for name in QUICK}
    out |= {"shut": shape("shut")} | turns()
    for k in range(extra):
        out[f"random {k}"] = random_motion(rng, pose=bool(k % 2))
    return out


@dataclass(frozen=True, slots=True)
class Case:
    """One person. Places are pixels of the picture; frames have straight alpha."""

    name: str
    split: str
    look: str
    picture: UInt8Array
    """RGB (SIZE, SIZE, 3)."""
    masks: UInt8Array
    """Shares of 255 of `face_layers.MASKS` (SIZE, SIZE, 4)."""
    landmarks: Landmarks
    motions: dict[str, Float32Array]
    """What an imported character is asked to do."""
    frames: dict[str, UInt8Array]
    """RGBA truth of each motion; `rest` is the picture itself without its background."""
    labels: dict[str, UInt8Array]
    """`training.people.labels.LABELS` of each pixel of each frame."""
    points: dict[str, dict[str, tuple[float, float]]]
    """The named points of each frame."""
    flows: dict[str, Float32Array]
    """For TURNED: where each pixel of the picture goes (SIZE / 2, SIZE / 2, 2)."""
    smiling: bool


def source_motion(figure: Figure, smiling: bool) -> Float32Array:
    """What the person does in the picture (MOTION_SIZE,)."""
    natural = portrait_motion(chance(figure.figure, 3))
    out = shape("grin", 0.5) if smiling else np.zeros(MOTION_SIZE, np.float32)
    out[_HEAD] = natural[_HEAD]
    return out


def true_motion(source_D: Float32Array, name: str, asked_D: Float32Array) -> Float32Array:
    """What the rig does when the character is asked: the same from where the picture is; lips
    that shall close do."""
    from_D = source_D.copy()
    if name in CLOSING:
        from_D[_MOUTH] = 0
    out = from_D + asked_D
    if name.endswith("blink"):
        put(out, eyeBlink=float(asked_D[MOTION_INDEX["eyeBlinkLeft"]]))
    out[:52] = np.clip(out[:52], 0, 1)
    return np.asarray(out, np.float32)


def draw_case(
    studio: Studio, split: Split, look: Look, index: int, asked: dict[str, Float32Array]
) -> dict[str, Any]:
    """Draw a person; the arrays of a case's file."""
    figure = studio.figure(split, look, index)
    spec, rng = figure.figure, chance(figure.figure, 1)
    scene = draw_scene(figure, spec, rng)
    grade, wear = draw_grade(spec, rng), draw_wear(spec, rng)
    smiling = bool(index % 2)
    source_D = source_motion(figure, smiling)
    rest = _view(studio, figure, source_D, scene)
    marks = places(points_of(figure, studio.marks, source_D), scene, studio.size)
    behind = np.rint(grade.apply(background(spec, chance(spec, 2), studio.size)) * 255)
    picture = over_picture(graded(rest.drawn.rgba, grade), behind.astype(np.uint8))
    out: dict[str, Any] = {
        "picture": wear.apply(picture),
        "masks": masks_of(labels(figure, rest.drawn.seen)),
        "landmarks": marks,
        "names": np.array(studio.marks.names),
    }
    for number, (name, asked_D) in enumerate(asked.items()):
        motion_D = true_motion(source_D, name, asked_D)
        view = rest if name == "rest" else _view(studio, figure, motion_D, scene)
        out[f"frame_{number}"] = graded(view.drawn.rgba, grade)
        out[f"labels_{number}"] = labels(figure, view.drawn.seen)[::2, ::2]
        out[f"points_{number}"] = places(
            points_of(figure, studio.marks, motion_D), scene, studio.size
        )
        if name in TURNED:
            out[f"flow_{number}"] = true_flow(rest, view, scene, studio.size)[0].astype(np.float16)
    facts = {
        "split": split, "look": look, "index": index, "smiling": smiling,
        "motions": {name: [float(v) for v in motion] for name, motion in asked.items()},
    }  # fmt: skip
    out["facts"] = np.array(json.dumps(facts))
    return out


def _view(studio: Studio, figure: Figure, motion_D: Float32Array, scene: Scene) -> View:
    deformed = figure.deform(motion_D)
    drawn = studio.draw(figure, deformed, scene)
    return View(deformed, drawn, footing(drawn.seen.every(4), deformed, figure, scene))


def case_path(folder: Path, split: str, look: str, index: int) -> Path:
    """The file of a case."""
    return folder / f"case-{split}-{look}-{index}.npz"


def draw_missing(
    assets: Path, folder: Path, wanted: Iterable[tuple[Split, Look, int]],
    asked: dict[str, Float32Array],
) -> None:  # fmt: skip
    """Draw the cases that are not there, or were drawn for other motions."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [each for each in wanted if not _holds(case_path(folder, *each), asked)]
    if not left:
        return
    studio = Studio(assets, SIZE)
    try:
        for split, look, index in left:
            path = case_path(folder, split, look, index)
            arrays = draw_case(studio, split, look, index, asked)
            part = path.with_suffix(".part")
            with part.open("wb") as stream:
                np.savez_compressed(stream, **arrays)
            part.replace(path)
            print(f"drew {path.stem}", flush=True)
    finally:
        studio.close()


def _holds(path: Path, asked: dict[str, Float32Array]) -> bool:
    """Whether a case's file holds all these motions, and the flow where it should."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            known = json.loads(str(archive["facts"]))["motions"]
            flows = {name for k, name in enumerate(known) if f"flow_{k}" in archive.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    return all(
        name in known
        and np.allclose(known[name], motion_D, atol=1e-6)
        and (name in flows or name not in TURNED)
        for name, motion_D in asked.items()
    )


def read_case(path: Path, asked: Iterable[str] | None = None) -> Case:
    """Read a case's file, with the motions asked for or all."""
    with np.load(path, allow_pickle=False) as archive:
        facts = json.loads(str(archive["facts"]))
        names = [str(name) for name in archive["names"]]
        known = list(facts["motions"])
        chosen = known if asked is None else [name for name in known if name in set(asked)]
        at = {name: known.index(name) for name in chosen}

        def named(points_L2: Float32Array) -> dict[str, tuple[float, float]]:
            return {n: (float(x), float(y)) for n, (x, y) in zip(names, points_L2, strict=True)}

        marks = {n: Mark(x, y) for n, (x, y) in named(archive["landmarks"]).items()}
        return Case(
            path.stem.removeprefix("case-"),
            facts["split"],
            facts["look"],
            archive["picture"],
            archive["masks"],
            Landmarks(marks, (SIZE, SIZE)),
            {name: np.array(facts["motions"][name], np.float32) for name in chosen},
            {name: archive[f"frame_{k}"] for name, k in at.items()},
            {name: archive[f"labels_{k}"] for name, k in at.items()},
            {name: named(archive[f"points_{k}"]) for name, k in at.items()},
            {
                name: archive[f"flow_{k}"].astype(np.float32)
                for name, k in at.items()
                if f"flow_{k}" in archive.files
            },
            bool(facts["smiling"]),
        )


def wanted_cases(
    people: int, splits: Iterable[Split] = HELD_OUT, looks: Iterable[Look] = LOOKS
) -> list[tuple[Split, Look, int]]:
    """The first people of each held-out split and look."""
    return [(s, k, i) for i in range(people) for s in splits for k in looks]
