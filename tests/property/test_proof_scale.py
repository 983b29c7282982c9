"""A proof stays something that one waits for: 50 endpoints, 200 rules, two tenants."""

from time import process_time

import pytest
from benchmarks.proof import SECONDS_MAX, TENANTS, measured


@pytest.mark.soak
@pytest.mark.parametrize("in_head", [True, False])
def test_fifty_endpoints_and_two_hundred_rules_are_proved_in_seconds(in_head: bool) -> None:
    """CPU time, so that what else runs on the machine does not count."""
    start = process_time()
    _, report = measured(200, in_head=in_head)

    assert process_time() - start < SECONDS_MAX
    outcomes = [finding.outcome for finding in report.findings]
    assert (outcomes.count("violated"), outcomes.count("unproven")) == (1, 0)
    assert len(report.reaches) == len(TENANTS)
    assert all(len(reach.endpoints) > 5 for reach in report.reaches)
