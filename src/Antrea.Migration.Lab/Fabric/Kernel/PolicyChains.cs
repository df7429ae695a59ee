using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What policies say to one family at one interface, at one moment.</summary>
internal sealed record InterfacePolicy(PolicyRules Ingress, PolicyRules Egress)
{
    /// <summary>Of an interface with an enforcer and an address; null for one without.</summary>
    public static InterfacePolicy? Take(IPolicyEnforcer? enforcer, PodNetns pod, string podInterface, AddressFamily family) =>
        enforcer is not null && pod.State.Interface(podInterface)?.AddressOf(family) is { } address
            ? new(enforcer.RulesOf(PolicyDirection.Ingress, pod, address), enforcer.RulesOf(PolicyDirection.Egress, pod, address))
            : null;
}

/// <summary>Policies as chains of a filter table: one for each different list of rules, shared by the interfaces that have it.</summary>
/// <remarks>A chain returns what it lets pass. A list with several sections is a chain for each, and a rule that skips goes to the next.</remarks>
internal sealed class PolicyChains(string prefix, bool isIPv6)
{
    private readonly SortedDictionary<string, string> _chains = new(StringComparer.Ordinal);

    /// <summary>The chains, to be written before the rules that jump there.</summary>
    public string Text => string.Concat(_chains.Keys.Select(name => $":{name} - [0:0]\n")) + string.Concat(_chains.Values);

    /// <summary>The chain to send an interface's new connections through.</summary>
    /// <returns>Null when all of them pass.</returns>
    public string? Of(PolicyRules policy, PolicyDirection direction)
    {
        var rules = policy.InOrder;
        if (rules.All(rule => rule.Action is FilterAction.Allow or FilterAction.Skip))
        {
            return null;
        }

        var sections = rules.GroupBy(rule => rule.Section).OrderBy(section => section.Key).Select(section => section.ToList()).ToList();
        var digest = Digest(direction, rules);
        for (var i = 0; i < sections.Count; i++)
        {
            var next = i + 1 < sections.Count ? Name(i + 1) : null;
            _chains[Name(i)] = string.Concat(sections[i].SelectMany(rule => Lines(rule, direction, next)).Select(line => $"-A {Name(i)}{line}\n"))
                + (next is null ? "" : $"-A {Name(i)} -g {next}\n");
        }

        return Name(0);

        string Name(int section) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{(direction == PolicyDirection.Ingress ? "pi" : "po")}-{digest}-{section}");
    }

    private string Digest(PolicyDirection direction, ImmutableArray<FilterRule> rules) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(rules.SelectMany(rule => Lines(rule, direction, $"{rule.Section}").Append("\n"))))))[..10];

    private IEnumerable<string> Lines(FilterRule rule, PolicyDirection direction, string? next)
    {
        var service = rule.Protocol switch
        {
            null => "",
            6 => " -p tcp -m tcp",
            17 => " -p udp -m udp",
            var other => throw new NotSupportedException($"The lab has no protocol {other}."),
        };
        service += Ports("--dport", rule.To) + Ports("--sport", rule.From);
        foreach (var peers in rule.Peers is { } stretches ? stretches.Select(stretch => Peers(direction, stretch)) : [""])
        {
            switch (rule.Action)
            {
                case FilterAction.Allow:
                    yield return $"{peers}{service} -j RETURN";
                    break;
                case FilterAction.Drop:
                    yield return $"{peers}{service} -j DROP";
                    break;
                case FilterAction.Skip:
                    yield return $"{peers}{service} {(next is null ? "-j RETURN" : $"-g {next}")}";
                    break;
                default:
                    if (rule.Protocol is null or 6)
                    {
                        yield return $"{peers}{(service.Length > 0 ? service : " -p tcp")} -j REJECT --reject-with tcp-reset";
                    }

                    if (rule.Protocol is not 6)
                    {
                        yield return $"{peers}{service} -j REJECT --reject-with {ServiceRules.PortUnreachable(isIPv6)}";
                    }

                    break;
            }
        }
    }

    private static string Peers(PolicyDirection direction, (IPAddress First, IPAddress Last) stretch)
    {
        var isSource = direction == PolicyDirection.Ingress;
        return stretch.First.Equals(stretch.Last)
            ? $" {(isSource ? "-s" : "-d")} {LayoutWords.Alone(stretch.First)}"
            : $" -m iprange {(isSource ? "--src-range" : "--dst-range")} {stretch.First}-{stretch.Last}";
    }

    private static string Ports(string option, (int First, int Last)? ports) =>
        ports is { } some ? string.Create(CultureInfo.InvariantCulture, $" {option} {some.First}:{some.Last}") : "";
}
