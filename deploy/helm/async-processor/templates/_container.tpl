{{/* What only this stage is told, and what comes from elsewhere than the ConfigMap. */}}
{{- define "ap.env" -}}
{{- $ap := .root.Values.ap -}}
{{- $env := list -}}
{{- if .ports.reports -}}
{{- $host := ternary "[$(POD_IP)]" "$(POD_IP)" $ap.ipv6 -}}
{{- $env = append $env (dict "name" "POD_IP" "valueFrom" (dict "fieldRef" (dict "fieldPath" "status.podIP"))) -}}
{{- $env = append $env (dict "name" "AP_ACKS_ADVERTISE" "value" (printf "tcp://%s:%d" $host (.ports.reports | int))) -}}
{{- end -}}
{{- if and .hasQueue (ne .kind "gcp-pubsub") -}}
{{- $ref := dict "name" $ap.redis.secretName "key" $ap.redis.secretKey "optional" (not $ap.redis.url) -}}
{{- $env = append $env (dict "name" "REDIS_URL" "valueFrom" (dict "secretKeyRef" $ref)) -}}
{{- end -}}
{{- if $ap.tap.enabled -}}
{{- $env = append $env (dict "name" "AP_TAP" "value" (printf "tcp://127.0.0.1:%d" (.ports.tap | int))) -}}
{{- end -}}
{{- if eq .stage "dispatch" -}}
{{- if $ap.gatewayToken.secretName -}}
{{- $path := print "/etc/gateway-token/" $ap.gatewayToken.secretKey -}}
{{- $env = append $env (dict "name" "AP_GATEWAY_TOKEN_FILE" "value" $path) -}}
{{- end -}}
{{- range $name, $key := dict "AP_TLS_CA_CERT" $ap.tls.caCertKey "AP_TLS_CERT" $ap.tls.certKey "AP_TLS_KEY" $ap.tls.keyKey -}}
{{- if and $ap.tls.secretName $key -}}
{{- $env = append $env (dict "name" $name "value" (print "/etc/tls/" $key)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $ap.env -}}
{{- if has .name (splitList " " (include "ap.fixedVariables" $)) -}}
{{- fail (printf "ap.env: %s: addresses and ports of the stages are those of the chart." .name) -}}
{{- end -}}
{{- end -}}
{{- $env = concat $env $ap.env -}}
{{- with $env -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* Files of a stage: name of the volume, where it is mounted, and its source. */}}
{{- define "ap.mounted" -}}
{{- $ap := .root.Values.ap -}}
{{- $files := include "ap.files" .root | fromYaml -}}
{{- $own := list -}}
{{- range get (include "ap.filesOfStages" .root | fromYaml) .stage -}}
{{- if hasKey $files . -}}
{{- $own = append $own (dict "key" . "path" .) -}}
{{- end -}}
{{- end -}}
{{- with $own }}
- name: files
  mountPath: /etc/async-processor
  source:
    configMap:
      name: async-processor-files
      items:
        {{- toYaml . | nindent 8 }}
{{- end }}
{{- if and (eq .stage "dispatch") $ap.gatewayToken.secretName }}
- name: gateway-token
  mountPath: /etc/gateway-token
  source:
    secret:
      secretName: {{ $ap.gatewayToken.secretName }}
      defaultMode: 0440
{{- end }}
{{- if and (eq .stage "dispatch") $ap.tls.secretName }}
- name: tls
  mountPath: /etc/tls
  source:
    secret:
      secretName: {{ $ap.tls.secretName }}
      defaultMode: 0440
{{- end }}
{{- end }}

{{- define "ap.mounts" -}}
{{- with include "ap.mounted" . | fromYamlArray -}}
volumeMounts:
  {{- range . }}
  - name: {{ .name }}
    mountPath: {{ .mountPath }}
    readOnly: true
  {{- end }}
{{- end -}}
{{- end }}

{{- define "ap.volumes" -}}
{{- with include "ap.mounted" . | fromYamlArray -}}
volumes:
  {{- range . }}
  - name: {{ .name }}
    {{- toYaml .source | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end }}
