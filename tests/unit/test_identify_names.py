"""Names that a caller claims: one person has one name, which can be held and erased by it."""

import pytest
from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.principal import Principal, Tenant
from signalbox.domain.request import Declared
from signalbox.identify import believed

WHO = Principal(
    tenant=Tenant(id="acme", default_boundary="eu"),
    key="k",
    subject="k",
    may_assert=frozenset(("app", "feature", "user")),
)
EU = {"eu": ("de",)}


def test_a_name_is_taken_without_the_blanks_around_it() -> None:
    said = believed(WHO, Declared(user=" mia\u00a0", app=" Excel ", feature="Formula "), EU)
    assert (said.user, said.app, said.feature) == ("mia", "excel", "formula")


@pytest.mark.parametrize("field", ["user", "app", "feature"])
@pytest.mark.parametrize("name", ["x" * 257, "mia\x00", "mi\u200ba", "mia\u202e", "mi\na"])
def test_a_name_that_nobody_could_write_is_refused(field: str, name: str) -> None:
    said = replace(Declared(), **{field: name})
    with pytest.raises(MalformedRequest) as refused:
        believed(WHO, said, EU)
    assert refused.value.param == f"X-Signalbox-{field.title()}"
    assert name not in refused.value.message


def test_as_long_as_an_administrator_can_write_it_is_fine() -> None:
    assert believed(WHO, Declared(user="x" * 256), EU).user == "x" * 256
