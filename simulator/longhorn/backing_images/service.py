"""The CSI driver's part of backing images: made by CreateSnapshot, used or made by CreateVolume, deleted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from simulator.csi.protocol import Code, CreateSnapshotRequest, CsiError, CsiSnapshot
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images import handle, states
from simulator.longhorn.backing_images.decisions import EXPORT, BackingImageDecisions
from simulator.longhorn.backing_images.exports import Exports
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.failures import api_failure, check, existing_volume
from simulator.longhorn.go_format import go_map
from simulator.longhorn.wait_for_objects import WAIT, until

PARAMETERS = "backingImageDataSourceParameters"
CLASS_LISTS = {"nodeSelector": "nodeSelector", "diskSelector": "diskSelector"}
LISTS = {"backingImageNodeSelector": "nodeSelector", "backingImageDiskSelector": "diskSelector"}
COPIES = "backingImageMinNumberOfCopies"


@dataclass(eq=False)
class ImageService:
    """Backing images, as the sidecars ask for them."""

    _api: Api
    _longhorn: LonghornDecisions
    _decisions: BackingImageDecisions
    _exports: Exports

    async def create(self, request: CreateSnapshotRequest) -> CsiSnapshot:
        """Export the request's volume, or report the image that an earlier call created. Raises CsiError."""
        of = self._longhorn.source_volume(request.source_volume_id)
        volume = existing_volume(self._api, of)
        name = self._decisions.image_name(request.name)
        listed = self._api.view(names.BACKING_IMAGES, names.NAMESPACE)
        found = self._decisions.existing_image(listed, self._decisions.stored_name(name), of)
        image = objects.find(self._api, names.BACKING_IMAGES, found["metadata"]["name"]) if found else None
        if image is None:
            image = self._request(name, of, request.parameters)
        image = await self._begun(image, volume)
        values = self._decisions.handle_values(
            image["metadata"]["name"], image["spec"]["sourceType"], image["spec"]["sourceParameters"]
        )
        return CsiSnapshot(
            self._decisions.handle_text(values),
            request.source_volume_id,
            self._longhorn.reported_size(int(volume["spec"]["size"])),
            datetime.now(UTC).replace(microsecond=0),
            self._decisions.is_ready_to_use(image),
        )

    def _request(self, name: str, of: str, parameters: Mapping[str, str]) -> Obj:
        """A new image, to be exported from the volume `of`."""
        volumes = [name for _, name in objects.keys(self._api, names.VOLUMES, lambda _: True)]
        asked = {
            "volume-name": self._decisions.volume_to_export(volumes, of),
            "export-type": self._decisions.export_type(parameters),
        }
        if not self._decisions.makes_image(of, name):
            return {"metadata": {"name": name}, "spec": {"sourceType": EXPORT, "sourceParameters": asked}, "status": {}}
        return self._make(name, EXPORT, asked, "", self._selectors(parameters, CLASS_LISTS), Code.INTERNAL)

    async def _begun(self, image: Obj, volume: Obj) -> Obj:
        """The image when its data are settled; a repeated request makes good what an interrupted one left undone."""
        name = image["metadata"]["name"]

        def look() -> Obj | None:
            found = objects.find(self._api, names.BACKING_IMAGES, name)
            return found if found is None or states.ready_disks(found) else None

        now = objects.find(self._api, names.BACKING_IMAGES, name)
        if now is None or states.ready_disks(now):
            return now or image
        if self._decisions.captures_data_at_request(name):
            await self._exports.take_now(volume, name)
        if not self._decisions.answers_before_export():
            return await until(self._api, [names.BACKING_IMAGES], look, WAIT) or now
        return now

    def _make(self, name: str, kind: str, parameters: Mapping[str, str], checksum: str, more: Obj, code: Code) -> Obj:
        spec = {"checksum": checksum, "sourceParameters": dict(parameters), "sourceType": kind, **more}
        try:
            return objects.create(self._api, names.BACKING_IMAGES, name, spec)
        except ApiError as error:
            what = f"failed to create backing image {name} from source type {kind} with parameters {go_map(parameters)}"
            raise api_failure("backingimages", f"{what}: {error}", code) from error

    def from_handle(self, text: str) -> ImageHandle:
        """A handle of a snapshot, taken apart. Raises CsiError for one that lacks what it must say."""
        given = self._decisions.parse_handle(text)
        check(self._decisions.refuse_handle(text, given))
        return given

    def from_parameters(self, parameters: Mapping[str, str]) -> ImageHandle | None:
        """The image that a StorageClass names; None when it names none. Raises CsiError."""
        if not parameters.get(handle.NAME):
            return None
        try:
            source = json.loads(parameters.get(PARAMETERS) or "{}")
        except ValueError as error:
            text = f"failed to unmarshal {PARAMETERS} {parameters[PARAMETERS]}: {error}"
            raise CsiError(Code.INVALID_ARGUMENT, text) from error
        kind, checksum = parameters.get(handle.SOURCE_TYPE, ""), parameters.get(handle.CHECKSUM, "")
        return ImageHandle(parameters[handle.NAME], kind, checksum, source)

    def prepare(
        self, given: ImageHandle, volume: str, size: int, parameters: Mapping[str, str]
    ) -> tuple[Obj, dict[str, str]]:
        """Check the image for a new volume, and make it if it does not exist yet.

        Returns fields of the volume's spec and of its context. Raises CsiError.
        """
        known = [name for _, name in objects.keys(self._api, names.BACKING_IMAGES, lambda _: True)]
        wanted = self._decisions.image_to_use(known, given.image)
        image = objects.find(self._api, names.BACKING_IMAGES, wanted)
        if image is not None and self._decisions.uses_existing_image(image):
            self._check(image, given)
        else:
            image = self._make_on_demand(wanted if image is None else f"{wanted}-2", given, volume, parameters)
        context = {
            handle.NAME: given.image,
            handle.SOURCE_TYPE: given.source_type,
            handle.CHECKSUM: given.checksum,
            PARAMETERS: json.dumps(dict(given.parameters), separators=(",", ":"), sort_keys=True, ensure_ascii=False),
        }
        virtual = int(image["status"].get("virtualSize") or 0) if image.get("status") else 0
        used = image["metadata"]["name"]
        return {"backingImage": used, "size": str(self._decisions.restored_size(size, virtual))}, context

    def _check(self, image: Obj, given: ImageHandle) -> None:
        name = image["metadata"]["name"]
        compared = self._decisions.compared_parameters(given)
        if given.source_type and not self._decisions.is_same_source(image, given.source_type, compared):
            differs = "data source is different from the parameters in the creation request or StorageClass"
            raise CsiError(Code.INVALID_ARGUMENT, f"existing backing image {name} {differs}")
        for checksum in self._decisions.compared_checksums(given) or [""]:
            if not self._decisions.is_same_checksum(image, checksum):
                differs = f"doesn't match the specified checksum {checksum} in the request"
                text = f"existing backing image {name} expected checksum or current checksum {differs}"
                raise CsiError(Code.INVALID_ARGUMENT, text)

    def _make_on_demand(self, name: str, given: ImageHandle, volume: str, parameters: Mapping[str, str]) -> Obj:
        check(self._decisions.refuse_on_demand(volume, given))
        if not self._decisions.makes_image_on_demand(given.image):
            return {"metadata": {"name": name}}
        asked = self._decisions.parameters_on_demand(given)
        checksum = self._decisions.expected_checksum(given)
        placement = self._placement(parameters)
        return self._make(name, given.source_type, asked, checksum, placement, Code.INVALID_ARGUMENT)

    def _placement(self, parameters: Mapping[str, str]) -> Obj:
        found = self._selectors(parameters, LISTS)
        if self._decisions.version.has(7) and parameters.get(COPIES):
            found["minNumberOfCopies"] = int(parameters[COPIES])
        return found

    def _selectors(self, parameters: Mapping[str, str], lists: Mapping[str, str]) -> Obj:
        """The parameters that select disks, from 1.7 on, as fields of the image's spec."""
        known = lists.items() if self._decisions.version.has(7) else ()
        return {field: parameters[key].split(",") for key, field in known if parameters.get(key)}

    def being_exported_from(self, volume: str) -> bool:
        """Whether the file of an image of that volume is still to be made; one that failed or goes is not."""
        images = self._api.view(names.BACKING_IMAGES, names.NAMESPACE)
        return any(states.is_unfinished_export(each, volume) for each in images)

    def make_early(self, text: str) -> None:
        """Make the image in a handle, as CreateVolume would; what is refused is not made."""
        given = self._decisions.parse_handle(text)
        if objects.find(self._api, names.BACKING_IMAGES, given.image) is None and given.image:
            self._make_on_demand(given.image, given, "", {})

    def delete(self, text: str) -> None:
        """Delete the image that a handle names; one that is not there is no error. Raises CsiError."""
        named = self._decisions.parse_handle(text).image
        for name in self._decisions.images_to_delete(self._api.view(names.BACKING_IMAGES, names.NAMESPACE), named):
            self._delete(name)

    def _delete(self, name: str) -> None:
        image = objects.find(self._api, names.BACKING_IMAGES, name) if name else None
        if image is None:
            check(self._decisions.refuse_deletion_of_missing(name))
        if image is None or not self._decisions.deletes_image(image) or objects.is_deleted(image):
            return
        if not self._decisions.deletes_image_without_source() and self._lost_its_source(image):
            return
        try:
            self._api.delete(names.BACKING_IMAGES, name, names.NAMESPACE, propagation="Foreground")
        except ApiError as error:
            text = f"failed to delete backing image {name}: {error}"
            raise api_failure(f"backingimages/{name}", text) from error

    def _lost_its_source(self, image: Obj) -> bool:
        spec = image["spec"]
        return spec["sourceType"] == EXPORT and not objects.find(
            self._api, names.VOLUMES, spec["sourceParameters"]["volume-name"]
        )
