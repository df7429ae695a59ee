using System.Collections.Concurrent;
using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Which values labels have now, and which service accounts there are: what stands in for selectors that Antrea has no words for.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class LabelInventory(PolicyWorld world)
{
    private static readonly IComparer<AntreaServiceReference> AccountOrder = Comparer<AntreaServiceReference>.Create((a, b) =>
    {
        var byNamespace = string.CompareOrdinal(a.Namespace, b.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(a.Name, b.Name);
    });

    private readonly ConcurrentDictionary<(string Key, bool OnNamespace), ImmutableSortedSet<string>> _values = [];

    private readonly Lazy<ImmutableSortedDictionary<AntreaServiceReference, IReadOnlyDictionary<string, string>>> _accounts = new(() =>
        world.ServiceAccounts.Keys
            .Concat(world.Pods.Select(p => (p.Namespace, Name: p.ServiceAccount)))
            .Distinct()
            .ToImmutableSortedDictionary(
                a => new AntreaServiceReference(a.Namespace, a.Name),
                a => LabelsOf(a.Name, world.ServiceAccounts.GetValueOrDefault(a)),
                AccountOrder));

    /// <summary>The values that a label has on some Pod, or on some Namespace.</summary>
    public ImmutableSortedSet<string> ValuesOf(string key, bool onNamespace) => _values.GetOrAdd((key, onNamespace), LookUp);

    /// <summary>Whether the labels of service accounts are known at all.</summary>
    public bool HasServiceAccounts => !world.ServiceAccounts.IsEmpty;

    /// <summary>The service accounts whose labels satisfy a test; that of Pods which name none has no name and no labels.</summary>
    public ImmutableSortedSet<AntreaServiceReference> Accounts(Func<IReadOnlyDictionary<string, string>, bool> test) =>
        _accounts.Value.Where(a => test(a.Value)).Select(a => a.Key).ToImmutableSortedSet(AccountOrder);

    /// <summary>The Pods now that a selector selects.</summary>
    public IEnumerable<PolicyPod> Pods(LabelSelector pods, LabelSelector namespaces, string? boundNamespace) =>
        world.PodsIn(boundNamespace).Where(p => pods.Matches(p.Labels) && namespaces.Matches(world.LabelsOf(p.Namespace)));

    /// <summary>Whether a Namespace has such labels now.</summary>
    public bool IsIn(LabelSelector namespaces, string @namespace) => namespaces.Matches(world.LabelsOf(@namespace));

    private ImmutableSortedSet<string> LookUp((string Key, bool OnNamespace) label)
    {
        var holders = label.OnNamespace
            ? world.Namespaces.Keys.Concat(world.Pods.Select(p => p.Namespace)).Distinct(StringComparer.Ordinal).Select(world.LabelsOf)
            : world.Pods.Select(p => p.Labels);
        return holders.Select(l => l.GetValueOrDefault(label.Key)).OfType<string>().ToImmutableSortedSet(StringComparer.Ordinal);
    }

    private static IReadOnlyDictionary<string, string> LabelsOf(string name, ImmutableSortedDictionary<string, string>? own)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (name.Length == 0)
        {
            return labels;
        }

        foreach (var (key, value) in own ?? ImmutableSortedDictionary<string, string>.Empty)
        {
            labels[CalicoLabels.ServiceAccountPrefix + key] = value;
        }

        labels[CalicoLabels.ServiceAccount] = name;
        labels[CalicoLabels.ServiceAccountPrefix + CalicoLabels.NameKey] = name;
        return labels;
    }
}
