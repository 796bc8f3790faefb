# Writes what is deployed: deploy/kubernetes as it is, and an overlay with what the settings say. To be sourced after
# settings.bash.

# All that is deployed has this label, so that undeploying finds it, and nothing else.
ours=app.kubernetes.io/part-of=async-processor

# The namespaces that the settings need, with the stages' own first.
namespaces() {
    echo "$NAMESPACE"
    [ "$DEPLOY_REDIS" = false ] || echo redis
    [ "$DEPLOY_LLM_D" = false ] || echo llm-d
    [ "$DEPLOY_PROMETHEUS" = false ] || echo monitoring
}

components() {
    [ "$DEPLOY_REDIS" = false ] || echo redis
    [ "$DEPLOY_LLM_D" = false ] || echo emulated-gateway
    [ "$DEPLOY_PROMETHEUS" = false ] || echo prometheus
}

# Whether a namespace was made here.
is_ours() {
    [ -n "$(kube get namespaces --selector "$ours" --field-selector "metadata.name=$1" --output name 2>/dev/null)" ]
}

# A namespace that was there before, such as that of a real llm-d, keeps its labels, and outlives undeploying.
foreign_namespaces() {
    local name
    for name in $(namespaces); do
        if kube get namespace "$name" --output name >/dev/null 2>&1 && ! is_ours "$name"; then echo "$name"; fi
    done
}

# One variable a line. kustomize takes what is behind the '=' as it is, and ignores lines that begin with '#'.
stage_settings() {
    local name
    for name in $(stage_variables); do echo "$name=${!name}"; done
}

# A kustomization of what the settings say. Arguments: the namespaces whose labels stay.
kustomization() {
    local name stage policy rule kind=base
    [ "$AP_MESSAGE_QUEUE_IMPL" != gcp-pubsub ] || kind=overlays/pubsub
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    echo "resources: [../kubernetes/$kind]"
    echo "components: [$(for name in $(components); do printf '%s' "../kubernetes/components/$name, "; done)]"
    echo "labels: [{pairs: {${ours%=*}: ${ours#*=}}}]"
    echo "images: [{name: async-processor, newName: \"$IMAGE_TAG_BASE\", newTag: \"$IMAGE_TAG\"}]"
    echo "configMapGenerator:"
    echo "  - {name: async-processor, namespace: $NAMESPACE, behavior: merge, envs: [stages.env]}"
    if [ -n "${AP_REDIS_URL:-}" ]; then
        echo "secretGenerator:"
        echo "  - {name: redis-url, namespace: $NAMESPACE, files: [url]}"
    fi
    echo "replicas:"
    for stage in ingest dispatch retry emit; do
        name=${stage^^}_REPLICAS
        [ -z "${!name:-}" ] || echo "  - {name: $stage, count: ${!name}}"
    done
    echo "patches:"
    # Of the pods that run our image: the stages', and the emulated gateway's.
    echo "  - target: {kind: Deployment, labelSelector: \"app.kubernetes.io/name in (async-processor, inference-gateway)\"}"
    echo "    patch: |"
    echo "      - {op: add, path: /spec/template/spec/containers/0/imagePullPolicy, value: $AP_IMAGE_PULL_POLICY}"
    if [ -n "${image_id:-}" ]; then
        echo "  - target: {kind: Deployment, labelSelector: \"app.kubernetes.io/name in (async-processor, inference-gateway)\"}"
        echo "    patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}, spec: {template: {metadata:" \
            "{annotations: {async-processor/image: \"$image_id\"}}}}}'"
    fi
    if [ -n "${grace:-}" ]; then
        echo "  - target: {kind: Deployment, labelSelector: app.kubernetes.io/name=async-processor}"
        echo "    patch: '- {op: add, path: /spec/template/spec/terminationGracePeriodSeconds, value: $grace}'"
    fi
    while read -r policy rule; do
        echo "  - target: {kind: NetworkPolicy, name: $policy}"
        echo "    patch: '- {op: add, path: /spec/egress/-, value: $rule}'"
    done < <(gateway_rules | sed 's/^/gateway /'; queue_rules | sed 's/^/queue /')
    for name in "$@"; do
        echo "  - target: {kind: Namespace, name: $name}"
        echo "    patch: '{\$patch: delete, apiVersion: v1, kind: Namespace, metadata: {name: $name}}'"
    done
}

# For a test that leaves nothing: Redis and the gateway beside the stages, in place of namespaces of their own.
all_in_one_namespace() {
    find "$1" -name '*.yaml' -exec sed -i -E \
        -e "s/(namespace|kubernetes\.io\/metadata\.name): (redis|llm-d)\$/\1: $NAMESPACE/" \
        -e 's/(redis-master\.redis|inference-gateway\.llm-d)\b/\1@/; s/\.(redis|llm-d)@//' {} +
    sed -i 's/inference-gateway\.llm-d/inference-gateway/' "$1/base/settings.env"
}

# Writes all manifests into a file. Arguments: a folder of its own, and the file.
render() {
    local folder=$1 file=$2 foreign said
    cp -R deploy/kubernetes "$folder/kubernetes"
    if [ "$NAMESPACE" != async-processor-system ]; then
        # The stages' namespace has one name everywhere, also where policies name it.
        grep -rlF async-processor-system "$folder/kubernetes" \
            | xargs sed -i "s/async-processor-system/$NAMESPACE/g"
    fi
    if [ "${one_namespace:-}" = true ]; then
        all_in_one_namespace "$folder/kubernetes"
        foreign=(redis llm-d)
    else
        mapfile -t foreign < <(foreign_namespaces)
        [ ${#foreign[@]} -eq 0 ] || echo "There before, so their labels stay as they are: namespace ${foreign[*]}."
    fi
    mkdir "$folder/deployed"
    stage_settings >"$folder/deployed/stages.env"
    [ -z "${AP_REDIS_URL:-}" ] || printf '%s' "$AP_REDIS_URL" >"$folder/deployed/url"
    kustomization "${foreign[@]}" >"$folder/deployed/kustomization.yaml"
    if ! said=$(kubectl kustomize "$folder/deployed" 2>&1 >"$file"); then
        fail "the manifests could not be made from deploy/kubernetes: $(in_short "$said")"
    fi
}
