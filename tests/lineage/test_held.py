"""Which runs already are a commit."""

from repro.git.repository import open_repository
from repro.lineage.held import candidates_for, held_runs
from repro.model.ids import Oid, short_id
from repro.model.values import Number, Value
from tests.repos import Scratch


def held(
    repo: Scratch,
    commit: str,
    *,
    params: dict[str, Value] | None = None,
    metrics: dict[str, Number] | None = None,
) -> list[str]:
    """Returns the letters of the runs that a commit is, of those that begin at its parent."""
    here = open_repository(str(repo.path))
    parents = [Oid(oid) for oid in repo.git("show", "-s", "--format=%P", commit).split()]
    runs = candidates_for(here, parents, metrics=metrics)
    found = held_runs(here, Oid(commit), runs, params=params, metrics=metrics)
    return [short_id(run) for run in found]


def run(repo: Scratch, program: str) -> str:
    """Runs a program under `repro run`, and returns the run's letters."""
    (repo.path.parent / "program.py").write_text(program)
    repo.run_cli("run", "-q", "--", "python3", "../program.py")
    return repo.runs()[-1].rpartition("-")[2]


WRITE = "open('result.txt', 'w').write('done')\n"


def test_a_run_is_the_commit_that_holds_what_it_made(repo: Scratch) -> None:
    letters = run(repo, WRITE)
    assert held(repo, repo.commit()) == [letters]


def test_something_else_in_place_of_an_output_is_not_the_run(repo: Scratch) -> None:
    run(repo, WRITE)
    repo.write("result.txt", "edited")
    assert held(repo, repo.commit()) == []


def test_a_file_that_the_run_did_not_make_is_not_the_runs(repo: Scratch) -> None:
    run(repo, WRITE)
    repo.write("helper.py", "1")
    assert held(repo, repo.commit()) == []


def test_an_older_output_that_stayed_in_the_commit_is_not_the_run(repo: Scratch) -> None:
    repo.write("result.txt", "before")
    repo.write("note.txt", "1")
    repo.commit()
    repo.write("note.txt", "2")
    run(repo, WRITE)
    repo.git("add", "note.txt")
    repo.git("commit", "-q", "-m", "without the result")
    assert held(repo, repo.head()) == []


def test_what_the_commit_deleted_the_run_must_not_have(repo: Scratch) -> None:
    run(repo, WRITE)
    (repo.path / "train.py").unlink()
    assert held(repo, repo.commit()) == []


def test_a_large_output_is_known_by_its_hash(repo: Scratch) -> None:
    letters = run(repo, "open('weights.bin', 'wb').write(bytes(range(256)) * 1000)\n")
    commit = repo.commit()
    assert held(repo, commit) == [letters]
    repo.write("weights.bin", b"other" * 51200)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--amend", "-m", "edited")
    assert held(repo, repo.head()) == []


def test_another_mode_is_other_code(repo: Scratch) -> None:
    run(repo, WRITE)
    (repo.path / "train.py").chmod(0o755)
    assert held(repo, repo.commit()) == []


def test_values_that_contradict_the_run_are_anothers(repo: Scratch) -> None:
    repo.write("params.yaml", "lr: 0.5\n")
    letters = run(repo, "open('metrics.json', 'w').write('{\"acc\": 1}')\n")
    commit = repo.commit()
    assert held(repo, commit, params={"lr": 0.5}, metrics={"acc": 1}) == [letters]
    assert held(repo, commit, params={"lr": 0.6}) == []
    assert held(repo, commit, metrics={"acc": 2}) == []


def test_a_run_that_began_elsewhere_is_found_by_its_metrics(repo: Scratch) -> None:
    letters = run(repo, "open('metrics.json', 'w').write('{\"acc\": 1}')\n")
    repo.commit()
    repo.git("commit", "-q", "--allow-empty", "-m", "between")
    assert held(repo, repo.commit(), metrics={"acc": 1}) == [letters]
    assert held(repo, repo.head()) == []
