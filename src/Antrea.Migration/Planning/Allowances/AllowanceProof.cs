using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>Asks both engines' evaluators, with the allowances and without, what has changed: nothing but what they are for.</summary>
/// <remarks>An allowance names single addresses, whole classes of Pods, and ranges of ports whose ends are ends of classes of ports. So one
/// question for each class, and one for each of so many addresses inside and outside, stand for all.</remarks>
internal sealed class AllowanceProof
{
    private const int MostAddresses = 64;

    private readonly IReadOnlyList<PolicyPodClass> _classes;
    private readonly ImmutableArray<PolicyAllowances.Planned> _allowances;
    private readonly ImmutableArray<ImmutableHashSet<IPAddress>> _addresses;
    private readonly List<TrafficEndpoint> _sources;

    /// <param name="planned">The cluster once Calico has left the PodCIDRs.</param>
    /// <param name="classes">Its Pods.</param>
    /// <param name="allowances">What is to be proven.</param>
    public AllowanceProof(ClusterSnapshot planned, IReadOnlyList<PolicyPodClass> classes, ImmutableArray<PolicyAllowances.Planned> allowances)
    {
        _classes = classes;
        _allowances = allowances;
        ImmutableArray<ImmutableArray<IPAddress>> addresses = [.. allowances.Select(a => AllowanceObjects.AddressesOf(a.Allowance, planned.Nodes))];
        _addresses = [.. addresses.Select(a => a.ToImmutableHashSet())];
        var nodes = planned.Nodes.SelectMany(n => (IEnumerable<IPAddress>)[.. n.CalicoTunnelAddresses, .. n.InternalIPs, .. PolicyWorld.GatewaysOf(n)]).ToList();
        _sources =
        [
            .. classes.SelectMany(c => c.Pod.Addresses.Select(a => new TrafficEndpoint(a, c.Pod))),
            .. addresses.SelectMany(a => a.Take(MostAddresses)).Concat(nodes.Take(MostAddresses))
                .Append(IPAddress.Parse("192.0.2.1")).Append(IPAddress.Parse("2001:db8::1")).Distinct().Select(a => new TrafficEndpoint(a)),
        ];
    }

    /// <summary>The first connection that is decided otherwise than the allowances are for; null when there is none.</summary>
    /// <param name="engine">Whose verdicts.</param>
    /// <param name="without">Those without the allowances.</param>
    /// <param name="with">Those with them.</param>
    public string? FirstFault(PolicyEngine engine, IPolicyEvaluator without, IPolicyEvaluator with)
    {
        foreach (var server in _classes)
        {
            foreach (var port in server.Ports)
            {
                foreach (var source in _sources.Where(s => s.Address.AddressFamily == server.Pod.Addresses[0].AddressFamily || server.Pod.Addresses.Any(a => a.AddressFamily == s.Address.AddressFamily)))
                {
                    var to = server.Pod.Addresses.First(a => a.AddressFamily == source.Address.AddressFamily);
                    var traffic = new Traffic(source, new TrafficEndpoint(to, server.Pod), port.Protocol, Traffic.UsualSourcePort, port.First);
                    var before = without.Evaluate(traffic, Direction.Ingress);
                    var after = with.Evaluate(traffic, Direction.Ingress);
                    if (after.IsAllowed != (before.IsAllowed || IsMeant(engine, source, server, port)))
                    {
                        return $"{source.Address}{(source.Pod is { } pod ? $" ({pod})" : "")} to {server.Name}, {port.Word}: {after}";
                    }
                }
            }
        }

        return null;
    }

    private bool IsMeant(PolicyEngine engine, TrafficEndpoint source, PolicyPodClass server, PolicyPort port) =>
        _allowances.Index().Any(a => a.Item.Allowance.Engine == engine
            && ReferenceEquals(a.Item.To, server)
            && a.Item.Ports.Contains(port)
            && _addresses[a.Index].Contains(source.Address));

    /// <summary>The cluster's policies of Calico's with the allowances among them.</summary>
    public static IPolicyEvaluator Calico(ClusterSnapshot planned, IEnumerable<PolicyAllowance> allowances, PolicyConversionOptions options) => PolicyEvaluators.CalicoTables(
        planned with
        {
            Objects = planned.Objects.AddRange(allowances.Where(a => a.Engine == PolicyEngine.Calico)
                .Select(a => new ClusterObject(AllowanceObjects.Of(a, planned.Nodes), "allowance"))),
        },
        options);

    /// <summary>The converted policies with the allowances among them.</summary>
    public static IPolicyEvaluator Antrea(
        ClusterSnapshot planned, PolicyConversion conversion, IEnumerable<PolicyAllowance> allowances, PolicyConversionOptions options) => PolicyEvaluators.AntreaTables(
        planned,
        conversion.Objects.Concat(allowances.Where(a => a.Engine == PolicyEngine.Antrea).Select(a => AllowanceObjects.Of(a, planned.Nodes))),
        options);
}
