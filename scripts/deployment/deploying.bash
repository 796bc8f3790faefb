# Deploys what the settings say on the cluster of KUBE_CONTEXT, and says what to try next. To be sourced after the others.

# Everything that can be known before anything is changed.
look_first() {
    [ -z "${VALUES_FILE:-}" ] || need_program helm
    need_cluster "Deploying $IMAGE_TAG_BASE:$IMAGE_TAG to"
    need_rights create deployments.apps services configmaps secrets networkpolicies.networking.k8s.io
    # With the chart, these stand in VALUES_FILE, and it says itself what is missing there.
    if [ -z "${VALUES_FILE:-}" ]; then
        need_redis
        need_pubsub
    fi
    if [[ $IMAGE_TAG_BASE != */* && $KUBE_CONTEXT != kind-* ]]; then
        echo "IMAGE_TAG_BASE names no registry: the nodes have to have the image $IMAGE_TAG_BASE:$IMAGE_TAG already."
    fi
}

deploy() {
    local folder workloads
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # The folder of now.
    trap "rm -rf '$folder'" EXIT
    chmod 700 "$folder"
    if [ -n "${VALUES_FILE:-}" ]; then
        deploy_chart "$folder"
        return
    fi
    render "$folder" "$folder/manifests.yaml"
    kube apply --filename "$folder/manifests.yaml" || fail "the cluster refused a part of the manifests; what it said is" \
        "above. What it took before is there; the same command can be run again"
    mapfile -t workloads < <(workloads)
    wait_until_ready "${workloads[@]}"
}

# What has to be ready, in the order in which one needs the other.
workloads() {
    local stage
    [ "$DEPLOY_REDIS" = false ] || echo "redis statefulset/redis-master"
    [ "$DEPLOY_LLM_D" = false ] || echo "llm-d deployment/inference-gateway"
    for stage in emit retry dispatch ingest; do echo "$NAMESPACE deployment/$stage"; done
    [ "$DEPLOY_PROMETHEUS" = false ] || echo "monitoring deployment/prometheus"
}

# Nothing is sent while there is no gateway, so that the first try of a person would only wait.
tell_gateway() {
    [ "$DEPLOY_LLM_D" = false ] && [ -z "${AP_REDIS_INFERENCE_GATEWAY:-}${AP_PUBSUB_INFERENCE_GATEWAY:-}" ] || return 0
    ! kube get service inference-gateway --namespace llm-d --output name >/dev/null 2>&1 || return 0
    echo
    echo "There is no gateway yet: requests are sent to http://inference-gateway.llm-d, and wait until it is there. Set" \
        "AP_REDIS_INFERENCE_GATEWAY=http://…/v1/completions, or DEPLOY_LLM_D=true for an emulated one, and run it again."
}

# kubectl as a person calls it: with the cluster, where that is not the current one.
kubectl_by_hand() {
    local current
    current=$(kubectl config current-context 2>/dev/null) || current=
    [ "$current" = "$KUBE_CONTEXT" ] && echo kubectl || echo "kubectl --context $KUBE_CONTEXT"
}

# What waits for a result, and what sends a request, as redis-cli takes it.
redis_commands() {
    if [ "$AP_MESSAGE_QUEUE_IMPL" = redis-sortedset ]; then
        results="BRPOP ${AP_REDIS_RESULT_QUEUE_NAME:-result-list} 60"
        requests="ZADD ${AP_REDIS_REQUEST_QUEUE_NAME:-request-sortedset} 9999999999"
    else
        results="SUBSCRIBE ${AP_REDIS_RESULT_QUEUE_NAME:-result-queue}"
        requests="PUBLISH ${AP_REDIS_REQUEST_QUEUE_NAME:-request-queue}"
    fi
}

# What a person tries next: the commands of the user guide.
tell_next() {
    local kubectl requests results address
    kubectl=$(kubectl_by_hand)
    tell_gateway
    echo
    if [ "$AP_MESSAGE_QUEUE_IMPL" = gcp-pubsub ]; then
        cat <<TEXT
Ready. Publish a request to the topic of the subscription '${AP_PUBSUB_REQUEST_SUBSCRIBER_ID:-}': docs/pubsub.md has the
commands. What the stages do then:

    $kubectl logs --namespace $NAMESPACE --selector app.kubernetes.io/name=async-processor --prefix --follow
TEXT
        return
    fi
    redis_commands
    address='<the address of your Redis>'
    [ "$DEPLOY_REDIS" = false ] || address=$(kube get service redis-master --namespace redis \
        --output 'jsonpath={.spec.clusterIP}' 2>/dev/null) || true
    cat <<TEXT
Ready. Wait for the result in one terminal:

    export REDIS_IP=$address
    $kubectl run -i -t subscriberbox --rm --image=redis --restart=Never -- /usr/local/bin/redis-cli -h \$REDIS_IP $results

and send a request in another:

    export REDIS_IP=$address
    $kubectl run --rm -i -t publishmsgbox --image=redis --restart=Never -- /usr/local/bin/redis-cli -h \$REDIS_IP $requests '{"id" : "testmsg", "payload":{ "model":"food-review-1", "prompt":"Hi, good morning "}, "deadline" :"23472348233323" }'
TEXT
}

# The same where the Redis is in a pod that is known.
tell_next_on_kind() {
    if [ "$DEPLOY_REDIS" = false ]; then
        tell_next
        return
    fi
    local kubectl requests results
    kubectl=$(kubectl_by_hand)
    redis_commands
    tell_gateway
    cat <<TEXT

Ready. Wait for the result in one terminal:

    $kubectl exec -n redis redis-master-0 -- redis-cli $results

and send a request in another:

    $kubectl exec -n redis redis-master-0 -- redis-cli $requests '{"id" : "testmsg", "payload":{ "model":"unsloth/Meta-Llama-3.1-8B", "prompt":"hi"}, "deadline" :"9999999999" }'
TEXT
}
