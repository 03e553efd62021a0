"""`personare characters`: the library of characters."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app import paths
from app.characters.consent import STATEMENTS
from app.characters.importer import Importer, PortraitReader, Request
from app.characters.library import CharacterLibrary
from app.characters.references import SOURCE, told
from app.library_shelf import Listed
from app.models.library import ModelLibrary
from inference.character import CONSENT_KINDS, Character


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("characters", help="list, import, show or remove characters")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all characters")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=list_all)
    showing = actions.add_parser("show", help="one character, with licence and consent")
    showing.add_argument("name", metavar="NAME")
    showing.add_argument("--json", action="store_true", help="as JSON")
    showing.set_defaults(run=show)
    importing = actions.add_parser("import", help="make a character of a picture of a face")
    importing.add_argument(
        "picture",
        type=Path,
        metavar="PICTURE",
        help="PNG, JPEG or WebP with one face, head and shoulders whole: a photograph, a painting "
        "or a drawing",
    )
    importing.add_argument(
        "--name",
        required=True,
        metavar="N",
        help="what the character is called; its id is made of it",
    )
    importing.add_argument(
        "--reference",
        type=Path,
        action="extend",
        nargs="+",
        default=[],
        metavar="PICTURE",
        help="further pictures of the same face: teeth showing, eyes shut",
    )
    importing.add_argument(
        "--consent",
        required=True,
        choices=CONSENT_KINDS,
        help="why the face may be used, kept in the character: "
        + " ".join(f"{kind}: {STATEMENTS[kind]}" for kind in CONSENT_KINDS),
    )
    importing.add_argument(
        "--landmarks",
        type=Path,
        metavar="FILE",
        help="points of the face, marked by hand, where it is not read well",
    )
    importing.add_argument(
        "--face", type=int, metavar="N", help="which of several faces, counted from the left"
    )
    importing.set_defaults(run=import_portrait)
    removing = actions.add_parser("remove", help="delete a character you added")
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(run=remove)


def as_json(character: Character, bundled: bool) -> dict[str, Any]:
    """What `list --json` and `show --json` tell of a character."""
    manifest = character.manifest
    return {
        "id": character.id,
        "name": character.name,
        "bundled": bundled,
        "style": manifest.style,
        "description": manifest.description,
        "author": manifest.author,
        "licence": manifest.licence,
        "consent": manifest.consent.model_dump(),
        "references": [reference.model_dump() for reference in manifest.references],
        "folder": str(character.folder),
        "portrait": str(character.portrait_path),
        "thumbnail": str(character.thumbnail_path),
    }


def _entry_json(entry: Listed[Character]) -> dict[str, Any]:
    if entry.item is not None:
        return as_json(entry.item, entry.bundled)
    return {
        "id": entry.id,
        "bundled": entry.bundled,
        "folder": str(entry.folder),
        "fault": entry.fault,
        "remedy": entry.remedy,
    }


def list_all(options: argparse.Namespace) -> int:
    """`characters list`: faulty ones are listed too, with what is wrong."""
    entries = CharacterLibrary().list()
    if options.json:
        print(json.dumps({"characters": [_entry_json(entry) for entry in entries]}, indent=2))
        return 0
    if not entries:
        print("No character is installed.")
    width = max((len(entry.id) for entry in entries), default=0)
    for entry in entries:
        manifest = entry.item.manifest if entry.item else None
        about = f"{manifest.name}: {manifest.description}" if manifest else f"! {entry.fault}"
        print(f"{entry.id:<{width}}  {about}")
    return 0


def show(options: argparse.Namespace) -> int:
    """`characters show`: every file is checked."""
    library = CharacterLibrary()
    character = library.load(options.name)
    bundled = any(entry.bundled for entry in library.list() if entry.id == character.id)
    facts = as_json(character, bundled)
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    facts["consent"] = ", ".join(f"{key}: {value}" for key, value in facts["consent"].items())
    listed = [f"{each['file']} ({told(each)})" for each in sources(character)]
    facts["references"] = ", ".join(listed)
    for key, value in facts.items():
        if value not in ("", None):
            print(f"{key:<12} {'yes' if value is True else 'no' if value is False else value}")
    return 0


def sources(character: Character) -> list[dict[str, Any]]:
    """The further pictures that the user brought, as `character.json` lists them."""
    listed = [reference.model_dump() for reference in character.manifest.references]
    return [each for each in listed if each["kind"] == SOURCE]


def import_portrait(options: argparse.Namespace) -> int:
    """`characters import`: makes a character of one picture, or says why it cannot."""
    request = Request(
        options.picture,
        options.name,
        options.consent,
        options.landmarks,
        options.face,
        tuple(options.reference),
    )
    library = CharacterLibrary()
    importer = Importer(
        library, paths.assets_root(), paths.user_characters_dir(), portrait_reader()
    )
    character = importer.run(request)
    print(f"{character.id}: {character.name} is in {character.folder}.")
    for path, entry in zip(options.reference, sources(character), strict=False):
        print(f"{path.name}: {told(entry)}.")
    for remark in importer.remarks:
        print(f"personare: {remark}", file=sys.stderr)
    return 0


def remove(options: argparse.Namespace) -> int:
    """`characters remove`."""
    CharacterLibrary().remove(options.name)
    print(f"Removed {options.name}.")
    return 0


def portrait_reader() -> PortraitReader | None:
    """The installed portrait model's networks; None where none is installed.

    Raises:
        PersonareError: it is installed, but damaged.
    """
    models = ModelLibrary()
    if models.locate(models.default("portrait")) is None:
        return None
    from inference.portrait_reader import NetworkReader

    return NetworkReader(models.load("portrait"))
