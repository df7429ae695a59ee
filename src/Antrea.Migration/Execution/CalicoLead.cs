namespace Antrea.Migration.Execution;

/// <summary>The shell texts that make a Node send Calico's packets to PodCIDRs by Calico's tunnel, and stop it.</summary>
/// <remarks>
/// A table of its own, which neither BIRD, Felix nor Antrea writes to, asked by rules for Calico's ranges. Antrea's own sources
/// come first and stay with the main table: a Calico pool that covers the PodCIDRs names them too. Routes before rules, and each put only if
/// it is missing, so that nothing is ever without a route. Felix takes tables 1 to 250 (<c>routeTableRanges</c>), Antrea's Egress 101 to 120.
/// </remarks>
internal static class CalicoLead
{
    /// <summary>The routing table.</summary>
    public const int Table = 20260;

    /// <summary>The priority of the rules that leave the Node's own PodCIDRs to the main table.</summary>
    public const int OwnPriority = 31000;

    /// <summary>The priority of the rules for Calico's ranges.</summary>
    public const int CalicoPriority = 31001;

    private static readonly string Functions =
        $$"""
        table={{Table}}; own={{OwnPriority}}; calico={{CalicoPriority}}
        family() { case "$1" in *:*) echo -6 ;; *) echo -4 ;; esac; }
        """;

    public static readonly string Start =
        Functions
        + "\n"
        + """
        rule() { f=$(family "$1")
          ip "$f" rule list | grep -q "^$2:.*from $1 lookup $3 *$" || ip "$f" rule add from "$1" lookup "$3" priority "$2"; }
        failed=0
        for a in "$@"; do case "$a" in route=*) set -f; ip "$(family "${a#route=}")" route replace ${a#route=} table $table || failed=1; set +f ;; esac; done
        [ $failed = 0 ] || exit 1
        for a in "$@"; do case "$a" in own=*) rule "${a#own=}" $own main || failed=1 ;; esac; done
        [ $failed = 0 ] || exit 1
        for a in "$@"; do case "$a" in from=*) rule "${a#from=}" $calico $table || failed=1 ;; esac; done
        exit $failed
        """;

    public static readonly string Stop =
        Functions
        + "\n"
        + """
        for f in -4 -6; do
          for p in $calico $own; do while ip $f rule del priority $p 2>/dev/null; do :; done; done
          ip $f route flush table $table 2>/dev/null; done
        exit 0
        """;
}
