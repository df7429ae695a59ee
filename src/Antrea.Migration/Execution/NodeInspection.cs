namespace Antrea.Migration.Execution;

/// <summary>The shell text that asks a Node's kernel for modules, reverse-path filters, MTUs, addresses and listening ports, and containerd for where it looks for CNI files.</summary>
/// <remarks>Of containerd's configuration, which may hold credentials of registries, only those settings are printed, and behind a directory
/// that is a link to the usual one, or the other way round, the usual one. Prints what <see cref="Clusters.NodeKernel.Parse"/> reads. In <c>/proc/net</c> the state is 0A for a TCP socket that listens, and 07
/// for a UDP socket that takes from everybody; the sockets of kernel tunnels are among the latter.</remarks>
internal static class NodeInspection
{
    public const string Script =
        """
        lib=/lib/modules/$(uname -r)
        for m in "$@"; do
          if [ -d "/sys/module/$m" ]; then s=present
          elif [ ! -r "$lib/modules.dep" ]; then s=unknown
          elif grep -qs "/$m\.ko" "$lib/modules.builtin"; then s=present
          elif grep -qs "/$m\.ko" "$lib/modules.dep"; then s=available
          else s=missing; fi
          echo "module $m $s"
        done
        for f in /proc/sys/net/ipv4/conf/*/rp_filter; do d=${f%/rp_filter}; echo "rp_filter ${d##*/} $(cat "$f")"; done
        for d in /sys/class/net/*; do [ ! -r "$d/mtu" ] || echo "mtu ${d##*/} $(cat "$d/mtu")"; done
        ip -o addr show | while read -r _ dev _ addr _; do echo "address $dev $addr"; done
        for p in udp udp6 tcp tcp6; do
          case $p in udp*) want=07 ;; *) want=0A ;; esac
          [ ! -r "/proc/net/$p" ] || while read -r _ local _ state _; do [ "$state" != $want ] || echo "socket $p $local"; done < "/proc/net/$p"
        done
        { containerd config dump 2>/dev/null || cat /etc/containerd/config.toml 2>/dev/null || :; } |
          sed -n "s/^[[:space:]]*\(conf_dir\|bin_dir\|bin_dirs\|max_conf_num\)[[:space:]]*=[[:space:]]*/\1 /p" | tr -d "\"'[]," |
          while read -r k v; do
            case $k in conf_dir) t=/etc/cni/net.d ;; max_conf_num) t= ;; *) t=/opt/cni/bin ;; esac
            for d in ${t:+$v}; do [ "$(readlink -f "$d")" != "$(readlink -f "$t")" ] || v="$v $t"; done
            echo "containerd $k $v"
          done
        """;
}
