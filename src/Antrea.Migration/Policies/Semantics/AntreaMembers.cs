using System.Collections.Immutable;
using System.Net;
using System.Text;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Whom selectors, groups, service accounts and Nodes stand for in one world; each question is worked out once.</summary>
/// <remarks>
/// Each Pod carries the hidden label <see cref="ServiceAccountLabel"/>, which every Pod selector can name, as in Antrea's index.
/// Source: Antrea v1.14 to v2.7, <c>pkg/controller/grouping</c>, <c>pkg/controller/networkpolicy/clustergroup.go</c>, <c>group.go</c>. Not
/// safe for use by several threads: it is used up while an evaluator is built.
/// </remarks>
internal sealed class AntreaMembers
{
    /// <summary>The label that Antrea's index gives each Pod.</summary>
    public const string ServiceAccountLabel = "internal.antrea.io/service-account";

    /// <summary>The first release that gives a group no members when its children have children.</summary>
    private static readonly ReleaseVersion NestingIsChecked = new(2, 7);

    private readonly PolicyWorld _world;
    private readonly AntreaPolicySet _set;
    private readonly Dictionary<(string Namespace, string Name), AntreaGroup> _groups;
    private readonly Dictionary<(string Namespace, string Name), IReadOnlyDictionary<string, string>> _labels;
    private readonly SortedDictionary<string, IReadOnlyDictionary<string, string>> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<PolicyPod>> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AntreaAddresses> _addresses = new(StringComparer.Ordinal);

    public AntreaMembers(AntreaPolicySet set, PolicyWorld world)
    {
        _set = set;
        _world = world;
        _groups = set.Groups.GroupBy(g => (g.Namespace, g.Name)).ToDictionary(g => g.Key, g => g.Last());
        _labels = world.Pods.ToDictionary(
            p => (p.Namespace, p.Name),
            p => (IReadOnlyDictionary<string, string>)(p.ServiceAccount.Length == 0 ? p.Labels : p.Labels.SetItem(ServiceAccountLabel, p.ServiceAccount)));
        foreach (var name in world.Namespaces.Keys.Concat(world.Pods.Select(p => p.Namespace)).Distinct(StringComparer.Ordinal))
        {
            _namespaces[name] = world.LabelsOf(name);
        }
    }

    /// <summary>A group by name: a ClusterGroup where the Namespace is empty; null when there is none.</summary>
    public AntreaGroup? GroupOf(string @namespace, string name) => _groups.GetValueOrDefault((@namespace, name));

    /// <summary>The labels of a Namespace.</summary>
    public IReadOnlyDictionary<string, string> LabelsOf(string @namespace) => _namespaces.GetValueOrDefault(@namespace) ?? _world.LabelsOf(@namespace);

    /// <summary>Every Namespace's name, sorted.</summary>
    public IEnumerable<string> Namespaces => _namespaces.Keys;

    /// <summary>The Pods that selectors select; without a Namespace and a selector for it, in all of them.</summary>
    public ImmutableArray<PolicyPod> Pods(string? @namespace, LabelSelector? pods, LabelSelector? namespaces)
    {
        var key = KeyOf(@namespace, pods, namespaces);
        if (!_pods.TryGetValue(key, out var selected))
        {
            selected = [.. Candidates(@namespace, namespaces).Where(p => pods is null || pods.Matches(_labels[(p.Namespace, p.Name)]))];
            _pods[key] = selected;
        }

        return selected;
    }

    /// <summary>The addresses of those Pods.</summary>
    public AntreaAddresses AddressesOf(string? @namespace, LabelSelector? pods, LabelSelector? namespaces)
    {
        var key = KeyOf(@namespace, pods, namespaces);
        if (!_addresses.TryGetValue(key, out var addresses))
        {
            _addresses[key] = addresses = AddressesOf(Pods(@namespace, pods, namespaces));
        }

        return addresses;
    }

    /// <summary>The Pods of a service account.</summary>
    public ImmutableArray<PolicyPod> PodsOf(AntreaServiceReference serviceAccount) => Pods(
        serviceAccount.Namespace, new LabelSelector([new LabelRequirement(ServiceAccountLabel, LabelOperator.In, [serviceAccount.Name])]), null);

    /// <summary>The addresses of Nodes.</summary>
    public AntreaAddresses AddressesOfNodes(LabelSelector nodes) =>
        AntreaAddresses.None with { Members = _world.Nodes.Where(n => nodes.Matches(n.Labels)).SelectMany(n => n.Addresses).ToHashSet() };

    /// <summary>The Pods of a group, its children's included; none of a group that does not exist.</summary>
    public ImmutableArray<PolicyPod> PodsOfGroup(string @namespace, string name) =>
        [.. Leaves(@namespace, name).SelectMany(g => PodsOfLeaf(g)).DistinctBy(p => (p.Namespace, p.Name))];

    /// <summary>The addresses of a group, its children's included; none of a group that does not exist.</summary>
    public AntreaAddresses AddressesOfGroup(string @namespace, string name)
    {
        var leaves = Leaves(@namespace, name).ToList();
        var members = leaves.SelectMany(g => PodsOfLeaf(g)).SelectMany(p => p.Addresses)
            .Concat(leaves.Select(g => g.NodeSelector).OfType<LabelSelector>().SelectMany(n => AddressesOfNodes(n).Members));
        return new AntreaAddresses(members.ToHashSet(), [.. leaves.SelectMany(g => g.Nets)]);
    }

    public static AntreaAddresses AddressesOf(IEnumerable<PolicyPod> pods) =>
        AntreaAddresses.None with { Members = pods.SelectMany(p => p.Addresses).ToHashSet() };

    /// <summary>The groups that name members themselves.</summary>
    private IEnumerable<AntreaGroup> Leaves(string @namespace, string name)
    {
        if (GroupOf(@namespace, name) is not { } group)
        {
            return [];
        }

        if (group.ChildGroups.IsEmpty)
        {
            return [group];
        }

        var children = group.ChildGroups.Distinct(StringComparer.Ordinal).Select(c => GroupOf(@namespace, c)).OfType<AntreaGroup>().ToList();
        return _set.Version >= NestingIsChecked && children.Exists(c => !c.ChildGroups.IsEmpty) ? [] : children;
    }

    private ImmutableArray<PolicyPod> PodsOfLeaf(AntreaGroup group)
    {
        if (group.Service is { } reference)
        {
            var service = _world.Services.FirstOrDefault(s => s.Namespace == reference.Namespace && s.Name == reference.Name);
            return service is null || service.Selector.IsEmpty
                ? []
                : Pods(service.Namespace, new LabelSelector([.. service.Selector.Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value]))]), null);
        }

        var hasSelector = group.PodSelector is not null || group.NamespaceSelector is not null;
        var isOther = !group.Nets.IsEmpty || group.NodeSelector is not null || group.ExternalEntitySelector is not null;
        return isOther || (!hasSelector && group.Namespace.Length == 0)
            ? []
            : Pods(group.Namespace.Length == 0 ? null : group.Namespace, group.PodSelector, group.NamespaceSelector);
    }

    private IEnumerable<PolicyPod> Candidates(string? @namespace, LabelSelector? namespaces) =>
        namespaces is null
            ? _world.PodsIn(@namespace)
            : Named(namespaces).Where(n => namespaces.Matches(LabelsOf(n))).SelectMany(_world.PodsIn);

    /// <summary>The Namespaces to look at: those that the selector names, where it names any.</summary>
    private IEnumerable<string> Named(LabelSelector namespaces)
    {
        var names = namespaces.Requirements.FirstOrDefault(r => r is { Key: PolicyWorld.NamespaceNameLabel, Operator: LabelOperator.In })?.Values;
        return names is { } some ? some.Where(_namespaces.ContainsKey) : _namespaces.Keys;
    }

    /// <summary>The question as a text; where Namespaces are selected by label, the Namespace of whoever asks is no part of it.</summary>
    private static string KeyOf(string? @namespace, LabelSelector? pods, LabelSelector? namespaces)
    {
        var key = new StringBuilder(namespaces is null ? @namespace ?? "*" : "*");
        foreach (var selector in new[] { pods, namespaces })
        {
            key.Append(selector is null ? "|-" : "|+");
            foreach (var requirement in selector?.Requirements ?? [])
            {
                key.Append(requirement.Key).Append(' ').Append((int)requirement.Operator).Append(' ').AppendJoin(',', requirement.Values).Append(';');
            }
        }

        return key.ToString();
    }
}
