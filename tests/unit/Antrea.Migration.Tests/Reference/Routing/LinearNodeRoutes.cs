using System.Net.Sockets;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Reference.Addressing;

namespace Antrea.Migration.Tests.Reference.Routing;

/// <summary>The slow twin of <see cref="NodeRoutes"/>: follows the rules one by one, by their priorities' numbers, and asks
/// <see cref="LinearRouteTable"/>.</summary>
internal sealed class LinearNodeRoutes(IReadOnlyList<Route> routes, IReadOnlyList<RouteRule> rules)
{
    public (RouteRule? Rule, Route? Route) Lookup(RoutePacket packet)
    {
        var isIPv6 = packet.Destination.AddressFamily == AddressFamily.InterNetworkV6;
        var left = rules.Where(r => r.IsIPv6 == isIPv6).ToList();
        while (left.Count > 0)
        {
            var least = left.Min(r => r.Priority);
            var rule = left.First(r => r.Priority == least);
            left.Remove(rule);
            if (!IsFor(rule, packet))
            {
                continue;
            }

            if (rule.Action == RouteRuleAction.Goto)
            {
                if (rule.Target > rule.Priority && left.Any(r => r.Priority == rule.Target))
                {
                    left.RemoveAll(r => r.Priority < rule.Target);
                }
            }
            else if (rule.Action == RouteRuleAction.Lookup)
            {
                var found = new LinearRouteTable(routes.Where(r => r.Table == rule.Table)).Lookup(packet.Destination);
                if (found is null || found.Type == RouteType.Throw)
                {
                    continue;
                }

                var goesSomewhere = found.Type is RouteType.Unicast or RouteType.Local;
                if (goesSomewhere && rule.SuppressPrefixLength is { } shortest && found.Destination.PrefixLength <= shortest)
                {
                    continue;
                }

                return (rule, found);
            }
            else if (rule.Action != RouteRuleAction.Nop)
            {
                return (rule, null);
            }
        }

        return (null, null);
    }

    private static bool IsFor(RouteRule rule, RoutePacket packet)
    {
        var fits = true;
        if (rule.From is { } from)
        {
            fits &= packet.Source is not null && from.Contains(packet.Source);
        }

        if (rule.To is { } to)
        {
            fits &= to.Contains(packet.Destination);
        }

        if (rule.InputDevice is { } input)
        {
            fits &= packet.InputDevice == input || (packet.InputDevice is null && input == "lo");
        }

        if (rule.OutputDevice is { } output)
        {
            fits &= packet.OutputDevice == output;
        }

        if (rule.Mark is { } mark)
        {
            fits &= ((packet.Mark ^ mark) & rule.MarkMask) == 0;
        }

        return rule.Not ? !fits : fits;
    }
}
