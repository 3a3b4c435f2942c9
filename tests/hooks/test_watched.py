"""The list of what makes a commit worth recording, held against git's own pathspecs."""

from pathlib import Path

from repro.git.repository import open_repository
from repro.hooks.watched import pathspecs_of, read_watched, refresh_watched
from repro.model.config import Config
from repro.model.ids import Oid
from repro.record.project import Project
from tests.repos import Scratch

ALWAYS = (
    *("params.yaml", "a/b/params.json", "metrics.json", "a/metrics.csv", "dvc.lock", "a/dvc.lock"),
    *("data.dvc", "a/b/c.csv.dvc", "dvclive/metrics.json", "a/dvclive/plots/metrics/loss/x.tsv"),
    *("dvc.yaml", "a/pyproject.toml", "a/.repro.yaml"),
)
NEVER = ("train.py", "a/train.py", "myparams.yaml", "params.yaml.bak", "docs/metrics.json.md")


def matched(repo: Scratch, config: Config, *paths: str, directory: str = ".") -> set[str]:
    """Returns which of some paths git takes for watched."""
    for path in paths:
        repo.write(path, "x")
    repo.git("add", "-A", "-f")
    specs = pathspecs_of(Project(directory, directory, config))
    return set(repo.git("ls-files", "--", *specs).splitlines()) & set(paths)


def test_conventional_files_are_watched_wherever_they_lie(repo: Scratch) -> None:
    assert matched(repo, Config(), *ALWAYS, *NEVER) == set(ALWAYS)


def test_configured_files_are_taken_literally(repo: Scratch) -> None:
    config = Config(params=("conf/[a].toml",), metrics=("out*.json",))
    found = matched(
        repo,
        config,
        "p/conf/[a].toml",
        "p/conf/a.toml",
        "p/out*.json",
        "p/outer.json",
        directory="p",
    )
    assert found == {"p/conf/[a].toml", "p/out*.json"}


def test_patterns_count_as_in_gitignore(repo: Scratch) -> None:
    config = Config(record_on=("models/*.onnx", "*.ckpt", "weights/", "/top.bin", "../up"))
    yes = ("models/a.onnx", "x/y.ckpt", "weights/a", "weights/b/c", "top.bin")
    no = ("models/a/b.onnx", "x/models/a.onnx", "x/top.bin", "up")
    assert matched(repo, config, *yes, *no) == set(yes)


def test_a_pattern_of_a_project_counts_from_its_directory(repo: Scratch) -> None:
    config = Config(record_on=("*.ckpt",))
    found = matched(repo, config, "p[1]/a.ckpt", "p1/a.ckpt", "a.ckpt", directory="p[1]")
    assert found == {"p[1]/a.ckpt"}


def test_the_list_holds_what_other_branches_need(repo: Scratch) -> None:
    repo.write("pyproject.toml", '[tool.repro]\nparams = ["one.toml"]\n')
    refresh_watched(open_repository(str(repo.path)))
    repo.write("pyproject.toml", '[tool.repro]\nparams = ["two.toml"]\n')
    repo.write("sub/dvc.yaml", "metrics:\n  - scores.json\nstages: {}\n")
    repo.write("broken/dvc.yaml", "stages: [")
    here = open_repository(str(repo.path))
    lines = refresh_watched(here)
    names = {line.partition(")")[2] for line in lines}
    assert names >= {"one.toml", "two.toml", "sub/scores.json", "**/params.yaml"}
    assert set(lines) == set(read_watched(here))


def test_settings_of_a_commit_count_though_they_are_others_on_disk(repo: Scratch) -> None:
    repo.write("pyproject.toml", '[tool.repro]\nparams = ["committed.toml"]\n')
    head = repo.commit()
    (repo.path / "pyproject.toml").unlink()
    lines = refresh_watched(open_repository(str(repo.path)), Oid(head))
    assert ":(top,literal)committed.toml" in lines


def test_a_list_that_grew_too_long_begins_anew(repo: Scratch) -> None:
    here = open_repository(str(repo.path))
    old = "".join(f":(top,literal)old-{number}\n" for number in range(600))
    path = Path(here.state_dir) / "hooks" / "watched"
    path.parent.mkdir(parents=True)
    path.write_text(old)
    assert len(refresh_watched(here)) < 100


def test_without_a_list_the_conventions_hold(repo: Scratch) -> None:
    assert ":(top,glob)**/params.yaml" in read_watched(open_repository(str(repo.path)))
