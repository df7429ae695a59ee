using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>A field whose effect cannot be told from the objects of a cluster.</summary>
/// <param name="Path">The field.</param>
/// <param name="Reason">Why not.</param>
internal sealed record UndecidableField(string Path, string Reason)
{
    public override string ToString() => $"{Path}: {Reason}";
}

/// <summary>Says what of an Antrea policy no evaluator can judge: what depends on DNS, on the way a packet took, on payload, on other
/// clusters, and what Antrea itself does wrong.</summary>
/// <remarks>Source: Antrea v1.14 to v2.7, <c>pkg/controller/networkpolicy</c>, <c>pkg/agent/controller/networkpolicy</c>.</remarks>
internal static class AntreaUndecidable
{
    private static readonly ReleaseVersion LastEntryWins = new(2, 0);
    private static readonly ReleaseVersion NestingIsChecked = new(2, 7);

    /// <summary>The fields, in the policy's order; none for a policy that can be judged.</summary>
    public static ImmutableArray<UndecidableField> Of(AntreaPolicy policy, AntreaPolicySet set)
    {
        var found = ImmutableArray.CreateBuilder<UndecidableField>();
        CheckSubjects(policy.AppliedTo, "spec.appliedTo");
        CheckRules(policy.Ingress, Direction.Ingress);
        CheckRules(policy.Egress, Direction.Egress);
        return found.ToImmutable();

        void CheckRules(ImmutableArray<AntreaRule> rules, Direction direction)
        {
            for (var i = 0; i < rules.Length; i++)
            {
                var (rule, path) = (rules[i], At(direction == Direction.Ingress ? "spec.ingress" : "spec.egress", i));
                CheckSubjects(rule.AppliedTo, $"{path}.appliedTo");
                CheckRule(rule, path, direction);
                CheckNamespaces(rule, path, direction, rule.AppliedTo.IsEmpty ? policy.AppliedTo : rule.AppliedTo);
                for (var j = 0; j < rule.Peers.Length; j++)
                {
                    CheckPeer(rule.Peers[j], At($"{path}.{(direction == Direction.Ingress ? "from" : "to")}", j));
                }
            }
        }

        void CheckSubjects(ImmutableArray<AntreaPeer> subjects, string path)
        {
            for (var i = 0; i < subjects.Length; i++)
            {
                var at = At(path, i);
                CheckPeer(subjects[i], at);
                Add(subjects[i].Service is not null, $"{at}.service", "it is about clients of a Service's node ports, before their addresses are translated");
                Add(subjects[i].NodeSelector is not null, $"{at}.nodeSelector", "it governs Nodes, by other means than the Pods' traffic");
            }
        }

        void CheckPeer(AntreaPeer peer, string at)
        {
            Add(peer.Fqdn is not null, $"{at}.fqdn", "what a name resolves to is known to the agent alone");
            Add(peer.IsClusterSet, $"{at}.scope", "Pods of other clusters are not known");
            Add(peer.ExternalEntitySelector is not null, $"{at}.externalEntitySelector", "external entities are not known");
            if (peer.Group is { } name && set.Groups.LastOrDefault(g => g.Namespace == policy.Namespace && g.Name == name) is { } group)
            {
                CheckGroup(group, $"{at}.group");
            }
        }

        void CheckGroup(AntreaGroup group, string at)
        {
            Add(group.ExternalEntitySelector is not null, at, $"{group} selects external entities, which are not known");
            foreach (var child in group.ChildGroups.Select(c => set.Groups.LastOrDefault(g => g.Namespace == group.Namespace && g.Name == c)).OfType<AntreaGroup>())
            {
                Add(child.ExternalEntitySelector is not null, at, $"{child} selects external entities, which are not known");
                Add(
                    !child.ChildGroups.IsEmpty && set.Version < NestingIsChecked,
                    at,
                    $"{group} has children that have children, and Antrea {set.Version} does not say what such a group holds");
            }
        }

        void CheckRule(AntreaRule rule, string path, Direction direction)
        {
            Add(!rule.ToServices.IsEmpty, $"{path}.toServices", "it is about the address that a packet was sent to, before it was translated to an endpoint's");
            Add(rule.HasLayer7, $"{path}.l7Protocols", "it is about payload");
            Add(rule.Protocols.Any(p => p.IsIgmp), $"{path}.protocols", "IGMP is judged only where Antrea's multicast is enabled");
            Add(
                direction == Direction.Egress && rule.Ports.Any(p => p.Name is not null) && (rule.Peers.IsEmpty || rule.Peers.Any(p => p.Net is not null || p.Fqdn is not null)),
                $"{path}.ports",
                "a port by name in an egress rule whose peers may have no Pod: Antrea's agent loses the rule's priority or ends; use the number");
        }

        void CheckNamespaces(AntreaRule rule, string path, Direction direction, ImmutableArray<AntreaPeer> subjects)
        {
            if (rule.Peers.All(p => p.Namespaces is null))
            {
                return;
            }

            var at = $"{path}.{(direction == Direction.Ingress ? "from" : "to")}";
            Add(
                subjects.Length > 1 && set.Version >= LastEntryWins,
                at,
                $"'namespaces' beside several entries of appliedTo: Antrea {set.Version} applies the rule to the last entry only; make it several policies");
            Add(subjects.Any(s => s.Group is not null), at, "'namespaces' beside a group in appliedTo: Antrea forgets the group's podSelector");
        }

        void Add(bool isSo, string path, string reason)
        {
            if (isSo)
            {
                found.Add(new UndecidableField(path, reason));
            }
        }
    }

    /// <summary>Refuses policies with such fields.</summary>
    /// <exception cref="NotSupportedException">There are some; all of them are named.</exception>
    public static void ThrowIfAny(AntreaPolicySet set)
    {
        var undecidable = set.Policies.SelectMany(p => Of(p, set).Select(f => $"{p} {f}")).ToList();
        if (undecidable.Count > 0)
        {
            throw new NotSupportedException($"These policies cannot be evaluated: {string.Join("; ", undecidable)}.");
        }
    }

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
}
