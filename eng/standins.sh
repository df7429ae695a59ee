#!/usr/bin/env bash
# Stand-in images for KinD clusters where Calico's, Antrea's and Multus's own images cannot be pulled. Prints what to export:
#
#   eval "$(eng/docker.sh start)"; eval "$(eng/kind.sh)"; eval "$(eng/standins.sh)"
#
# Then ANTREA_MIGRATION_STANDINS names the image. It stays under that name in the Docker engine; only Nodes get it under the names that the
# projects' manifests use. With -calico-node and -kube-controllers behind the name there are two more, which differ in their entry point alone.
# Workloads and the migration's node agent may run it as well: it holds busybox, nginx from Debian and /client. The program inside is
# tests/standins, compiled ahead of time; its tools and libraries come from the node image.
# ANTREA_MIGRATION_KIND_IMAGE names the node image with a stand-in for crictl added: kind's own images have crictl, Debian has no package of it.
#
# Needs what eng/kind.sh needs, and gcc for the linker. The result is cached by the sources it was made from.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "standins.sh: $*"; exit 1; }

here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$here")
node="${ANTREA_MIGRATION_KIND_IMAGE:-}"
node="${node%-crictl}"
[ -n "$node" ] || fail "ANTREA_MIGRATION_KIND_IMAGE is not set; see eng/kind.sh"
docker image inspect "$node" >/dev/null 2>&1 || fail "the Docker engine has no image $node; see eng/kind.sh"

cache="${ANTREA_MIGRATION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/antrea-migration}"
mkdir -p "$cache"
recipe=$({ echo "$node"; cat "$here/standins.sh"
  find "$root/tests/standins" "$root/src/Antrea.Migration" "$root/src/Antrea.Migration.Lab" -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' \) \
    -not -path '*/obj/*' -not -path '*/bin/*' -print0 | LC_ALL=C sort -z | xargs -0 cat; } | sha256sum | cut -c1-12)
base="antrea-migration/stand-ins:$recipe"

exec 9>"$cache/standins.lock"
flock 9

if ! docker image inspect "$base" >/dev/null 2>&1; then
  work=$(mktemp -d "$cache/standins-build.XXXXXX")
  builder="antrea-migration-standins-build-$$"
  trap 'docker rm -f -v "$builder" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
  archive="$cache/standins-$recipe.tar.gz"

  if [ ! -f "$archive" ]; then
    say "Compiling the stand-ins"
    dotnet publish "$root/tests/standins/Antrea.Migration.StandIns" --configuration Release --runtime linux-x64 -p:PublishAot=true \
      --artifacts-path "$work/artifacts" --output "$work/publish" --nologo --verbosity quiet --disable-build-servers >&2 || fail "the stand-ins do not compile"

    say "Fetching nginx"
    (cd "$work" && { apt-get download -qq nginx >&2 || { apt-get update -qq >&2 && apt-get download -qq nginx >&2; }; }) || fail "nginx cannot be had from this machine's apt sources"
    dpkg -x "$work"/nginx_*.deb "$work/nginx"

    say "Collecting tools"
    docker run -d --name "$builder" --entrypoint sleep "$node" infinity >/dev/null
    docker cp "$work/nginx/usr/sbin/nginx" "$builder:/usr/sbin/nginx"
    docker exec -i "$builder" bash -s <<'SCRIPT' || fail "the node image lacks a tool"
set -euo pipefail
mkdir -p /tmp/rootfs
take() {
  local file=$1
  mkdir -p "/tmp/rootfs$(dirname "$file")"
  cp -L "$file" "/tmp/rootfs$file"
  { ldd "$file" 2>/dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
    mkdir -p "/tmp/rootfs$(dirname "$library")"; cp -Lu "$library" "/tmp/rootfs$library"
  done
  ! ldd "$file" 2>/dev/null | grep 'not found' >&2
}
mkdir -p /tmp/rootfs/{bin,sbin,usr/bin,usr/sbin,usr/lib/x86_64-linux-gnu,lib64,tmp,run,var/log/nginx,var/lib/nginx,etc/nginx,opt/cni/bin,usr/share/nginx}
ln -s usr/lib /tmp/rootfs/lib
for tool in dash ip bridge ipset nsenter xtables-nft-multi nginx; do take "$(readlink -f "$(command -v $tool)")"; done
for plugin in /usr/lib/x86_64-linux-gnu/xtables/*.so; do take "$plugin"; done
for library in libssl.so.3 libcrypto.so.3 libnss_files.so.2 libnss_dns.so.2; do
  [ ! -e "/usr/lib/x86_64-linux-gnu/$library" ] || take "/usr/lib/x86_64-linux-gnu/$library"
done
cp /bin/busybox /tmp/rootfs/bin/busybox
# Not the busybox shell: it would run its own applets before the tools of the same name.
ln -s "$(readlink -f "$(command -v dash)")" /tmp/rootfs/bin/sh
for applet in $(/bin/busybox --list | grep -vxE 'ip|nsenter|busybox|bridge'); do [ -e "/tmp/rootfs/bin/$applet" ] || ln -s busybox "/tmp/rootfs/bin/$applet"; done
for tool in ip bridge ipset nsenter; do
  at=$(readlink -f "$(command -v $tool)"); [ -e "/tmp/rootfs/usr/sbin/$tool" ] || ln -s "$at" "/tmp/rootfs/usr/sbin/$tool"
done
for name in iptables-nft iptables-nft-restore iptables-nft-save; do ln -s xtables-nft-multi "/tmp/rootfs/usr/sbin/$name"; done
SCRIPT
    docker exec "$builder" tar -C /tmp/rootfs -c . | tar -C "$work" --one-top-level=root -x
    r="$work/root"
    cp "$work/publish/standin" "$r/bin/standin"
    for name in calico-node kube-controllers install_cni antrea-agent start_ovs ovs-vsctl container_liveness_probe antrea-controller; do ln -sf standin "$r/bin/$name"; done
    ln -sf /bin/standin "$r/usr/bin/check-status"
    for name in install calico-ipam; do ln -sf /bin/standin "$r/opt/cni/bin/$name"; done
    for name in client install_multus thin_entrypoint; do ln -sf bin/standin "$r/$name"; done
    printf 'root:x:0:0:root:/:/bin/sh\n' > "$r/etc/passwd"
    printf 'root:x:0:\n' > "$r/etc/group"
    cat > "$r/etc/nginx/nginx.conf" <<'CONF'
user root;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  server { listen 80; location / { return 200 "$hostname\n"; } }
}
CONF
    tar -C "$r" -c . | gzip -1 > "$archive.part"
    mv "$archive.part" "$archive"
  fi

  say "Making the images"
  gzip -dc "$archive" | docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' -c 'CMD ["sleep", "2147483647"]' - "$base" >/dev/null
fi

for name in calico-node kube-controllers; do
  printf 'FROM %s\nENTRYPOINT ["/bin/%s"]\nCMD []\n' "$base" "$name" | docker build -q -t "$base-$name" - >/dev/null
done
printf 'FROM %s AS standins\nFROM %s\nCOPY --from=standins /bin/standin /usr/local/bin/crictl\n' "$base" "$node" | docker build -q -t "$node-crictl" - >/dev/null
echo "export ANTREA_MIGRATION_STANDINS=$base"
echo "export ANTREA_MIGRATION_KIND_IMAGE=$node-crictl"
