# What the scripts that deploy are told: the environment, else the file .env, else the defaults below. To be sourced.
# ENV_FILE is another file than .env.

program=$(basename "$0")
# What the scripts find out themselves. Variables of these names in the environment mean something else.
grace='' image_id='' one_namespace='' default_llm_d='' default_replicas=''

# Says what is wrong with what a person asked for, and ends.
refuse() {
    echo "$program: $*" >&2
    exit 64
}

# Says what could not be done, on what, and what cures it, and ends.
fail() {
    echo "$program: $*" >&2
    exit 1
}

# The value of one line of .env: without its quotes, or without the comment behind it. Nothing is executed and nothing
# is put in: a dollar sign that a shell would replace is refused, unless single quotes say that it is meant.
env_value() {
    local where=$1 text=$2 rest
    case $text in
    \'*)
        text=${text:1}
        [[ $text == *\'* ]] || refuse "$where: the quote has no end"
        rest=${text#*\'}
        text=${text%%\'*}
        ;;
    \"*)
        text=${text:1}
        [[ $text == *\"* ]] || refuse "$where: the quote has no end"
        rest=${text#*\"}
        text=${text%%\"*}
        [[ $text != *[\$\`\\]* ]] || refuse "$where: '\$', '\`' and '\\' are not replaced here; write what they stand" \
            "for, or use single quotes if they are meant"
        ;;
    *)
        text=${text%%[[:space:]]#*}
        text=${text%"${text##*[![:space:]]}"}
        [[ $text != \#* ]] || text=
        rest=
        [[ $text != *[\$\`\\]* ]] || refuse "$where: '\$', '\`' and '\\' are not replaced here; write what they stand" \
            "for, or use single quotes if they are meant"
        # The guide's example has a place for a value: <if needed …>.
        [[ $text == \<*\> || $text != *[[:space:]]* ]] || refuse "$where: a value with spaces needs quotes"
        ;;
    esac
    [[ -z ${rest//[[:space:]]/} || $rest =~ ^[[:space:]]+# ]] || refuse "$where: there is something behind the quote"
    value=$text
}

# Takes what the file says and the environment does not.
read_env_file() {
    local file=$1 line name number=0 value
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        line=${line%$'\r'}
        # A byte order mark, as some editors of Windows put it.
        ((number > 1)) || line=${line#$'\xef\xbb\xbf'}
        [[ ! $line =~ ^[[:space:]]*(#.*)?$ ]] || continue
        if [[ ! $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=[[:blank:]]*(.*)$ ]]; then
            # The line itself may have a password in it.
            refuse "$file, line $number is no assignment; a line is NAME=value, with or without 'export'"
        fi
        name=${BASH_REMATCH[2]}
        env_value "$file, line $number" "${BASH_REMATCH[3]}"
        if [[ $value == \<*\> ]]; then
            echo "$file, line $number: $name is still '$value', and counts as not set" >&2
        elif [ -z "${!name+set}" ]; then
            export "$name=$value"
        fi
    done <"$file"
}

# Names of variables that nobody has set, and that have their default therefore.
defaulted=' '

# Sets a variable that nobody has set; an empty one counts as not set.
default() {
    if [ -z "${!1:-}" ]; then
        printf -v "$1" '%s' "$2"
        defaulted+="$1 "
    fi
    export "${1?}"
}

check_boolean() {
    [[ ${!1} == true || ${!1} == false ]] || refuse "$1 is '${!1}'; it can be true or false"
}

check_name() {
    [[ ${!1} =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] \
        || refuse "$1 is '${!1}'; it has to be a name of small letters, digits and '-', of at most 63"
}

check_number() {
    [[ ${!1} =~ ^[1-9][0-9]{0,5}$ ]] || refuse "$1 is '${!1}'; it has to be a number from 1 on"
}

# All that both a cluster and kind are told. What differs has been set before.
read_settings() {
    local file=${ENV_FILE:-.env} stage name
    if [ -e "$file" ]; then
        read_env_file "$file"
    elif [ -n "${ENV_FILE:-}" ]; then
        refuse "there is no file '$ENV_FILE', which ENV_FILE names"
    fi

    default IMAGE_TAG_BASE async-processor
    default IMAGE_TAG "$(scripts/version)"
    default AP_IMAGE_PULL_POLICY IfNotPresent
    default NAMESPACE async-processor-system
    default AP_MESSAGE_QUEUE_IMPL redis-pubsub
    default DEPLOY_REDIS "$([ "$AP_MESSAGE_QUEUE_IMPL" = gcp-pubsub ] && echo false || echo true)"
    default DEPLOY_LLM_D "${default_llm_d:-false}"
    default DEPLOY_PROMETHEUS false
    # Seconds until all that was deployed has to be ready.
    default DEPLOY_TIMEOUT 300

    for name in DEPLOY_REDIS DEPLOY_LLM_D DEPLOY_PROMETHEUS; do check_boolean "$name"; done
    check_name NAMESPACE
    check_number DEPLOY_TIMEOUT
    for stage in INGEST DISPATCH RETRY EMIT; do
        name=${stage}_REPLICAS
        # Those of deploy/kubernetes, unless something says otherwise.
        [ -z "${default_replicas:-}" ] || default "$name" "$default_replicas"
        [ -z "${!name:-}" ] || check_number "$name"
    done
    case $AP_IMAGE_PULL_POLICY in
    Always | IfNotPresent | Never) ;;
    *) refuse "AP_IMAGE_PULL_POLICY is '$AP_IMAGE_PULL_POLICY'; it can be Always, IfNotPresent or Never" ;;
    esac
    # A ':' before the last '/' is the port of a registry, one behind it a tag.
    if [[ $IMAGE_TAG_BASE == *[[:space:]@\"]* || ${IMAGE_TAG_BASE##*/} == *:* ]]; then
        refuse "IMAGE_TAG_BASE is '$IMAGE_TAG_BASE'; it is the name without a tag, which is IMAGE_TAG"
    fi
    [[ $IMAGE_TAG =~ ^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}$ ]] || refuse "IMAGE_TAG is '$IMAGE_TAG'; that is no tag"
    if [ -n "${VALUES_FILE:-}" ] && [ ! -r "$VALUES_FILE" ]; then
        refuse "there is no readable file '$VALUES_FILE', which VALUES_FILE names"
    fi
    case $AP_MESSAGE_QUEUE_IMPL in
    redis-pubsub | redis-sortedset | gcp-pubsub) ;;
    sqlite) refuse "AP_MESSAGE_QUEUE_IMPL is sqlite, a file: stages in pods of their own cannot share it" ;;
    *) refuse "AP_MESSAGE_QUEUE_IMPL is '$AP_MESSAGE_QUEUE_IMPL'; it can be redis-pubsub, redis-sortedset or" \
        "gcp-pubsub" ;;
    esac
    check_stage_variables
    check_redis
    check_addresses
    grace_period
}

# What the stages would refuse one by one, minutes later. What is wrong is not shown: a password may be in it.
check_addresses() {
    local name
    [ -z "${AP_CONCURRENCY:-}" ] || check_number AP_CONCURRENCY
    [[ ${AP_REDIS_URL:-redis://} == redis://* ]] || refuse "AP_REDIS_URL is no redis://… (TLS to Redis, rediss://, is not" \
        "there yet)"
    for name in $(stage_variables | grep -E '_INFERENCE_GATEWAY(_[0-9]+)?$' || true); do
        [[ -z ${!name} || ${!name} =~ ^https?://[^[:space:]/]+(/[^[:space:]]*)?$ ]] || refuse "$name is no http://… or" \
            "https://… with a path, such as http://my-gateway/v1/completions"
    done
}

# A Redis is deployed, or named, not both.
check_redis() {
    local name
    [ "$DEPLOY_REDIS" = true ] || return 0
    [ "$AP_MESSAGE_QUEUE_IMPL" != gcp-pubsub ] || refuse "AP_MESSAGE_QUEUE_IMPL is gcp-pubsub, which uses no Redis;" \
        "take DEPLOY_REDIS=true out"
    for name in AP_REDIS_URL AP_REDIS_ADDR; do
        [ -z "${!name:-}" ] || refuse "$name names a Redis, and DEPLOY_REDIS is true, so another one would be deployed" \
            "and used; set DEPLOY_REDIS=false, or take $name out"
    done
}

# Kubernetes ends a stage for good after this many seconds: more than it takes to finish its work.
grace_period() {
    local name
    for name in AP_REQUEST_TIMEOUT AP_DRAIN_TIMEOUT; do
        [[ ${!name:-1} =~ ^[0-9]{1,6}(\.[0-9]+)?$ ]] || refuse "$name is '${!name}'; it has to be a number of seconds"
    done
    [ -z "${AP_REQUEST_TIMEOUT:-}" ] || default AP_DRAIN_TIMEOUT "$((10#${AP_REQUEST_TIMEOUT%.*} + 31))"
    [ -z "${AP_DRAIN_TIMEOUT:-}" ] || grace=$((10#${AP_DRAIN_TIMEOUT%.*} + 31))
}

# These differ by stage, or are the manifests' own: one value for all stages would break them.
fixed_variables=(AP_LISTEN AP_ACKS AP_ACKS_ADVERTISE AP_METRICS_HOST AP_METRICS_PORT AP_TAP AP_BIND_HOST AP_DISPATCH
    AP_RETRY AP_EMIT)

# Names of the variables that are handed to the stages: every AP_… but those above, the deployment's own, and the secret.
stage_variables() {
    compgen -e | grep -E '^AP_[A-Z0-9_]+$' | grep -vxE 'AP_IMAGE_PULL_POLICY|AP_REDIS_URL' | LC_ALL=C sort
}

check_stage_variables() {
    local name
    for name in "${fixed_variables[@]}"; do
        [ -z "${!name:-}" ] || refuse "$name is set; addresses and ports of the stages are those of deploy/kubernetes," \
            "so take it out of .env and of the environment"
    done
    for name in $(compgen -e | grep -E '^AP_' || true); do
        [[ ${!name} != *$'\n'* ]] || refuse "$name has several lines; a variable of the stages is one line"
    done
}
