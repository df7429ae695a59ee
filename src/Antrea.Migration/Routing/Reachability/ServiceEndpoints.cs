using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Which Pods are behind each Service: those of its EndpointSlices, ready or not; without any, those it selects.</summary>
/// <remarks>Looks up each selector's rarest label instead of comparing every Service with every Pod.</remarks>
internal static class ServiceEndpoints
{
    /// <summary>The Services, in the snapshot's order, each with the places of its Pods among <paramref name="pods"/> and with the addresses
    /// of its EndpointSlices that no such Pod has for its own: a Node's, as hostNetwork Pods have, or one outside the cluster.</summary>
    public static IEnumerable<(ClusterObject Service, List<int> Pods, ImmutableArray<IPAddress> Others)> Of(
        ClusterSnapshot snapshot, ImmutableArray<PodInfo> pods)
    {
        var written = PolicyServiceReader.Read(snapshot).Where(s => !s.Addresses.IsEmpty).ToDictionary(s => (s.Namespace, s.Name), s => s.Addresses);
        var places = new Dictionary<IPAddress, int>();
        for (var i = 0; i < pods.Length; i++)
        {
            foreach (var address in pods[i] is { HostNetwork: false, HasEnded: false } ? pods[i].PodIPs : [])
            {
                places.TryAdd(address, i);
            }
        }

        var services = snapshot.OfKind("", "Service")
            .DistinctBy(s => (s.Namespace, s.Name))
            .Select(s => (Service: s, Selector: LabelSelector.FromService(s.Json.At("spec", "selector"))))
            .ToList();
        var selected = Selected([.. services.Where(s => s.Selector is not null && !written.ContainsKey((s.Service.Namespace, s.Service.Name)))], pods)
            .ToDictionary(s => s.Service, s => s.Pods);
        foreach (var (service, _) in services)
        {
            var addresses = written.GetValueOrDefault((service.Namespace, service.Name), []);
            List<int> behind = addresses.IsEmpty
                ? selected.GetValueOrDefault(service, [])
                : [.. addresses.Where(places.ContainsKey).Select(a => places[a]).Distinct()];
            yield return (service, behind, [.. addresses.Where(a => !places.ContainsKey(a))]);
        }
    }

    private static IEnumerable<(ClusterObject Service, List<int> Pods)> Selected(
        List<(ClusterObject Service, LabelSelector? Selector)> services, ImmutableArray<PodInfo> pods)
    {
        var index = new Dictionary<(string Namespace, string Key, string Value), List<int>>();
        foreach (var (service, selector) in services)
        {
            foreach (var requirement in selector!.Requirements)
            {
                index.TryAdd((service.Namespace, requirement.Key, requirement.Values[0]), []);
            }
        }

        for (var i = 0; i < pods.Length; i++)
        {
            foreach (var (key, value) in pods[i].Labels)
            {
                if (index.TryGetValue((pods[i].Namespace, key, value), out var places))
                {
                    places.Add(i);
                }
            }
        }

        foreach (var (service, selector) in services)
        {
            var rarest = selector!.Requirements
                .Select(r => index[(service.Namespace, r.Key, r.Values[0])])
                .MinBy(places => places.Count)!;
            yield return (service, [.. rarest.Where(i => selector.Matches(pods[i].Labels))]);
        }
    }
}
