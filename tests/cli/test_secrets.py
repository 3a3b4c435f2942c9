"""The whole corpus planted at once: no secret is in any object, and each decoy is as it was."""

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from repro.secrets.redactor import REDACTED
from tests.repos import Scratch
from tests.secrets.corpus import DECOYS, SECRETS, Sample

PYTHON = sys.executable
ALL = (*SECRETS, *DECOYS)

_PROGRAM = """\
import json, os, pathlib

lines = json.loads(os.environ["PLANTED_LINES"])
print(*lines, sep="\\n", flush=True)
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/summary.txt").write_text("\\n".join(lines))
pathlib.Path("out/.env").write_text(os.environ["PLANTED_ENV"])
pathlib.Path(".env").read_text()
pathlib.Path("deploy_key").read_text()
"""


def of(place: str, samples: tuple[Sample, ...] = ALL) -> list[str]:
    """What is planted in a place."""
    return [sample.text for sample in samples if sample.place == place]


def secrets_of(*places: str) -> list[str]:
    return [sample.secret for sample in SECRETS if sample.place in places]


def notebook(lines: list[str]) -> str:
    outputs = [{"output_type": "stream", "text": [f"{line}\n"]} for line in lines]
    cells = [{"cell_type": "code", "source": [], "outputs": outputs}]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def plant_packages(site: Path, urls: list[str], *, editable: Path) -> None:
    """Makes a package for each URL that was installed from there, and an editable one."""
    origins: list[dict[str, object]] = [
        {"url": url, "vcs_info": {"vcs": "git", "commit_id": "0" * 40}} for url in urls
    ]
    origins.append({"url": editable.as_uri(), "dir_info": {"editable": True}})
    for number, origin in enumerate(origins):
        info = site / f"planted{number}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: planted{number}\nVersion: 1.0\n"
        )
        (info / "RECORD").write_text("")
        (info / "INSTALLER").write_text("pip\n")
        (info / "direct_url.json").write_text(json.dumps(origin))


class Planted(NamedTuple):
    """A repository with the corpus in it, after a run and a record of it."""

    scratch: Scratch
    environment: dict[str, str]
    words: list[str]
    message: str

    @property
    def objects(self) -> bytes:
        return self.scratch.git("cat-file", "--batch-all-objects", "--batch", binary=True)

    def shown(self, name: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.scratch.run_cli("show", "--json", name).stdout)
        return shown

    def file(self, path: str, run: str = "ran") -> str:
        return self.scratch.git("show", f"{self.shown(run)['ref']}:{path}")

    def names(self, run: str = "ran") -> list[str]:
        ref: str = self.shown(run)["ref"]
        return self.scratch.git("ls-tree", "-r", "--name-only", ref).splitlines()


@pytest.fixture
def planted(repo: Scratch, tmp_path: Path) -> Planted:
    repo.write("emit.py", _PROGRAM)
    repo.write("modified.py", "import os\n")
    repo.commit("before anything is planted")
    _plant_files(repo)
    remotes = of("remote-url")
    for number, url in enumerate(remotes):
        repo.git("remote", "add", f"remote{number}", url)
    outside = repo.copy(tmp_path / "outside")
    outside.git("remote", "add", "origin", remotes[0])
    plant_packages(tmp_path / "site", of("direct-url"), editable=outside.path)
    variables = [text.partition("=") for text in of("variable", SECRETS)]
    env = {
        **{name: value for name, _, value in variables},
        "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), *sys.path[1:])),
        "PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:128",
        "OMP_PROC_BIND": "close",
        "UV_OFFLINE": "1",
        "UV_INDEX_URL": of("index-url")[0],
        "PIP_EXTRA_INDEX_URL": " ".join(of("index-url")),
        "PLANTED_LINES": json.dumps(of("log")),
        "PLANTED_ENV": "\n".join(of("env-file")),
    }
    words = [word for text in of("argv") for word in text.split(" ")]
    message = "\n".join(of("message"))
    tag = ("--tag", f"note={of('message')[0]}")
    words = ["emit.py", *words]
    repo.run_cli("run", "-q", "-n", "ran", "-m", message, *tag, "--", PYTHON, *words, env=env)
    repo.run_cli("record", "-q", "-n", "stood", "-m", message, *tag, env=env)
    return Planted(repo, env, words, message)


def _plant_files(repo: Scratch) -> None:
    source = "\n".join(of("source")) + "\n"
    repo.write("new_source.py", source)
    repo.write("modified.py", f"import os\n{source}")
    repo.write("analysis.ipynb", notebook(of("notebook")))
    repo.write("params.yaml", "lr: 0.1\nlayers: 2\n" + "\n".join(of("params")) + "\n")
    repo.write(".env", "\n".join(of("env-file")) + "\n")
    for name, key in zip(("deploy_key", "id_rsa", "conf/host.pem"), of("key-file"), strict=True):
        repo.write(name, f"{key}\n")


def test_no_secret_is_in_any_object_and_each_decoy_is_where_it_was(planted: Planted) -> None:
    objects = planted.objects
    for digits in re.findall("[0-9a-f]{32,}", " ".join(sample.text for sample in DECOYS)):
        objects = objects.replace(digits.encode(), b"")  # the hashes of decoys are to stay
    assert len(planted.scratch.runs()) == 2
    found = [sample.id for sample in SECRETS if sample.secret.encode() in objects]
    assert found == []
    _decoys_are_unchanged(planted)
    _gaps_name_what_was_replaced(planted)
    _a_worktree_shows_marks(planted)
    done = planted.scratch.run_cli("doctor", "--secrets")
    assert done.stdout.endswith(" in 2 runs: no secrets found\n")


def _decoys_are_unchanged(planted: Planted) -> None:
    shown = planted.shown("ran")
    command = " ".join(shlex.split(shown["command"]))
    places = {
        "argv": [command],
        "message": [shown["message"]],
        "source": [planted.file("new_source.py"), planted.file("modified.py")],
        "notebook": [
            "\n".join(_printed(planted.file("analysis.ipynb"))),
            "\n".join(_printed(planted.file("analysis.ipynb", run="stood"))),
        ],
        "params": [planted.file("params.yaml")],
        "log": [planted.file(".repro/logs/output.txt"), _inline(planted, "summary.txt")],
        "direct-url": [planted.file(".repro/environment/environment.yaml")],
    }
    lost = [
        sample.id
        for sample in DECOYS
        for text in places.get(sample.place, ())
        if sample.text not in str(text)
    ]
    assert lost == []
    variables = planted.file(".repro/environment/environment.yaml")
    assert "max_split_size_mb:128" in variables
    assert "OMP_PROC_BIND: close" in variables


def _printed(text: str) -> list[str]:
    return [
        line for cell in json.loads(text)["cells"] for o in cell["outputs"] for line in o["text"]
    ]


def _inline(planted: Planted, name: str) -> str:
    (path,) = (path for path in planted.names() if path.endswith(name))
    return planted.file(path)


def _gaps_name_what_was_replaced(planted: Planted) -> None:
    gaps = planted.shown("ran")["gaps"]
    subjects = {gap["subject"] for gap in gaps if gap["kind"] == "secret"}
    assert subjects >= {
        *(".env", "deploy_key", "id_rsa", "conf/host.pem", "new_source.py", "modified.py"),
        *("analysis.ipynb", "params.yaml", "logs/output.txt", "message", "tag note"),
        *("out/summary.txt", "out/.env"),
    }
    names = [*planted.names("ran"), *planted.names("stood")]
    assert not [path for path in names if path.endswith((".env", "id_rsa", ".pem", "deploy_key"))]
    data = planted.shown("ran")["data"]
    assert not [entry for entry in data if entry["path"] in (".env", "deploy_key")]


def _a_worktree_shows_marks(planted: Planted) -> None:
    place = planted.scratch.path.parent / "worktree"
    planted.scratch.run_cli("checkout", "ran", "--worktree", str(place))
    text = (place / "new_source.py").read_text()
    assert len(REDACTED.findall(text)) >= len(secrets_of("source"))
    assert len(text.splitlines()) == len(of("source"))
    assert not (place / ".env").exists()
    assert json.loads((place / "analysis.ipynb").read_text())["nbformat"] == 4
