from tests.repos import Scratch


def complete(repo: Scratch, line: str) -> list[str]:
    """Returns what bash would offer at the end of a line."""
    words = line.split(" ")
    done = repo.run_cli(
        env={
            "_REPRO_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
    )
    return [row.partition(",")[2] for row in done.stdout.splitlines()]


def test_commands_are_completed(repo: Scratch) -> None:
    assert complete(repo, "repro ch") == ["checkout"]


def test_options_are_completed(repo: Scratch) -> None:
    assert complete(repo, "repro checkout --ke") == ["--keep"]


def test_runs_are_completed_by_name(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "-n", "baseline", "--", "true")

    assert complete(repo, "repro show ba") == ["baseline"]


def test_runs_are_completed_by_id(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", "true")
    letters = repo.runs()[0][-8:]

    assert letters in complete(repo, f"repro checkout {letters[:5]}")


def test_outside_a_repository_nothing_is_completed(repo: Scratch) -> None:
    outside = Scratch(repo.path.parent)

    assert "".join(complete(outside, "repro show b")) == ""


def test_branches_and_tags_are_completed_where_runs_are_listed(repo: Scratch) -> None:
    repo.git("branch", "feature/one")
    repo.git("tag", "v1.0")

    assert complete(repo, "repro ls fe") == ["feature/one"]
    assert complete(repo, "repro ls main..fe") == ["main..feature/one"]
    assert complete(repo, "repro ls main...v") == ["main...v1.0"]
    assert complete(repo, "repro ls ^ma") == ["^main"]
    assert complete(repo, "repro ls HEAD ^ma") == ["^main"]
    assert complete(repo, "repro ls --commit H") == ["HEAD"]
    assert "".join(complete(Scratch(repo.path.parent), "repro ls m")) == ""
