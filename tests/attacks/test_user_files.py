"""Files of the user: devices and pipes are never removed, replaced or waited for."""

import os
import re
import stat
from pathlib import Path

import pytest

from fixtures import output_files
from fixtures.input_files import BadInput, read_bytes
from fixtures.option_values import check_readable
from fixtures.report import bundles, junit, outputs
from fixtures.s3.access import ENVIRONMENT_FILES
from fixtures.targets.s3.credentials import read_keys
from simulator.process import kubeconfig
from tests.fixtures.made_up import CONFORMS, MadeUp, made_up
from tests.fixtures.report.examples import result

__all__ = ["made_up"]

pytest_plugins = ["pytester"]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe at which nobody is."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.fixture
def null(tmp_path: Path) -> Path:
    """A link to a device: whoever follows it well writes to the device, whoever does not replaces the link only."""
    (tmp_path / "null").symlink_to("/dev/null")
    return tmp_path / "null"


def test_no_input_is_waited_for(pipe: Path) -> None:
    """Each option that names a file, and the keys themselves."""
    for name in ("--kubeconfig", "--s3-credentials", "--s3-ca"):
        with pytest.raises(ValueError, match=f"{name}: cannot read .*: a pipe, not a regular file"):
            check_readable(name, str(pipe))
        with pytest.raises(ValueError, match="a device, not a regular file"):
            check_readable(name, "/dev/zero")
    with pytest.raises(ValueError, match="a pipe, not a regular file"):
        read_keys(str(pipe), {})


def test_reading_ends(tmp_path: Path) -> None:
    """A file that is larger than a person writes."""
    (tmp_path / "large").write_bytes(b"x" * 100)
    assert len(read_bytes(tmp_path / "large", largest=100)) == 100
    with pytest.raises(BadInput, match="it has more than 0 MiB"):
        read_bytes(tmp_path / "large", largest=99)


def test_devices_are_written_to_and_stay(null: Path, pipe: Path) -> None:
    """By whatever writes a file for the user."""
    junit.add_verdicts(str(null), result())
    junit.add_verdicts(str(pipe), result())
    output_files.write(null, b"x")
    kubeconfig.write(null, "http://127.0.0.1:1", "token", "authority")
    kubeconfig.remove(null, "http://127.0.0.1:1")

    assert null.is_symlink()
    assert stat.S_ISCHR(null.stat().st_mode)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_with_a_reader_gets_it_all(pipe: Path) -> None:
    """As `>(cat)` of a shell is one."""
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    output_files.write(pipe, b"all")
    assert os.read(reader, 100) == b"all"
    kubeconfig.write(pipe, "http://127.0.0.1:1", "token", "authority")
    assert b"server: http://127.0.0.1:1" in os.read(reader, 1000)
    os.close(reader)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("pipe", "No such device or address"),
        ("folder", "Is a directory"),
        ("folder/step.md/in", "No such file or directory"),
        ("/proc/version", "Input/output error|Permission denied"),
        ("/dev/full", "No space left on device"),
        ("null", ""),
        ("new.md", ""),
    ],
)
def test_a_step_summary_is_written_or_said(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, pipe: Path, null: Path, place: str, why: str
) -> None:
    """By one line and the exit code, at once; whatever is there stays, and the report is complete."""
    (made_up.path / "folder").mkdir()
    step = pipe.parent / place if place in ("pipe", "null") else made_up.path / place
    monkeypatch.setenv(outputs.STEP_SUMMARY, str(step))

    ran = made_up.run(tests=CONFORMS)

    assert ran.exit_code == (1 if why else 0), ran.text
    assert len(ran.report["problems"]) == (1 if why else 0)
    for problem in ran.report["problems"]:
        assert re.fullmatch(f"cannot write the report: {re.escape(str(step))}: ({why})", problem["message"])
    assert ran.page
    assert (made_up.path / "report" / "junit.xml").exists()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert null.is_symlink()
    assert place != "new.md" or step.read_text() == (made_up.path / "report" / "summary.md").read_text()


def test_pipes_with_readers_get_the_step_summary_and_junit(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, pipe: Path, tmp_path: Path
) -> None:
    """And the report has its junit.xml all the same."""
    os.mkfifo(tmp_path / "junit")
    readers = [os.open(each, os.O_RDONLY | os.O_NONBLOCK) for each in (pipe, tmp_path / "junit")]
    monkeypatch.setenv(outputs.STEP_SUMMARY, str(pipe))

    ran = made_up.run(f"--junit-xml={tmp_path / 'junit'}", tests=CONFORMS)

    assert ran.exit_code == 0, ran.text
    read = [os.read(each, 1 << 20) for each in readers]
    assert read == [(made_up.path / "report" / name).read_bytes() for name in ("summary.md", "junit.xml")]
    assert b'name="verdict"' in read[1]
    for each in readers:
        os.close(each)


@pytest.mark.parametrize(("name", "code"), [("pipe", 1), ("null", 0), ("null/x", 4)])
def test_no_reader_of_junit_is_waited_for(made_up: MadeUp, pipe: Path, null: Path, name: str, code: int) -> None:
    """It is missed when the report is written, or before the first test."""
    ran = made_up.run(f"--junit-xml={pipe.parent / name}", tests=CONFORMS)

    assert ran.exit_code == code, ran.text
    assert code != 1 or [problem["message"] for problem in ran.report["problems"]] == [
        f"cannot write the report: {pipe}: No such device or address"
    ]
    assert code != 4 or "Not a directory" in ran.text
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert null.is_symlink()


@pytest.mark.parametrize("name", ENVIRONMENT_FILES)
def test_no_file_of_the_environment_is_waited_for(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, pipe: Path, name: str
) -> None:
    """Which the clients of S3 would."""
    monkeypatch.setenv(name, str(pipe))

    ran = made_up.run(tests=CONFORMS)

    assert ran.exit_code == 4
    assert f"{name}: cannot read {pipe}: a pipe, not a regular file" in ran.text


def test_what_a_process_has_open_is_added_to(tmp_path: Path) -> None:
    """As /dev/stdout is a log that has lines already."""
    log = tmp_path / "log"
    with log.open("w") as file:
        was = log.stat().st_ino
        print("before", file=file, flush=True)
        link = tmp_path / "link"
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        for path in (Path(f"/dev/fd/{file.fileno()}"), link):
            output_files.write(path, b"report\n")
        print("after", file=file)

    assert log.stat().st_ino == was
    assert link.is_symlink()
    assert log.read_text().splitlines() == ["before", "report", "report", "after"]


def test_pipes_among_diagnostics_are_not_copied(tmp_path: Path) -> None:
    """Nor links, when the parts of a run are joined."""
    bundle = tmp_path / "part" / bundles.FOLDER / "one"
    (bundle / "logs").mkdir(parents=True)
    (bundle / bundles.INDEX).write_text("index")
    (bundle / "logs" / "pod.log").write_text("log")
    os.mkfifo(bundle / "logs" / "pipe")
    (bundle / "link").symlink_to("/etc/passwd")

    bundles.copy([tmp_path / "part"], tmp_path / "whole")

    copied = tmp_path / "whole" / bundles.FOLDER / "one"
    assert sorted(str(each.relative_to(copied)) for each in copied.rglob("*")) == ["index.html", "logs", "logs/pod.log"]


def test_what_a_link_leads_to_is_replaced(tmp_path: Path) -> None:
    """And the link stays, with the permissions of the file."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)

    output_files.write(link, b"new")

    assert link.is_symlink()
    assert (real.read_bytes(), stat.S_IMODE(real.stat().st_mode)) == (b"new", 0o640)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "is not a directory"),
        ("file/in", "is not a directory"),
        ("x" * 300, "is too long for a name"),
        ("dangling/in", "is a link to nothing"),
        ("half\udcff", "is not UTF-8"),
        ("zero\0", "zero byte"),
        ("new/folder", ""),
    ],
)
def test_folders_that_cannot_be_written(tmp_path: Path, name: str, why: str) -> None:
    """Noticed before anything is run, and without making the folder."""
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")

    found = output_files.why_not_writable(tmp_path / name)

    assert (why in found) if why else (found == "")
    assert not (tmp_path / "new").exists()
