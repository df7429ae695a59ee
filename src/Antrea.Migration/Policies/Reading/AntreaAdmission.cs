using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>What antrea-controller's webhooks would refuse about objects that its schemas take.</summary>
/// <remarks>Objects that were read from a cluster have passed it; those that people write may not. What the reader finds is not looked for
/// again. Source: Antrea v1.14 to v2.7, <c>pkg/controller/networkpolicy/validate.go</c>.</remarks>
internal static class AntreaAdmission
{
    private const int MaxPriorities = 20;

    private static readonly int[] ReservedPriorities = [251, 252, 254, 255];

    private static readonly Cidr[] Multicast = [Cidr.Parse("224.0.0.0/4"), Cidr.Parse("ff00::/8")];

    /// <summary>Everything that is refused, in the order of the objects.</summary>
    /// <param name="objects">The objects that <paramref name="set"/> was read from.</param>
    /// <param name="set">The same, read.</param>
    public static IEnumerable<InputError> Check(IReadOnlyCollection<ClusterObject> objects, AntreaPolicySet set)
    {
        var policies = set.Policies.ToDictionary(p => (p.Kind, p.Namespace, p.Name));
        var groups = set.Groups.ToDictionary(g => (g.Kind, g.Namespace, g.Name));
        foreach (var obj in objects)
        {
            var key = (obj.Kind, obj.Namespace, obj.Name);
            var found = policies.TryGetValue(key, out var policy) ? CheckPolicy(policy, obj.Json, set)
                : groups.TryGetValue(key, out var group) ? CheckGroup(group, set)
                : set.Tiers.FirstOrDefault(t => obj.Kind == "Tier" && t.Name == obj.Name) is { } tier ? CheckTier(tier, set)
                : [];
            foreach (var (path, message) in found)
            {
                yield return InputError.In(obj, $"{message}: antrea-controller refuses it", path);
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckTier(AntreaTier tier, AntreaPolicySet set)
    {
        if (AntreaTier.BuiltIn.Contains(tier))
        {
            yield break;
        }

        var others = AntreaTier.BuiltIn.Concat(set.Tiers).Where(t => t.Name != tier.Name).ToList();
        if (ReservedPriorities.Contains(tier.Priority))
        {
            yield return ("spec.priority", $"{tier.Priority} is Antrea's own");
        }

        if (others.Find(t => t.Priority == tier.Priority) is { } other)
        {
            yield return ("spec.priority", $"Tier {other.Name} has the priority {tier.Priority} already");
        }

        if (others.Append(tier).Select(t => t.Priority).Distinct().Count() > MaxPriorities)
        {
            yield return ("spec.priority", $"there are more than {MaxPriorities} priorities of tiers, Antrea's six included");
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckGroup(AntreaGroup group, AntreaPolicySet set)
    {
        if (group.Nets.Select(n => IsMulticast(n.Net)).Distinct().Count() > 1)
        {
            yield return ("spec.ipBlocks", "multicast and other networks are mixed");
        }

        foreach (var name in group.ChildGroups)
        {
            var child = set.Groups.FirstOrDefault(g => g.Namespace == group.Namespace && g.Name == name);
            if (name == group.Name || child is { ChildGroups.IsEmpty: false })
            {
                yield return ("spec.childGroups", $"'{name}' {(name == group.Name ? "is the group itself" : "has children of its own")}");
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckPolicy(AntreaPolicy policy, JsonObject json, AntreaPolicySet set)
    {
        if (AntreaTier.BuiltIn.Concat(set.Tiers).All(t => t.Name != policy.Tier))
        {
            yield return ("spec.tier", $"there is no Tier '{policy.Tier}'");
        }

        var rules = policy.Ingress.Select((r, i) => (Rule: r, Path: At("spec.ingress", i), Direction: Direction.Ingress))
            .Concat(policy.Egress.Select((r, i) => (Rule: r, Path: At("spec.egress", i), Direction: Direction.Egress)))
            .ToList();
        foreach (var twice in rules.Where(r => r.Rule.Name.Length > 0).GroupBy(r => r.Rule.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            yield return ($"{twice.Last().Path}.name", $"'{twice.Key}' is the name of {twice.First().Path} already");
        }

        foreach (var path in UnnamedTwins(json))
        {
            yield return (path, "a rule without a name is there twice, and both get the same one");
        }

        foreach (var found in CheckSubjects(policy, rules.ConvertAll(r => (r.Rule, r.Path))).Concat(rules.SelectMany(r => CheckRule(policy, r.Rule, r.Path, r.Direction))))
        {
            yield return found;
        }

        var igmp = rules.FindIndex(r => r.Rule.Protocols.Any(p => p.IsIgmp));
        if (igmp >= 0 && rules.FindIndex(igmp + 1, r => !r.Rule.Peers.IsEmpty) is > 0 and var later)
        {
            yield return (rules[later].Path, "peers behind a rule for IGMP; keep IGMP in a policy of its own");
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckSubjects(AntreaPolicy policy, List<(AntreaRule Rule, string Path)> rules)
    {
        var own = rules.Where(r => !r.Rule.AppliedTo.IsEmpty).ToList();
        if (policy.AppliedTo.IsEmpty && own.Count < Math.Max(rules.Count, 1))
        {
            yield return ("spec.appliedTo", own.Count == 0 ? "it is missing" : "it is missing, and so is that of some rules");
        }
        else if (!policy.AppliedTo.IsEmpty && own.Count > 0)
        {
            yield return ($"{own[0].Path}.appliedTo", "the policy has an appliedTo of its own");
        }

        foreach (var (list, path) in own.Select(r => (r.Rule.AppliedTo, $"{r.Path}.appliedTo")).Prepend((policy.AppliedTo, "spec.appliedTo")))
        {
            var services = list.Count(a => a.Service is not null);
            if (services > 0 && services < list.Length)
            {
                yield return (path, "Services and others are mixed");
            }
        }

        if (policy.AppliedTo.Any(a => a.Service is not null) && !policy.Egress.IsEmpty)
        {
            yield return ("spec.appliedTo", "a Service cannot be the subject of egress rules");
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckRule(AntreaPolicy policy, AntreaRule rule, string path, Direction direction)
    {
        var isPass = rule.Action == AntreaAction.Pass;
        if (isPass && policy.Tier.Equals(AntreaTier.Baseline, StringComparison.OrdinalIgnoreCase))
        {
            yield return ($"{path}.action", "Pass has nowhere to go from the baseline tier");
        }

        var peers = $"{path}.{(direction == Direction.Ingress ? "from" : "to")}";
        for (var i = 0; i < rule.Peers.Length; i++)
        {
            if (rule.Peers[i] is { Namespaces: not null, NamespaceSelector: not null })
            {
                yield return (At(peers, i), "namespaces goes with no namespaceSelector");
            }

            if (rule.Peers[i].Fqdn is { } name && !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '*'))
            {
                yield return ($"{At(peers, i)}.fqdn", $"'{name}' has a character that no name has");
            }
        }

        if (!rule.ToServices.IsEmpty && (!rule.Peers.IsEmpty || !rule.Ports.IsEmpty || !rule.Protocols.IsEmpty))
        {
            yield return ($"{path}.toServices", "it goes with no to, ports or protocols");
        }

        var subjects = rule.AppliedTo.IsEmpty ? policy.AppliedTo : rule.AppliedTo;
        if (subjects.Any(s => s.Service is not null) && rule.Peers.Any(p => p.Net is null))
        {
            yield return (peers, "rules for a Service take networks only");
        }

        foreach (var found in CheckMulticast(rule, path, peers, direction).Concat(CheckLayer7(rule, path)))
        {
            yield return found;
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckMulticast(AntreaRule rule, string path, string peers, Direction direction)
    {
        var isDecided = rule.Action is AntreaAction.Allow or AntreaAction.Drop;
        if (direction == Direction.Egress)
        {
            var blocks = rule.Peers.Select(p => p.Net).OfType<Cidr>().Select(IsMulticast).ToList();
            if (blocks.Distinct().Count() > 1)
            {
                yield return (peers, "multicast and other networks are mixed; a block counts by its first address");
            }

            if (blocks.Contains(true) && !isDecided)
            {
                yield return ($"{path}.action", "multicast takes Allow and Drop only");
            }
        }

        if (!rule.Protocols.Any(p => p.IsIgmp))
        {
            yield break;
        }

        if (!isDecided)
        {
            yield return ($"{path}.action", "IGMP takes Allow and Drop only");
        }

        if (!rule.Peers.IsEmpty || !rule.Ports.IsEmpty || !rule.ToServices.IsEmpty || rule.Protocols.Any(p => !p.IsIgmp))
        {
            yield return ($"{path}.protocols", "IGMP goes with no peers, ports, Services or ICMP");
        }

        if (rule.Protocols.Any(p => p.GroupAddress is { } group && !Multicast.Any(m => m.Contains(group))))
        {
            yield return ($"{path}.protocols", "the groupAddress is no multicast address");
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckLayer7(AntreaRule rule, string path)
    {
        if (!rule.HasLayer7)
        {
            yield break;
        }

        if (rule.Action != AntreaAction.Allow)
        {
            yield return ($"{path}.action", "layer 7 takes Allow only");
        }

        if (!rule.ToServices.IsEmpty)
        {
            yield return ($"{path}.toServices", "it goes with no layer 7");
        }
    }

    private static IEnumerable<string> UnnamedTwins(JsonObject json)
    {
        foreach (var list in new[] { "ingress", "egress" })
        {
            var rules = (json["spec"]?[list] as JsonArray ?? []).ToList();
            for (var i = 1; i < rules.Count; i++)
            {
                if (rules[i]?["name"] is null && rules.Take(i).Any(r => JsonNode.DeepEquals(r, rules[i])))
                {
                    yield return At($"spec.{list}", i);
                }
            }
        }
    }

    private static bool IsMulticast(Cidr net) => Multicast.Any(m => m.Contains(net.FirstAddress));

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
}
