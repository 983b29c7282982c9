"""The bytes that are hashed are canonical, whatever is written in them."""

import hashlib
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from signalbox.domain.records import BODIES, Record
from signalbox.record.leaf import GENESIS, Leaf, body_bytes, leaf_hash, read_leaf
from signalbox.testing.records import decision, outcome, sealed

UNHURRIED = settings(deadline=None, max_examples=40)
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {str: st.text(max_size=20), int: EXACT, bool: st.booleans()}


def values_of(type_: Any) -> st.SearchStrategy[Any]:
    if get_origin(type_) is tuple:
        return st.lists(values_of(get_args(type_)[0]), max_size=3).map(tuple)
    if get_origin(type_) is UnionType:  # a field that older records do not have
        known = [kind for kind in get_args(type_) if kind is not msgspec.UnsetType]
        return st.just(msgspec.UNSET) | st.one_of([values_of(kind) for kind in known])
    if type_ in SCALARS:
        return SCALARS[type_]
    assert issubclass(type_, Struct)
    return st.builds(type_, **{name: values_of(hint) for name, hint in get_type_hints(type_).items()})


@pytest.mark.parametrize("kind", BODIES)
@UNHURRIED
@given(data=st.data())
def test_a_bodys_encoding_is_its_canonical_form(kind: str, data: st.DataObject) -> None:
    body = data.draw(values_of(BODIES[kind]))
    assert rfc8785.dumps(msgspec.to_builtins(body)) == body_bytes(body)


_LATER = {"authorised", "grant", "granted", "notes", "served_place", "tokens_cache_written"}
"""Fields that records from before them lack."""


@pytest.mark.parametrize(
    ("record", "gone"),
    [
        pytest.param(record, name, id=f"{record.kind}-{name}")
        for record in (decision(1), outcome(1))
        for name in sorted({*record.body.__struct_fields__} - _LATER)
    ],
)
def test_a_body_without_one_of_its_fields_is_none(record: Record, gone: str) -> None:
    whole = msgspec.json.decode(body_bytes(record.body))
    assert gone in whole
    told = msgspec.json.encode({name: value for name, value in whole.items() if name != gone})
    with pytest.raises(msgspec.ValidationError, match="missing"):
        msgspec.json.decode(told, type=type(record.body))


@UNHURRIED
@given(leaf=values_of(Leaf))
def test_a_leafs_encoding_is_its_canonical_form(leaf: Leaf) -> None:
    assert rfc8785.dumps(msgspec.to_builtins(leaf)) == msgspec.json.encode(leaf)


@UNHURRIED
@given(
    tenant=st.text(max_size=20),
    ref=st.text(max_size=40),
    time_us=EXACT,
    seq=st.integers(0, 2**53 - 1),
    salt=st.binary(min_size=16, max_size=16),
    prev=st.binary(min_size=32, max_size=32).map(bytes.hex),
)
def test_a_seal_commits_to_everything(
    tenant: str, ref: str, time_us: int, seq: int, salt: bytes, prev: str
) -> None:
    record = Record(tenant, "decision", ref, time_us, decision(1).body)
    body = body_bytes(record.body)
    stored, hashed = sealed(record, body, salt, seq, prev)
    fields: dict[str, Any] = {
        "commit": hashlib.sha256(salt + body).hexdigest(),
        "kind": "decision",
        "prev": prev,
        "ref": ref,
        "seq": seq,
        "tenant": tenant,
        "time_us": time_us,
        "v": 1,
    }
    assert rfc8785.dumps(fields) == stored.leaf
    assert (salt, body) == (stored.salt, stored.body)
    assert hashlib.sha256(b"\x00" + stored.leaf).hexdigest() == hashed == leaf_hash(stored.leaf)
    assert fields == msgspec.to_builtins(read_leaf(stored.leaf))


@pytest.mark.parametrize(
    "changed",
    [
        lambda leaf: leaf.replace(b'"v":1', b'"v":2'),
        lambda leaf: leaf.replace(b",", b", ", 1),
        lambda leaf: leaf.replace(b"acme", b"\\u0061cme"),
        lambda leaf: leaf.replace(b'"v":1', b'"v":1,"w":1'),
        lambda leaf: leaf[:-1],
    ],
)
def test_a_leaf_in_any_other_form_is_refused(changed: Any) -> None:
    stored, _ = sealed(decision(1), b"{}", b"s" * 16, 0, GENESIS)
    read_leaf(stored.leaf)
    with pytest.raises(ValueError, match=r"version|canonical|unknown field|JSON|truncated"):
        read_leaf(changed(stored.leaf))


def test_text_that_cannot_be_written_is_refused_before_it_is_queued() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        body_bytes(decision(1, subject="\ud800").body)
