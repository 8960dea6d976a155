"""Files that users or environment variables name are read and written in two modules only.

`fixtures/input_files.py` refuses devices, pipes and what is endless, `fixtures/output_files.py` never replaces one.
"""

import ast
from collections.abc import Iterator

import pytest

from tools import ROOT

FOLDERS = ("conformance", "fixtures")

OPENING = {
    *("open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes", "touch", "mkstemp", "TemporaryFile"),
    *("NamedTemporaryFile", "copyfile", "copyfileobj", "copy2", "copytree", "ZipFile", "load_verify_locations"),
    *("load_cert_chain", "parse", "iterparse", "fromfile", "loadtxt", "urlretrieve", "getline", "run_path"),
}
"""What opens a file, by the last part of what is called."""

OTHERS = {
    *("yaml.parse", "Version.parse", "Shard.parse", "StoreAddress.parse", "parse"),
    *("answers.parse", "connection.read_bytes"),
    *("cluster.read_bytes", "self._cluster.read_bytes", "self._connection.open", "opened.open"),
}
"""What is called alike and opens none: parsers of texts, the API server, an entry of an archive."""

CHECKED = {"fixtures.input_files": "read_bytes read_text", "fixtures.output_files": "write _add why_not_writable"}
"""The two modules, and their functions that open files."""

ALLOWED = {
    "comes with the suite": {
        "conformance.walks.planning": "usual_seeds",
        "fixtures.plugin.collector": "suite_version",
        "fixtures.plugin.durations": "Durations.load",
        "fixtures.report.comparison": "read_document",
        "fixtures.report.matrix": "render",
        "fixtures.report.webpage": "render",
        "fixtures.targets.kind.configuration": "write",
        "fixtures.targets.kind.node_image": "NodeImage.digest",
        "fixtures.targets.s3.manifests": "_read",
    },
    "is the kernel's": {
        "fixtures.kubernetes.local_peers": "is_same_user",
        "fixtures.targets.kind.machine_checks": "_capability _inotify",
    },
    "is in a temporary folder that this run has made": {
        "fixtures.report.badge": "write",
        "fixtures.report.baseline": "write",
        "fixtures.report.document": "write",
        "fixtures.report.outputs": "_write_derived",
        "fixtures.targets.kind.configuration": "write",
        "fixtures.targets.kind.creation": "ManagedCluster._kill ManagedCluster._logging_wrapper ManagedCluster._output",
        "fixtures.targets.kind.manifests_download": "download",
        "fixtures.targets.kind.overlays": "render",
        "fixtures.targets.s3.servers": "Credentials.access",
        "fixtures.targets.scratch_folder": "_abandoned make",
        "fixtures.targets.simulator.target": "SimulatorTarget._with_output SimulatorTarget.start",
    },
    "is in the folder of the report, which output_files has tried, below a name that foreign_text.below has checked": {
        "fixtures.diagnostics.bundle": "Bundle.add Bundle.add_file Bundle.close",
        "fixtures.diagnostics.support_bundle": "_contents _download _findings",
        "fixtures.report.bundles": "claim_support_bundle copy",
    },
    "was found to be a regular file just before": {
        "fixtures.kubernetes.kubeconfig": "_check_certificates",
        "fixtures.report.junit": "add_earlier add_verdicts",
    },
}
"""The functions that may open files, each with why the file is none that a user or the environment names."""


def openings(source: str, module: str) -> Iterator[str]:
    """The functions of a module that open a file by something else than these two modules."""
    tree = ast.parse(source)
    checked = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "fixtures.input_files"
        for alias in node.names
    }

    def visit(node: ast.AST, place: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            name = getattr(child, "name", "") if isinstance(child, ast.stmt) else ""
            inner = f"{place}.{name}" if name else place
            called = ast.unparse(child.func) if isinstance(child, ast.Call) else ""
            if called.rpartition(".")[2] in OPENING and called not in OTHERS | checked:
                yield place
            yield from visit(child, inner)

    yield from visit(tree, module)


def test_nothing_else_opens_files() -> None:
    """Nothing is allowed that is no longer done, either."""
    found = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= set(openings(path.read_text(encoding="utf-8"), module))

    assert found == {
        f"{module}.{name}"
        for table in (CHECKED, *ALLOWED.values())
        for module, names in table.items()
        for name in names.split()
    }


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "path.open('rb')",
        "Path(os.environ['X']).read_text()",
        "shutil.copyfile(path, other)",
        "import fixtures.input_files; path.read_bytes()",
        "from fixtures.input_files import read_text; path.read_text()",
        "ElementTree.parse(path)",
    ],
)
def test_it_would_be_noticed(line: str) -> None:
    """In a function, and below the name of a checked one."""
    assert set(openings(f"class A:\n    def f(path):\n        {line}\n", "m")) == {"m.A.f"}


def test_checked_reading_is_not() -> None:
    assert list(openings("from fixtures.input_files import read_text\nread_text(path)\n", "m")) == []
