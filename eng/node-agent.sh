#!/usr/bin/env bash
# The node agent's image: antrea-migrator for `node` verbs, and what the migration's DaemonSet, its canaries and probe Pods call.
#
#   eng/node-agent.sh TAG                                              # for this machine's architecture; pulls debian and busybox
#   eng/node-agent.sh TAG --base IMAGE --busybox IMAGE                 # from local images, for machines that cannot pull
#   eng/node-agent.sh TAG --arch arm64                                 # or amd64
#
# For several architectures make a tag each, push them, and join them: docker manifest create TAG TAG-amd64 TAG-arm64.
# Needs the .NET SDK and a Docker engine. BASE and BUSYBOX: see eng/node-agent/Dockerfile.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "node-agent.sh: $*"; exit 1; }

here=$(dirname "$(readlink -f "$0")")
case "$(uname -m)" in x86_64) own=amd64 ;; aarch64|arm64) own=arm64 ;; *) own= ;; esac
tag= arch=$own options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --base|--busybox|--arch)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case "$1" in
        --base) options+=(--build-arg "BASE=$2") ;;
        --busybox) options+=(--build-arg "BUSYBOX=$2") ;;
        --arch) arch=$2 ;;
      esac
      shift 2 ;;
    -*) fail "there is no option $1; see the head of this file" ;;
    *) [ -z "$tag" ] || fail "one tag only: $tag or $1?"; tag=$1; shift ;;
  esac
done
[ -n "$tag" ] || fail "name the image, for example registry.example.com/antrea-migrator:1"
case "$arch" in amd64) runtime=linux-x64 ;; arm64) runtime=linux-arm64 ;; *) fail "--arch is amd64 or arm64, not '$arch'" ;; esac
[ "$arch" = "$own" ] || options+=(--platform "linux/$arch")
command -v dotnet >/dev/null 2>&1 || fail "dotnet is not on the PATH; install the .NET SDK that global.json names"
docker version >/dev/null 2>&1 || fail "no Docker engine answers; start one (eng/docker.sh)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "Publishing the migrator for $runtime"
dotnet publish "$here/../src/Antrea.Migrator" --configuration Release --runtime "$runtime" --self-contained \
  --artifacts-path "$work/artifacts" --output "$work/context/$arch" --nologo --verbosity quiet --disable-build-servers >&2 \
  || fail "the migrator cannot be published; the runtime for $runtime comes from the NuGet source"
find "$work/context" -name '*.pdb' -delete
mkdir "$work/context/links"
ln -s /usr/local/lib/antrea-migrator/antrea-migrator "$work/context/links/antrea-migrator"
for applet in nc wget httpd; do ln -s /usr/local/lib/antrea-migrator/busybox "$work/context/links/$applet"; done
mkdir "$work/context/last"
ln -s /usr/local/lib/antrea-migrator/busybox "$work/context/last/ip" # Where BASE has a better one, that is taken.

say "Making $tag"
docker build --quiet --tag "$tag" --build-arg "TARGETARCH=$arch" "${options[@]}" --file "$here/node-agent/Dockerfile" "$work/context"
