"""The simulated cluster, put together: API server, snapshot controllers, Longhorn and S3 in one event loop."""

import asyncio
import gc
import json
import secrets
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict
from functools import partial
from os import getpid, getppid
from pathlib import Path
from typing import Any

from simulator import longhorn
from simulator.clock import Clock
from simulator.csi import crds
from simulator.csi.control_plane import ControlPlane
from simulator.decisions import Decisions, decisions
from simulator.disturbances.environment import Environment
from simulator.kubernetes import rbac
from simulator.kubernetes.activity import CountingExecutor, children_are_busy
from simulator.kubernetes.api import Api
from simulator.kubernetes.controllers.lifecycle import lifecycle_controllers
from simulator.kubernetes.server import Server
from simulator.kubernetes.timing import WORKING
from simulator.options import Options, UsageError
from simulator.process import certificate, data, kubeconfig, parent
from simulator.s3.deployed import IMAGES, S3Program, S3Services
from simulator.s3.server import S3Server

HOST = "127.0.0.1"
BUCKET = "backupbucket"
REGION = "us-east-1"
LONGHORN_NAMESPACE = "longhorn-system"

COLLECT_AFTER = 50_000
"""New containers (dicts, lists, tasks) after which Python collects garbage cycles. Objects are trees of dicts, many and
long-lived, so that collecting every 700 took an eighth of the CPU time."""

FAULTS_PAGE = "simulator/faults"
"""Path on the API server: how often each fault was called, and how often it changed the answer."""

ABOUT_PAGE = "simulator/about"
"""Path on the API server by which a client recognizes a simulated cluster."""

ACTIVITY_PAGE = "simulator/activity"
"""Path on the API server: for how many seconds nothing has happened and nothing could (simulator.kubernetes)."""

REQUESTS_PAGE = "simulator/requests"
"""Path on the API server: the requests so far, as RBAC describes them."""


async def run(options: Options) -> int:
    """Serve until stopped; returns the exit status. Raises UsageError for options that cannot be met."""
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    chosen = decisions(options)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    with ExitStack() as local:
        ancestor = getppid() if options.parent is None else options.parent
        if ancestor > 0:
            local.enter_context(parent.watched(ancestor, stopped.set))
        try:
            directory = local.enter_context(data.directory(options.data_dir))
        except OSError as error:
            raise UsageError(f"cannot make a data directory: {error.strerror}: {error.filename}") from error
        return await _serve(options, chosen, directory, stopped)


async def _serve(options: Options, chosen: Decisions, directory: Path, stopped: asyncio.Event) -> int:
    environment = Environment.of(options.chaos, chosen.timing)
    timing = environment.timing
    clock = Clock(options.pace, lambda: timing.step_delay(WORKING.get()))
    api = Api(clock, chosen.kubernetes, timing)
    executor = CountingExecutor()
    asyncio.get_running_loop().set_default_executor(executor)
    api.activity.watch(executor.is_busy)
    crds.register(api, chosen.csi, options.snapshot_crds)
    longhorn.register(api, options.version)
    server = Server(api)
    if options.enforce_rbac:
        rbac.install(api)
        server.authorizer = rbac.Authorizer(api)
    s3 = S3Server(f"access-{secrets.token_hex(8)}", secrets.token_hex(20), BUCKET, REGION, decisions=chosen.s3)
    services = S3Services(s3)
    connections = environment.connections(services)
    storage = longhorn.Longhorn(
        api,
        clock,
        chosen.longhorn,
        chosen.backing_images,
        chosen.backupstore,
        connections,
        services.hosts,
        directory / "longhorn",
        options.version,
    )
    driver = environment.driver(storage.driver)
    programs = dict.fromkeys(IMAGES, partial(S3Program, services))
    control_plane = ControlPlane(
        api, clock, [driver], chosen.csi, directory / "pods", LONGHORN_NAMESPACE, server, programs
    )
    services.names = control_plane.network.names
    environment.serve_metrics(server)
    environment.add_failures(server, s3)
    server.add_page(FAULTS_PAGE, lambda: {name: asdict(count) for name, count in chosen.override_counts.items()})
    server.add_page(ACTIVITY_PAGE, lambda: {"quiet_seconds": api.activity.quiet})
    server.add_page(ABOUT_PAGE, lambda: _about(options))
    server.add_page(REQUESTS_PAGE, server.requests.page)
    storage.pause_writers_with(control_plane.paused)
    async with AsyncExitStack() as running:
        await _listen(running, s3.start, s3.stop, options.s3_port, "--s3-port")
        made = certificate.make(HOST, "localhost")
        await _listen(
            running, partial(server.start, certificate=made.context), server.stop, options.api_port, "--api-port"
        )
        storage.install(
            target_url=f"s3://{BUCKET}@{REGION}/",
            credentials={
                "AWS_ACCESS_KEY_ID": s3.access_key,
                "AWS_SECRET_ACCESS_KEY": s3.secret_key,
                "AWS_ENDPOINTS": s3.inside_endpoint,
            },
        )
        storage.serve(server)
        parts = [*lifecycle_controllers(api, clock), control_plane, storage, api.activity]
        api.activity.watch(children_are_busy)
        tasks = [asyncio.create_task(part.run(), name=type(part).__name__) for part in parts]
        running.push_async_callback(_cancel, tasks)
        await asyncio.sleep(0)  # every part runs to its first wait, so that the node and the like exist
        try:
            kubeconfig.write(options.kubeconfig, server.url, server.authentication.token, made.authority)
        except kubeconfig.KubeconfigError as error:
            raise UsageError(str(error)) from error
        running.callback(kubeconfig.remove, options.kubeconfig, server.url)
        print(json.dumps(_announcement(options, server.url, s3)), flush=True)
        tasks.append(asyncio.create_task(_load(s3), name="S3"))
        try:
            return await until_end(stopped, tasks)
        finally:
            environment.print_counts()


async def _load(s3: S3Server) -> None:
    """Load S3's slow part in the background, then stay: a part that ends counts as dead."""
    await s3.storage.load()
    await asyncio.Event().wait()


async def _listen(
    running: AsyncExitStack,
    start: Callable[[str, int], Awaitable[None]],
    stop: Callable[[], Awaitable[None]],
    port: int,
    option: str,
) -> None:
    running.push_async_callback(stop)
    try:
        await start(HOST, port)
    except OSError as error:
        raise UsageError(f"{option} {port}: cannot listen on {HOST}: {error.strerror or error}") from error


async def until_end(stopped: asyncio.Event, tasks: list[asyncio.Task[None]]) -> int:
    """Wait for the end: 0 if it was requested, 1 if a part of the cluster died, with a message on stderr."""
    stopping = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if stopping in done:
        return 0
    stopping.cancel()
    for task in done:
        print(f"{task.get_name()} ended unexpectedly; the simulator stops", file=sys.stderr)
        if error := task.exception():
            traceback.print_exception(error)
    return 1


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _about(options: Options) -> dict[str, Any]:
    """What is simulated, for clients that only have the API's address."""
    return {
        "longhorn": {"namespace": LONGHORN_NAMESPACE, "version": options.version.text},
        "release": options.release,
        "pace": options.pace,
        "faults": [*options.faults, *options.quirks],
        "variations": list(options.variations),
    }


def _announcement(options: Options, server: str, s3: S3Server) -> dict[str, Any]:
    return {
        "kubeconfig": str(options.kubeconfig),
        "server": server,
        **_about(options),
        "snapshot_versions": list(crds.served_versions(options.snapshot_crds)),
        "s3": {
            "endpoint": s3.endpoint,
            "inside": s3.inside_endpoint,
            "access_key": s3.access_key,
            "secret_key": s3.secret_key,
            "bucket": s3.bucket,
            "region": s3.region,
        },
        "pid": getpid(),
        "disturbed": str(options.chaos or ""),
    }
