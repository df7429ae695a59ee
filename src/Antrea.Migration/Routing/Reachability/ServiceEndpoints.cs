using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Which Pods each Service selects.</summary>
/// <remarks>Looks up each selector's rarest label instead of comparing every Service with every Pod. Services without a selector have
/// endpoints that somebody writes; they are left out.</remarks>
internal static class ServiceEndpoints
{
    /// <summary>The Services with a selector, in the snapshot's order, each with the places of its Pods among <paramref name="pods"/>.</summary>
    public static IEnumerable<(ClusterObject Service, List<int> Pods)> Of(ClusterSnapshot snapshot, ImmutableArray<PodInfo> pods)
    {
        var services = snapshot.OfKind("", "Service")
            .Select(s => (Service: s, Selector: LabelSelector.FromService(s.Json.At("spec", "selector"))))
            .Where(s => s.Selector is not null)
            .ToList();
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
