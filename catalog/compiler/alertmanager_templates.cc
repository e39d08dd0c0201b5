#include "catalog/compiler/alertmanager_templates.h"

namespace basewatch::catalog {

// Only what Alertmanager 0.25 knows. Alert texts hold label values, which come from anywhere: Slack
// gets & < > escaped, or a label <!channel> would wake the channel; e-mail is escaped by Go's HTML
// templates. Long groups are cut, because a receiver refuses what is too long as a whole.
const std::string_view kAlertmanagerTemplates = R"TMPL(
{{- /* What it is about, in a line: the alert's own summary, or what the alerts have in common. */ -}}
{{ define "basewatch.headline" -}}
{{ if .CommonAnnotations.summary }}{{ .CommonAnnotations.summary }}
{{- else }}{{ with .CommonLabels.alertname }}{{ . }} {{ end }}
{{- with .CommonLabels.node }}on {{ . }} {{ end }}({{ template "basewatch.count" . }}){{ end }}
{{- end }}

{{ define "basewatch.count" }}{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }}{{ end }}

{{ define "basewatch.title" -}}
{{ if eq .Status "firing" }}{{ with .CommonLabels.priority }}{{ . }} {{ end }}
{{- else }}Resolved: {{ end }}{{ template "basewatch.headline" . }}
{{- end }}

{{- /* Where: the node, and the instance where it says more than the node. */ -}}
{{ define "basewatch.where" -}}
{{ if .Labels.node }}{{ .Labels.node }}
{{- if and .Labels.instance (ne .Labels.instance .Labels.node) }}, instance {{ .Labels.instance }}{{ end }}
{{- else if .Labels.instance }}{{ .Labels.instance }}
{{- else }}no single node{{ end }}
{{- end }}

{{ define "basewatch.since" -}}
{{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{- if eq .Status "resolved" }}, until {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC{{ end }}
{{- end }}

{{- /* The filter of a new silence for what carries these labels, for the end of an address. What says how urgent
  it is may change with the site, so it is left out. */ -}}
{{ define "basewatch.silence.filter" -}}
%7B{{ range .SortedPairs }}{{ if not (match "^(alertname|class|priority|severity)$" .Name) }}{{ .Name }}%3D%22
{{- template "basewatch.silence.value" .Value }}%22%2C{{ end }}{{ end }}alertname%3D%22{{ .alertname }}%22%7D
{{- end }}

{{ define "basewatch.silence.value" -}}
{{ . | reReplaceAll "%" "%25" | reReplaceAll "\\\\" "%5C%5C" | reReplaceAll "\"" "%5C%22" | reReplaceAll "&" "%26"
  | reReplaceAll "#" "%23" | reReplaceAll "\\+" "%2B" | reReplaceAll " " "%20" | reReplaceAll "<" "%3C"
  | reReplaceAll ">" "%3E" | reReplaceAll "\\|" "%7C" }}
{{- end }}

{{- /* A list of alerts as plain text: PagerDuty's details. */ -}}
{{ define "basewatch.plain" -}}
{{ range $i, $alert := . }}{{ if lt $i 20 -}}
{{ or .Annotations.summary .Labels.alertname }}
  {{ with .Annotations.description }}{{ . }}
  {{ end }}where: {{ template "basewatch.where" . }}
  since: {{ template "basewatch.since" . }}
{{- with .Annotations.runbook_url }}
  runbook: {{ . }}{{ end }}
{{- with .Annotations.dashboard_url }}
  dashboard: {{ . }}{{ end }}
{{ end }}{{ end }}
{{- if gt (len .) 20 }}Only the first 20 of {{ len . }} are shown.
{{ end }}
{{- end }}

{{- /* Slack */ -}}
{{ define "basewatch.slack.escape" -}}
{{ . | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}
{{- end }}

{{ define "basewatch.slack.title" -}}
{{ if eq .Status "firing" }}{{ with .CommonLabels.priority }}{{ . }} {{ end }}
{{- else }}Resolved: {{ end }}
{{- if .CommonAnnotations.summary }}{{ template "basewatch.slack.escape" .CommonAnnotations.summary }}
{{- else }}{{ with .CommonLabels.alertname }}{{ . }} {{ end }}
{{- with .CommonLabels.node }}on {{ template "basewatch.slack.escape" . }} {{ end -}}
({{ template "basewatch.count" . }}){{ end }}
{{- end }}

{{ define "basewatch.slack.color" -}}
{{ if eq .Status "resolved" }}good
{{- else if eq .CommonLabels.severity "critical" }}danger
{{- else if eq .CommonLabels.severity "warning" }}warning
{{- else }}#439fe0{{ end }}
{{- end }}

{{ define "basewatch.slack.text" -}}
{{ range $i, $alert := .Alerts }}{{ if lt $i 20 -}}
{{ if gt (len $.Alerts) 1 }}*{{ template "basewatch.slack.escape" (or .Annotations.summary .Labels.alertname) }}*{{ if eq .Status "resolved" }} (resolved){{ end }}
{{ end }}{{ with .Annotations.description }}{{ template "basewatch.slack.escape" . }}
{{ end }}*Where:* {{ template "basewatch.slack.where" . }}
*Since:* {{ template "basewatch.since" . }}
{{ with .Annotations.runbook_url }}<{{ . }}|Runbook> {{ end }}
{{- with .Annotations.dashboard_url }}<{{ . }}|Dashboard> {{ end }}
{{- if eq .Status "firing" }}<{{ $.ExternalURL }}/#/silences/new?filter={{ template "basewatch.silence.filter" .Labels }}|Silence>{{ end }}
{{ end }}{{ end }}
{{- if gt (len .Alerts) 20 }}Only the first 20 of {{ len .Alerts }} are shown.
{{ end }}
{{- end }}

{{ define "basewatch.slack.where" -}}
{{ if .Labels.node }}{{ template "basewatch.slack.escape" .Labels.node }}
{{- if and .Labels.instance (ne .Labels.instance .Labels.node) }}, instance {{ template "basewatch.slack.escape" .Labels.instance }}{{ end }}
{{- else if .Labels.instance }}{{ template "basewatch.slack.escape" .Labels.instance }}
{{- else }}no single node{{ end }}
{{- end }}

{{- /* PagerDuty takes four severities and refuses an event with any other. */ -}}
{{ define "basewatch.pagerduty.severity" -}}
{{ if eq .CommonLabels.severity "critical" "warning" "info" }}{{ .CommonLabels.severity }}
{{- else }}error{{ end }}
{{- end }}

{{- /* The first alert's links; a group shares its alert, so it shares its runbook. */ -}}
{{ define "basewatch.pagerduty.runbook" -}}
{{ with index .Alerts 0 }}{{ .Annotations.runbook_url }}{{ end }}
{{- end }}
{{ define "basewatch.pagerduty.dashboard" -}}
{{ with index .Alerts 0 }}{{ .Annotations.dashboard_url }}{{ end }}
{{- end }}
{{- /* Empty where the alerts of the group have different names: no one filter is theirs. */ -}}
{{ define "basewatch.pagerduty.silence" -}}
{{ if and .CommonLabels.alertname (eq .Status "firing") }}{{ .ExternalURL }}/#/silences/new?filter=
{{- template "basewatch.silence.filter" .CommonLabels }}{{ end }}
{{- end }}

{{- /* E-mail */ -}}
{{ define "basewatch.email.subject" }}{{ template "basewatch.title" . }}{{ end }}

{{ define "basewatch.email.html" -}}
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ template "basewatch.title" . }}</title>
</head>
<body style="font-family: sans-serif; max-width: 40em">
<h2>{{ template "basewatch.title" . }}</h2>
{{ range $i, $alert := .Alerts }}{{ if lt $i 100 -}}
<h3>{{ or .Annotations.summary .Labels.alertname }}{{ if eq .Status "resolved" }} (resolved){{ end }}</h3>
{{ with .Annotations.description }}<p>{{ . }}</p>
{{ end -}}
<p>{{ with .Labels.priority }}{{ . }}, {{ end }}{{ with .Labels.severity }}{{ . }}<br>{{ end }}
Where: {{ template "basewatch.where" . }}<br>
Since: {{ template "basewatch.since" . }}</p>
<p>{{ with .Annotations.runbook_url }}<a href="{{ . }}">Runbook</a> {{ end }}
{{- with .Annotations.dashboard_url }}<a href="{{ . }}">Dashboard</a> {{ end }}
{{- /* Go escapes what stands in an address of HTML by itself. */ -}}
{{- if eq .Status "firing" }}<a href="{{ $.ExternalURL }}/#/silences/new?filter=%7B
{{- range .Labels.SortedPairs }}{{ if not (match "^(alertname|class|priority|severity)$" .Name) }}{{ .Name }}%3D%22
{{- .Value | reReplaceAll "([\"\\\\])" "\\$1" }}%22%2C{{ end }}{{ end -}}
alertname%3D%22{{ .Labels.alertname }}%22%7D">Silence</a>{{ end }}</p>
{{ end }}{{ end }}
{{- if gt (len .Alerts) 100 }}<p>Only the first 100 of {{ len .Alerts }} are shown.</p>
{{ end -}}
<p style="color: #666">Sent by <a href="{{ .ExternalURL }}">Alertmanager</a> to {{ .Receiver }}.</p>
</body>
</html>
{{ end }}
)TMPL";

}  // namespace basewatch::catalog
