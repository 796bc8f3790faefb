{{/* Host and port of a URL, without user and password. Takes a dict of url and port, the usual one. */}}
{{- define "ap.hostAndPort" -}}
{{- $rest := regexFind "^[^/?#]*" (regexReplaceAll "^[a-z]+://" .url "") -}}
{{- $rest = regexReplaceAll "^.*@" $rest "" -}}
host: {{ regexReplaceAll ":[0-9]+$" $rest "" | trimSuffix "." | lower | quote }}
port: {{ regexFind ":[0-9]+$" $rest | trimPrefix ":" | default .port }}
{{- end }}

{{/* The port of the Redis that ap.redis.url names; of one that a Secret of yours names it is not known here. */}}
{{- define "ap.redisPort" -}}
{{- (include "ap.hostAndPort" (dict "url" .Values.ap.redis.url "port" 6379) | fromYaml).port -}}
{{- end }}

{{/* Egress rules for all gateways that the values name. */}}
{{- define "ap.gatewayRules" -}}
{{- $urls := list .Values.ap.igwBaseURL -}}
{{- range concat .Values.ap.redis.queuesConfig .Values.ap.gcpPubSub.topicsConfig -}}
{{- $urls = append $urls .igw_base_url -}}
{{- end -}}
{{- include "ap.serverRules" (dict "root" . "urls" (compact $urls | default (list "http://inference-gateway.llm-d"))) -}}
{{- end }}

{{/* Egress rules for what gates ask: the Prometheus, and the servers in their parameters, which may be texts that hold JSON.
Empty if there are none. */}}
{{- define "ap.gateRules" -}}
{{- $urls := list .Values.ap.prometheusURL -}}
{{- $places := concat .Values.ap.workerPools .Values.ap.redis.queuesConfig .Values.ap.gcpPubSub.topicsConfig -}}
{{- range regexFindAll `\\*"(address|url|pods_url)\\*": *\\*"[^"\\]+` (toJson $places) -1 -}}
{{- $urls = append $urls (regexFind `[^"]+$` .) -}}
{{- end -}}
{{- with compact $urls -}}
{{- include "ap.serverRules" (dict "root" $ "urls" .) -}}
{{- end -}}
{{- end }}

{{/* Egress rules for servers. The port of a Service may not be that of its pods, which is what policies know: in the cluster,
a whole namespace is let through. Takes a dict of root and urls; what has no scheme is a Redis. */}}
{{- define "ap.serverRules" -}}
{{- $root := .root -}}
{{- $rules := list -}}
{{- range .urls -}}
{{- $usual := hasPrefix "https://" . | ternary 443 (hasPrefix "http://" . | ternary 80 6379) -}}
{{- $at := include "ap.hostAndPort" (dict "url" . "port" $usual) | fromYaml -}}
{{- $parts := splitList "." $at.host -}}
{{- $namespace := "" -}}
{{- if regexMatch "^[a-z0-9-]+$" $at.host -}}
{{- $namespace = $root.Release.Namespace -}}
{{- else if regexMatch "^[a-z0-9-]+[.][a-z0-9-]+([.]svc([.]cluster[.]local)?)?$" $at.host -}}
{{- $namespace = index $parts 1 -}}
{{- end -}}
{{- if and $root.Values.emulatedGateway.enabled (regexMatch "^inference-gateway[.]llm-d([.]svc|$)" $at.host) -}}
{{- $pods := dict "matchLabels" (dict "app.kubernetes.io/name" "inference-gateway") -}}
{{- $rules = append $rules (dict "to" (list (merge (include "ap.namespacePeer" $namespace | fromYaml) (dict "podSelector" $pods)))
    "ports" (include "ap.tcp" 30080 | fromYamlArray)) -}}
{{- else -}}
{{- if $namespace -}}
{{- $rules = append $rules (dict "to" (list (include "ap.namespacePeer" $namespace | fromYaml))) -}}
{{- end -}}
{{/* gateway.example may be a Service in a namespace `example`, or a host elsewhere. */}}
{{- if or (not $namespace) (and (eq (len $parts) 2) (not (has $namespace (list "llm-d" "redis" "monitoring")))) -}}
{{- $rules = append $rules (dict "ports" (include "ap.tcp" $at.port | fromYamlArray)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml (uniq $rules) }}
{{- end }}

{{- define "ap.namespacePeer" -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ . | quote }}
{{- end }}
