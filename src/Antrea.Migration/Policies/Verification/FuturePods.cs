using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Pods that could come: one for each way in which all selectors together can hold or not, in every Namespace and in new ones.</summary>
/// <remarks>
/// <para>A future Pod has any labels and any service account that policies can tell apart, its Namespace is one of the cluster's, as it is labelled
/// now, or a new one of any labels (without labels, where policies mention its name). It declares each port name that
/// policies mention, or none. Its address lies in a range of Pod addresses, in no narrower network that a policy names where there is room.</para>
/// <para>At most <see cref="MaxPerNamespace"/> combinations are looked at in one Namespace, and <see cref="MaxPods"/> Pods in all.</para>
/// </remarks>
internal sealed class FuturePods
{
    /// <summary>How many combinations of labels are looked at in one Namespace.</summary>
    public const int MaxPerNamespace = 1024;

    /// <summary>How many Pods are made.</summary>
    public const int MaxPods = 200_000;

    private const string NameKey = CalicoLabels.NamespacePrefix + CalicoLabels.NameKey;
    private const string NameLabelKey = CalicoLabels.NamespacePrefix + PolicyWorld.NamespaceNameLabel;
    private const string AccountNameKey = CalicoLabels.ServiceAccountPrefix + CalicoLabels.NameKey;

    private readonly PolicyWorld _world;
    private readonly SelectorTerms _terms = new();
    private readonly List<SelectorExpression> _free = [];
    private readonly Dictionary<(string Key, string Value), List<SelectorExpression>> _bound = [];
    private readonly ImmutableArray<ImmutableArray<IPAddress>> _places;
    private readonly ImmutableArray<ImmutableArray<NamedPort>> _ports;
    private readonly ILookup<string, string> _accounts;
    private readonly List<PolicyPod> _pods = [];
    private readonly SortedSet<string> _incomplete = new(StringComparer.Ordinal);
    private readonly ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>>.Builder _namespaces;
    private readonly ImmutableDictionary<(string Namespace, string Name), ImmutableSortedDictionary<string, string>>.Builder _accountLabels;

    private FuturePods(
        PolicyWorld world, IEnumerable<string> portNames, IEnumerable<SelectorExpression> selectors, ImmutableArray<ImmutableArray<IPAddress>> places)
    {
        _world = world;
        _places = places;
        _namespaces = world.Namespaces.ToBuilder();
        _accountLabels = world.ServiceAccounts.ToBuilder();
        _accounts = world.ServiceAccounts.Keys
            .Concat(world.Pods.Select(p => (p.Namespace, Name: p.ServiceAccount)))
            .Where(a => a.Name.Length > 0)
            .Distinct()
            .Order()
            .ToLookup(a => a.Namespace, a => a.Name, StringComparer.Ordinal);
        ImmutableArray<NamedPort> all =
            [.. portNames.SelectMany((name, i) => new[] { "TCP", "UDP", "SCTP" }.Select(protocol => new NamedPort(name, protocol, 20001 + i)))];
        _ports = all.IsEmpty ? [[]] : [[], all];
        foreach (var selector in selectors)
        {
            if (BindingOf(selector) is not { } binding)
            {
                _free.Add(selector);
                continue;
            }

            foreach (var value in binding.Values.Distinct(StringComparer.Ordinal))
            {
                if (!_bound.TryGetValue((binding.Key, value), out var list))
                {
                    _bound.Add((binding.Key, value), list = []);
                }

                list.Add(selector);
            }
        }
    }

    /// <summary>The world with future Pods behind the existing ones, and the Namespaces in which not every combination was looked at. Without a place there
    /// are no future Pods.</summary>
    /// <param name="world">Who is there.</param>
    /// <param name="calico">Calico's policies.</param>
    /// <param name="antrea">Antrea's policies.</param>
    /// <param name="selectors">The selectors of both, as <see cref="SelectorSpace"/> has them.</param>
    /// <param name="places">Where future Pods get their addresses.</param>
    public static (PolicyWorld World, ImmutableArray<string> Incomplete) Join(
        PolicyWorld world,
        CalicoPolicySet calico,
        AntreaPolicySet antrea,
        IEnumerable<SelectorExpression> selectors,
        ImmutableArray<ImmutableArray<IPAddress>> places)
    {
        if (places.IsEmpty)
        {
            return (world, []);
        }

        var future = new FuturePods(world, SelectorSpace.PortNames(calico, antrea), selectors, places);
        var existing = world.Namespaces.Keys
            .Concat(world.Pods.Select(p => p.Namespace))
            .Concat(calico.Policies.Select(p => p.Policy.Namespace))
            .Concat(calico.KubernetesPolicies.Select(p => p.Policy.Namespace))
            .Concat(antrea.Policies.Select(p => p.Namespace))
            .Where(n => n.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        foreach (var name in existing)
        {
            future.AddTo(name);
        }

        future.AddNamespaces(existing);
        return (
            new PolicyWorld([.. world.Pods, .. future._pods], future._namespaces.ToImmutable())
            {
                Nodes = world.Nodes,
                Services = world.Services,
                ServiceAccounts = future._accountLabels.ToImmutable(),
            },
            [.. future._incomplete]);
    }

    /// <summary>New Namespaces: the names that policies mention, without labels, and another for each way of labelling one.</summary>
    private void AddNamespaces(List<string> existing)
    {
        var mentioned = _free.Concat(_bound.Values.SelectMany(b => b))
            .Select(s => _terms.Of(s, _ => (false, null)))
            .Distinct()
            .SelectMany(_terms.Leaves)
            .Where(l => SelectorTerms.KeyOf(l) is CalicoLabels.Namespace or NameKey or NameLabelKey)
            .SelectMany(LabelCombinations.ValuesOf)
            .Where(n => n.Length > 0 && LabelSyntax.IsValue(n))
            .Except(existing, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        mentioned.ForEach(AddTo);
        var taken = existing.Concat(mentioned).ToHashSet(StringComparer.Ordinal);
        var names = Enumerable.Range(1, int.MaxValue)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"future-{i}"))
            .Where(n => !taken.Contains(n));
        var combinations = new LabelCombinations(_terms, MaxPerNamespace);
        var unlabelled = _free.Concat(_bound.Where(b => b.Key.Key is not (CalicoLabels.Namespace or NameKey or NameLabelKey)).SelectMany(b => b.Value))
            .Select(s => _terms.Of(s, key => key is CalicoLabels.Namespace or NameKey or NameLabelKey ? (true, names.First()) : Constant(key)))
            .Distinct();
        var labelled = combinations.Refine(
            [new LabelCombination(null, [.. unlabelled])], k => k.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal));
        if (combinations.IsIncomplete)
        {
            _incomplete.Add("new Namespaces");
        }

        foreach (var (combination, name) in labelled.Zip(names).ToList())
        {
            _namespaces[name] = combination.Labels
                .Where(l => l.Value is not null)
                .ToImmutableSortedDictionary(l => l.Key[CalicoLabels.NamespacePrefix.Length..], l => l.Value!, StringComparer.Ordinal);
            AddTo(name);
        }
    }

    /// <summary>Future Pods of one Namespace.</summary>
    private void AddTo(string name)
    {
        var labels = new PolicyWorld([], _namespaces.ToImmutable()).LabelsOf(name);
        var selectors = _free
            .Concat(Bound(CalicoLabels.Namespace, name))
            .Concat(Bound(NameKey, name))
            .Concat(labels.SelectMany(l => Bound(CalicoLabels.NamespacePrefix + l.Key, l.Value)))
            .Select(s => _terms.Of(s, Known))
            .Where(t => t > SelectorTerms.True)
            .Distinct()
            .ToArray();
        var combinations = new LabelCombinations(_terms, MaxPerNamespace);
        var found = combinations.Refine(Accounts(name, selectors), _ => true);
        var room = Math.Max(0, MaxPods - _pods.Count) / (_places.Length * _ports.Length);
        if (combinations.IsIncomplete || found.Count > room)
        {
            _incomplete.Add(name);
        }

        foreach (var combination in found.Take(room))
        {
            Add(name, combination);
        }

        (bool IsKnown, string? Value) Known(string key) => key switch
        {
            CalicoLabels.Namespace or NameKey => (true, name),
            _ when key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal) =>
                (true, labels.GetValueOrDefault(key[CalicoLabels.NamespacePrefix.Length..])),
            _ => Constant(key),
        };
    }

    private static (bool IsKnown, string? Value) Constant(string key) =>
        key == CalicoLabels.Orchestrator ? (true, CalicoLabels.OrchestratorValue) : (false, null);

    private IEnumerable<SelectorExpression> Bound(string key, string value) => _bound.GetValueOrDefault((key, value)) ?? [];

    /// <summary>The service accounts that a Pod may have, as far as selectors ask: those of the Namespace, those mentioned, and another.</summary>
    private IEnumerable<LabelCombination> Accounts(string @namespace, int[] selectors)
    {
        var tests = selectors.SelectMany(_terms.Leaves).Where(l => IsAccountKey(SelectorTerms.KeyOf(l)!)).ToList();
        if (tests.Count == 0)
        {
            return [new LabelCombination(null, selectors)];
        }

        var existing = _accounts[@namespace].ToHashSet(StringComparer.Ordinal);
        var mentioned = tests.Where(l => SelectorTerms.KeyOf(l) is CalicoLabels.ServiceAccount or AccountNameKey).SelectMany(LabelCombinations.ValuesOf);
        return existing.Concat(mentioned)
            .Append(Enumerable.Range(1, int.MaxValue).Select(i => string.Create(CultureInfo.InvariantCulture, $"future-{i}")).First(n => !existing.Contains(n) && !mentioned.Contains(n)))
            .Where(n => n.Length > 0 && LabelSyntax.IsValue(n))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                var keys = tests.Select(l => SelectorTerms.KeyOf(l)!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
                var given = _world.ServiceAccounts.GetValueOrDefault((@namespace, name));
                var combination = new LabelCombination(new DecidedLabel(null, CalicoLabels.ServiceAccount, name), selectors);
                foreach (var key in keys)
                {
                    var isName = key is CalicoLabels.ServiceAccount or AccountNameKey;
                    var value = isName ? name : given?.GetValueOrDefault(key[CalicoLabels.ServiceAccountPrefix.Length..]);
                    if (isName || existing.Contains(name))
                    {
                        combination = combination with { Terms = Array.ConvertAll(combination.Terms, t => _terms.Assign(t, key, value)) };
                    }
                }

                return combination;
            });
    }

    private void Add(string @namespace, LabelCombination combination)
    {
        var decided = combination.Labels.Where(l => l.Value is not null).ToDictionary(l => l.Key, l => l.Value!, StringComparer.Ordinal);
        var account = decided.GetValueOrDefault(CalicoLabels.ServiceAccount, "");
        var own = decided
            .Where(l => !IsAccountKey(l.Key))
            .ToImmutableSortedDictionary(
                l => l.Key.StartsWith(SelectorSpace.PodPrefix, StringComparison.Ordinal) ? l.Key[SelectorSpace.PodPrefix.Length..] : l.Key,
                l => l.Value,
                StringComparer.Ordinal);
        var ofAccount = decided
            .Where(l => l.Key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal))
            .ToImmutableSortedDictionary(l => l.Key[CalicoLabels.ServiceAccountPrefix.Length..], l => l.Value, StringComparer.Ordinal);
        if (ofAccount.Count > 0)
        {
            // Two new accounts of one name and other labels cannot be in one world.
            account = $"{account}-{_accountLabels.Count}";
            _accountLabels[(@namespace, account)] = ofAccount;
        }

        foreach (var place in _places)
        {
            foreach (var ports in _ports)
            {
                var name = $"({string.Join(",", own.Select(l => $"{l.Key}={l.Value}"))})";
                _pods.Add(new PolicyPod(@namespace, $"{name}#{_pods.Count + 1}", account, own, place) { NamedPorts = ports });
            }
        }
    }

    /// <summary>What Namespaces a selector is bound to by a label that it asks for; null when it could hold in any.</summary>
    private static (string Key, IEnumerable<string> Values)? BindingOf(SelectorExpression selector) => selector switch
    {
        SelectorExpression.Comparison { Negated: false } comparison when IsOfNamespace(comparison.Key) => (comparison.Key, [comparison.Value]),
        SelectorExpression.Membership { Negated: false } membership when IsOfNamespace(membership.Key) => (membership.Key, membership.Values),
        SelectorExpression.Chain { IsAnd: true } chain => chain.Operands.Select(BindingOf).FirstOrDefault(b => b is not null),
        _ => null,
    };

    private static bool IsOfNamespace(string key) =>
        key == CalicoLabels.Namespace || key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal);

    private static bool IsAccountKey(string key) =>
        key == CalicoLabels.ServiceAccount || key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal);
}
