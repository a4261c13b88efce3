{{/* The release's name if it contains the chart's, else both: the rule of nearly every chart. */}}
{{- define "standin.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select a component's pods. Takes root, component; "" is the chart as a whole. */}}
{{- define "standin.selector" -}}
{{- $fullname := include "standin.fullname" .root -}}
app.kubernetes.io/name: {{ $fullname }}
app.kubernetes.io/instance: {{ trimSuffix "-" (printf "%s-%s" $fullname .component) }}
{{- end -}}

{{/* Labels of every object. Takes root, component. */}}
{{- define "standin.labels" -}}
{{ include "standin.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* An image's full name. Takes root, image {registry?, repository, tag}, and optionally exactImage, which goes first. */}}
{{- define "standin.image" -}}
{{- if .exactImage -}}
{{- .exactImage -}}
{{- else if .root.Values.standin.image -}}
{{- .root.Values.standin.image -}}
{{- else -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}:{{ .image.tag }}
{{- end -}}
{{- end -}}
