"""What is rendered: kustomize's overlays and components, and the chart with each of its value files."""

import json
import os
import re
import subprocess

import yaml

KUSTOMIZE = "deploy/kubernetes"
CHART = "deploy/helm/async-processor"
NAMESPACE = "async-processor-system"

# Each of these has a value file of the chart with the same name, and both render the same objects.
KUSTOMIZED = {
    "base": ["base"],
    "redis": ["overlays/redis"],
    "pubsub": ["overlays/pubsub"],
    "kind": ["overlays/kind"],
    "keda": ["overlays/redis", "components/autoscaling-keda", "components/prometheus"],
    "hpa": ["base", "components/autoscaling-hpa"],
    "operator": ["base", "components/pod-monitor"],
    "tap-and-token": ["base", "components/tap", "components/gateway-token"],
    "tracing": ["base", "components/tracing"],
}


# The files of the overlay in docs/deploy.md.
OVERLAY_FILES = {
    "queues.json": {"queues": [{
        "queue_name": "batch", "igw_base_url": "http://inference-gateway.llm-d", "gate_type": "redis-quota",
        "gate_params": {"address": "quotas.redis:6379", "mode": "tokens", "limit": 9, "window": "1m"}}]},
    "worker-pools.json": [
        {"id": "default", "workers": 8, "gate_type": "prometheus-saturation", "gate_params": {"pool": "llm-d"}}],
}


def value_files() -> list[str]:
    return sorted(name.removesuffix(".yaml") for name in os.listdir(f"{CHART}/ci"))


def run(*command: str) -> str:
    """What the command writes; ends the check with its message if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def kustomize(name: str, cache: str) -> str:
    """Renders a kustomization of the parts, the first of which is a base or an overlay."""
    folder = os.path.join(cache, "kustomizations", name)
    os.makedirs(folder, exist_ok=True)
    first, *components = [os.path.relpath(f"{KUSTOMIZE}/{part}", folder) for part in KUSTOMIZED[name]]
    with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
        yaml.safe_dump({"resources": [first], "components": components}, file)
    return run("kubectl", "kustomize", folder)


def documented_overlay(cache: str) -> str:
    """Renders the overlay of docs/deploy.md, with files as it names them."""
    folder = os.path.join(cache, "kustomizations", "overlay")
    os.makedirs(folder, exist_ok=True)
    with open("docs/deploy.md", encoding="utf-8") as file:
        block = re.search("<!-- checked: overlay -->\n```yaml\n(.+?)```", file.read(), re.DOTALL)[1]
    files = {name: json.dumps(content) for name, content in OVERLAY_FILES.items()}
    files["kustomization.yaml"] = block.replace("../async-processor", os.path.relpath(".", folder))
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return run("kubectl", "kustomize", folder)


def helm(name: str) -> str:
    return run("helm", "template", "release", CHART, "--namespace", NAMESPACE, "--values", f"{CHART}/ci/{name}.yaml")


def load(cache: str, name: str, folder: str = "rendered") -> list[dict]:
    """The objects of what was rendered as `kustomize-NAME` or `helm-NAME`."""
    with open(os.path.join(cache, folder, f"{name}.yaml"), encoding="utf-8") as file:
        return [document for document in yaml.load_all(file, yaml.CSafeLoader) if document]


def rendered(cache: str, folder: str = "rendered") -> list[str]:
    return sorted(name.removesuffix(".yaml") for name in os.listdir(os.path.join(cache, folder)))


def title(thing: dict) -> str:
    metadata = thing["metadata"]
    return f"{thing['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def finish(problems: list[str]) -> None:
    if problems:
        raise SystemExit("\n".join(sorted(set(problems))))
