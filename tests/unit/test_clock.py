"""Ids: of the layout of UUIDv7, in the order of their moments, and none twice."""

from uuid import RFC_4122, UUID

from signalbox.adapters.clock import RandomIds

NOW_US = 1_767_225_600_123_456


def test_an_id_is_a_uuid_of_version_7() -> None:
    ids = RandomIds()
    for made in [ids.new(NOW_US) for _ in range(1_000)]:
        read = UUID(made)
        assert read.hex == made
        assert (read.version, read.variant) == (7, RFC_4122)
        assert read.int >> 80 == NOW_US // 1_000


def test_every_random_bit_is_drawn_and_no_id_twice() -> None:
    """More of them than are drawn at a time."""
    ids = RandomIds()
    made = [int(ids.new(NOW_US), 16) for _ in range(1_000)]
    assert len(set(made)) == 1_000
    ever, always = 0, -1
    for number in made:
        ever, always = ever | number, always & number
    assert (ever ^ always).bit_count() == 74


def test_later_ids_sort_behind_earlier_ones() -> None:
    ids = RandomIds()
    made = [ids.new(now_us) for now_us in (0, NOW_US, NOW_US + 1_000, NOW_US + 10**12)]
    assert made == sorted(made)
    assert {len(ident) for ident in made} == {32}
