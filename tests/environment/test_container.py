"""Containers, by the traces that each kind leaves."""

from pathlib import Path

import pytest

from repro.environment.container import observe_container

_ID = "0123456789ab" + "c" * 52
_MOUNTS = (
    "745 744 0:1 / / rw - overlay overlay rw\n"
    f"746 744 8:1 /var/lib/docker/containers/{_ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
)


def _observe(
    root: Path, variables: dict[str, str] | None = None, files: dict[str, str] | None = None
) -> str:
    for name, text in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return observe_container(variables or {}, root=str(root), proc=str(root / "proc"))


def test_outside_of_a_container_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert _observe(tmp_path, {"WANDB_DOCKER": "unused"}) == ""


def test_docker_does_not_say_its_image(tmp_path: Path) -> None:
    assert _observe(tmp_path, files={".dockerenv": ""}) == "docker, image unknown"


def test_docker_with_what_the_user_says_of_it(tmp_path: Path) -> None:
    variables = {"REPRO_IMAGE": "img@sha256:12"}
    found = _observe(tmp_path, variables, {".dockerenv": "", "proc/self/mountinfo": _MOUNTS})
    assert found == "docker, image=img@sha256:12, id=0123456789ab"


def test_podman_says_its_image(tmp_path: Path) -> None:
    text = f'engine="podman-4.3"\nname="n"\nid="{_ID}"\nimage="docker.io/x:1"\nimageid="ff00"\n'
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.containerenv").write_text(text)
    found = _observe(tmp_path)
    assert found == "podman, image=docker.io/x:1, imageid=ff00, id=0123456789ab"
    (tmp_path / "run/.containerenv").write_text("")
    assert _observe(tmp_path) == "podman, image unknown"


def test_kubernetes_is_told_by_its_variable_or_its_account(tmp_path: Path) -> None:
    found = _observe(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {".dockerenv": ""})
    assert found == "kubernetes, image unknown"
    (tmp_path / "var/run/secrets/kubernetes.io/serviceaccount").mkdir(parents=True)
    assert _observe(tmp_path) == "kubernetes, image unknown"


@pytest.mark.parametrize("name", ["apptainer", "singularity"])
def test_apptainer_names_its_file(name: str, tmp_path: Path) -> None:
    variables = {f"{name.upper()}_CONTAINER": "/images/train.sif"}
    assert _observe(tmp_path, variables) == f"{name}, image=/images/train.sif"


def test_lxc_is_told_by_systemd_or_by_its_group(tmp_path: Path) -> None:
    assert (
        _observe(tmp_path / "a", files={"run/systemd/container": "lxc\n"}) == "lxc, image unknown"
    )
    found = _observe(tmp_path / "b", files={"proc/1/cgroup": "0::/lxc.payload.box/init.scope\n"})
    assert found == "lxc, image unknown"


def test_wsl_is_told_by_its_kernel(tmp_path: Path) -> None:
    release = "5.15.90.1-microsoft-standard-WSL2\n"
    assert _observe(tmp_path, files={"proc/sys/kernel/osrelease": release}) == "wsl"


def test_the_users_word_counts_where_nothing_is_seen(tmp_path: Path) -> None:
    assert _observe(tmp_path, {"REPRO_IMAGE": "x@sha256:1"}) == "container, image=x@sha256:1"
