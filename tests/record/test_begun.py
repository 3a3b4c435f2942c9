"""What is known when a run begins survives the journal."""

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId
from repro.model.run import Code, DirtyPath, Host, Identity
from repro.record.begun import Begun, begun_from_json

_TEXT = st.text(st.characters(), max_size=8)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)
_BEGUN = st.builds(
    Begun,
    id=st.just(RunId("20240506T070809-klmnopqr")),
    name=_TEXT,
    worktree=_TEXT,
    command=st.lists(_TEXT, max_size=3).map(tuple),
    cwd=_TEXT,
    project=_TEXT,
    started_at=st.datetimes(timezones=st.just(UTC)),
    started_ns=st.integers(0, 2**62),
    code=st.builds(
        Code,
        commit=st.none() | st.just(Oid("1" * 40)),
        branch=st.none() | _TEXT,
        tree=st.just(Oid("2" * 40)),
        dirty=st.lists(st.builds(DirtyPath, _TEXT, _TEXT), max_size=2).map(tuple),
    ),
    author=st.none() | st.builds(Identity, _TEXT, _TEXT),
    host=st.builds(Host, _TEXT, _TEXT),
    large=st.lists(_TEXT, max_size=2).map(tuple),
    message=_TEXT,
    params=st.dictionaries(_TEXT, _VALUE, max_size=3),
    tags=st.dictionaries(_TEXT, _TEXT, max_size=2),
    gaps=st.lists(st.builds(Gap, st.sampled_from(GapKind), _TEXT, _TEXT, _TEXT), max_size=2).map(
        tuple
    ),
    parent_run=st.none() | st.just(RunId("20240506T070808-klmnopqr")),
    environment_of=st.none() | _TEXT,
    is_traced=st.booleans(),
)


@given(_BEGUN)
def test_it_comes_back_from_json_as_it_was(begun: Begun) -> None:
    assert begun_from_json(json.loads(json.dumps(begun.to_json()))) == begun


def test_the_start_comes_back_in_utc() -> None:
    at = datetime(2024, 5, 6, 9, tzinfo=timezone(timedelta(hours=2)))
    begun = Begun(
        id=RunId("20240506T070000-klmnopqr"),
        name="x",
        worktree="/x",
        command=(),
        cwd=".",
        project=".",
        started_at=at,
        started_ns=1,
        code=Code(None, None, Oid("2" * 40)),
        author=None,
        host=Host("h", "u"),
    )
    back = begun_from_json(json.loads(json.dumps(begun.to_json())))
    assert back.started_at.isoformat() == "2024-05-06T07:00:00+00:00"
