"""Backup targets as the rest of Longhorn uses them: from the object's name to the store behind it."""

import base64
from datetime import timedelta

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backupstore import Backupstore, BackupstoreDecisions, BackupstoreError
from simulator.longhorn.backupstore.target import TargetUrl
from simulator.longhorn.version import Version
from simulator.s3.connection import S3Connections, S3UnreachableError

__all__ = ["Backupstore", "BackupstoreClients", "BackupstoreError", "poll_interval"]


class BackupstoreClients:
    """Opens the backupstore of a BackupTarget with the credentials in its secret."""

    def __init__(
        self, api: Api, clock: Clock, decisions: BackupstoreDecisions, s3: S3Connections, version: Version
    ) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._s3 = s3
        self._version = version

    async def of_target(self, name: str) -> Backupstore:
        """The store of a backup target. Raises BackupstoreError when the target cannot be used."""
        target = objects.find(self._api, names.BACKUP_TARGETS, name)
        if target is None:
            raise BackupstoreError(f"backup target {name} not found")
        return self.of(target)

    def of(self, target: Obj) -> Backupstore:
        """The store of a BackupTarget object. Raises BackupstoreError when its URL or its secret is unusable."""
        spec = target["spec"]
        url = TargetUrl.parse(spec.get("backupTargetURL") or "")
        secret = self._secret(spec.get("credentialSecret") or "")
        try:
            connection = self._s3.connect(
                secret.get("AWS_ENDPOINTS", ""),
                secret.get("AWS_ACCESS_KEY_ID", ""),
                secret.get("AWS_SECRET_ACCESS_KEY", ""),
                url.bucket,
            )
        except S3UnreachableError as error:
            raise BackupstoreError(str(error)) from error
        return Backupstore(connection, url.prefix, self._clock, self._decisions, self._version)

    def _secret(self, name: str) -> dict[str, str]:
        if not name:
            raise BackupstoreError("could not access s3 without credential secret")
        secret = self._api.find("secrets", name, names.NAMESPACE)
        if secret is None:
            raise BackupstoreError(f'cannot get the credential secret: secrets "{name}" not found')
        return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


def poll_interval(target: Obj) -> timedelta:
    """`spec.pollInterval`, a Go duration such as 5m0s; zero when it is absent, which means never."""
    total, number = 0.0, ""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    for character in str(target["spec"].get("pollInterval") or ""):
        if character in units:
            total += float(number or 0) * units[character]
            number = ""
        else:
            number += character
    return timedelta(seconds=total)
