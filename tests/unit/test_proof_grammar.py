"""The language of invariants: what is read, what is refused and where, and the names that must be there."""

from pathlib import Path

import pytest

from signalbox.proof import InvariantsInvalid, check_names, parse_invariants
from signalbox.proof.builtin import BUILT_IN
from signalbox.proof.invariants import (
    All,
    Anything,
    BoundaryWithin,
    Category,
    Certified,
    Either,
    EndpointIs,
    Flagged,
    InGroup,
    InHomeCloud,
    Invariant,
    Not,
    Outside,
    Predicate,
    RequestIs,
    SensitivityFrom,
    UsesPlace,
)

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "invariants.md").read_text()


def read(asked: str = "any request", reached: str = "any endpoint", end: str = "") -> tuple[Predicate, ...]:
    (item,) = parse_invariants(f"invariant x for every tenant: deny when {asked} on {reached} {end}").items
    assert isinstance(item.denies, All)
    return item.denies.of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("any request", Anything()),
        ('app is "word"', RequestIs("app", "word")),
        ('feature is not "chat"', Not(RequestIs("feature", "chat"))),
        ('boundary is "eu"', RequestIs("boundary", "eu")),
        ('boundary within "eu"', BoundaryWithin("eu")),
        ("sensitivity >= confidential", SensitivityFrom(2)),
        ("sensitivity > confidential", SensitivityFrom(3)),
        ("sensitivity > highly-confidential", Not(Anything())),
        ("sensitivity < general", Not(SensitivityFrom(1))),
        ("sensitivity <= general", Not(SensitivityFrom(2))),
        ("sensitivity is general", All((SensitivityFrom(1), Not(SensitivityFrom(2))))),
        ('category "health"', Category("health")),
        ('group "a \\"b\\" \\\\ c"', InGroup('a "b" \\ c')),
        ('group "a" or group "b" and group "c"', Either((InGroup("a"), All((InGroup("b"), InGroup("c")))))),
        ('(group "a" or group "b") and not group "c"',
         All((Either((InGroup("a"), InGroup("b"))), Not(InGroup("c"))))),
    ],
)  # fmt: skip
def test_what_is_said_of_requests(written: str, meant: Predicate) -> None:
    assert read(asked=written) == (meant, Anything())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("any endpoint", Anything()),
        ('vendor is "x"', EndpointIs("vendor", "x")),
        ('terms is not "2025"', Not(EndpointIs("terms", "2025"))),
        ('cloud is "home"', EndpointIs("cloud", "home")),
        ("cloud is home", InHomeCloud()),
        ("cloud is not home", Not(InHomeCloud())),
        ("infers outside the boundary", Outside("infers", "")),
        ('stores outside boundary "eu"', Outside("stores", "eu")),
        ("outside the boundary", Either((Outside("infers", ""), Outside("stores", "")))),
        ('infers in "us"', UsesPlace("infers", "us")),
        ('certification "baa"', Certified("baa")),
        ("trains on data", Flagged("trains on data")),
        ("not available or deprecated", Either((Not(Flagged("available")), Flagged("deprecated")))),
    ],
)
def test_what_is_said_of_endpoints(written: str, meant: Predicate) -> None:
    assert read(reached=written) == (Anything(), meant)


def test_unless_speaks_of_either() -> None:
    exceptions = 'unless group "g" and certification "baa" or any request'
    assert read(end=exceptions)[2] == Not(Either((All((InGroup("g"), Certified("baa"))), Anything())))


def test_tenants_are_said_each_time() -> None:
    text = """
        use residency for every tenant   # as it is
        use home-cloud as acme-home for tenant "acme", "globex" unless group "legal-optin"
    """
    plain, narrowed = parse_invariants(text).items
    built_in = {item.name: item for item in parse_invariants(BUILT_IN).items}

    assert plain == built_in["residency"]
    assert narrowed == Invariant(
        "acme-home",
        ("acme", "globex"),
        All((built_in["home-cloud"].denies, Not(InGroup("legal-optin")))),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("deny", "line 1, column 1: expected `invariant` or `use` (`invariant`, `use`); found `deny`"),
        ("invariant x:", "line 1, column 12: expected `for`; found `:`"),
        ("invariant x for tenant acme:", "line 1, column 24: expected a name in quotes; found `acme`"),
        ("invariant x for every tenant:\n  deny when vendor is",
         "line 2, column 13: `vendor` is a fact of the endpoint: write it after `on` or `unless`"),
        ("invariant x for every tenant: deny when any request on\n\tgroup \"g\"",
         "line 2, column 2: `group` is a fact of the request: write it after `when` or `unless`"),
        ("invariant x for every tenant: deny when sensitivity >= secret on any endpoint",
         "line 1, column 56: expected a level of sensitivity (`public`, `general`, `confidential`, "
         "`highly-confidential`); found `secret`"),
        ("invariant x for every tenant: deny when sensitivity = general",
         "line 1, column 53: `=` means nothing here"),
        ('invariant x for every tenant: deny when group "g',
         'line 1, column 47: a string ends on its line, and a backslash in it stands before `"` or another'),
        ("invariant x for every tenant: deny when any endpoint",
         "line 1, column 45: expected `request`; found `endpoint`"),
        ("invariant x for every tenant: deny when any request",
         "line 1, column 52: expected `on`; found the end of the text"),
        ("use residence for every tenant",
         "line 1, column 5: `residence` is not built in: expected one of `residency`, `home-cloud`, "
         "`no-training`, `no-retention`, `health-agreement`, `credentials-at-home`, `lifecycle`"),
        ("use residency for every tenant\nuse residency for every tenant",
         "line 2, column 1: the name `residency` is taken: `use … as another-name`"),
        ("invariant x for every tenant: deny when " + "(" * 31,
         "line 1, column 72: nested deeper than 30: split it"),
        ("invariant x for every tenant: deny when users on any endpoint",
         "line 1, column 41: expected one of `any`, `boundary`, `sensitivity`, `category`, `group`, `app`, "
         "`feature`; found `users`"),
    ],
)  # fmt: skip
def test_faults_say_where_and_what(text: str, fault: str) -> None:
    with pytest.raises(InvariantsInvalid) as refused:
        parse_invariants(text)
    assert refused.value.message == fault


def test_every_statement_with_a_fault_is_named() -> None:
    text = "use nothing for every tenant\nuse residency for every tenant\nuse lifecycle\ninvariant y"
    with pytest.raises(InvariantsInvalid) as refused:
        parse_invariants(text)
    assert [fault.line for fault in refused.value.faults] == [1, 4, 4]


def test_tenants_and_boundaries_must_be_there() -> None:
    invariants = parse_invariants(
        'invariant x for tenant "acme", "amce":\n'
        '  deny when boundary is "ue" or boundary within "eu" on outside boundary "eu-efta"'
    )
    assert [str(fault) for fault in check_names(invariants, {"acme"}, {"eu", "world"})] == [
        "line 1, column 32: unknown tenant `amce`",
        "line 2, column 25: unknown boundary `ue`",
        "line 2, column 74: unknown boundary `eu-efta`",
    ]


def test_layout_and_comments_do_not_change_the_hash_and_meaning_does() -> None:
    def hashed(text: str) -> str:
        return parse_invariants(text).hash

    plain = 'invariant x for every tenant: deny when group "g" on trains on data'
    assert hashed(plain) == hashed(f"# why\n{plain.replace(' ', '  ')}\n")
    assert (
        len(
            {
                hashed(plain),
                hashed(plain.replace('"g"', '"h"')),
                hashed(""),
                hashed(plain + " unless available"),
            }
        )
        == 4
    )
    assert hashed("use no-training for every tenant") == hashed(
        "invariant no-training for every tenant: deny when any request on trains on data"
    )


def test_the_page_shows_what_is_read_and_names_every_word() -> None:
    shown = [block.partition("```")[0] for block in PAGE.split("```text\n")[1:]]
    assert len(shown) == 1
    assert len(parse_invariants(shown[0]).items) > 3
    for item in parse_invariants(BUILT_IN).items:
        assert f"`{item.name}`" in PAGE
