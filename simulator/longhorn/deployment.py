"""The simulated Longhorn, put together."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.server import Server
from simulator.longhorn import installation, names
from simulator.longhorn.admission import Webhooks
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backing_images.admission import ImageWebhooks
from simulator.longhorn.backing_images.base_images import BaseImages
from simulator.longhorn.backing_images.download import Downloader, Hosts
from simulator.longhorn.backing_images.exports import Exports
from simulator.longhorn.backing_images.files import ImageFiles
from simulator.longhorn.backing_images.image_managers import ImageManagers
from simulator.longhorn.backing_images.images import Images
from simulator.longhorn.backing_images.rest import ImageDownloads
from simulator.longhorn.backing_images.service import ImageService
from simulator.longhorn.backing_images.sources import DataSources
from simulator.longhorn.backup_targets import BackupTargets
from simulator.longhorn.backups import Backups
from simulator.longhorn.backupstore import BackupstoreDecisions
from simulator.longhorn.backupstore_clients import BackupstoreClients
from simulator.longhorn.content_controller import ContentController
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.driver import LonghornDriver
from simulator.longhorn.engine_polls import EnginePolls
from simulator.longhorn.engines import Engines
from simulator.longhorn.kubernetes_status import KubernetesStatus
from simulator.longhorn.lagging_cache import LaggingCache
from simulator.longhorn.rest import PORT, SERVICE, RestApi
from simulator.longhorn.restores import Restores
from simulator.longhorn.snapshot_chains import Paused, SnapshotChains
from simulator.longhorn.snapshots import Snapshots
from simulator.longhorn.support_bundles import SupportBundles
from simulator.longhorn.target_settings import TargetSettings
from simulator.longhorn.version import Version
from simulator.longhorn.volumes import Volumes
from simulator.s3.connection import S3Connections


class _Part(Protocol):
    async def run(self) -> None: ...


class Longhorn:
    """Longhorn of one version in the cluster behind `api`; volumes' bytes are kept under `data_dir`.

    `driver` is what the CSI sidecars speak to.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        decisions: LonghornDecisions,
        image_decisions: BackingImageDecisions,
        store_decisions: BackupstoreDecisions,
        s3: S3Connections,
        hosts: Hosts,
        data_dir: Path,
        version: Version,
    ) -> None:
        """`hosts` are the services of the cluster from which files can be downloaded."""
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._image = names.engine_image(version.tag)
        self.disk = Disk(data_dir / "volumes")
        backupstores = BackupstoreClients(api, clock, store_decisions, s3, version)
        chains = SnapshotChains(api, self.disk, decisions.version)
        tickets = Attachments(api, clock, decisions)
        restores = Restores(api, clock, decisions, self.disk, tickets, chains, backupstores)
        engines, polls = Engines(api, clock, self._image), EnginePolls(clock)
        files = ImageFiles(data_dir / "backing-images")
        base_images = BaseImages(api, image_decisions, self.disk, files)
        volumes = Volumes(
            api, clock, decisions, self.disk, engines, polls, tickets, chains, restores, base_images, self._image
        )
        snapshots = Snapshots(api, clock, decisions, tickets, chains, polls, self._image)
        exports = Exports(api, image_decisions, self.disk, chains, tickets, base_images)
        managers = ImageManagers(api, names.backing_image_manager(version.tag))
        images = Images(api, clock, image_decisions, files, managers)
        self.sources = sources = DataSources(api, clock, image_decisions, files, managers, exports, Downloader(hosts))
        service = ImageService(api, decisions, image_decisions, exports)
        self.chains = chains
        bundles = SupportBundles(api, clock)
        self.rest = RestApi(api, decisions, chains, ImageDownloads(api, image_decisions, files, sources), bundles)
        self._controllers = [tickets.controller, restores.controller, volumes.controller, snapshots.controller]
        self._controllers += [images.controller, sources.controller]
        self._controllers += [bundles.controller] if version.has(4) else []
        self._controllers += [] if version.has(8) else [TargetSettings(api, clock).controller]
        targets = BackupTargets(api, clock, decisions, backupstores)
        self._parts: list[_Part] = [
            Backups(api, clock, decisions, self.disk, tickets, chains, backupstores, targets.changed),
            targets,
            KubernetesStatus(api, clock, volumes.poll),
            ContentController(api, clock, decisions, image_decisions, service),
        ]
        self.driver = LonghornDriver(api, clock, decisions, self.disk, tickets, chains, service, base_images, volumes)
        known = LaggingCache(api, "webhook")
        Webhooks(api, decisions, self._image, known).register()
        ImageWebhooks(api, image_decisions, known).register()

    def install(self, *, target_url: str, credentials: Mapping[str, str]) -> None:
        """Make what an installation leaves in the cluster; `credentials` are the keys of the target's secret."""
        now = self._clock.timestamp()
        installation.install(self._api, self._decisions, self._image, target_url, credentials, now)

    def pause_writers_with(self, paused: Paused) -> None:
        """Have the pods that write into a volume stopped while a snapshot of it is taken."""
        self.chains.paused = paused

    def serve(self, server: Server) -> None:
        """Offer Longhorn's own REST API through the service proxy of the API server."""
        server.add_service(names.NAMESPACE, SERVICE, PORT, self.rest.handle)

    async def run(self) -> None:
        """Run all controllers until cancelled."""
        async with asyncio.TaskGroup() as running:
            for controller in self._controllers:
                running.create_task(controller.run(), name=controller.name)
            for part in self._parts:
                running.create_task(part.run(), name=type(part).__name__)
