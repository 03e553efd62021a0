"""What the documents promise is there: linked files, system libraries, commands."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from inference.direction import parse_direction

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "installer" / "README.md", *(ROOT / "docs").glob("*.md")]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_linked_file_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing


def test_ci_installs_the_readmes_system_libraries() -> None:
    (line,) = re.findall(r"apt-get install --no-install-recommends ([^\n]+)", README)
    named = set(line.split())
    installed = set((ROOT / ".ci" / "run").read_text(encoding="utf-8").split())
    assert len(named) > 5
    assert named <= installed


def test_the_readme_has_one_command_to_start_and_one_to_test() -> None:
    commands = re.findall(r"^python3 -m pip install .*$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("uv run --extra cpu personare")
    assert commands[1].endswith("uv run --extra cpu --extra dev pytest")
    # CI tests by the same words.
    assert commands[1].split(" && ")[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_changelog_knows_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{project['version']}]" in changelog


def test_no_lock_file_is_kept() -> None:
    """It would record the addresses of somebody's package registry."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert "pyproject.toml" in tracked
    assert not [name for name in tracked if name.endswith((".lock", "requirements.txt"))]


def test_the_examples_of_directions_are_understood() -> None:
    text = (ROOT / "docs" / "directions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, flags=re.MULTILINE)
    assert len(rows) >= 5
    for example, becomes in rows:
        refused = bool(parse_direction(example).problems)
        assert refused == becomes.startswith("refused"), example
    (shown,) = re.findall(r'--direct "([^"]+)"', text)
    assert not parse_direction(shown).problems
