"""What is drawn by chance about a person and a picture, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.people.split import Look, Split
from training.rig.people import Colour, PersonSpec


@dataclass(frozen=True, slots=True)
class Bend:
    """How the space of a head is bent: 1 or 0 everywhere is human. Lengths are factors.

    `eyes`: width, height, depth of eyes and lids; `apart`, `raised` move them (dm); `nose`, `mouth`
    scale these; `jaw` is the share by which the chin is narrower; `face` the length from eyes to
    chin; `skull` the height above the eyes, `wide` its width; `neck` its thickness; `head` the size
    of the whole head. Animals: `muzzle` is how far (dm) nose and mouth stand out, `taper` by which
    share they are narrower there, `puff` swells both sides of the upper lip (dm), `bridge` the
    share by which the root of the nose is flatter; `ears` scales the human ears (0 hides them).
    """

    eyes: tuple[float, float, float] = (1.0, 1.0, 1.0)
    apart: float = 0.0
    raised: float = 0.0
    nose: float = 1.0
    mouth: float = 1.0
    jaw: float = 0.0
    face: float = 1.0
    skull: float = 1.0
    wide: float = 1.0
    neck: float = 1.0
    head: float = 1.0
    muzzle: float = 0.0
    taper: float = 0.0
    puff: float = 0.0
    bridge: float = 0.0
    ears: float = 1.0
    curl: float = 0.0


@dataclass(frozen=True, slots=True)
class HairSpec:
    """How hair is worn. `style` is a mesh of the assets or a name of `training.people.locks`."""

    style: str | None = None
    fringe: str = "none"
    """Of locks: none, straight, swept, parted, spikes."""
    back: str | None = None
    """Another lock style whose back is worn with this front."""
    mirror: bool = False
    volume: float = 1.0
    length: float = 1.0
    noise: float = 0.0
    """Disorder of the strands, dm."""
    curl: float = 0.0
    density: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class BeardSpec:
    """A beard of shells: `shape` is full, goatee, moustache, chin or sides."""

    shape: str = "full"
    length: float = 0.06
    density: float = 0.8
    colour: Colour = (0.03, 0.02, 0.015)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class GlassesSpec:
    """Spectacles: `squareness` 2 round .. 6 boxes; sizes in shares of the pupils' distance."""

    width: float = 0.78
    height: float = 0.58
    squareness: float = 3.0
    thickness: float = 0.018
    drop: float = 0.06
    colour: Colour = (0.02, 0.02, 0.02)
    gloss: float = 0.05
    tint: float = 0.04
    tint_colour: Colour = (0.1, 0.1, 0.12)


@dataclass(frozen=True, slots=True)
class HatSpec:
    """Angles (degrees) from the crown, lengths in dm. `kind`: dome, tower, crown, hood. The rim is
    at `front` and `back`, `lift` over the skull; `rise` is how much taller, `flare` how much wider
    it gets; the brim is `brim` wide, turned up by `turned` at `corners` places (0: a peak)."""

    kind: str = "dome"
    front: float = 50.0
    back: float = 90.0
    lift: float = 0.12
    rise: float = 0.1
    flare: float = 0.0
    brim: float = 0.0
    turned: float = 0.0
    droop: float = 0.0
    corners: int = 0
    twist: float = 0.0
    colour: Colour = (0.05, 0.05, 0.05)
    gloss: float = 0.0
    streaks: float = 0.05


@dataclass(frozen=True, slots=True)
class CollarSpec:
    """`kind`: stand, ruff, scarf; `gap` (dm) from its top to the chin, `width` how far it stands
    out, `dip` how much lower it is in front."""

    kind: str = "stand"
    gap: float = 0.15
    width: float = 0.4
    dip: float = 0.1
    folds: int = 12
    colour: Colour = (0.8, 0.8, 0.75)


@dataclass(frozen=True, slots=True)
class Costume:
    """What is worn besides clothes; `beard` is how far (dm) it hangs below the chin, 0: none."""

    hat: HatSpec | None = None
    collar: CollarSpec | None = None
    beard: float = 0.0
    wide: float = 0.6
    beard_colour: Colour = (0.03, 0.02, 0.015)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LineSpec:
    """Outlines of a drawing: width in pixels of a 512 frame, colour (sRGB 0..1), how much of the
    colour below shows through."""

    width: float = 2.2
    colour: Colour = (0.12, 0.07, 0.08)
    through: float = 0.25


@dataclass(slots=True)
class FigureSpec:
    """One person in one look, everything but light and motion. `ink` are values that the look's
    painters read (see `training.people.figures`)."""

    index: int
    split: Split
    look: Look
    variant: str
    person: PersonSpec
    bend: Bend = field(default_factory=Bend)
    hair: HairSpec = field(default_factory=HairSpec)
    beard: BeardSpec | None = None
    glasses: GlassesSpec | None = None
    lines: LineSpec | None = None
    costume: Costume | None = None
    ears: str = "human"
    """human, cat, horns."""
    mascot: str = ""
    """What it is in place of a human: a name of `training.people.mascots`."""
    ink: dict[str, float] = field(default_factory=dict)
    skin_colour: Colour = (0.9, 0.72, 0.62)
    lip_colour: Colour = (0.8, 0.45, 0.42)
    eye_colour: Colour = (0.2, 0.35, 0.6)
    tip_colour: Colour | None = None
