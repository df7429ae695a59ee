#!/usr/bin/env bash
# Kubernetes' own programs and etcd for machines that can reach Debian's packages and nothing else: builds them from Debian's source
# package of Kubernetes 1.20.2, once, and prints the folder. The folder follows envtest's convention, so
#
#   export KUBEBUILDER_ASSETS="$(eng/kubernetes.sh)"
#
# gives tests a real control plane. With internet, fill that variable by setup-envtest instead and get a newer release.
#
# Needs root for apt-get install. Takes minutes the first time; afterwards the cache answers:
#   ANTREA_MIGRATION_CACHE (default: $XDG_CACHE_HOME or ~/.cache, /antrea-migration)
# Four changes are made to the source, so the result is "1.20.2 as built here", not a release:
#   - the version that the programs report is 1.20.2 rather than a development one;
#   - on cgroup v1 the kubelet takes the shortest mount point of a controller, not the last one: kind mounts one twice;
#   - the kubelet does not wait for a sandbox's removal before it lets a Pod go. Nothing but its garbage collection, once a minute, removes
#     sandboxes, so that 1.20.0 to 1.20.2 end a Pod up to a minute late; later releases took that wait back (kubernetes/kubernetes#97288);
#   - modern-go/reflect2 1.0.1 crashes when built by Go 1.18 and later; Debian's own 1.0.2 takes its place.
set -euo pipefail

readonly version=1.20.2
readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubeadm kubectl kube-proxy)
readonly packages=(golang-go dpkg-dev rsync jq make etcd-server golang-github-modern-go-reflect2-dev)

say() { printf '%s\n' "$*" >&2; }
fail() { say "kubernetes.sh: $*"; exit 1; }

self=$(readlink -f "$0")
cache="${ANTREA_MIGRATION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/antrea-migration}"
recipe=$(sha256sum "$self" | cut -c1-12)
result="$cache/kubernetes-$version-$recipe"
mkdir -p "$cache"

# One build at a time; a second caller waits and then finds the result.
exec 9>"$cache/kubernetes.lock"
flock 9

if [ -f "$result/SHA256SUMS" ] && (cd "$result" && sha256sum --check --quiet --strict SHA256SUMS >&2); then
  echo "$result"
  exit 0
fi

[ "$(dpkg --print-architecture 2>/dev/null)" ] || fail "this is no Debian system; set KUBEBUILDER_ASSETS by setup-envtest instead"

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Installing ${missing[*]}"
  apt-get update -qq >&2
  # etcd-server would start a service of its own; policy-rc.d keeps package scripts from doing so.
  policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod 755 "$policy"; made_policy=1; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 || { [ -z "${made_policy:-}" ] || rm -f "$policy"; fail "apt-get install failed"; }
  [ -z "${made_policy:-}" ] || rm -f "$policy"
fi

work=$(mktemp -d "$cache/build.XXXXXX")
# Go's module cache is read-only; nothing here uses it, but a failed clean-up must not hide the cause.
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT

# A private apt configuration: the machine's own sources as deb-src, its own settings otherwise, its lists untouched.
say "Fetching the source package"
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/sources"
# Debian's own archive only: other vendors publish no source packages.
{ cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } \
  | awk 'BEGIN { RS = ""; ORS = "\n\n" } /(^|\n)URIs:[^\n]*\/debian\/?[ \t]*(\n|$)/' \
  | sed -E 's/^Types:.*/Types: deb-src/' > "$work/apt/sources/machine.sources"
{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } \
  | sed -nE 's/^deb(-src)? (.*\/debian\/? .*)/deb-src \2/p' | sort -u > "$work/apt/sources/machine.list"
cat > "$work/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/sources";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
CONF
APT_CONFIG="$work/apt/apt.conf" apt-get update -qq >&2 || fail "no source packages from this machine's apt sources"
(cd "$work" && APT_CONFIG="$work/apt/apt.conf" apt-get source -qq kubernetes >&2) || fail "the source package kubernetes cannot be had"
tree=$(find "$work" -maxdepth 1 -type d -name 'kubernetes-*' | head -1)
[ -d "$tree" ] || fail "the source package held no kubernetes folder"
grep -q "1\.20\.2" <<<"$tree" || fail "the source package is ${tree##*/}, this recipe is for $version"

cd "$tree"
say "Generating code"
mkdir -p .go/src/k8s.io
ln -sfn ../../.. .go/src/k8s.io/kubernetes
export GOPATH="$tree/.go" GO111MODULE=off GOFLAGS=-trimpath CGO_ENABLED=0 GOCACHE="$work/gocache" PATH="/usr/lib/go/bin:$PATH"
make generated_files UPDATE_API_KNOWN_VIOLATIONS=true >"$work/generate.log" 2>&1 || { tail -30 "$work/generate.log" >&2; fail "make generated_files failed"; }

say "Changing the four places"
rm -rf vendor/github.com/modern-go/reflect2
cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 vendor/github.com/modern-go/reflect2
versions=(staging/src/k8s.io/component-base/version/base.go staging/src/k8s.io/client-go/pkg/version/base.go)
sed -i -E 's|(gitVersion( +string)?) *= "[^"]*"|\1 = "v'$version'"|; s|gitMajor +string( = "[^"]*")?|gitMajor string = "1"|; s|gitMinor +string( = "[^"]*")?|gitMinor string = "20"|' "${versions[@]}"
for file in "${versions[@]}"; do grep -q "\"v$version\"" "$file" || fail "$file does not say v$version after the change"; done
helpers=pkg/kubelet/cm/helpers_linux.go
grep -q 'mountPoints\[subsystem\] = mount.Mountpoint' "$helpers" || fail "$helpers has changed; the kubelet's mount points cannot be corrected"
sed -i 's|^\(\s*\)mountPoints\[subsystem\] = mount.Mountpoint|\1if known := mountPoints[subsystem]; known == "" \|\| len(mount.Mountpoint) < len(known) {\n\1\tmountPoints[subsystem] = mount.Mountpoint\n\1}|' "$helpers"
pods=pkg/kubelet/kubelet_pods.go
grep -q 'if len(runtimeStatus.SandboxStatuses) > 0 {' "$pods" || fail "$pods has changed; the kubelet's wait for sandboxes cannot be taken out"
sed -i '/^\tif len(runtimeStatus.SandboxStatuses) > 0 {$/,/^\t}$/d' "$pods"

say "Compiling ${programs[*]}"
mkdir -p "$work/bin"
go build -ldflags='-s -w' -o "$work/bin/" "${programs[@]/#/k8s.io/kubernetes/cmd/}" >"$work/compile.log" 2>&1 || { tail -30 "$work/compile.log" >&2; fail "the compiler failed"; }

cp "$(command -v etcd)" "$work/bin/etcd"
(cd "$work" && sha256sum ./*.dsc ./*.orig.tar.* ./*.debian.tar.* | sed 's| \./| source/|') > "$work/bin/SOURCES"
(cd "$work/bin" && sha256sum "${programs[@]}" etcd SOURCES > SHA256SUMS)
for program in kubectl kube-apiserver etcd; do
  "$work/bin/$program" $([ "$program" = kubectl ] && echo 'version --client --short' || echo --version) >&2 || fail "$program does not run here"
done

rm -rf "$result"
mv "$work/bin" "$result"
say "Done."
echo "$result"
