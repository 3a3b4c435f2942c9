"""The floors: what the same work costs at best, with git and Python and nothing else.

Each is a script of the commands that a careful person would type. git runs with its defaults, so
that a floor pays neither for syncing (repro syncs its refs and objects) nor for looking anything
up (repro finds the repository, reads params and metrics, and asks who the user is).
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Bench

__all__ = ["link_floor", "record_floor", "run_floor"]

_SNAPSHOT = """\
"$PYTHON" -c pass
cp -p .git/index .git/bench-index          # -p: its time must stay, or git misses edits
export GIT_INDEX_FILE=.git/bench-index
git add -A
tree=$(git write-tree)
unset GIT_INDEX_FILE
rm .git/bench-index
"""

_RUN = f"""\
set -e
{_SNAPSHOT}
"$TRUE"
cd "$FILES"
printf 'id: run-%s\\nname: quiet-river\\nstatus: finished\\ncommand: [true]\\n' "$NUMBER" > run.yaml
GIT_DIR=$OLDPWD/.git
export GIT_DIR
set -- $(printf '%s\\n' environment.yaml metrics.json params.yaml run.yaml |
    git hash-object -w --no-filters --stdin-paths)
environment=$(printf '100644 blob %s\\tenvironment.yaml\\n' "$1" | git mktree)
record=$(printf '040000 tree %s\\tenvironment\\n100644 blob %s\\tmetrics.json
100644 blob %s\\tparams.yaml\\n100644 blob %s\\trun.yaml\\n' \\
    "$environment" "$2" "$3" "$4" | git mktree)
tree=$({{ git ls-tree "$tree"; printf '040000 tree %s\\t.repro\\n' "$record"; }} | git mktree)
commit=$(echo "quiet-river: finished" | git commit-tree "$tree" -p HEAD)
git update-ref "refs/bench/$NUMBER" "$commit" ''
"""

_RECORD = f"""\
set -e
{_SNAPSHOT}"""

_LINK = """\
import json, os, sys
cache, directory_hash, worktree = sys.argv[1:]
made = set()
with open(f"{cache}/{directory_hash[:2]}/{directory_hash[2:]}") as file:
    for entry in json.load(file):
        target = f"{worktree}/data/{entry['relpath']}"
        parent = os.path.dirname(target)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        os.link(f"{cache}/{entry['md5'][:2]}/{entry['md5'][2:]}", target)
"""

_WORKTREE = """\
set -e
git worktree add --quiet --detach "$1" HEAD
"$PYTHON" "$LINK" "$CACHE" "$DIRECTORY_HASH" "$1"
"""

_FILES = {
    "environment.yaml": "".join(
        f"- {{name: package{number}, version: 1.{number}.0, record: {number:016x}}}\n"
        for number in range(60)
    ),
    "metrics.json": '{\n  "accuracy": 0.93,\n  "loss": 0.21\n}\n',
    "params.yaml": "lr: 0.1\nlayers: 2\nseed: 7\n",
}


def run_floor(bench: Bench, *, true: str) -> tuple[Sequence[str], dict[str, str]]:
    """Returns the command, and variables, that snapshot a tree, run `true`, and commit a record.

    It wants NUMBER in the environment, one that it was not given before.
    """
    files = bench.directory("floor-files")
    for name, text in _FILES.items():
        (files / name).write_text(text)
    variables = {"PYTHON": bench.python, "TRUE": true, "FILES": str(files)}
    return ("sh", str(_script(bench, "run.sh", _RUN))), variables


def record_floor(bench: Bench) -> tuple[Sequence[str], dict[str, str]]:
    """Returns the command, and variables, that write the tree of a working tree."""
    return ("sh", str(_script(bench, "record.sh", _RECORD))), {"PYTHON": bench.python}


def link_floor(
    bench: Bench, *, cache: Path, directory_hash: str
) -> tuple[Sequence[str], dict[str, str]]:
    """Returns the command, and variables, that add a worktree and link a data directory into it.

    Args:
        bench: Where.
        cache: DVC's, with the objects.
        directory_hash: Of the directory's manifest.
    """
    variables = {
        "PYTHON": bench.python,
        "LINK": str(_script(bench, "link.py", _LINK)),
        "CACHE": str(cache),
        "DIRECTORY_HASH": directory_hash,
    }
    return ("sh", str(_script(bench, "worktree.sh", _WORKTREE))), variables


def _script(bench: Bench, name: str, text: str) -> Path:
    directory = bench.scratch / "floors"
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(text)
    return path
