{{/* The ports of each stage, as the programs have them by default. */}}
{{- define "ap.ports" -}}
ingest: {reports: 5566, status: 9091, tap: 5571}
dispatch: {messages: 5557, reports: 5567, status: 9092, tap: 5572}
retry: {messages: 5558, reports: 5568, status: 9093, tap: 5573}
emit: {messages: 5559, status: 9094, tap: 5574}
{{- end }}

{{/* Labels of what belongs to one stage. Takes its name. */}}
{{- define "ap.labels" -}}
app.kubernetes.io/name: async-processor
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "ap.image" -}}
{{ .Values.ap.image.repository }}:{{ .Values.ap.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A value as a variable has it. Helm reads every number as a float, which would be written as 5.3e+08. */}}
{{- define "ap.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}

{{/* Seconds of a number, or of a text such as 90, 45s, 2m or 1h30m. */}}
{{- define "ap.seconds" -}}
{{- $text := include "ap.text" . -}}
{{- if regexMatch "^[0-9]+$" $text -}}
{{ $text }}
{{- else -}}
{{- $hours := regexFind "[0-9]+h" $text | trimSuffix "h" | int -}}
{{- $minutes := regexFind "[0-9]+m" $text | trimSuffix "m" | int -}}
{{- $seconds := regexFind "[0-9]+s" $text | trimSuffix "s" | int -}}
{{ add (mul $hours 3600) (mul $minutes 60) $seconds }}
{{- end -}}
{{- end }}

{{- define "ap.drainSeconds" -}}
{{- if eq (toString .Values.ap.drainTimeout) "" -}}
{{ add (include "ap.seconds" .Values.ap.requestTimeout) 30 }}
{{- else -}}
{{ include "ap.seconds" .Values.ap.drainTimeout }}
{{- end -}}
{{- end }}

{{- define "ap.queueKind" -}}
{{- $ap := .Values.ap -}}
{{- if not (or $ap.gcpPubSub.enabled $ap.redis.enabled) -}}
{{- fail "No queue: set ap.redis.enabled or ap.gcpPubSub.enabled." -}}
{{- end -}}
{{- $kind := $ap.messageQueueImpl | default (ternary "gcp-pubsub" "redis-pubsub" $ap.gcpPubSub.enabled) -}}
{{- if ne (eq $kind "gcp-pubsub") $ap.gcpPubSub.enabled -}}
{{- fail (printf "ap.messageQueueImpl is %s, but ap.gcpPubSub.enabled is %t." $kind $ap.gcpPubSub.enabled) -}}
{{- end -}}
{{ $kind }}
{{- end }}

{{/* The queues of a file for --queues-config-file; empty if there is none. */}}
{{- define "ap.queues" -}}
{{- $ap := .Values.ap -}}
{{- if and $ap.gcpPubSub.enabled $ap.gcpPubSub.topicsConfig -}}
{{ dict "project_id" $ap.gcpPubSub.projectId "result_topic_id" $ap.gcpPubSub.resultTopicId
    "topics" $ap.gcpPubSub.topicsConfig | toPrettyJson }}
{{- else if and (not $ap.gcpPubSub.enabled) $ap.redis.queuesConfig -}}
{{ dict "queues" $ap.redis.queuesConfig | toPrettyJson }}
{{- end -}}
{{- end }}

{{/* All files that stages read, by their names. */}}
{{- define "ap.files" -}}
{{- with include "ap.queues" . }}
queues.json: |
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.ap.workerPools }}
worker-pools.json: |
  {{- toPrettyJson . | nindent 2 }}
{{- end }}
{{- with .Values.ap.requestMergePolicyConfig }}
request-merge-policy.json: |
  {{- toPrettyJson . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The variables that name them. */}}
{{- define "ap.fileVariables" -}}
AP_QUEUES_CONFIG_FILE: queues.json
AP_POOL_CONFIG_FILE: worker-pools.json
AP_REQUEST_MERGE_POLICY_CONFIG_FILE: request-merge-policy.json
{{- end }}

{{/* Which of them a stage reads; emit charges the quotas that stand at queues. */}}
{{- define "ap.filesOfStages" -}}
ingest: [queues.json, request-merge-policy.json]
dispatch: [worker-pools.json]
retry: []
emit: [queues.json]
{{- end }}

{{/* Where a pod may ask for names: the cluster's DNS, NodeLocal DNSCache, Cloud DNS on GKE. */}}
{{- define "ap.dnsRules" -}}
{{- if .Values.ap.networkPolicy.dns -}}
{{ toYaml .Values.ap.networkPolicy.dns }}
{{- else -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
    - ipBlock:
        cidr: 169.254.20.10/32
    - ipBlock:
        cidr: 169.254.169.254/32
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}
{{- end }}

{{/* What each pod that the chart brings beside the stages is started with. */}}
{{- define "ap.restrictedPod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.ap.podSecurityContext | nindent 2 }}
{{- end }}

{{/* A namespace with the strictest of the Pod Security Standards. Takes its name. */}}
{{- define "ap.namespace" -}}
apiVersion: v1
kind: Namespace
metadata:
  name: {{ . }}
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
    pod-security.kubernetes.io/audit: restricted
{{- end }}

{{/* Peers of a network policy: the pods of a stage. Takes its name. */}}
{{- define "ap.podsOf" -}}
- podSelector:
    matchLabels:
      {{- include "ap.labels" . | nindent 6 }}
{{- end }}

{{/* Ports of a network policy: one of TCP. */}}
{{- define "ap.tcp" -}}
- port: {{ . }}
  protocol: TCP
{{- end }}

{{/* A pod that has to go drains, so at most one goes at a time; with dispatch that takes longest. Takes the stage. */}}
{{- define "ap.scalingBehavior" -}}
behavior:
  scaleUp:
    stabilizationWindowSeconds: 0
    policies:
      - type: Pods
        value: 2
        periodSeconds: 60
  scaleDown:
    stabilizationWindowSeconds: 300
    policies:
      - type: Pods
        value: 1
        periodSeconds: {{ ternary 120 60 (eq . "dispatch") }}
{{- end }}
