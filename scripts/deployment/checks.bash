# Looks at what deploying needs before anything is changed, and says what is missing and what cures it. To be sourced
# after settings.bash.

need_program() {
    local name=$1 cure
    case $name in
    kubectl) cure="https://kubernetes.io/docs/tasks/tools/ says how to install it" ;;
    kind) cure="https://kind.sigs.k8s.io/docs/user/quick-start/#installation says how to install it" ;;
    docker) cure="https://docs.docker.com/engine/install/ says how to install it" ;;
    helm) cure="the chart needs it (VALUES_FILE); https://helm.sh/docs/intro/install/ says how to install it" ;;
    *) cure="install it" ;;
    esac
    command -v "$name" >/dev/null 2>&1 || fail "there is no '$name' on PATH; $cure"
}

# What a program said, on one line and with an end.
in_short() {
    local text=${1//$'\n'/; }
    echo "${text:0:600}"
}

# Lines as a list for a sentence.
as_list() { [ -n "$1" ] && echo "${1//$'\n'/, }" || echo none; }

# kubectl for the cluster that was chosen, never for another one that becomes the current one meanwhile.
kube() { kubectl --context "$KUBE_CONTEXT" "$@"; }

# Finds the cluster, asks whether it answers and what it allows, and says which one it is.
need_cluster() {
    local doing=$1 known said server
    need_program kubectl
    known=$(kubectl config get-contexts -o name 2>/dev/null) || known=
    if [ -z "${KUBE_CONTEXT:-}" ]; then
        KUBE_CONTEXT=$(kubectl config current-context 2>/dev/null) || KUBE_CONTEXT=
        [ -n "$KUBE_CONTEXT" ] || fail "kubectl has no current context in ${KUBECONFIG:-~/.kube/config}; choose one" \
            "with KUBE_CONTEXT or 'kubectl config use-context', or make a cluster: make deploy-ap-emulated-on-kind." \
            "Known are: $(as_list "$known")"
        export KUBE_CONTEXT
    fi
    grep -qxF -- "$KUBE_CONTEXT" <<<"$known" || fail "kubectl knows no context '$KUBE_CONTEXT' in" \
        "${KUBECONFIG:-~/.kube/config}; it knows: $(as_list "$known")"
    server=$(kube config view --minify -o 'jsonpath={.clusters[0].cluster.server}' 2>/dev/null) || server=
    if ! said=$(kube get --raw /version --request-timeout=15s 2>&1); then
        fail "the cluster of context '$KUBE_CONTEXT' at ${server:-no address} does not answer:" \
            "$(in_short "$said"). Is it running, and are its credentials still good? KUBE_CONTEXT chooses another one"
    fi
    echo "$doing cluster '$KUBE_CONTEXT' at $server, namespace '$NAMESPACE'."
}

# What the cluster has to allow: asked before the first change, so that none is left half done.
need_rights() {
    local verb=$1 what said
    shift
    for what in "$@"; do
        said=$(kube auth can-i "$verb" "$what" --namespace "$NAMESPACE" 2>&1) || true
        # Warnings stand before the answer.
        [[ ${said##*$'\n'} == yes ]] || fail "this account may not $verb $what in namespace '$NAMESPACE' of" \
            "'$KUBE_CONTEXT' (kubectl auth can-i says: $(in_short "$said")). Ask the cluster's administrator for it," \
            "or use another account or NAMESPACE"
    done
}

# Where the stages find their Redis if none is deployed.
need_redis() {
    [[ $AP_MESSAGE_QUEUE_IMPL == redis-* && $DEPLOY_REDIS == false ]] || return 0
    [ -z "${AP_REDIS_URL:-}${AP_REDIS_ADDR:-}" ] || return 0
    kube get secret redis-url --namespace "$NAMESPACE" -o name >/dev/null 2>&1 || fail "DEPLOY_REDIS is false, and" \
        "nothing says where Redis is: set AP_REDIS_URL (redis://user:password@host:6379) in .env, or make the Secret:" \
        "kubectl create namespace $NAMESPACE; kubectl create secret generic redis-url --namespace $NAMESPACE" \
        "--from-literal=url=redis://…"
}

# Pub/Sub has no defaults: without these the stages would end with status 64.
need_pubsub() {
    [ "$AP_MESSAGE_QUEUE_IMPL" = gcp-pubsub ] || return 0
    local name
    for name in AP_PUBSUB_PROJECT_ID AP_PUBSUB_REQUEST_SUBSCRIBER_ID AP_PUBSUB_RESULT_TOPIC_ID; do
        [ -n "${!name:-}" ] || fail "AP_MESSAGE_QUEUE_IMPL is gcp-pubsub, and $name is not set; docs/pubsub.md says" \
            "what it needs"
    done
}

# Docker, and that its engine answers.
need_docker() {
    local said
    need_program docker
    said=$(docker info --format '{{.ServerVersion}}' 2>&1) || fail "Docker's engine does not answer at" \
        "${DOCKER_HOST:-its usual socket}: $(in_short "$said"). Start it, or may this user not use it?"
}
