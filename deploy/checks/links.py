"""Checks how pods reach each other (names, ports, the network policies on both sides), and what a stage needs to drain."""

import sys

from deploy.checks.catalogue import NAMESPACE, finish, load, rendered, title
from deploy.checks.policies import Pod, is_open
from deploy.checks.servers import place, port_of, servers

STAGES = ("ingest", "dispatch", "retry", "emit")
# Who sends to whom; reports come back.
LINKS = [("ingest", "dispatch"), ("dispatch", "retry"), ("dispatch", "emit"), ("retry", "emit")]


def main(cache: str) -> None:
    problems = []
    for name in rendered(cache):
        things = load(cache, name)
        stages = {stage: deployment(things, stage) for stage in STAGES}
        found = wiring(things, stages) + draining(things, stages)
        policies = [thing for thing in things if thing["kind"] == "NetworkPolicy"]
        if policies or name != "helm-no-policies":
            found += flows(things, policies)
        problems += [f"{name}: {problem}" for problem in found]
    finish(problems)


def deployment(things: list[dict], name: str) -> dict:
    return next(thing for thing in things if thing["kind"] == "Deployment" and thing["metadata"]["name"] == name)


def container(deployment: dict) -> dict:
    return deployment["spec"]["template"]["spec"]["containers"][0]


def ports(deployment: dict) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in container(deployment)["ports"]}


def settings(things: list[dict], deployment: dict) -> dict[str, str]:
    """The variables of a stage that are known here: those of its ConfigMap and those written out."""
    names = [source["configMapRef"]["name"] for source in container(deployment)["envFrom"]]
    maps = [thing for thing in things if thing["kind"] == "ConfigMap" and thing["metadata"]["name"] in names]
    if len(maps) != len(names):
        raise SystemExit(f"{title(deployment)} takes its settings from {names}, and not all of them are there.")
    known = {key: value for thing in maps for key, value in thing["data"].items()}
    return known | {entry["name"]: entry["value"] for entry in container(deployment).get("env", []) if "value" in entry}


def wiring(things: list[dict], stages: dict[str, dict]) -> list[str]:
    """Whether each stage is told the names and ports at which the others are."""
    problems = []
    for sender, receiver in LINKS:
        told = settings(things, stages[sender])[f"AP_{receiver.upper()}"]
        service = next(
            (thing for thing in things if thing["kind"] == "Service" and thing["metadata"]["name"] == receiver), None)
        if service is None:
            problems.append(f"There is no Service {receiver}")
            continue
        open_ports = {port["port"]: port["targetPort"] for port in service["spec"]["ports"]}
        port = next((number for number, target in open_ports.items() if target == "messages"), None)
        if told != f"tcp://{receiver}:{port}" or ports(stages[receiver]).get("messages") != port:
            problems.append(f"{sender} is told {told}; the Service has {open_ports}, the pods {ports(stages[receiver])}")
        if service["spec"].get("clusterIP") != "None" or not service["spec"].get("publishNotReadyAddresses"):
            problems.append(f"The Service {receiver} does not give the address of every pod")
    for stage, deployment in stages.items():
        problems += own_addresses(stage, settings(things, deployment), ports(deployment))
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        if deployment["spec"]["selector"]["matchLabels"].items() - labels.items():
            problems.append(f"{stage}: its pods do not have the labels that it selects")
    return problems


def own_addresses(stage: str, told: dict[str, str], ports: dict[str, int]) -> list[str]:
    problems = []
    if "reports" in ports:
        host = "[$(POD_IP)]" if told["AP_BIND_HOST"] == "::" else "$(POD_IP)"
        if told.get("AP_ACKS_ADVERTISE") != f"tcp://{host}:{ports['reports']}":
            problems.append(f"{stage}: reports go to {told.get('AP_ACKS_ADVERTISE')}, not to its pod's port for them")
    tap = told.get("AP_TAP", "")
    if ("tap" in ports or tap) and tap != f"tcp://127.0.0.1:{ports.get('tap')}":
        problems.append(f"{stage}: the tap is at {tap}, the container's port is {ports.get('tap')}")
    return problems


def draining(things: list[dict], stages: dict[str, dict]) -> list[str]:
    """Whether a stage is given the time that it takes to finish its work."""
    problems = []
    for stage, deployment in stages.items():
        told = settings(things, deployment)
        drain = int(told["AP_DRAIN_TIMEOUT"])
        grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        if grace < drain + 10:
            problems.append(f"{stage}: killed after {grace} s, but it may drain for {drain} s")
        update = deployment["spec"]["strategy"]["rollingUpdate"]
        if update["maxUnavailable"] != 0 or not update["maxSurge"]:
            problems.append(f"{stage}: an update takes pods away before there are new ones")
    return problems


def flows(things: list[dict], policies: list[dict]) -> list[str]:
    """Whether what has to pass can pass, and a choice of what must not cannot."""
    kinds = ("Deployment", "StatefulSet")
    pods = {thing["metadata"]["name"]: Pod.of(thing) for thing in things if thing["kind"] in kinds}
    pods |= {
        "kube-dns": Pod("kube-system", {"k8s-app": "kube-dns"}),
        "openshift-dns": Pod("openshift-dns", {}),
        "scraper": Pod("monitoring", {"app": "another-prometheus"}),
        "stranger": Pod("default", {"run": "publishmsgbox"}),
        "neighbour": Pod(NAMESPACE, {"app": "something-else"}),
    }
    stages = {stage: ports(deployment(things, stage)) for stage in STAGES}
    wanted, unwanted = [], []
    for sender in STAGES:
        for receiver in STAGES:
            messages, reports = stages[receiver].get("messages"), stages[receiver].get("reports")
            (wanted if (sender, receiver) in LINKS else unwanted).append((sender, receiver, messages))
            (wanted if (receiver, sender) in LINKS else unwanted).append((sender, receiver, reports))
            wanted.append((sender, receiver, stages[receiver]["status"]))
        wanted.append(("scraper", sender, stages[sender]["status"]))
        unwanted += [(other, sender, port) for other in ("stranger", "neighbour") for port in stages[sender].values()]
        unwanted += [("scraper", sender, stages[sender].get("messages"))]
        # Whatever a stage may reach, not everything at the ports of a web server, a Prometheus and a collector.
        unwanted += [(sender, "stranger", port) for port in (8080, 9090, 4318)]
        wanted_dns = [is_open(policies, pods[sender], pods[dns], port, protocol="UDP")
                      for dns, port in (("kube-dns", 53), ("openshift-dns", 5353))]
        if not any(wanted_dns):
            return [f"{sender} cannot reach DNS"]
    if "redis-master" in pods:
        wanted += [(source, "redis-master", 6379) for source in ("ingest", "emit", "stranger")]
        unwanted += [("dispatch", "redis-master", 6379), ("retry", "redis-master", 6379), ("redis-master", "stranger", 80)]
    if "inference-gateway" in pods:
        wanted.append(("dispatch", "inference-gateway", 30080))
        unwanted += [(stage, "inference-gateway", 30080) for stage in STAGES if stage != "dispatch"]
        unwanted.append(("stranger", "inference-gateway", 30080))
    if "prometheus" in pods:
        wanted += [("prometheus", stage, stages[stage]["status"]) for stage in STAGES] + [("stranger", "prometheus", 9090)]
        unwanted += [("prometheus", "stranger", 80), ("prometheus", "dispatch", 5557)]
    told = {stage: settings(things, deployment(things, stage)) for stage in STAGES}
    for url, stage in servers(things, told):
        name, target = place(url, pods)
        pods[name] = target
        wanted.append((stage, name, 30080 if name == "inference-gateway" else port_of(url)))
    check = [(flow, True) for flow in wanted] + [(flow, False) for flow in unwanted]
    return [
        f"{source} {'cannot' if expected else 'can'} reach {target} at port {port}"
        for (source, target, port), expected in check
        if port and is_open(policies, pods[source], pods[target], port) is not expected
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
