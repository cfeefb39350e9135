"""What can be looked at, and by whom."""

from __future__ import annotations

import pytest

from tests.api.conftest import ANNA, BEN

pytestmark = pytest.mark.postgres


async def test_the_status_is_in_one_place(api):
    found = (await api.viewer.get("/v1/status")).json
    assert (found["ready"], found["missing"], found["primary"]) == (True, [], True)
    assert found["switches"] == {"offering": True, "dialling": True}


async def test_queues_line_and_agents_are_shown(api):
    queues = (await api.viewer.get("/v1/queues")).json["items"]
    assert [(queue["name"], queue["open"], queue["waiting"]) for queue in queues] == [
        ("support", True, 0),
        ("sales", True, 0),
    ]
    assert (await api.viewer.get("/v1/queues/sales")).json["name"] == "sales"
    agents = (await api.viewer.get("/v1/agents", params={"queue": "sales"})).json["items"]
    assert [agent["id"] for agent in agents] == ["alice"]
    assert (await api.viewer.get("/v1/agents/bob")).json["queues"] == ["support"]
    assert (await api.viewer.get("/v1/line")).status == 200


@pytest.mark.parametrize(
    "path", ["/v1/queues/nosuch", "/v1/agents/nosuch", "/v1/callbacks/nosuch", "/v1/callbacks/%00", "/nosuch"]
)
async def test_what_is_not_there_is_not_found(api, path):
    answer = await api.viewer.get(path)
    assert (answer.status, answer.json["type"]) == (404, "/v1/#not-found")
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_customer_is_found_by_number_as_it_is_written_at_home(api):
    made = await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": ANNA})
    found = (await api.agent.get("/v1/callbacks", params={"number": "020 7946 0101"})).json["items"]
    assert [one["id"] for one in found] == [made.json["id"]]
    places = (await api.viewer.get("/v1/line", params={"queue": "support"})).json["items"]
    assert made.json["place"] in [place["id"] for place in places]


async def test_viewers_see_no_number_and_cannot_look_for_one(api):
    made = await api.supervisor.post("/v1/callbacks", {"queue": "sales", "number": BEN})
    seen = await api.viewer.get(f"/v1/callbacks/{made.json['id']}")
    assert seen.json["number"] == "+44******0102"
    assert {place["number"] for place in (await api.viewer.get("/v1/line?queue=sales")).json["items"]} == {
        "+44******0102"
    }
    assert (await api.viewer.get("/v1/callbacks", params={"number": BEN})).status == 403
    known = await api.supervisor.get(f"/v1/callbacks/{made.json['id']}")
    assert known.headers["ETag"] == seen.headers["ETag"], "the version is the row's, not the reader's"


async def test_a_known_version_is_not_sent_again(api):
    seen = await api.viewer.get("/v1/agents/alice")
    again = await api.viewer.get("/v1/agents/alice", headers={"If-None-Match": seen.headers["ETag"]})
    assert (again.status, again.text) == (304, "")


async def test_lists_come_in_pages_each_callback_once(api):
    for n in range(5):
        await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": f"+44207946{n}110"})
    whole = (await api.supervisor.get("/v1/callbacks")).json["items"]
    found, path = [], "/v1/callbacks?limit=2"
    while path:
        page = await api.supervisor.get(path)
        found += page.json["items"]
        path = page.headers["Link"].partition("<")[2].partition(">")[0] if page.json["next"] else ""
    assert found == whole
    assert len(whole) >= 5


async def test_free_times_are_shown_and_can_be_taken(api):
    free = (await api.agent.get("/v1/queues/support/times", params={"number": ANNA})).json["free"]
    assert free
    asked = {"queue": "support", "number": "+442079460177", "at": free[0]}
    made = await api.agent.post("/v1/callbacks", asked)
    assert (made.status, made.json["at"]) == (201, free[0])
    assert (await api.agent.get("/v1/queues/sales/times")).json["free"] == []
