"""Checks that the chart renders the objects that kustomize renders, and that all copies of the alerts say the same."""

import copy
import re
import sys

import yaml

from deploy.checks.catalogue import CHART, KUSTOMIZE, KUSTOMIZED, NAMESPACE, finish, load, title

# `helm install --create-namespace` makes it, since Helm keeps its own records there.
NOT_IN_THE_CHART = f"Namespace /{NAMESPACE}"


def main(cache: str) -> None:
    problems = unlike_alerts()
    for name in KUSTOMIZED:
        ours = comparable(load(cache, f"kustomize-{name}"))
        ours.pop(NOT_IN_THE_CHART)
        theirs = comparable(load(cache, f"helm-{name}"))
        problems += [f"{name}: {problem}" for problem in differences(ours, theirs)]
        problems += [f"{name}: {problem}" for problem in unnoticed_changes(ours)]
    finish(problems)


def comparable(things: list[dict]) -> dict[str, dict]:
    """Objects by title, without what the two tools say in ways of their own: how a change of settings rolls the pods."""
    hashes = {
        thing["metadata"]["name"]: re.sub(r"-[a-z0-9]{10}$", "", thing["metadata"]["name"])
        for thing in things
        if thing["kind"] == "ConfigMap"
    }
    return {title(thing): thing for thing in (plain(thing, hashes) for thing in things)}


def plain(value, hashes: dict[str, str]):
    if isinstance(value, dict):
        known = {key: plain(item, hashes) for key, item in value.items() if not key.startswith("checksum/")}
        return {key: item for key, item in known.items() if item not in ({}, [])}
    if isinstance(value, list):
        items = [plain(item, hashes) for item in value]
        # Of what has names the order means nothing.
        named = all(isinstance(item, dict) and "name" in item for item in items)
        return sorted(items, key=lambda item: item["name"]) if named else items
    if isinstance(value, str):
        return hashes.get(value, value).rstrip("\n")
    return value


def differences(ours: dict[str, dict], theirs: dict[str, dict]) -> list[str]:
    problems = [f"{name} is not in the chart" for name in ours.keys() - theirs.keys()]
    problems += [f"{name} is in the chart only" for name in theirs.keys() - ours.keys()]
    for name in ours.keys() & theirs.keys():
        problems += [f"{name}: {problem}" for problem in unlike(ours[name], theirs[name], "")]
    return problems


def unlike(ours, theirs, path: str):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from unlike(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            yield from unlike(one, other, f"{path}[{index}]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{path} is {ours!r} in kustomize and {theirs!r} in the chart"


def unnoticed_changes(things: dict[str, dict]) -> list[str]:
    """Changes each value of each object, one at a time: the comparison has to find every one."""
    problems = [] if differences(things, dict(list(things.items())[1:])) else ["A missing object is not noticed"]
    for name, thing in things.items():
        for path in paths(thing):
            changed = copy.deepcopy(thing)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = f"{place[path[-1]]} changed"
            if not list(unlike(thing, changed, "")):
                problems.append(f"A change of {path} in {name} is not noticed")
    return problems


def paths(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))
    if not isinstance(value, (dict, list)):
        yield path


def unlike_alerts() -> list[str]:
    rules = "deploy/observability/rules.yaml"
    with open(rules, encoding="utf-8") as file:
        text = file.read()
    problems = []
    for copied in (f"{KUSTOMIZE}/components/prometheus/rules.yaml", f"{CHART}/files/rules.yaml"):
        with open(copied, encoding="utf-8") as file:
            if file.read() != text:
                problems.append(f"{rules} and {copied} differ; scripts/copy-alerts copies it")
    copied = f"{KUSTOMIZE}/components/pod-monitor/prometheus-rule.yaml"
    with open(copied, encoding="utf-8") as file:
        if yaml.safe_load(file)["spec"] != yaml.safe_load(text):
            problems.append(f"{rules} and {copied} differ; scripts/copy-alerts copies it")
    return problems


if __name__ == "__main__":
    main(*sys.argv[1:])
