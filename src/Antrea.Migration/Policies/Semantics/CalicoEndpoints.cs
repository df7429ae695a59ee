using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Everything that Calico's selectors can select in a cluster, and whom each selector selects.</summary>
/// <remarks>
/// <para>A selector selects objects; a packet meets it by address. So an address is a selector's member when some object
/// holds the address and its labels satisfy the selector, whatever the labels of other objects that hold it too.</para>
/// <para>Each selector is evaluated once, and on no Pod that its Namespace rules out. Safe for use by several threads.</para>
/// Source: Calico <c>felix/labelindex</c>, <c>libcalico-go/lib/backend/k8s/conversion</c>, v3.26 to v3.33.
/// </remarks>
internal sealed class CalicoEndpoints
{
    /// <summary>The first release that gives the named ports of init containers to a Pod.</summary>
    private static readonly ReleaseVersion InitContainerPorts = new(3, 30);

    private readonly CidrTable<CalicoEndpoint> _byAddress;
    private readonly ILookup<string, CalicoEndpoint> _byNamespace;
    private readonly CalicoEndpoint[][] _podsByNamespace;
    private readonly CalicoEndpoint[] _others;
    private readonly ConcurrentDictionary<SelectorExpression, IReadOnlySet<CalicoEndpoint>> _matching = [];

    /// <param name="world">The Pods, and the labels that endpoints inherit.</param>
    /// <param name="sets">Network sets and host endpoints.</param>
    /// <param name="version">The Calico version that runs.</param>
    public CalicoEndpoints(PolicyWorld world, IEnumerable<CalicoLabelledSet> sets, ReleaseVersion version)
    {
        var ofNamespaces = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        All =
        [
            .. world.Pods.Select(p => new CalicoEndpoint(p, CalicoScope.EffectiveLabels(p, world, ofNamespaces), PortsOf(p, version))),
            .. sets.Select(s => new CalicoEndpoint(s)),
        ];
        _byAddress = new CidrTable<CalicoEndpoint>(All.SelectMany(e => e.Nets.Distinct(), (e, net) => new CidrEntry<CalicoEndpoint>(net, e)));
        _byNamespace = All.ToLookup(e => e.Labels.GetValueOrDefault(CalicoLabels.Namespace, ""), StringComparer.Ordinal);
        _podsByNamespace = [.. All.Where(e => e.Pod is not null).GroupBy(e => e.Pod!.Namespace, StringComparer.Ordinal).Select(g => g.ToArray())];
        _others = [.. All.Where(e => e.Pod is null)];
    }

    /// <summary>The endpoints of what was read, Pods first, each kind in its order.</summary>
    public static CalicoEndpoints Of(CalicoPolicySet set, PolicyWorld world) =>
        new(world, set.NetworkSets.Concat(set.HostEndpoints.Select(h => h.Endpoint)), set.Version);

    /// <summary>Every endpoint.</summary>
    public ImmutableArray<CalicoEndpoint> All { get; }

    /// <summary>The endpoints that hold an address.</summary>
    public ImmutableArray<CalicoEndpoint> Holding(IPAddress address) =>
        [.. _byAddress.Overlapping(Cidr.Host(address)).Select(e => e.Value).Distinct()];

    /// <summary>The endpoints whose labels satisfy a selector.</summary>
    public IReadOnlySet<CalicoEndpoint> Matching(SelectorExpression selector) =>
        _matching.GetOrAdd(selector, Select);

    /// <summary>Whether an address is in the set that Felix makes of a selector.</summary>
    public bool IsMember(SelectorExpression selector, IPAddress address) => Holding(address).Any(Matching(selector).Contains);

    private IReadOnlySet<CalicoEndpoint> Select(SelectorExpression selector)
    {
        var candidates = CalicoScope.BoundNamespace(selector) is { } bound ? _byNamespace[bound] : InNamespacesOf(selector);
        return candidates.Where(e => selector.Matches(e.Labels)).ToHashSet();
    }

    /// <summary>The endpoints without those Pods whose Namespace's labels alone rule them out: all Pods of one have these in common.</summary>
    private IEnumerable<CalicoEndpoint> InNamespacesOf(SelectorExpression selector)
    {
        var ofNamespaces = CalicoScope.NamespaceTerms(selector).ToList();
        return ofNamespaces.Count == 0
            ? All
            : _podsByNamespace.Where(pods => ofNamespaces.TrueForAll(t => t.Matches(pods[0].Labels))).SelectMany(pods => pods).Concat(_others);
    }

    private static ImmutableArray<CalicoNamedPort> PortsOf(PolicyPod pod, ReleaseVersion version) =>
    [
        .. pod.NamedPorts.Concat(version >= InitContainerPorts ? pod.InitNamedPorts : [])
            .Select(p => new CalicoNamedPort(p.Name, IPProtocol.NumberOf(p.Protocol), p.Number))
            .Where(p => p.Protocol != 0 && p.Number is >= 1 and <= 65535)
            .Distinct(),
    ];
}
