"""`conformance.html` as text: everything is in it, nothing is taken for markup, and it needs nothing from elsewhere."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest

from fixtures.report import webpage
from fixtures.report.document import SCHEMA
from fixtures.report.model import Verdict
from tests.report import examples

KINDS = [
    examples.conforming,
    examples.simulated,
    examples.violating,
    examples.deviating,
    examples.blocked,
    examples.selected,
    examples.of_one_test_for_two_clauses,
]


def named(value: object) -> str:
    """The name of an example in the id of a test."""
    return getattr(value, "__name__", "")


class Reader(HTMLParser):
    """What a page is made of: tags with their attributes, and its text without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self._silent = False
        self.feed(page)
        self.close()
        self.text = squeezed("".join(self._texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag not in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._texts.append(data)


def squeezed(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("kind", "headline", "explanation"),
    [
        (
            examples.conforming,
            "Longhorn 1.12.1 conforms",
            "All 4 documented behaviours (clauses) that were verified conform.",
        ),
        (examples.simulated, "The simulated Longhorn 1.12.1 conforms", "All 4 documented"),
        (
            examples.violating,
            "Longhorn 1.12.1 does not conform",
            "2 of the 4 documented behaviours (clauses) that were verified are violated.",
        ),
        (examples.deviating, "Longhorn 1.12.1 conforms but for 1 known deviation", "1 deviates as known."),
        (examples.blocked, "No verdict: the run itself failed", "No test produced a verdict"),
        (
            examples.selected,
            "Longhorn 1.12.1 conforms in the few clauses that were verified",
            "The one documented behaviour (clause) that was verified conforms. 5 clauses are not verified.",
        ),
    ],
    ids=named,
)
def test_verdict_in_words(kind: Callable[[], dict[str, Any]], headline: str, explanation: str) -> None:
    """The first sentences of each kind of report."""
    text = Reader(webpage.render(kind())).text

    assert headline in text
    assert explanation in text


@pytest.mark.parametrize("kind", KINDS, ids=named)
def test_page(kind: Callable[[], dict[str, Any]]) -> None:
    """Of each kind of report: each clause with its verdict, each test with its command, the facts of the run.

    What a cluster answers is text: there is one script, ours, and no image. Nothing is loaded from elsewhere: no
    import, no font, no address but places in the page and links to the documentation, and the policy forbids any. No id is there twice, and every link, label
    and description leads to one.
    """
    document = kind()
    jsonschema.validate(json.loads(json.dumps(document)), json.loads(SCHEMA.read_text()))
    text = webpage.render(document)
    page = Reader(text)

    verdicts = {a["id"]: a["data-verdict"] for _, a in page.tags if "data-verdict" in a}
    assert verdicts == {clause["id"]: clause["verdict"] for clause in document["clauses"]}
    for clause in document["clauses"]:
        assert clause["statement"].replace("`", "") in page.text
        assert all(test["command"] in page.text for test in clause["tests"])
    assert "2026-11-21 14:48:04 UTC" in page.text
    assert "8.1 s" in page.text
    assert all(f"{document['counts'][verdict]} " in page.text for verdict in Verdict)

    names = [tag for tag, _ in page.tags]
    assert names.count("script") == 1
    assert "img" not in names
    if kind is not examples.blocked:
        assert "<script>document.title" in page.text
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "srcset", "data"):
            value = attributes.get(name) or ""
            if tag == "a" and value.startswith("https://longhorn.io/docs/"):
                assert attributes["rel"] == "noopener noreferrer"
            else:
                assert value.startswith(("#", "data:")) or not value, (tag, name, value)
    assert not re.search(r"@import|@font-face|url\(", text)
    (policy,) = [attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'")

    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    references = [link.removeprefix("#") for link in links if not link.startswith("https://")]
    references += [attributes.get(name) or "" for _, attributes in page.tags for name in ("aria-labelledby", "for")]
    assert {reference for reference in references if reference} <= set(ids)


def test_evidence_is_there() -> None:
    """What was observed around a test, problems of the run, known deviations, why a clause has no verdict."""
    document = examples.violating()
    text = Reader(webpage.render(document)).text

    test = document["clauses"][0]["tests"][0]
    for wait in test["observed"]["waits"]:
        assert wait["step"] in text
    assert "✕ over budget" in text
    for entry in document["objects"]:
        assert f"{entry['namespace']}/{entry['name']}" in text
        for change in entry["changes"]:
            assert squeezed(change["what"]) in text
    for name in ("handles", "omitted"):
        assert all(value in text for value in test["observed"][name])
    assert all(key["key"] in text and key["found"] in text for key in test["observed"]["keys"])
    assert squeezed(test["seen"]) in text
    assert squeezed(test["traceback"]) in text
    assert "The run left something behind" in text
    assert "test_water and 1 more" in text
    assert "worker 'gw0' crashed" in text
    assert "It is cold, as in 1.12.1." in text
    assert "Cannot be tested: Tastes." in text


def test_source_is_a_link_to_the_documentation() -> None:
    """A clause leads to the heading that says it; what another run's report has in that place is text."""
    document = examples.conforming()
    document["clauses"][1]["source"] = "javascript:alert(1)"

    page = Reader(webpage.render(document))

    links = {attributes.get("href") for tag, attributes in page.tags if tag == "a"}
    assert document["clauses"][0]["source"] in links
    assert "javascript:alert(1)" not in links
    assert "javascript:alert(1)" in page.text


def test_a_test_of_two_clauses_is_told_once() -> None:
    """The second clause leads to where the test is reported."""
    page = webpage.render(examples.of_one_test_for_two_clauses())

    assert page.count("Hot.") == 1
    assert Reader(page).text.count("About test_both. is reported there.") == 3

    # Tests that saw the same objects with the same changes have one timeline between them.
    page = webpage.render(examples.conforming())

    assert page.count('<table class="timeline">') == 1
    assert Reader(page).text.count("Timeline: the same objects as reported there.") == 3


def test_long_timelines_are_cut_where_all_is_well() -> None:
    """A conforming test shows the beginning and the end of many changes, a violating one all of them."""
    for kind, rows in ((examples.conforming, 40), (examples.violating, 200)):
        document = kind()
        change = document["objects"][0]["changes"][0]
        changes = [{**change, "revision": number, "what": f"step {number} done"} for number in range(200)]
        one, other = document["objects"]
        document["objects"] = [{**one, "changes": changes[::2]}, {**other, "changes": changes[1::2]}]
        for clause in document["clauses"]:
            for test in clause["tests"]:
                test["observed"]["objects"] = [0, 1]

        text = Reader(webpage.render(document)).text

        assert "step 0 done" in text
        assert "step 199 done" in text
        assert len(re.findall(r"step \d+ done", text)) == rows
        assert ("160 rows in the middle are omitted" in text) == (rows == 40)


def test_waits_of_fixtures_are_one_line_where_all_is_well() -> None:
    """What an arrangement waited for is summed up in a conforming test, and told one by one in a violating one."""
    for kind, summed in ((examples.conforming, True), (examples.violating, False)):
        document = kind()
        arranged, own = document["clauses"][0]["tests"][0]["observed"]["waits"]
        document["clauses"] = document["clauses"][:1]
        document["clauses"][0]["tests"][0]["observed"]["waits"] = [arranged, {**arranged, "step": "pour"}, own]

        text = Reader(webpage.render(document)).text

        assert ("arrange kettle (2 waits)boil the water, pour0.50 s" in text) == summed
        assert ("pourKettle kitchen/pvc-665c30da…0.25 s9 s" in text) != summed
        assert "cool it down ✕ over budget" in text


def test_events_of_type_normal() -> None:
    """They stand in the timeline of a test that does not conform."""
    for kind, told in ((examples.conforming, False), (examples.violating, True)):
        document = kind()
        change = document["objects"][1]["changes"][0]
        document["objects"][1]["changes"] = [change, {**change, "type": "Normal", "what": "Boiled: it boils"}]

        assert ("Event Boiled: it boils" in Reader(webpage.render(document)).text) == told
