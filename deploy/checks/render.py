"""Renders everything in the catalogue into CACHE/rendered, and sees the chart refuse what makes no sense.

Most objects are in many of the files; CACHE/different has each of them once, in the file of the first that had it.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import yaml

from deploy.checks.catalogue import (
    CHART, KUSTOMIZED, documented_overlay, finish, helm, kustomize, load, rendered, run, value_files)

# What is set, and words of the answer.
REFUSED = {
    "ap.concurency=3": "concurency is not allowed",
    "ap.health.port=8081": "port is not allowed",
    "bundledRedis.enabeld=true": "enabeld is not allowed",
    "ap.concurrency=0": "ap.concurrency",
    "ap.drainTimeout=soon": "ap.drainTimeout",
    "ap.messageQueueImpl=kafka": "ap.messageQueueImpl",
    "ap.messageQueueImpl=gcp-pubsub": "ap.gcpPubSub.enabled is false",
    "ap.redis.enabled=false": "ap.redis.enabled",
    "ap.gcpPubSub.enabled=true": "ap.gcpPubSub.projectId",
    "ap.settings.LOG_LEVEL=debug": "ap.settings",
    "ap.settings.AP_CONCURRENCY=9": "another value of the chart",
    "ap.settings.AP_METRICS_PORT=9999": "those of the chart",
    "ap.env[0].name=AP_TAP,ap.env[0].value=tcp://0.0.0.0:1": "those of the chart",
    "ap.env[0].value=nameless": "name is required",
    "ap.redis=null": "redis is required",
    "ap.health.startupProbe=null": "startupProbe is required",
    "ap.autoscaling.kind=hpa,ap.dispatch.replicas=12": "above ap.dispatch.maxReplicas",
    "ap.autoscaling.kind=keda,ap.autoscaling.prometheusURL=": "ap.autoscaling.prometheusURL",
    "ap.redis.url=rediss://redis:6379": "ap.redis.url",
    "ap.redis.secretName=Bad_Name": "ap.redis.secretName",
    "ap.image.repository=name:tag": "ap.image.repository",
    "ap.requestTimeout=0": "ap.requestTimeout: an attempt needs more than 0 s",
    "bundledRedis.storage=lots": "bundledRedis.storage",
    "ap.settings.AP_REDIS_URL=redis://:secret@redis:6379": "makes a Secret of it",
    "bundledRedis.enabled=true,ap.redis.url=redis://other:6379": "one of both",
    "ap.redis.queuesConfig[0].gate_typ=redis": "gate_typ is not allowed",
    "ap.redis.queuesConfig[0].queue_name=a,ap.redis.queuesConfig[0].gate_params[0]=1": "gate_params",
    "ap.otel.endpoint=otel-collector:4317": "ap.otel.endpoint",
    "ap.otel.insecure=true": "insecure is not allowed",
    "ap.otel.sampler=sometimes": "ap.otel.sampler",
    "ap.otel.samplerArg=2": "ap.otel.samplerArg",
    "ap.workerPools[0].id=night": "workers is required",
    "ap.workerPools[0].id=night,ap.workerPools[0].workers=0": "workers",
    "ap.requestMergePolicyConfig.policy=tier-priority": "policy is not allowed",
    "ap.prometheusURL=prometheus:9090": "ap.prometheusURL",
    "ap.settings.AP_PROMETHEUS_URL=http://prometheus:9090": "opens the way to it",
    "ap.settings.AP_POOL_CONFIG_FILE=/etc/pools.json": "makes the file",
}


def main(cache: str) -> None:
    folder = os.path.join(cache, "rendered")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = {f"kustomize-{name}": pool.submit(kustomize, name, cache) for name in KUSTOMIZED}
        texts["kustomize-overlay"] = pool.submit(documented_overlay, cache)
        texts |= {f"helm-{name}": pool.submit(helm, name) for name in value_files()}
        lint = pool.submit(run, "helm", "lint", "--strict", CHART)
        refused = pool.map(problem_of_refusal, REFUSED.keys(), REFUSED.values())
    for name, text in texts.items():
        with open(os.path.join(folder, f"{name}.yaml"), "w", encoding="utf-8") as file:
            file.write(text.result())
    write_different(cache)
    lint.result()
    finish([problem for problem in refused if problem])


def write_different(cache: str) -> None:
    folder = os.path.join(cache, "different")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    seen = set()
    for name in rendered(cache):
        new = {json.dumps(thing, sort_keys=True): thing for thing in load(cache, name)}
        things = [thing for text, thing in new.items() if text not in seen]
        seen |= new.keys()
        if things:
            with open(os.path.join(folder, f"{name}.yaml"), "w", encoding="utf-8") as file:
                yaml.dump_all(things, file, yaml.CSafeDumper)


def problem_of_refusal(setting: str, words: str) -> str | None:
    done = subprocess.run(
        ["helm", "template", "release", CHART, "--set", setting], capture_output=True, text=True)
    if done.returncode == 0:
        return f"The chart accepts --set {setting}."
    if words not in done.stderr:
        return f"The chart refuses --set {setting} without the words {words!r}: {done.stderr.strip()}"
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
