# Opens the network policies of deploy/kubernetes for a queue and gateways that the settings name: those know the port 6379
# and the namespace llm-d only. To be sourced after settings.bash.

# Host and port of a URL such as redis://user:password@host:6379/0. An IPv6 address keeps its brackets.
host_and_port() {
    local url=$1 usual=$2 rest
    [[ $url != https://* ]] || usual=443
    rest=${url#*://}
    rest=${rest%%/*}
    rest=${rest##*@}
    if [[ $rest =~ ^(.*):([0-9]{1,5})$ ]]; then
        echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
    else
        echo "$rest $usual"
    fi
}

# The namespace of a Service by its name in the cluster; nothing for an address outside.
namespace_of() {
    local host=${1%.} name
    case $host in
    *[!a-z0-9.-]*) return ;;
    *.svc | *.svc.cluster.local) name=${host%%.svc*} ;;
    *.*.*) return ;;
    *.*)
        # A Service's short name, or a domain.
        ! kube get namespace "${host#*.}" --output name >/dev/null 2>&1 || echo "${host#*.}"
        return
        ;;
    *)
        echo "$NAMESPACE"
        return
        ;;
    esac
    echo "${name#*.}"
}

gateways() {
    local name
    for name in $(stage_variables | grep -E '^AP_(REDIS|PUBSUB)_INFERENCE_GATEWAY(_[0-9]+)?$' || true); do
        [ -z "${!name}" ] || echo "${!name}"
    done
}

# An egress rule of a NetworkPolicy for each gateway that the settings name.
gateway_rules() {
    local url host port namespace
    while read -r url; do
        read -r host port <<<"$(host_and_port "$url" 80)"
        namespace=$(namespace_of "$host")
        # Policies know the ports of pods, and a Service may call them by another number.
        if [ -n "$namespace" ]; then
            echo "{\"to\":[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"$namespace\"}}}]}"
        else
            echo "{\"ports\":[{\"port\":$port,\"protocol\":\"TCP\"}]}"
        fi
    done < <(gateways)
}

# One for a Redis at another port.
queue_rules() {
    local url host port
    url=$(redis_url)
    [ -n "$url" ] || return 0
    read -r host port <<<"$(host_and_port "$url" 6379)"
    [ "$port" = 6379 ] || echo "{\"ports\":[{\"port\":$port,\"protocol\":\"TCP\"}]}"
}

# Of a Redis that is not deployed here: as the settings have it, or the Secret.
redis_url() {
    local secret
    [[ $DEPLOY_REDIS == false && $AP_MESSAGE_QUEUE_IMPL == redis-* ]] || return 0
    if [ -n "${AP_REDIS_URL:-}${AP_REDIS_ADDR:-}" ]; then
        echo "${AP_REDIS_URL:-$AP_REDIS_ADDR}"
    elif secret=$(kube get secret redis-url --namespace "$NAMESPACE" --output 'jsonpath={.data.url}' 2>/dev/null); then
        base64 --decode <<<"$secret" 2>/dev/null || true
    fi
}
