namespace Antrea.Migration.Execution;

/// <summary>The shell texts that find and remove what Calico leaves on a Node.</summary>
/// <remarks>
/// Deleting Calico's manifest leaves BIRD's routes (<c>persist</c>), blackholes, chains, ipsets and CNI files. A left-over block
/// route is more specific than a PodCIDR and would cut off Antrea Pods inside it. Rules go by their comment
/// <c>cali:</c>, a table at a time and atomically, so that nothing of kube-proxy's or Antrea's is touched. Routes
/// go by the protocol that wrote them (12 is BIRD, 80 is Felix) and only inside Calico's own ranges, the arguments: a host may run a
/// BIRD of its own. HostPorts and host-local's addresses go by the name of Calico's network, before the file that says it. Source: Calico v3.26 <c>felix/rules</c>, <c>confd/etc/calico/confd/templates</c>.
/// </remarks>
internal static class CalicoCleanup
{
    /// <summary>What the texts about netfilter share.</summary>
    public const string Tools =
        """
        tables='raw mangle nat filter'
        has() { command -v "$1" >/dev/null 2>&1; }
        backends() {
          for b in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do ! has "$b-save" || echo "$b"; done
          has iptables-legacy-save || has iptables-nft-save || for b in iptables ip6tables; do ! has "$b-save" || echo "$b"; done; }
        family() { case "$1" in *:*) echo -6 ;; *) echo -4 ;; esac; }
        saved() { "$1-save" -t "$2" 2>/dev/null; }
        # unhook RULES PREFIX: removes the chains whose names begin with PREFIX, and of the other chains' rules those that hold RULES.
        unhook() {
          for b in $(backends); do for t in $tables; do
            rules=$(saved "$b" "$t" | grep -e "$1" | grep -v "^-A $2" | sed 's/^-A /-D /')
            chains=$(saved "$b" "$t" | sed -n "s/^:\($2[^ ]*\) .*/\1/p")
            [ -n "$rules$chains" ] || continue
            { echo "*$t"; [ -z "$rules" ] || printf '%s\n' "$rules"
              for c in $chains; do echo "-F $c"; done; for c in $chains; do echo "-X $c"; done; echo COMMIT; } |
              "$b-restore" --noflush -w 10 || failed=1
          done; done; }
        """;

    public const string Functions =
        Tools
        + "\n" + HostPortCleanup.Functions + "\n"
        + """
        has ip || { echo "ip (iproute2) is not on this Node: its routes cannot be looked at" >&2; exit 3; }
        [ -n "$(backends)" ] || { echo "no iptables-save is on this Node: its netfilter rules cannot be looked at" >&2; exit 3; }
        """;

    /// <summary>What the texts that look at more than routes are told before the ranges.</summary>
    private const string Network =
        """
        network=k8s-pod-network
        case "$1" in network=*) network=${1#network=}; shift ;; esac
        """;

    /// <summary>What sends packets to WireGuard: rules for everything without its mark, at Felix's priority or to a table that leads to its device; and never to one
    /// that holds anything but such routes and exceptions from them. Source: Calico v3.26 <c>felix/wireguard/wireguard.go</c> (<c>addRouteRule</c>).</summary>
    private const string WireGuard =
        """
        # wgrules FAMILY: a line each, of the priority, the mark and the table.
        wgrules() {
          ip "$1" rule list 2>/dev/null | sed -n 's/^\([0-9]*\):[[:space:]]*not from all fwmark \(0x[0-9a-f]*\)\/\(0x[0-9a-f]*\) lookup \([^ ]*\) *$/\1 \2 \3 \4/p' |
            while read -r p m k t; do
              [ "$m" = "$k" ] || continue
              r=$(ip "$1" route show table "$t" 2>/dev/null)
              case "$p $r" in "99 "*|*"dev wireguard.cali"*|*"dev wg-v6.cali"*) ;; *) continue ;; esac
              printf '%s\n' "$r" | grep -v -e '^throw ' -e ' dev wireguard\.cali' -e ' dev wg-v6\.cali' | grep -q . || echo "$p $m $t"; done; }
        """;

    private const string FlushRoutes =
        """
        for c in "$@"; do for p in 12 80; do ip "$(family "$c")" route flush table main root "$c" proto "$p" 2>/dev/null; done; done
        """;

    private const string PrintRoutes =
        """
        for c in "$@"; do for p in 12 80; do
          ip "$(family "$c")" route show table main root "$c" proto "$p" 2>/dev/null | sed 's/^/route: /'; done; done
        """;

    private const string Print =
        $$"""
        for f in /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig /opt/cni/bin/calico /opt/cni/bin/calico-ipam /var/lib/calico "/var/lib/cni/networks/$network"; do
          [ ! -e "$f" ] || echo "file: $f"; done
        for b in $(backends); do for t in $tables; do
          n=$(saved "$b" "$t" | grep -c -e '--comment "cali:' -e '^:cali-'); [ "$n" = 0 ] || echo "netfilter: $b $t: $n rules and chains"; done; done
        if has nft; then nft list tables 2>/dev/null | grep -E '^table (ip|ip6) calico$' | sed 's/^/netfilter: /'; fi
        print_hostports "$network"
        if has ipset; then ipset list -n 2>/dev/null | grep '^cali' | sed 's/^/ipset: /'; fi
        {{PrintRoutes}}
        for l in vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali; do ! ip link show "$l" >/dev/null 2>&1 || echo "link: $l"; done
        for f in -4 -6; do wgrules $f | while read -r p m t; do echo "rule: $f $p not fwmark $m lookup $t"; done; done
        ip -4 -o address show dev tunl0 2>/dev/null | sed 's/^/address: /'
        exit 0
        """;

    public const string ClearRoutes = Functions + "\n" + FlushRoutes + "\n" + PrintRoutes + "\nexit 0";

    public const string Audit = Functions + "\n" + Network + "\n" + WireGuard + "\n" + Print;

    public const string Clean =
        Functions
        + "\n" + Network + "\n" + WireGuard + "\n"
        + $$"""
        failed=0
        {
        remove_hostports "$network"
        rm -rf "/var/lib/cni/networks/$network"
        # The file has the network's name, without which what is left of its hostPorts would not be found again.
        [ "$failed" = 1 ] || rm -f /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig
        rm -f /opt/cni/bin/calico /opt/cni/bin/calico-ipam
        unhook '--comment "cali:' cali-
        if has nft; then for f in ip ip6; do
          ! nft list table "$f" calico >/dev/null 2>&1 || nft delete table "$f" calico || failed=1; done; fi
        if has ipset; then
          for s in $(ipset list -n 2>/dev/null | grep '^cali'); do ipset destroy "$s" || failed=1; done; fi
        {{FlushRoutes}}
        for f in -4 -6; do
          wgrules $f | { e=0; while read -r p m t; do
            ip $f rule delete not fwmark "$m/$m" lookup "$t" priority "$p" || e=1; ip $f route flush table "$t" 2>/dev/null || :; done; exit $e; } || failed=1; done
        for l in vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali; do
          ! ip link show "$l" >/dev/null 2>&1 || ip link delete "$l" || failed=1; done
        if ip link show tunl0 >/dev/null 2>&1; then ip address flush dev tunl0 && ip link set tunl0 down || failed=1; fi
        rm -rf /var/lib/calico /var/run/calico
        } >&2
        [ "$failed" = 0 ] || exit 1
        {{Print}}
        """;
}
