#!/usr/bin/env bash
# Times overlaps and look-ups against the Go library bart on this machine: bart first, then the library's own benchmarks of the same shapes and sizes.
#   benchmarks/addresses-vs-bart.sh BART      BART: a folder with bart's source (github.com/gaissmai/bart)
# Needs Go 1.24 or newer on PATH and downloads nothing. bart's lines: what, family, size, best nanoseconds (an operation; a look-up), how many hit.
set -euo pipefail
[ $# -eq 1 ] && [ -f "$1/go.mod" ] || { echo "Usage: $0 FOLDER-OF-BART" >&2; exit 1; }
command -v go >/dev/null 2>&1 || { echo "addresses-vs-bart.sh: Go 1.24 or newer is not on PATH" >&2; exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project="$here/Antrea.Migration.Benchmarks"
dotnet build "$project" --configuration Release --verbosity quiet --nologo >&2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here"/bart/go.mod "$here"/bart/main.go "$folder"
(
  cd "$folder"
  export GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=mod
  go mod edit -replace "github.com/gaissmai/bart=$(cd "$OLDPWD" && cd "$1" && pwd)"
  go build -o timed .
) >&2
"$folder/timed"
dotnet run --configuration Release --no-build --project "$project" -- \
  -i --warmupCount 2 --iterationCount 5 --iterationTime 100 --filter '*CidrOverlapBenchmarks*BlocksHit*' '*RouteLookup*' '*RouteTableBuild*' --artifacts "$folder/results" |
  sed -n '/^| Method/,/^$/p'
