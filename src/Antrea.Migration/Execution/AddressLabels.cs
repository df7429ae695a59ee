namespace Antrea.Migration.Execution;

/// <summary>The shell texts that make a Node send to its own Calico Pods from its own IPv6 address, and let go of it.</summary>
/// <remarks>
/// A Pod's <c>cali…</c> device has no IPv6 address, so the kernel takes the one of all the Node's addresses that has most in common with the Pod's:
/// antrea-gw0's, often. A Multus Pod answers that by net1, in vain. Address labels come before likeness (RFC 6724, rule 6 before rule 8) and
/// behind the device a packet leaves by (rule 5), so they decide nothing else; what netfilter masquerades is given its address by the same rules. The ranges of Calico's
/// come last: until then nothing has changed. The kernel may take a label twice, and another one for the same range, of which the later counts: so each is
/// looked for first. Source: Linux <c>net/ipv6/addrconf.c</c> (ipv6_dev_get_saddr), <c>net/ipv6/netfilter</c>
/// (nf_nat_masquerade_ipv6).
/// </remarks>
internal static class AddressLabels
{
    /// <summary>Calico's ranges and the Node's own addresses.</summary>
    public const int Calico = 20260;

    /// <summary>antrea-gw0's address, which a pool that covers the PodCIDRs would name too.</summary>
    public const int Gateway = 20261;

    private static readonly string Numbers = $"calico={Calico}; gateway={Gateway}";

    public static readonly string Put =
        Numbers
        + "\n"
        + """
        failed=0
        put() { ip addrlabel list | grep -q "^prefix $1 label $2 *$" || ip addrlabel add prefix "$1" label "$2" || failed=1; }
        for a in "$@"; do case "$a" in gateway=*) put "${a#gateway=}" $gateway ;; own=*) put "${a#own=}" $calico ;; esac; done
        [ $failed = 0 ] || exit 1
        for a in "$@"; do case "$a" in calico=*) put "${a#calico=}" $calico ;; esac; done
        exit $failed
        """;

    public static readonly string Remove =
        Numbers
        + "\n"
        + """
        labelled() { ip addrlabel list 2>/dev/null | sed -n "s/^prefix \([^ ]*\) label \($calico\|$gateway\) *$/\1 \2/p"; }
        labelled | while read -r p l; do ip addrlabel del prefix "$p" label "$l"; done
        [ -z "$(labelled)" ]
        """;
}
