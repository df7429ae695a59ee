using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Some peers of a rule with the ports that go with them.</summary>
/// <param name="Peers">The peers.</param>
/// <param name="Ports">The ports; null when the rule's own ports count.</param>
internal sealed record ServicePeers(PeerSet Peers, ImmutableArray<AntreaPort>? Ports);

/// <summary>The endpoints of a Service: its Pods by the Service's own selector, other addresses as networks.</summary>
/// <remarks>
/// Calico takes every address of the Service's EndpointSlices, ready or not; for a destination with the ports there, also when a Pod is dialled directly.
/// Antrea's <c>toServices</c> matches only what was sent to the ClusterIP, and its <c>serviceReference</c> looks at the selector alone.
/// Sources: Calico <c>felix/labelindex</c>, <c>UP/rules.go</c>; Antrea <c>pkg/controller/networkpolicy</c>.
/// </remarks>
internal sealed class ServiceConversion(RuleContext context)
{
    private readonly Dictionary<(string Namespace, string Name), PolicyService> _services =
        context.World.Services.ToDictionary(s => (s.Namespace, s.Name));

    private readonly ILookup<IPAddress, PolicyPod> _pods = context.World.Pods
        .SelectMany(p => p.Addresses, (pod, address) => (pod, address))
        .ToLookup(p => p.address, p => p.pod);

    /// <summary>The peers, as alternatives; null when there are none, or when a finding refuses.</summary>
    /// <param name="reference">The Service.</param>
    /// <param name="withPorts">Whether the endpoints' ports count.</param>
    /// <param name="protocol">The rule's protocol.</param>
    /// <param name="families">The families that the rule applies to.</param>
    /// <param name="path">The path of <c>services</c>.</param>
    /// <param name="findings">Gets what there is to say.</param>
    public IReadOnlyList<ServicePeers>? Convert(
        CalicoServiceReference reference,
        bool withPorts,
        ProtocolMatch protocol,
        AddressFamilies families,
        string path,
        ICollection<PolicyFinding> findings)
    {
        // An empty Namespace is looked up as it is, and no Service has one.
        if (reference.Namespace.Length == 0)
        {
            return null;
        }

        if (!_services.TryGetValue((reference.Namespace, reference.Name), out var service))
        {
            findings.Add(PolicyCode.Services.At(path, $"Service {reference.Namespace}/{reference.Name} is not in the input, so its endpoints cannot be told"));
            return null;
        }

        if (context.World.Services.All(s => s.Addresses.IsEmpty))
        {
            findings.Add(PolicyCode.Services.At(path, "no EndpointSlice of any Service is in the input, so endpoints cannot be told"));
            return null;
        }

        findings.Add(PolicyCode.ServiceFrozen.At(
            path, $"Service {service.Namespace}/{service.Name} has {service.Addresses.Length} addresses now; its selector stands for its Pods"));
        var endpoints = Endpoints(service, withPorts, protocol)
            .Where(e => e.Address.AddressFamily == AddressFamily.InterNetworkV6 ? families.HasIPv6 : families.HasIPv4)
            .ToList();
        var converted = new List<ServicePeers>();
        var inPods = endpoints.Where(e => _pods.Contains(e.Address)).ToList();
        if (inPods.Count > 0)
        {
            if (PodsOf(service, inPods, families, out var problem) is not { } term)
            {
                findings.Add(PolicyCode.Services.At(path, problem!));
                return null;
            }

            converted.Add(new ServicePeers(new PeerSet { Terms = [term], NamedPortTerms = [term] }, inPods[0].Ports));
        }

        foreach (var group in endpoints.Where(e => !_pods.Contains(e.Address)).GroupBy(e => string.Join(' ', e.Ports ?? [])))
        {
            var nets = group.Select(e => Cidr.Host(e.Address)).Distinct().Order().ToList();
            converted.Add(new ServicePeers(
                new PeerSet { Networks = [.. nets.Select(n => new RulePeer.Network(n))], Origins = [.. nets.Select(n => (n, path))] },
                group.First().Ports));
        }

        return converted.Count == 0 ? null : converted;
    }

    /// <summary>The Pods behind endpoints as the Service selects them; null and the reason when its selector says something else.</summary>
    private SelectorTerm? PodsOf(
        PolicyService service,
        List<(IPAddress Address, ImmutableArray<AntreaPort>? Ports)> endpoints,
        AddressFamilies families,
        out string? problem)
    {
        var name = $"Service {service.Namespace}/{service.Name}";
        problem = service.Selector.IsEmpty ? $"{name} has Pods as endpoints and no selector that says which"
            : families != context.Families ? $"the rule is for {families} only, and Antrea takes Pods with all of their addresses"
            : null;
        var selector = new LabelSelector([.. service.Selector.Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value]))]);
        if (problem is not null || SelectorTerm.Of(selector, service.Namespace) is not { } term)
        {
            return null;
        }

        var selected = context.Selectors.PodsOf([term]).SelectMany(p => p.Addresses, (pod, address) => (pod, address)).ToList();
        var known = endpoints.Select(e => e.Address).ToHashSet();
        if (selected.FirstOrDefault(s => !known.Contains(s.address)) is { pod: { } missing } lacking)
        {
            problem = $"{name} selects Pod {missing}, but {lacking.address} is not among its endpoints with a port";
        }
        else if (known.Count > selected.Count)
        {
            problem = $"{name} has Pods as endpoints that its selector does not select";
        }
        else if (endpoints.Select(e => string.Join(' ', e.Ports ?? [])).Distinct().Count() > 1)
        {
            problem = $"the Pods of {name} listen on different ports";
        }

        return problem is null ? term : null;
    }

    /// <summary>Each address once, with its ports where they count.</summary>
    private static IEnumerable<(IPAddress Address, ImmutableArray<AntreaPort>? Ports)> Endpoints(
        PolicyService service, bool withPorts, ProtocolMatch protocol) => withPorts
        ? service.Endpoints
            .Where(e => protocol.Icmp is null && (protocol.WithPorts is null || e.Protocol == protocol.WithPorts))
            .GroupBy(e => e.Address)
            .Select(g => (g.Key, (ImmutableArray<AntreaPort>?)
                [
                    .. g.OrderBy(e => e.Protocol, StringComparer.Ordinal).ThenBy(e => e.Port).Select(e => new AntreaPort(e.Protocol, e.Port, null, null, null)),
                ]))
        : service.Addresses.Select(a => (a, (ImmutableArray<AntreaPort>?)null));
}
