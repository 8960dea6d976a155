"""What is typed after `pytest`, `python -m simulator` and `python -m fixtures.report`: used, or refused in one line."""

import argparse
import math
import re
import subprocess
import sys
from functools import cache
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.plugin import options
from fixtures.report import __main__ as report
from fixtures.targets.registry import TYPES
from simulator import __main__ as simulator
from simulator.decisions import decisions
from simulator.options import Options, UsageError, one_line, parse
from simulator.options import parser as simulator_parser
from tests.attacks.bad_input import FUZZ, NASTY, assert_one_line
from tools import ROOT

ESCAPE, BIDI, HALF, LONG = "\x1b]0;title\x07", "a\u202eb", "x\udcff", "9" * 5000
TARGETS = {"simulator": (), "cluster": ("--target=cluster", "--kubeconfig=README.md"), "kind": ("--target=kind",)}
"""What selects a target."""

OF_OTHER_TARGETS = ("--keep-cluster",)

RUN = [
    ("--target=moon", "unknown target 'moon'; known: simulator, kind, cluster"),
    ("--target=cluster", "--target cluster needs --kubeconfig FILE"),
    ("--budget-scale=1e308", "--budget-scale '1e308': expected a number from 0.001 to 1000"),
    ("--budget-scale=1e-320", "--budget-scale '1e-320': expected a number from 0.001 to 1000"),
    *((f"--budget-scale={text}", "must be a positive number") for text in ("nan", "-1", "inf", "0", "1_0", " 1", LONG)),
    ("--budget-scale=١", "'--budget-scale=١': write numbers in the digits 0 to 9"),
    ("--budget-scale=²", "--budget-scale '²' must be a positive number"),
    ("--idle-timeout=0", "--idle-timeout '0' must be a positive number"),
    ("--idle-timeout=1e9", "--idle-timeout '1e9': expected a number from 0.001 to 86400"),
    ("--profile=soon", "--profile: 'soon' is not a version such as 1.12"),
    ("--profile=0.9", "unknown profile '0.9'; known: 1.1 to 1.13"),
    ("--run-id=ci-7", "--run-id: run id 'ci-7': expected 1 to 20 of a-z and 0-9, without hyphens"),
    (f"--run-id={LONG}", "expected 1 to 20 of a-z and 0-9"),
    (f"--run-id={'a' * 20}|--shard=1/2", "too long, s1 is added to it for --shard 1/2"),
    ("--walk=", "--walk '': expected numbers of at most 9 digits"),
    ("--walk=1,,2", "--walk '1,,2': expected numbers of at most 9 digits, with commas between"),
    (f"--walk={LONG}", "expected numbers of at most 9 digits"),
    ("--walk=-1", "--walk '-1': expected numbers"),
    ("--walk=1|--no-walks", "--walk and --no-walks do not go together"),
    ("--shard=0/2", "--shard: '0/2' is not a valid shard"),
    (f"--shard={LONG}/{LONG}", "is not a valid shard"),
    ("--resume=", "--resume is given without a value"),
    ("--resume=absent", "--resume: cannot read"),
    ("--resume=README.md", "--resume: cannot read"),
    (f"--resume={LONG}", "--resume: "),
    ("--resume=report", "the new report would replace the one to resume; give another --report-dir=DIR"),
    ("--resume=docs/results/longhorn-1.12.1", "docs/results/longhorn-1.12.1/conformance.json: 'exit_code' is missing"),
    ("--resume=a|--shard=1/2", "--resume and --shard: give one of them"),
    *(
        (f"--time-limit={text}|--speed=real", "expected a time such as 90s, 15m or 2h, at most 24h")
        for text in ("", "0s", "15", "1.5h", "-1m", "25h", "١m", "nan", f"{LONG}s")
    ),
    ("--time-limit=15m", "--time-limit is for --target kind and cluster, and for --speed real"),
    ("--time-limit=15m|--shard=1/2", "--time-limit and --shard: give one of them"),
    ("--report-dir=", "--report-dir is given without a value"),
    ("--report-dir=README.md", "README.md is not a directory"),
    (f"--report-dir={LONG}", "is too long for a name"),
    ("--run-id=a|--run-id=b", "--run-id is given twice; give one value"),
    ("--run-id=--", "'--run-id=--': expected a value, not --"),
    ("--yes", "--yes is for --clean-up"),
    ("--clean-up", "--clean-up is for clusters that outlive a run"),
    ("--clean-up|--doctor|--target=cluster", "--clean-up and --doctor: give one of them"),
    ("--list-images|--target=cluster", "--list-images is for --target kind, not cluster"),
    ("--list-images|--longhorn=1.4.0", "Longhorn 1.4.0 is not in the table"),
    ("--list-clauses|--budget-scale=nan", "must be a positive number"),
    ("--support-bundle|--no-diagnostics", "--support-bundle is part of the diagnostics"),
    ("--keep-cluster", "--keep-cluster is for --target kind, not simulator"),
    ("-n|-3", "-n '-3': expected a whole number from 0 to 256"),
    ("-n|100000", "-n '100000': expected a whole number from 0 to 256"),
    ("-n|٣", "'٣': write numbers in the digits 0 to 9"),
    ("--maxprocesses=0", "--maxprocesses '0': expected a whole number from 1 to 256"),
    ("--max-worker-restart=some", "--max-worker-restart 'some': expected a whole number from 0"),
    ("--longhorn=1.4.0", "Longhorn 1.4.0 is not in the table"),
    ("--longhorn=latest", "'latest' is not a version of Longhorn"),
    ("--snapshotter=8", "'8' is not a version of snapshotter"),
    (f"--kubernetes={LONG}.1.1", "is not a version of Kubernetes"),
    ("--longhorn-manifest=absent", "--longhorn-manifest: no such file: absent"),
    (f"--longhorn-manifest={LONG}", "--longhorn-manifest: no such file: 999"),
    ("--longhorn-manifest=docs", "--longhorn-manifest: no such file: docs"),
    ("--longhorn-manifest=README.md", "README.md is not a manifest"),
    ("--snapshotter-manifest=docs", "no manifest in"),
    ("--preload=docs", "--preload: no *.tar in"),
    (f"--preload={LONG}", "--preload: no such directory: 999"),
    ("--node-image=node", "--node-image 'node': expected an image with its tag"),
    ("--node-image=a/b:é", "--node-image 'a/b:é': expected an image with its tag"),
    ("--node-base=a//b:1", "--node-base 'a//b:1': expected an image with its tag"),
    *((f"--registry={text}", "expected HOST[:PORT][/PATH]") for text in ("http://r.example", "-x", "é.example", "a@b")),
    ("--registry=r.example:99999", "--registry 'https://r.example:99999' is not a URL: Port out of range"),
    ("--reuse-cluster=-1", "--reuse-cluster '-1': expected lower-case letters, digits, `.` and `-`"),
    ("--reuse-cluster=a.-b", "beginning and ending with a letter or digit"),
    *(
        (f"--{tool}-bin=none-such", f"--{tool}-bin none-such: no such program")
        for tool in ("docker", "kind", "kubectl")
    ),
    ("--s3=ceph|--target=kind", "--s3 'ceph': expected one of minio, seaweedfs, external"),
    ("--s3-image=a/b:é|--target=kind", "--s3-image 'a/b:é': expected an image with its tag"),
    ("--kubeconfig=absent|--target=cluster", "--kubeconfig: cannot read absent: No such file"),
    ("--kubeconfig=/dev/zero|--target=cluster", "a device, not a regular file"),
    ("--context=", "--context is given without a value"),
    ("--s3-endpoint=http://h:99999", "--s3-endpoint 'http://h:99999' is not a URL: Port out of range"),
    ("--s3-cluster-endpoint=ftp://h", "--s3-cluster-endpoint 'ftp://h' is not a URL such as https"),
    ("--s3-credentials=docs", "--s3-credentials: cannot read docs: a directory"),
    ("--s3-credentials=README.md", "--s3-credentials: README.md has no AWS_ACCESS_KEY_ID"),
    ("--s3-ca=absent", "--s3-ca: cannot read absent: No such file"),
    ("--s3-ca=README.md", "--s3-ca: README.md has no valid certificate in PEM"),
    *(
        (f"--s3-bucket={text}", "a bucket's name has 3 to 63")
        for text in ("A", "ab", "a_b", "a..b", "192.168.1.1", "a/b")
    ),
    ("--s3-bucket=good@", "--s3-bucket: '' is not a region such as us-east-1"),
    ("--longhorn-version=", "--longhorn-version is given without a value"),
    ("--release=", "--release is given without a value"),
    ("--snapshot-crds=", "--snapshot-crds is given without a value"),
    ("--speed=", "--speed is given without a value"),
    ("--fault=", "--fault is given without a value"),
    ("--variation=", "--variation is given without a value"),
    ("--quirk=", "--quirk is given without a value"),
    ("--chaos=", "--chaos is given without a value"),
]
"""Typed after `pytest`, and part of what is said. The simulator judges the values of its own options itself."""

SIMULATOR = [
    ("", "--kubeconfig FILE is required"),
    ("--kubeconfig=", "--kubeconfig: is given without a value"),
    *((f"--kubeconfig={text}", "has a control character") for text in (ESCAPE, BIDI, HALF, "a\nb", "a\0b")),
    ("--data-dir=", "--data-dir: is given without a value"),
    ("--longhorn-version=1.١", "'1.١' is not a Longhorn version"),
    (f"--longhorn-version=1.{LONG}", "is not a Longhorn version"),
    ("--release=1.3.9", "unknown release '1.3.9'"),
    ("--snapshot-crds=8.1", "--snapshot-crds 8.1: must be one of 4.0, 6.3, 7.0, 8.0, 8.6"),
    ("--release=1.12.1|--longhorn-version=1.2", "--longhorn-version 1.2 contradicts --release 1.12.1"),
    *((f"--speed={text}", "must be fast, real or a number") for text in ("nan", "inf", "١", "1_0", " 1", "0x1", LONG)),
    ("--speed=", "--speed: is given without a value"),
    ("--speed=1e308", "--speed 1e308: must be at most 1000"),
    ("--speed=-1", "--speed -1: must be 0 or more"),
    ("--speed=fast|--speed=real", "--speed is given twice"),
    *(
        (f"--api-port={text}", "is not a port number: expected 0 to 65535")
        for text in ("-1", "65536", "٨٠", "8_0", LONG)
    ),
    ("--s3-port=+80", "argument --s3-port: '+80' is not a port number"),
    *((f"--parent-pid={text}", "is not a process id") for text in ("-5", "x", "١", f"1{'0' * 30}", LONG)),
    ("--fault=none-such", "--fault none-such: no such fault"),
    ("--variation=none-such", "--variation none-such: no such variation"),
    (f"--fault={LONG}", "no such fault; --list-faults prints them"),
    ("--fault=backup-not-made|--fault=backup-not-made", "--fault backup-not-made is given twice"),
    ("--quirk=none-such", "--quirk none-such: no such quirk"),
    *(
        (f"--chaos={text}", "must be SEED[:LEVEL")
        for text in ("x", "١", "-1", "1:nan", "1:1e999", "1:11", "1:1:x", LONG)
    ),
    ("--enforce-rbac=1", "ignored explicit argument '1'"),
    ("--speed=--", "--speed=--: expected a value, not --"),
    ("--no-such", "unrecognized arguments: --no-such"),
    ("more", "unrecognized arguments: more"),
    (ESCAPE, r"unrecognized arguments: \x1b]0;title\x07"),
    (LONG, "unrecognized arguments: 999"),
    *((f"--fault={text}", "no such fault; --list-faults prints them") for text in (ESCAPE, BIDI, HALF, "a\nb")),
    (f"--quirk={ESCAPE}", "no such quirk (known: claim-keeps-its-finalizer"),
]
"""Typed after `python -m simulator`."""

REPORT = [
    ("", "the following arguments are required: command"),
    ("compare", "invalid choice: 'compare'"),
    (f"diff|{ESCAPE}|new", "has a control character"),
    ("diff||new", "expected a path; `.` is the current folder"),
    ("merge|a", "the following arguments are required: -o/--output"),
    ("merge|a|--output=--", "expected a value, not --"),
    ("merge|a|-o|b|-o|c", "-o is given twice"),
    ("matrix|a", "the following arguments are required: -o/--output"),
    ("matrix|a|-o|b|-o|c", "-o is given twice"),
    ("matrix|a|-o|b|--corrections|", "expected a path"),
    (f"matrix|{HALF}|-o|b", "is not UTF-8"),
    (f"merge|{HALF}|-o|b", "is not UTF-8"),
    ("render|a|", "expected a path"),
    (f"render|{LONG}|.", "File name too long"),
]
"""Typed after `python -m fixtures.report`."""


def brief(text: str) -> str:
    """The name of a row: its first words."""
    return ascii(text[:30])[1:-1]


@cache
def run_parser() -> argparse.ArgumentParser:
    """The suite's options, and those of pytest-xdist that start processes."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    group = SimpleNamespace(addoption=parser.add_argument)
    options.declare(cast(pytest.Parser, SimpleNamespace(getgroup=lambda *_: group)))
    parser.add_argument("-n", dest="numprocesses")
    parser.add_argument("-k")
    parser.add_argument("--maxprocesses")
    parser.add_argument("--max-worker-restart", dest="maxworkerrestart")
    return parser


def read_run(*words: str) -> options.Options:
    """The options of a run, as they are read before anything else is done."""
    typed = SimpleNamespace(args=words, dir=ROOT)
    config = cast(pytest.Config, SimpleNamespace(option=run_parser().parse_args(words), invocation_params=typed))
    options.check_arguments(config)
    options.settle(config)
    return options.read(config)


def read_simulator(*words: str) -> Options:
    """The options of a simulator, as they are read before it starts."""
    found = parse(words)
    decisions(found)
    return found


def accepted(found: Options) -> None:
    """In the place of a simulator."""
    decisions(found)
    pytest.fail(f"it would start with {found}")


def refusal(*words: str) -> str:
    """What `pytest` says about what was typed."""
    with pytest.raises(pytest.UsageError) as caught:
        read_run(*words)
    return str(caught.value)


def target_with(flag: str) -> tuple[str, ...]:
    """What selects a target that has the option."""
    return next((words for name, words in TARGETS.items() if flag in TYPES[name].accepts), ())


@pytest.mark.parametrize(("typed", "words"), RUN, ids=brief)
def test_options_of_a_run(typed: str, words: str) -> None:
    """What, where and what to do, before anything is created."""
    target = () if "--target=" in typed or typed in OF_OTHER_TARGETS else target_with(typed.partition("=")[0])

    said = refusal(*target, *typed.split("|"))

    assert words in said
    assert_one_line(said)


def test_a_number_of_processes_is_checked_before_xdist_starts_them() -> None:
    """Also where the plugin is named on the command line, as tox does: its hooks come after those of pytest-xdist."""
    command = [sys.executable, "-m", "pytest", "-p", "fixtures.plugin", "-n", "100000", "conformance"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 4
    assert "-n '100000': expected a whole number from 0 to 256" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(("typed", "words"), SIMULATOR, ids=brief)
def test_options_of_the_simulator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, words: str
) -> None:
    """The same, with exit code 2."""
    needed = [] if not typed or "--kubeconfig" in typed else ["--kubeconfig=file"]
    monkeypatch.setattr("sys.argv", ["simulator", *needed, *filter(None, typed.split("|"))])
    monkeypatch.setattr("simulator.app.run", accepted)

    assert simulator.main() == 2

    said = capsys.readouterr().err.removesuffix("\n")
    assert words in said
    assert_one_line(said)


@pytest.mark.parametrize(("typed", "words"), REPORT, ids=brief)
def test_arguments_about_reports(capsys: pytest.CaptureFixture[str], typed: str, words: str) -> None:
    """Also where argparse itself would print its usage."""
    try:
        code: object = report.main(typed.split("|") if typed else [])
    except SystemExit as error:
        code = error.code

    said = capsys.readouterr().err.removesuffix("\n")
    assert code == 2
    assert words in said
    assert_one_line(said)


def valued(parser: argparse.ArgumentParser) -> list[str]:
    """The options that take a value."""
    return sorted(set(re.findall(r"(--[a-z0-9-]+) [A-Zf]", parser.format_help())))


@pytest.mark.parametrize(
    ("parser", "table"), [(run_parser(), RUN), (simulator_parser(), SIMULATOR)], ids=["run", "simulator"]
)
def test_no_option_is_forgotten(parser: argparse.ArgumentParser, table: list[tuple[str, str]]) -> None:
    """Each that takes a value has a bad one in its table."""
    tried = {word.partition("=")[0] for typed, _ in table for word in typed.split("|")}

    assert len(valued(parser)) > 5
    assert set(valued(parser)) - tried == set()


@pytest.mark.parametrize("flag", [*valued(run_parser()), "-k"])
def test_no_value_has_control_characters(flag: str) -> None:
    """They would be obeyed wherever the value is printed, or be lost where it is written."""
    for text in (ESCAPE, BIDI, HALF, "a\nb", "\0"):
        said = refusal(f"{flag}={text}")
        assert re.search("has a control character|is not UTF-8", said)
        assert_one_line(said)


VALUES = st.one_of(
    st.sampled_from(NASTY),
    st.sampled_from(["1_0", " 1", "+1", "1e9", "0x1", "--"]),
    # Not the whole disk, which it would take long to search for manifests.
    st.text(max_size=12).filter(lambda text: not text or bool(set(text) - set("./"))),
    st.from_regex(r"\d{1,6}|\d{1,3}[.:/_]\d{1,3}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}[._/:e-][0-9]{1,3}", fullmatch=True),
    st.from_regex(r"[a-z0-9:@_-][a-z0-9.:@_-]{0,11}", fullmatch=True),
)
_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@FUZZ
@given(VALUES)
def test_wrong_values_of_a_run(text: str) -> None:
    """What is accepted has a size that makes sense, and nothing that a terminal obeys."""
    for flag in valued(run_parser()):
        target = () if flag in ("--target", "--kubeconfig") else target_with(flag)
        try:
            found = read_run(*target, f"{flag}={text}")
        except pytest.UsageError as error:
            assert_one_line(str(error))
            continue
        assert not _OBEYED.search(text), f"{flag}={text!r} was accepted"
        assert 0.001 <= found.budget_scale <= 1000
        assert 0.001 <= found.idle_timeout <= 86400 or found.idle_timeout == math.inf
        assert text.isascii() or not text.isdecimal(), f"{flag}={text!r} was accepted"
        assert flag not in ("--budget-scale", "--idle-timeout") or re.fullmatch(r"[0-9.eE-]+", text), text
        assert re.fullmatch("[a-z0-9]{1,20}", found.run_id)


@FUZZ
@given(VALUES)
def test_wrong_values_of_the_simulator(text: str) -> None:
    """Numbers are in the digits 0 to 9 only, which `int` and `float` do not insist on."""
    for flag in valued(simulator_parser()):
        try:
            found = read_simulator(*(() if flag == "--kubeconfig" else ("--kubeconfig=file",)), f"{flag}={text}")
        except UsageError as error:
            assert_one_line(one_line(str(error)))
            continue
        assert not _OBEYED.search(text), f"{flag}={text!r} was accepted"
        assert flag in ("--data-dir", "--kubeconfig") or re.fullmatch(r"[\x21-\x5e\x60-\x7e]+", text), (
            f"{flag}={text!r}"
        )
        assert 0 <= found.pace <= 1000
        assert max(found.api_port, found.s3_port) < 65536
        assert 0 <= (found.parent or 0) <= 1 << 22
