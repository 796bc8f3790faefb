"""Checks the alerts with promtool, and the settings of the bundled Prometheus and of compose's with its own check."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from deploy.checks.catalogue import KUSTOMIZE, finish, load

COMPOSE = "deploy/observability/prometheus.yaml"


def main(cache: str) -> None:
    source = f"{KUSTOMIZE}/components/prometheus"
    problems = said(["promtool", "check", "rules", f"{source}/rules.yaml"])
    problems += said(["promtool", "test", "rules", "deploy/checks/rules-tests.yaml"])
    problems += untested(f"{source}/rules.yaml")
    # The settings name the rules by their path in the container.
    maps = [thing for thing in load(cache, "kustomize-keda") if thing["metadata"]["name"].startswith("prometheus-")]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in maps[0]["data"].items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text.replace("/etc/prometheus/", f"{folder}/"))
        problems += said(["promtool", "check", "config", f"{folder}/prometheus.yml"])
    problems += said(["promtool", "check", "config", COMPOSE]) + unlike_compose(f"{source}/rules.yaml")
    finish(problems)


def unlike_compose(rules: str) -> list[str]:
    """Whether compose's Prometheus has the same alerts, and gives targets the label that these go by."""
    with open(COMPOSE, encoding="utf-8") as file:
        settings = yaml.safe_load(file)
    named = [os.path.normpath(os.path.join(os.path.dirname(COMPOSE), name)) for name in settings["rule_files"]]
    problems = [] if named == [rules] else [f"{COMPOSE} names {named}, not {rules}"]
    for job in settings["scrape_configs"]:
        labels = [rule["target_label"] for rule in job.get("relabel_configs", [])]
        if "stage" not in labels:
            problems.append(f"{COMPOSE}: targets of {job['job_name']} have no label stage")
    return problems


def untested(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        alerts = re.findall(r"- alert: (\w+)", file.read())
    with open("deploy/checks/rules-tests.yaml", encoding="utf-8") as file:
        tests = file.read()
    # Once where it is silent, once where it fires.
    return [f"No test of {alert}" for alert in alerts if tests.count(alert) < 2]


def said(command: list[str]) -> list[str]:
    """What the command says if it fails."""
    if shutil.which(command[0]) is None:
        return [f"{command[0]} is not there: apt install prometheus"]
    done = subprocess.run(command, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{' '.join(command)}: {done.stdout}{done.stderr}"]


if __name__ == "__main__":
    main(*sys.argv[1:])
