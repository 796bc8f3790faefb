"""Checks that no command, flag, variable, port, path or metric is made up: the executables and docs/operations.md tell."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

from deploy.checks.catalogue import finish, load, rendered, title
from deploy.checks.executables import STAGES, commands, default_port, flags, folder, variable

# Variables of the deployment's own scripts, which hand them on in another form.
OF_SCRIPTS = {"AP_IMAGE_PULL_POLICY"}
# Read by the shell of a container or by programs that are not ours.
OF_OTHERS = {"TZ"}
# OpenTelemetry defines these; those that the stages read are in this document.
TRACING = "docs/tracing.md"
TEXTS = ("deploy/kubernetes", "deploy/helm", "deploy/observability", "compose", "docs/deploy.md")
PORTS = {"messages": "--listen", "reports": "--acks", "status": "--metrics-port"}


def main(cache: str) -> None:
    known = commands()
    variables = {variable(flag) for stage in STAGES for flag in flags(known[stage])} | tracing_variables()
    problems = []
    paths: dict[str, set[str]] = {}
    for name in rendered(cache):
        for thing in load(cache, name):
            found = containers(thing, known, variables, paths)
            found += unknown_settings(thing, variables)
            problems += [f"{name}: {title(thing)}: {problem}" for problem in found]
    for path in texts():
        problems += [f"{path}: {problem}" for problem in unknown_words(path, known, variables)]
    problems += compose(known, paths)
    problems += unknown_metrics()
    for command, asked in paths.items():
        problems += unanswered(command, asked)
    finish(problems)


def tracing_variables() -> set[str]:
    """The names in the first column of the table of variables."""
    with open(TRACING, encoding="utf-8") as file:
        rows = re.findall(r"^\| (`OTEL_[^|]*)", file.read(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(OTEL_[A-Z_]+)`", row)}


def containers(thing: dict, known: dict, variables: set[str], paths: dict[str, set[str]]) -> list[str]:
    """Problems of the containers of ours; adds the paths that their probes ask for to `paths`, by command."""
    template = thing.get("spec", {}).get("template", {})
    problems = []
    for container in template.get("spec", {}).get("containers", []):
        words = container.get("command", []) + container.get("args", [])
        if not words or words[0] not in known:
            if "async-processor" in container["image"]:
                problems.append(f"{' '.join(words)} is no command of the image")
            continue
        command, rest = split(words, known)
        unknown = [bare(word) for word in rest if is_flag(word) and bare(word) not in flags(known[command])]
        problems += [f"{command} has no flag {flag}" for flag in unknown]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for port, flag in PORTS.items():
            usual = default_port(known[command], flag)
            if command in STAGES and ports.get(port) != usual:
                problems.append(f"{command}: port {port} is {ports.get(port)}, {flag} is {usual} by default")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            paths.setdefault(command, set()).add(asked["path"])
            if asked["port"] not in ports:
                problems.append(f"{probe} asks port {asked['port']}, which the container does not have")
        annotations = template["metadata"].get("annotations", {})
        if "prometheus.io/port" in annotations:
            port = annotations["prometheus.io/port"]
            paths[command].add(annotations["prometheus.io/path"])
            if port != str(ports["status"]):
                problems.append(f"is scraped at port {port}, its status is at {ports['status']}")
        for entry in container.get("env", []):
            problems += unknown_variable(entry["name"], str(container), known, variables)
    return problems


def unknown_variable(name: str, container: str, known: dict, variables: set[str]) -> list[str]:
    if name.startswith(("AP_", "OTEL_")):
        return [] if is_variable(name, variables) else [f"{name} is the variable of no flag, and not in {TRACING}"]
    # A variable of another program's manner is told in the help of the flag that it stands for, or used by another.
    in_help = any(name in text for stage in STAGES for text in flags(known[stage]).values())
    return [] if in_help or f"$({name})" in container or name in OF_OTHERS else [f"{name} is read by nobody"]


def is_variable(name: str, variables: set[str]) -> bool:
    return name in variables or re.sub(r"_\d+$", "", name) in variables


def unknown_settings(thing: dict, variables: set[str]) -> list[str]:
    if thing["kind"] != "ConfigMap" or not thing["metadata"]["name"].startswith("async-processor"):
        return []
    names = [name for name in thing["data"] if not name.endswith(".json")]
    return [
        f"{name} is the variable of no flag, and not in {TRACING}" for name in names if not is_variable(name, variables)
    ]


def texts() -> list[str]:
    found = []
    for place in TEXTS:
        if os.path.isfile(place):
            found.append(place)
        for folder, _, names in os.walk(place):
            found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def unknown_words(path: str, known: dict, variables: set[str]) -> list[str]:
    """Variables anywhere in a text, flags behind a command of ours, and in documents flags alone in backquotes."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    problems = [
        f"{name} is the variable of no flag"
        for name in re.findall(r"\bAP_[A-Z][A-Z0-9_]*[A-Z0-9]\b", text)
        if not is_variable(name, variables) and name not in OF_SCRIPTS
    ]
    for line in text.replace("\\\n", " ").splitlines():
        words = re.split(r"[\s`'\"\[\],]+", line)
        for index, word in enumerate(words):
            if word in ("apctl", *STAGES):
                command, rest = split(words[index:], known)
                unknown = [flag for flag in flags_of(rest) if flag not in flags(known[command])]
                problems += [f"{command} has no flag {flag}" for flag in unknown]
    if path.endswith(".md"):
        everything = {flag for command in known.values() for flag in flags(command)}
        alone = re.findall(r"`(--[a-z][\w.-]*)", text)
        problems += [f"nothing has the flag {flag}" for flag in alone if flag not in everything]
    return problems


def split(words: list[str], known: dict) -> tuple[str, list[str]]:
    """The longest command that the words begin with, and what follows it."""
    count = max(count for count in range(1, 4) if " ".join(words[:count]) in known)
    return " ".join(words[:count]), words[count:]


def flags_of(words: list[str]) -> list[str]:
    """Flags up to the end of the command."""
    found = []
    for word in words:
        if is_flag(word):
            found.append(bare(word))
        if word in ("|", "&&", "||", "&", "#", "--", "apctl", *STAGES) or word.endswith(";"):
            break
    return found


def is_flag(word: str) -> bool:
    return bool(re.match(r"--[a-z]", word))


def bare(word: str) -> str:
    """A flag without its value, without the number of a queue, and without what ends a sentence."""
    return re.sub(r"\.\d+$", "", word.split("=")[0].rstrip(".:;)"))


def compose(known: dict, paths: dict[str, set[str]]) -> list[str]:
    """Whether healthchecks ask for what the services serve."""
    problems = []
    with open("compose/compose.yaml", encoding="utf-8") as file:
        services = yaml.safe_load(file)["services"]
    for name, service in services.items():
        words = service.get("command") or []
        test = (service.get("healthcheck") or {}).get("test") or []
        if not isinstance(words, list) or not words or words[0] not in known or test[1:3] != ["apctl", "health"]:
            continue
        command, rest = split(words, known)
        port, path = asked_of(test)
        flag = "--metrics-port" if command in STAGES else "--port"
        expected = rest[rest.index(flag) + 1] if flag in rest else default_port(known[command], flag)
        if port != str(expected):
            problems.append(f"compose: the healthcheck of {name} asks port {port}, and it listens at {expected}")
        paths.setdefault(command, set()).add(path)
    return problems + files_of_settings(services)


def files_of_settings(services: dict) -> list[str]:
    """Whether a stage is told what a variant says and what a person says, in this order, whichever there is."""
    problems = []
    order = ["pipeline.env", "${VARIANT:-pipeline.env}", "${SETTINGS:-pipeline.env}"]
    for name in (*STAGES, "gateway"):
        if services[name]["env_file"] != order:
            problems.append(f"compose: {name} takes its settings from {services[name]['env_file']}")
    for variant in ("sortedset.env", "pubsub.env"):
        with open(f"compose/{variant}", encoding="utf-8") as file:
            if f"\nVARIANT={variant}\n" not in file.read():
                problems.append(f"compose/{variant} does not hand itself to the stages with VARIANT")
    return problems


def asked_of(test: list[str]) -> tuple[str, str]:
    """Port and path that `apctl health` asks for: with --port, /readyz or /healthz; else those of its URL."""
    if "--port" in test:
        return test[test.index("--port") + 1], "/healthz" if "--live" in test else "/readyz"
    url = urllib.parse.urlsplit(next(word for word in test if word.startswith("http://")))
    return str(url.port), url.path or "/readyz"


def unknown_metrics() -> list[str]:
    """Metrics, and values of their labels, in alerts, scaling and docs/deploy.md that docs/operations.md does not have."""
    with open("docs/operations.md", encoding="utf-8") as file:
        known = file.read()
    problems = []
    for path in texts():
        with open(path, encoding="utf-8") as file:
            text = file.read()
        names = re.findall(r"\b(?:async_processor|llm_d_async|process)_[a-z_]+\b", text)
        metrics = {re.sub("_bucket$", "", name) for name in names}
        problems += [f"{path}: docs/operations.md has no metric {name}" for name in metrics if f"`{name}`" not in known]
        for values in re.findall(r'\b(?:reason)=~?"([^"]+)"', text):
            for value in re.split(r"\\*\|", values):
                if f"`{value}`" not in known:
                    problems.append(f"{path}: docs/operations.md has no reason {value}")
        for values in re.findall(r'\blink=~?"([^"]+)"', text):
            for value in re.split(r"\\*\|", values):
                if value not in ("ingest-dispatch", "dispatch-retry", "dispatch-emit", "retry-emit"):
                    problems.append(f"{path}: there is no link {value}")
    return problems


def unanswered(command: str, paths: set[str]) -> list[str]:
    """Starts the command and asks for each path; an answer may say that it is not ready, but not that there is nothing."""
    port = free_port()
    words = [f"{folder()}/{command.split()[0]}", *command.split()[1:]]
    if command in STAGES:
        words += ["--metrics-port", str(port)]
        words += [word for flag in ("--listen", "--acks") for word in (flag, "tcp://127.0.0.1:*")]
    else:
        words += ["--port", str(port)]
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]}, text=True)
    try:
        status = {path: answer(f"http://127.0.0.1:{port}{path}", process) for path in sorted(paths)}
    finally:
        process.kill()
        process.wait()
    return [f"{command} answers {code} to {path}" for path, code in status.items() if code not in (200, 503)]


def answer(url: str, process: subprocess.Popen) -> int | str:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            if process.poll() is not None:
                return f"nothing, since it ended: {process.stderr.read().strip()}"
            if time.monotonic() > deadline:
                return f"nothing within 20 s ({error})"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main(*sys.argv[1:])
