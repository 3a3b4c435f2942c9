"""Whatever part of a record holds a secret holds a mark instead, and a gap says so."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from repro.model.data import Artifact, Place
from repro.model.encode import encode_record
from repro.model.environment import LockFile, Package
from repro.model.gap import Gap, GapKind
from repro.model.run import Record
from repro.model.summary import render_message
from repro.record.redact import redact_record
from repro.secrets.redactor import REDACTED, Found, Redactor
from tests.compare.samples import environment, record, run

TOKEN = "ghp_" + "k3Jd82LmQx0ZvB7nYtR5wPcHs1FaGe9uXoTi"
URL = f"https://ann:{TOKEN}@example.org/simple"
REDACTOR = Redactor(b"key")


def of_run(**fields: Any) -> Record:
    return record(run=run(**fields)._asdict())


def of_environment(**fields: Any) -> Record:
    return record(environment=environment(**fields))


def inline(path: str, content: bytes) -> Record:
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    artifact = Artifact(path, digest, len(content), place=Place.GIT)
    return record(artifacts=(artifact,), inline={path: content})


def everything(of: Record) -> bytes:
    return b"\n".join(encode_record(of).values()) + render_message(of)


ENVIRONMENT = "environment/environment.yaml"
PARTS = {
    "message": (of_run(message=f"with {TOKEN}"), "message"),
    "name": (of_run(name=f"try-{TOKEN}"), "name"),
    "tag": (of_run(tags={"note": TOKEN}), "tag note"),
    "variable": (of_environment(variables={"XLA_FLAGS": f"--x={TOKEN}"}), "variable XLA_FLAGS"),
    "index": (of_environment(indexes=(URL,)), ENVIRONMENT),
    "origin": (of_environment(packages=(Package("a", "1", origin={"url": URL}),)), ENVIRONMENT),
    "remote": (
        of_environment(packages=(Package("a", "1", origin={"url": "file:///a", "remote": URL}),)),
        ENVIRONMENT,
    ),
    "module": (of_environment(modules=(f"/x/{TOKEN}/a.py",)), ENVIRONMENT),
    "runtime": (of_environment(runtime={"flags": TOKEN}), ENVIRONMENT),
    "drift": (of_environment(lock_files=(LockFile("uv.lock", (f"a: {URL}",)),)), ENVIRONMENT),
    "lock": (record(lock=f'url = "{URL}"\n'.encode()), "environment/pylock.toml"),
    "conda": (record(conda=f"{URL}\n".encode()), "environment/conda-explicit.txt"),
    "log": (record(output=f"login\n{TOKEN}\n".encode()), "logs/output.txt"),
    "noisy log": (record(output=f"\0\n{TOKEN}\n".encode()), "logs/output.txt"),
    "output": (inline("out/log.txt", f"one\n{TOKEN}\n".encode()), "out/log.txt"),
}


@pytest.mark.parametrize("name", PARTS)
def test_no_part_keeps_a_secret_and_each_has_one_gap(name: str) -> None:
    part, subject = PARTS[name]
    assert TOKEN.encode() in everything(part)
    clean = redact_record(part, REDACTOR)
    assert TOKEN.encode() not in everything(clean)
    assert REDACTED.search(everything(clean).decode())
    (gap,) = [gap for gap in clean.run.gaps if gap.kind is GapKind.SECRET]
    assert gap.subject == subject
    assert TOKEN not in str(gap)


def test_gaps_that_quote_what_others_said_quote_no_secrets() -> None:
    gap = Gap(GapKind.ENVIRONMENT, f"pip {URL}", f"said {TOKEN}", f"pip install {URL}")
    clean = redact_record(of_run(gaps=(gap,)), REDACTOR)
    assert TOKEN.encode() not in everything(clean)
    assert len(clean.run.gaps) == 1


def test_a_record_without_secrets_stays_as_it_is() -> None:
    whole = inline("out/a.txt", b"max_tokens: 512\n")._replace(
        output=b"epoch 1 loss 0.5\r\xff\x00\n",
        lock=b'[[packages]]\nname = "a"\nsha256 = "' + b"0123456789abcdef" * 4 + b'"\n',
        environment=environment(),
    )
    assert redact_record(whole, REDACTOR) == whole


def test_an_output_is_recorded_with_the_hash_of_what_is_kept() -> None:
    clean = redact_record(inline("log.txt", TOKEN.encode()), REDACTOR)
    (artifact,) = clean.artifacts
    kept = clean.inline["log.txt"]
    assert artifact.hash == hashlib.md5(kept, usedforsecurity=False).hexdigest()
    assert artifact.size_bytes == len(kept)


def test_a_private_key_that_a_run_wrote_is_not_kept() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"
    clean = redact_record(inline("out/host", key.encode()), REDACTOR)
    assert clean.artifacts == ()
    assert clean.inline == {}
    assert [gap.subject for gap in clean.run.gaps] == ["out/host"]


def test_what_is_redacted_is_not_redacted_again() -> None:
    once = redact_record(record(output=f"{TOKEN}\n".encode(), lock=URL.encode()), REDACTOR)
    assert redact_record(once, REDACTOR) == once


def test_equal_secrets_have_equal_marks_in_every_part() -> None:
    clean = redact_record(of_run(message=TOKEN, tags={"a": TOKEN}), REDACTOR)
    assert clean.run.message == clean.run.tags["a"] == REDACTOR.mark(TOKEN)


class Counting(Redactor):
    """Counts the files that it searches."""

    n_searched = 0

    def content(self, content: bytes) -> tuple[bytes, tuple[Found, ...]]:
        self.n_searched += 1
        return super().content(content)


@pytest.mark.parametrize(("content", "n_searched"), [(b"clean\n", 1), (URL.encode(), 3)])
def test_a_lock_that_is_clean_is_searched_once(
    tmp_path: Path, content: bytes, n_searched: int
) -> None:
    redactor = Counting(b"key")
    clean = [
        redact_record(record(lock=content), redactor, searched_dir=str(tmp_path / "searched"))
        for _ in range(3)
    ]
    assert redactor.n_searched == n_searched
    assert clean[0] == clean[1] == clean[2]


def test_a_mark_from_when_the_run_began_has_its_gap_too() -> None:
    clean = redact_record(of_run(message=f"with {REDACTOR.mark(TOKEN)}"), REDACTOR)
    assert [gap.subject for gap in clean.run.gaps] == ["message"]
    assert redact_record(clean, REDACTOR) == clean
