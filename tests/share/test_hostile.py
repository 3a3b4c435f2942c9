"""Whoever can push can write anything: what is not sound is not taken, and the rest is."""

from pathlib import Path

import pytest

from repro.model.encode import encode_record
from repro.model.event import EventKind
from repro.model.ids import Oid, RunId, archive_ref, run_ref
from repro.model.summary import render_message
from repro.model.values import Metric
from repro.share import trees
from repro.store.archive import encode_segment
from repro.store.listing import known_runs
from repro.store.log import Word, append_events
from repro.store.writer import current_writer
from tests.share.clones import Clone, Lab
from tests.store.conftest import START

_GOOD = "z"


def _refused(lab: Lab, run: RunId) -> str:
    """Plants all that alice has beside a good run; returns why bob did not take the one."""
    good = lab.alice.put(_GOOD, minute=9)
    lab.alice.plant()
    pulled = lab.bob.pull()
    assert list(pulled.runs) == [good], "the rest is taken"
    assert lab.bob.scratch.runs() == [run_ref(good)]
    assert lab.bob.scratch.refs("refs/repro/incoming/") == {}
    assert list(pulled.refused) == [run]
    return pulled.refused[run]


def _tree(clone: Clone, *rows: str) -> str:
    return clone.scratch.git("mktree", "--missing", input="".join(f"{row}\n" for row in rows))


def _blob(clone: Clone, text: str) -> str:
    return clone.scratch.git("hash-object", "-w", "--stdin", input=text)


def _raw_tree(clone: Clone, *entries: tuple[str, str, str]) -> str:
    """Writes a tree that git itself would not make."""
    content = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries
    )
    path = Path(clone.scratch.path.parent / "tree")
    path.write_bytes(content)
    return clone.scratch.git("hash-object", "-w", "-t", "tree", "--literally", str(path))


def _with_entry(clone: Clone, mode: str, name: str, oid: str) -> str:
    """Returns a run's whole tree with one more entry, which git would not let in."""
    run = clone.forge("k")
    root = clone.scratch.git("rev-parse", f"{run_ref(run)}^{{tree}}")
    rows = clone.scratch.git("ls-tree", root).splitlines()
    entries = []
    for row in rows:
        head, _, path = row.partition("\t")
        old_mode, _, old = head.split(" ")
        entries.append((old_mode.lstrip("0"), path, old))
    clone.scratch.git("update-ref", "-d", run_ref(run))
    return _raw_tree(clone, *entries, (mode, name, oid))


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "git~1", ".git ", "a/b", ".g\u200cit", "."])
def test_a_path_that_leads_elsewhere(lab: Lab, name: str) -> None:
    tree = _with_entry(lab.alice, "100644", name, _blob(lab.alice, "x"))
    assert "may be called" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_path_that_leads_elsewhere_deep_in_the_tree(lab: Lab) -> None:
    bad = _raw_tree(lab.alice, ("100644", "..", _blob(lab.alice, "x")))
    deep = _tree(lab.alice, f"040000 tree {bad}\tsub")
    tree = _with_entry(lab.alice, "40000", "zz", deep)
    assert "may be called" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_two_files_of_one_name(lab: Lab) -> None:
    tree = _with_entry(lab.alice, "100644", "train.py", _blob(lab.alice, "x"))
    assert "two files are called" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_record_that_is_a_link(lab: Lab) -> None:
    link = _blob(lab.alice, "/etc")
    tree = _tree(lab.alice, f"120000 blob {link}\t.repro")
    assert "no directory" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_link_within_the_record(lab: Lab) -> None:
    run = lab.alice.forge("k")
    scratch = lab.alice.scratch
    link = _blob(lab.alice, "/etc/passwd")
    record = scratch.git("ls-tree", f"{run_ref(run)}:.repro")
    below = _tree(lab.alice, *record.splitlines(), f"120000 blob {link}\tzz")
    rows = scratch.git("ls-tree", run_ref(run)).splitlines()
    rows = [row for row in rows if not row.endswith("\t.repro")]
    tree = _tree(lab.alice, *rows, f"040000 tree {below}\t.repro")
    scratch.git("update-ref", "-d", run_ref(run))
    assert "is no file" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_link_out_of_the_tree_is_noted_and_taken(lab: Lab) -> None:
    scratch = lab.alice.scratch
    (scratch.path / "data").symlink_to("/srv/data")
    scratch.commit("a link")
    run = lab.alice.put("k")
    lab.alice.plant()

    pulled = lab.bob.pull()

    assert list(pulled.runs) == [run]
    assert "'data'" in pulled.notes[run][0]


def test_no_record_at_all(lab: Lab) -> None:
    tree = lab.alice.scratch.git("write-tree")
    assert "no record" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_record_that_claims_anothers_id(lab: Lab) -> None:
    run = lab.alice.record("k").run.id
    lab.alice.forge("l", record=lab.alice.record("l", minute=1), ref=run_ref(run))
    assert "its commit is that of another run" in _refused(lab, run)


def test_a_record_that_says_another_id_than_its_commit(lab: Lab) -> None:
    other = encode_record(lab.alice.record("l", minute=1))["run.yaml"]
    reason = _refused(lab, lab.alice.forge("k", files={"run.yaml": other}))
    assert "claims to be another run" in reason


def test_a_summary_that_boasts(lab: Lab) -> None:
    record = lab.alice.record("k")
    boast = render_message(record._replace(metrics={"acc": Metric(1.0)}))
    assert "differ in metrics" in _refused(lab, lab.alice.forge("k", message=boast))


def test_a_tree_that_is_not_the_records(lab: Lab) -> None:
    record = lab.alice.record("k")
    lab.alice.scratch.write("train.py", "import os; os.system('rm -rf ~')\n")
    lab.alice.scratch.git("add", "train.py")
    swapped = lab.alice.scratch.git("write-tree")
    lab.alice.forge("k", record=record)
    record_tree = lab.alice.scratch.git("rev-parse", f"{run_ref(record.run.id)}:.repro")
    rows = lab.alice.scratch.git("ls-tree", swapped).splitlines()
    tree = _tree(lab.alice, *rows, f"040000 tree {record_tree}\t.repro")
    assert "not the one that its record names" in _refused(lab, lab.alice.forge("k", tree=tree))


def test_a_commit_begun_from_elsewhere(lab: Lab) -> None:
    record = lab.alice.record("k")
    lab.alice.scratch.commit("later")
    code = record.run.code._replace(commit=None)
    orphan = record._replace(run=record.run._replace(code=code))
    assert "another commit" in _refused(
        lab, lab.alice.forge("k", files={"run.yaml": encode_record(orphan)["run.yaml"]})
    )


def test_a_yaml_bomb(lab: Lab) -> None:
    bomb = b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n".encode()
    assert "aliases" in _refused(lab, lab.alice.forge("k", files={"params.yaml": bomb}))


def test_a_file_of_zeros(lab: Lab) -> None:
    zeros = b"\0" * (20 << 20)
    reason = _refused(lab, lab.alice.forge("k", files={"params.yaml": zeros}))
    assert "20,971,520 bytes" in reason


def test_a_huge_file_in_the_code(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.alice.scratch.write("weights.bin", b"\0" * 5_000_000)
    lab.alice.scratch.commit("weights")
    run = lab.alice.put("k")
    lab.alice.scratch.git("reset", "--quiet", "--hard", "HEAD~")
    monkeypatch.setattr(trees, "MAX_BLOB_BYTES", 1_000_000)
    assert "5,000,000 bytes" in _refused(lab, run)


def test_a_tree_that_names_itself_a_billion_times(lab: Lab) -> None:
    clone = lab.alice
    oid = _tree(clone, f"100644 blob {_blob(clone, 'x')}\tx")
    for _ in range(12):
        oid = _tree(clone, *(f"040000 tree {oid}\t{name}" for name in "abcdefghij"))
    tree = _with_entry(clone, "40000", "zz", oid)
    assert "more than 2,000,000 files" in _refused(lab, clone.forge("k", tree=tree))


def test_a_tree_without_a_bottom(lab: Lab) -> None:
    clone = lab.alice
    oid = _tree(clone, f"100644 blob {_blob(clone, 'x')}\tx")
    for _ in range(250):
        oid = _tree(clone, f"040000 tree {oid}\ta")
    tree = _with_entry(clone, "40000", "zz", oid)
    assert "nested deeper" in _refused(lab, clone.forge("k", tree=tree))


def test_a_newer_record(lab: Lab) -> None:
    record = lab.alice.record("k")
    message = render_message(record._replace(run=record.run._replace(format=99)))
    assert "newer than this repro reads" in _refused(lab, lab.alice.forge("k", message=message))


def test_a_path_in_the_data_that_leads_out(lab: Lab) -> None:
    files = {"data.yaml": b"- {path: ../../.ssh/id, hash: " + b"ab" * 16 + b", size: 1}\n"}
    assert "leads out" in _refused(lab, lab.alice.forge("k", files=files))


def test_a_ref_that_names_no_run(lab: Lab) -> None:
    head = lab.alice.scratch.head()
    for ref in ("refs/repro/runs/x", "refs/repro/log/x", "refs/repro/archive/y"):
        lab.alice.scratch.git("update-ref", ref, head)
    good = lab.alice.put(_GOOD)
    lab.alice.plant()

    pulled = lab.bob.pull()

    assert list(pulled.runs) == [good]
    assert len(pulled.refused) == 3


def _archive(clone: Clone, segment: bytes, *runs: RunId) -> None:
    """Writes an archive of one segment, whatever it says."""
    blob = _blob(clone, segment.decode())
    tree = _tree(clone, f"100644 blob {blob}\t000001.jsonl")
    oids = [clone.scratch.git("rev-parse", run_ref(run)) for run in runs]
    flags = [word for oid in oids for word in ("-p", oid)]
    commit = clone.scratch.git("commit-tree", tree, *flags, "-m", "fold")
    clone.scratch.git("update-ref", archive_ref(current_writer(clone.repo)), commit)
    for run in runs:
        clone.scratch.git("update-ref", "-d", run_ref(run))


def _summary(clone: Clone, run: RunId) -> bytes:
    text = clone.scratch.git("log", "-1", "--format=%B", run_ref(run))
    return text.rpartition("Repro-Summary: ")[2].strip().encode()


def test_an_archive_whose_lines_lie_is_not_taken_but_its_good_runs_are(lab: Lab) -> None:
    alice = lab.alice
    good, bad = alice.put_many(2)
    rows = []
    for run in (good, bad):
        oid = Oid(alice.scratch.git("rev-parse", run_ref(run)))
        text = _summary(alice, run)
        rows.append((oid, text.replace(b"run-lk", b"golden") if run == bad else text))
    _archive(alice, encode_segment(rows), good, bad)
    alice.plant()

    pulled = lab.bob.pull()

    assert list(pulled.runs) == [good]
    assert "something else of it than its commit" in pulled.refused[bad]
    assert lab.bob.scratch.refs("refs/repro/archive/") == {}


def test_an_archive_that_lists_what_it_does_not_keep(lab: Lab) -> None:
    alice = lab.alice
    kept, other = alice.put_many(2)
    rows = [(Oid(alice.scratch.git("rev-parse", run_ref(other))), _summary(alice, other))]
    _archive(alice, encode_segment(rows), kept)
    alice.plant()

    pulled = lab.bob.pull()

    assert list(pulled.runs) == [other]
    assert "not those of the runs" in next(iter(pulled.refused.values()))


def test_an_archive_that_drops_what_is_known_of_it(lab: Lab) -> None:
    lab.alice.put_many(2)
    lab.alice.fold()
    lab.alice.push()
    lab.bob.pull()
    before = lab.bob.scratch.refs("refs/repro/")
    ref = archive_ref(current_writer(lab.alice.repo))
    run = lab.alice.put("w", minute=5)
    lab.alice.scratch.git("update-ref", "-d", ref)
    lab.alice.fold()
    lab.alice.scratch.git("push", "--quiet", "--force", "origin", f"{ref}:{ref}")

    pulled = lab.bob.pull()

    assert "does not continue" in pulled.refused[ref]
    assert run not in {known.id for known in known_runs(lab.bob.repo)}
    assert lab.bob.scratch.refs("refs/repro/") == before


def test_a_log_that_hides_our_runs_in_our_name(lab: Lab) -> None:
    run = lab.bob.put("k")
    lab.bob.fold()
    lab.bob.push()
    name = current_writer(lab.bob.repo)
    lab.alice.pull()
    path = Path(f"{lab.alice.repo.state_dir}/writer")
    own = current_writer(lab.alice.repo)
    path.write_text(f"{name}\n")
    append_events(lab.alice.repo, [Word(EventKind.REMOVE, run)], now=START, author=None)
    lab.alice.scratch.git("update-ref", f"refs/repro/log/{own}", f"refs/repro/log/{name}")
    lab.alice.scratch.git("update-ref", "-d", f"refs/repro/log/{name}")
    lab.alice.plant()

    pulled = lab.bob.pull()

    assert "hide runs" in pulled.refused[f"refs/repro/log/{own}"]
    assert [known.id for known in known_runs(lab.bob.repo)] == [run]
