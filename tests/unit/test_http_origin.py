"""Base URLs are split into an origin and a prefix, or refused without showing a password."""

import pytest

from signalbox.adapters.http import Origin, parse_base_url


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("http://h:1/v1", Origin("http", "h", 1), "/v1"),
        ("https://API.example.com/v1/", Origin("https", "api.example.com", 443), "/v1"),
        ("http://localhost", Origin("http", "localhost", 80), ""),
        ("http://[::1]:8080/", Origin("http", "::1", 8080), ""),
        ("http://model_server:9/a/b", Origin("http", "model_server", 9), "/a/b"),
        ("unix:/run/a.sock:/v1", Origin("unix", "/run/a.sock", 0), "/v1"),
        ("unix:/run/a.sock", Origin("unix", "/run/a.sock", 0), ""),
        ("unix:/run/a.sock:", Origin("unix", "/run/a.sock", 0), ""),
        ("unix:/run/a:b.sock:/v1", Origin("unix", "/run/a:b.sock", 0), "/v1"),
    ],
)
def test_a_base_url_is_an_origin_and_a_prefix(url: str, origin: Origin, prefix: str) -> None:
    assert (origin, prefix) == parse_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h:1/v1",
        "ftp://h/v1",
        "http://",
        "http:///v1",
        "http://h:0/",
        "http://h:65536/",
        "http://h:x/",
        "http://h/v1?a=b",
        "http://h/v1?",
        "http://h/v1#a",
        "http://h h/",
        "http://h/\r\nx: y",
        "http://h\\@evil/",
        "http://-h-/",
        "http://hö/",
        "http://h%00/",
        "unix:relative.sock:/v1",
        "unix://:/v1x:y",
        "unix:",
    ],
)
def test_what_is_not_a_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_base_url(url)


@pytest.mark.parametrize("url", ["http://user:hunter2@h/v1", "http://hunter2@h/", "http://h:hunter2/"])
def test_a_refusal_does_not_show_a_password(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_base_url(url)
    assert "@" not in url or "hunter2" not in str(caught.value)


def test_authority_names_the_port_only_where_it_is_not_the_default() -> None:
    assert [Origin("http", "h", 80).authority, Origin("https", "h", 80).authority] == ["h", "h:80"]
    assert [Origin("https", "::1", 443).authority, Origin("http", "::1", 8).authority] == ["[::1]", "[::1]:8"]
    assert Origin("unix", "/a.sock", 0).authority == "localhost"


def test_label_names_host_and_port() -> None:
    labels = [Origin("https", "h", 443).label, Origin("http", "::1", 8).label, Origin("unix", "/a", 0).label]
    assert labels == ["h:443", "[::1]:8", "/a"]
