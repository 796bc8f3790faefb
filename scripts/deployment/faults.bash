# What test-kubernetes does to a deployment under load. To be sourced after load.bash.

# The oldest pod of a stage that is not on its way out.
pod_of() {
    kube get pods --namespace "$NAMESPACE" --selector "app.kubernetes.io/component=$1" \
        --field-selector status.phase=Running --sort-by .metadata.creationTimestamp --output \
        'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}' \
        | sed -n 1p
}

rolled_out() {
    kube rollout status "deployment/$1" --namespace "$NAMESPACE" --timeout "${DEPLOY_TIMEOUT}s" >/dev/null \
        || { explain "$NAMESPACE"; fail "$1 was not ready within $DEPLOY_TIMEOUT s after: $step"; }
}

scale() {
    kube scale "deployment/$1" --replicas "$2" --namespace "$NAMESPACE" >/dev/null
    rolled_out "$1"
}

roll() {
    kube rollout restart "deployment/$1" --namespace "$NAMESPACE" >/dev/null
    rolled_out "$1"
}

# As when a node is lost: no drain, not even a signal that can be heard.
kill_pod() {
    kube delete pod "$(pod_of "$1")" --namespace "$NAMESPACE" --grace-period 0 --force --wait=false >/dev/null 2>&1
    rolled_out "$1"
}

# As when a node is emptied: asks the PodDisruptionBudget, and the pod drains.
evict() {
    local pod said end=$((SECONDS + 60))
    pod=$(pod_of "$1")
    until said=$(printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"%s","namespace":"%s"}}' \
        "$pod" "$NAMESPACE" \
        | kube create --raw "/api/v1/namespaces/$NAMESPACE/pods/$pod/eviction" --filename - 2>&1); do
        # Not while another one is away.
        ((SECONDS < end)) || fail "pod $pod could not be evicted within 60 s: $(in_short "$said")"
        sleep 1
    done
    rolled_out "$1"
}

# Policies only ever open, so a pod is cut off by taking it out of those that there are, and closing it with another.
policies_with_an_exception() {
    kube get networkpolicies --namespace "$NAMESPACE" --output json | python3 -c '
import json, sys
policies = json.load(sys.stdin)
for policy in policies["items"]:
    rules = policy["spec"]["podSelector"].setdefault("matchExpressions", [])
    if not any(rule["key"] == "async-processor/cut" for rule in rules):
        rules.append({"key": "async-processor/cut", "operator": "DoesNotExist"})
json.dump(policies, sys.stdout)' | kube replace --namespace "$NAMESPACE" --filename - >/dev/null
}

cut_off() {
    local stage=$1 seconds=$2 pod address
    pod=$(pod_of "$stage")
    address=$(kube get pod "$pod" --namespace "$NAMESPACE" --output 'jsonpath={.status.podIP}')
    policies_with_an_exception
    kube apply --namespace "$NAMESPACE" --filename - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cut-off
spec:
  podSelector: {matchLabels: {async-processor/cut: "yes"}}
  policyTypes: [Ingress, Egress]
YAML
    kube label pod "$pod" async-processor/cut=yes --namespace "$NAMESPACE" >/dev/null
    local end=$((SECONDS + seconds)) is_cut=false
    while ((SECONDS < end)); do
        # A new connection of a stage that may read its status, as long as the pod is not cut off.
        kube exec --namespace "$NAMESPACE" "$(pod_of emit)" -- apctl health "http://$address:${status_port[$stage]}" \
            --live --timeout 1s >/dev/null 2>&1 || is_cut=true
        sleep 1
    done
    kube label pod "$pod" async-processor/cut- --namespace "$NAMESPACE" >/dev/null
    [ "$is_cut" = true ] || echo "    This cluster's network does not enforce NetworkPolicies: nothing was cut off."
    rolled_out "$stage"
}

declare -A status_port=([ingest]=9091 [dispatch]=9092 [retry]=9093 [emit]=9094)
