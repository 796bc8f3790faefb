"""The servers that the settings name, and which stage has to reach each."""

import json
import re
import urllib.parse

from deploy.checks.policies import OUTSIDE, Pod

USUAL_PORTS = {"https": 443, "http": 80, "redis": 6379}


def servers(things: list[dict], told: dict[str, dict[str, str]]):
    """URLs with stages: the gateways, the Redis, the collector of traces, and what gates ask.

    `told` has the variables of each stage.
    """
    found = [(settings["OTEL_EXPORTER_OTLP_ENDPOINT"], stage)
             for stage, settings in told.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in settings]
    found += [(told[stage]["AP_PROMETHEUS_URL"], stage)
              for stage in ("ingest", "dispatch") if "AP_PROMETHEUS_URL" in told[stage]]
    found += [(text, "dispatch") for name, text in told["dispatch"].items() if name.endswith("_INFERENCE_GATEWAY")]
    for thing in things:
        if thing["kind"] == "Secret":
            found += [(text, stage) for text in thing.get("stringData", {}).values() for stage in ("ingest", "emit")]
        elif thing["kind"] == "ConfigMap":
            queues = json.loads(thing["data"].get("queues.json", "{}"))
            entries = queues.get("queues", []) + queues.get("topics", [])
            found += [(entry["igw_base_url"], "dispatch") for entry in entries if "igw_base_url" in entry]
            # A quota is asked for by ingest, and charged by emit.
            found += [(url, stage) for url in asked(entries) for stage in ("ingest", "emit")]
            found += [(url, "dispatch") for url in asked(json.loads(thing["data"].get("worker-pools.json", "[]")))]
    return [(urllib.parse.urlsplit(url), stage) for url, stage in found]


def asked(value):
    """The URLs in the parameters of gates, at any depth; a text may hold JSON."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        yield from asked(json.loads(value))
    elif isinstance(value, list):
        for item in value:
            yield from asked(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("url", "pods_url"):
                yield item
            elif name == "address":
                yield item if "://" in item else f"redis://{item}"
            else:
                yield from asked(item)


def place(url: urllib.parse.SplitResult, pods: dict[str, Pod]) -> tuple[str, Pod]:
    """Where a server is: in a namespace if its name says so without doubt, outside otherwise."""
    inside = re.match(r"([a-z0-9-]+)\.(?:(llm-d|monitoring|redis)|([a-z0-9-]+)\.svc)$", url.hostname)
    if not inside:
        return url.hostname, Pod(OUTSIDE, {})
    return inside[1], pods.get(inside[1], Pod(inside[2] or inside[3], {}))


def port_of(url: urllib.parse.SplitResult) -> int:
    return url.port or USUAL_PORTS[url.scheme]
