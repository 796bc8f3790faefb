# Requests and results of test-kubernetes: a sorted set and a list on the Redis of the test's own namespace. To be sourced
# after checks.bash.

on_redis() { kube exec --namespace "$NAMESPACE" redis-master-0 "$@"; }
ask_redis() { on_redis -- redis-cli "$@"; }

# Puts requests on the sorted set: how many, and the number of the first.
publish() {
    local count=$1 first=$2 added
    # redis-cli takes a command from each line, and answers each with the number of new requests.
    added=$(awk -v first="$first" -v count="$count" -v deadline="$(($(date +%s) + 3600))" 'BEGIN {
        for (i = first; i < first + count; i++)
            printf "ZADD request-sortedset %d \x27{\"id\":\"r-%d\",\"deadline\":%d,\"payload\":{\"model\":\"food-review-1\",\"prompt\":\"review %d: tasty, but cold\",\"max_tokens\":8}}\x27\n", deadline, i, deadline, i
    }' | on_redis --stdin -- redis-cli | grep -c '^1') || true
    [ "$added" = "$count" ] || fail "only ${added:-none} of $count requests could be put on the queue"
}

results() { ask_redis LLEN result-list; }

# The user guide's test: a subscriber, a request, and its result.
guides_test() {
    local heard=$1/heard end=$((SECONDS + 60))
    : >"$heard"
    on_redis -- timeout 60 redis-cli SUBSCRIBE result-queue >"$heard" 2>&1 &
    local subscriber=$!
    until grep -q subscribe "$heard"; do
        ((SECONDS < end)) || fail "no subscription to result-queue within 60 s: $(in_short "$(cat "$heard")")"
        sleep 0.2
    done
    ask_redis PUBLISH request-queue '{"id" : "testmsg", "payload":{ "model":"unsloth/Meta-Llama-3.1-8B", "prompt":"hi"}, "deadline" :"9999999999" }' >/dev/null
    until grep -q '"testmsg"' "$heard"; do
        ((SECONDS < end)) || fail "no result of the guide's request within 60 s; heard: $(in_short "$(cat "$heard")")"
        sleep 0.2
    done
    kill "$subscriber" 2>/dev/null || true
    echo "The user guide's test: $(grep -m 1 '"testmsg"' "$heard")"
}

# Writes the time and the number of results into a file, again and again.
watch_results() {
    while true; do
        echo "$(date +%s.%N) $(results 2>/dev/null || echo -)" >>"$1"
        sleep 0.5
    done
}

# Waits until there are so many results, as long as more keep coming.
wait_for_results() {
    local wanted=$1 patience=$2 now last=-1 since=$SECONDS
    while true; do
        now=$(results) || now=$last
        ((now < wanted)) || return 0
        if ((now != last)); then last=$now since=$SECONDS; fi
        ((SECONDS - since < patience)) || return 1
        sleep 1
    done
}

# Attempts that the gateway answered; nothing if it cannot be asked through the cluster's API.
attempts() {
    kube get --raw "/api/v1/namespaces/$NAMESPACE/services/inference-gateway:80/proxy/metrics" 2>/dev/null \
        | sed -nE 's/^vllm:request_success_total\{.*\} ([0-9]+)$/\1/p' || true
}

# Counts what came of each id. Arguments: a folder with the watched numbers, and how many requests there were.
count_results() {
    local folder=$1 dead
    ask_redis LRANGE result-list 0 -1 >"$folder/results"
    dead=$(ask_redis LLEN request-sortedset:dead-letter)
    python3 - "$folder" "$2" "$dead" "$(attempts)" <<'PYTHON'
import collections, json, sys
folder, wanted, dead, attempts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
ids, statuses = collections.Counter(), collections.Counter()
with open(f"{folder}/results", encoding="utf-8") as file:
    for line in file:
        result = json.loads(line)
        ids[result["id"]] += 1
        statuses[result.get("status_code") or result.get("error_code")] += 1
with open(f"{folder}/watched", encoding="utf-8") as file:
    seen = [(float(time), int(count)) for time, count in (line.split() for line in file) if count.isdigit()]
longest, since = 0.0, seen[0][0]
for (before, old), (now, new) in zip(seen, seen[1:]):
    if new > old:
        longest, since = max(longest, now - since), now
missing = [f"r-{number}" for number in range(1, wanted + 1) if f"r-{number}" not in ids]
twice = [id for id, count in ids.items() if count > 1]
strange = [id for id in ids if not (id.startswith("r-") and id[2:].isdigit() and 1 <= int(id[2:]) <= wanted)]
print(f"{wanted} requests, {sum(ids.values())} results of {len(ids)} ids; by status: "
      + ", ".join(f"{status} {count}" for status, count in sorted(statuses.items(), key=str)))
print(f"Missing {len(missing)}, more than once {len(twice)}, of nobody {len(strange)}, dead letters {dead}")
print(f"Longest time without a new result: {longest:.1f} s (also between portions)")
if attempts.isdigit():
    print(f"The gateway answered {attempts} attempts: {int(attempts) - wanted - 1} were made again")
for name, found in ("missing", missing), ("more than once", twice), ("of nobody", strange):
    if found:
        print(f"{name}: {' '.join(found[:20])}", file=sys.stderr)
sys.exit(bool(missing or twice or strange or dead or statuses[200] != wanted))
PYTHON
}
