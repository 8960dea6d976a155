"""Files of the user: devices and pipes are never removed, replaced or waited for."""

import os
import stat
from pathlib import Path

import pytest

from fixtures import output_files
from fixtures.input_files import BadInput, read_bytes
from fixtures.report import junit
from fixtures.targets.option_values import check_readable
from fixtures.targets.s3.credentials import read_keys
from simulator.process import kubeconfig
from tests.fixtures.report.examples import result


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
