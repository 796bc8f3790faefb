# Waits until what was deployed is ready, with a limit, and says why it is not. To be sourced after checks.bash.

# The pods of a namespace that are not ready, one a line; those that have ended are left out.
pods_not_ready() {
    kube get pods --namespace "$1" --output \
        'jsonpath={range .items[*]}{.metadata.name}{" "}{.status.phase}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' \
        2>/dev/null | awk '$2 != "Succeeded" && $NF != "True" { print $1 }' | sed -n 1,6p
}

# Why something in a namespace is not ready: pods, warnings of the cluster, and what the stages said last.
explain() {
    local namespace=$1 pod said
    {
        echo
        echo "--- Pods in namespace $namespace"
        kube get pods --namespace "$namespace" --output wide || true
        echo "--- The last warnings there"
        kube get events --namespace "$namespace" --field-selector type=Warning --sort-by .lastTimestamp \
            --output 'custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message' | tail -n 15 || true
        for pod in $(pods_not_ready "$namespace"); do
            echo "--- The last lines of $pod, which is not ready"
            kube logs "$pod" --namespace "$namespace" --all-containers --tail 15 || true
            # Of a container that has ended and was started again; most have none.
            if said=$(kube logs "$pod" --namespace "$namespace" --previous --tail 15 2>/dev/null) && [ -n "$said" ]; then
                echo "--- and before it was started again"
                echo "$said"
            fi
        done
        echo
    } >&2
}

# Each argument is a namespace and a workload, such as "redis statefulset/redis-master". All of them together have
# DEPLOY_TIMEOUT seconds.
wait_until_ready() {
    local end=$((SECONDS + DEPLOY_TIMEOUT)) target namespace workload left
    for target in "$@"; do
        read -r namespace workload <<<"$target"
        left=$((end - SECONDS))
        ((left > 0)) || left=1
        if ! kube rollout status "$workload" --namespace "$namespace" --timeout "${left}s"; then
            explain "$namespace"
            fail "$workload in namespace $namespace was not ready within $DEPLOY_TIMEOUT s (DEPLOY_TIMEOUT). What was" \
                "deployed is still there; it may become ready by itself, and the same command can be run again"
        fi
    done
}
