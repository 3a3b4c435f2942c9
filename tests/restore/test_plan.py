"""What is removed, placed and kept, decided without a disk."""

from repro.model.data import DataEntry, DirectoryExtras, Source
from repro.model.ids import Oid
from repro.restore.plan import (
    Plan,
    arrivals,
    departures,
    is_same_data,
    lies_below,
    make_plan,
    touched_paths,
)

OLD = {"a": ("100644", Oid("1")), "d/x": ("100644", Oid("2")), "sub": ("160000", Oid("3"))}
NEW = {"a": ("100755", Oid("1")), "e/y": ("100644", Oid("4")), "sub": ("160000", Oid("5"))}


def _entry(path: str, hash: str = "1", *, executable: bool = False) -> DataEntry:
    return DataEntry(path, hash, 1, 1, Source.DVC, executable=executable)


def _paths(plan: Plan) -> tuple[list[str], list[str], list[str]]:
    return list(plan.remove), [e.path for e in plan.place], [e.path for e in plan.keep]


def test_files_that_are_new_arrive() -> None:
    assert arrivals(OLD, NEW) == ["e/y"]


def test_files_that_change_or_go_depart() -> None:
    assert departures(OLD, NEW) == ["a", "d/x", "sub"]


def test_directories_above_changes_are_touched() -> None:
    assert touched_paths(OLD, NEW) == {"a", "d", "d/x", "e", "e/y", "sub"}


def test_a_path_lies_below_itself_and_its_parents_only() -> None:
    assert lies_below("a/b/c", {"a/b"})
    assert lies_below("a", {"a"})
    assert not lies_below("ab/c", {"a"})


def test_data_that_are_right_are_kept() -> None:
    assert _paths(make_plan([_entry("d")], {}, [_entry("d")])) == ([], [], ["d"])


def test_data_with_other_bytes_are_replaced_without_a_gap() -> None:
    assert _paths(make_plan([_entry("d")], {}, [_entry("d", "2")])) == ([], ["d"], [])


def test_a_file_makes_room_for_a_directory() -> None:
    assert _paths(make_plan([_entry("d")], {}, [_entry("d", "2.dir")])) == (["d"], ["d"], [])


def test_data_that_nobody_wants_go() -> None:
    assert _paths(make_plan([_entry("d")], {}, [])) == (["d"], [], [])


def test_data_that_the_target_s_dvc_files_name_stay() -> None:
    assert _paths(make_plan([_entry("d")], {}, [], named={"d"})) == ([], [], [])


def test_a_link_to_the_right_data_is_kept() -> None:
    plan = make_plan([], {"d": _entry("d")}, [_entry("d")])
    assert _paths(plan) == ([], [], ["d"])


def test_a_link_to_other_data_makes_room() -> None:
    plan = make_plan([], {"d": _entry("d", "2")}, [_entry("d")])
    assert _paths(plan) == (["d"], ["d"], [])


def test_data_under_a_directory_that_goes_are_placed_again() -> None:
    plan = make_plan([_entry("d", "9.dir"), _entry("d/x")], {}, [_entry("d/x")])
    assert _paths(plan) == (["d"], ["d/x"], [])


def test_data_whose_files_git_changes_are_placed_again() -> None:
    plan = make_plan([_entry("d", "9.dir")], {}, [_entry("d", "9.dir")], touched={"d", "d/x"})
    assert _paths(plan) == ([], ["d"], [])


def test_what_is_in_the_way_goes_once() -> None:
    plan = make_plan([_entry("d")], {}, [], in_the_way=["d", "x"])
    assert plan.remove == ("d", "x")


def test_modes_and_links_are_part_of_data() -> None:
    plain, marked = _entry("d"), _entry("d", executable=True)
    assert not is_same_data(plain, marked)
    directory = _entry("d", "1.dir")
    linked = directory._replace(extras=DirectoryExtras(symlinks={"a": "b"}))
    assert not is_same_data(directory, linked)
    assert is_same_data(directory, directory._replace(extras=DirectoryExtras()))
