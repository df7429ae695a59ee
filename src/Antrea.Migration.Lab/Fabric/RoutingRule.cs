using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>One line of <c>ip rule</c>: which table is asked for which packets.</summary>
/// <param name="Priority">0–32765; the lowest is asked first. The rule for <c>main</c> (32766) is always there.</param>
/// <param name="From">The source prefix; null for <c>from all</c>. A socket that has no source yet matches only null.</param>
/// <param name="To">The destination prefix; null for <c>to all</c>.</param>
/// <param name="Table">The table to look up, as <see cref="Routing.Route.Table"/> names it.</param>
internal sealed record RoutingRule(int Priority, Cidr? From, Cidr? To, string Table)
{
    public bool Matches(IPAddress? source, IPAddress destination) =>
        (From is not { } from || (source is not null && from.Contains(source)))
        && (To is not { } to || to.Contains(destination));
}
