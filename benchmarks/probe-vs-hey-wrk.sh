#!/usr/bin/env bash
# Asks a local nginx as fast as "antrea-migrator probe --max", hey and wrk can, in turns, with ten connections each.
#   benchmarks/probe-vs-hey-wrk.sh [ROUNDS [SECONDS]]      5 rounds of 3 s a tool unless told otherwise
#   MIGRATOR=…/antrea-migrator.dll benchmarks/…            takes that one and builds none
# Prints the requests each got answered in a second and the processor time it spent on a thousand of them, round by round;
# then medians, and medians of each round's ratios, which a busy machine disturbs less.
set -euo pipefail
rounds=${1:-5} seconds=${2:-3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project="$here/../src/Antrea.Migrator/Antrea.Migrator.csproj"

for tool in nginx hey wrk; do
  command -v "$tool" >/dev/null 2>&1 || missing="${missing:-} $tool"
done
[ -z "${missing:-}" ] || apt-get install --yes --no-install-recommends $missing >&2

migrator=${MIGRATOR:-$here/../src/Antrea.Migrator/bin/Release/net10.0/antrea-migrator.dll}
[ -n "${MIGRATOR:-}" ] || dotnet build "$project" --configuration Release --verbosity quiet --nologo >&2

folder=$(mktemp -d)
cleanup() {
  [ ! -s "$folder/nginx.pid" ] || kill "$(cat "$folder/nginx.pid")" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
port=$((20000 + RANDOM % 10000))
mkdir "$folder/html"
head -c 612 /dev/zero | tr '\0' x >"$folder/html/index.html" # as long as nginx's own page
cat >"$folder/nginx.conf" <<CONF
worker_processes auto;
pid $folder/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server { listen 127.0.0.1:$port; root $folder/html; }
}
CONF
chmod -R a+rX "$folder"
nginx -c "$folder/nginx.conf" -p "$folder"
url="http://127.0.0.1:$port/"

# Each prints its requests a second. hey asks again and again for -z, as probe and wrk do; their warm-ups are in the times of all.
run_probe() {
  dotnet "$migrator" probe --max -c 10 --duration "${seconds}s" -url "$url" -o json |
    sed -n 's/^ *"requestsPerSecond": \([0-9.]*\).*/\1/p'
}
run_hey() { hey -c 10 -z "${seconds}s" "$url" | sed -n 's/^ *Requests\/sec:[[:space:]]*\([0-9.]*\).*/\1/p'; }
run_wrk() { wrk -t1 -c10 -d"${seconds}s" "$url" | sed -n 's/^Requests\/sec:[[:space:]]*\([0-9.]*\).*/\1/p'; }

# Requests a second, and milliseconds of processor time for a thousand requests.
measure() {
  local TIMEFORMAT='%U %S'
  { time "run_$1" >"$folder/rate" 2>"$folder/errors"; } 2>"$folder/cpu" || { cat "$folder/errors" >&2; return 1; }
  awk -v seconds="$seconds" '
    NR == 1 { rate = $1 }
    NR == 2 { printf "%.0f %.2f\n", rate, ($1 + $2) * 1e6 / (rate * seconds) }' "$folder/rate" "$folder/cpu"
}

echo "$(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg) at the start, $rounds rounds of $seconds s, 10 connections"
echo "round   probe/s     hey/s     wrk/s   CPU ms/1000:  probe    hey    wrk"
for ((round = 1; round <= rounds; round++)); do
  # Nobody is always the first.
  for ((turn = 0; turn < 3; turn++)); do
    case $(((round + turn) % 3)) in
      0) probe=$(measure probe) ;;
      1) hey=$(measure hey) ;;
      2) wrk=$(measure wrk) ;;
    esac
  done
  echo "$round $probe $hey $wrk" | tee -a "$folder/rounds" |
    awk '{ printf "%5d %9d %9d %9d %20.2f %6.2f %6.2f\n", $1, $2, $4, $6, $3, $5, $7 }'
done
median() { awk "{ print $1 }" "$folder/rounds" | sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
printf 'median  %7.0f %9.0f %9.0f %20.2f %6.2f %6.2f\n' \
  "$(median '$2')" "$(median '$4')" "$(median '$6')" "$(median '$3')" "$(median '$5')" "$(median '$7')"
printf 'probe / hey %.2f, probe / wrk %.2f; processor time probe / hey %.2f, probe / wrk %.2f\n' \
  "$(median '$2/$4')" "$(median '$2/$6')" "$(median '$3/$5')" "$(median '$3/$7')"
echo "load average $(cut -d' ' -f1-3 /proc/loadavg) at the end"
