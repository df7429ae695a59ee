namespace Antrea.Migration.Execution;

/// <summary>The shell texts that find and remove what Antrea leaves on a Node.</summary>
/// <remarks>
/// Deleting Antrea's manifest leaves the bridge with its gateway, chains, ipsets and the CNI file, which sorts before Calico's. The bridge can only be
/// deleted while its daemon runs, in that one's own root: the host need not have the tools. Logs stay. Chains go a table at a time and
/// atomically, jumps by the chain they lead to. Routes of noEncap and hybrid lead to another Node and not into the bridge, so they stay too: they go by their
/// destination, exactly a PodCIDR of the arguments, one next hop, no metric of their own, and the protocol that netlink gives whoever names none (boot); BIRD's and
/// Felix's for an equal block have their own. A route like that of somebody else's is gone already: antrea-agent replaces it. Source: Antrea v2.7 <c>pkg/agent/route</c>, <c>build/images/scripts/install_cni</c>.
/// </remarks>
internal static class AntreaCleanup
{
    private const string Links = "antrea-gw0 antrea-egress0 antrea-wg0 antrea-ingress0";

    /// <summary>The routes to one PodCIDR, a line each; and what takes exactly these away.</summary>
    private const string Routes =
        """
        plain() { if [ "$1" = -4 ]; then grep -v ' metric '; else grep ' metric 1024 '; fi; }
        routes() {
          f=$(family "$1")
          ip -o "$f" route show table main exact "$1" proto boot 2>/dev/null | grep ' via [^ ]* dev ' | grep -v nexthop | sed 's/$/ /' | plain "$f" | sed 's/ *$//'; }
        unroute() {
          routes "$1" | sed 's/.* via \([^ ]*\) dev \([^ ]*\).*/\1 \2/' | while read -r via dev; do
            ip "$(family "$1")" route delete "$1" via "$via" dev "$dev" proto boot table main || exit 1; done; }
        """;

    /// <summary>While Open vSwitch runs; nothing where it does not.</summary>
    public const string Detach =
        """
        for d in /proc/[0-9]*; do
          [ "$(cat "$d/comm" 2>/dev/null)" = ovs-vswitchd ] || continue
          [ -e "$d/root/var/run/openvswitch/db.sock" ] || continue
          chroot "$d/root" ovs-vsctl --timeout=30 --if-exists del-br br-int || exit 1
        done
        """;

    private const string Print =
        $$"""
        for f in /etc/cni/net.d/10-antrea.conflist /opt/cni/bin/antrea /var/run/antrea; do [ ! -e "$f" ] || echo "file: $f"; done
        for b in $(backends); do for t in $tables; do
          n=$(saved "$b" "$t" | grep -c -e '^:ANTREA-' -e '-j ANTREA-'); [ "$n" = 0 ] || echo "netfilter: $b $t: $n rules and chains"; done; done
        if has nft; then nft list tables 2>/dev/null | grep -E '^table (ip|ip6) antrea$' | sed 's/^/netfilter: /'; fi
        print_hostports antrea
        if has ipset; then ipset list -n 2>/dev/null | grep '^ANTREA-' | sed 's/^/ipset: /'; fi
        for l in {{Links}}; do ! ip link show "$l" >/dev/null 2>&1 || echo "link: $l"; done
        for c in "$@"; do routes "$c" | sed 's/^/route: /'; done
        exit 0
        """;

    public const string Audit = CalicoCleanup.Functions + "\n" + Routes + "\n" + Print;

    public const string Clean =
        CalicoCleanup.Functions
        + "\n" + Routes + "\n"
        + $$"""
        failed=0
        {
        rm -f /etc/cni/net.d/10-antrea.conflist /opt/cni/bin/antrea
        remove_hostports antrea
        unhook '-j ANTREA-' ANTREA-
        if has nft; then for f in ip ip6; do
          ! nft list table "$f" antrea >/dev/null 2>&1 || nft delete table "$f" antrea || failed=1; done; fi
        if has ipset; then
          for s in $(ipset list -n 2>/dev/null | grep '^ANTREA-'); do ipset destroy "$s" || failed=1; done; fi
        if has ovs-dpctl; then ! ovs-dpctl show ovs-system >/dev/null 2>&1 || ovs-dpctl del-dp ovs-system || failed=1; fi
        for l in {{Links}}; do ! ip link show "$l" >/dev/null 2>&1 || ip link delete "$l" || failed=1; done
        for c in "$@"; do unroute "$c" || failed=1; done
        rm -rf /var/run/antrea
        } >&2
        [ "$failed" = 0 ] || exit 1
        {{Print}}
        """;
}
