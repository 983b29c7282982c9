"""Exact money: what is charged is tokens times price, rounded once."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.money import Money, Price, Usage

_COUNTS = st.integers(0, 10**9)
_PRICES = st.integers(0, 10**12)


@given(*[_COUNTS] * 5, *[_PRICES] * 5)
def test_cost_is_the_exact_product_rounded_half_to_even(
    a: int, b: int, c: int, d: int, e: int, p: int, q: int, r: int, s: int, t: int
) -> None:
    price = Price(
        currency="EUR",
        input_per_mtok=p,
        output_per_mtok=q,
        cached_input_per_mtok=r,
        cache_write_per_mtok=s,
        cache_write_1h_per_mtok=t,
    )
    exact = Fraction(a * p + b * q + c * r + d * s + e * t, 1_000_000)
    assert price.cost(Usage(input=a, output=b, cached_input=c, cache_write=d, cache_write_1h=e)) == Money(
        round(exact), "EUR"
    )


def test_money_reads_as_an_amount() -> None:
    assert str(Money(1_234_567_890, "USD")) == "1.234567890 USD"
    assert str(Money(-5, "USD")) == "-0.000000005 USD"


def test_reasoning_tokens_are_part_of_the_output_and_not_added_to_it() -> None:
    assert Usage(input=10, cached_input=5, output=7, reasoning=6).total == 22
