namespace Antrea.Migration.Execution;

/// <summary>The shell texts that find and remove what Calico leaves on a Node.</summary>
/// <remarks>
/// Deleting Calico's manifest leaves BIRD's routes (<c>persist</c>), blackholes, chains, ipsets and CNI files. A left-over block
/// route is more specific than a PodCIDR and would cut off Antrea Pods inside it. Rules go by their comment
/// <c>cali:</c>, a table at a time and atomically, so that nothing of kube-proxy's or Antrea's is touched. Routes
/// go by the protocol that wrote them: 12 is BIRD, 80 is Felix. Source: Calico v3.26 <c>felix/rules</c>, <c>confd/etc/calico/confd/templates</c>.
/// </remarks>
internal static class CalicoCleanup
{
    private const string Functions =
        """
        tables='raw mangle nat filter'
        backends() { for b in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
          command -v "$b-save" >/dev/null 2>&1 && echo "$b"; done; }
        saved() { "$1-save" -t "$2" 2>/dev/null; }
        """;

    public const string Audit =
        Functions
        + "\n"
        + """
        for f in /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig /opt/cni/bin/calico /opt/cni/bin/calico-ipam /var/lib/calico; do
          [ ! -e "$f" ] || echo "file: $f"; done
        for b in $(backends); do for t in $tables; do
          n=$(saved "$b" "$t" | grep -c -e '--comment "cali:' -e '^:cali-'); [ "$n" = 0 ] || echo "netfilter: $b $t: $n rules and chains"; done; done
        if command -v nft >/dev/null 2>&1; then nft list tables 2>/dev/null | grep -E '^table (ip|ip6) calico$' | sed 's/^/netfilter: /'; fi
        if command -v ipset >/dev/null 2>&1; then ipset list -n 2>/dev/null | grep '^cali' | sed 's/^/ipset: /'; fi
        for v in 4 6; do for p in 12 80; do ip "-$v" route show table all proto "$p" 2>/dev/null | sed 's/^/route: /'; done; done
        for l in vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali; do ! ip link show "$l" >/dev/null 2>&1 || echo "link: $l"; done
        ip -4 -o address show dev tunl0 2>/dev/null | sed 's/^/address: /'
        exit 0
        """;

    public const string Clean =
        Functions
        + "\n"
        + """
        failed=0
        rm -f /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig
        rm -f /opt/cni/bin/calico /opt/cni/bin/calico-ipam
        for b in $(backends); do for t in $tables; do
          rules=$(saved "$b" "$t" | grep -e '--comment "cali:' | grep -v '^-A cali-' | sed 's/^-A /-D /')
          chains=$(saved "$b" "$t" | sed -n 's/^:\(cali-[^ ]*\) .*/\1/p')
          [ -n "$rules$chains" ] || continue
          { echo "*$t"; [ -z "$rules" ] || printf '%s\n' "$rules"
            for c in $chains; do echo "-F $c"; done; for c in $chains; do echo "-X $c"; done; echo COMMIT; } |
            "$b-restore" --noflush || failed=1
        done; done
        if command -v nft >/dev/null 2>&1; then for f in ip ip6; do
          ! nft list table "$f" calico >/dev/null 2>&1 || nft delete table "$f" calico || failed=1; done; fi
        if command -v ipset >/dev/null 2>&1; then
          for s in $(ipset list -n 2>/dev/null | grep '^cali'); do ipset destroy "$s" || failed=1; done; fi
        for v in 4 6; do for p in 12 80; do ip "-$v" route flush table main proto "$p" 2>/dev/null; done; done
        for l in vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali; do
          ! ip link show "$l" >/dev/null 2>&1 || ip link delete "$l" || failed=1; done
        if ip link show tunl0 >/dev/null 2>&1; then ip address flush dev tunl0 && ip link set tunl0 down || failed=1; fi
        rm -rf /var/lib/calico /var/run/calico
        exit $failed
        """;
}
