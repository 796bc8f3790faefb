"""Checks the alerts with promtool, and the settings of the bundled Prometheus and of compose's with its own check."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from deploy.checks.catalogue import KUSTOMIZE, finish, load

COMPOSE = "deploy/observability/prometheus.yaml"
RULES = "deploy/observability/rules.yaml"
TESTS = sorted(glob.glob("deploy/observability/tests/*.yaml"))


def main(cache: str) -> None:
    problems = said(["promtool", "check", "rules", RULES])
    problems += said(["promtool", "test", "rules", *TESTS])
    problems += untested()
    # The settings name the rules by their path in the container.
    maps = [thing for thing in load(cache, "kustomize-keda") if thing["metadata"]["name"].startswith("prometheus-")]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in maps[0]["data"].items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text.replace("/etc/prometheus/", f"{folder}/"))
        problems += said(["promtool", "check", "config", f"{folder}/prometheus.yml"])
    problems += said(["promtool", "check", "config", COMPOSE]) + unlike_compose()
    finish(problems)


def unlike_compose() -> list[str]:
    """Whether compose's Prometheus has the same alerts, and gives targets the label that these go by."""
    with open(COMPOSE, encoding="utf-8") as file:
        settings = yaml.safe_load(file)
    named = [os.path.normpath(os.path.join(os.path.dirname(COMPOSE), name)) for name in settings["rule_files"]]
    problems = [] if named == [RULES] else [f"{COMPOSE} names {named}, not {RULES}"]
    for job in settings["scrape_configs"]:
        labels = [rule["target_label"] for rule in job.get("relabel_configs", [])]
        if "stage" not in labels:
            problems.append(f"{COMPOSE}: targets of {job['job_name']} have no label stage")
    return problems


def untested() -> list[str]:
    """Alerts without a test of their name: each says when it fires, and where and when it does not."""
    with open(RULES, encoding="utf-8") as file:
        alerts = re.findall(r"- alert: (\w+)", file.read())
    tests = "".join(open(path, encoding="utf-8").read() for path in TESTS)
    return [f"No test of {alert}" for alert in alerts if f"- name: {alert}\n" not in tests]


def said(command: list[str]) -> list[str]:
    """What the command says if it fails."""
    if shutil.which(command[0]) is None:
        return [f"{command[0]} is not there: apt install prometheus"]
    done = subprocess.run(command, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{' '.join(command)}: {done.stdout}{done.stderr}"]


if __name__ == "__main__":
    main(*sys.argv[1:])
