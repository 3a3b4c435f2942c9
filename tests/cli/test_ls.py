"""`repro ls`: a table for people, TSV for pipes, JSON for programs."""

import json
from typing import Any

import pytest

from repro.cli.commands.ls import command
from repro.compare.query import QueryError
from repro.git.repository import NotARepositoryError
from repro.lineage.commits import UnknownRevisionError
from repro.model.gap import Gap, GapKind
from repro.model.run import Status
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k", params={"lr": 0.1, "seed": 0}, metrics={"acc": 0.5})
    found.put("m", minute=1, params={"lr": 0.01, "seed": 0}, metrics={"acc": float("nan")})
    gap = Gap(GapKind.DATA, "big.bin", "it is nowhere", "dvc add big.bin")
    failed = {"status": Status.FAILED, "exit_code": 3, "gaps": (gap,), "tags": {"best": ""}}
    found.put("p", minute=2, params={"lr": 0.01, "seed": 0, "x": "a\tb"}, run=failed)
    return found


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def names(*args: str) -> list[str]:
    return [row[1] for row in rows(call(command, *args).stdout)[1:]]


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_the_newest_first_with_every_column() -> None:
    header, *found = rows(call(command).stdout)
    assert (
        header
        == (
            "id name status started_at duration_s branch commit dirty gaps"
            " starred tags notes"
            " params.lr params.seed params.x metrics.acc"
        ).split()
    )
    assert [row[0] for row in found] == [
        "20260131T080200-pppppppp",
        "20260131T080100-mmmmmmmm",
        "20260131T080000-kkkkkkkk",
    ]
    assert found[0][1:5] == ["run-p", "failed", "2026-01-31T08:02:00Z", "30.0"]
    assert found[0][-4:] == ["0.01", "0", "a\\tb", ""]
    assert found[1][-1] == "nan"


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_the_columns_that_differ_and_the_metrics() -> None:
    head = call(command, terminal=True).stdout.splitlines()[0].split()
    assert head == ["run", "name", "status", "when", "took", "lr", "x", "acc", "tags", "gaps"]


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_short_ids_and_rounded_numbers() -> None:
    line = call(command, terminal=True).stdout.splitlines()[3].split()
    assert line[:3] == ["kkkkkkkk", "run-k", "finished"]
    assert line[-3:] == ["0.1", "0.5", "reproducible"]


@pytest.mark.usefixtures("runs")
def test_all_shows_what_does_not_differ_too() -> None:
    head = call(command, "--all", terminal=True, COLUMNS="40").stdout.splitlines()[0]
    assert {"params.seed", "code", "gaps"} <= set(head.split())


@pytest.mark.usefixtures("runs")
def test_what_has_no_room_is_said_on_stderr() -> None:
    result = call(command, terminal=True, COLUMNS="40")
    assert "took" not in result.stdout
    assert "no room for when, took" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 40


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("params.lr > 0.05", ["run-k"]),
        ("metrics.acc == nan", ["run-m"]),
        ("status == 'failed' and 'best' in tags and gaps", ["run-p"]),
        ("not dirty", ["run-p", "run-m", "run-k"]),
        ("started_at < '2026-01-31T08:01:30'", ["run-m", "run-k"]),
        ("id == 'mmmm'", ["run-m"]),
    ],
)
def test_an_expression_chooses_runs(expression: str, expected: list[str]) -> None:
    assert names(expression) == expected


@pytest.mark.usefixtures("runs")
def test_runs_are_sorted_by_a_key_with_missing_values_last() -> None:
    assert names("--sort", "-metrics.acc") == ["run-k", "run-m", "run-p"]
    assert names("--sort", "started_at") == ["run-k", "run-m", "run-p"]


@pytest.mark.usefixtures("runs")
def test_a_limit_cuts_and_says_how_many_more_there_are() -> None:
    result = call(command, "-n", "1")
    assert [row[1] for row in rows(result.stdout)[1:]] == ["run-p"]
    assert result.stderr == "… and 2 more: repro ls -n 0\n"


@pytest.mark.usefixtures("runs")
def test_a_limit_counts_after_the_filter() -> None:
    result = call(command, "params.lr == 0.01", "-n", "1")
    assert result.stderr == "… and 1 more: repro ls -n 0\n"


def test_only_a_terminal_has_a_limit_by_itself(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(repo, monkeypatch)
    for minute in range(21):
        found.put("klmnopqrstuvwxyz"[minute % 16], minute=minute)
    assert len(call(command).stdout.splitlines()) == 22
    result = call(command, terminal=True)
    assert len(result.stdout.splitlines()) == 21
    assert "… and 1 more" in result.stderr


@pytest.mark.usefixtures("runs")
def test_columns_are_chosen_by_key() -> None:
    header, first, *_ = rows(call(command, "-c", "exit_code, metrics,tags.best").stdout)
    assert header == ["id", "exit_code", "metrics.acc", "tags.best"]
    assert first[1:] == ["3", "", ""]


@pytest.mark.usefixtures("runs")
def test_a_terminal_shows_the_chosen_columns() -> None:
    head = call(command, "-c", "status,commit,metrics.acc", terminal=True).stdout.splitlines()[0]
    assert head.split() == ["run", "status", "commit", "metrics.acc"]


@pytest.mark.usefixtures("runs")
def test_json_is_an_array_of_whole_objects() -> None:
    found: list[dict[str, Any]] = json.loads(call(command, "--json").stdout)
    newest = found[0]
    assert newest["id"] == "20260131T080200-pppppppp"
    assert newest["ref"] == f"refs/repro/runs/{newest['id']}"
    assert newest["started_at"] == "2026-01-31T08:02:00Z"
    assert newest["params"] == {"lr": 0.01, "seed": 0, "x": "a\tb"}
    assert newest["tags"] == {"best": ""}
    assert newest["gaps"] == [{"kind": "data", "subject": "big.bin"}]
    assert (newest["status"], newest["exit_code"], newest["duration_s"]) == ("failed", 3, 30.0)
    assert found[1]["metrics"] == {"acc": "nan"}


def test_json_names_the_run_commit_and_the_commit_it_started_from(runs: Shelf) -> None:
    found = json.loads(call(command, "--json").stdout)[0]
    assert found["oid"] == runs.scratch.git("rev-parse", found["ref"]).strip()
    assert found["commit"] == runs.scratch.head()


def test_runs_of_one_commit_are_found_by_any_of_its_names(runs: Shelf) -> None:
    runs.scratch.write("new.py", "")
    runs.scratch.commit()
    runs.put("z", minute=9)
    assert names("--commit", "main") == ["run-z"]
    assert names("--commit", "HEAD~1") == ["run-p", "run-m", "run-k"]


@pytest.mark.usefixtures("runs")
def test_a_commit_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownRevisionError, match="git knows no revision 'nowhere'"):
        call(command, "--commit", "nowhere")


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "args", [("metrics.ac > 1",), ("--sort", "metrics.ac"), ("-c", "metrics.ac")]
)
def test_a_typo_names_the_nearest_key(args: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as caught:
        call(command, *args)
    assert caught.value.hint == "did you mean metrics.acc?"


@pytest.mark.usefixtures("runs")
def test_where_nothing_matches_that_is_said() -> None:
    result = call(command, "params.lr > 5")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no run matches, of 3\n"


def test_without_runs_it_says_how_to_begin(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(repo, monkeypatch)
    result = call(command)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "repro run -- python train.py" in result.stderr
    assert json.loads(call(command, "--json").stdout) == []


def test_outside_a_repository_it_is_an_error() -> None:
    with pytest.raises(NotARepositoryError):
        call(command)


def test_what_a_terminal_would_obey_is_not_passed_on(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch).put("k", params={"x\x1b[2J": "\x1b]0;evil\x07"}, metrics={"a\nb": 1})
    for terminal in (True, False):
        text = call(command, terminal=terminal).stdout
        assert not {"\x1b", "\x07"} & set(text)
        assert len(text.splitlines()) == 2


def test_params_too_large_for_a_summary_are_read_from_the_record(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {f"p{number}": "x" * 100 for number in range(400)}
    shelf(repo, monkeypatch).put("k", params=large)
    assert json.loads(call(command, "--json").stdout)[0]["params"] == large
    assert names("params.p399 == 'x'") == []


def test_a_ref_that_holds_no_run_is_a_warning(runs: Shelf) -> None:
    ref = "refs/repro/runs/20260131T090000-kkkkzzzz"
    runs.scratch.git("update-ref", ref, "HEAD")
    result = call(command)
    assert len(result.stdout.splitlines()) == 4
    assert result.stderr.startswith("warning: ")
    assert ref in result.stderr


def test_a_run_in_progress_is_listed_with_the_time_it_has_taken(runs: Shelf) -> None:
    with runs.running("n"):
        header, newest, *_ = rows(call(command).stdout)
        terminal = call(command, terminal=True).stdout
    found = dict(zip(header, newest, strict=True))
    assert (found["name"], found["status"]) == ("run-n", "running")
    assert "running " in terminal
