{{/* What the bundled Prometheus is told. */}}
{{- define "ap.prometheus" -}}
# A headless Service gives one address for each pod of a stage, so no right to read the cluster's API is needed.
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files:
  - /etc/prometheus/rules.yaml
scrape_configs:
  - job_name: async-processor
    dns_sd_configs:
      - names: [ingest.{{ .Release.Namespace }}]
        type: A
        port: 9091
        refresh_interval: 15s
      - names: [dispatch.{{ .Release.Namespace }}]
        type: A
        port: 9092
        refresh_interval: 15s
      - names: [retry.{{ .Release.Namespace }}]
        type: A
        port: 9093
        refresh_interval: 15s
      - names: [emit.{{ .Release.Namespace }}]
        type: A
        port: 9094
        refresh_interval: 15s
    relabel_configs:
      - source_labels: [__meta_dns_name]
        regex: (.+)\.(.+)
        target_label: stage
        replacement: $1
      - source_labels: [__meta_dns_name]
        regex: (.+)\.(.+)
        target_label: namespace
        replacement: $2
{{ end }}
