# Removes what was deployed: all that has the label of what the scripts deploy, whatever the settings are now, and nothing
# else. To be sourced after manifests.bash.

# shellcheck disable=SC2154 # `ours` is in manifests.bash.

# Of the kinds that are named: those that this cluster knows, with commas.
known_kinds() {
    local kind
    for kind in "$@"; do ! grep -qxF "$kind" <<<"$known" || echo "$kind"; done | paste -sd ,
}

# What works first, and until its pods have finished what they had; then what they were told and reached by.
remove_from() {
    local namespace=$1 kinds
    local options=(--selector "$ours" --namespace "$namespace" --ignore-not-found --timeout 420s)
    kinds=$(known_kinds scaledobjects.keda.sh horizontalpodautoscalers.autoscaling deployments.apps statefulsets.apps)
    kube delete "$kinds" "${options[@]}" --cascade=foreground || not_all_removed "$namespace"
    kinds=$(known_kinds services poddisruptionbudgets.policy networkpolicies.networking.k8s.io \
        podmonitors.monitoring.coreos.com prometheusrules.monitoring.coreos.com triggerauthentications.keda.sh \
        rolebindings.rbac.authorization.k8s.io roles.rbac.authorization.k8s.io serviceaccounts configmaps secrets)
    kube delete "$kinds" "${options[@]}" || not_all_removed "$namespace"
}

not_all_removed() {
    fail "not all could be removed from namespace $1 of '$KUBE_CONTEXT'; what the cluster said is above. The same" \
        "command can be run again"
}

# Other namespaces with stages: they may use the same Redis and gateway.
other_stages() {
    kube get deployments --all-namespaces --selector "$ours,app.kubernetes.io/component=ingest" \
        --output 'jsonpath={range .items[*]}{.metadata.namespace}{"\n"}{end}' 2>/dev/null \
        | grep -vxF -- "$NAMESPACE" || true
}

undeploy() {
    local known namespace others left=() all=("$NAMESPACE")
    default DELETE_NAMESPACES false
    check_boolean DELETE_NAMESPACES
    remove_chart
    # It fails also when one of several parts of the cluster's API is away.
    known=$(kube api-resources --verbs delete --output name) || true
    [ -n "$known" ] || fail "the cluster of '$KUBE_CONTEXT' does not say what it has ('kubectl api-resources')"
    others=$(other_stages)
    if [ -n "$others" ]; then
        echo "What is in redis, llm-d and monitoring stays: there are stages in ${others//$'\n'/, } as well."
    else
        # Also those that the settings do not name now: they may have been others when it was deployed.
        all+=(redis llm-d monitoring)
    fi
    for namespace in "${all[@]}"; do
        ! kube get namespace "$namespace" --output name >/dev/null 2>&1 || remove_from "$namespace"
    done
    for namespace in "${all[@]}"; do ! is_ours "$namespace" || left+=("$namespace"); done
    if [ ${#left[@]} -eq 0 ]; then
        echo "Removed."
    elif [ "$DELETE_NAMESPACES" = true ]; then
        kube delete namespaces "${left[@]}" --timeout 420s || fail "not all of the namespaces ${left[*]} could be removed"
        echo "Removed, with the namespaces ${left[*]}."
    else
        echo "Removed. The namespaces ${left[*]} stay, and in 'redis' the data of the bundled Redis;" \
            "DELETE_NAMESPACES=true removes them as well."
    fi
}
