"""Finds params in files and on the command line."""

from pathlib import Path

import pytest

from repro.model.config import Config
from repro.model.gap import Gap, GapKind
from repro.model.values import Params, flatten
from repro.record.params import collect_params, params_files, read_existing
from repro.record.project import Project
from repro.secrets.redactor import REDACTED, Redactor


def _params(given: Params | None = None, **files: str) -> tuple[Params, list[Gap]]:
    named = {f"{name}.yaml": text.encode() for name, text in files.items()}
    return collect_params(named, written={}, given=given or {}, redactor=Redactor(b"k"))


def test_conventional_declared_and_dvc_files_are_looked_for_once() -> None:
    project = Project("sub", "sub/run", Config(params=("conf/a.yaml", "params.yaml")))
    files = params_files(project, ["sub/params.yaml", "other.toml"])
    assert files[:2] == ["sub/params.yaml", "sub/run/params.yaml"]
    assert files[-2:] == ["sub/conf/a.yaml", "other.toml"]
    assert len(files) == len(set(files))


def test_what_was_given_goes_over_the_file() -> None:
    assert _params({"lr": 0.5}, params="lr: 0.1\ndepth: 2")[0] == {"lr": 0.5, "depth": 2}


def test_a_dotted_name_goes_over_the_nested_value() -> None:
    params, _ = _params({"model.depth": 3}, params="model: {depth: 2, width: 8}")
    assert params == {"model": {"depth": 3, "width": 8}}


def test_a_dotted_name_without_a_place_keeps_its_dots() -> None:
    assert _params({"a.b": 1}, params="a: 2")[0] == {"a": 2, "a.b": 1}


def test_files_that_agree_are_united() -> None:
    params, _ = _params(a="m: {x: 1, y: 2}", b="m: {y: 2, z: 3}\nn: 4")
    assert params == {"m": {"x": 1, "y": 2, "z": 3}, "n": 4}


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("1", "{x: 1}"), ("{x: 1}", "{x: 2}")])
def test_of_files_that_differ_nothing_is_lost(first: str, second: str) -> None:
    params, _ = _params(a=f"m: {first}", b=f"m: {second}")
    assert set(params) == {"m", "b.yaml:m"}
    assert params == {**_params(a=f"m: {first}")[0], "b.yaml:m": params["b.yaml:m"]}


def test_nan_agrees_with_itself() -> None:
    assert set(_params(a="m: .nan", b="m: .nan")[0]) == {"m"}


def test_what_hydra_wrote_is_read_too() -> None:
    params, _ = collect_params(
        {}, written={"o/.hydra/config.yaml": b"lr: 1"}, given={}, redactor=Redactor(b"k")
    )
    assert params == {"lr": 1}


def test_a_malformed_file_is_a_gap_and_the_others_are_read() -> None:
    params, gaps = _params(a="x: [", b="y: 1")
    assert params == {"y": 1}
    assert [(gap.kind, gap.subject.split(":")[0]) for gap in gaps] == [(GapKind.PARAMS, "a.yaml")]
    assert gaps[0].fix.startswith("correct a.yaml:")


def test_a_declared_file_of_another_format_is_a_gap() -> None:
    params, gaps = collect_params(
        {"config.py": b"lr = 1"}, written={}, given={}, redactor=Redactor(b"k")
    )
    assert (params, [gap.subject for gap in gaps]) == ({}, ["config.py"])


@pytest.mark.parametrize(
    "text",
    [
        "api_key: abc",
        "db: {password: abc}",
        "url: https://u:abc@host/",
        "auth: [abc]",
        "servers: [{token: abc}]",
    ],
)
def test_a_secret_is_replaced_and_a_gap(text: str) -> None:
    params, gaps = _params(a=text)
    assert "abc" not in str(params)
    assert REDACTED.search(str(params))
    assert [gap.kind for gap in gaps] == [GapKind.SECRET]
    assert "abc" not in str(gaps)


@pytest.mark.parametrize("text", ["max_tokens: 5", "token: 7", "tokenizer: bpe", "password: ''"])
def test_what_is_no_secret_stays(text: str) -> None:
    params, gaps = _params(a=text)
    assert not REDACTED.search(str(flatten(params).values()))
    assert gaps == []


def test_tracked_files_are_read_from_the_snapshot_and_ignored_ones_from_disk(
    tmp_path: Path,
) -> None:
    (tmp_path / "tracked.yaml").write_text("later")
    (tmp_path / "ignored.yaml").write_text("on disk")
    (tmp_path / "directory.yaml").mkdir()
    paths = ["tracked.yaml", "ignored.yaml", "directory.yaml", "none.yaml"]
    found, _ = read_existing(paths, top=str(tmp_path), blobs={"tracked.yaml": b"at the start"})
    assert found == {"tracked.yaml": b"at the start", "ignored.yaml": b"on disk"}


def test_a_params_file_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "params.yaml").write_text("lr: 1\n")
    paths = ["loop.yaml", "params.yaml", "gone.yaml", "params.yaml/x"]
    found, gaps = read_existing(paths, top=str(tmp_path), blobs={})

    assert found == {"params.yaml": b"lr: 1\n"}
    assert [gap.subject for gap in gaps] == ["loop.yaml"]
