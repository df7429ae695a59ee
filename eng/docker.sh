#!/usr/bin/env bash
# A Docker engine for tests on a machine that has none running: installs Debian's docker.io, starts dockerd and prints what to export.
#
#   eval "$(eng/docker.sh start [FOLDER])"     # FOLDER keeps the engine's data, log and process id; default /var/lib/antrea-migration-docker
#   eng/docker.sh stop [FOLDER]                # ends the engine that start started, by its process id
#
# An engine that answers already is used as it is. Where the machine withholds CAP_SYS_RESOURCE, `docker run --privileged` would
# fail: runc is then started through a wrapper that asks for one capability less. fs.inotify.max_user_instances is raised for 20
# KinD Nodes (each takes 11; the default 128 ends a cluster half-way) and put back by stop.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "docker.sh: $*"; exit 1; }

verb="${1:-start}"
folder="${2:-/var/lib/antrea-migration-docker}"
socket="unix://$folder/docker.sock"
readonly instances=2048 watches=524288

answers() { docker ${1:+--host "$1"} version --format '{{.Server.Version}}' >/dev/null 2>&1; }

raise() {
  local name=$1 wanted=$2 now
  now=$(sysctl -n "$name" 2>/dev/null) || return 0
  [ "$now" -ge "$wanted" ] && return 0
  echo "$name=$now" >> "$folder/sysctl.before"
  sysctl -q -w "$name=$wanted" || say "$name stays $now: 20 Nodes may not start"
}

case "$verb" in
  start)
    mkdir -p "$folder"
    if command -v docker >/dev/null 2>&1 && answers ""; then
      raise fs.inotify.max_user_instances $instances
      raise fs.inotify.max_user_watches $watches
      exit 0
    fi

    missing=()
    for program in dockerd:docker.io runc:runc jq:jq iptables:iptables; do
      command -v "${program%%:*}" >/dev/null 2>&1 || missing+=("${program#*:}")
    done
    if [ ${#missing[@]} -gt 0 ]; then
      say "Installing ${missing[*]}"
      apt-get update -qq >&2
      policy=/usr/sbin/policy-rc.d made=
      [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod 755 "$policy"; made=1; }
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >&2 \
        || { [ -z "$made" ] || rm -f "$policy"; fail "apt-get install ${missing[*]} failed"; }
      [ -z "$made" ] || rm -f "$policy"
    fi

    if answers "$socket"; then
      echo "export DOCKER_HOST=$socket"
      exit 0
    fi

    settings='{}'
    bounding=$((16#$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)))
    if [ $((bounding >> 24 & 1)) = 0 ]; then
      say "CAP_SYS_RESOURCE is withheld here: containers will not ask for it"
      cat > "$folder/bounded-runc" <<'RUNC'
#!/bin/bash
# runc, asking for every capability but CAP_SYS_RESOURCE, which the machine withholds.
bundle=. process= verb= arguments=("$@")
for ((i = 0; i < ${#arguments[@]}; i++)); do
  case "${arguments[i]}" in
    --bundle|-b) bundle="${arguments[i + 1]}" ;;
    --process|-p) process="${arguments[i + 1]}" ;;
    create|run|exec) [ -n "$verb" ] || verb="${arguments[i]}" ;;
  esac
done
less='def less: if .capabilities then .capabilities |= map_values(if . then map(select(. != "CAP_SYS_RESOURCE")) else . end) else . end;'
rewrite() { jq "$less $2" "$1" > "$1.less" && cat "$1.less" > "$1" && rm -f "$1.less"; }
case "$verb" in
  create|run) rewrite "$bundle/config.json" '.process |= less' ;;
  exec) [ -z "$process" ] || rewrite "$process" less ;;
esac
exec /usr/sbin/runc "$@"
RUNC
      chmod 755 "$folder/bounded-runc"
      settings="{\"runtimes\": {\"bounded\": {\"path\": \"$folder/bounded-runc\"}}, \"default-runtime\": \"bounded\"}"
    fi

    printf '%s\n' "$settings" > "$folder/daemon.json"
    raise fs.inotify.max_user_instances $instances
    raise fs.inotify.max_user_watches $watches
    setsid dockerd --config-file "$folder/daemon.json" --host "$socket" --data-root "$folder/data" --exec-root "$folder/exec" \
      --pidfile "$folder/docker.pid" > "$folder/dockerd.log" 2>&1 < /dev/null &
    for _ in $(seq 60); do
      answers "$socket" && { echo "export DOCKER_HOST=$socket"; exit 0; }
      sleep 0.5
    done
    tail -20 "$folder/dockerd.log" >&2
    fail "dockerd did not answer within 30 seconds"
    ;;
  stop)
    if [ -f "$folder/docker.pid" ]; then
      pid=$(cat "$folder/docker.pid")
      # A crash may leave the file behind, and the number may be somebody else's by now.
      if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        kill "$pid"
        for _ in $(seq 60); do kill -0 "$pid" 2>/dev/null || break; sleep 0.5; done
      fi
    fi
    if [ -f "$folder/sysctl.before" ]; then
      while read -r line; do sysctl -q -w "$line" || true; done < "$folder/sysctl.before"
      rm -f "$folder/sysctl.before"
    fi
    ;;
  *) fail "start or stop, not '$verb'" ;;
esac
