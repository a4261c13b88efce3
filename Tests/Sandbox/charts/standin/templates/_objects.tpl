{{/* A Deployment of one pod. Takes what standin.pod takes. */}}
{{- define "standin.deployment" -}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- if .labels }}
    {{- toYaml .labels | nindent 4 }}
    {{- else }}
    {{- include "standin.labels" . | nindent 4 }}
    {{- end }}
spec:
  replicas: {{ default 1 .replicas }}
  selector:
    matchLabels:
      {{- if .labels }}
      {{- toYaml .labels | nindent 6 }}
      {{- else }}
      {{- include "standin.selector" . | nindent 6 }}
      {{- end }}
  template:
    {{- include "standin.pod" . | nindent 4 }}
{{ end -}}

{{/* A StatefulSet. Takes what standin.pod takes, and name, labels, replicas, headless, and size where it has a claim. */}}
{{- define "standin.statefulset" -}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- toYaml .labels | nindent 4 }}
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
spec:
  replicas: {{ default 1 .replicas }}
  serviceName: {{ default .name .headless }}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- toYaml .labels | nindent 6 }}
  template:
    {{- include "standin.pod" . | nindent 4 }}
  {{- if .claim }}
  volumeClaimTemplates:
    - metadata:
        name: {{ .claim }}
        labels:
          {{- toYaml .labels | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: {{ .size }}
  {{- end }}
{{ end -}}

{{/* A Service. Takes root, name, component or labels, port, and optionally type, nodePort, headless. */}}
{{- define "standin.service" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
    {{- if .labels }}
    {{- toYaml .labels | nindent 4 }}
    {{- else }}
    {{- include "standin.selector" . | nindent 4 }}
    {{- end }}
spec:
  type: {{ default "ClusterIP" .type }}
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  ports:
    - name: main
      port: {{ .port }}
      targetPort: {{ .port }}
      protocol: TCP
      {{- if and .nodePort (eq (default "ClusterIP" .type) "NodePort") }}
      nodePort: {{ .nodePort }}
      {{- end }}
  selector:
    {{- if .labels }}
    {{- toYaml .labels | nindent 4 }}
    {{- else }}
    {{- include "standin.selector" . | nindent 4 }}
    {{- end }}
{{ end -}}

{{/* An Ingress to the service of the same name. Takes root, name, component, port, ingress {hostName, annotations?}. */}}
{{- define "standin.ingress" -}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "standin.labels" . | nindent 4 }}
  {{- with .ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .ingress.ingressClassName }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .ingress.tlsSecretName }}
  tls:
    - hosts: [{{ $.ingress.hostName | quote }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ required (printf "%s: ingress.hostName is required where ingress.enabled" .component) .ingress.hostName | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ .name }}
                port:
                  number: {{ .port }}
{{ end -}}

{{- define "standin.account" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "standin.labels" . | nindent 4 }}
{{ end -}}

{{/* The secret for pulling images. Takes root, name. A chart without a password refuses, as it could pull nothing. */}}
{{- define "standin.registrySecret" -}}
{{- $credentials := .root.Values.imageCredentials -}}
{{- if and $credentials.enabled (not $credentials.existingSecret) }}
{{- $password := required "imageCredentials.password is required: the token for the image registry" $credentials.password }}
{{- $auth := dict "username" $credentials.username "password" $password "auth" (printf "%s:%s" $credentials.username $password | b64enc) }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "standin.labels" . | nindent 4 }}
type: kubernetes.io/dockerconfigjson
data:
  .dockerconfigjson: {{ dict "auths" (dict $credentials.registry $auth) | toJson | b64enc }}
{{ end -}}
{{- end -}}
