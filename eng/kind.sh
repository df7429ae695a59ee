#!/usr/bin/env bash
# kind and a node image for machines that can reach Debian's packages and nothing else. Prints what to export:
#
#   eval "$(eng/docker.sh start)"; eval "$(eng/kind.sh)"
#
# Then kind is on the PATH and ANTREA_MIGRATION_KIND_IMAGE names the node image, which is where the tests look for it.
#
# kind comes from Debian trixie, which nothing else on the machine gets to see. The node image is Debian bookworm with systemd, containerd and
# kind's own entry point, and Kubernetes from eng/kubernetes.sh; it holds no CoreDNS (Debian has none), so clusters have no DNS. With internet,
# kind's released node images need none of this.
#
# Needs root and a Docker engine. Takes minutes the first time; afterwards the image comes from the cache (see eng/kubernetes.sh).
set -euo pipefail

readonly version=1.20.2

say() { printf '%s\n' "$*" >&2; }
fail() { say "kind.sh: $*"; exit 1; }

here=$(dirname "$(readlink -f "$0")")
docker version >/dev/null 2>&1 || fail "no Docker engine answers; start one with eng/docker.sh"
assets=$("$here/kubernetes.sh")
cache="${ANTREA_MIGRATION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/antrea-migration}"
recipe=$(cat "$here/kind.sh" "$assets/SHA256SUMS" | sha256sum | cut -c1-12)
result="$cache/kind-$recipe"
image="antrea-migration/node:v$version-$recipe"

answer() {
  echo "export PATH=$result:\$PATH"
  echo "export ANTREA_MIGRATION_KIND_IMAGE=$image"
}

exec 9>"$cache/kind.lock"
flock 9

if [ -f "$result/node.tar.gz" ] && [ -x "$result/kind" ]; then
  docker image inspect "$image" >/dev/null 2>&1 || { say "Loading the node image"; gzip -dc "$result/node.tar.gz" | docker load >&2; }
  answer
  exit 0
fi

missing=()
for program in debootstrap:debootstrap gcc:gcc pigz:pigz jq:jq; do
  command -v "${program%%:*}" >/dev/null 2>&1 || missing+=("${program#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Installing ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" libc6-dev >&2 || fail "apt-get install ${missing[*]} failed"
fi

work=$(mktemp -d "$cache/kind-build.XXXXXX")
builder="antrea-migration-node-build-$$"
cleanup() {
  docker rm -f -v "$builder" >/dev/null 2>&1 || true
  docker image rm -f "$builder:root" "$builder:base" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

archive=$({ cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } \
  | awk 'BEGIN { RS = "" } { for (i = 1; i < NF; i++) if ($i == "URIs:" && $(i + 1) ~ /\/debian\/?$/) { print $(i + 1); exit } }')
[ -n "$archive" ] || archive=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } | sed -nE 's/^deb ([^ ]*\/debian\/?) .*/\1/p' | head -1)
[ -n "$archive" ] || fail "this machine's apt sources name no Debian archive"

say "Fetching kind from trixie"
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/sources"
printf 'Types: deb deb-src\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$archive" > "$work/apt/sources/trixie.sources"
cat > "$work/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/sources";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
CONF
(
  cd "$work"
  export APT_CONFIG="$work/apt/apt.conf"
  apt-get update -qq >&2
  apt-get download -qq kind >&2
  apt-get source -qq --tar-only --download-only kind >&2
) || fail "kind cannot be had from trixie"
dpkg -x "$work"/kind_*.deb "$work/kinddeb"
mkdir "$work/kindsource"
tar -C "$work/kindsource" --strip-components=1 -xf "$work"/kind_*.orig.tar.*
files="$work/kindsource/images/base/files"
[ -d "$files/usr/local/bin" ] || fail "kind's source has no images/base/files"

say "Making the base system"
root="$work/root"
include=systemd,systemd-sysv,dbus,iptables,ebtables,ethtool,iproute2,conntrack,socat,util-linux,mount,kmod,libseccomp2,procps,hostname,curl,jq,pigz
include=$include,containerd,runc,containernetworking-plugins,ca-certificates,iputils-ping,tcpdump,nftables,ipset,busybox-static
debootstrap --variant=minbase --include="$include" bookworm "$root" "$archive" > "$work/debootstrap.log" 2>&1 || { tail -20 "$work/debootstrap.log" >&2; fail "debootstrap failed"; }

cp -a "$files/etc/." "$root/etc/"
cp "$files"/usr/local/bin/* "$root/usr/local/bin/"
mkdir -p "$root/kind" "$root/etc/kubernetes/manifests" "$root/opt/cni" "$root/kind/manifests"
cp -a "$files/kind/." "$root/kind/"
chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
cp "$assets/kubeadm" "$assets/kubelet" "$assets/kubectl" "$root/usr/bin/"
ln -sf /usr/bin/containerd "$root/usr/local/bin/containerd"
rm -rf "$root/opt/cni/bin"
ln -s /usr/lib/cni "$root/opt/cni/bin"

images=$("$assets/kubeadm" config images list --kubernetes-version "v$version" 2>/dev/null)
pause=$(grep '/pause:' <<<"$images")
containerd_config() {
  awk '/^\[proxy_plugins/ { skip = 1; next } /^\[/ { skip = 0 } !skip' "$1" \
    | sed -E "s|SystemdCgroup = true|SystemdCgroup = false|; s|sandbox_image = .*|sandbox_image = \"$pause\"|; s|(restrict_oom_score_adj) = false|\1 = true|"
}
containerd_config "$root/etc/containerd/config.toml" > "$work/config.toml"
grep -q "sandbox_image = \"$pause\"" "$work/config.toml" || fail "kind's containerd configuration has no sandbox_image to set"
# Without CAP_SYS_RESOURCE a process cannot lower its own OOM score: no sandbox of a control plane would start.
grep -q 'restrict_oom_score_adj = true' "$work/config.toml" || fail "kind's containerd configuration has no restrict_oom_score_adj to set"
cp "$work/config.toml" "$root/etc/containerd/config.toml"
rm -f "$root/etc/systemd/system/containerd-fuse-overlayfs.service"
chroot "$root" ctr oci spec \
  | jq '.hooks.createContainer[.hooks.createContainer|length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
  > "$root/etc/containerd/cri-base.json"

units="$root/lib/systemd/system"
rm -f "$units/sysinit.target.wants/systemd-tmpfiles-setup.service" "$units"/multi-user.target.wants/* "$root"/etc/systemd/system/*.wants/* \
  "$units"/local-fs.target.wants/* "$units"/sockets.target.wants/*udev* "$units"/sockets.target.wants/*initctl* "$units"/basic.target.wants/*
sed -i 's/^#\?ReadKMsg=.*/ReadKMsg=no/' "$root/etc/systemd/journald.conf"
chroot "$root" systemctl enable kubelet containerd undo-mount-hacks >&2
chroot "$root" systemctl mask systemd-binfmt >&2
printf 'v%s' "$version" > "$root/kind/version"
cat > "$root/kind/manifests/default-storage.yaml" <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard}
provisioner: kubernetes.io/no-provisioner
YAML
cat > "$root/kind/manifests/default-cni.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: no-default-cni, namespace: kube-system}
YAML
: > "$root/etc/machine-id"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar -C "$root" -c . | docker import -c 'ENV container=docker' - "$builder:root" >/dev/null
printf 'FROM %s\nSTOPSIGNAL SIGRTMIN+3\nENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]\n' "$builder:root" > "$work/Dockerfile"
mkdir "$work/empty"
docker build -q -t "$builder:base" -f "$work/Dockerfile" "$work/empty" >/dev/null

say "Making the images of Kubernetes' own Pods"
names=()
component() {
  local name=$1 folder=$2
  printf 'FROM scratch\nCOPY . /\nENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n%s\n' "${3:-}" > "$work/Dockerfile.component"
  docker build -q -t "$name" -f "$work/Dockerfile.component" "$folder" >/dev/null
  names+=("$name")
}
# A program with the libraries it is linked to, under the same paths.
with_libraries() {
  local folder=$1 file
  shift
  for file in "$@"; do
    ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' | while read -r library; do
      mkdir -p "$folder$(dirname "$library")"
      cp -Lu "$library" "$folder$library"
    done
  done
}
for program in kube-apiserver kube-controller-manager kube-scheduler; do
  mkdir -p "$work/images/$program/usr/local/bin"
  cp "$assets/$program" "$work/images/$program/usr/local/bin/"
  component "$(grep "/$program:" <<<"$images")" "$work/images/$program"
done

mkdir -p "$work/images/pause"
cat > "$work/pause.c" <<'C'
/* The first process of a Pod's sandbox: sleeps, reaps orphans, ends when told to. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) { } }
int main(void)
{
    signal(SIGINT, end);
    signal(SIGTERM, end);
    signal(SIGCHLD, reap);
    for (;;) pause();
}
C
gcc -Os -static -o "$work/images/pause/pause" "$work/pause.c"
component "$pause" "$work/images/pause" 'ENTRYPOINT ["/pause"]'

mkdir -p "$work/images/etcd/usr/bin"
cp "$assets/etcd" "$work/images/etcd/usr/bin/etcd"
with_libraries "$work/images/etcd" "$assets/etcd"
component "$(grep '/etcd:' <<<"$images")" "$work/images/etcd"

proxy="$work/images/kube-proxy"
mkdir -p "$proxy/usr/local/bin" "$proxy/usr/sbin" "$proxy/usr/lib/x86_64-linux-gnu/xtables" "$proxy/run" "$proxy/tmp" "$proxy/etc"
cp "$assets/kube-proxy" "$proxy/usr/local/bin/"
cp "$root/usr/sbin/xtables-nft-multi" "$proxy/usr/sbin/"
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s xtables-nft-multi "$proxy/usr/sbin/$name"
done
cp "$root"/usr/sbin/conntrack "$root"/usr/sbin/ipset "$proxy/usr/sbin/"
cp "$root/bin/kmod" "$proxy/usr/sbin/modprobe"
cp "$root"/usr/lib/x86_64-linux-gnu/xtables/*.so "$proxy/usr/lib/x86_64-linux-gnu/xtables/"
# The libraries come from the base system: the plugins', too, or -m statistic fails and Services stop syncing.
chroot "$root" bash -c 'for f in /usr/sbin/xtables-nft-multi /usr/sbin/conntrack /usr/sbin/ipset /bin/kmod /usr/lib/x86_64-linux-gnu/xtables/*.so; do ldd "$f"; done' 2>/dev/null \
  | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r library; do
    mkdir -p "$proxy$(dirname "$library")"
    cp -Lu "$root$library" "$proxy$library" 2>/dev/null || true
  done
component "$(grep '/kube-proxy:' <<<"$images")" "$proxy"

say "Putting them into the node image"
docker run -d --name "$builder" --entrypoint sleep --security-opt seccomp=unconfined "$builder:base" infinity >/dev/null
docker exec -d "$builder" containerd
for _ in $(seq 100); do docker exec "$builder" ctr version >/dev/null 2>&1 && break; sleep 0.2; done
docker save "${names[@]}" | docker exec -i "$builder" ctr -n k8s.io images import --no-unpack --all-platforms - >&2
docker exec "$builder" pkill containerd || true
sleep 1
docker exec "$builder" sh -c 'rm -rf /run/containerd /tmp/*'
docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]' --change 'CMD []' "$builder" "$image" >/dev/null

mkdir "$work/result"
cp "$work/kinddeb/usr/bin/kind" "$work/result/kind"
docker save "$image" | pigz -1 > "$work/result/node.tar.gz"
rm -rf "$result"
mv "$work/result" "$result"
docker image rm "${names[@]}" >/dev/null 2>&1 || true
say "Done."
answer
