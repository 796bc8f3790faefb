"""What network policies let through, as Kubernetes defines them.

Source: kubernetes.io/docs/concepts/services-networking/network-policies
"""

from dataclasses import dataclass


# What is not in the cluster is a pod of this namespace.
OUTSIDE = "(outside)"


@dataclass
class Pod:
    namespace: str
    labels: dict[str, str]

    @staticmethod
    def of(workload: dict) -> "Pod":
        return Pod(workload["metadata"]["namespace"], workload["spec"]["template"]["metadata"]["labels"])


def is_open(policies: list[dict], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Whether both the policies of the source and those of the target let this pass."""
    out = allows(policies, "Egress", source, target, port, protocol)
    return out and allows(policies, "Ingress", target, source, port, protocol)


def allows(policies: list[dict], direction: str, pod: Pod, peer: Pod, port: int, protocol: str) -> bool:
    mine = [
        policy for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and selects(policy["spec"]["podSelector"], pod.labels)
        and direction in policy["spec"]["policyTypes"]
    ]
    if not mine:
        return True
    key, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    return any(
        has_port(rule, port, protocol) and has_peer(rule.get(peers), policy, peer)
        for policy in mine
        for rule in policy["spec"].get(key, [])
    )


def has_port(rule: dict, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(
        one.get("protocol", "TCP") == protocol and one["port"] <= port <= one.get("endPort", one["port"])
        for one in ports
    )


def has_peer(peers: list[dict] | None, policy: dict, pod: Pod) -> bool:
    return not peers or any(is_peer(peer, policy, pod) for peer in peers)


def is_peer(peer: dict, policy: dict, pod: Pod) -> bool:
    # Addresses are for what is outside of the cluster.
    if "ipBlock" in peer:
        return pod.namespace == OUTSIDE
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": pod.namespace}):
            return False
    elif pod.namespace != policy["metadata"]["namespace"]:
        return False
    return selects(peer.get("podSelector", {}), pod.labels)


def selects(selector: dict, labels: dict[str, str]) -> bool:
    if selector.get("matchLabels", {}).items() - labels.items():
        return False
    for rule in selector.get("matchExpressions", []):
        if rule["operator"] != "In":
            raise SystemExit(f"This check does not know the operator {rule['operator']} of a selector.")
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True
