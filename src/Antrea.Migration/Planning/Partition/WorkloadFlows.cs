using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Who may be talking to whom, where nobody has said.</summary>
/// <remarks>
/// A snapshot shows who serves and not who asks. Taken are: from every workload to each other one of its Namespace that is behind a Service; from every workload to the
/// cluster's DNS; between the Pods of one StatefulSet that is behind a Service; from the API server to what it asks (admission and aggregated APIs), which counts ten times: a webhook that is
/// cut off can stop every write. What Calico's policies deny, by the first Pod of either workload and the Service's ports, is no flow. Workloads on the Nodes' network ask, as far as is
/// known, nobody, and are reached by everybody in either part.
/// </remarks>
internal static class WorkloadFlows
{
    private const long WeightOfExtensions = 10;

    /// <summary>What the API server's own Pods are called as clients.</summary>
    public const string ApiServer = "API server";

    /// <summary>The flows that were named, or, without any, those that may be.</summary>
    public static ImmutableArray<FlowEnds> Of(ClusterSnapshot snapshot, ImmutableArray<WorkloadFlow> named)
    {
        var owners = new WorkloadOwners(snapshot);
        var workloads = snapshot.Pods.Where(IsOnPodNetwork).GroupBy(owners.Of).ToDictionary(g => g.Key.ToString(), g => g.ToImmutableArray(), StringComparer.Ordinal);
        return named.IsEmpty
            ? [.. Guess(snapshot, owners, workloads).OrderBy(f => f.Flow.From, StringComparer.Ordinal).ThenBy(f => f.Flow.To, StringComparer.Ordinal)]
            : [.. named.Where(f => workloads.ContainsKey(f.From) && workloads.ContainsKey(f.To)).Select(f => new FlowEnds(f, workloads[f.From], workloads[f.To]))];
    }

    /// <summary>The ends of flows that no Pod on the Pod network belongs to.</summary>
    public static IEnumerable<string> WithoutPods(ClusterSnapshot snapshot, ImmutableArray<WorkloadFlow> named)
    {
        var owners = new WorkloadOwners(snapshot);
        var known = snapshot.Pods.Where(IsOnPodNetwork).Select(p => owners.Of(p).ToString()).ToHashSet(StringComparer.Ordinal);
        return named.SelectMany(f => (string[])[f.From, f.To]).Where(end => !known.Contains(end)).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Whether a Pod has a sandbox of its own, on a Node.</summary>
    public static bool IsOnPodNetwork(PodInfo pod) => pod is { HostNetwork: false, HasEnded: false, NodeName.Length: > 0, PodIPs.Length: > 0 };

    private static IEnumerable<FlowEnds> Guess(ClusterSnapshot snapshot, WorkloadOwners owners, Dictionary<string, ImmutableArray<PodInfo>> workloads)
    {
        var extensions = RestartOrder.Extensions(snapshot).ToHashSet();
        var apiServers = snapshot.Pods.Where(p => p is { HostNetwork: true, HasEnded: false } && p.Labels.GetValueOrDefault("component") == "kube-apiserver").ToImmutableArray();
        var allows = Allows(snapshot);
        var known = new HashSet<(string From, string To)>();
        foreach (var (service, places, _) in ServiceEndpoints.Of(snapshot, snapshot.Pods))
        {
            foreach (var to in places.Select(i => snapshot.Pods[i]).Where(IsOnPodNetwork).Select(p => owners.Of(p).ToString()).Distinct(StringComparer.Ordinal))
            {
                var servers = workloads[to];
                var isDns = servers[0].Labels.GetValueOrDefault("k8s-app") == "kube-dns";
                foreach (var (from, clients) in workloads.Where(w => (isDns || w.Value[0].Namespace == service.Namespace) && (w.Key != to || to.StartsWith("StatefulSet/", StringComparison.Ordinal))))
                {
                    if (!known.Contains((from, to)) && allows(clients[0], servers[^1], (service.Namespace, service.Name)))
                    {
                        known.Add((from, to));
                        yield return new FlowEnds(new WorkloadFlow(from, to), clients, servers);
                    }
                }

                if (extensions.Contains((service.Namespace, service.Name)) && !apiServers.IsEmpty && known.Add((ApiServer, to)))
                {
                    yield return new FlowEnds(new WorkloadFlow(ApiServer, to, WeightOfExtensions), apiServers, servers);
                }
            }
        }
    }

    /// <summary>Whether Calico's policies let the one open any of the Service's ports at the other; where nobody can tell, they do.</summary>
    private static Func<PodInfo, PodInfo, (string Namespace, string Name), bool> Allows(ClusterSnapshot snapshot)
    {
        IPolicyEvaluator calico;
        try
        {
            calico = PolicyEvaluators.ForCalico(snapshot, new PolicyConversionOptions());
        }
        catch (Exception e) when (e is NotSupportedException or FormatException)
        {
            return (_, _, _) => true;
        }

        var world = PolicyWorld.From(snapshot);
        var pods = world.Pods.ToDictionary(p => (p.Namespace, p.Name));
        var services = world.Services.ToDictionary(
            s => (s.Namespace, s.Name), s => s.Endpoints.Select(e => (Protocol: IPProtocol.NumberOf(e.Protocol), e.Port)).Distinct().ToList());
        return (client, server, service) =>
            !pods.TryGetValue((client.Namespace, client.Name), out var from) || !pods.TryGetValue((server.Namespace, server.Name), out var to)
            || !services.TryGetValue(service, out var ports) || ports.Count == 0
            || ports.Exists(port => Passes(from, to, port.Protocol, port.Port));

        bool Passes(PolicyPod from, PolicyPod to, byte protocol, int port)
        {
            var destination = to.Addresses[0];
            var traffic = new Traffic(
                new TrafficEndpoint(from.Addresses.FirstOrDefault(a => a.AddressFamily == destination.AddressFamily) ?? from.Addresses[0], from),
                new TrafficEndpoint(destination, to), new IPProtocol(protocol), Traffic.UsualSourcePort, port);
            return calico.Evaluate(traffic, Direction.Egress).Kind != VerdictKind.Deny && calico.Evaluate(traffic, Direction.Ingress).Kind != VerdictKind.Deny;
        }
    }
}
