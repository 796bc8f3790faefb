"""What the executables say of themselves."""

import json
import os
import re
import subprocess

STAGES = ("ingest", "dispatch", "retry", "emit")


def folder() -> str:
    """Where the executables are: BIN, or what was built last of the usual places."""
    places = [os.environ["BIN"]] if os.environ.get("BIN") else [".build/release", ".build/debug"]
    for place in places:
        if all(os.access(f"{place}/{name}", os.X_OK) for name in (*STAGES, "apctl")):
            return place
    raise SystemExit(
        f"The executables are not in {' or '.join(places)}: build them with `make build`, or say in BIN where they are.")


def commands() -> dict[str, dict]:
    """What argument-parser dumps of each command, by its name: `dispatch`, `apctl`, `apctl dead-letters list`."""
    known = {}
    for name in (*STAGES, "apctl"):
        dump = subprocess.check_output([f"{folder()}/{name}", "--experimental-dump-help"], text=True)
        collect(json.loads(dump)["command"], name, known)
    return known


def collect(command: dict, name: str, known: dict[str, dict]) -> None:
    known[name] = command
    for child in command.get("subcommands", []):
        collect(child, f"{name} {child['commandName']}", known)


def flags(command: dict) -> dict[str, str]:
    """The flags that the command's help shows, with what it says of each."""
    return {
        ("-" if name["kind"] == "short" else "--") + name["name"]: argument.get("abstract", "")
        for argument in command.get("arguments", [])
        for name in argument.get("names") or []
    }


def shown(command: dict) -> set[str]:
    """Names of the flags that mean something to this command; a stage accepts those of the others as well."""
    return {
        "--" + name["name"]
        for argument in command.get("arguments", [])
        if argument.get("shouldDisplay", True)
        for name in argument.get("names") or []
        if name["kind"] == "long"
    }


def variable(flag: str) -> str:
    return "AP_" + re.sub("[.-]", "_", flag.removeprefix("--")).upper()


def default_port(command: dict, flag: str) -> int | None:
    """The port at the end of a flag's default, such as 5566 of `Where reports arrive. (default: tcp://127.0.0.1:5566)`."""
    if flag not in shown(command):
        return None
    for argument in command["arguments"]:
        if flag in ["--" + name["name"] for name in argument.get("names") or []]:
            told = re.search(r"\(default: (?:\S*:)?(\d+)\)", argument.get("abstract", ""))
            return int(told[1] if told else argument["defaultValue"])
    return None
