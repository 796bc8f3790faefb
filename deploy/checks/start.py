"""Starts the stages with the settings of each set of values: one that makes no sense ends them with status 64."""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from deploy.checks.catalogue import finish, load, rendered
from deploy.checks.executables import STAGES, folder
from deploy.checks.links import container, deployment, settings
from deploy.checks.programs import free_port


def main(cache: str) -> None:
    problems = []
    seen = set()
    for name in rendered(cache):
        things = load(cache, name)
        told = {stage: settings(things, deployment(things, stage)) for stage in STAGES}
        key = json.dumps(told, sort_keys=True)
        if key not in seen:
            seen.add(key)
            problems += [f"{name}: {problem}" for problem in start(things, told)]
    finish(problems)


def start(things: list[dict], told: dict[str, dict[str, str]]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        started = {
            stage: Started(stage, environment(things, stage, told[stage], f"{folder}/{stage}")) for stage in STAGES
        }
        return [problem for process in started.values() if (problem := process.problem())]


def environment(things: list[dict], stage: str, told: dict[str, str], files: str) -> dict[str, str]:
    """The variables as the container would have them, with the files that they name in a folder here."""
    known = {"PATH": os.environ["PATH"]}
    mounted = mounted_files(things, stage)
    for name, value in told.items():
        if value.startswith("/etc/"):
            path = files + value
            if mounted(value):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(content(things, os.path.basename(value)))
            value = path
        known[name] = re.sub(r"\$\(\w+_IP\)", "fd00::1" if "[$(POD_IP)]" in value else "10.0.0.1", value)
    # A Secret that the chart makes; one that is made by hand may be missing.
    for entry in container(deployment(things, stage)).get("env", []):
        secret = entry.get("valueFrom", {}).get("secretKeyRef")
        for thing in things:
            if secret and thing["kind"] == "Secret" and thing["metadata"]["name"] == secret["name"]:
                known[entry["name"]] = thing["stringData"][secret["key"]]
    return known


def mounted_files(things: list[dict], stage: str):
    """Whether the container of a stage has a file: one that a volume does not bring is not there."""
    pod = deployment(things, stage)["spec"]["template"]["spec"]
    brought = {}
    for mount in pod["containers"][0].get("volumeMounts", []):
        volume = next(volume for volume in pod["volumes"] if volume["name"] == mount["name"])
        brought[mount["mountPath"]] = [item["path"] for item in volume.get("configMap", {}).get("items", [])]

    def has(path: str) -> bool:
        folder, name = os.path.split(path)
        return folder in brought and (not brought[folder] or name in brought[folder])

    return has


def content(things: list[dict], name: str) -> str:
    """Of a file from a ConfigMap; for those from Secrets that are made by hand, something of the kind."""
    if name.endswith((".crt", ".key")):
        return certificate_and_key()
    return next((thing["data"][name] for thing in things if name in (thing.get("data") or {})), "a-token")


@functools.cache
def certificate_and_key() -> str:
    words = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout /dev/stdout -out /dev/stdout"
    return subprocess.check_output(words.split(), stderr=subprocess.DEVNULL, text=True)


class Started:
    """A stage at ports of its own."""

    def __init__(self, stage: str, environment: dict[str, str]):
        self.stage = stage
        self.traces = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        self.port = free_port()
        self.log = tempfile.TemporaryFile("w+")
        words = ["--metrics-port", str(self.port), "--listen", "tcp://127.0.0.1:*", "--acks", "tcp://127.0.0.1:*"]
        # A tap's port is in the settings, and may be taken here.
        environment.pop("AP_TAP", None)
        self.process = subprocess.Popen(
            [f"{folder()}/{stage}", *words], stdout=subprocess.DEVNULL, stderr=self.log, env=environment)

    def problem(self) -> str | None:
        """Ends it; what was wrong, if it did not get as far as answering, or found a variable that means nothing."""
        answered = self.answers()
        self.process.kill()
        self.process.wait()
        self.log.seek(0)
        lines = self.log.read().splitlines()
        if not answered:
            return f"{self.stage} ended with status {self.process.returncode} and said: {' '.join(lines)}"
        meaningless = [line for line in lines if "has no effect" in line or "looks wrong" in line]
        if meaningless:
            return f"{self.stage} says: {meaningless[0]}"
        if self.traces and not any("Spans are recorded" in line and self.traces in line for line in lines):
            return f"{self.stage} is told the collector {self.traces}, and does not say that it records spans for it"
        return None

    def answers(self) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                time.sleep(0.05)
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
