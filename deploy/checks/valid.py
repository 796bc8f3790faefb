"""Checks every object against the schemas of Kubernetes, without unknown fields, and custom resources against models of
their definitions."""

import functools
import sys

from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.prometheus_operator import v1 as monitoring
from kubernetes_validate import utils

from deploy.checks.catalogue import finish, load, rendered, title

# The oldest that the chart accepts, the one of the tools, the newest that the validator knows.
VERSIONS = ["1.28", "1.32", "1.37"]
# It reads megabytes of definitions for each object otherwise.
utils.schema_contents = functools.cache(utils.schema_contents)

CUSTOM = {
    "ScaledObject": keda.ScaledObject,
    "PodMonitor": monitoring.PodMonitor,
    "PrometheusRule": monitoring.PrometheusRule,
}


def main(cache: str) -> None:
    problems = []
    for name in rendered(cache, "different"):
        for thing in load(cache, name, "different"):
            found = unlike_model(thing) if thing["kind"] in CUSTOM else unlike_schemas(thing)
            problems += [f"{name}: {title(thing)}: {problem}" for problem in found]
    finish(problems)


def unlike_schemas(thing: dict) -> list[str]:
    """What `kubernetes-validate --strict` says of it, for each version."""
    problems = []
    for version in VERSIONS:
        try:
            utils.validate(thing, version, strict=True)
        except utils.ValidationError as error:
            problems.append(f"{version}: {'.'.join(map(str, error.path))}: {error.message}")
        except utils.SchemaNotFoundError as error:
            problems.append(error.message)
    return problems


def unlike_model(thing: dict) -> list[str]:
    try:
        known = CUSTOM[thing["kind"]].model_validate(thing)
    except ValueError as error:
        return [str(error)]
    # The models leave out what they do not know.
    return list(lost(thing, known.model_dump(mode="json", by_alias=True, exclude_unset=True), ""))


def lost(written, understood, path: str):
    if isinstance(written, dict) and isinstance(understood, dict):
        for key, value in written.items():
            if key not in understood:
                yield f"{path}.{key} is unknown"
            else:
                yield from lost(value, understood[key], f"{path}.{key}")
    elif isinstance(written, list) and isinstance(understood, list):
        for index, (one, other) in enumerate(zip(written, understood)):
            yield from lost(one, other, f"{path}[{index}]")


if __name__ == "__main__":
    main(*sys.argv[1:])
