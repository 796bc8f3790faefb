# A cluster in Docker (kind), and the image on it. To be sourced after checks.bash.

# A node of a cluster that was made here has it: only such a cluster is deleted again.
made_here=async-processor/made-by=deploy-on-kind

kind_settings() {
    default CLUSTER_NAME async-processor
    default CREATE_CLUSTER true
    check_name CLUSTER_NAME
    check_boolean CREATE_CLUSTER
    local context=kind-$CLUSTER_NAME
    if [ -n "${KUBE_CONTEXT:-}" ] && [ "$KUBE_CONTEXT" != "$context" ]; then
        refuse "KUBE_CONTEXT is '$KUBE_CONTEXT', and kind's cluster '$CLUSTER_NAME' is '$context'; take KUBE_CONTEXT" \
            "out, or choose the cluster with CLUSTER_NAME"
    fi
    export KUBE_CONTEXT=$context
}

has_kind_cluster() {
    local said
    said=$(kind get clusters 2>&1) || fail "'kind get clusters' failed: $(in_short "$said")"
    grep -qxF -- "$CLUSTER_NAME" <<<"$said"
}

was_made_here() { [ -n "$(kube get nodes --selector "$made_here" --output name 2>/dev/null)" ]; }

need_kind_cluster() {
    need_program kind
    need_program kubectl
    need_docker
    if has_kind_cluster; then
        # Its context may be in another kubeconfig, or gone.
        kubectl config get-contexts -o name 2>/dev/null | grep -qxF -- "$KUBE_CONTEXT" \
            || kind export kubeconfig --name "$CLUSTER_NAME"
    elif [ "$CREATE_CLUSTER" = true ]; then
        echo "Making the kind cluster '$CLUSTER_NAME'."
        printf '%s\n' 'apiVersion: kind.x-k8s.io/v1alpha4' 'kind: Cluster' 'nodes:' '  - role: control-plane' \
            '    labels:' "      ${made_here%=*}: ${made_here#*=}" \
            | kind create cluster --name "$CLUSTER_NAME" --wait 120s --config - \
            || fail "kind could not make the cluster '$CLUSTER_NAME'; what it said is above"
    else
        fail "there is no kind cluster '$CLUSTER_NAME', and CREATE_CLUSTER is false; 'kind create cluster --name" \
            "$CLUSTER_NAME' makes one"
    fi
}

# Nodes of kind have no registry: they get the image from Docker, where it is built or pulled if it is not there.
load_image() {
    local image=$IMAGE_TAG_BASE:$IMAGE_TAG
    # A name with a '/' is that of a registry, as docker understands it too.
    if [ "$AP_IMAGE_PULL_POLICY" = Always ]; then
        [[ $IMAGE_TAG_BASE == */* ]] || refuse "AP_IMAGE_PULL_POLICY is Always, and '$image' is in no registry: take" \
            "it out, or name a registry in IMAGE_TAG_BASE"
        return
    fi
    if ! docker image inspect "$image" >/dev/null 2>&1; then
        if [[ $IMAGE_TAG_BASE == */* ]]; then
            docker pull "$image" || fail "there is no image '$image' here, and it could not be pulled; 'make image'" \
                "builds it"
        else
            echo "Building the image $image."
            make --no-print-directory image || fail "the image '$image' could not be built; what was said is above"
        fi
    fi
    kind load docker-image "$image" --name "$CLUSTER_NAME" || fail "kind could not load '$image' into the nodes of" \
        "'$CLUSTER_NAME'"
    # An image that was built anew under the same tag is another one: the pods have to be made anew as well.
    image_id=$(docker image inspect --format '{{.Id}}' "$image")
}
