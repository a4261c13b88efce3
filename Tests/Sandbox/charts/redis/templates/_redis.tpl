{{/*
Enough of Redis to answer a client that authenticates and pings, in the shell: one process a connection, inline or
RESP commands. The password comes by the environment, as in the real image.
*/}}
{{- define "redis.script" -}}
cat >/tmp/serve <<'SERVE'
#!/bin/sh
# The words of one command: RESP sends their count and each one's length first.
in=
while IFS= read -r line; do
    line=${line%$(printf '\r')}
    case $line in
        \**) set --; left=${line#\*}; while [ "$left" -gt 0 ]; do
                IFS= read -r size; IFS= read -r word; set -- "$@" "${word%$(printf '\r')}"; left=$((left - 1)); done ;;
        *) set -- $line ;;
    esac
    case $(echo "$1" | tr a-z A-Z) in
        AUTH) for word; do :; done
            if [ "$word" = "$REDIS_PASSWORD" ]; then in=1; printf '+OK\r\n'
            else printf '%s\r\n' '-WRONGPASS invalid username-password pair or user is disabled.'; fi ;;
        QUIT) printf '+OK\r\n'; exit ;;
        PING) if [ -z "$REDIS_PASSWORD" ] || [ "$in" ]; then printf '+PONG\r\n'
            else printf '%s\r\n' '-NOAUTH Authentication required.'; fi ;;
        '') ;;
        *) if [ -z "$REDIS_PASSWORD" ] || [ "$in" ]; then printf '%s\r\n' "-ERR unknown command '$1'"
            else printf '%s\r\n' '-NOAUTH Authentication required.'; fi ;;
    esac
done
SERVE
chmod +x /tmp/serve
trap 'exit 0' TERM INT
nc -ll -p 6379 -e /tmp/serve &
wait $!
{{- end -}}

{{- define "redis.selector" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "redis.secretName" -}}
{{ default (include "standin.fullname" .) .Values.auth.existingSecret }}
{{- end -}}

{{- define "redis.env" -}}
{{- if .Values.auth.enabled -}}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "redis.secretName" . }}
      key: {{ default "redis-password" .Values.auth.existingSecretPasswordKey }}
{{- end -}}
{{- end -}}
