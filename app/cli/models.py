"""`personare models`: the library of model packages."""

from __future__ import annotations

import argparse
import json
from typing import Any

from app.known_controls import known_controls
from app.library_shelf import Listed
from app.models.library import ModelLibrary
from app.models.motion_choices import in_full
from inference.model_package import ModelPackage


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("models", help="list, add or remove model packages")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all model packages")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=list_all)
    adding = actions.add_parser("add", help="add a package from a folder or a model hub")
    adding.add_argument("source", metavar="FOLDER|OWNER/NAME[@REVISION]")
    adding.set_defaults(run=add_package)
    removing = actions.add_parser("remove", help="delete a package you added")
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(run=remove)


def _as_json(entry: Listed[ModelPackage], default: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": entry.id,
        "bundled": entry.bundled,
        "default": default,
        "folder": str(entry.folder),
    }
    if entry.item is None:
        return facts | {"fault": entry.fault, "remedy": entry.remedy}
    manifest = entry.item.manifest
    if manifest.kind == "motion":
        facts["knows"] = sorted(known_controls(entry.item))
    return facts | {
        "kind": manifest.kind,
        "version": manifest.version,
        "licence": manifest.licence,
        "delay_ms": manifest.delay_ms,
        "description": manifest.description,
    }


def list_all(options: argparse.Namespace) -> int:
    """`models list`: every file is checked."""
    library = ModelLibrary()
    entries = library.list()
    if options.json:
        print(
            json.dumps(
                {"models": [_as_json(entry, library.is_default(entry.id)) for entry in entries]},
                indent=2,
            )
        )
        return 0
    if not entries:
        print("No model is installed.")
    width = max((len(entry.id) for entry in entries), default=0)
    for entry in entries:
        manifest = entry.item.manifest if entry.item else None
        about = f"{manifest.kind} {manifest.version}" if manifest else f"! {entry.fault}"
        used = ", used by default" if library.is_default(entry.id) else ""
        print(f"{entry.id:<{width}}  {about}{used}")
        if entry.item and entry.item.kind == "motion":
            print(f"{'':<{width}}  knows {in_full(known_controls(entry.item))}")
    return 0


def add_package(options: argparse.Namespace) -> int:
    """`models add`."""
    package = ModelLibrary().add(options.source)
    print(f"Added the {package.kind} model {package.name} {package.manifest.version}.")
    return 0


def remove(options: argparse.Namespace) -> int:
    """`models remove`."""
    ModelLibrary().remove(options.name)
    print(f"Removed {options.name}.")
    return 0
