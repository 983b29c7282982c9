"""Health, readiness, metrics, reload, and the commands that ask a running server."""

import os
import signal
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from signalbox.app import Signalbox
from signalbox.service import HttpService
from signalbox.testing.served import Served, eventually

ADMIN = "/admin/v1/reload"


@pytest.fixture
def original(served: Served) -> Iterator[str]:
    """The settings as they were; put back and in force again afterwards."""
    text = served.config.read_text()
    yield text
    served.config.write_text(text)
    assert served.ask("POST", ADMIN, key=served.operator_key).status == 200


def policy_of_next(served: Served) -> str:
    answer = served.chat("sb-anna")
    (hashed,) = {r["policy"] for r in served.settled(answer.headers["x-signalbox-decision"]) if "policy" in r}
    return str(hashed)


def test_health_and_readiness_are_open_to_all_and_name_nothing(served: Served) -> None:
    for method in ("GET", "HEAD"):
        assert served.ask(method, "/healthz").status == 200
        assert served.ask(method, "/readyz").status == 200
    ready = served.ask("GET", "/readyz").json
    assert ready["ready"] is True
    assert ready["checks"]["log"] == "ok"
    assert "own-good" not in str(ready)


async def test_a_log_that_cannot_be_written_is_not_ready(
    furnish: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Signalbox.from_config(furnish()) as box:
        service = HttpService(box)
        assert (await service.readiness()).ready
        monkeypatch.setattr(type(box.log), "healthy", property(lambda log: False))
        readiness = await service.readiness()
        assert not readiness.ready
        assert readiness.checks["log"] == "the decision log cannot be written"
        assert b"signalbox_log_healthy 0.0" in service.metrics()


def test_an_operators_key_asks_no_model_and_the_log_has_who_tried(served: Served) -> None:
    answer = served.chat(key=served.operator_key)
    assert (answer.status, answer.error["code"]) == (403, "not_permitted")
    told = served.settled(answer.headers["x-signalbox-decision"])
    assert [record["kind"] for record in told] == ["denial"]
    assert served.ask("GET", "/v1/models", key=served.operator_key).status == 403


def test_metrics_are_for_operators_and_parse(served: Served) -> None:
    assert served.chat("sb-anna").status == 200
    assert served.ask("GET", "/metrics").status == 401
    denied = served.ask("GET", "/metrics", key="sb-anna")
    assert (denied.status, denied.error["code"]) == (403, "not_permitted")
    (denial,) = served.settled(denied.headers["x-signalbox-decision"])
    assert (denial["kind"], denial["code"]) == ("denial", "not_permitted")
    scraped = served.ask("GET", "/metrics", key=served.operator_key)
    assert scraped.status == 200
    assert scraped.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(scraped.body.decode())}
    assert families["signalbox_log_healthy"].samples[0].value == 1
    requests = families["signalbox_request_seconds"].samples
    assert any(sample.labels.get("code") == "ok" and sample.value >= 1 for sample in requests)
    assert "sb-anna" not in scraped.body.decode()


@pytest.mark.parametrize("how", ["the door", "SIGHUP", "the command"])
def test_a_good_file_is_in_force_for_the_next_decision(served: Served, original: str, how: str) -> None:
    before = policy_of_next(served)
    extra = served.config.parent / "policies" / "extra.cedar"
    extra.write_text(
        '@id("extra.none")\n@reason("azure is closed today")\nforbid (principal, '
        'action == Signalbox::Action::"infer", resource) when { resource.cloud == "azure" };\n'
    )
    try:
        match how:
            case "the door":
                published = served.ask("POST", ADMIN, key=served.operator_key)
                assert published.status == 200
                assert published.json["policy"] != before
            case "SIGHUP":
                served.signal(signal.SIGHUP)
                eventually(lambda: served.chat("sb-anna", model="azure-se").status != 200)
            case _:
                done = served.command("reload")
                assert done.returncode == 0, done.stderr
                assert policy_of_next(served) in done.stdout
        assert policy_of_next(served) != before
        assert served.chat("sb-anna", model="azure-se").status == 404, "nobody may know of it now"
    finally:
        extra.unlink()


@pytest.mark.parametrize("how", ["the door", "SIGHUP", "the command"])
def test_a_bad_file_is_refused_by_line_and_the_old_release_serves_on(
    served: Served, original: str, how: str
) -> None:
    before = policy_of_next(served)
    served.config.write_text(original.replace('currency = "USD", ', "", 1))
    line = original[: original.index('currency = "USD"')].count("\n") + 1
    place = f"signalbox.toml:{line}: endpoints[0].price.currency"
    match how:
        case "the door":
            answer = served.ask("POST", ADMIN, key=served.operator_key)
            assert (answer.status, answer.error["code"]) == (422, "config_error")
            said = answer.error["message"]
        case "SIGHUP":
            served.signal(signal.SIGHUP)
            eventually(lambda: place in served.complaints)
            said = served.complaints
        case _:
            done = served.command("reload")
            assert done.returncode == 1
            said = done.stderr
    assert place in said
    assert "ISO 4217" in said
    assert policy_of_next(served) == before


def test_a_rule_that_does_not_compile_is_refused_too(served: Served, original: str) -> None:
    before = policy_of_next(served)
    extra = served.config.parent / "policies" / "extra.cedar"
    extra.write_text(
        'permit (principal, action == Signalbox::Action::"infer", resource) when { resource.nonsense };'
    )
    try:
        answer = served.ask("POST", ADMIN, key=served.operator_key)
        assert answer.status == 422
        assert "extra.cedar" in answer.error["message"]
        served.signal(signal.SIGHUP)
        eventually(lambda: "extra.cedar" in served.complaints)
        assert policy_of_next(served) == before
        done = served.command("check")
        assert done.returncode == 1
        assert "extra.cedar" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        extra.unlink()


def test_a_reload_brings_new_tenants_and_keys_and_takes_old_ones(served: Served, original: str) -> None:
    tenant = '\n[[tenants]]\nid = "newcomer"\ndefault_boundary = "eu"\n[[vendors]]'
    digest = sha256(b"sb-new").hexdigest()
    key = f'\n[[keys]]\nid = "new"\ntenant = "newcomer"\nsubject = "n"\nsha256 = "{digest}"\n'
    assert served.chat("sb-new").status == 401
    served.config.write_text(original.replace("\n[[vendors]]", tenant, 1) + key)
    assert served.ask("POST", ADMIN, key=served.operator_key).status == 200
    answer = served.chat("sb-new")
    assert answer.status == 200, answer.body
    assert {r["tenant"] for r in served.settled(answer.headers["x-signalbox-decision"])} == {"newcomer"}
    served.config.write_text(original)
    assert served.ask("POST", ADMIN, key=served.operator_key).status == 200
    assert served.chat("sb-new").status == 401


def test_reload_is_for_operators(served: Served) -> None:
    assert served.ask("POST", ADMIN).status == 401
    assert served.ask("POST", ADMIN, key="sb-anna").status == 403
    assert served.ask("GET", "/admin/v1/endpoints", key="sb-anna").status == 403


def test_check_says_where_and_what_without_starting(served: Served, original: str) -> None:
    done = served.command("check")
    assert done.returncode == 0
    assert "all is well" in done.stdout
    served.config.write_text(original.replace('retention = "none"', 'retention = "for ever"', 1))
    line = original[: original.index('retention = "none"')].count("\n") + 1
    done = served.command("check")
    assert done.returncode == 1
    assert f"signalbox.toml:{line}: endpoints[0].retention: " in done.stderr
    assert "`until-deleted`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_endpoints_shows_their_state(served: Served) -> None:
    done = served.command("endpoints")
    assert done.returncode == 0
    assert "own-good" in done.stdout


def figures(served: Served, name: str) -> dict[str, float]:
    """A family of metrics by endpoint."""
    scraped = served.ask("GET", "/metrics", key=served.operator_key).body.decode()
    (family,) = [family for family in text_string_to_metric_families(scraped) if family.name == name]
    return {sample.labels["endpoint"]: sample.value for sample in family.samples}


def test_an_endpoint_that_answers_as_another_model_is_quarantined_until_an_operator_lifts_it(
    served: Served, original: str
) -> None:
    endpoint = "own-good"
    begins = original.index(f'id = "{endpoint}"')
    changed = original[:begins] + original[begins:].replace('["good"]', '["another"]', 1)
    served.config.write_text(changed)
    assert served.ask("POST", ADMIN, key=served.operator_key).status == 200
    first = served.chat("sb-anna", model=endpoint)
    assert first.status == 200, first.body
    second = served.chat("sb-anna", model=endpoint)
    assert (second.status, second.error["code"]) == (503, "no_candidate_now")
    (dropped,) = second.error["signalbox"]["dropped"]
    assert dropped["reasons"] == ["quarantined: answered as `good`"]
    assert served.complaints.count(f"endpoint {endpoint} is quarantined") == 1
    assert figures(served, "signalbox_endpoint_quarantined")[endpoint] == 1
    assert figures(served, "signalbox_quarantines")[endpoint] == 1
    assert figures(served, "signalbox_endpoint_concurrency_limit")[endpoint] == 8
    assert figures(served, "signalbox_endpoint_retries_left")[endpoint] >= 10
    (listed,) = [item for item in served.ask("GET", "/admin/v1/endpoints", key=served.operator_key).json
                 if item["id"] == endpoint]  # fmt: skip
    assert listed["quarantined"] == "quarantined: answered as `good`"
    assert "quarantined" in served.command("endpoints").stdout

    done = served.command("endpoints", "release", endpoint)
    assert done.returncode == 0, done.stderr
    assert "is a candidate again (quarantined: answered as `good`)" in done.stdout
    assert served.chat("sb-anna", model=endpoint).status == 200
    assert served.chat("sb-anna", model=endpoint).status == 503, "it did it again"

    served.config.write_text(original)
    assert served.ask("POST", ADMIN, key=served.operator_key).status == 200
    for _ in range(2):
        assert served.chat("sb-anna", model=endpoint).status == 200, "the registry says otherwise now"
    assert "was not in quarantine" in served.command("endpoints", "release", endpoint).stdout


def test_a_quarantine_is_lifted_by_operators_and_by_name(served: Served) -> None:
    door = "/admin/v1/endpoints/release"
    assert served.ask("POST", f"{door}?endpoint=own-good", key="sb-anna").status == 403
    assert served.ask("GET", f"{door}?endpoint=own-good", key=served.operator_key).status == 405
    for query in ("", "?", "?id=own-good", "?endpoint=a&endpoint=b", "?endpoint=a&more=b", "?endpoint="):
        answer = served.ask("POST", door + query, key=served.operator_key)
        assert (answer.status, answer.error["code"]) == (400, "malformed_request"), query
    assert served.ask("POST", f"{door}?endpoint=nobody", key=served.operator_key).status == 404
    done = served.command("endpoints", "release", "nobody")
    assert done.returncode == 1
    assert "the catalogue has no endpoint `nobody`" in done.stderr


def test_commands_go_to_their_server_and_to_no_proxy(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_env", {**os.environ, "http_proxy": "http://127.0.0.1:9"})
    assert served.command("endpoints").returncode == 0


def test_commands_without_a_server_say_so(furnish: Callable[..., Path]) -> None:
    config = furnish()
    absent = Served(config, config.parent / "data")
    absent.url = "http://127.0.0.1:9"
    for command in ("reload", "endpoints"):
        done = absent.command(command)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
    (config.parent / "data").mkdir()
    (config.parent / "data" / "operator.key").write_text("sb-x")
    done = absent.command("endpoints")
    assert "no server answers at http://127.0.0.1:9" in done.stderr
