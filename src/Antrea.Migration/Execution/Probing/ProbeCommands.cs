using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Antrea.Migration.Execution;

/// <summary>What is run inside Pods to probe from there. Needs <c>sh</c>, <c>timeout</c>, <c>nc</c> with <c>-e</c> and <c>wget</c>, as
/// busybox has them; another program that prints the same lines can take its place.</summary>
internal static class ProbeCommands
{
    /// <summary>A watch ends by itself after so many requests, in case nobody is left to read what it prints; it is started again.</summary>
    private const int MostRequests = 1200;

    // Any message of a program becomes one line of bounded length; a program's name and address may be in it, never what it received.
    private const string Connect =
        """
        set -f; t=$1; i=0; shift
        while [ $# -ge 2 ]; do
          ( e=$(timeout "$t" nc -w "$t" "$1" "$2" -e true 2>&1 </dev/null); c=$?; printf '%d %d %.160s\n' "$i" "$c" "$(echo $e)" ) &
          i=$((i + 1)); shift 2
        done
        wait
        """;

    // The clock is the kernel's own, which nobody sets; reading it starts no program. Each request runs beside the others: one that hangs
    // delays none.
    private const string Watch =
        """
        set -f; p=$1; t=$2; m=$3; n=0
        while [ "$n" -lt "$m" ]; do
          n=$((n + 1)); read -r u _ </proc/uptime; echo "s $n $u"
          ( if [ "$4" = tcp ]; then e=$(timeout "$t" nc -w "$t" "$5" "$6" -e true 2>&1 </dev/null); c=$?
            else e=$(timeout "$t" wget -q -O /dev/null "$5" 2>&1 </dev/null); c=$?; fi
            read -r u _ </proc/uptime; printf 'r %d %s %d %.160s\n' "$n" "$u" "$c" "$(echo $e)" ) &
          sleep "$p"
        done
        wait
        """;

    /// <summary>Connects to every target at once; prints <c>INDEX EXITCODE MESSAGE</c> for each as it ends.</summary>
    public static NodeCommand ConnectTo(ImmutableArray<DnsEndPoint> targets, TimeSpan timeout) => new(
        "probe-connect",
        Connect,
        [WholeSeconds(timeout), .. targets.SelectMany(t => new[] { t.Host, t.Port.ToString(CultureInfo.InvariantCulture) })]);

    /// <summary>Asks one target again and again; prints <c>s SEQUENCE UPTIME</c> when a request leaves, and <c>r SEQUENCE UPTIME EXITCODE
    /// MESSAGE</c> when it has ended.</summary>
    /// <param name="target"><c>http://…</c> to get a page, <c>tcp://HOST:PORT</c> to connect.</param>
    /// <param name="interval">One request in this time.</param>
    /// <param name="timeout">How long a request may take; whole seconds, rounded up.</param>
    public static NodeCommand WatchTarget(Uri target, TimeSpan interval, TimeSpan timeout)
    {
        string[] what = target.Scheme == "tcp"
            ? ["tcp", target.DnsSafeHost, target.Port.ToString(CultureInfo.InvariantCulture)]
            : ["http", target.OriginalString];
        return new NodeCommand(
            "probe-watch",
            Watch,
            [
                interval.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), WholeSeconds(timeout),
                MostRequests.ToString(CultureInfo.InvariantCulture), .. what,
            ]);
    }

    private static string WholeSeconds(TimeSpan time) =>
        Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
