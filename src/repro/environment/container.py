"""Tells in what container a process runs, as far as that can be seen from inside.

The digest of an image is not among it, but for podman's: whoever starts the container may say it in
``REPRO_IMAGE``.
"""

import os
import re
from collections.abc import Mapping

from repro.model.lazy_pattern import lazy_pattern

__all__ = ["observe_container"]

_IMAGE_VARIABLES = ("REPRO_IMAGE", "WANDB_DOCKER", "CLEARML_DOCKER_IMAGE")
_SIF_VARIABLES = (("APPTAINER_CONTAINER", "apptainer"), ("SINGULARITY_CONTAINER", "singularity"))
_ID = lazy_pattern(
    r"/(?:containers|overlay-containers|pods|sandboxes)/(?:[^/ ]+/)*?([0-9a-f]{64})/"
)
_SHOWN = 12


def observe_container(variables: Mapping[str, str], *, root: str = "", proc: str = "/proc") -> str:
    """Returns the container, its image and id: "docker, image=..., id=..."; "" outside of one.

    Args:
        variables: The process's.
        root: In place of "/", without the slash at its end.
        proc: Where the kernel's files are mounted.
    """
    podman = _text(f"{root}/run/.containerenv")
    kind = _kind(variables, podman, root, proc)
    if not kind or kind == "wsl":
        return kind
    facts = dict(re.findall(r'^(image|imageid|id)="([^"]*)"$', podman, re.MULTILINE))
    named = (*_IMAGE_VARIABLES, *(name for name, _ in _SIF_VARIABLES))
    image = next((variables[name] for name in named if variables.get(name)), "")
    facts["image"] = image or facts.get("image", "")
    found = _ID.search(_text(f"{proc}/self/mountinfo"))
    facts["id"] = (facts.get("id") or (found[1] if found else ""))[:_SHOWN]
    known = [f"{key}={facts[key]}" for key in ("image", "imageid", "id") if facts.get(key)]
    return ", ".join([kind, *([] if facts["image"] else ["image unknown"]), *known])


def _kind(variables: Mapping[str, str], podman: str, root: str, proc: str) -> str:
    for name, kind in _SIF_VARIABLES:
        if variables.get(name):
            return kind
    account = f"{root}/var/run/secrets/kubernetes.io/serviceaccount"
    if variables.get("KUBERNETES_SERVICE_HOST") or os.path.isdir(account):
        return "kubernetes"
    if podman or os.path.exists(f"{root}/run/.containerenv"):
        return "podman"
    if os.path.exists(f"{root}/.dockerenv"):
        return "docker"
    if os.path.isdir(f"{root}/.singularity.d"):
        return "singularity"
    manager = _text(f"{root}/run/systemd/container").strip() or variables.get("container", "")
    if manager:  # systemd's word: "lxc", "systemd-nspawn"
        return manager
    if re.search(r"[:/]lxc(?:\.payload)?[./]", _text(f"{proc}/1/cgroup")):
        return "lxc"
    if variables.get("REPRO_IMAGE"):  # a sandbox that leaves no trace of itself
        return "container"
    return "wsl" if "microsoft" in _text(f"{proc}/sys/kernel/osrelease").lower() else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
