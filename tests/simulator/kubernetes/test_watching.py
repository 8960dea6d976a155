"""The REST side: lists, pages and watches."""

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import BASE, LANTERNS, Client, Make

ALL = "/apis/light.example.org/v1/lanterns"


def names(page: Obj) -> list[str]:
    return [each["metadata"]["name"] for each in page["items"]]


def following(page: Obj, **query: str) -> dict[str, str]:
    """The query for the page after this one."""
    return {"continue": page["metadata"]["continue"], **query}


async def test_lists_and_pages(api: Api, client: Client, lantern: Make) -> None:
    for number in range(5):
        api.create(LANTERNS, lantern(f"l{number}"))
    api.create("configmaps", {"metadata": {"name": "c", "namespace": "default"}})

    first = await client.get(ALL, limit="2")
    api.create(LANTERNS, lantern("l9"))
    second = await client.get(ALL, **following(first, limit="2"))
    third = await client.get(ALL, **following(second, limit="2"))
    assert [names(page) for page in (first, second, third)] == [["l0", "l1"], ["l2", "l3"], ["l4"]]
    assert [page["metadata"].get("remainingItemCount") for page in (first, second)] == [3, 1]
    assert "continue" not in third["metadata"]
    assert len({page["metadata"]["resourceVersion"] for page in (first, second, third)}) == 1

    page = await client.get(ALL, limit="1")
    api.store.compact()
    api.create(LANTERNS, lantern("later"))
    api.store.compact()
    status, answer, _ = await client.ask("GET", ALL, **following(page))
    assert (status, answer["reason"]) == (410, "Expired")
    assert names(await client.get(ALL, **following(answer))) == ["l1", "l2", "l3", "l4", "l9", "later"]

    listed = await client.get("/api/v1/configmaps", labelSelector="x=y")
    assert (listed["kind"], listed["items"]) == ("ConfigMapList", [])
    listed = await client.get("/api/v1/configmaps", fieldSelector="metadata.name=c")
    assert [each.get("kind") for each in listed["items"]] == [None]


async def test_watch_from_a_revision(api: Api, client: Client, lantern: Make) -> None:
    api.create(LANTERNS, lantern("before"))
    start = str(api.revision)
    api.create(LANTERNS, lantern("a"))

    events = client.lines(BASE, resourceVersion=start)
    first = await anext(events)
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "a")
    api.patch(LANTERNS, "a", "default", {"spec": {"level": 1}})
    assert (await anext(events))["object"]["spec"]["level"] == 1
    api.delete(LANTERNS, "a", "default")
    last = await anext(events)
    assert (last["type"], last["object"]["metadata"]["resourceVersion"]) == ("DELETED", str(api.revision))


async def test_watch_through_a_selector(api: Api, client: Client, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))

    events = client.lines(BASE, resourceVersion=str(api.revision), labelSelector="lit")
    seen: list[str] = []
    for labels in ({"lit": "1"}, {"lit": "2"}, {"lit": None}, {"other": "1"}, {"lit": "3"}):
        api.patch(LANTERNS, "a", "default", {"metadata": {"labels": labels}})
    for _ in range(4):
        event = await anext(events)
        seen.append(f"{event['type']} {event['object']['metadata']['labels']['lit']}")
    assert seen == ["ADDED 1", "MODIFIED 2", "DELETED 2", "ADDED 3"]


async def test_watch_from_a_compacted_revision(api: Api, client: Client) -> None:
    events = [each async for each in client.lines(BASE, resourceVersion="5")]
    assert [each["type"] for each in events] == ["ERROR"]
    error = events[0]["object"]
    assert (error["code"], error["reason"]) == (410, "Expired")
    assert error["message"] == f"too old resource version: 5 ({api.store.compacted})"


async def test_watch_begins_with_existing_objects_and_ends_in_time(api: Api, client: Client, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))

    events = [each async for each in client.lines(BASE, timeoutSeconds="1", allowWatchBookmarks="true")]
    assert [each["type"] for each in events] == ["ADDED", "BOOKMARK"]
    metadata = {"resourceVersion": str(api.revision), "creationTimestamp": None}
    assert events[1]["object"] == {"kind": "Lantern", "apiVersion": "light.example.org/v1", "metadata": metadata}

    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    initial = client.lines(BASE, **query)
    assert (await anext(initial))["type"] == "ADDED"
    bookmark = await anext(initial)
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
