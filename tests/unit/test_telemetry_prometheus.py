"""What is counted of attempts, as it is scraped."""

from signalbox.adapters.telemetry.prometheus import PrometheusMeter


def test_attempts_are_told_by_outcome_and_by_who_answered() -> None:
    meter = PrometheusMeter()
    meter.attempt("a", "ok", "", "confirmed", 2_000, 10, 3, 700)
    meter.attempt("a", "ok", "", "mismatch", 4_000, 1, 1, 1)
    meter.attempt("a", "failed", "reset", "unverified", 1_000, 0, 0, 0)
    meter.attempt("b", "failed", "not_ready", "", 1_000, 0, 0, 0)
    lines = meter.exposition().decode().splitlines()
    of_attempts = [line for line in lines if line.startswith("signalbox_") and "_created" not in line]
    assert [line for line in of_attempts if "_attempt_seconds_" in line and "bucket" not in line] == [
        'signalbox_attempt_seconds_count{endpoint="a",failure="",status="ok"} 2.0',
        'signalbox_attempt_seconds_sum{endpoint="a",failure="",status="ok"} 0.006',
        'signalbox_attempt_seconds_count{endpoint="a",failure="reset",status="failed"} 1.0',
        'signalbox_attempt_seconds_sum{endpoint="a",failure="reset",status="failed"} 0.001',
        'signalbox_attempt_seconds_count{endpoint="b",failure="not_ready",status="failed"} 1.0',
        'signalbox_attempt_seconds_sum{endpoint="b",failure="not_ready",status="failed"} 0.001',
    ]
    assert [line for line in of_attempts if "_attempt_seconds_bucket" in line and 'status="ok"' in line][
        :3
    ] == [
        'signalbox_attempt_seconds_bucket{endpoint="a",failure="",le="0.001",status="ok"} 0.0',
        'signalbox_attempt_seconds_bucket{endpoint="a",failure="",le="0.005",status="ok"} 2.0',
        'signalbox_attempt_seconds_bucket{endpoint="a",failure="",le="0.025",status="ok"} 2.0',
    ]
    assert [line for line in of_attempts if "_tokens_" in line or "_cost_" in line] == [
        'signalbox_tokens_total{direction="input",endpoint="a"} 11.0',
        'signalbox_tokens_total{direction="output",endpoint="a"} 4.0',
        'signalbox_cost_nanos_total{endpoint="a"} 701.0',
    ]
    assert [line for line in of_attempts if "_authorised_" in line] == [
        'signalbox_authorised_total{authorised="confirmed",endpoint="a"} 1.0',
        'signalbox_authorised_total{authorised="mismatch",endpoint="a"} 1.0',
        'signalbox_authorised_total{authorised="unverified",endpoint="a"} 1.0',
    ]
