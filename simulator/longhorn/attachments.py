"""Attachment tickets: who wants a volume attached, and whether the wish is granted.

Each volume has a VolumeAttachment of its name. While it holds tickets the volume is kept attached to their node; a
volume that is still being detached is first let go.
"""

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import LonghornDecisions

ANY, VISIBLE, HIDDEN = "any", "false", "true"
"""What a ticket says about the block device (`disableFrontend`)."""


class Attachments:
    """The tickets of all volumes."""

    def __init__(self, api: Api, clock: Clock, decisions: LonghornDecisions) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self.controller = Controller(api, clock, "longhorn-volume-attachment-controller", self._reconcile)
        self.controller.watch(names.ATTACHMENTS)
        self.controller.watch(names.VOLUMES)

    def create(self, volume: Obj) -> None:
        """Make the VolumeAttachment of a new volume."""
        name = volume["metadata"]["name"]
        spec = {"attachmentTickets": {}, "volume": name}
        metadata = objects.owned(volume, {names.VOLUME_LABEL: name})
        objects.create(self._api, names.ATTACHMENTS, name, spec, **metadata)

    def add(self, volume: str, ticket: str, kind: str, frontend: str, **parameters: str) -> None:
        """Request the volume; nothing happens if the ticket exists already or the volume is gone."""
        found = objects.find(self._api, names.ATTACHMENTS, volume)
        if found is None or ticket in found["spec"].get("attachmentTickets", {}):
            return
        found["spec"].setdefault("attachmentTickets", {})[ticket] = {
            "generation": 0,
            "id": ticket,
            "nodeID": names.NODE,
            "parameters": {"disableFrontend": frontend, **parameters},
            "type": kind,
        }
        self._api.update(names.ATTACHMENTS, found, manager=objects.MANAGER)

    def remove(self, volume: str, ticket: str) -> bool:
        """The work that the ticket was for is done; whether the ticket was still there, and is taken back."""
        found = objects.find(self._api, names.ATTACHMENTS, volume)
        if found is None or found["spec"].get("attachmentTickets", {}).pop(ticket, None) is None:
            return False
        if not self._decisions.ends_attachment(ticket):
            return True
        self._api.update(names.ATTACHMENTS, found, manager=objects.MANAGER)
        return True

    def remove_everywhere(self, ticket: str) -> None:
        """As `remove`, where it is not known any longer which volume the ticket was for."""
        holds = objects.keys(
            self._api, names.ATTACHMENTS, lambda each: ticket in each["spec"].get("attachmentTickets", {})
        )
        for _, volume in holds:
            self.remove(volume, ticket)

    def is_satisfied(self, volume: str, ticket: str) -> bool:
        """Whether the volume is attached for that ticket."""
        found = objects.find(self._api, names.ATTACHMENTS, volume)
        statuses = found["status"].get("attachmentTicketStatuses", {}) if found else {}
        return bool(statuses.get(ticket, {}).get("satisfied"))

    def is_known(self, volume: str, ticket: str) -> bool:
        """Whether the ticket exists, or its removal was not yet noticed."""
        found = objects.find(self._api, names.ATTACHMENTS, volume)
        if found is None:
            return False
        statuses = found["status"].get("attachmentTicketStatuses", {})
        return ticket in statuses or ticket in found["spec"].get("attachmentTickets", {})

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        found = objects.find(self._api, names.ATTACHMENTS, name)
        volume = objects.find(self._api, names.VOLUMES, name)
        if found is None:
            return
        if objects.is_deleted(found):
            if volume is None or objects.is_deleted(volume):
                objects.release(self._api, names.ATTACHMENTS, name)
        elif volume is not None:
            if not objects.is_deleted(volume):
                self._steer(volume, found["spec"].get("attachmentTickets", {}))
            self._answer(found, objects.find(self._api, names.VOLUMES, name) or volume)

    def _steer(self, volume: Obj, tickets: Obj) -> None:
        """Have the volume attached or detached, as the tickets want it."""
        state, node, name = volume["status"].get("state"), volume["spec"].get("nodeID"), volume["metadata"]["name"]
        if tickets and not node and state == "detached":
            hidden = any(ticket["parameters"]["disableFrontend"] == HIDDEN for ticket in tickets.values())
            first = min(ticket["nodeID"] for ticket in tickets.values())
            objects.set_spec(self._api, names.VOLUMES, name, nodeID=first, disableFrontend=hidden)
        elif node and state == "attached" and not any(self._satisfies(volume, ticket) for ticket in tickets.values()):
            # No ticket is satisfied: a pod may request a restored volume that is still attached without a frontend.
            # It must be detached all the same.
            objects.set_spec(self._api, names.VOLUMES, name, nodeID="", disableFrontend=False)
        elif node and state == "attaching" and not tickets:
            objects.set_spec(self._api, names.VOLUMES, name, nodeID="", disableFrontend=False)

    def _answer(self, found: Obj, volume: Obj) -> None:
        """Report for each ticket whether it is satisfied."""
        before = found["status"].get("attachmentTicketStatuses", {})
        after: Obj = {}
        for name, ticket in found["spec"].get("attachmentTickets", {}).items():
            satisfied = self._satisfies(volume, ticket)
            known = before.get(name)
            if known is not None and known["satisfied"] == satisfied:
                after[name] = known
                continue
            after[name] = {
                "conditions": [objects.condition("Satisfied", satisfied, self._clock.timestamp())],
                "generation": ticket["generation"],
                "id": name,
                "satisfied": satisfied,
            }
        if after != before or "attachmentTicketStatuses" not in found["status"]:
            objects.set_status(self._api, names.ATTACHMENTS, found["metadata"]["name"], attachmentTicketStatuses=after)

    @staticmethod
    def _satisfies(volume: Obj, ticket: Obj) -> bool:
        status = volume["status"]
        if status.get("state") != "attached" or status.get("currentNodeID") != ticket["nodeID"]:
            return False
        hidden = HIDDEN if status.get("frontendDisabled") else VISIBLE
        return ticket["parameters"]["disableFrontend"] in {ANY, hidden}
