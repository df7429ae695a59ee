namespace Antrea.Migration.Execution;

/// <summary>The shell texts that find and remove what the plugin portmap leaves of Pods that are gone.</summary>
/// <remarks>
/// <para>A hostPort is a chain of its own for each Pod, named after a hash of the CNI network's name and the sandbox's id, and a rule in <c>CNI-HOSTPORT-DNAT</c>
/// that leads there, behind those that are there already. A Pod is deleted by the network that is loaded then: by another one than it was made by, its chain is not found and stays, and of
/// two Pods with one hostPort on a Node the first rule counts, which is the dead one's. Multus, too, deletes nothing of Pods older than itself.</para>
/// <para>Chains go by the network's name in the comment, a chain at a time and atomically, with the rules that lead to it. What is cut off
/// by that were connections to nobody; those that conntrack remembers are forgotten, or a UDP client that does not pause would never reach the Pod of today.
/// portmap's nftables backend needs none of this: it knows a Pod's rules by the sandbox alone.</para>
/// <para>Source: containernetworking/plugins v1.9 <c>plugins/meta/portmap</c> (<c>genDnatChain</c>, <c>fillDnatRules</c>, <c>chain.setup</c>), <c>pkg/utils/iptables.go</c>.</para>
/// </remarks>
internal static class HostPortCleanup
{
    /// <summary>Behind <see cref="CalicoCleanup.Tools"/>.</summary>
    public const string Functions =
        """
        # hostports BACKEND NETWORK: the chains of the network's Pods, a line each, with the addresses that they lead to.
        hostports() {
          nat=$(saved "$1" nat)
          for c in $(printf '%s\n' "$nat" | grep '^-A CNI-HOSTPORT-DNAT ' | grep -F -e "--comment \"dnat name: \\\"$2\\\" id: " | sed 's/.* -j //' | sort -u); do
            printf '%s' "$c"
            printf '%s\n' "$nat" | sed -n "s/^-A $c .* --to-destination //p" | sed 's/:[0-9]*$//; s/^\[//; s/\]$//' | sort -u | while read -r a; do printf ' %s' "$a"; done
            echo
          done; }
        # unport BACKEND CHAIN ADDRESSES: removes the chain and what leads there. Where a Pod ends meanwhile, it is looked for once more.
        unport() {
          for try in 1 2 3; do
            nat=$(saved "$1" nat)
            printf '%s\n' "$nat" | grep -q "^:$2 " || return 0
            { echo '*nat'; printf '%s\n' "$nat" | grep "^-A .* -j $2\$" | sed 's/^-A /-D /'; echo "-F $2"; echo "-X $2"; echo COMMIT; } |
              "$1-restore" --noflush -w 10 || continue
            ! has conntrack || for a in $3; do
              case "$a" in *:*) conntrack -D -f ipv6 -r "$a" ;; *) conntrack -D -r "$a" ;; esac >/dev/null 2>&1; done
            return 0
          done
          return 1; }
        # print_hostports NETWORK, remove_hostports NETWORK: all of them.
        print_hostports() { for b in $(backends); do hostports "$b" "$1" | while read -r c to; do echo "hostport: $b $c to $to"; done; done; }
        remove_hostports() {
          for b in $(backends); do
            hostports "$b" "$1" | { f=0; while read -r c to; do unport "$b" "$c" "$to" || f=1; done; exit $f; } || failed=1; done; }
        """;

    /// <summary>Of the networks in <c>network=NAME</c>, the chains that lead to no Pod. A Pod is there whose address the caller knows (<c>keep=ADDRESS</c>), or has a
    /// route by a device of its own: Calico's plugin makes it before portmap is asked, and it goes with the sandbox, so that one whose Pod has just been wired is not taken for dead.</summary>
    public const string Release =
        CalicoCleanup.Tools
        + "\n" + Functions + "\n"
        + """
        [ -n "$(backends)" ] || exit 0
        has ip || { echo "ip is not on this Node: nobody can tell whose hostPorts are in use" >&2; exit 3; }
        keep=' '; failed=0
        for a in "$@"; do case "$a" in keep=*) keep="$keep${a#keep=} " ;; esac; done
        alive() {
          case "$keep" in *" $1 "*) return 0 ;; esac
          ip "$(family "$1")" route show table main exact "$1" 2>/dev/null | grep ' dev ' | grep -qv ' via '; }
        for n in "$@"; do case "$n" in network=*) n=${n#network=} ;; *) continue ;; esac
          for b in $(backends); do
            hostports "$b" "$n" | { f=0
              while read -r c to; do
                used=; for t in $to; do ! alive "$t" || used=$t; done
                if [ -n "$used" ]; then echo "alive: $used by $b $c"
                elif unport "$b" "$c" "$to" >&2; then echo "released: $to by $b $c"
                else f=1; fi
              done
              exit $f; } || failed=1
          done; done
        exit $failed
        """;
}
