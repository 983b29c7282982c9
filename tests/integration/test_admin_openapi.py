"""Every door of the admin API, called by the document that it serves: no 5xx, no status and no shape that is
not in it."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from signalbox.testing.served import Served

DOCUMENT = "/admin/v1/openapi.json"
FEW, MANY = 8, 500
UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def keeps_to_it(served: Served, examples: int) -> None:
    described = served.ask("GET", DOCUMENT).json
    found = [each.ok() for each in schemathesis.openapi.from_dict(described).get_all_operations()
             if isinstance(each, Ok)]  # fmt: skip
    assert {operation.path for operation in found} == set(described["paths"])
    for operation in found:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            # Where nothing is to be said, nothing can be said wrongly.
            if mode is GenerationMode.POSITIVE or operation.body or any(operation.iter_parameters()):
                called(operation, mode, served, examples)


def called(operation: Any, mode: GenerationMode, served: Served, examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples, deadline=None, suppress_health_check=UNHURRIED, derandomize=True, database=None
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        hypothesis.assume(mode is GenerationMode.POSITIVE or not leaves_something_out(case))
        # What no schema says (a name that is taken, a tenant that is not there) is refused as well.
        case.call_and_validate(
            base_url=served.url,
            headers={"Authorization": f"Bearer {served.admin_key}"},
            excluded_checks=[positive_data_acceptance],
        )

    run()


def leaves_something_out(case: Any) -> bool:
    """What makes a query wrong has to be sent: of an empty value nothing is, and what is left is right."""
    return any(value in (None, [], {}) for value in (case.query or {}).values())


def test_every_admin_door_keeps_to_its_document(served: Served) -> None:
    keeps_to_it(served, FEW)


@pytest.mark.soak
def test_every_admin_door_keeps_to_it_for_long(served: Served) -> None:
    keeps_to_it(served, MANY)


def test_the_document_is_open_to_all_and_names_nobody(served: Served) -> None:
    answer = served.ask("GET", DOCUMENT)
    assert answer.status == 200
    for text in ("sb-anna", "own-good", "acme"):
        assert text not in answer.body.decode()
    for path in answer.json["paths"]:
        assert served.ask("TRACE", path).status == 405, path


def test_errors_are_problem_details(served: Served) -> None:
    unknown = served.ask("GET", "/admin/v1/principals/self", key="sb-nobody")
    assert (unknown.status, unknown.headers["content-type"]) == (401, "application/problem+json")
    assert unknown.headers["www-authenticate"] == "Bearer"
    assert unknown.json == {
        "type": "urn:signalbox:problem:unauthenticated",
        "title": "unauthenticated",
        "status": 401,
        "detail": unknown.json["detail"],
        "code": "unauthenticated",
    }
    nowhere = served.ask("GET", "/admin/v1/nowhere", key="sb-anna")
    assert (nowhere.status, nowhere.json["code"]) == (404, "not_found")
    body = served.ask("GET", "/admin/v1/principals/self", b"{}", key="sb-anna")
    assert (body.status, body.json["detail"]) == (400, "this takes no body")
    query = served.ask("GET", "/admin/v1/principals/self?x=1", key="sb-anna")
    assert (query.status, query.json["detail"]) == (400, "object contains unknown field `x`")


def test_one_reads_who_one_is_and_is_told_when_nothing_changed(served: Served) -> None:
    door = "/admin/v1/principals/self"
    me = served.ask("GET", door, key="sb-anna")
    assert me.status == 200
    assert (me.json["tenant"], me.json["subject"], me.json["roles"]) == ("acme", "anna", ["user"])
    assert (me.json["may_at_home"], me.json["may_everywhere"]) == (["ask"], [])
    again = served.ask("GET", door, key="sb-anna", headers={"If-None-Match": me.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    head = served.ask("HEAD", door, key="sb-anna")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", me.headers["etag"])
    other = served.ask("GET", door, key="sb-plain", headers={"If-None-Match": me.headers["etag"]})
    assert other.status == 200
