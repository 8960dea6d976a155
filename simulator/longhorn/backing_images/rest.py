"""Backing images in Longhorn's own REST API: their properties, downloads of their files, and uploads."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names
from simulator.longhorn.backing_images import states
from simulator.longhorn.backing_images.decisions import BackingImageDecisions
from simulator.longhorn.backing_images.files import ImageFiles
from simulator.longhorn.backing_images.sources import DataSources, SourceError
from simulator.longhorn.disk.sparse import CHUNK

NOT_STARTED = "File processing is not started"
GZIP = 31
"""What zlib takes for the window to write the format gzip."""


class ImageDownloads:
    """Files out of the cluster and into it."""

    def __init__(self, api: Api, decisions: BackingImageDecisions, files: ImageFiles, sources: DataSources) -> None:
        self._api = api
        self._decisions = decisions
        self._files = files
        self._sources = sources

    def is_shown(self, image: Obj) -> bool:
        """Whether the API lists an image."""
        return self._decisions.is_listed(image)

    def shown(self, image: Obj) -> Obj:
        """The fields of an image."""
        spec, status, version = image["spec"], image["status"], self._decisions.version
        files = dict(status.get("diskFileStatusMap") or {})
        for disk in spec.get("diskFileSpecMap") or {}:
            files.setdefault(disk, {"state": "", "progress": 0, "message": NOT_STARTED})
        told = {
            "uuid": status.get("uuid", ""),
            "sourceType": spec.get("sourceType", ""),
            "parameters": spec.get("sourceParameters") or {},
            "expectedChecksum": spec.get("checksum", ""),
            "currentChecksum": status.get("checksum", ""),
            "size": status.get("size", 0),
            "diskFileStatusMap": files,
            "deletionTimestamp": image["metadata"].get("deletionTimestamp", ""),
        }
        if version.has(7):
            told |= {key: spec.get(key) for key in ("minNumberOfCopies", "nodeSelector", "diskSelector", "secret")}
        if version.has(8):
            told["dataEngine"] = spec.get("dataEngine", "")
        if version.has(12):
            told["virtualSize"] = status.get("virtualSize", 0)
        return told

    async def download(self, request: web.Request, name: str, image: Obj | None) -> web.StreamResponse:
        """Send a complete file, compressed by gzip; 404 without such an image, 500 without a file that is known."""
        if image is None:
            return _problem(404, "Not Found", f'{names.BACKING_IMAGES} "{name}" not found')
        disks = states.ready_disks(image)
        path = self._files.path(disks[0], name, image["status"]["uuid"]) if disks else None
        if path is None or not path.exists():
            why = f"failed to find a default backing image manager for backing image {name} download"
            return _problem(500, "Internal Server Error", f"failed to get the parameters: {why}")
        response = web.StreamResponse()
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Content-Disposition"] = f"attachment; filename={name.partition('-')[0]}.gz"
        pieces = self._packed(name, path)
        if self._decisions.download_has_length():
            return web.Response(body=b"".join([each async for each in pieces]), headers=response.headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for each in pieces:
            await response.write(each)
        await response.write_eof()
        return response

    async def _packed(self, name: str, path: Path) -> AsyncIterator[bytes]:
        packer = zlib.compressobj(zlib.Z_BEST_SPEED, wbits=GZIP)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, CHUNK):
                served = self._decisions.served_bytes(name, piece)
                if packed := await asyncio.to_thread(packer.compress, served):
                    yield packed
        yield packer.flush()

    async def upload(self, request: web.Request, name: str) -> web.Response:
        """Take the file of an image of type upload: the body, or the part `chunk` of a form."""
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            chunk = form.get("chunk")
            data = await asyncio.to_thread(chunk.file.read) if isinstance(chunk, web.FileField) else b""
        else:
            data = await request.read()
        told = request.query.get("size")
        try:
            if told is not None and told != str(len(data)):
                raise SourceError(f"the size {told} is not that of the {len(data)} bytes that came")
            await self._sources.uploaded(name, data)
        except SourceError as error:
            return _problem(500, "Internal Server Error", str(error))
        return web.json_response({})


def _problem(status: int, code: str, message: str) -> web.Response:
    answer = {"actions": None, "code": code, "detail": "", "message": message, "status": status, "type": "error"}
    return web.json_response(answer, status=status)
