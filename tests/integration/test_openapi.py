"""Every door, called by the document that we serve: no 5xx, no status and no shape that is not in it."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from signalbox.edge.openapi.document import document
from signalbox.testing.served import Served

FEW = 12
MANY = 1_000
DEADLINE, AMPLE_MS = "X-Signalbox-Deadline-Ms", 20_000
UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
FOUND = schemathesis.openapi.from_dict(document()).get_all_operations()
OPERATIONS = [found.ok() for found in FOUND if isinstance(found, Ok)]
CASES = [
    pytest.param(operation, mode, id=f"{operation.label}-{mode.value}")
    for operation in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    # Where nothing is to be said, nothing can be said wrongly.
    if mode is GenerationMode.POSITIVE or operation.body or any(operation.iter_parameters())
]


TOO_LONG = 128


def call(case: Any, mode: GenerationMode, served: Served) -> None:
    body = case.body
    named = body.get("model") if isinstance(body, dict) else None
    # One that is too long may be what makes the request wrong: it is sent as it is.
    if isinstance(named, str) and len(named) % 4 and len(named) < TOO_LONG:
        body["model"] = "own-good"  # else nearly all would end at an unknown model
    if mode is GenerationMode.POSITIVE and "deployment" in (case.path_parameters or {}):
        case.path_parameters["deployment"] = "own-good"
    if mode is GenerationMode.POSITIVE and "feature" in (case.path_parameters or {}):
        case.path_parameters |= {"app": "word", "feature": "summarize"}
    deadline = str((case.headers or {}).get(DEADLINE, ""))
    if deadline.isdigit() and 1 <= int(deadline) < AMPLE_MS:
        case.headers[DEADLINE] = str(AMPLE_MS)  # else many would end with 504, as they should
    operator = case.path.startswith(("/admin", "/metrics"))
    key = served.operator_key if operator else "sb-anna"
    # What no schema says (fields that exclude each other, URLs, what no endpoint can do) is refused as well.
    answer = case.call_and_validate(
        base_url=served.url,
        headers={"Authorization": f"Bearer {key}"},
        excluded_checks=[positive_data_acceptance],
    )
    if answer.status_code == 202:  # else there would soon be too many jobs, as there should
        job = answer.json()["id"]
        assert served.ask("DELETE", f"/v1/workloads/jobs/{job}", key=key).status == 200


def keeps_to_it(operation: Any, mode: GenerationMode, served: Served, examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples, deadline=None, suppress_health_check=UNHURRIED, derandomize=True, database=None
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        call(case, mode, served)

    run()


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_every_door_keeps_to_the_document(operation: Any, mode: GenerationMode, served: Served) -> None:
    keeps_to_it(operation, mode, served, FEW)


@pytest.mark.soak
@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_every_door_keeps_to_it_for_long(operation: Any, mode: GenerationMode, served: Served) -> None:
    keeps_to_it(operation, mode, served, MANY)


def test_the_document_is_open_to_all_and_names_every_path(served: Served) -> None:
    answer = served.ask("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == document()
    for text in ("sb-anna", "own-good", "acme"):
        assert text not in answer.body.decode()
    described = {operation.path for operation in OPERATIONS}
    assert described == set(answer.json["paths"])
    for path in described:
        plain = (
            path.replace("{model}", "auto").replace("{deployment}", "auto").replace("{response}", "resp_1")
        )
        assert served.ask("PATCH", plain, key="sb-anna").status == 405, path
