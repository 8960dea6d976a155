"""Backups through the CSI driver: made, named, restored, deleted."""

import asyncio
from pathlib import Path

from tests.simulator.longhorn.cluster import MEBIBYTE, cluster


def test_a_backup_restores_to_the_bytes_of_its_moment(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with cluster(tmp_path) as longhorn:
            await longhorn.volume()
            await longhorn.attach()
            longhorn.write(b"A" * MEBIBYTE, 3 * MEBIBYTE)
            backup = await longhorn.finished_backup()
            before = longhorn.content()
            longhorn.write(b"B" * MEBIBYTE)
            await longhorn.volume("copy", source_snapshot_id=backup.snapshot_id)
            await longhorn.restored("copy")

            assert longhorn.content("copy") == before
            assert before != longhorn.content()

    asyncio.run(scenario())
