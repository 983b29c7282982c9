"""Where fields stand, for each way that TOML has of writing one."""

import pytest

from signalbox.config.locate import FieldPath, Lines, show

TEXT = '''\
# a comment with [brackets] and = signs
top = 1
"quoted.key" = "a # b"
a.b . "c d" = 2   # dotted

[[endpoints]]
id = "one"
text = """
first ] [[nope]]
id = "two"
""""
after = 1
[endpoints.price]   # of the first
currency = "USD"
[[endpoints]]
literal = \'\'\'
[x]
'\'\'\'
places = [
  "se",  # ] not yet
  [1,
   2],
  { x = 1, y.z = "}" },
]
inline = { a = { b = [
  1 ] }, "c" = \'"\' }

[endpoints.price]
input = "1"
[[endpoints.prices]]
x = 1
[[endpoints.prices]]

x = 2
[deep.down.below]
when = 2026-11-22 10:00:00
[deep]
late = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("top",), 2),
        (("quoted.key",), 3),
        (("a",), 4),
        (("a", "b"), 4),
        (("a", "b", "c d"), 4),
        (("endpoints",), 6),
        (("endpoints", 0), 6),
        (("endpoints", 0, "id"), 7),
        (("endpoints", 0, "text"), 8),
        (("endpoints", 0, "after"), 12),
        (("endpoints", 0, "price"), 13),
        (("endpoints", 0, "price", "currency"), 14),
        (("endpoints", 1), 15),
        (("endpoints", 1, "literal"), 16),
        (("endpoints", 1, "places"), 19),
        (("endpoints", 1, "places", 0), 20),
        (("endpoints", 1, "places", 1), 21),
        (("endpoints", 1, "places", 1, 1), 22),
        (("endpoints", 1, "places", 2, "x"), 23),
        (("endpoints", 1, "places", 2, "y", "z"), 23),
        (("endpoints", 1, "inline", "a", "b"), 25),
        (("endpoints", 1, "inline", "a", "b", 0), 26),
        (("endpoints", 1, "inline", "c"), 26),
        (("endpoints", 1, "price"), 28),
        (("endpoints", 1, "price", "input"), 29),
        (("endpoints", 1, "prices", 1, "x"), 34),
        (("deep", "down", "below", "when"), 36),
        (("deep",), 37),
        (("deep", "late"), 38),
    ],
)
def test_a_field_is_found_on_its_line(path: FieldPath, line: int) -> None:
    assert Lines(TEXT).line(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("endpoints", 0, "price", "output"), 13),
        (("endpoints", 1, "retention"), 15),
        (("endpoints", 1, "places", 2, "missing"), 23),
        (("policy", "files"), 1),
    ],
)
def test_a_missing_field_is_where_its_table_begins(path: FieldPath, line: int) -> None:
    assert Lines(TEXT).line(path) == line


def test_crlf_counts_as_one_line_end() -> None:
    assert Lines("a = 1\r\n\r\n[b]\r\nc = '''\r\n\r\n'''\r\nd = 2\r\n").line(("b", "d")) == 7


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("endpoints", 3, "price", "currency"), "endpoints[3].price.currency"),
        (
            ("tenants", 0, "feature_objectives", "excel.formula"),
            'tenants[0].feature_objectives."excel.formula"',
        ),
        ((), ""),
    ],
)
def test_a_path_is_shown_as_people_write_it(path: FieldPath, text: str) -> None:
    assert show(path) == text
