"""What is installed against what was recorded: versions, digests, and the bytes of every file."""

import os
import shutil
import time
from pathlib import Path

import pytest

from repro.environment.packages import scan_packages
from repro.model.environment import Package
from repro.rebuild.verify import compare, damaged_files, edited_since, site_directories
from tests.environment.pythons import install, make_venv
from tests.rebuild.wheels import make_wheel


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("verify")
    wheels = [make_wheel(base / "wheels", "alpha"), make_wheel(base / "wheels", "beta-two", "2.0")]
    install(make_venv(base / "venv"), *map(str, wheels))
    return base / "venv"


@pytest.fixture
def prefix(_template: Path, tmp_path: Path) -> Path:
    """An environment of two packages, the test's own."""
    shutil.copytree(_template, tmp_path / "venv", symlinks=True)
    return tmp_path / "venv"


def _site(prefix: Path) -> Path:
    (found,) = site_directories(str(prefix))
    return Path(found)


def _recorded(prefix: Path) -> dict[str, Package]:
    return {package.name: package for package in scan_packages(site_directories(str(prefix)))}


def test_all_that_was_recorded_is_identical(prefix: Path) -> None:
    found = compare(list(_recorded(prefix).values()), str(prefix))

    assert (found.n_packages, found.n_identical) == (2, 2)
    assert (found.differences, found.damaged) == ((), {})


def test_a_package_is_missing_another_version_or_too_many(prefix: Path) -> None:
    recorded = _recorded(prefix)
    wanted = [recorded["alpha"]._replace(version="1.1"), Package("gamma", "3.0", "0" * 64)]

    found = compare(wanted, str(prefix))

    assert (found.n_packages, found.n_identical) == (2, 0)
    assert [(d.subject, d.reason) for d in found.differences] == [
        ("alpha==1.1", "version 1.0 is installed"),
        ("gamma==3.0", "not installed"),
        ("beta-two==2.0", "installed here, and not in the run"),
    ]


def test_another_build_of_the_version_is_told_by_its_digest(prefix: Path) -> None:
    recorded = _recorded(prefix)
    wanted = [recorded["alpha"]._replace(record="0" * 64), recorded["beta-two"]]

    found = compare(wanted, str(prefix))

    assert (found.n_packages, found.n_identical) == (2, 1)
    (difference,) = found.differences
    assert difference.reason == "another build of the same version: its files differ"


def test_names_are_compared_as_indexes_do(prefix: Path) -> None:
    recorded = _recorded(prefix)
    wanted = [recorded["alpha"], recorded["beta-two"]._replace(name="Beta_Two")]

    assert compare(wanted, str(prefix)).differences == ()


def test_a_package_without_a_digest_is_not_counted(prefix: Path) -> None:
    recorded = _recorded(prefix)
    wanted = [recorded["alpha"]._replace(record=None), recorded["beta-two"]]

    found = compare(wanted, str(prefix))

    assert (found.n_packages, found.n_identical, found.differences) == (1, 1, ())


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_file_that_is_not_what_the_wheel_held_is_damage(prefix: Path, change: str) -> None:
    module = _site(prefix) / "alpha.py"
    state = module.stat()
    if change == "gone":
        module.unlink()
    else:
        module.write_text(module.read_text().replace("1", "7"))
        os.utime(module, ns=(state.st_atime_ns, state.st_mtime_ns))

    found = compare(list(_recorded(prefix).values()), str(prefix))

    assert found.damaged == {"alpha": ("alpha.py",)}
    (difference,) = found.differences
    assert difference.reason == "files are not what its wheel holds: alpha.py"
    assert difference.fix.startswith("uv cache clean alpha")


def test_of_many_damaged_files_the_first_are_named(prefix: Path) -> None:
    record = _site(prefix) / "alpha-1.0.dist-info/RECORD"
    with record.open("a") as file:
        file.writelines(f"alpha_{number}.py,sha256=AAAA,1\n" for number in range(5))

    found = compare(list(_recorded(prefix).values()), str(prefix))

    assert found.differences[0].reason.endswith(": alpha_0.py, alpha_1.py, alpha_2.py and 2 more")


def test_what_each_installation_has_of_its_own_is_no_damage(prefix: Path) -> None:
    site = _site(prefix)
    with (site / "alpha-1.0.dist-info/RECORD").open("a") as file:
        file.write("../../../bin/alpha,sha256=AAAA,1\n__pycache__/alpha.cpython-311.pyc,,\n")

    assert damaged_files([str(site)]) == {}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"alpha.py,md9=AAAA,1\n", None])
def test_a_record_that_cannot_be_read_is_no_crash(prefix: Path, content: bytes | None) -> None:
    record = _site(prefix) / "alpha-1.0.dist-info/RECORD"
    record.unlink() if content is None else record.write_bytes(content)

    found = damaged_files([str(_site(prefix))])

    # A hash of an unknown kind cannot be held against anything: it does not count as right.
    assert found == ({"alpha": ("alpha.py",)} if content and b"md9" in content else {})


def test_edits_are_those_since_a_time(prefix: Path) -> None:
    site = _site(prefix)
    now_ns = time.time_ns()

    assert edited_since([str(site)], now_ns) == {}
    os.utime(site / "beta_two.py", ns=(now_ns + 10, now_ns + 10))
    (site / "alpha.py").unlink()
    assert edited_since([str(site)], now_ns) == {
        "alpha": ("alpha.py",),
        "beta-two": ("beta_two.py",),
    }


def test_what_was_seen_to_be_whole_is_not_read_again(prefix: Path) -> None:
    module = _site(prefix) / "alpha.py"
    later_ns = time.time_ns() + 10**9
    module.write_text("version = 'mine'\n")
    recorded = list(_recorded(prefix).values())

    assert compare(recorded, str(prefix), intact_at_ns=later_ns).differences == ()
    os.utime(module, ns=(later_ns + 1, later_ns + 1))
    (difference,) = compare(recorded, str(prefix), intact_at_ns=later_ns).differences
    assert difference.reason == "edited since the environment was built: alpha.py"
    assert difference.fix == ""


def test_a_package_of_the_working_tree_is_not_counted(prefix: Path) -> None:
    recorded = list(_recorded(prefix).values())

    found = compare(recorded, str(prefix), from_tree=["alpha"])

    assert (found.n_packages, found.n_identical) == (1, 1)


def test_a_directory_without_an_environment_has_no_packages(tmp_path: Path) -> None:
    assert site_directories(str(tmp_path)) == []
    (difference,) = compare([Package("alpha", "1.0")], str(tmp_path)).differences
    assert difference.reason == "not installed"
