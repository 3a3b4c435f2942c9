"""Differences of records: empty with itself, mirrored when turned round."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.compare.changes import Changes
from repro.compare.diff import Difference, compare_records
from repro.compare.diff_json import to_json
from repro.compare.environment import EnvironmentChange
from repro.model.digest import digest_of_environment, digest_of_params
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform
from repro.model.gap import Gap, GapKind
from repro.model.run import Pillars, Record, Status
from tests.compare.samples import entry, environment, package, record

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=True)
    | st.text("ab.-[\n", max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=2), inner),
    max_leaves=8,
)
NAMES = st.text("abc/", min_size=1, max_size=2)
PACKAGES = st.lists(
    st.builds(package, st.sampled_from(["numpy", "torch"]), st.sampled_from("12")),
    unique_by=lambda item: item.name,
).map(tuple)
ENVIRONMENTS = st.none() | st.builds(
    environment,
    packages=PACKAGES,
    variables=st.dictionaries(NAMES, NAMES, max_size=2),
    hardware=st.builds(Hardware, NAMES, st.integers(1, 2), st.just(0)),
)
DATA = st.lists(
    st.builds(entry, NAMES, st.sampled_from(["0" * 32, "1" * 32])), unique_by=lambda e: e.path
).map(tuple)


@st.composite
def records(draw: st.DrawFn) -> Record:
    params = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    observed = draw(ENVIRONMENTS)
    pillars = Pillars(
        draw(st.sampled_from("ab")), "", digest_of_params(params), digest_of_environment(observed)
    )
    numbers = st.floats() | st.integers() | st.just(10**400)
    return record(
        params=params,
        environment=observed,
        data=draw(DATA),
        metrics=draw(st.dictionaries(NAMES, numbers, max_size=3)),
        run={"pillars": pillars},
    )


def mirrored(parts: Changes[Any]) -> Changes[Any]:
    swapped = {name: (new, old) for name, (old, new) in parts.changed.items()}
    return Changes(added=parts.removed, removed=parts.added, changed=swapped)


def as_text(parts: Changes[Any]) -> str:
    return repr(parts)  # NaN is not equal to itself


@given(records())
def test_a_record_does_not_differ_from_itself(a: Record) -> None:
    difference = compare_records(a, a._replace())
    assert difference.is_same
    assert all(difference.pillars.values())


@given(records(), records())
def test_a_difference_turned_round_is_its_mirror(a: Record, b: Record) -> None:
    forth, back = compare_records(a, b), compare_records(b, a)
    assert as_text(forth.params) == as_text(mirrored(back.params))
    assert as_text(forth.data) == as_text(mirrored(back.data))
    assert forth.environment.packages == mirrored(back.environment.packages)
    assert forth.environment.machine == mirrored(back.environment.machine)
    assert forth.pillars == back.pillars
    changes = {metric.name: metric.change for metric in back.metrics}
    for metric in forth.metrics:
        opposite = changes[metric.name]
        assert metric.change == (None if opposite is None else -opposite)


@given(records(), records())
def test_a_pillar_is_the_same_exactly_when_its_digest_is(a: Record, b: Record) -> None:
    pillars = compare_records(a, b).pillars
    first, second = a.run.pillars, b.run.pillars
    assert pillars["params"] == (first.params == second.params)
    if a.environment is not None and b.environment is not None:
        assert pillars["environment"] == (first.environment == second.environment)


@given(records(), records())
def test_any_difference_is_strict_json(a: Record, b: Record) -> None:
    text = json.dumps(to_json(compare_records(a, b)), allow_nan=False)
    assert json.loads(text)["same"] in (True, False)


def params(old: dict[str, Any], new: dict[str, Any]) -> Changes[Any]:
    return compare_records(record(params=old), record(params=new)).params


def test_params_differ_by_flat_name() -> None:
    found = params({"model": {"lr": 1, "old": 2}}, {"model": {"lr": 3, "new": 4}})
    assert found == Changes({"model.new": 4}, {"model.old": 2}, {"model.lr": (1, 3)})


def test_a_short_list_is_shown_whole() -> None:
    assert params({"layers": [64, 32]}, {"layers": [64, 16]}).changed == {
        "layers": ([64, 32], [64, 16])
    }


def test_a_nested_list_is_compared_item_by_item() -> None:
    old = {"layers": [{"units": 64, "act": "relu"}, {"units": 32}]}
    new = {"layers": [{"units": 64, "act": "tanh"}]}
    found = params(old, new)
    assert found == Changes({}, {"layers[1]": {"units": 32}}, {"layers[0].act": ("relu", "tanh")})


def test_a_long_list_is_compared_item_by_item() -> None:
    assert params({"x": [0] * 50}, {"x": [0] * 49 + [1]}).changed == {"x[49]": (0, 1)}


@pytest.mark.parametrize("kind", [1.0, True, "1"])
def test_values_of_different_type_differ_as_in_the_digest(kind: object) -> None:
    assert params({"x": 1}, {"x": kind}).changed == {"x": (1, kind)}


def test_a_tiny_change_is_a_change() -> None:
    assert params({"lr": 1e-14}, {"lr": 2e-14}).changed


def metric(old: dict[str, Any], new: dict[str, Any]) -> Difference:
    return compare_records(record(metrics=old), record(metrics=new))


def test_a_metric_has_a_signed_and_a_relative_change() -> None:
    (found,) = metric({"loss": -2.0}, {"loss": -1.0}).metrics
    assert (found.change, found.relative) == (1.0, 0.5)


def test_a_metric_that_became_nan_has_no_change_but_is_not_the_same() -> None:
    difference = metric({"loss": 1.0}, {"loss": math.nan})
    assert difference.metrics[0].change is None
    assert not difference.is_same


def test_two_nans_are_the_same() -> None:
    assert metric({"loss": math.nan}, {"loss": math.nan}).is_same


def test_a_change_from_zero_has_no_relative_change() -> None:
    (found,) = metric({"errors": 0}, {"errors": 3}).metrics
    assert (found.change, found.relative) == (3, None)


def test_a_metric_of_one_run_only_is_listed() -> None:
    (found,) = metric({}, {"acc": 0.5}).metrics
    assert (found.old, found.new, found.is_same) == (None, 0.5, False)


def test_packages_differ_by_version_or_by_bytes() -> None:
    first = environment(packages=(package("A_b"), package("numpy", "1"), package("torch")))
    second = environment(
        packages=(package("a-b"), package("numpy", "2"), Package("torch", "1.0", "other"))
    )
    found = compare_records(record(environment=first), record(environment=second)).environment
    assert sorted(found.packages.changed) == ["numpy", "torch"]
    assert not found.packages.added


def test_hardware_and_kernel_are_shown_but_leave_the_pillar_the_same() -> None:
    other = environment(
        hardware=Hardware("Slow CPU", 2, 2**30),
        platform=Platform("Linux", "6.9", "x86_64", "glibc 2.36", "Debian 13"),
    )
    difference = compare_records(record(), record(environment=other))
    assert difference.environment.is_same
    assert {"cpu", "n_cores", "gpus", "release"} <= {n for n, *_ in difference.environment.machine}


def test_data_differs_by_hash() -> None:
    old = record(data=(entry("a"), entry("b"), entry("c")))
    new = record(data=(entry("a"), entry("b", "1" * 32), entry("d")))
    found = compare_records(old, new).data
    assert [(list(found.added)), list(found.removed), list(found.changed)] == [["d"], ["c"], ["b"]]


def test_code_differs_by_digest_not_by_commit() -> None:
    a, b = record(), record(run={"pillars": Pillars("other", "da7a", "9a9a", "e2e2")})
    assert compare_records(a, record()).code.is_same
    assert not compare_records(a, b).code.is_same


def environments(first: Environment | None, second: Environment | None) -> EnvironmentChange:
    return compare_records(record(environment=first), record(environment=second)).environment


def test_only_the_cpu_flags_that_differ_are_told() -> None:
    first = environment(hardware=Hardware("CPU", 2, 2**30, cpu_flags="avx avx2 sse"))
    second = environment(hardware=Hardware("CPU", 2, 2**30, cpu_flags="amx avx sse"))
    found = environments(first, second)
    assert (list(found.cpu_flags.added), list(found.cpu_flags.removed)) == (["amx"], ["avx2"])
    assert not found.machine


def test_flags_that_an_old_record_does_not_hold_are_no_difference() -> None:
    second = environment(hardware=Hardware("Fast CPU", 8, 2**34, ("Big GPU",), cpu_flags="avx"))
    assert not environments(environment(), second).cpu_flags


def test_a_kernel_that_keeps_more_memory_makes_no_other_machine() -> None:
    first = environment(hardware=Hardware("CPU", 2, 25_276_514_304))
    second = environment(hardware=Hardware("CPU", 2, 25_276_000_000))
    assert not environments(first, second).machine
    assert environments(first, environment(hardware=Hardware("CPU", 2, 2**36))).machine


def test_another_build_of_one_python_is_told_but_leaves_the_pillar_the_same() -> None:
    interpreter = Interpreter("cpython", "3.11.7", "Clang", "/p", "/v", "/usr", digest="ab")
    first = environment(interpreter=interpreter._replace(build="GCC", digest="cd"))
    found = environments(first, environment(interpreter=interpreter))
    assert found.build.changed == {"build": ("GCC", "Clang"), "digest": ("cd", "ab")}
    assert found.is_same


def test_a_package_from_another_commit_is_told_but_leaves_the_pillar_the_same() -> None:
    tool = package("tool")
    first = environment(packages=(tool._replace(origin={"url": "u", "commit": "1"}),))
    second = environment(packages=(tool._replace(origin={"url": "u", "commit": "2"}),))
    found = environments(first, second)
    assert list(found.origins.changed) == ["tool"]
    assert not found.packages
    assert found.is_same
    assert digest_of_environment(first) == digest_of_environment(second)


def test_runtime_container_indexes_and_modules_leave_the_pillar_the_same() -> None:
    first = environment()
    second = first._replace(
        platform=first.platform._replace(container="docker"),
        runtime={"omp.threads": "2"},
        indexes=("https://example.org/simple",),
        variable_names=("HOME",),
        modules=("/x.py",),
    )
    found = environments(first, second)
    assert list(found.machine.added) == ["container"]
    assert list(found.runtime.added) == ["omp.threads"]
    assert list(found.indexes.added) == ["https://example.org/simple"]
    assert list(found.variable_names.added) == ["HOME"]
    assert list(found.modules.added) == ["/x.py"]
    assert found.is_same
    assert digest_of_environment(first) == digest_of_environment(second)


def test_it_is_told_how_many_environments_were_observed() -> None:
    counts = [
        environments(a, b).n_observed
        for a, b in ((None, None), (environment(), None), (environment(), environment()))
    ]
    assert counts == [0, 1, 2]


def test_a_run_without_gaps_is_reproducible_and_one_in_progress_is_not_yet() -> None:
    gap = Gap(GapKind.DATA, "x", "y")
    running = record(run={"status": Status.RUNNING, "ended_at": None})
    found = to_json(compare_records(record(), record(run={"gaps": (gap,)})))
    assert (found["gaps"], found["reproducible"]) == ([0, 1], [True, False])
    assert to_json(compare_records(record(), running))["reproducible"] == [True, False]
