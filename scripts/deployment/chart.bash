# With VALUES_FILE, a file of values of the Helm chart, everything is deployed by the chart. Values that the settings give
# too have them from there. To be sourced after policies.bash.

release=async-processor

# Where the chart has what a variable says.
declare -A chart_value=(
    [IMAGE_TAG_BASE]=ap.image.repository [IMAGE_TAG]=ap.image.tag [AP_IMAGE_PULL_POLICY]=ap.imagePullPolicy
    [DEPLOY_REDIS]=bundledRedis.enabled [DEPLOY_LLM_D]=emulatedGateway.enabled [DEPLOY_PROMETHEUS]=prometheus.enabled
    [INGEST_REPLICAS]=ap.ingest.replicas [DISPATCH_REPLICAS]=ap.dispatch.replicas
    [RETRY_REPLICAS]=ap.retry.replicas [EMIT_REPLICAS]=ap.emit.replicas
    [AP_MESSAGE_QUEUE_IMPL]=ap.messageQueueImpl [AP_CONCURRENCY]=ap.concurrency
    [AP_REQUEST_TIMEOUT]=ap.requestTimeout [AP_DRAIN_TIMEOUT]=ap.drainTimeout
    [AP_LOG_LEVEL]=ap.logLevel [AP_LOG_FORMAT]=ap.logFormat
    [AP_PROMETHEUS_URL]=ap.prometheusURL [AP_PROMETHEUS_CACHE_TTL]=ap.prometheusCacheTTL
    [AP_REDIS_REQUEST_QUEUE_NAME]=ap.redis.requestQueueName [AP_REDIS_RESULT_QUEUE_NAME]=ap.redis.resultQueueName
    [AP_PUBSUB_PROJECT_ID]=ap.gcpPubSub.projectId
    [AP_PUBSUB_REQUEST_SUBSCRIBER_ID]=ap.gcpPubSub.requestSubscriberId
    [AP_PUBSUB_RESULT_TOPIC_ID]=ap.gcpPubSub.resultTopicId
)

# As JSON: a number or true and false as they are where the chart has such a value.
json_value() {
    local path=$1 text=$2
    case $path in
    *.enabled | *.replicas | ap.concurrency) printf '%s' "$text" ;;
    *)
        text=${text//\\/\\\\}
        printf '"%s"' "${text//\"/\\\"}"
        ;;
    esac
}

# Arguments of helm for what a person has set, one a line. These win over the file.
values_that_were_set() {
    local name
    for name in "${!chart_value[@]}"; do
        [[ -z ${!name:-} || $defaulted == *" $name "* ]] \
            || printf '%s\n' --set-json "${chart_value[$name]}=$(json_value "${chart_value[$name]}" "${!name}")"
    done
    [[ $AP_MESSAGE_QUEUE_IMPL != gcp-pubsub ]] || printf '%s\n' --set-json ap.gcpPubSub.enabled=true
    for name in $(stage_variables); do
        case $name in
        AP_REDIS_INFERENCE_GATEWAY) gateway_values ap.redis "${!name}" ;;
        AP_PUBSUB_INFERENCE_GATEWAY) gateway_values ap.gcpPubSub "${!name}" ;;
        *)
            [ -n "${chart_value[$name]:-}" ] \
                || printf '%s\n' --set-json "ap.settings.$name=$(json_value settings "${!name}")"
            ;;
        esac
    done
    [ -z "$(gateways)" ] \
        || printf '%s\n' --set-json "ap.networkPolicy.gateway=[$(gateway_rules | paste -sd ,)]"
    [ -z "$(queue_rules)" ] || printf '%s\n' --set-json "ap.networkPolicy.queue=[$(queue_rules)]"
}

# A gateway's URL, which the chart has in two parts.
gateway_values() {
    local queue=$1 url=$2 base
    base=$(sed -E 's|^([a-z]+://[^/]*).*|\1|' <<<"$url")
    printf '%s\n' --set-json "ap.igwBaseURL=$(json_value url "$base")"
    printf '%s\n' --set-json "$queue.requestPathURL=$(json_value path "${url#"$base"}")"
}

# A value as a file: {ap: {ingest: {replicas: 1}}}.
value_file() {
    local path=$1 value=$2 ends
    ends=$(tr -dc . <<<"$path." | tr . '}')
    echo "{${path//./: \{}: $value$ends"
}

deploy_chart() {
    local folder=$1 name files=() set
    # Our defaults where they are others than the chart's: VALUES_FILE wins over these.
    for name in DEPLOY_REDIS DEPLOY_LLM_D INGEST_REPLICAS DISPATCH_REPLICAS RETRY_REPLICAS EMIT_REPLICAS; do
        [[ $defaulted == *" $name "* ]] || continue
        value_file "${chart_value[$name]}" "${!name}" >"$folder/$name.yaml"
        files+=(--values "$folder/$name.yaml")
    done
    mapfile -t set < <(values_that_were_set)
    if [ -n "${AP_REDIS_URL:-}" ]; then
        # Not as an argument, which everybody on this machine can read.
        printf '%s' "$AP_REDIS_URL" >"$folder/url"
        set+=(--set-file "ap.redis.url=$folder/url")
    fi
    helm upgrade "$release" deploy/helm/async-processor --install --kube-context "$KUBE_CONTEXT" \
        --namespace "$NAMESPACE" --create-namespace "${files[@]}" --values "$VALUES_FILE" "${set[@]}" \
        --wait --timeout "${DEPLOY_TIMEOUT}s" && return
    for name in $(namespaces); do explain "$name"; done
    fail "the chart could not be installed within $DEPLOY_TIMEOUT s (DEPLOY_TIMEOUT); what helm said is above. The same" \
        "command can be run again"
}

# Of a deployment that the chart made, if there is one.
remove_chart() {
    [ -n "$(kube get secrets --namespace "$NAMESPACE" --selector "owner=helm,name=$release" --output name 2>/dev/null)" ] \
        || return 0
    need_program helm
    helm uninstall "$release" --kube-context "$KUBE_CONTEXT" --namespace "$NAMESPACE" --wait --timeout 420s \
        || fail "helm could not remove the release '$release'; what it said is above"
}
