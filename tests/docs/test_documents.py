"""What the documents for people name exists: options, environments of tox, files, headings."""

import configparser
import re
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from fixtures.plugin import options
from fixtures.targets.registry import option_groups
from tools import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
TEXTS = [*DOCUMENTS, ROOT / ".ci/run", *sorted(ROOT.glob(".github/**/*.yml"))]

FOLDERS = r"\.ci|\.github|conformance|docs|fixtures|manifests|requirements|simulator|tests|tools"

OF_OTHERS = frozenset(
    {
        "--anonymous-auth",
        "--raw",
        "--build-arg",
        "--check",
        "--duration",
        "--fixtures",
        "--from-file",
        "--git",
        "--image",
        "--markers",
    }
    | {"--platform", "--privileged", "--require-hashes", "--strict", "--tag"}
)
"""Options of docker, git, kind, kubectl, mypy, pip, ruff and pytest itself."""


def named(path: Path) -> str:
    """A document by its path in the repository."""
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    """The text of a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def options_in_tables(text: str) -> set[str]:
    """The options in the first cells of a document's tables."""
    return {option for row in text.splitlines() if row.startswith("| ") for option in flags(row.split(" | ")[0])}


def flags(text: str) -> Iterable[str]:
    """The long options in a text."""
    return re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)


def declared() -> dict[str, set[str]]:
    """The suite's options by the group that `pytest --help` shows them in."""
    groups = {name: set(table) for name, _, table in option_groups()}
    parser = MagicMock(spec=pytest.Parser)
    options.declare(parser)
    every = {call.args[0] for call in parser.getgroup.return_value.addoption.call_args_list}
    return groups | {"conformance": every.difference(*groups.values())}


@pytest.mark.parametrize(
    ("document", "groups"),
    [
        ("README.md", ("conformance", "simulator")),
        ("docs/run-on-kind.md", ("kind",)),
        ("docs/run-on-a-cluster.md", ("cluster", "s3")),
    ],
)
def test_options_stand_in_a_table(document: str, groups: tuple[str, ...]) -> None:
    """Each option of a target is in the table of its document, those for every run are in the README's."""
    known = declared()

    assert set().union(*(known[group] for group in groups)) - options_in_tables(read(document)) == set()


@pytest.mark.parametrize("path", [each for each in TEXTS if each.name != "CHANGELOG.md"], ids=named)
def test_options_exist(path: Path) -> None:
    """An option that a document names exists in the suite, the simulator or a tool; the changelog has old ones."""
    own = {
        option
        for folder in ("fixtures", "simulator", "tools")
        for source in (ROOT / folder).rglob("*.py")
        for option in re.findall(r'"(--[a-z0-9-]+)"', source.read_text(encoding="utf-8"))
    }

    assert set(flags(path.read_text(encoding="utf-8"))) - own - OF_OTHERS == set()


def environments() -> set[str]:
    """The environments of tox.ini."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "tox.ini", encoding="utf-8")
    return {section.removeprefix("testenv:") for section in settings.sections() if section.startswith("testenv:")}


def test_readme_shows_all_environments() -> None:
    """The README names each environment of tox."""
    assert set(re.findall(r"tox (?:-q )?-e ([a-z0-9-]+)", read("README.md"))) == environments()


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_environments_exist(path: Path) -> None:
    """Every command names an environment that tox has."""
    assert set(re.findall(r"tox (?:-q )?-e ([a-z0-9-]+)", path.read_text(encoding="utf-8"))) <= environments()


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    """A link into the repository is to a file, and to a heading of it."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(text: str) -> list[str]:
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_named_files_exist(path: Path) -> None:
    """A file or folder of the repository that a document names, in prose or in a command, is there."""
    for name in re.findall(rf"(?<![\w/.:-])((?:{FOLDERS})/[\w./*-]*)", path.read_text(encoding="utf-8")):
        assert list(ROOT.glob(name.rstrip("."))), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_lines_are_wrapped(path: Path) -> None:
    """Prose keeps to 100 columns; tables, commands and what cannot be broken are as long as they are."""
    block = False
    for line in path.read_text(encoding="utf-8").splitlines():
        block ^= line.startswith("```")
        assert len(line) <= 100 or block or line.startswith(("|", "```")) or " " not in line.lstrip("-* "), line


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_no_example_writes_into_a_shared_folder(path: Path) -> None:
    """In /tmp others could read the keys, or have put a file or a link in the place."""
    assert re.findall(r">\s*/(?:var/)?tmp/\S+", path.read_text(encoding="utf-8")) == []


def test_images_without_a_digest_are_admitted() -> None:
    """The security page names every image that the project's files name by tag."""
    texts = [each for each in ROOT.glob("manifests/**/*.yaml") if "job" not in each.parts]
    texts += [ROOT / "Dockerfile", ROOT / "fixtures/workloads/pods.py"]
    found = {
        image
        for path in texts
        for image in re.findall(
            r"^(?: *image: |ARG BASE=|IMAGE = \")([\w./-]+(?::[\w.-]+)?(?:@\S+)?)",
            path.read_text("utf-8"),
            re.MULTILINE,
        )
    }
    by_tag = {image.partition(":")[0] for image in found if "@sha256:" not in image}

    assert {"docker.io/library/busybox", "docker.io/library/python", "docker.io/pgsty/silo"} <= by_tag
    assert {each for each in by_tag if each not in read("SECURITY.md")} == set()
