"""Records that cannot be read, or that belong to something else."""

import re

import pytest

from repro.fsck.problem import Kind
from repro.model.data import Artifact, Place
from tests.fsck.broken import Ward


def rewrite(ward: Ward, path: str, text: str | None) -> None:
    """Replaces a file in the commit of run l; None drops it."""
    index = {"GIT_INDEX_FILE": str(ward.git_dir / "other-index")}
    git = ward.scratch.git
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_INDEX_FILE", index["GIT_INDEX_FILE"])
        git("read-tree", ward.ref("l"))
        if text is None:
            git("update-index", "--force-remove", path)
        else:
            blob = git("hash-object", "-w", "--stdin", input=text)
            git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = git("write-tree")
    body = git("cat-file", "commit", ward.ref("l"))
    body = body.replace(ward.oid(f"{ward.ref('l')}^{{tree}}"), tree)
    commit = git("hash-object", "-t", "commit", "-w", "--stdin", input=f"{body}\n")
    git("update-ref", ward.ref("l"), commit)


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (".repro/run.yaml", "a: [\n", "run.yaml"),
        (".repro/params.yaml", None, "params.yaml: is missing"),
        (".repro/metrics.json", "{", "metrics.json: not JSON"),
        (".repro/environment/environment.yaml", "- 1\n", "environment.yaml"),
        (".repro/data.yaml", "x: y\n", "data.yaml"),
        (".repro/artifacts.yaml", "x: y\n", "artifacts.yaml"),
        (".repro/history/loss.tsv", "one\n", "loss.tsv: not lines of"),
        (".repro/system.tsv", "time_s\tcpu\n1\tx\n", "system.tsv: line 2 is not a time and 1"),
        ("train.py", "other code\n", "its files are not those that its record names"),
    ],
)
def test_a_record_that_is_wrong_is_found(
    ward: Ward, path: str, text: str | None, reason: str
) -> None:
    rewrite(ward, path, text)
    (problem,) = ward.problems()
    assert problem.kind is Kind.RECORD
    assert reason in problem.reason
    assert problem.runs == (ward.ids["l"],)


def test_a_newer_record_names_the_upgrade(ward: Ward) -> None:
    text = ward.scratch.git("show", f"{ward.ref('l')}:.repro/run.yaml")
    rewrite(
        ward,
        ".repro/run.yaml",
        re.sub("^format: .*", "format: 99", text, flags=re.MULTILINE) + "\n",
    )
    (problem,) = ward.problems()
    assert problem.hint.startswith("pip install --upgrade")


def test_a_record_of_another_run_is_found(ward: Ward) -> None:
    text = ward.scratch.git("show", f"{ward.ref('k')}:.repro/run.yaml")
    rewrite(ward, ".repro/run.yaml", f"{text}\n")
    reasons = {problem.reason for problem in ward.problems()}
    assert f"its record is that of another run, {ward.ids['k']}" in reasons


def test_an_output_that_its_commit_lacks_is_found(ward: Ward) -> None:
    artifact = Artifact("out/plot.txt", "a" * 32, 3, place=Place.GIT)
    ward.shelf.put("n", minute=9, artifacts=(artifact,), inline={})
    (problem,) = ward.problems()
    assert problem.reason == "the output out/plot.txt is not in its commit"
