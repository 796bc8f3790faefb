{{/* The variables of all stages. */}}
{{- define "ap.settings" -}}
{{- $ap := .Values.ap -}}
{{- $kind := include "ap.queueKind" . -}}
{{- $all := dict
    "AP_BIND_HOST" (ternary "::" "0.0.0.0" $ap.ipv6)
    "AP_DISPATCH" "tcp://dispatch:5557"
    "AP_RETRY" "tcp://retry:5558"
    "AP_EMIT" "tcp://emit:5559"
    "AP_MESSAGE_QUEUE_IMPL" $kind
    "AP_CONCURRENCY" (include "ap.text" $ap.concurrency)
    "AP_REQUEST_TIMEOUT" (include "ap.seconds" $ap.requestTimeout)
    "AP_DRAIN_TIMEOUT" (include "ap.drainSeconds" .)
    "AP_LOG_FORMAT" $ap.logFormat
-}}
{{- if eq (int (include "ap.seconds" $ap.requestTimeout)) 0 -}}
{{- fail "ap.requestTimeout: an attempt needs more than 0 s." -}}
{{- end -}}
{{- if ne $ap.logLevel "info" -}}
{{- $_ := set $all "AP_LOG_LEVEL" $ap.logLevel -}}
{{- end -}}
{{- $files := include "ap.files" . | fromYaml -}}
{{- range $variable, $file := include "ap.fileVariables" . | fromYaml -}}
{{- if hasKey $files $file -}}
{{- $_ := set $all $variable (print "/etc/async-processor/" $file) -}}
{{- end -}}
{{- end -}}
{{- with $ap.prometheusURL -}}
{{- $_ := set $all "AP_PROMETHEUS_URL" . -}}
{{- end -}}
{{- if ne (toString $ap.prometheusCacheTTL) "" -}}
{{- $_ := set $all "AP_PROMETHEUS_CACHE_TTL" (include "ap.seconds" $ap.prometheusCacheTTL) -}}
{{- end -}}
{{- with $ap.otel.endpoint -}}
{{- $_ := set $all "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- $_ := set $all "OTEL_TRACES_SAMPLER" $ap.otel.sampler -}}
{{- $_ := set $all "OTEL_TRACES_SAMPLER_ARG" (include "ap.text" $ap.otel.samplerArg) -}}
{{- end -}}
{{- if $ap.tls.insecureSkipVerify -}}
{{- $_ := set $all "AP_TLS_INSECURE_SKIP_VERIFY" "true" -}}
{{- end -}}
{{- $queue := eq $kind "gcp-pubsub" | ternary "ap.pubsubSettings" "ap.redisSettings" -}}
{{- range $name, $value := include $queue . | fromYaml -}}
{{- $_ := set $all $name $value -}}
{{- end -}}
{{- $elsewhere := dict "AP_LOG_LEVEL" "ap.logLevel" "AP_REDIS_URL" "ap.redis.url, which makes a Secret of it"
    "AP_PROMETHEUS_URL" "ap.prometheusURL, which opens the way to it" "AP_PROMETHEUS_CACHE_TTL" "ap.prometheusCacheTTL"
    "AP_POOL_CONFIG_FILE" "ap.workerPools, which makes the file"
    "AP_REQUEST_MERGE_POLICY_CONFIG_FILE" "ap.requestMergePolicyConfig, which makes the file"
    "AP_QUEUES_CONFIG_FILE" "ap.redis.queuesConfig or ap.gcpPubSub.topicsConfig, which makes the file" -}}
{{- $fixed := splitList " " (include "ap.fixedVariables" .) -}}
{{- range $name, $value := $ap.settings -}}
{{- if hasKey $all $name -}}
{{- fail (printf "ap.settings.%s: another value of the chart says that." $name) -}}
{{- else if hasKey $elsewhere $name -}}
{{- fail (printf "ap.settings.%s: use %s." $name (get $elsewhere $name)) -}}
{{- else if has $name $fixed -}}
{{- fail (printf "ap.settings.%s: addresses and ports of the stages are those of the chart." $name) -}}
{{- end -}}
{{- $_ := set $all $name (include "ap.text" $value) -}}
{{- end -}}
{{ toYaml $all }}
{{- end }}

{{/* These differ by stage, or other objects of the chart rely on them. */}}
{{- define "ap.fixedVariables" -}}
AP_LISTEN AP_ACKS AP_ACKS_ADVERTISE AP_METRICS_HOST AP_METRICS_PORT AP_TAP
{{- end }}

{{- define "ap.pubsubSettings" -}}
{{- $ap := .Values.ap -}}
{{- $pubsub := $ap.gcpPubSub -}}
AP_PUBSUB_PROJECT_ID: {{ required "ap.gcpPubSub.projectId is needed: the Google project." $pubsub.projectId | quote }}
AP_PUBSUB_RESULT_TOPIC_ID: {{ required "ap.gcpPubSub.resultTopicId is needed: the topic of the results."
    $pubsub.resultTopicId | quote }}
{{- if not $pubsub.topicsConfig }}
AP_PUBSUB_REQUEST_SUBSCRIBER_ID: {{ required "ap.gcpPubSub.requestSubscriberId is needed: the subscription of the requests."
    $pubsub.requestSubscriberId | quote }}
{{- end }}
{{- with $ap.igwBaseURL }}
AP_PUBSUB_INFERENCE_GATEWAY: {{ print (trimSuffix "/" .) $pubsub.requestPathURL | quote }}
{{- end }}
{{- end }}

{{- define "ap.redisSettings" -}}
{{- $ap := .Values.ap -}}
{{- with $ap.igwBaseURL }}
AP_REDIS_INFERENCE_GATEWAY: {{ print (trimSuffix "/" .) $ap.redis.requestPathURL | quote }}
{{- end }}
{{- with $ap.redis.requestQueueName }}
AP_REDIS_REQUEST_QUEUE_NAME: {{ . | quote }}
{{- end }}
{{- with $ap.redis.resultQueueName }}
AP_REDIS_RESULT_QUEUE_NAME: {{ . | quote }}
{{- end }}
{{- if .Values.bundledRedis.enabled }}
{{- if $ap.redis.url -}}
{{- fail "ap.redis.url names a Redis, and bundledRedis.enabled brings another one: one of both." -}}
{{- end }}
AP_REDIS_URL: redis://redis-master.redis:6379
{{- end }}
{{- end }}
