"""Up to 1.7 the backup target is what settings say; the BackupTarget `default` shows it, and is set back if changed."""

from simulator.clock import Clock
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.longhorn import names, objects

URL, SECRET = "backup-target", "backup-target-credential-secret"

_TARGET = (names.NAMESPACE, "default")


class TargetSettings:
    """Writes into the BackupTarget what the settings say."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self.controller = Controller(api, clock, "longhorn-setting-controller", self._reconcile, workers=1)
        self.controller.watch(names.SETTINGS, _keys)
        self.controller.watch(names.BACKUP_TARGETS, lambda change: (change.key,) if change.key == _TARGET else ())

    async def _reconcile(self, key: Key) -> None:
        target = objects.find(self._api, names.BACKUP_TARGETS, key[1])
        if target is None:
            return
        said = {
            "backupTargetURL": objects.setting(self._api, URL),
            "credentialSecret": objects.setting(self._api, SECRET),
        }
        if not said.items() <= target["spec"].items():
            now = self._clock.timestamp()
            objects.set_spec(self._api, names.BACKUP_TARGETS, key[1], **said, syncRequestedAt=now)


def _keys(change: Change) -> tuple[Key, ...]:
    return (_TARGET,) if change.key[1] in (URL, SECRET) else ()
