"""Pictures to train the frame generator on, rendered from the rig, and the arrays made of them.

    python -m training.frames.dataset render --assets ASSETS --characters DIR --out RAW --count 600
    python -m training.frames.dataset frames --assets ASSETS --characters DIR --out RAW --count 150
    python -m training.frames.dataset pack --characters DIR --package PKG --raw RAW --out PACKED

`render` draws the head layer at the paint windows with the head at rest, `frames` whole small
frames with the head turned, both under random motions. `pack` adds what the warp makes of each
motion and, with `--draw`, the frames that the present package draws (`training.frames.posed`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from inference.character import load_character
from inference.contract import Float32Array, UInt8Array
from inference.face_grids import premultiply
from inference.frame_generator import clean_motion
from inference.frame_generator_layers import SIZE, load_geometry
from inference.frame_generator_windows import (
    WINDOW_SIZES,
    WindowWarper,
    identity_views,
    inside_of,
    window_of,
)
from training.frames.geometry import paint_windows
from training.frames.motions import random_motion
from training.frames.packed import WINDOWS, Packed, Window, save_packed
from training.frames.posed import FOLDER, JUDGED, Posed, posed_of, save_posed, small
from training.rig.assets import RigAssets
from training.rig.export_cast import cast_scene
from training.rig.people import PersonSpec, cast, random_person
from training.rig.person import Person
from training.rig.render import Renderer
from training.rig.scene import Scene

SHARD = 100


def spec_of(name: str) -> PersonSpec:
    """A bundled character by id, or the random person of `stranger-<seed>`."""
    if name.startswith("stranger-"):
        return random_person(np.random.default_rng(int(name.split("-")[1])))
    return cast()[name]


def render_windows(
    renderer: Renderer, person: Person, scene: Scene, motions_MD: Float32Array
) -> dict[str, UInt8Array]:
    """The head layer at each window (M, H, W, 4), premultiplied; the right eye mirrored."""
    corners = paint_windows(person, scene)
    boxes = {name: (*corners[name], *WINDOW_SIZES[name]) for name in WINDOWS}
    x0, y0 = (min(box[i] for box in boxes.values()) for i in (0, 1))
    x1, y1 = (max(box[i] + box[i + 2] for box in boxes.values()) for i in (0, 1))
    out: dict[str, list[UInt8Array]] = {name: [] for name in WINDOWS}
    for motion_D in motions_MD:
        deformed = person.deform(motion_D)
        drawn = renderer.render(person, deformed, scene, {"head"}, (x0, y0, x1 - x0, y1 - y0))
        drawn = premultiply(drawn)
        for name, (x, y, w, h) in boxes.items():
            window = window_of(drawn, (x - x0, y - y0), (w, h))
            out[name].append(window[:, ::-1] if name == "eye_right" else window)
    return {name: np.stack(images) for name, images in out.items()}


def render_frames(
    renderer: Renderer, person: Person, scene: Scene, motions_MD: Float32Array
) -> UInt8Array:
    """Whole frames (M, JUDGED, JUDGED, 4), premultiplied, averaged from `renderer`'s size."""
    drawn = [renderer.render(person, person.deform(motion_D), scene) for motion_D in motions_MD]
    return np.stack([small(premultiply(picture)) for picture in drawn])


def render(arguments: argparse.Namespace) -> None:
    """Write shards of either kind, going round the characters so that all grow together."""
    whole = arguments.command == "frames"
    assets = RigAssets(arguments.assets)
    renderer = Renderer(2 * JUDGED if whole else SIZE, 4)
    names = arguments.only or sorted(p.parent.name for p in arguments.characters.glob("*/*.json"))
    for shard in range((arguments.count + SHARD - 1) // SHARD):
        for name in names:
            path = arguments.out / name / f"{arguments.command}_{arguments.seed}_{shard:03d}.npz"
            if path.exists():
                continue
            person = Person(spec_of(name), assets)
            scene = cast_scene(person)
            rng = np.random.default_rng([arguments.seed, shard, whole, *name.encode()])
            count = min(SHARD, arguments.count - shard * SHARD)
            motions = np.stack([random_motion(rng, pose=whole) for _ in range(count)])
            if whole:
                images = {"frame": render_frames(renderer, person, scene, motions)}
            else:
                images = render_windows(renderer, person, scene, motions)
            path.parent.mkdir(parents=True, exist_ok=True)
            arrays: dict[str, Any] = {"motion": motions, **images}
            np.savez_compressed(path, **arrays)
            print(path, flush=True)


def _shards(folder: Path, kind: str) -> dict[str, Any]:
    parts = []
    for path in sorted(folder.glob(f"{kind}_*.npz")):
        with np.load(path) as data:
            parts.append({key: data[key] for key in data.files})
    keys = parts[0].keys() if parts else ()
    return {key: np.concatenate([part[key] for part in parts]) for key in keys}


def pack_posed(folder: Path, package: Path, raw: Path) -> Posed | None:
    """Whole frames of one character, if any were rendered."""
    frames = _shards(raw / folder.name, "frames")
    if not frames:
        return None
    return posed_of(package, load_character(folder), frames["motion"], frames["frame"])


def pack_character(folder: Path, raw: Path, limit: int | None = None) -> Packed:
    """The windows of one character."""
    character = load_character(folder)
    geometry = load_geometry(character.geometry_path or folder / "geometry.npz")
    views = identity_views(character, geometry)
    warper = WindowWarper(geometry, inside_of(views))
    windows = _shards(raw / character.id, "render")
    motions = windows["motion"][:limit]
    warps: dict[str, list[Any]] = {
        f"{name}_{k}": [] for name in WINDOWS for k in ("warp", "cut", "flow")
    }
    for motion_D in motions:
        seen = warper.warped(clean_motion(motion_D))
        for name in WINDOWS:
            key, index = ("mouth", 0) if name == "mouth" else ("eyes", WINDOWS.index(name) - 1)
            for kind, source in (("warp", "warp"), ("cut", "cut" if key == "mouth" else "warp")):
                picture = seen[f"{key}_{source}"][index].transpose(1, 2, 0)
                warps[f"{name}_{kind}"].append(picture.astype(np.uint8))
            warps[f"{name}_flow"].append(seen[f"{key}_flow"][index].astype(np.float16))
    view_of = {
        "mouth": views["mouth_views"][0],
        "eye_left": views["eyes_views"][0],
        "eye_right": views["eyes_views"][1],
    }
    packed = {
        name: Window(
            windows[name][:limit],
            np.stack(warps[f"{name}_warp"]),
            np.stack(warps[f"{name}_cut"]),
            np.stack(warps[f"{name}_flow"]),
            view_of[name].astype(np.uint8),
        )
        for name in WINDOWS
    }
    return Packed(character.id, motions, packed)


def pack(arguments: argparse.Namespace) -> None:
    """Pack every character that has rendered windows."""
    for folder in sorted(arguments.raw.iterdir()):
        if arguments.only and folder.name not in arguments.only:
            continue
        character = arguments.characters / folder.name
        if any(folder.glob("render_*.npz")):
            packed = pack_character(character, arguments.raw, arguments.limit)
            save_packed(packed, arguments.out)
            print(f"{packed.id}: {len(packed.motion_MD)} motions", flush=True)
        posed = pack_posed(character, arguments.package, arguments.raw) if arguments.draw else None
        if posed is not None:
            save_posed(posed, arguments.out / FOLDER)
            print(f"{posed.id}: {len(posed.motion_FD)} frames", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("render", "frames", "pack"):
        sub = commands.add_parser(name)
        sub.add_argument("--characters", type=Path, required=True)
        sub.add_argument("--out", type=Path, required=True)
        sub.add_argument("--only", nargs="*", default=None)
        if name == "pack":
            sub.add_argument("--package", type=Path, required=True)
            sub.add_argument("--raw", type=Path, required=True)
            sub.add_argument("--draw", action="store_true", help="also draw the whole frames")
            sub.add_argument("--limit", type=int, help="at most so many window motions each")
        else:
            sub.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
            sub.add_argument("--count", type=int, default=600, help="motions per character")
            sub.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    (pack if arguments.command == "pack" else render)(arguments)


if __name__ == "__main__":
    main()
