"""Pointers: what ``*.dvc``, ``dvc.lock`` and ``dvc.yaml`` say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.data.pipeline import parse_pipeline
from repro.data.pointers import Pointer, PointerError, Role, is_pointer, parse_pointers
from tests.repos import Scratch

A, B = "a" * 32, "b" * 32

LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data
      hash: md5
      md5: {A}.dir
      size: 10
      nfiles: 2
    params:
      params.yaml:
        lr: 0.1
    outs:
    - path: ../model.pkl
      hash: md5
      md5: {B}
      size: 7
  train@0: {{cmd: x}}
""".encode()

yaml_like = st.recursive(
    st.sampled_from(["a", "~", "1", "&x b", "*x", "!t c", "'", "2020-99-99", "0b", "on", "{", A]),
    lambda below: st.one_of(
        st.lists(below, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(
            st.sampled_from("outs deps stages schema path md5 files << metrics params do".split()),
            below,
            max_size=4,
        ).map(lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"),
    ),
    max_leaves=12,
)


def one(content: str, path: str = "data.dvc") -> Pointer:
    [pointer] = parse_pointers(path, content.encode())
    return pointer


def test_what_dvc_wrote_is_read(dvc_repo: Scratch) -> None:
    path = "data/many.dvc"
    [pointer] = parse_pointers(path, (dvc_repo.path / path).read_bytes())
    expected = Pointer("data/many", "md5", pointer.hash, 26, path, n_files=4)
    assert (pointer, pointer.is_directory) == (expected, True)


def test_a_lock_names_deps_and_outs_of_its_stages() -> None:
    data, model = parse_pointers("sub/dvc.lock", LOCK)
    assert data == Pointer(
        "sub/data", "md5", f"{A}.dir", 10, "sub/dvc.lock", Role.DEP, "train", n_files=2
    )
    assert model == Pointer("model.pkl", "md5", B, 7, "sub/dvc.lock", Role.OUT, "train")


def test_a_lock_of_schema_1_is_all_stages() -> None:
    content = f"train:\n  cmd: x\n  outs:\n  - path: m\n    md5: {A}\n".encode()
    [pointer] = parse_pointers("dvc.lock", content)
    assert (pointer.path, pointer.stage, pointer.hash_name) == ("m", "train", "md5-dos2unix")


def test_a_hash_without_a_name_is_dvc_2s() -> None:
    assert one(f"outs:\n- md5: {A}\n  path: x\n").hash_name == "md5-dos2unix"


@pytest.mark.parametrize(
    ("pointer_path", "wdir", "path", "expected"),
    [
        ("x.dvc", ".", "x", "x"),
        ("a/x.dvc", "..", "x", "x"),
        ("a/x.dvc", "../b", "c/x", "b/c/x"),
        ("a/x.dvc", ".", "/abs/x", "/abs/x"),
        ("a/x.dvc", ".", "../../x", "../x"),
    ],
)
def test_a_path_counts_from_the_working_directory(
    pointer_path: str, wdir: str, path: str, expected: str
) -> None:
    content = f"wdir: {wdir}\nouts:\n- md5: {A}\n  path: {path}\n"
    assert one(content, pointer_path).path == expected


def test_an_import_gives_its_out_only() -> None:
    content = (
        f"deps:\n- path: x\n  repo:\n    url: https://example.org/r\n    rev_lock: {A}\n"
        f"outs:\n- md5: {A}\n  path: y\n  hash: md5\n"
    )
    assert (one(content).path, one(content).is_import) == ("y", True)


@pytest.mark.parametrize("path", ["on", "1_000", "2024-01-01", "0x1f", "no", "1e3", "é"])
def test_a_path_is_text_whatever_yaml_1_1_makes_of_it(path: str) -> None:
    assert one(f"outs:\n- md5: {A}\n  path: {path}\n").path == path


def test_a_directory_in_a_versioned_remote_has_the_hash_of_its_files() -> None:
    content = (
        "outs:\n- path: d\n  hash: md5\n  files:\n"
        f"  - relpath: b\n    md5: {B}\n  - relpath: a\n    md5: {A}\n"
    )
    assert one(content).is_directory


def test_an_out_that_was_never_hashed_has_no_hash() -> None:
    assert one("outs:\n- path: x\n").hash is None


def test_what_lies_on_another_machine_is_left_out() -> None:
    assert parse_pointers("x.dvc", f"outs: [{{path: 's3://b/x', md5: {A}}}]".encode()) == ()


@pytest.mark.parametrize(
    "item",
    [
        "{path: x, etag: abc}",
        "{path: x, checksum: c}",
        "{path: x, version_id: '1'}",
        "{path: x, files: [{relpath: a, version_id: '1'}]}",
    ],
)
def test_what_md5_does_not_name_has_no_hash(item: str) -> None:
    [pointer] = parse_pointers("x.dvc", f"outs: [{item}]".encode())
    assert (pointer.path, pointer.hash) == ("x", None)


@pytest.mark.parametrize(
    ("stage", "name", "expected"),
    [
        ("train: {wdir: work}", "train", "sub/work/x"),
        ("train: {wdir: ..}", "train", "x"),
        ("train: {cmd: y}", "train", "sub/x"),
        ("train: {wdir: '${place}'}", "train", "sub/here/x"),
        ("train: {wdir: '${unknown}'}", "train", None),
        ("train: {foreach: [a, b], do: {wdir: '${item}'}}", "train@b", "sub/b/x"),
        ("train: {foreach: {k: {d: e}}, do: {wdir: '${key}/${item.d}'}}", "train@k", "sub/k/e/x"),
        ("train: {foreach: [{d: e}], do: {wdir: '${item.d}'}}", "train@0", "sub/e/x"),
        ("train: {foreach: '${list}', do: {wdir: work}}", "train@a", "sub/work/x"),
        ("train: {foreach: '${list}', do: {wdir: '${item}'}}", "train@a", None),
        ("train: {matrix: {m: [a, b], n: ['1']}, wdir: '${item.m}'}", "train@b-1", "sub/b/x"),
    ],
)
def test_a_path_in_a_lock_counts_from_where_its_stage_runs(
    stage: str, name: str, expected: str | None
) -> None:
    lock = f"schema: '2.0'\nstages:\n  {name}:\n    outs:\n    - {{path: x, md5: {A}}}\n"
    pipeline = f"vars: [{{place: here}}]\nstages:\n  {stage}\n"
    found = parse_pointers("sub/dvc.lock", lock.encode(), pipeline=pipeline.encode())
    assert [pointer.path for pointer in found] == ([] if expected is None else [expected])


def test_a_broken_pipeline_is_an_error_of_its_own() -> None:
    with pytest.raises(PointerError) as caught:
        parse_pointers("dvc.lock", b"schema: '2.0'\nstages: {}", pipeline=b"wdir: [")
    assert caught.value.file == "dvc.yaml"


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"outs:\n", b"stages: {}", b"schema: '2.0'", b"stages:"]
)
def test_a_file_that_says_nothing_has_no_pointers(content: bytes) -> None:
    assert parse_pointers("dvc.lock", content) == ()
    assert parse_pointers("x.dvc", content) == ()


def test_an_error_names_file_and_line() -> None:
    with pytest.raises(PointerError) as caught:
        parse_pointers("a/x.dvc", b"outs:\n- path: x\n  <<<<<<< HEAD\n")
    assert (caught.value.file, caught.value.line) == ("a/x.dvc", 4)
    assert "a/x.dvc:4" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "content",
    [
        b"- a",
        b"text",
        b"outs: [a]",
        b"outs: 3",
        b"outs: [{md5: x, path: y}]",
        b"outs: [{path: ''}]",
        b"a: b: c",
        b"\xff\xfe\xff",
        b"a: *unknown",
        b"a: &a [*a]",
        b"[" * 100_000,
        b"- " * 100_000,
        b"{? [a] : b}",
    ],
)
def test_a_malformed_file_is_refused(content: bytes) -> None:
    with pytest.raises(PointerError):
        parse_pointers("x.dvc", content)


def test_a_yaml_bomb_does_not_go_off() -> None:
    lines = ["a0: &a0 {path: x}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 40)]
    lines += ["outs: [*a39]"]
    with pytest.raises(PointerError):
        parse_pointers("x.dvc", "\n".join(lines).encode())


@given(st.binary(max_size=60) | yaml_like.map(str.encode))
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    for parse in (
        lambda: parse_pointers("dvc.lock", content),
        lambda: parse_pointers("x.dvc", content),
        lambda: parse_pipeline("dvc.yaml", content),
    ):
        try:
            parse()
        except PointerError:
            continue


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("dvc.lock", True),
        ("a/dvc.lock", True),
        ("a/x.dvc", True),
        (".dvc/config", False),
        (".dvc", False),
        ("a/.dvc/tmp/x.dvc", False),
        ("dvc.yaml", False),
    ],
)
def test_pointers_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_pointer(path) is expected
