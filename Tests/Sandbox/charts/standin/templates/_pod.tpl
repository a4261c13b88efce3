{{/*
The pod of a component: one container that serves `path` on `port`, and is ready once it does.
Takes root, component, container, image, port, and optionally path (HTTP probe; else a TCP one), env (a list),
script (a shell script to run before, or instead of, serving), account, secret (for pulling), init (a script of an
init container), volume (a claim's name) or claim (the name of a claim template), labels.
*/}}
{{- define "standin.pod" -}}
metadata:
  labels:
    {{- if .labels }}
    {{- toYaml .labels | nindent 4 }}
    {{- else }}
    {{- include "standin.selector" . | nindent 4 }}
    {{- end }}
spec:
  terminationGracePeriodSeconds: 1
  {{- with .account }}
  serviceAccountName: {{ . }}
  {{- end }}
  {{- with .secret }}
  imagePullSecrets:
    - name: {{ . }}
  {{- end }}
  {{- with .init }}
  initContainers:
    - name: init
      image: {{ include "standin.image" $ }}
      command: [sh, -c]
      args:
        - |
          {{- . | nindent 10 }}
      {{- with $.env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- end }}
  containers:
    - name: {{ .container }}
      image: {{ include "standin.image" . }}
      command: [sh, -c]
      args:
        - |
          {{- default "" .script | nindent 10 }}
          {{- if .path }}
          {{- include "standin.serve" . | nindent 10 }}
          {{- end }}
      {{- with .env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - containerPort: {{ .port }}
      readinessProbe:
        {{- if .path }}
        httpGet:
          path: {{ .path }}
          port: {{ .port }}
        {{- else }}
        tcpSocket:
          port: {{ .port }}
        {{- end }}
        periodSeconds: 1
        failureThreshold: 3
      resources:
        requests:
          cpu: 5m
          memory: 8Mi
      {{- if or .volume .claim }}
      volumeMounts:
        - name: {{ default "data" .claim }}
          mountPath: /data
      {{- end }}
  {{- if .volume }}
  volumes:
    - name: data
      persistentVolumeClaim:
        claimName: {{ .volume }}
  {{- end }}
{{- end -}}

{{/* Serves a file under `path`. A shell as process 1, since one without a handler never sees SIGTERM. */}}
{{- define "standin.serve" -}}
mkdir -p "/tmp/www$(dirname {{ .path }})"
[ -e "/tmp/www{{ .path }}" ] || echo '{{ .container }} is up' >"/tmp/www{{ .path }}"
trap 'exit 0' TERM INT
httpd -f -p {{ .port }} -h /tmp/www &
wait $!
{{- end -}}

{{/*
Waits while an address in the environment is none, as the real init containers wait for an answer: a wrong address
shows as a pod that stays in Init:0/1, and never as an error. (A pod here reaches no address to ask.)
*/}}
{{- define "standin.checkURLs" -}}
trap 'exit 1' TERM INT
for name in $(env | sed -n 's/^\(CLEARML_[A-Z_]*_URL\)=.*/\1/p'); do
    url=$(env | sed -n "s/^$name=//p")
    while ! echo "$url" | grep -Eq '^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/|$)'; do
        echo "waiting for $name ($url)"
        sleep 5 & wait $!
    done
done
{{- end -}}

{{/* The variables of a pod that reads its access key from a Secret when it starts. Takes secret, prefix (of the names in it). */}}
{{- define "standin.keys" -}}
{{- range $name, $key := dict "CLEARML_API_ACCESS_KEY" "key" "CLEARML_API_SECRET_KEY" "secret" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.secret }}
      key: {{ printf "%s_%s" $.prefix $key }}
{{- end }}
{{- end -}}
