using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Reads Services with the endpoints that policies can mean.</summary>
/// <remarks>As Calico does: every address of the EndpointSlices that name the Service, ready or not, terminating or not, whether there is such a Service
/// or not; slices of type FQDN and ports without a number give nothing, nor does what is of the wrong type. Source: Calico <c>felix/calc</c> and <c>felix/labelindex</c>.</remarks>
internal static class PolicyServiceReader
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    public static ImmutableArray<PolicyService> Read(ClusterSnapshot snapshot)
    {
        var slices = snapshot.OfKind("discovery.k8s.io", "EndpointSlice")
            .Where(s => s.Json.TextAt("addressType") != "FQDN")
            .ToLookup(s => (s.Namespace, Name: s.Json.TextAt("metadata", "labels", ServiceNameLabel) ?? ""));
        var services = snapshot.OfKind("", "Service").DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name));
        return
        [
            .. services.Keys.Union(slices.Select(s => s.Key).Where(k => k.Name.Length > 0))
                .OrderBy(k => k.Namespace, StringComparer.Ordinal)
                .ThenBy(k => k.Name, StringComparer.Ordinal)
                .Select(k => ReadService(k, services.GetValueOrDefault(k), [.. slices[k]])),
        ];
    }

    private static PolicyService ReadService((string Namespace, string Name) key, ClusterObject? service, ImmutableArray<ClusterObject> slices) => new(
        key.Namespace,
        key.Name,
        (service?.Json.MapAt("spec", "selector") ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
        [.. slices.SelectMany(Endpoints).Distinct()],
        [.. slices.SelectMany(Addresses).Distinct()]);

    private static IEnumerable<ServiceEndpoint> Endpoints(ClusterObject slice) =>
        from address in Addresses(slice)
        from port in slice.Json.ItemsAt("ports")
        let number = port.NumberAt("port") ?? 0
        where number is >= 1 and <= 65535
        select new ServiceEndpoint(address, port.TextAt("protocol") ?? "TCP", (int)number);

    private static IEnumerable<IPAddress> Addresses(ClusterObject slice) =>
        slice.Json.ItemsAt("endpoints")
        .SelectMany(e => e.TextsAt("addresses"))
        .Select(a => IPAddress.TryParse(a, out var address) ? address : null)
        .OfType<IPAddress>();
}
