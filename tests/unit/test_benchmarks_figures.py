"""What `make bench` makes of what it is told: wrk's words, samples of memory, medians, shares, the JSON."""

import os
from typing import Any

import msgspec
import pytest
from benchmarks import report
from benchmarks.gateway import settings
from benchmarks.machine import processor
from benchmarks.memory import placed, slope
from benchmarks.nginx import reply
from benchmarks.processes import Running, Unfit, free_ports, running
from benchmarks.proxied import CONNECTIONS, Pass, Target, evaluate, medians, turns
from benchmarks.sse_mock import content_length, event
from benchmarks.streams import CHUNKS_PER_SECOND, STREAMS, Window, figures
from benchmarks.wrk import SCRIPT, Shot, read_shot

WRK = """Running 1s test @ http://127.0.0.1:9100
  1 threads and 64 connections
Requests/sec:  1000.00

BENCH {"requests":2000,"duration_us":2000000,"p50_us":40,"p99_us":900,"errors":0}
"""


def target(group: str) -> Target:
    process: Any = None
    return Target(group, "json", process, 1, "key")


def results(**changes: float) -> report.Results:
    fields = ("rps", "p50_us", "p99_us", "cpu_us", "core_share")
    loads = {f"json_c{c}_{field}": 1.0 for c in CONNECTIONS for field in fields}
    streamed = {"sse_cpu_us_per_chunk": 10.0, "sse_chunks_per_s": 2_560.0}
    ours = {name.replace("json", "confidential"): 1.0 for name in loads} | loads | streamed
    ours |= {goal.figure: 1.0 for goal in report.GOALS}
    names = (
        "decide50_us_min decide50_us_median warm50_us_min cold41_ms cold201_first_ms python_ms import_net_ms"
    )
    memory = "rss_mb_start rss_mb_peak rss_requests rss_kb_per_1000_requests"
    ours |= dict.fromkeys(f"{names} {memory}".split(), 1.0)
    measured = {"direct": loads, "nginx": loads | streamed, "signalbox": ours | changes}
    return report.assemble({"load_average_at_start": 0.1}, {"quick": False}, measured)


def test_wrk_says_how_many_how_long_and_how_late() -> None:
    shot = read_shot(WRK)
    assert Shot(2_000, 2_000_000, 40, 900, 0) == shot
    assert shot.rps == 1_000


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (WRK.replace('"errors":0', '"errors":3'), "3 of 2000 requests failed"),
        (WRK.replace('"requests":2000', '"requests":0'), "0 of 0 requests failed"),
        ("unable to connect", "unable to connect"),
        ("", "no output"),
    ],
)
def test_a_run_that_failed_is_no_figure(output: str, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        read_shot(output)


def test_cpu_is_per_answered_request_and_the_core_s_share_is_of_the_time_under_load() -> None:
    run = evaluate(read_shot(WRK), 1_000_000_000)
    assert run == Pass(rps=1_000, p50_us=40, p99_us=900, cpu_us=500, core_share=0.5)


def test_each_figure_has_a_median_of_its_own() -> None:
    runs = [Pass(1, 30, 1, 1, 0.1), Pass(2, 20, 1, 1, 0.1), Pass(9, 10, 1, 1, 0.1)]
    found = medians("json_c1", runs)
    assert (found["json_c1_rps"], found["json_c1_p50_us"]) == (2, 20)


def test_passes_take_every_target_in_turn_and_begin_with_another() -> None:
    targets = [target("direct"), target("nginx"), target("signalbox")]
    first, second = ([(t.group, c) for t, c in turns(targets, number)] for number in (0, 1))
    assert sorted(first) == sorted(second)
    assert len(set(first)) == len(targets) * len(CONNECTIONS)
    assert [group for group, _ in first[:3]] == ["direct", "nginx", "signalbox"]
    assert [group for group, _ in second[:3]] == ["nginx", "signalbox", "direct"]


def test_samples_of_memory_are_placed_by_request() -> None:
    assert placed([(0.5, 10), (1.0, 11), (2.0, 12)], 1_000, 400, 1.0) == [(1000, 10), (1000, 11), (1400, 12)]
    assert placed([], 1_000, 400, 1.0) == []


def test_the_slope_is_that_of_least_squares() -> None:
    assert slope([(0, 5), (10, 25), (20, 45)]) == 2
    assert slope([(0, 1), (1, 0), (2, 2), (3, 1)]) == pytest.approx(0.2)
    assert slope([(1, 1)]) == slope([(1, 1), (1, 2)]) == 0


def test_a_pace_that_was_not_kept_is_no_figure() -> None:
    owed = STREAMS * CHUNKS_PER_SECOND
    kept = figures([Window(owed, owed * 20_000, 1.0)])
    assert kept == {"sse_cpu_us_per_chunk": 20.0, "sse_chunks_per_s": owed}
    with pytest.raises(Unfit, match="too busy"):
        figures([Window(owed // 2, 1, 1.0)])


def test_the_streaming_mock_frames_events_and_reads_lengths() -> None:
    size, _, rest = event({"content": " a"}).partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    assert rest.startswith(b'data: {"id":')
    assert rest.endswith(b"\n\n\r\n")
    assert content_length(b"POST / HTTP/1.1\r\nContent-Length: 12") == 12
    assert content_length(b"GET / HTTP/1.1") == 0


def test_ours_is_set_beside_what_nginx_has_of_the_same_name() -> None:
    assert report.ratios({"json_c1_rps": 5, "rss_mb_after": 9}, {"json_c1_rps": 20, "x": 1}) == {
        "json_c1_rps": 0.25
    }
    assert report.ratios({"json_c1_core_share": 1}, {"json_c1_core_share": 1}) == {}


def test_the_report_has_the_keys_that_others_read() -> None:
    document = msgspec.json.decode(msgspec.json.encode(results(json_c64_rps=0.5)))
    assert list(document) == ["machine", "settings", "direct", "nginx", "signalbox", "ratio_to_nginx"]
    assert {"json_c64_rps", "json_c64_cpu_us"} <= set(document["nginx"])
    assert {"json_c64_rps", "json_c64_cpu_us", "sse_cpu_us_per_chunk", "rss_mb_after"} <= set(
        document["signalbox"]
    )
    assert {"json_c1_rps", "json_c10_rps", "json_c64_rps"} <= set(document["ratio_to_nginx"])


def test_every_goal_is_shown_as_met_or_missed() -> None:
    table = report.goal_table(results(json_c64_cpu_us=111))
    assert table.row_count == len(report.GOALS)
    assert list(table.columns[3].cells)[:2] == ["missed", "met"]
    assert report.load_table(results()).row_count == 4 * len(CONNECTIONS)
    assert report.notes(results())


def test_what_makes_figures_doubtful_is_said() -> None:
    quiet = results()
    assert report.cautions(quiet) == []
    doubtful = report.Results(
        {"load_average_at_start": 3.0}, {"quick": True}, {}, {"json_c64_core_share": 0.4}, {}, {}
    )
    assert len(report.cautions(doubtful)) == 3


def test_the_vendor_s_reply_is_of_the_size_that_is_claimed_and_fit_for_nginx() -> None:
    body = reply()
    assert 1_150 <= len(body) <= 1_300
    assert not {ord("'"), ord("$"), ord("\\")} & set(body)


def test_settings_name_five_endpoints_at_one_vendor() -> None:
    assert settings(8_484, 9_100).count('base_url = "http://127.0.0.1:9100/v1"') == 5


def test_the_load_knows_the_names_of_its_surroundings() -> None:
    script = SCRIPT.read_text("utf-8")
    for name in ("BENCH_KEY", "BENCH_LABEL", "BENCH_APP", "BENCH_FEATURE", "BENCH_RUN"):
        assert f'os.getenv("{name}")' in script


def test_a_processor_has_a_name_wherever_it_is_written() -> None:
    assert processor("processor\t: 0\nmodel name\t: Fast One\nflags : x\n") == "Fast One"
    assert processor("")


def test_free_ports_differ() -> None:
    assert len(set(free_ports(8))) == 8


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are pinned on Linux only")
def test_a_process_that_ends_says_why_and_one_that_runs_is_ended(tmp_path: Any) -> None:
    core = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    with running("short", ("sh", "-c", "echo no such luck; exit 3"), core=core, directory=tmp_path) as short:
        with pytest.raises(Unfit, match="`short` ended instead of serving: no such luck"):
            short.await_answer(1)
    child: Running
    with running("long", ("sleep", "60"), core=core, directory=tmp_path) as child:
        assert child.memory_kb() > 0
        assert os.sched_getaffinity(child.pid) == {core}
    assert os.sched_getaffinity(0) == before
    assert child.cpu_ns() == 0
