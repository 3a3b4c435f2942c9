"""Digests of the pillars: equal where the pillar is, different where it is not."""

from repro.model.data import DataEntry, Place, Source
from repro.model.digest import (
    digest_of_code,
    digest_of_data,
    digest_of_environment,
    digest_of_params,
    digest_of_state,
)
from repro.model.environment import Hardware
from repro.model.ids import Oid
from repro.model.run import Pillars
from repro.model.values import Metric
from tests.model.records import simple_record

A, B = Oid("1f" * 20), Oid("0a" * 20)
PILLARS = Pillars("a", "b", "c", "d")


class Float64(float):
    """Writes itself as numpy's does."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


def table(versions: str, kind: str = "delta-version") -> DataEntry:
    return DataEntry(
        "events", f"{versions}@1f2e", 1, 1, Source.LOGGED, place=Place.TABLE, hash_name=kind
    )


def entry(path: str, digest: str, source: Source = Source.DVC) -> DataEntry:
    return DataEntry(path, digest, 1, 1, source)


def test_a_digest_is_sixteen_hex_digits() -> None:
    assert len(digest_of_params({})) == 16
    assert int(digest_of_params({}), 16) >= 0


def test_code_differs_by_path_mode_and_content() -> None:
    trees = [
        [f"100644 blob {A}\tx"],
        [f"100755 blob {A}\tx"],
        [f"100644 blob {B}\tx"],
        [f"100644 blob {A}\ty"],
        [f"100644 blob {A}\tx", f"100644 blob {A}\ty"],
        [],
    ]
    assert len({digest_of_code(tree) for tree in trees}) == len(trees)


def test_code_at_a_path_that_is_not_utf8_has_a_digest() -> None:
    assert len(digest_of_code([f"100644 blob {A}\tcaf\udce9"])) == 16


def test_data_is_the_same_however_it_was_found_and_in_any_order() -> None:
    one = [entry("a", "0" * 32), entry("b", "1" * 32)]
    other = [entry("b", "1" * 32, Source.TRACED), entry("a", "0" * 32, Source.TRACED)]
    assert digest_of_data(one) == digest_of_data(other)


def test_data_differs_by_path_and_hash() -> None:
    rows = [("a", "0" * 32), ("b", "0" * 32), ("a", "1" * 32)]
    assert len({digest_of_data([entry(*row)]) for row in rows}) == 3


def test_data_with_odd_paths_has_a_digest() -> None:
    assert digest_of_data([entry("\udce9", "0")]) != digest_of_data([entry("\ud800", "0")])


def test_params_are_the_same_in_any_order_and_nesting() -> None:
    assert digest_of_params({"a": {"b": 1}, "c": 2}) == digest_of_params({"c": 2, "a.b": 1})


def test_params_differ_by_type() -> None:
    # 1 feature and all of them (1.0) are not the same to scikit-learn.
    some: list[object] = [1, 1.0, True, "1", None, [1], {}]
    assert len({digest_of_params({"a": value}) for value in some}) == len(some)  # type: ignore[dict-item]


def test_params_of_one_flat_name_both_count() -> None:
    assert digest_of_params({"a.b": 1, "a": {"b": 2}}) != digest_of_params({"a": {"b": 2}})


def test_nan_has_one_digest() -> None:
    assert digest_of_params({"a": float("nan")}) == digest_of_params({"a": float("nan")})


def test_hardware_and_kernel_are_not_part_of_the_environment() -> None:
    environment = simple_record().environment
    assert environment is not None
    moved = environment._replace(
        hardware=Hardware("another", 96, 2**40),
        platform=environment.platform._replace(release="6.9", distribution="Fedora"),
    )
    assert digest_of_environment(moved) == digest_of_environment(environment)


def test_a_package_is_part_of_the_environment() -> None:
    environment = simple_record().environment
    assert environment is not None
    package = environment.packages[0]
    variants = [
        environment,
        environment._replace(packages=()),
        environment._replace(packages=(package._replace(version="2.1.1"),)),
        environment._replace(packages=(package._replace(record="00" * 32),)),
        environment._replace(variables={"PYTHONHASHSEED": "1"}),
        environment._replace(interpreter=None),
        None,
    ]
    assert len({digest_of_environment(variant) for variant in variants}) == len(variants)


def test_variables_of_the_job_are_not_part_of_the_environment() -> None:
    environment = simple_record().environment
    assert environment is not None
    of_job = {"CUDA_VISIBLE_DEVICES": "1", "RANK": "0", "SLURM_JOB_ID": "7"}
    moved = environment._replace(
        variables={**environment.variables, **of_job}, variable_names=("X",), indexes=("https://i",)
    )
    assert digest_of_environment(moved) == digest_of_environment(environment)


def test_the_repository_of_an_editable_package_is_part_of_the_environment() -> None:
    environment = simple_record().environment
    assert environment is not None
    url = {"url": "file:///lib", "editable": "true"}
    origins = [url, {**url, "head": A}, {**url, "head": B}, {**url, "head": B, "dirty": "true"}]
    variants = [
        environment._replace(packages=(environment.packages[0]._replace(origin=origin),))
        for origin in origins
    ]
    assert len({digest_of_environment(variant) for variant in variants}) == len(variants)


def test_where_an_editable_package_of_the_tree_lies_does_not_matter() -> None:
    environment = simple_record().environment
    assert environment is not None
    package = environment.packages[0]
    moved = [
        environment._replace(packages=(package._replace(origin={"url": url, "editable": "true"}),))
        for url in ("./", "./libs/x")
    ]
    assert digest_of_environment(moved[0]) == digest_of_environment(moved[1])


def test_params_with_a_number_too_long_to_write_have_a_digest() -> None:
    assert digest_of_params({"n": 10**5000}) != digest_of_params({"n": 10**5000 + 1})


def test_the_state_differs_by_pillar_and_metric() -> None:
    states = [
        digest_of_state(PILLARS, {"acc": Metric(0.5)}),
        digest_of_state(PILLARS._replace(environment="e"), {"acc": Metric(0.5)}),
        digest_of_state(PILLARS, {"acc": Metric(0.6)}),
        digest_of_state(PILLARS, {"loss": Metric(0.5)}),
        digest_of_state(PILLARS, {}),
    ]
    assert len(set(states)) == len(states)


def test_the_state_of_a_diverged_run_is_equal_to_itself() -> None:
    one, other = ({"loss": Metric(float("nan"))} for _ in range(2))
    assert digest_of_state(PILLARS, one) == digest_of_state(PILLARS, other)


def test_a_number_of_a_library_counts_as_the_number() -> None:
    one, other = {"acc": Metric(Float64(0.5))}, {"acc": Metric(0.5)}
    assert digest_of_state(PILLARS, one) == digest_of_state(PILLARS, other)


def test_data_differ_by_the_version_of_a_table_and_by_its_kind() -> None:
    sides = [
        [table("1")],
        [table("2")],
        [table("1", "iceberg-snapshot")],
        [entry("events", "1@1f2e")],
    ]
    assert len({digest_of_data(side) for side in sides}) == len(sides)


def test_data_without_tables_have_the_digest_that_they_always_had() -> None:
    assert (
        digest_of_data([entry("a.csv", "ab" * 16), entry("d", "12" * 16 + ".dir")])
        == "f9f103a539d377e6"
    )
